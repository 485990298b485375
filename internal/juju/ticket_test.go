// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/juju/link"
	"github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/plan"
)

// announce announces steps for one model of a pool.
func announce(p *Pool) *Ticket {
	model := plan.ModelRef{Controller: "default", Name: "prod/app"}
	return p.Announce(model, []plan.Step{plan.Remove{ID: "one"}, plan.Remove{ID: "two"}})
}

func TestSendFailsForUnknownController(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := NewPool(func(string) bool { return false }, func(plan.ModelRef) bool { return true }, nil)
		defer p.Close()
		ticket := announce(p)
		outcomes, err := ticket.Send(t.Context())
		if err != nil || len(outcomes) != 2 {
			t.Fatalf("the outcomes are %+v, and the error %v", outcomes, err)
		}
		if problem := outcomes[0].Problem; problem == nil || problem.Reason != v1alpha1.ReasonControllerNotReady {
			t.Fatalf("the first step ends with %+v", outcomes[0])
		}
		if !outcomes[1].NotTried {
			t.Errorf("the second step ends with %+v", outcomes[1])
		}
		ticket.Withdraw() // After Send it does nothing.
	})
}

func TestSendReturnsCancellation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := NewPool(func(string) bool { return false }, func(plan.ModelRef) bool { return true }, nil)
		defer p.Close()
		stopped, stop := context.WithCancel(t.Context())
		stop()
		if outcomes, err := announce(p).Send(stopped); !errors.Is(err, context.Canceled) || outcomes != nil {
			t.Errorf("the outcomes are %+v, and the error %v", outcomes, err)
		}
	})
}

// Another controller that is not ready can have the same message. Only the
// identity of the problem counts.
func TestReplacedConnectionIsComparedByIdentity(t *testing.T) {
	t.Parallel()
	c := newController(&wire.Endpoint{
		Key: "default", Connection: content.Connection{Username: "operator"}, Observer: wire.NoObserver{},
	}, environment{notify: func(plan.Change) {}})
	c.close()
	_, problem := c.model(t.Context(), plan.ModelRef{Name: "prod/app"}, plan.Query{})
	equal := *link.ErrReplaced
	if problem != link.ErrReplaced || problem == &equal {
		t.Errorf("the problem is %+v", problem)
	}
}
