// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

func TestTheStatusOfAControllerIsHowTheOperatorStandsWithIt(t *testing.T) {
	t.Parallel()
	const connected, loggedIn = v1alpha1.ReasonConnected, "logged in to the controller"
	type in struct {
		old     v1alpha1.ClusterJujuControllerStatus
		verdict plan.Verdict
		health  plan.Health
	}
	type out struct {
		Status v1alpha1.ClusterJujuControllerStatus
		Report status.Report
	}
	broken := func(reason v1alpha1.Reason, message string) func(*in) {
		return func(in *in) { in.verdict, in.health = plan.Verdict{Reason: reason, Message: message}, plan.Health{} }
	}
	says := func(event status.Event, also string) func(*out) {
		return func(out *out) {
			out.Status.Conditions = []metav1.Condition{
				condition(readyCond, no, now, event.Reason, event.Message), condition(also, yes, now, event.Reason, event.Message),
			}
			out.Report.Events = []status.Event{event}
		}
	}
	tests := map[string]struct {
		given func(*in)
		want  func(*out)
	}{
		"nothing is new": {},
		"connected for the first time": {
			given: func(in *in) { in.old = v1alpha1.ClusterJujuControllerStatus{} },
			want: func(out *out) {
				out.Status = v1alpha1.ClusterJujuControllerStatus{
					ObservedGeneration: generation, ControllerUUID: modelUUID, Version: "4.0.12",
					Conditions: []metav1.Condition{condition(readyCond, yes, now, connected, loggedIn)},
				}
			},
		},
		"upgraded": {
			given: func(in *in) { in.health.Version = "4.1.0" },
			want:  func(out *out) { out.Status.Version = "4.1.0" },
		},
		"away: it is not connected, whatever of its users can go on": {
			given: broken(unreachable, notConnected),
			want:  says(warning(unreachable, notConnected), reconciling),
		},
		"of another password": {
			given: broken(v1alpha1.ReasonCredentialsRejected, "wrong"),
			want:  says(warning(v1alpha1.ReasonCredentialsRejected, "wrong"), stalled),
		},
		"to be deleted, and in use": {
			given: func(in *in) { in.verdict = plan.Verdict{Reason: v1alpha1.ReasonInUse, Message: "by team-a/db"} },
			want: func(out *out) {
				says(warning(v1alpha1.ReasonInUse, "by team-a/db"), reconciling)(out)
				out.Report.LookAgain = time.Second
			},
		},
		"without credentials": {
			given: broken(noSource, "gone"),
			want:  says(normal(noSource, "gone"), reconciling),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			given := in{
				old: v1alpha1.ClusterJujuControllerStatus{
					ObservedGeneration: generation, ControllerUUID: modelUUID, Version: "4.0.12",
					Conditions: []metav1.Condition{condition(readyCond, yes, then, connected, loggedIn)},
				},
				verdict: plan.Verdict{Reason: connected, Message: loggedIn},
				health:  plan.Health{ControllerUUID: modelUUID, Version: "4.0.12"},
			}
			if test.given != nil {
				test.given(&given)
			}
			want := out{Status: *given.old.DeepCopy()}
			if test.want != nil {
				test.want(&want)
			}
			before := given.old.DeepCopy()
			var got out
			got.Status, got.Report = status.NextController(given.old, generation, given.verdict, given.health, now)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("NextController (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(*before, given.old); diff != "" {
				t.Errorf("the old status was changed (-want +got):\n%s", diff)
			}
		})
	}
}
