// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

func TestSecretIDHasNoPrefix(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"":                            "",
		"d3v2mvifkevkaa8tdmqg":        "d3v2mvifkevkaa8tdmqg",
		"secret:d3v2mvifkevkaa8tdmqg": "d3v2mvifkevkaa8tdmqg",
	} {
		spec, ref := v1alpha1.JujuSecretSpec{ID: id}, v1alpha1.UserSecretReference{ID: id}
		if spec.SecretID() != want || ref.SecretID() != want {
			t.Errorf("IDs of %q are %q and %q, want %q", id, spec.SecretID(), ref.SecretID(), want)
		}
	}
}

func TestJujuNameDefaultsToMetadataName(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		spec v1alpha1.JujuSecretSpec
		want string
	}{
		"no name and no ID": {v1alpha1.JujuSecretSpec{}, "db-login"},
		"name":              {v1alpha1.JujuSecretSpec{Name: "password"}, "password"},
		"ID":                {v1alpha1.JujuSecretSpec{ID: "d3v2mvifkevkaa8tdmqg"}, ""},
		"name and ID":       {v1alpha1.JujuSecretSpec{Name: "password", ID: "d3v2mvifkevkaa8tdmqg"}, "password"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := v1alpha1.JujuSecret{ObjectMeta: metav1.ObjectMeta{Name: "db-login"}, Spec: row.spec}
			if got := obj.JujuName(); got != row.want {
				t.Errorf("name in Juju is %q, want %q", got, row.want)
			}
		})
	}
}

func TestUserSecretReferencesAreEqualWithAndWithoutPrefix(t *testing.T) {
	t.Parallel()
	reference := func(change func(*v1alpha1.UserSecretReference)) *v1alpha1.UserSecretReference {
		ref := &v1alpha1.UserSecretReference{Model: "prod/db", ID: "d3v2mvifkevkaa8tdmqg"}
		ref.ControllerRef.Name = "default"
		change(ref)
		return ref
	}
	same := func(*v1alpha1.UserSecretReference) {}
	for name, row := range map[string]struct {
		one, other *v1alpha1.UserSecretReference
		want       bool
	}{
		"same": {reference(same), reference(same), true},
		"same ID as URI": {
			reference(same), reference(func(r *v1alpha1.UserSecretReference) { r.ID = "secret:" + r.ID }), true,
		},
		"other ID": {
			reference(same), reference(func(r *v1alpha1.UserSecretReference) { r.ID = "9m4e2mr0ui3e8a215n4g" }), false,
		},
		"name in place of ID": {
			reference(same), reference(func(r *v1alpha1.UserSecretReference) { r.ID, r.Name = "", "db" }), false,
		},
		"other model": {
			reference(same), reference(func(r *v1alpha1.UserSecretReference) { r.Model = "prod/app" }), false,
		},
		"model by UUID": {
			reference(same), reference(func(r *v1alpha1.UserSecretReference) {
				r.Model, r.ModelUUID = "", "12345678-1234-4123-8123-123456789abc"
			}), false,
		},
		"other controller": {
			reference(same), reference(func(r *v1alpha1.UserSecretReference) { r.ControllerRef.Name = "other" }), false,
		},
		"other kind of controller": {
			reference(same),
			reference(func(r *v1alpha1.UserSecretReference) { r.ControllerRef.Kind = v1alpha1.KindJujuController }), false,
		},
		"none and one": {nil, reference(same), false},
		"one and none": {reference(same), nil, false},
		"none":         {nil, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := row.one.Equal(row.other); got != row.want {
				t.Errorf("equal is %t, want %t", got, row.want)
			}
		})
	}
}
