// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

// Gate decides about every request without a Fault, by its method, such as
// "Secrets.CreateSecrets". It is called from many goroutines, and must not
// block. When pass is false, the request is held indefinitely. When the answer
// to a passed request arrives, the proxy calls answered, unless answered is
// nil. When answered returns false, the answer is held indefinitely.
type Gate func(method string) (pass bool, answered func() (pass bool))

// Guard sets the Gate for all later requests, on all connections.
func (p *Proxy) Guard(gate Gate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gate = gate
}

// guarded returns a Fault that applies the decision of the Gate about a
// request. It calls the Gate without the lock, because a Gate has its own lock.
func (p *Proxy) guarded(method string) armed {
	p.mu.Lock()
	gate := p.gate
	p.mu.Unlock()
	if gate == nil {
		return armed{}
	}
	pass, answered := gate(method)
	switch {
	case !pass:
		return armed{Hold(), make(chan struct{})}
	case answered == nil:
		return armed{}
	}
	return armed{Fault{onAnswer: func(s *session, m message) bool {
		return answered() && s.send(m) == nil
	}}, make(chan struct{})}
}
