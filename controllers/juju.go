// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// Models reads and changes the models of the controllers that are connected.
// Package juju implements it.
type Models interface {
	// View returns the secrets of a model that a query names, or the reason why
	// they are not known. View blocks at most until ctx is done.
	View(ctx context.Context, model plan.ModelRef, query plan.Query) plan.ModelView
	// Identify returns what the list of models of a controller says about a
	// reference, or why there is no list. The list is as old as the query
	// accepts. For an answer AsKnown, it makes no request once there is a list.
	// Identify blocks at most until ctx is done.
	Identify(ctx context.Context, model plan.ModelRef, query plan.Query) plan.ListedModel
	// Announce registers steps that are about to be sent to a model. Steps of
	// other objects for the same model then wait a moment, to share a request.
	// Announce sends nothing and does not block. There is at least one step.
	// Call exactly one of Send and Withdraw on the ticket.
	Announce(model plan.ModelRef, steps []plan.Step) Ticket
	// Changed returns the channel of changes since the last View. It has one
	// reader.
	Changed() <-chan plan.Change
}

// Ticket is an announcement of steps.
type Ticket interface {
	// Send carries the steps out in order, each only if the steps before it
	// succeeded, and returns one outcome per step. A later View shows them. The
	// steps may wait for other requests to the model. When ctx is done, Send
	// starts no further step, but waits for the outcome of a step in flight.
	// Send returns the error of ctx only if ctx was cancelled before the first
	// step was sent.
	Send(ctx context.Context) ([]plan.Outcome, error)
	// Withdraw cancels an announcement that will not be sent. It does nothing
	// after Send.
	Withdraw()
}

// Connections holds the connections to controllers, by the key of the
// controller object. Package juju implements it.
type Connections interface {
	// Set adds a controller or replaces its connection, and returns the state
	// of the connection. Setting the same connection again changes nothing. The
	// interval is how often the models are listed to find changes by other
	// clients.
	Set(ctx context.Context, key plan.ControllerKey, connection content.Connection, interval time.Duration) plan.Health
	// Retry immediately retries refused logins to a controller and to its
	// models, once for each request.
	Retry(key plan.ControllerKey, request string)
	// Tried reports whether the login that Retry began for a request has ended.
	// It is also true if no login is needed. It blocks a moment.
	Tried(ctx context.Context, key plan.ControllerKey, request string) bool
	// Forget removes a controller. It does nothing for an unknown key.
	Forget(key plan.ControllerKey)
}
