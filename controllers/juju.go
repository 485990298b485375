// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// Models gives a view of, and a hand in, the models of every controller that was set. Package juju implements it.
type Models interface {
	// World tells what a model holds of the secrets that a query names. If that is not known it says why, rather than
	// fail, and it does not block longer than ctx.
	World(ctx context.Context, model plan.ModelRef, query plan.Query) plan.World
	// Do carries out steps in order, each only if those before it succeeded, and answers one outcome per step. A World
	// asked for afterwards already shows them. There is at least one step. Ready is called first, once: meanwhile the steps of
	// others to the same model may wait, to share a request. May is asked right before each step is sent, and nothing is begun any
	// more once it says no. It fails if ready does, and with context.Canceled if nothing was begun because ctx was cancelled or
	// may said no.
	Do(
		ctx context.Context, model plan.ModelRef, steps []plan.Step, ready func(context.Context) error, may func(context.Context) bool,
	) ([]plan.Outcome, error)
	// Changed delivers what may be different from what World last said. There is one reader.
	Changed() <-chan plan.Change
}

// Connections keeps the connections to controllers, by the key of the controller object. Package juju implements it.
type Connections interface {
	// Set makes a controller known, or known by another connection, and tells how the operator stands with it. Setting
	// the same again is only a question. The interval is how often its models are looked at for what others changed.
	Set(ctx context.Context, key plan.ControllerKey, connection content.Connection, interval time.Duration) plan.Health
	// Retry makes logins that were refused, to a controller and to its models, be tried again now.
	Retry(key plan.ControllerKey)
	// Forget gives up what is known of a controller. Forgetting an unknown one does nothing.
	Forget(key plan.ControllerKey)
}
