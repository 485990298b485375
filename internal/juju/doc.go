// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package juju is all that knows Juju: connections and logins, the Secrets facade, and what Juju's error codes mean. It
// gives the reconcilers a view of, and a hand in, the models of many controllers, in the vocabulary of package plan, and
// is the only package that imports github.com/juju/juju. It knows nothing of Kubernetes.
//
//	Pool         the controllers that are known                                     pool.go
//	controller   one of them as one user: a connection that finds its models        controller.go
//	link         a connection that is kept open, and opened again when it breaks    link.go
//	model        one model: a link, a snapshot and a writer                         model.go
//	snapshot     what is known of its secrets, from one listing for all objects     snapshot.go, refresh.go
//	Observer     who is told of requests and logins, for the metrics                observer.go
//	writer       many objects' steps in few calls, one call at a time               writer.go, queue.go, facade.go
//
// What Juju's answers mean is in errors.go, and what differs between its versions in versions.go.
package juju
