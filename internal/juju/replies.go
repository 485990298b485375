// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

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
	"github.com/juju/juju/rpc/params"
)

// This file bounds the memory that a message takes by the bytes that it has. Whoever may make a JujuController decides what answers
// there, and Juju's client takes apart whatever comes: two bytes of a list can become a struct of some hundred.

const (
	// maxMessage bounds one message, in bytes. A listing has some 700 for each secret. Read, and taken apart, it takes three to four
	// times its length.
	maxMessage = 32 << 20
	// maxMessageOfTenants is that of a server that a tenant names: 10,000 secrets fit in, and a Pod of the default size.
	maxMessageOfTenants = 8 << 20
	// maxEnvelope bounds a message without the answer in it, of which Juju's client makes maps.
	maxEnvelope = 64 << 10
	// maxValues bounds what is taken apart as a whole. It comes to some 10 MB at worst. A login has a thousand values, and each
	// model in a list of models seven.
	maxValues = 1 << 16
	// maxListed bounds the secrets of a model, of which each costs up to a kilobyte however little was sent for it. They are more than
	// fit into a message.
	maxListed = 50_000
)

// excess is an error that says what a controller sent too much of.
type excess string

func (e excess) Error() string { return string(e) }

// maxMessage is how long a message the controller may send, in bytes.
func (c *controller) maxMessage() int64 {
	if c.key.Namespace() != "" {
		return maxMessageOfTenants
	}
	return maxMessage
}

// messages are those of a connection.
type messages struct {
	jsoncodec.JSONConn

	limit int64
}

// Receive implements jsoncodec.JSONConn.
func (m messages) Receive(into any) error {
	err := m.JSONConn.Receive(into)
	if errors.Is(err, websocket.ErrReadLimit) {
		return excess(fmt.Sprintf("the controller sent a message of more than %d MiB, which is not taken", m.limit>>20))
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
		return excess(fmt.Sprintf("the controller sent a message with more than %d KiB around the answer, which is not taken", maxEnvelope>>10))
	}
	return nil
}

// length is that of a part of a message.
type length int

// UnmarshalJSON implements json.Unmarshaler.
func (l *length) UnmarshalJSON(text []byte) error {
	*l = length(len(text))
	return nil
}

// careful is a connection that looks at answers before it takes them apart.
type careful struct{ api.Connection }

// APICall implements base.APICaller.
func (c careful) APICall(ctx context.Context, objType string, version int, id, request string, args, response any) error {
	return carefully(ctx, c.Connection, objType, version, id, request, args, response)
}

func carefully(ctx context.Context, by jujubase.APICaller, objType string, version int, id, request string, args, response any) error {
	if response == nil {
		return by.APICall(ctx, objType, version, id, request, args, nil)
	}
	reply := reply{into: response}
	if err := by.APICall(ctx, objType, version, id, request, args, &reply); err != nil {
		return err
	}
	return reply.err
}

// reply is an answer yet to be taken apart.
type reply struct {
	into any
	err  error
}

// UnmarshalJSON implements json.Unmarshaler. It never fails: of an answer that cannot be read Juju's client tells whoever waits for it
// that all went well, and closes the connection.
func (r *reply) UnmarshalJSON(text []byte) error {
	itself, ok := r.into.(json.Unmarshaler)
	switch {
	case ok:
		r.err = itself.UnmarshalJSON(text)
	case crowded(text):
		r.err = excess(fmt.Sprintf("the controller sent an answer with more than %d values, which is not taken", maxValues))
	default:
		r.err = json.Unmarshal(text, r.into)
	}
	return nil
}

// crowded tells that there are too many values in a JSON text.
func crowded(text []byte) bool {
	if len(text) <= maxValues {
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
	return values > maxValues
}

// UnmarshalJSON implements json.Unmarshaler. It takes in one secret after the other, and of each only what is kept.
func (l *listing) UnmarshalJSON(text []byte) error {
	l.charms = map[string]bool{}
	listed := 0
	var result params.ListSecretResult
	return json.Unmarshal(text, &struct {
		Results elements `json:"results"`
	}{func(element []byte) error {
		if listed++; listed > maxListed {
			return excess(fmt.Sprintf("the controller lists more than %d secrets in the model, which are not taken", maxListed))
		}
		if crowded(element) {
			return excess(fmt.Sprintf("the controller lists a secret with more than %d values, which is not taken", maxValues))
		}
		result = params.ListSecretResult{}
		if err := json.Unmarshal(element, &result); err != nil {
			return err
		}
		l.add(result)
		return nil
	}})
}

// add takes in a secret that Juju lists.
func (l *listing) add(result params.ListSecretResult) {
	if secret, ok := userSecret(result); ok {
		l.secrets = append(l.secrets, secret)
	} else if secret.ID != "" {
		l.charms[secret.ID] = true
	}
}

// elements are given the elements of a list, one at a time.
type elements func(element []byte) error

// UnmarshalJSON implements json.Unmarshaler. Whoever calls it has made sure that the text is JSON.
func (e elements) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	if text[0] != '[' {
		return errors.New("the controller answers with something else than a list")
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
		if element := bytes.TrimSpace(text[begin:i]); len(element) > 0 { // Of an empty list.
			if err := e(element); err != nil {
				return err
			}
		}
		begin = i + 1
	}
	return nil
}
