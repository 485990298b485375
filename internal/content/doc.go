// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package content turns what a manifest says and what its Kubernetes sources hold into the content of a user secret:
// mapping of keys, merging, the rules of Juju's own client, and the checksum by which Juju tells contents apart. It
// also holds the types in which values travel through the program, all of which print as REDACTED. It is pure: the
// reconcilers read the sources, package plan decides what to do with the result, package juju sends it.
package content
