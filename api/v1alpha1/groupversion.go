// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the group and version of every kind in this package.
var GroupVersion = schema.GroupVersion{Group: "jujusecrets.io", Version: "v1alpha1"}

// AddToScheme adds the kinds of this package to a scheme. It never fails.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion,
		&ClusterJujuController{}, &ClusterJujuControllerList{},
		&JujuController{}, &JujuControllerList{},
		&JujuSecret{}, &JujuSecretList{},
		&JujuSecretAccess{}, &JujuSecretAccessList{},
	)
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
