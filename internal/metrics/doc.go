// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metrics defines the operator's Prometheus metrics and collects them.
// The packages juju and controllers report events to it through interfaces of
// their own, and do not import it. It imports no reconciler.
//
//	catalogue.go   every metric, the source of docs/reference/metrics.md
//	counts.go      events: requests, logins, drift, latency of changes
//	state.go       state at a scrape: leader, connections, snapshots
//	objects.go     state of the objects that the installation serves
//
// No label has the value of a secret. Only controller objects are named in a
// label, unless --metrics-per-object is set.
package metrics
