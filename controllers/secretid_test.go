// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

func TestSecretIDPrefixChangesNoClaim(t *testing.T) {
	t.Parallel()
	id, uri := named("db", generation(1), asksForID("one")), named("db", generation(2), asksForID("secret:one"))
	if diff := cmp.Diff(keysOf(claimIndex, id), keysOf(claimIndex, uri)); diff != "" {
		t.Errorf("claims of the ID and of the URI (-ID +URI):\n%s", diff)
	}
	r := &SecretReconciler{objectBase: newTestBase(nil, nil)}
	if passes(t, r.claimsChanged(), id, uri) {
		t.Error("a prefix that is added to spec.id wakes competitors")
	}
}

func TestSecretIDPrefixIsNotQueried(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]string{"ID": "one", "URI": "secret:one"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := access()
			obj.Spec.JujuSecretRef = nil
			obj.Spec.Secret = &v1alpha1.UserSecretReference{Model: "prod/app", ID: id}
			r := &AccessReconciler{newTestBase(cluster{}, nil)}
			target, err := r.target(t.Context(), obj, plan.Record{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(plan.Query{ID: "one"}, target.Query); diff != "" {
				t.Errorf("query (-want +got):\n%s", diff)
			}
		})
	}
}
