// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"errors"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// FillIn replaces the example values in the manifest of a controller object, or
// of the Secret juju-user, with the values of this server. It does not change
// other manifests.
func (j *Juju) FillIn(obj *unstructured.Unstructured) error {
	kind := obj.GetKind()
	switch {
	case kind == "ClusterJujuController" || kind == "JujuController":
		err := unstructured.SetNestedStringSlice(obj.Object, j.Addresses, "spec", "addresses")
		if _, given, _ := unstructured.NestedString(obj.Object, "spec", "caCertificate"); given {
			err = errors.Join(err, unstructured.SetNestedField(obj.Object, j.CACertificate, "spec", "caCertificate"))
		}
		if _, given, _ := unstructured.NestedString(obj.Object, "spec", "controllerUUID"); given {
			err = errors.Join(err, unstructured.SetNestedField(obj.Object, j.ControllerUUID, "spec", "controllerUUID"))
		}
		return err
	case kind == "Secret" && obj.GetName() == "juju-user":
		return unstructured.SetNestedStringMap(obj.Object, map[string]string{
			"username": j.Operator.Username, "password": j.Operator.Password,
		}, "stringData")
	}
	return nil
}
