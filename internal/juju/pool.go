// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
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
		arrived:     make(chan struct{}),
	}
	p.env = environment{notify: p.notify, inUse: inUse, isAwaited: isAwaited, replacement: p.known}
	return p
}

// Close closes all connections. The Pool cannot be used afterwards.
func (p *Pool) Close() {
	close(p.closing)
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, c := range p.controllers {
		c.close()
		delete(p.controllers, key)
	}
}

// Set adds a controller under a key, and logs in to it if it is not connected
// yet. It returns the state of the connection. If the connection differs, it
// replaces the old one, and requests that are in flight on the old one are
// still answered. Each model in use is listed once per interval to detect
// external changes.
func (p *Pool) Set(
	ctx context.Context, key plan.ControllerKey, connection content.Connection, interval time.Duration,
) plan.Health {
	p.mu.Lock()
	c := p.controllers[key]
	fresh := c == nil || !c.connectsAs(connection)
	if fresh {
		if c != nil {
			c.close()
		}
		c = newController(&wire.Endpoint{Key: key, Connection: connection, Observer: p.observer}, p.env)
		p.controllers[key] = c
		p.observer.Known(key)
		close(p.arrived)
		p.arrived = make(chan struct{})
	}
	p.mu.Unlock()
	c.setInterval(interval)

	health := c.health(ctx)
	if fresh && health.Problem == nil {
		p.notify(plan.Change{Controller: key, All: true})
	}
	return health
}

// Retry retries refused logins to a controller and to its models immediately,
// once for each request. Open connections stay open.
func (p *Pool) Retry(key plan.ControllerKey, request string) {
	if c := p.known(key); c != nil {
		c.retryNow(request)
	}
}

// Tried reports whether the login to the controller that Retry began for a
// request has ended, or is not needed because the controller is connected. It
// waits a moment for the end.
func (p *Pool) Tried(ctx context.Context, key plan.ControllerKey, request string) bool {
	c := p.known(key)
	return c != nil && c.tried(ctx, request)
}

// Forget removes a controller and closes its connections. It does nothing if
// the key is not known.
func (p *Pool) Forget(key plan.ControllerKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.controllers[key]; c != nil {
		c.close()
		delete(p.controllers, key)
		p.observer.Forgotten(key)
	}
}

// View returns the secrets of a model that match a query. It makes no request
// while the snapshot of the model is current.
func (p *Pool) View(ctx context.Context, ref plan.ModelRef, query plan.Query) plan.ModelView {
	var view plan.ModelView
	for range 2 { // A second time if the connection was replaced meanwhile.
		m, problem := p.model(ctx, ref, query)
		if problem != nil {
			view = plan.ModelView{Problem: problem}
		} else {
			view = m.View(ctx, query)
		}
		if view.Known || view.Problem != link.ErrReplaced {
			break
		}
	}
	return view
}

// Identify returns what the list of models of a controller says about a
// reference. For an answer AsKnown, it makes no request once there is a list.
// The requests that it makes do not depend on whether the model exists.
func (p *Pool) Identify(ctx context.Context, ref plan.ModelRef, age plan.Age) plan.ListedModel {
	var found plan.ListedModel
	for range 2 { // A second time if the connection was replaced meanwhile.
		c := p.controller(ctx, ref.Controller)
		if c == nil {
			return plan.ListedModel{Problem: notSetUp(ref.Controller)}
		}
		if found = c.identify(ctx, ref, age); found.Problem != link.ErrReplaced {
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
