// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"errors"
	"fmt"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/juju/link"
	"github.com/juju-secrets/operator/internal/juju/model"
	"github.com/juju-secrets/operator/internal/plan"
)

// Ticket is an announcement of steps for a model. Send or Withdraw ends it. It
// is not safe for concurrent use.
type Ticket struct {
	pool  *Pool
	ref   plan.ModelRef
	steps []plan.Step
	// announced is the model that waits for the steps, and number identifies
	// the announcement. It is nil if no model waits, or if the steps have
	// arrived.
	announced *model.Model
	number    int
	// planned is the UUID of the model that the steps were planned for, empty if
	// it is not known.
	planned string
}

// Announce returns a ticket for steps that are about to be sent to a model.
// Steps of other objects for the model then wait for a short time, to share a
// request. Announce does not block. A model without a View waits for no
// announcement, but reconcilers view a model before they plan steps.
func (p *Pool) Announce(ref plan.ModelRef, steps []plan.Step) *Ticket {
	t := &Ticket{pool: p, ref: ref, steps: steps}
	if c := p.known(ref.Controller); c != nil {
		if m := c.knownModel(ref); m != nil {
			t.announced, t.number, t.planned = m, m.Announce(steps), m.UUID
		}
	}
	return t
}

// Withdraw removes an announcement that will not be sent. After Send it does
// nothing.
func (t *Ticket) Withdraw() {
	if t.announced != nil {
		t.announced.Withdraw(t.number)
		t.announced = nil
	}
}

// Send carries out the steps in order, each only if the steps before it
// succeeded, and returns one outcome per step. Steps of many callers for one
// model share requests. A later View shows them. When ctx is done, no further
// step is sent, but Send waits for a step in flight, at most for
// LongestCall. Send returns the error of ctx only if ctx was cancelled before
// the first step was sent.
func (t *Ticket) Send(ctx context.Context) ([]plan.Outcome, error) {
	defer t.Withdraw()
	for range 2 { // A second time if the connection was replaced before a step was sent.
		outcomes, err := t.try(ctx)
		if err != nil || outcomes[0].Problem != link.ErrReplaced {
			return outcomes, err
		}
	}
	return failed(len(t.steps), link.ErrReplaced), nil
}

// try sends the steps once.
func (t *Ticket) try(ctx context.Context) ([]plan.Outcome, error) {
	m, problem := t.pool.model(ctx, t.ref, plan.Query{})
	switch {
	case problem != nil && errors.Is(ctx.Err(), context.Canceled):
		return nil, ctx.Err() // The cancellation may be the cause of the problem.
	case problem != nil:
		return failed(len(t.steps), problem), nil
	}
	if t.planned != "" && t.planned != m.UUID {
		// The steps were planned for a model that was removed. Another model has
		// its name now, and the object may not be allowed to use it.
		return failed(len(t.steps), &plan.Problem{
			Reason:  v1alpha1.ReasonModelNotFound,
			Message: fmt.Sprintf("the model %s was removed, and another model has its name now", t.planned),
		}), nil
	}
	t.planned = m.UUID
	if t.announced != m {
		t.Withdraw()
		t.number = m.Announce(t.steps)
	}
	t.announced = nil // The steps have arrived.
	return m.Send(ctx, t.number, t.steps)
}

// failed returns the outcomes of n steps if the first one has a problem.
func failed(n int, problem *plan.Problem) []plan.Outcome {
	outcomes := make([]plan.Outcome, n)
	outcomes[0].Problem = problem
	for i := 1; i < n; i++ {
		outcomes[i].NotTried = true
	}
	return outcomes
}
