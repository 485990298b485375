// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"sync"
	"time"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// Pool holds the connections to all controllers. Its methods may be called from many goroutines.
type Pool struct {
	around  surroundings
	changed chan plan.Change
	closing chan struct{}

	// warm is closed when the time is over in which controllers that are not known yet are waited for. It begins with the
	// first question, since a replica may wait long until it leads.
	warm   chan struct{}
	warmUp sync.Once

	mu          sync.Mutex
	controllers map[plan.ControllerKey]*controller
	// arrived is closed, and replaced, when a controller is made known.
	arrived chan struct{}
}

// warmUp is how long after the start a model of an unknown controller is waited for: it is about to be made known, and to
// say that it is not connected would be news of nothing, in the status of every object.
const warmUp = 10 * time.Second

// NewPool makes an empty Pool. Close ends what it opens. InUse tells whether any object stands for something in a model, by
// its UUID: the others are not looked at for long. The observer is told what the Pool does; it may be nil.
func NewPool(inUse func(modelUUID string) bool, observer Observer) *Pool {
	if observer == nil {
		observer = nobody{}
	}
	p := &Pool{
		changed:     make(chan plan.Change),
		closing:     make(chan struct{}),
		warm:        make(chan struct{}),
		controllers: map[plan.ControllerKey]*controller{},
		arrived:     make(chan struct{}),
	}
	p.around = surroundings{notify: p.notify, inUse: inUse, successor: p.known, observer: observer}
	return p
}

// Close closes every connection. The Pool cannot be used afterwards.
func (p *Pool) Close() {
	close(p.closing)
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, c := range p.controllers {
		c.close()
		delete(p.controllers, key)
	}
}

// Set makes a controller known under a key, logs in to it if it is not connected yet, and tells how that went. Another
// connection than before replaces the old one, whose requests under way are still answered; once more with the same is
// only a question. Each model in use is looked at once per interval for what somebody else changed.
func (p *Pool) Set(ctx context.Context, key plan.ControllerKey, connection content.Connection, interval time.Duration) plan.Health {
	p.mu.Lock()
	c := p.controllers[key]
	fresh := c == nil || !c.connectsAs(connection)
	if fresh {
		if c != nil {
			c.close()
		}
		c = newController(key, connection, p.around)
		p.controllers[key] = c
		p.around.observer.Known(key)
		close(p.arrived)
		p.arrived = make(chan struct{})
	}
	p.mu.Unlock()
	c.setInterval(interval)

	health := c.health(ctx)
	if fresh && health.Trouble == nil {
		p.notify(plan.Change{Controller: key, All: true})
	}
	return health
}

// Retry makes logins that were refused, to a controller and to its models, be tried again now. What is connected, or not known,
// stays as it is.
func (p *Pool) Retry(key plan.ControllerKey) {
	if c := p.known(key); c != nil {
		c.hurry()
	}
}

// Forget closes the connections to a controller. Forgetting one that is not known does nothing.
func (p *Pool) Forget(key plan.ControllerKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.controllers[key]; c != nil {
		c.close()
		delete(p.controllers, key)
		p.around.observer.Forgotten(key)
	}
}

// World tells what a model holds of the secrets that a query names. It costs no request while the model's snapshot is good.
func (p *Pool) World(ctx context.Context, ref plan.ModelRef, query plan.Query) plan.World {
	var world plan.World
	for range 2 { // Once more if the connection was replaced while the question was on its way.
		m, trouble := p.model(ctx, ref)
		if trouble != nil {
			world = plan.World{Trouble: trouble}
		} else {
			world = m.world(ctx, query)
		}
		if world.Known || *world.Trouble != *replaced() {
			break
		}
	}
	return world
}

// Do carries out steps in order, once ready has returned, and answers one outcome per step. Steps of many callers to one
// model share requests. A World asked for afterwards shows them. When ctx ends no further step is begun, but one that is under way
// is waited for, at most LongestCall; and so it is when may, which is asked right before each step, says no. It fails if ready does,
// and with context.Canceled if ctx was cancelled, or may said no, before anything was begun.
func (p *Pool) Do(
	ctx context.Context, ref plan.ModelRef, steps []plan.Step, ready func(context.Context) error, may func(context.Context) bool,
) ([]plan.Outcome, error) {
	for range 2 { // Once more if the connection was replaced before anything was sent.
		m, trouble := p.model(ctx, ref)
		if trouble != nil {
			outcomes := notTried(len(steps))
			outcomes[0] = plan.Outcome{Trouble: trouble}
			return outcomes, ready(ctx)
		}
		outcomes, err := m.writer.do(ctx, steps, ready, may)
		if err != nil || outcomes[0].Trouble == nil || *outcomes[0].Trouble != *replaced() {
			return outcomes, err
		}
		ready = func(context.Context) error { return nil } // It has been.
	}
	outcomes := notTried(len(steps))
	outcomes[0] = plan.Outcome{Trouble: replaced()}
	return outcomes, nil
}

// Changed delivers what may have changed since it was last looked at. It must be read for as long as the Pool is used.
func (p *Pool) Changed() <-chan plan.Change { return p.changed }

// notify delivers a change without making the one who noticed it wait.
func (p *Pool) notify(change plan.Change) {
	go func() {
		select {
		case p.changed <- change:
		case <-p.closing:
		}
	}()
}

func (p *Pool) model(ctx context.Context, ref plan.ModelRef) (*model, *plan.Trouble) {
	c := p.controller(ctx, ref.Controller)
	if c == nil {
		return nil, &plan.Trouble{
			Kind:    plan.NotConnected,
			Message: ref.Controller.Object() + " is not set up yet: look at its status",
		}
	}
	return c.model(ctx, ref)
}

// known is a controller that is known just now, or nil.
func (p *Pool) known(key plan.ControllerKey) *controller {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.controllers[key]
}

// controller is a controller that is known, or is made known soon after the start, or nil.
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

func notTried(n int) []plan.Outcome {
	outcomes := make([]plan.Outcome, n)
	for i := range outcomes {
		outcomes[i].NotTried = true
	}
	return outcomes
}
