// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controllers contains one reconciler per kind, and the watches that
// trigger it. Each reconcile has four steps:
//
//	observe   facts about the object, its sources, other objects and Juju    <kind>_observe.go
//	decide    facts to plan                                                  package plan
//	act       write the record, send the steps to Juju, update the record    act.go
//	report    events, and one status patch or none                           report.go, package status
//
// Problems with Juju and missing sources are facts. Only a failure of the
// Kubernetes API is an error, which the queue retries.
//
//	base.go                        dependencies that all reconcilers share, and own writes that the cache lacks
//	records.go                     reads the record and the finalizer of an object
//	scope.go                       facts about the tenancy of an object
//	handover.go                    claims and releases controller objects when their class changes
//	jujusecret_competitors.go      facts about other JujuSecrets
//	jujusecretaccess_options.go    the options of an access, and who else has them
//	jujusecretaccess_exclusive.go  grants that no access lists, and when to look for them
//	jujucontroller_sources.go      reads the credentials and the certificate of a controller object
//	jujucontroller_uses.go         counts the objects and models that use a controller object
//	credentials_controller.go      removes the finalizer from Secrets with credentials
//	watches.go, predicates.go      maps events to the objects to reconcile
//	wakeups.go                     maps changes in Juju to the objects to reconcile
//	cache.go, indexes.go           the content of the cache, and its indexes
//	namespace_caches.go            a cache for each namespace of --watch-namespaces
//	fair_queue.go                  limits how many objects of a model or namespace are reconciled at a time
//	meter.go                       measures the latency of changes, and drift
//	key.go                         loads or creates the installation's key
//	juju.go                        interfaces to Juju, implemented by package juju
//
// The package decides nothing about objects: package plan does. Package record
// defines the format of records and verifies them. Package placement derives
// where an object is in Juju. Package status derives the conditions from a plan.
// The package does not import package juju.
package controllers
