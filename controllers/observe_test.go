// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

func TestTheNewerAnObjectTheYoungerIsWhatItIsDecidedOn(t *testing.T) {
	t.Parallel()
	asked := func(obj *v1alpha1.JujuSecret, requested, handled string) {
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
		"an object that is as it was":                 {"", "", 2, plan.AsKnown},
		"one with another spec":                       {"", "", 3, plan.Recent},
		"one that asks for a look":                    {"noon", "", 2, plan.Fresh},
		"one that asks again":                         {"later", "noon", 2, plan.Fresh},
		"one that asked, and was looked at":           {"noon", "noon", 2, plan.AsKnown},
		"one that asked, and has another spec by now": {"noon", "noon", 3, plan.Recent},
		"one with another spec that asks for a look":  {"noon", "", 3, plan.Fresh},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := ready()
			asked(obj, row.requested, row.handled)
			obj.Generation, obj.Status.ObservedGeneration = row.generation, 2
			if got := age(obj, obj.Status.ObservedGeneration, obj.Status.LastHandledReconcileAt); got != row.want {
				t.Errorf("the age is %v, want %v", got, row.want)
			}
		})
	}
}
