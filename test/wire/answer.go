// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"encoding/json"
)

// Answer is Juju's answer to a request.
type Answer struct {
	RequestID uint64         `json:"request-id"`
	Error     string         `json:"error,omitempty"`
	ErrorCode string         `json:"error-code,omitempty"`
	ErrorInfo map[string]any `json:"error-info,omitempty"`
	// Response holds numbers as json.Number.
	Response map[string]any `json:"response,omitempty"`
}

// Rewrite changes all later answers to a method, on all connections, for
// example to simulate another version of Juju. The function change gets one
// answer at a time. The functions of a method are called in the order of the
// calls of Rewrite. They must not call Rewrite.
func (p *Proxy) Rewrite(method string, change func(answer *Answer)) {
	p.changing.Lock()
	defer p.changing.Unlock()
	p.changes[method] = append(p.changes[method], change)
}

// rewrite returns an answer after all changes.
func (p *Proxy) rewrite(method string, text []byte) ([]byte, error) {
	p.changing.Lock()
	defer p.changing.Unlock()
	if len(p.changes[method]) == 0 {
		return text, nil
	}
	var answer Answer
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // A float64 would lose digits.
	if err := decoder.Decode(&answer); err != nil {
		return nil, err
	}
	for _, change := range p.changes[method] {
		change(&answer)
	}
	return json.Marshal(answer)
}
