// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package content computes the content of a user secret from a manifest and its
// Kubernetes sources. It maps keys, merges sources, applies the rules of Juju's
// client, and computes the checksum that Juju uses to compare contents. It also
// has the types that hold values, which all print as REDACTED, the connection
// to a controller with its certificates, and the installation's key for digests
// of contents and MACs of records.
//
// The package is pure. The reconcilers read the sources and the key, package
// plan decides which content to send, and package juju sends it.
package content
