// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package juju connects the reconcilers to Juju. Its Pool knows which
// controllers and models are in use, and answers in the terms of package plan.
// This package and the packages below it are the only ones that import
// github.com/juju/juju. They do not know the Kubernetes API.
//
//	Pool         the controllers                                        pool.go
//	Ticket       steps that were announced for a model                  ticket.go
//	controller   one controller as one user: its connection and models  controller.go
//	             which models there are, and logins to them             models.go
//	             why a model is not listed                              unlisted.go
//	             logins to the controller, and its identity             login.go
//	             (package link decides when to log in again)
//	             which of its addresses answer                          addresses.go
//	             numbers for the metrics                                stats.go
//
// Imports go down only:
//
//	juju       which controllers and models there are
//	model      one model: when to list it, and a writer for many objects
//	snapshot   what is known of its secrets
//	link       one connection that is kept open
//	wire       dial, log in, one request, limits, and what Juju's errors mean
package juju
