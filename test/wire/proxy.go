// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package wire stands between clients of Juju and a real Juju API server, and understands what they say: JSON messages over
// a WebSocket over TLS. So a test can cut, hold, delay or rewrite exactly one request or answer of a real conversation.
package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"
)

// Proxy is a proxy of one Juju API server. Without faults it changes nothing, whatever the path. Its methods may be called
// from many goroutines.
type Proxy struct {
	// Address is where it listens.
	Address string
	// CACertificate is of the Proxy's own authority, which clients have to trust.
	CACertificate string

	server   *http.Server
	upstream *websocket.Dialer
	target   string
	running  sync.WaitGroup

	mu          sync.Mutex
	gate        Gate
	faults      map[string][]armed
	requests    map[string]int
	silent      bool
	clients     map[*client]bool // Whether it has logged in.
	mostOpening int
	jaas        *jaas // Nil while it does not play JAAS.

	changing sync.Mutex
	changes  map[string][]func(*Answer)
}

// Start starts a Proxy on a loopback port, for the server at an address that has a certificate of this authority.
func Start(ctx context.Context, serverAddress, serverCACertificate string) (*Proxy, error) {
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM([]byte(serverCACertificate)) {
		return nil, errors.New("the server's CA certificate is not a certificate in PEM")
	}
	authority, certificate, err := newCertificate()
	if err != nil {
		return nil, err
	}
	inner, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		Address: inner.Addr().String(), CACertificate: authority, target: "wss://" + serverAddress,
		upstream: &websocket.Dialer{TLSClientConfig: &tls.Config{
			RootCAs: authorities, ServerName: serverName, MinVersion: tls.VersionTLS12,
		}},
		faults: map[string][]armed{}, requests: map[string]int{}, clients: map[*client]bool{},
		changes: map[string][]func(*Answer){},
	}
	p.server = &http.Server{ //nolint:gosec // A client may be as slow as a test wants it.
		Handler: http.HandlerFunc(p.serve), ConnState: p.follow,
		ErrorLog: log.New(io.Discard, "", 0), // Clients that give up are no news.
	}
	p.running.Go(func() {
		_ = p.server.Serve(tls.NewListener(listener{inner, p}, &tls.Config{
			Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12,
		}))
	})
	return p, nil
}

// Close cuts every connection, and returns when nothing of the Proxy runs any more.
func (p *Proxy) Close() {
	_ = p.server.Close() // Nobody is let in from here on.
	p.cut(func(*client) bool { return true })
	p.running.Wait()
}

// On applies a Fault once, to the next request of a method that has none yet, such as "Secrets.CreateSecrets", whoever
// makes it. Met is closed when it has happened.
func (p *Proxy) On(method string, fault Fault) (met <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	happened := make(chan struct{})
	p.faults[method] = append(p.faults[method], armed{fault, happened})
	return happened
}

// Requests counts by Facade.Method what went on to the server, "Admin.Login" included, and what JAAS was asked.
func (p *Proxy) Requests() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.requests)
}

// serve makes a client a connection of its own to the server, at the same path. A server that does not answer looks to
// the client as it would without a Proxy.
func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	p.running.Add(1)
	defer p.running.Done()
	header := r.Header.Clone()
	for _, own := range []string{
		"Connection", "Upgrade", "Sec-Websocket-Key", "Sec-Websocket-Version", "Sec-Websocket-Extensions",
	} {
		header.Del(own)
	}
	server, response, err := p.upstream.DialContext(r.Context(), p.target+r.URL.RequestURI(), header)
	if response == nil {
		panic(http.ErrAbortHandler)
	}
	defer func() { _ = response.Body.Close() }()
	if err != nil {
		body, _ := io.ReadAll(response.Body)
		http.Error(w, string(body), response.StatusCode)
		return
	}
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	client, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		_ = server.Close()
		return
	}
	newSession(p, client, server).run()
}

// follow counts what runs for clients that have no session yet.
func (p *Proxy) follow(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		p.running.Add(1)
	case http.StateClosed, http.StateHijacked:
		p.running.Done()
	case http.StateActive, http.StateIdle:
	}
}

// fault takes what waits for the next request of a method, or else what the Gate says of it.
func (p *Proxy) fault(method string) armed {
	if fault, ok := p.nextFault(method); ok {
		return fault
	}
	return p.guarded(method)
}

func (p *Proxy) nextFault(method string) (fault armed, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	waiting := p.faults[method]
	if len(waiting) == 0 {
		return armed{}, false
	}
	p.faults[method] = waiting[1:]
	return waiting[0], true
}

func (p *Proxy) count(method string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests[method]++
}
