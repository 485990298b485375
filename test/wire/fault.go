// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"time"

	"github.com/gorilla/websocket"
)

// Fault is a fault of one request or its answer. The zero Fault changes
// nothing.
type Fault struct {
	// Each function replaces the forwarding of the message, and reports whether
	// the fault has happened. onAnswer runs in its own goroutine.
	onRequest, onAnswer func(s *session, m message) bool
}

// armed is a Fault that waits for its request. The channel met is closed when
// the fault has happened.
type armed struct {
	Fault

	met chan struct{}
}

// CutBefore cuts the connection instead of forwarding the request. The server
// does not receive the request.
func CutBefore() Fault {
	return Fault{onRequest: func(s *session, _ message) bool {
		s.cut()
		return true
	}}
}

// CutAfter cuts the connection instead of forwarding the answer. The server has
// executed the request.
func CutAfter() Fault {
	return Fault{onAnswer: func(s *session, _ message) bool {
		s.cut()
		return true
	}}
}

// CallBefore calls a function instead of forwarding the request, and then cuts
// the connection. The server does not receive the request. The function may
// kill the client, so that it crashes at exactly this point.
func CallBefore(call func()) Fault {
	return Fault{onRequest: func(s *session, _ message) bool {
		call()
		s.cut()
		return true
	}}
}

// CallAfter calls a function instead of forwarding the answer, and then cuts
// the connection. The server has executed the request.
func CallAfter(call func()) Fault {
	return Fault{onAnswer: func(s *session, _ message) bool {
		call()
		s.cut()
		return true
	}}
}

// CutDuring closes the connection after half of the answer, within a WebSocket
// frame. The server has executed the request.
func CutDuring() Fault {
	return Fault{onAnswer: func(s *session, m message) bool {
		return s.breakOff(m.text)
	}}
}

// Hold holds the request indefinitely. The connection stays open, and its other
// messages pass.
func Hold() Fault {
	return Fault{onRequest: func(*session, message) bool { return true }}
}

// Delay forwards the answer after a delay. Other answers may overtake it.
func Delay(by time.Duration) Fault {
	return Fault{onAnswer: func(s *session, m message) bool {
		return s.wait(by) && s.send(m) == nil
	}}
}

// Until forwards the answer when a channel is closed. The server has executed
// the request. Other answers overtake it.
func Until(release <-chan struct{}) Fault {
	return Fault{onAnswer: func(s *session, m message) bool {
		select {
		case <-release:
			return s.send(m) == nil
		case <-s.ended:
			return false
		}
	}}
}

// Fail answers with an error instead of forwarding the request, for example
// with the code "try again". The server does not receive the request.
func Fail(code, text string) Fault {
	return Fault{onRequest: func(s *session, m message) bool {
		answer, err := json.Marshal(Answer{RequestID: m.id, Error: text, ErrorCode: code})
		return err == nil && s.send(message{text: answer}) == nil
	}}
}

// half returns the first half of a message, in one WebSocket frame of a server.
func half(text []byte) []byte {
	const lastFrame = 0x80
	frame := []byte{lastFrame | websocket.TextMessage}
	switch length := len(text); {
	case length < 126:
		frame = append(frame, byte(length))
	case length <= math.MaxUint16:
		frame = binary.BigEndian.AppendUint16(append(frame, 126), uint16(length))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, 127), uint64(length))
	}
	return append(frame, text[:len(text)/2]...)
}
