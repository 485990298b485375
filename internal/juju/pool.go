// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/juju/link"
	"github.com/juju-secrets/operator/internal/juju/model"
	"github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/plan"
)

// LongestCall is the longest time that a change can take.
const LongestCall = model.LongestCall

// Pool holds the connections to all controllers. It is safe for concurrent use.
type Pool struct {
	env      environment
	observer wire.Observer
	changed  chan plan.Change
	closing  chan struct{}

	// warm is closed warmUp after the first View or Send. It does not count
	// from the start, because a replica may wait long until it leads.
	warm   chan struct{}
	warmUp sync.Once

	mu          sync.Mutex
	controllers map[plan.ControllerKey]*controller
	// candidates holds the controllers that replace an open connection once
	// they have logged in, see Set.
	candidates map[plan.ControllerKey]*controller
	// arrived is closed, and replaced, when a controller becomes known.
	arrived chan struct{}
}

// warmUp is how long after the start to wait for a controller that is not known
// yet. It usually becomes known soon, and until then no object needs to report
// that it is missing.
const warmUp = 10 * time.Second

// NewPool returns an empty Pool. Close closes its connections. inUse reports
// whether an object uses a model: connections to other models are closed after
// idleAfter. isAwaited reports whether an object waits for a model that its
// controller does not list: while there is one, the models are listed once per
// interval. The observer may be nil.
func NewPool(
	inUse func(modelUUID string) bool, isAwaited func(plan.ModelRef) bool, observer wire.Observer,
) *Pool {
	if observer == nil {
		observer = wire.NoObserver{}
	}
	p := &Pool{
		observer:    observer,
		changed:     make(chan plan.Change),
		closing:     make(chan struct{}),
		warm:        make(chan struct{}),
		controllers: map[plan.ControllerKey]*controller{},
		candidates:  map[plan.ControllerKey]*controller{},
		arrived:     make(chan struct{}),
	}
	p.env = environment{
		notify: p.notify, inUse: inUse, isAwaited: isAwaited, replacement: p.known, lost: p.lost,
		changed: p.connectionChanged,
	}
	return p
}

// Close closes all connections. The Pool cannot be used afterwards.
func (p *Pool) Close() {
	close(p.closing)
	p.mu.Lock()
	defer p.mu.Unlock()
	for key := range p.controllers {
		p.remove(key)
	}
}

// Set adds a controller under a key, and logs in to it if it is not connected
// yet. It returns the state of the connection. Each model in use is listed once
// per interval to detect external changes.
//
// If the connection differs, it is tried beside the old one. An open old
// connection is closed when the new login has succeeded, or when it breaks.
// Until then Set returns the problem of the new login. Only a connection that
// expects a controller with another UUID closes the old one first. Requests
// that are in flight on the old connection are still answered.
func (p *Pool) Set(
	ctx context.Context, key plan.ControllerKey, connection content.Connection, interval time.Duration,
) plan.Health {
	p.mu.Lock()
	c, added := p.wanted(key, connection)
	used := p.controllers[key]
	p.mu.Unlock()
	used.setInterval(interval)
	c.setInterval(interval)
	health := c.health(ctx)
	refusal := c.root.Refusal()
	switch {
	case c != used && health.Problem == nil:
		p.takeOver(c)
	case c != used:
		health.Problem = beside(health.Problem, "the former connection and the former credentials")
	case health.Problem == nil && refusal != nil:
		health.Problem = beside(refusal, "the connection that it opened before")
	case added && health.Problem == nil:
		p.notify(plan.Change{Controller: key, All: true})
	}
	return health
}

// beside returns the problem of a login beside an open connection.
func beside(problem *plan.Problem, open string) *plan.Problem {
	return &plan.Problem{Reason: problem.Reason, Message: problem.Message + "; the operator still uses " + open}
}

// wanted returns the controller with a connection. It adds one if there is
// none: as a candidate beside an open connection, otherwise in use. The lock is
// held.
func (p *Pool) wanted(key plan.ControllerKey, connection content.Connection) (c *controller, added bool) {
	used, candidate := p.controllers[key], p.candidates[key]
	if candidate != nil && candidate.connectsAs(connection) {
		return candidate, false
	}
	if candidate != nil {
		candidate.close()
		delete(p.candidates, key)
	}
	if used != nil && used.connectsAs(connection) {
		return used, false
	}
	c = newController(&wire.Endpoint{Key: key, Connection: connection, Observer: p.observer}, p.env)
	if used != nil {
		if used.isOpen() && !used.excludedBy(connection) {
			p.candidates[key] = c
			return c, true
		}
		used.close()
	}
	p.controllers[key] = c
	p.observer.Known(key)
	close(p.arrived)
	p.arrived = make(chan struct{})
	return c, true
}

// takeOver replaces a controller with its candidate, unless the candidate is no
// longer one.
func (p *Pool) takeOver(candidate *controller) {
	key := candidate.Key
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.candidates[key] != candidate {
		return
	}
	delete(p.candidates, key)
	p.controllers[key].close()
	p.controllers[key] = candidate
	p.notify(plan.Change{Controller: key, All: true})
}

// lost is called when the connection to a controller is over. A candidate takes
// over even if it has not logged in, because the operator logs in to the
// controller with the present credentials only.
func (p *Pool) lost(c *controller) {
	p.mu.Lock()
	used, candidate := p.controllers[c.Key], p.candidates[c.Key]
	p.mu.Unlock()
	if used == c && candidate != nil {
		p.takeOver(candidate)
	}
}

// connectionChanged is called when a login to a controller has another result
// than before, and after a loss. The result of a candidate concerns no other
// objects until it takes over.
func (p *Pool) connectionChanged(c *controller, up, answered bool) {
	p.mu.Lock()
	candidate := p.candidates[c.Key] == c
	p.mu.Unlock()
	switch {
	case candidate && up:
		p.takeOver(c)
	case candidate:
		p.notify(plan.Change{Controller: c.Key, Health: true})
	default:
		p.notify(plan.Change{Controller: c.Key, All: !up || answered})
	}
}

// Retry retries refused logins to a controller and to its models immediately,
// once for each request. Open connections stay open.
func (p *Pool) Retry(key plan.ControllerKey, request string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range []*controller{p.controllers[key], p.candidates[key]} {
		if c != nil {
			c.retryNow(request)
		}
	}
}

// Tried reports whether the login to the controller that Retry began for a
// request has ended, or is not needed because the controller is connected with
// the connection of the last Set. It waits a moment for the end.
func (p *Pool) Tried(ctx context.Context, key plan.ControllerKey, request string) bool {
	p.mu.Lock()
	c := cmp.Or(p.candidates[key], p.controllers[key])
	p.mu.Unlock()
	return c != nil && c.tried(ctx, request)
}

// Forget removes a controller and closes its connections. It does nothing if
// the key is not known.
func (p *Pool) Forget(key plan.ControllerKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.controllers[key] != nil {
		p.remove(key)
		p.observer.Forgotten(key)
	}
}

// remove closes and removes a controller and its candidate. The lock is held.
func (p *Pool) remove(key plan.ControllerKey) {
	p.controllers[key].close()
	delete(p.controllers, key)
	if candidate := p.candidates[key]; candidate != nil {
		candidate.close()
		delete(p.candidates, key)
	}
}

// View returns the secrets of a model that match a query. It makes no request
// while the snapshot of the model is current.
func (p *Pool) View(ctx context.Context, ref plan.ModelRef, query plan.Query) plan.ModelView {
	var view plan.ModelView
	for range 2 { // A second time if the connection was replaced meanwhile.
		c := p.controller(ctx, ref.Controller)
		if c == nil {
			return plan.ModelView{Problem: notSetUp(ref.Controller)}
		}
		view = c.view(ctx, ref, query)
		if view.Known || view.Problem != link.ErrReplaced {
			break
		}
	}
	return view
}

// Identify returns what the list of models of a controller says about a
// reference. The list is as old as the query accepts. For an answer AsKnown, it
// makes no request once there is a list. The requests that it makes do not
// depend on whether the model exists.
func (p *Pool) Identify(ctx context.Context, ref plan.ModelRef, query plan.Query) plan.ListedModel {
	var found plan.ListedModel
	for range 2 { // A second time if the connection was replaced meanwhile.
		c := p.controller(ctx, ref.Controller)
		if c == nil {
			return plan.ListedModel{Problem: notSetUp(ref.Controller)}
		}
		if found = c.identify(ctx, ref, query); found.Problem != link.ErrReplaced {
			break
		}
	}
	return found
}

// Changed returns the channel of changes since the last View. It must be read
// for as long as the Pool is used.
func (p *Pool) Changed() <-chan plan.Change { return p.changed }

// notify delivers a change without blocking.
func (p *Pool) notify(change plan.Change) {
	go func() {
		select {
		case p.changed <- change:
		case <-p.closing:
		}
	}()
}

// model returns a model, without connecting to it.
func (p *Pool) model(ctx context.Context, ref plan.ModelRef, query plan.Query) (*model.Model, *plan.Problem) {
	c := p.controller(ctx, ref.Controller)
	if c == nil {
		return nil, notSetUp(ref.Controller)
	}
	return c.model(ctx, ref, query)
}

// notSetUp returns the problem with a controller that is not known.
func notSetUp(key plan.ControllerKey) *plan.Problem {
	return &plan.Problem{
		Reason:  v1alpha1.ReasonControllerNotReady,
		Message: key.Object() + " is not set up yet: check its status",
	}
}

// known returns a controller if it is known, or nil. It does not wait.
func (p *Pool) known(key plan.ControllerKey) *controller {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.controllers[key]
}

// controller returns a controller, or nil if it is not known. During warmUp it
// waits for the controller.
func (p *Pool) controller(ctx context.Context, key plan.ControllerKey) *controller {
	p.warmUp.Do(func() { time.AfterFunc(warmUp, func() { close(p.warm) }) })
	for {
		p.mu.Lock()
		c, arrived := p.controllers[key], p.arrived
		p.mu.Unlock()
		if c != nil {
			return c
		}
		select {
		case <-arrived:
		case <-p.warm:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}
