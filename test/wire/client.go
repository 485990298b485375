// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net"

	"github.com/gorilla/websocket"
)

// client is a connection that a client opened.
type client struct {
	*net.TCPConn

	proxy *Proxy
	// mute is true when the client gets no bytes. The proxy reads what the
	// client sends, so that it notices when the client disconnects.
	mute bool
	// path is the path of the WebSocket, which contains the UUID of the model.
	path string
}

// listener accepts clients.
type listener struct {
	net.Listener

	proxy *Proxy
}

// Accept waits for a client.
func (l listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.proxy.admit(conn.(*net.TCPConn)), nil
}

func (p *Proxy) admit(conn *net.TCPConn) *client {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &client{TCPConn: conn, proxy: p, mute: p.silent}
	p.clients[c] = false
	p.mostOpening = max(p.mostOpening, p.opening())
	return c
}

// opening returns the number of clients that have not logged in. The caller
// holds the lock.
func (p *Proxy) opening() int {
	count := 0
	for _, loggedIn := range p.clients {
		if !loggedIn {
			count++
		}
	}
	return count
}

// Write sends to a client, unless the client is mute.
func (c *client) Write(text []byte) (int, error) {
	if c.mute {
		return len(text), nil
	}
	return c.TCPConn.Write(text)
}

// Close closes the connection.
func (c *client) Close() error {
	c.proxy.mu.Lock()
	delete(c.proxy.clients, c)
	c.proxy.mu.Unlock()
	return c.TCPConn.Close()
}

// opened records the path that a client opened.
func (p *Proxy) opened(conn *websocket.Conn, path string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	beneath(conn).(*client).path = path
}

// loggedIn records that a client has logged in.
func (p *Proxy) loggedIn(c *client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, open := p.clients[c]; open {
		p.clients[c] = true
	}
}

// Connections returns the number of open connections of clients, and the
// maximum number of connections that were logging in at the same time.
func (p *Proxy) Connections() (open, mostOpening int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.clients), p.mostOpening
}

// Silence cuts every connection. Later clients can connect, but get no bytes.
func (p *Proxy) Silence() {
	p.mu.Lock()
	p.silent = true
	p.mu.Unlock()
	p.cut(func(c *client) bool { return !c.mute })
}

// Speak ends a Silence. It cuts the connections that got no bytes, and serves
// later ones.
func (p *Proxy) Speak() {
	p.mu.Lock()
	p.silent = false
	p.mu.Unlock()
	p.cut(func(c *client) bool { return c.mute })
}

// cut resets the connections of the matching clients.
func (p *Proxy) cut(which func(*client) bool) {
	p.mu.Lock()
	var doomed []*client
	for c := range p.clients {
		if which(c) {
			doomed = append(doomed, c)
		}
	}
	p.mu.Unlock()
	for _, c := range doomed { // Close acquires the lock.
		reset(c)
	}
}
