// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ownership holds the table of secret ownership. The table says what
// the operator does for every combination of the secrets in Juju, the records
// in Kubernetes and the policies. The unit tests of package plan prove that
// each combination has exactly one row and that the operator decides as the row
// says. The end-to-end tests set up every row on real servers. The table in
// docs/explanation/ownership.md is generated from this package.
package ownership
