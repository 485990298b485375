// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"crypto/tls"
	"encoding/json"
	"net"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// controlTimeout is the time limit for sending a ping, a pong or a close
// message.
const controlTimeout = 5 * time.Second

// login is the last request of the opening of a connection.
const login = "Admin.Login"

// message is a request or an answer.
type message struct {
	id     uint64
	method string
	text   []byte
}

// pendingRequest is a request that the server has not answered yet.
type pendingRequest struct {
	armed

	method string
}

// session is the connection of one client to the server. When one side closes
// its connection, the session closes the other.
type session struct {
	proxy          *Proxy
	client, server *websocket.Conn

	running sync.WaitGroup
	end     sync.Once
	ended   chan struct{}

	sending sync.Mutex // Held to write to the client.

	mu    sync.Mutex
	asked map[uint64]pendingRequest
}

func newSession(p *Proxy, client, server *websocket.Conn) *session {
	return &session{
		proxy: p, client: client, server: server,
		ended: make(chan struct{}), asked: map[uint64]pendingRequest{},
	}
}

// run forwards messages until the session ends.
func (s *session) run() {
	relayControl(s.client, s.server)
	relayControl(s.server, s.client)
	s.running.Go(func() { s.pump(s.client, s.request) })
	s.running.Go(func() { s.pump(s.server, s.answer) })
	s.running.Wait()
}

func (s *session) pump(from *websocket.Conn, pass func(text []byte) error) {
	defer s.close()
	for {
		_, text, err := from.ReadMessage()
		if err != nil || pass(text) != nil {
			return
		}
	}
}

// relayControl forwards pings, pongs and close messages, and answers close
// messages.
func relayControl(from, to *websocket.Conn) {
	pass := func(kind int, text []byte, to *websocket.Conn) {
		_ = to.WriteControl(kind, text, time.Now().Add(controlTimeout)) // An error means that the connection is lost.
	}
	from.SetPingHandler(func(text string) error {
		pass(websocket.PingMessage, []byte(text), to)
		return nil
	})
	from.SetPongHandler(func(text string) error {
		pass(websocket.PongMessage, []byte(text), to)
		return nil
	})
	from.SetCloseHandler(func(code int, text string) error {
		closing := websocket.FormatCloseMessage(code, text)
		pass(websocket.CloseMessage, closing, to)
		pass(websocket.CloseMessage, closing, from)
		return nil
	})
}

// request forwards a request, or applies its fault.
func (s *session) request(text []byte) error {
	var head struct {
		ID      uint64 `json:"request-id"`
		Type    string `json:"type"`
		Request string `json:"request"`
	}
	if json.Unmarshal(text, &head) != nil || head.ID == 0 {
		return s.server.WriteMessage(websocket.TextMessage, text) // Other paths have streams, which are not requests.
	}
	method := head.Type + "." + head.Request
	m := message{id: head.ID, method: method, text: text}
	fault := s.proxy.fault(method)
	if fault.onRequest != nil {
		if fault.onRequest(s, m) {
			close(fault.met)
		}
		return nil
	}
	s.proxy.count(method)
	m, refusal, err := s.proxy.translate(m)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.asked[m.id] = pendingRequest{fault, m.method}
	s.mu.Unlock()
	if refusal != nil {
		return s.answer(refusal)
	}
	return s.server.WriteMessage(websocket.TextMessage, m.text)
}

// answer rewrites and forwards an answer, or applies the fault of its request.
func (s *session) answer(text []byte) error {
	var head struct {
		ID uint64 `json:"request-id"`
	}
	if json.Unmarshal(text, &head) != nil || head.ID == 0 {
		return s.send(message{text: text})
	}
	s.mu.Lock()
	asked := s.asked[head.ID]
	delete(s.asked, head.ID)
	s.mu.Unlock()
	text, err := s.proxy.rewrite(asked.method, text)
	if err != nil {
		return err
	}
	m := message{id: head.ID, method: asked.method, text: text}
	if asked.onAnswer == nil {
		return s.send(m)
	}
	s.running.Go(func() {
		if asked.onAnswer(s, m) {
			close(asked.met)
		}
	})
	return nil
}

// send forwards an answer to the client.
func (s *session) send(m message) error {
	var answer Answer
	if m.method == login && json.Unmarshal(m.text, &answer) == nil && answer.Error == "" {
		s.proxy.loggedIn(beneath(s.client).(*client))
	}
	s.sending.Lock()
	defer s.sending.Unlock()
	return s.client.WriteMessage(websocket.TextMessage, m.text)
}

// breakOff sends half of an answer to the client, and closes both connections.
func (s *session) breakOff(text []byte) bool {
	s.sending.Lock()
	defer s.sending.Unlock()
	_, err := s.client.NetConn().Write(half(text)) // Bypasses the WebSocket, which sends only whole frames.
	s.end.Do(func() {
		close(s.ended)
		_ = beneath(s.client).Close() // A reset could overtake the half.
		_ = beneath(s.server).Close()
	})
	return err == nil
}

// wait waits, and reports whether the session still runs.
func (s *session) wait(duration time.Duration) bool {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.ended:
		return false
	}
}

// cut resets both connections.
func (s *session) cut() {
	s.end.Do(func() {
		close(s.ended)
		reset(beneath(s.client))
		reset(beneath(s.server))
	})
}

// close closes both connections.
func (s *session) close() {
	s.end.Do(func() {
		close(s.ended)
		_ = s.client.Close()
		_ = s.server.Close()
	})
}

// transport is the connection below TLS.
type transport interface {
	net.Conn
	SetLinger(seconds int) error
}

// beneath returns the connection below the WebSocket and TLS.
func beneath(conn *websocket.Conn) transport {
	return conn.NetConn().(*tls.Conn).NetConn().(transport)
}

// reset closes a connection without a TLS or WebSocket close, like a network
// that loses it.
func reset(conn transport) {
	_ = conn.SetLinger(0)
	_ = conn.Close()
}
