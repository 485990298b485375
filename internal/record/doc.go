// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package record stores in each object what the operator did, or is about to
// do, in Juju for that object.
//
// A record is written into the annotation before Juju is changed, so a crash
// after any request leaves enough to continue. A copy is written into the
// status together with the rest of the status. So a record survives a manifest
// that replaces the object, which keeps the status, and a restore from a
// backup, which keeps the annotations, the status, or both.
//
// Any user with permission to edit an object can edit its annotation. Therefore
// every record has a MAC by the installation's key over the object's kind,
// namespace and name, and over the record. It is verified before the record is
// parsed. A record without a valid MAC is no record. The UID is not part of the
// MAC, because an object that was restored has another UID. The record of a
// JujuSecret counts only for the model that the spec names, at any controller
// object that may take it over.
//
// Records are numbered. If the annotation and the copy differ, only the record
// with the higher number counts. So an old annotation has no effect if the copy
// is newer.
//
//	record.go   the format, its two places, and which of them counts
//	legacy.go   the older formats, which are only read
//
// Package plan decides what to record, and package controllers decides when to
// write. docs/explanation/security.md describes what each forgery gains.
package record
