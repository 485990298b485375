// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds the kinds of the API group jujusecrets.io: what users write, what they read back, and the
// reasons that conditions and events carry. It has no behaviour beyond small getters; the rules a manifest must keep
// stand beside the fields, as schema and CEL, so that the API server enforces them without a webhook.
//
// +kubebuilder:object:generate=true
// +groupName=jujusecrets.io
package v1alpha1
