// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

func TestChangedRequestedOrWaitingObjectNeedsFreshFacts(t *testing.T) {
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
		waits              v1alpha1.Reason
		want               plan.Age
		within             time.Duration
	}{
		"unchanged":                       {"", "", 2, "", plan.AsKnown, 0},
		"new generation":                  {"", "", 3, "", plan.Recent, 0},
		"requested":                       {"noon", "", 2, "", plan.Fresh, 0},
		"requested again":                 {"later", "noon", 2, "", plan.Fresh, 0},
		"request handled":                 {"noon", "noon", 2, "", plan.AsKnown, 0},
		"request handled, new generation": {"noon", "noon", 3, "", plan.Recent, 0},
		"requested, new generation":       {"noon", "", 3, "", plan.Fresh, 0},
		"waiting for a secret":            {"", "", 2, v1alpha1.ReasonSecretNotFound, plan.Awaited, 27 * time.Second},
		"waiting for a name":              {"", "", 2, v1alpha1.ReasonNameTaken, plan.Awaited, 54 * time.Second},
		"waiting for grants":              {"", "", 2, v1alpha1.ReasonTransferringGrants, plan.Awaited, 27 * time.Second},
		"waiting for another object":      {"", "", 2, v1alpha1.ReasonConflict, plan.AsKnown, 0},
		"waiting for a source":            {"", "", 2, v1alpha1.ReasonSourceNotFound, plan.AsKnown, 0},
		"waiting, new generation":         {"", "", 3, v1alpha1.ReasonSecretNotFound, plan.Recent, 0},
		"waiting, requested":              {"noon", "", 2, v1alpha1.ReasonSecretNotFound, plan.Fresh, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := ready()
			request(obj, row.requested, row.handled)
			obj.Generation, obj.Status.ObservedGeneration = row.generation, 2
			now := time.Now()
			if row.waits != "" {
				obj.Status.Conditions = waitingFor(row.waits, now.Add(-time.Hour))
			}
			b := &base{Options: Options{Now: func() time.Time { return now }}}
			got, within := b.age(obj, obj.Status.ObservedGeneration, obj.Status.LastHandledReconcileAt)
			if got != row.want || within != row.within {
				t.Errorf("age returned %v within %v, want %v within %v", got, within, row.want, row.within)
			}
		})
	}
}

// waitingFor returns the conditions of an object that waits since a time.
func waitingFor(reason v1alpha1.Reason, since time.Time) (conditions []metav1.Condition) {
	for _, kind := range []string{v1alpha1.ConditionReady, status.HandlingOf(reason).Also} {
		conditions = append(conditions, metav1.Condition{
			Type: kind, Reason: string(reason), LastTransitionTime: metav1.NewTime(since),
		})
	}
	return conditions
}
