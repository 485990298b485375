// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

const (
	modelUUID    = "6f3b1a52-8f0e-4f3c-8d38-6f1f4a1c9d01"
	dbID         = "9m4e2mr0ui3e8a215n4g"
	otherID      = "9m4e2mr0ui3e8a215n50"
	inSync       = "Juju holds what the spec asks for"
	generation   = 2
	readyCond    = v1alpha1.ConditionReady
	reconciling  = v1alpha1.ConditionReconciling
	stalled      = v1alpha1.ConditionStalled
	unreachable  = v1alpha1.ReasonJujuUnreachable
	noSource     = v1alpha1.ReasonSourceNotFound
	synced       = v1alpha1.ReasonSynced
	elsewhere    = "example.com/Elsewhere"
	yes          = metav1.ConditionTrue
	no           = metav1.ConditionFalse
	notConnected = "no route to host"
)

// The times of the tables: the last change of the conditions, and now.
var (
	then = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	now  = then.Add(time.Hour)
)

// condition returns a condition of the current generation.
func condition(
	kind string, state metav1.ConditionStatus, since time.Time, reason v1alpha1.Reason, message string,
) metav1.Condition {
	return metav1.Condition{
		Type: kind, Status: state, ObservedGeneration: generation, LastTransitionTime: metav1.NewTime(since),
		Reason: string(reason), Message: message,
	}
}

// ofGeneration sets the generation of conditions.
func ofGeneration(n int64, conditions ...metav1.Condition) []metav1.Condition {
	for i := range conditions {
		conditions[i].ObservedGeneration = n
	}
	return conditions
}

func warning(reason v1alpha1.Reason, message string) status.Event {
	return status.Event{Type: corev1.EventTypeWarning, Reason: reason, Message: message}
}

func normal(reason v1alpha1.Reason, message string) status.Event {
	return status.Event{Type: corev1.EventTypeNormal, Reason: reason, Message: message}
}

// failure returns the outcome of a failed step.
func failure(reason v1alpha1.Reason, message string) plan.Outcome {
	return plan.Outcome{Problem: &plan.Problem{Reason: reason, Message: message}}
}

// secretIn holds the arguments of NextSecret, secretOut its results.
type (
	secretIn struct {
		old        v1alpha1.JujuSecretStatus
		generation int64
		plan       plan.Plan
		outcomes   []plan.Outcome
		now        time.Time
	}
	secretOut struct {
		Status v1alpha1.JujuSecretStatus
		Report status.Report
	}
)

// verdict sets a plan with a condition and without a secret.
func verdict(reason v1alpha1.Reason, message string) func(*secretIn) {
	return func(in *secretIn) {
		in.plan = plan.Plan{Condition: plan.Condition{Reason: reason, Message: message}}
	}
}

// was sets the old conditions.
func was(conditions ...metav1.Condition) func(*secretIn) {
	return func(in *secretIn) { in.old.Conditions = conditions }
}

// becomes sets the new conditions and events.
func becomes(conditions []metav1.Condition, events ...status.Event) func(*secretOut) {
	return func(out *secretOut) { out.Status.Conditions, out.Report.Events = conditions, events }
}

// all applies several changes.
func all[T any](changes ...func(*T)) func(*T) {
	return func(v *T) {
		for _, change := range changes {
			change(v)
		}
	}
}

// secretTest modifies the arguments for a JujuSecret in sync, and its unchanged
// status.
type secretTest struct {
	given func(*secretIn)
	want  func(*secretOut)
}

// resync sets the time of the next look at an object that is not in sync, if its
// reason asks for none.
func resync(conditions []metav1.Condition, report *status.Report) {
	inSync := meta.IsStatusConditionTrue(conditions, readyCond) &&
		!meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReconciling)
	if report.LookAgain == 0 && !inSync {
		report.LookAgain = plan.MaxResync
	}
}

func runSecretTests(t *testing.T, tests map[string]secretTest) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := secretInSync()
			if test.given != nil {
				test.given(&in)
			}
			want := secretOut{Status: *in.old.DeepCopy()}
			want.Status.ObservedGeneration = in.generation
			if test.want != nil {
				test.want(&want)
			}
			resync(want.Status.Conditions, &want.Report)
			before := in.old.DeepCopy()
			var got secretOut
			got.Status, got.Report = status.NextSecret(in.old, in.generation, in.plan, in.outcomes, in.now)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("NextSecret (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(*before, in.old); diff != "" {
				t.Errorf("the old status was changed (-want +got):\n%s", diff)
			}
		})
	}
}

func secretInSync() secretIn {
	return secretIn{
		old: v1alpha1.JujuSecretStatus{
			ObservedGeneration: generation,
			Conditions:         []metav1.Condition{condition(readyCond, yes, then, synced, inSync)},
			ModelUUID:          modelUUID, SecretID: dbID, URI: "secret:" + dbID, Managed: true, Revision: 3,
		},
		generation: generation,
		plan: plan.Plan{
			Condition: plan.Condition{Reason: synced, Message: inSync}, ModelUUID: modelUUID,
			Secret: &plan.UserSecret{ID: dbID, Name: "db", Revision: 3},
		},
		now: now,
	}
}
