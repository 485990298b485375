// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package status computes the new status of an object. The old status, a plan
// and the outcomes of its steps go in. The new status, the events and the time
// of the next reconcile come out.
//
//	handling.go     the conditions, event and requeue of each reason
//	conditions.go   the conditions, and when the object is reconciled again
//	next.go         the status of a JujuSecret and of a JujuSecretAccess
//	controller.go   the status of a controller object
//
// The package is pure, and the only one that knows how a reason is shown.
// Package plan picks the reason. The reconcilers write the status and
// the events, and write nothing if nothing changed. Package record writes the
// record into the status.
package status
