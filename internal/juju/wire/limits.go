// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gorilla/websocket"
	"github.com/juju/juju/api"
	jujubase "github.com/juju/juju/api/base"
	"github.com/juju/juju/rpc/jsoncodec"
)

// This file limits the memory that a message takes. Any user with permission to
// create a JujuController chooses the server, and Juju's client decodes
// everything that the server sends: two bytes of a list can become a struct of
// some hundred bytes.

const (
	// maxMessage bounds one message, in bytes. A listing has about 700 bytes
	// for each secret. Decoding takes three to four times the length.
	maxMessage = 32 << 20
	// maxMessageOfTenants is maxMessage for the server of a JujuController.
	// 10,000 secrets fit into it, and a Pod of the default size can decode it.
	maxMessageOfTenants = 8 << 20
	// maxEnvelope bounds a message without its answer, which Juju's client
	// decodes into maps.
	maxEnvelope = 64 << 10
	// MaxValues bounds the JSON values that are decoded together. They take at
	// most 10 MB. A login has a thousand values, a model in a list of models
	// has seven.
	MaxValues = 1 << 16
)

// LimitError is the error for an answer over a limit. Its text names the limit.
type LimitError string

// Error implements error.
func (e LimitError) Error() string { return string(e) }

// maxMessage returns the size limit of a message of the controller, in bytes.
func (e *Endpoint) maxMessage() int64 {
	if e.Key.Namespace() != "" {
		return maxMessageOfTenants
	}
	return maxMessage
}

// messages is a connection that limits the size of received messages.
type messages struct {
	jsoncodec.JSONConn

	limit int64
}

// Receive implements jsoncodec.JSONConn.
func (m messages) Receive(into any) error {
	err := m.JSONConn.Receive(into)
	if errors.Is(err, websocket.ErrReadLimit) {
		return LimitError(fmt.Sprintf(
			"the controller sent a message of more than %d MiB, which the operator rejects: if it lists a model, check for "+
				"secrets with many revisions", m.limit>>20))
	}
	text, ok := into.(*json.RawMessage)
	if err != nil || !ok || len(*text) <= maxEnvelope {
		return err
	}
	var message struct {
		Response length `json:"response"`
	}
	if err := json.Unmarshal(*text, &message); err != nil {
		return err
	}
	if len(*text)-int(message.Response) > maxEnvelope {
		return LimitError(fmt.Sprintf(
			"the controller sent a message with more than %d KiB around the answer, which the operator rejects",
			maxEnvelope>>10))
	}
	return nil
}

// length is the size of a part of a message, in bytes.
type length int

// UnmarshalJSON implements json.Unmarshaler.
func (l *length) UnmarshalJSON(text []byte) error {
	*l = length(len(text))
	return nil
}

// limitedConn is a connection that checks answers before it decodes them.
type limitedConn struct{ api.Connection }

// APICall implements base.APICaller.
func (c limitedConn) APICall(
	ctx context.Context, objType string, version int, id, request string, args, response any,
) error {
	return limitedCall(ctx, c.Connection, objType, version, id, request, args, response)
}

// limitedCall makes a request, and checks the answer before it decodes it.
func limitedCall(
	ctx context.Context, by jujubase.APICaller, objType string, version int, id, request string, args, response any,
) error {
	if response == nil {
		return by.APICall(ctx, objType, version, id, request, args, nil)
	}
	reply := reply{into: response}
	if err := by.APICall(ctx, objType, version, id, request, args, &reply); err != nil {
		return err
	}
	return reply.err
}

// reply checks an answer before it decodes it.
type reply struct {
	into any
	err  error
}

// UnmarshalJSON implements json.Unmarshaler. It never fails: if it did, Juju's
// client would report success to the caller and close the connection.
func (r *reply) UnmarshalJSON(text []byte) error {
	itself, ok := r.into.(json.Unmarshaler)
	switch {
	case ok:
		r.err = itself.UnmarshalJSON(text)
	case TooManyValues(text):
		r.err = LimitError(fmt.Sprintf(
			"the controller sent an answer with more than %d values, which the operator rejects", MaxValues))
	default:
		r.err = json.Unmarshal(text, r.into)
	}
	return nil
}

// TooManyValues reports whether a JSON text has more than MaxValues values.
func TooManyValues(text []byte) bool {
	if len(text) <= MaxValues {
		return false
	}
	values, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case !quoted && (c == ',' || c == '[' || c == '{'):
			values++
		}
	}
	return values > MaxValues
}

// StreamArray decodes a JSON array one element at a time.
type StreamArray func(element []byte) error

// UnmarshalJSON implements json.Unmarshaler. The text is valid JSON.
func (e StreamArray) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	if text[0] != '[' {
		return errors.New("the controller's answer is not a list")
	}
	depth, begin, quoted := 0, 1, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case quoted:
		case c == '[', c == '{':
			depth++
		case c == ']', c == '}':
			depth--
		}
		if last := i == len(text)-1; !last && (quoted || depth != 1 || c != ',') {
			continue
		}
		if element := bytes.TrimSpace(text[begin:i]); len(element) > 0 { // It is empty in an empty list.
			if err := e(element); err != nil {
				return err
			}
		}
		begin = i + 1
	}
	return nil
}
