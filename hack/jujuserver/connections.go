// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net"
	"sync"
)

// connections is a listener that tracks the connections it accepted. Juju's
// clients use WebSockets. net/http does not track hijacked connections, so
// closing its server would leave them open.
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

// drop closes every open connection without a closing handshake, as a failing
// network does.
func (l *connections) drop() {
	l.mu.Lock()
	tracked := make([]*connection, 0, len(l.open))
	for conn := range l.open {
		tracked = append(tracked, conn)
	}
	l.mu.Unlock()
	for _, conn := range tracked {
		_ = conn.Close()
	}
}

// connection is an accepted connection. Its listener tracks it until it is
// closed.
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
