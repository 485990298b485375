// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package plan holds every decision of the operator: facts go in as one struct, a Plan comes out. It knows no client,
// clock, logger or context, so what it decides depends on nothing but the facts. The reconcilers observe the facts and
// carry the plan out, package juju speaks its vocabulary to Juju, package status turns its verdicts into conditions.
package plan
