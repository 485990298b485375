// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package wire talks to Juju API servers. It dials and logs in, makes one
// request at a time, limits the size of answers from hostile servers, and
// translates Juju's answers. It knows no model and keeps no state: package link
// keeps a connection open, package model holds the secrets of a model, and
// package juju holds the controllers and models.
//
//	Endpoint       one controller as one user, to dial, log in and make requests   endpoint.go
//	               the websocket, and the limits of messages                       websocket.go, limits.go
//	CallProblem    the result of a request                                         request.go
//	Observer       notifications of requests and logins, used by the metrics       observer.go
//	ErrorTable     what Juju's error codes mean                                    errors.go
//	UserSecret     reads an entry of a listing                                     listing.go
//	               the differences between Juju's versions                         versions.go
//
// It imports github.com/juju/juju, and no Kubernetes packages.
package wire
