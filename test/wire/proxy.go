// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package wire is a proxy between clients of Juju and a real Juju API server.
// It understands their protocol: JSON messages over a WebSocket over TLS. A
// test can cut, hold, delay or rewrite exactly one request or answer.
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

// Proxy is a proxy of one Juju API server. Without faults it forwards
// everything unchanged, on all paths. Its methods may be called from many
// goroutines.
type Proxy struct {
	// Address is the address that the proxy listens on.
	Address string
	// CACertificate is the certificate of the proxy's own authority. Clients
	// must trust it.
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
	clients     map[*client]bool // The value is true after the login.
	mostOpening int
	jaas        *jaas // Nil unless the proxy simulates JAAS.

	changing sync.Mutex
	changes  map[string][]func(*Answer)
	// migrated holds where models were migrated to, by their UUIDs.
	migrated map[string]map[string]any
}

// Start starts a proxy of one server on a loopback port. The server must have a
// certificate of the given authority.
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
	p.server = &http.Server{ //nolint:gosec // Tests decide how slow a client is.
		Handler: http.HandlerFunc(p.serve), ConnState: p.follow,
		ErrorLog: log.New(io.Discard, "", 0), // Clients that give up are expected.
	}
	p.running.Go(func() {
		_ = p.server.Serve(tls.NewListener(listener{inner, p}, &tls.Config{
			Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12,
		}))
	})
	return p, nil
}

// Close cuts every connection, and waits until all goroutines of the proxy have
// ended.
func (p *Proxy) Close() {
	_ = p.server.Close() // Accept no new clients.
	p.cut(func(*client) bool { return true })
	p.running.Wait()
}

// On applies a Fault once, to the next request of a method that has no fault
// yet, from any client. An example of a method is "Secrets.CreateSecrets". The
// channel met is closed when the fault has happened.
func (p *Proxy) On(method string, fault Fault) (met <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	happened := make(chan struct{})
	p.faults[method] = append(p.faults[method], armed{fault, happened})
	return happened
}

// Requests counts the requests by Facade.Method: requests that the proxy
// forwarded to the server, including "Admin.Login", and requests that JAAS
// received.
func (p *Proxy) Requests() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.requests)
}

// serve opens a separate connection to the server for each client, at the same
// path. A server that does not answer looks the same to the client as without a
// proxy.
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
	p.opened(client, r.URL.Path)
	newSession(p, client, server).run()
}

// follow counts the goroutines of clients that have no session yet.
func (p *Proxy) follow(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		p.running.Add(1)
	case http.StateClosed, http.StateHijacked:
		p.running.Done()
	case http.StateActive, http.StateIdle:
	}
}

// fault removes and returns the next fault of a method. Without a fault it
// returns the decision of the Gate.
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
