// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controllers has one reconciler per kind. Each goes the same way, in four steps:
//
//	observe   the object, its Kubernetes sources, and what Juju holds       <kind>_observe.go
//	decide    facts to plan, in package plan, which is pure                 internal/plan
//	act       keep the record, hand the steps to Juju, settle the record    act.go
//	report    events, and one status patch or none                          report.go, internal/status
//
// Trouble with Juju and missing sources are facts to decide on. Only Kubernetes itself failing is an error, which the
// queue retries. credentials_controller.go only lets go of Secrets that were held for a controller object.
//
// Who is woken by what stands in watches.go and wakeups.go, who may use what in scope.go, whose turn it is in turns.go, what proves
// a note in proof.go, what the reconcilers need of Juju in juju.go, and what is measured in meter.go and census.go.
package controllers
