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

// controlTimeout is how long a ping, a pong or a goodbye may take to be sent.
const controlTimeout = 5 * time.Second

// login is the request with which the opening of a connection ends.
const login = "Admin.Login"

// message is a request or an answer.
type message struct {
	id     uint64
	method string
	text   []byte
}

// question is a request that the server has not answered yet.
type question struct {
	armed

	method string
}

// session is a conversation of one client with the server. When either hangs up, so does the session with the other.
type session struct {
	proxy          *Proxy
	client, server *websocket.Conn

	running sync.WaitGroup
	end     sync.Once
	ended   chan struct{}

	telling sync.Mutex // Held to write to the client.

	mu    sync.Mutex
	asked map[uint64]question
}

func newSession(p *Proxy, client, server *websocket.Conn) *session {
	return &session{proxy: p, client: client, server: server, ended: make(chan struct{}), asked: map[uint64]question{}}
}

// run passes messages on until the conversation is over.
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

// relayControl passes pings, pongs and goodbyes on, and answers a goodbye.
func relayControl(from, to *websocket.Conn) {
	pass := func(kind int, text []byte, to *websocket.Conn) {
		_ = to.WriteControl(kind, text, time.Now().Add(controlTimeout)) // If it is lost, so is the connection.
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
		goodbye := websocket.FormatCloseMessage(code, text)
		pass(websocket.CloseMessage, goodbye, to)
		pass(websocket.CloseMessage, goodbye, from)
		return nil
	})
}

// request does with a request what is to be done.
func (s *session) request(text []byte) error {
	var head struct {
		ID      uint64 `json:"request-id"`
		Type    string `json:"type"`
		Request string `json:"request"`
	}
	if json.Unmarshal(text, &head) != nil || head.ID == 0 {
		return s.server.WriteMessage(websocket.TextMessage, text) // Not of the API: other paths have streams.
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
	s.asked[m.id] = question{fault, m.method}
	s.mu.Unlock()
	if refusal != nil {
		return s.answer(refusal)
	}
	return s.server.WriteMessage(websocket.TextMessage, m.text)
}

// answer does with an answer what is to be done.
func (s *session) answer(text []byte) error {
	var head struct {
		ID uint64 `json:"request-id"`
	}
	if json.Unmarshal(text, &head) != nil || head.ID == 0 {
		return s.tell(message{text: text})
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
		return s.tell(m)
	}
	s.running.Go(func() {
		if asked.onAnswer(s, m) {
			close(asked.met)
		}
	})
	return nil
}

// tell passes an answer on to the client.
func (s *session) tell(m message) error {
	var answer Answer
	if m.method == login && json.Unmarshal(m.text, &answer) == nil && answer.Error == "" {
		s.proxy.loggedIn(beneath(s.client).(*client))
	}
	s.telling.Lock()
	defer s.telling.Unlock()
	return s.client.WriteMessage(websocket.TextMessage, m.text)
}

// breakOff closes both connections when the client has got half of an answer.
func (s *session) breakOff(text []byte) bool {
	s.telling.Lock()
	defer s.telling.Unlock()
	_, err := s.client.NetConn().Write(half(text)) // Past the WebSocket, which sends whole frames.
	s.end.Do(func() {
		close(s.ended)
		_ = beneath(s.client).Close() // Not a reset, which could overtake the half.
		_ = beneath(s.server).Close()
	})
	return err == nil
}

// wait waits, unless the conversation ends before.
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

// cut loses both connections.
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

// transport is what TLS is spoken on.
type transport interface {
	net.Conn
	SetLinger(seconds int) error
}

// beneath is the connection beneath WebSocket and TLS.
func beneath(conn *websocket.Conn) transport {
	return conn.NetConn().(*tls.Conn).NetConn().(transport)
}

// reset closes a connection without a word, as a network would that lost it.
func reset(conn transport) {
	_ = conn.SetLinger(0)
	_ = conn.Close()
}
