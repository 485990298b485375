// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package juju is all that knows Juju: connections and logins, the Secrets facade, and what Juju's error codes mean. It
// gives the reconcilers a view of, and a hand in, the models of many controllers, in the vocabulary of package plan, and
// is the only package that imports github.com/juju/juju. It knows nothing of Kubernetes.
//
// Each controller has one connection of its own, which finds models by name, and one for every model in use. They are
// opened when first needed, kept open, and opened again in the background when they break, so that objects wait for
// the connection and never dial for themselves.
package juju
