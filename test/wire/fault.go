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

// Fault is what befalls one request or its answer. The zero Fault is none.
type Fault struct {
	// Either takes the place of passing the message on, and tells whether the Fault has happened. One for an answer runs
	// beside the conversation.
	onRequest, onAnswer func(s *session, m message) bool
}

// armed is a Fault that waits for its request.
type armed struct {
	Fault

	met chan struct{}
}

// CutBefore cuts the connection in place of passing the request on: the server never hears of it.
func CutBefore() Fault {
	return Fault{onRequest: func(s *session, _ message) bool {
		s.cut()
		return true
	}}
}

// CutAfter cuts the connection in place of passing the answer on: the server has done what it was asked for.
func CutAfter() Fault {
	return Fault{onAnswer: func(s *session, _ message) bool {
		s.cut()
		return true
	}}
}

// CallBefore calls a function in place of passing the request on, and cuts the connection then: the server never hears of it.
// The function may end the program that asked, so that it crashes just there.
func CallBefore(call func()) Fault {
	return Fault{onRequest: func(s *session, _ message) bool {
		call()
		s.cut()
		return true
	}}
}

// CallAfter calls a function in place of passing the answer on, and cuts the connection then: the server has done what it was
// asked for.
func CallAfter(call func()) Fault {
	return Fault{onAnswer: func(s *session, _ message) bool {
		call()
		s.cut()
		return true
	}}
}

// CutDuring closes the connection when half the answer is sent, within a frame of the WebSocket: the server has done what
// it was asked for.
func CutDuring() Fault {
	return Fault{onAnswer: func(s *session, m message) bool {
		return s.breakOff(m.text)
	}}
}

// Hold keeps the request for ever. The connection stays open, and whatever else is said on it goes on.
func Hold() Fault {
	return Fault{onRequest: func(*session, message) bool { return true }}
}

// Delay passes the answer on so much later. Other answers may overtake it.
func Delay(by time.Duration) Fault {
	return Fault{onAnswer: func(s *session, m message) bool {
		return s.wait(by) && s.tell(m) == nil
	}}
}

// Until passes the answer on when a channel is closed: the server has done what it was asked for. Other answers overtake it.
func Until(release <-chan struct{}) Fault {
	return Fault{onAnswer: func(s *session, m message) bool {
		select {
		case <-release:
			return s.tell(m) == nil
		case <-s.ended:
			return false
		}
	}}
}

// Fail answers with an error in place of passing the request on, such as of code "try again": the server never hears of it.
func Fail(code, text string) Fault {
	return Fault{onRequest: func(s *session, m message) bool {
		answer, err := json.Marshal(Answer{RequestID: m.id, Error: text, ErrorCode: code})
		return err == nil && s.tell(message{text: answer}) == nil
	}}
}

// half is the first half of a message in one frame of a WebSocket, as a server sends it.
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
