// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package plan has every decision of the operator. Facts go in as one struct,
// and a Plan comes out: the record to write, the steps for Juju, and the
// condition to report. The package is pure: it has no client, clock, logger or
// context. So a decision depends only on the facts.
//
//	secret.go           the rules for a JujuSecret, in order
//	secret_owner.go     which of several JujuSecrets gets a secret
//	competitors.go      facts about other JujuSecrets: who owns, asks, is older
//	access.go           the rules for a JujuSecretAccess, in order
//	access_options.go   which options of charms it sets and resets
//	access_exclusive.go which grants no JujuSecretAccess lists
//	access_others.go    which other JujuSecretAccesses share its grants
//	controller.go       the rules for controller objects and credentials Secrets
//	tenant.go           whether a namespace may use a controller and a model
//	installation.go     which installation serves an object
//	wakeups.go          which objects a change in Juju concerns
//	plan.go             Plan, Step and Record, and the results of steps
//	world.go            the view of a model, and the health of a controller
//	problem.go          why Juju gave no answer
//
// The reconcilers gather the facts and carry out the plan. Package juju uses
// the types of this package and translates them for Juju. Package record stores
// a Record. Package status turns a Condition into the status of an object.
package plan
