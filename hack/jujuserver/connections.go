// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net"
	"sync"
)

// connections is a listener that remembers what it accepted. Juju's clients speak over WebSockets, and net/http forgets
// those, so that closing its server would leave them open.
type connections struct {
	net.Listener

	mu   sync.Mutex
	open map[*connection]struct{}
}

func trackConnections(l net.Listener) *connections {
	return &connections{Listener: l, open: map[*connection]struct{}{}}
}

// Accept implements net.Listener.
func (l *connections) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tracked := &connection{Conn: accepted, listener: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[tracked] = struct{}{}
	return tracked, nil
}

// drop closes every connection that is open, as a failing network would, without a word to either side.
func (l *connections) drop() {
	l.mu.Lock()
	victims := make([]*connection, 0, len(l.open))
	for tracked := range l.open {
		victims = append(victims, tracked)
	}
	l.mu.Unlock()
	for _, tracked := range victims {
		_ = tracked.Close()
	}
}

// connection is one accepted connection, known to its listener until it is closed.
type connection struct {
	net.Conn

	listener *connections
}

// Close implements net.Conn.
func (c *connection) Close() error {
	c.listener.mu.Lock()
	delete(c.listener.open, c)
	c.listener.mu.Unlock()
	return c.Conn.Close()
}
