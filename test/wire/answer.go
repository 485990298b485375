// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"encoding/json"
)

// Answer is what Juju answers to a request.
type Answer struct {
	RequestID uint64         `json:"request-id"`
	Error     string         `json:"error,omitempty"`
	ErrorCode string         `json:"error-code,omitempty"`
	ErrorInfo map[string]any `json:"error-info,omitempty"`
	// Response holds numbers as json.Number.
	Response map[string]any `json:"response,omitempty"`
}

// Rewrite changes the answers to a method from now on, on all connections: how another version of Juju would say it. Change
// is called for one answer at a time, in the order of the calls of Rewrite if there are several for the method. It must not
// call Rewrite.
func (p *Proxy) Rewrite(method string, change func(answer *Answer)) {
	p.changing.Lock()
	defer p.changing.Unlock()
	p.changes[method] = append(p.changes[method], change)
}

// rewrite is an answer after all changes.
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
