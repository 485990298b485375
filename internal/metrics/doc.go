// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metrics tells Prometheus what the operator does and how it stands. It listens to the packages juju and controllers, and
// asks them when somebody scrapes; neither knows of it.
//
//	catalogue.go   every metric, with its labels and its help: docs/reference/metrics.md is made of it
//	counts.go      what is counted when it happens: requests, logins, drift, how long changes take
//	standings.go   what is asked for at a scrape: who leads, connections, the age of snapshots, objects
//
// No label has a value of a secret, and none the name of an object but that of a controller object, unless somebody asks for that.
package metrics
