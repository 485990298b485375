// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// AnnotationRecord holds the operator's signed record of what it made in Juju
// for an object. Only the operator writes it.
const AnnotationRecord = "jujusecrets.io/record"

// RecordedObject is an object with a signed record, because the operator makes
// something in Juju for it: a JujuSecret or a JujuSecretAccess.
//
// +kubebuilder:object:generate=false
type RecordedObject interface {
	runtime.Object
	metav1.Object

	// RecordKind returns the object's kind.
	RecordKind() string
	// RecordCopy returns the field of the status that holds a copy of the
	// record.
	RecordCopy() *string
}

// RecordKind implements RecordedObject.
func (s *JujuSecret) RecordKind() string { return "JujuSecret" }

// RecordCopy implements RecordedObject.
func (s *JujuSecret) RecordCopy() *string { return &s.Status.Record }

// RecordKind implements RecordedObject.
func (a *JujuSecretAccess) RecordKind() string { return "JujuSecretAccess" }

// RecordCopy implements RecordedObject.
func (a *JujuSecretAccess) RecordCopy() *string { return &a.Status.Record }
