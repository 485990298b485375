// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// ConditionsOf returns the conditions in the status of an object. It returns nil
// for an object of another API group.
func ConditionsOf(obj runtime.Object) []metav1.Condition {
	switch obj := obj.(type) {
	case *JujuSecret:
		return obj.Status.Conditions
	case *JujuSecretAccess:
		return obj.Status.Conditions
	case ControllerObject:
		return obj.GetStatus().Conditions
	}
	return nil
}
