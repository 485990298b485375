// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 defines the kinds of the API group jujusecrets.io: their
// spec and status, and the reasons of conditions and events. Other programs can
// import it.
//
// It has small getters and no behaviour. The rules for manifests are next to
// the fields, as schema and CEL, so the API server enforces them without a
// webhook. Package plan decides which reason an object gets, and package status
// decides how a reason changes the status.
//
// +kubebuilder:object:generate=true
// +groupName=jujusecrets.io
package v1alpha1
