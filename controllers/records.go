// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/placement"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/record"
)

const (
	// finalizer keeps an object while a secret or grant in Juju belongs to it.
	finalizer = "jujusecrets.io/finalizer"
	// recordAnnotation holds the record of an object.
	recordAnnotation = v1alpha1.AnnotationRecord
)

// recordOf returns the verified record of an object. The record of a JujuSecret
// must be for the model that its spec names.
func (b *base) recordOf(obj v1alpha1.RecordedObject) record.State {
	state := b.records().Read(obj, recordedModel(obj))
	state.Held = hasFinalizer(obj)
	return state
}

// NewVerified returns the Verified that all reconcilers share.
func NewVerified() *record.Verified { return record.NewVerified() }

func (b *base) records() record.Keeper { return record.Keeper{Key: b.Key, Verified: b.Verified} }

func recordedModel(obj v1alpha1.RecordedObject) plan.ModelRef {
	if secret, ok := obj.(*v1alpha1.JujuSecret); ok {
		return placement.ModelOfSecret(secret)
	}
	return plan.ModelRef{}
}

// placeOf returns where an object is in Juju.
func (b *base) placeOf(obj v1alpha1.RecordedObject) placement.Placement {
	return placement.Of(obj, b.recordOf(obj))
}

// hasFinalizer reports whether an object has the operator's finalizer.
func hasFinalizer(obj client.Object) bool { return controllerutil.ContainsFinalizer(obj, finalizer) }
