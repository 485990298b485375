// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package model holds a snapshot of one Juju model, and changes the model. The
// number of requests does not depend on the number of objects: all objects
// share one listing and the reads of the configurations of applications, and
// their changes share calls. In a model with many secrets of others, lookups of
// single secrets replace most listings.
//
//	Model      one model: a link, a snapshot and a writer                    model.go
//	listings   when to list, and whether the snapshot can be trusted         refresh.go
//	watch      what to look up where that costs less than a listing          lookup.go
//	writer     the steps of many objects in few calls, one call at a time    writer.go, queue.go
//	           the calls of Juju's Secrets facade                            facade.go
//	           applications that a grant did not find                        applications.go
//	           what is known of the options of charms, and for whom          configurations.go
//	           the calls that read, set and reset options                    options.go
//
// A model knows its controller only as a Host. Package juju logs in, and holds
// the controllers and models.
package model
