// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

// Gate is asked about every request that no Fault befalls, by its method, such as "Secrets.CreateSecrets". It must not
// block, and is asked from many goroutines. Without pass the request is held for ever. When the answer to one that passed has
// come, answered, unless it is nil, tells whether the client gets it; it is held for ever otherwise.
type Gate func(method string) (pass bool, answered func() (pass bool))

// Guard sets the Gate that all requests go through from now on, on all connections.
func (p *Proxy) Guard(gate Gate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gate = gate
}

// guarded is what the Gate says of a request, as a Fault. The lock is not held, since a Gate has one of its own.
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
		return answered() && s.tell(m) == nil
	}}, make(chan struct{})}
}
