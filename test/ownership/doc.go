// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ownership is the table of whose a secret is, and of what the operator does about it: every combination of what Juju
// holds, what is recorded in Kubernetes, and the policies. The unit tests of package plan prove that each combination has one
// row and that the decision is what that row says; the end-to-end tests bring every row about; and the table in
// docs/explanation/ownership.md is written from it.
package ownership
