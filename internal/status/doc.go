// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package status is the arithmetic of conditions: the old status, a plan, and the outcomes of its steps go in, the new
// status, the events to record and the time to look again come out. It is pure, and the only place that knows how a
// reason is shown. The reconcilers write what it returns, at most once and not at all if nothing changed.
package status
