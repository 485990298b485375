// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

func TestChangedOrRequestedObjectNeedsFreshFacts(t *testing.T) {
	t.Parallel()
	request := func(obj *v1alpha1.JujuSecret, requested, handled string) {
		if requested != "" {
			obj.Annotations = map[string]string{v1alpha1.AnnotationReconcileRequestedAt: requested}
		}
		obj.Status.LastHandledReconcileAt = handled
	}
	for name, row := range map[string]struct {
		requested, handled string
		generation         int64
		want               plan.Age
	}{
		"unchanged":                       {"", "", 2, plan.AsKnown},
		"new generation":                  {"", "", 3, plan.Recent},
		"requested":                       {"noon", "", 2, plan.Fresh},
		"requested again":                 {"later", "noon", 2, plan.Fresh},
		"request handled":                 {"noon", "noon", 2, plan.AsKnown},
		"request handled, new generation": {"noon", "noon", 3, plan.Recent},
		"requested, new generation":       {"noon", "", 3, plan.Fresh},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := ready()
			request(obj, row.requested, row.handled)
			obj.Generation, obj.Status.ObservedGeneration = row.generation, 2
			if got := age(obj, obj.Status.ObservedGeneration, obj.Status.LastHandledReconcileAt); got != row.want {
				t.Errorf("age returned %v, want %v", got, row.want)
			}
		})
	}
}
