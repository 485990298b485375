// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"fmt"
	"strings"
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
	const tooMuch = loggedIn + "; the user operator has more access than it needs, admin of prod/app: write access is enough"
	const second, third = "10.0.0.2:17070", "10.0.0.3:17070"
	type in struct {
		old    v1alpha1.JujuControllerStatus
		spec   v1alpha1.JujuControllerSpec
		uses   []plan.ModelUse
		done   plan.ControllerPlan
		health plan.Health
	}
	type out struct {
		Status v1alpha1.JujuControllerStatus
		Report status.Report
	}
	broken := func(reason v1alpha1.Reason, message string) func(*in) {
		return func(in *in) {
			in.done.Verdict, in.health = plan.Verdict{Reason: reason, Message: message}, plan.Health{}
		}
	}
	says := func(event status.Event, also string) func(*out) {
		return func(out *out) {
			out.Status.Conditions = []metav1.Condition{
				condition(readyCond, no, now, event.Reason, event.Message), condition(also, yes, now, event.Reason, event.Message),
			}
			out.Report.Events = []status.Event{event}
		}
	}
	loggedInWith := func(certificate string) func(*in) {
		return func(in *in) {
			in.old.CACertificate, in.done.CACertificate = "before", certificate
			in.spec.CACertificateFrom = &v1alpha1.CertificateSource{ConfigMapRef: &v1alpha1.KeyReference{Name: "juju-ca"}}
		}
	}
	keeps := func(certificate string) func(*out) {
		return func(out *out) { out.Status.CACertificate = certificate }
	}
	tests := map[string]struct {
		given func(*in)
		want  func(*out)
	}{
		"nothing is new": {},
		"connected for the first time": {
			given: func(in *in) { in.old = v1alpha1.JujuControllerStatus{} },
			want: func(out *out) {
				out.Status = v1alpha1.JujuControllerStatus{
					ObservedGeneration: generation, ControllerUUID: modelUUID, Version: "4.0.12", User: "operator",
					SecretsFacadeVersion: 2, ReachableAddresses: []string{second, third},
					Models:     []v1alpha1.ModelStatus{{UUID: modelUUID, Name: "prod/app", Access: "write", Objects: 2}},
					Conditions: []metav1.Condition{condition(readyCond, yes, now, connected, loggedIn)},
				}
			},
		},
		"what is not known yet stays as it was": {
			given: func(in *in) { in.health.SecretsFacade, in.health.Reachable, in.health.Models = 0, nil, nil },
		},
		"what the user may do too much is told, also while it is not known yet": {
			given: func(in *in) {
				in.old.Models[0].Access, in.old.Conditions[0].Message = "admin", tooMuch
				in.health.Models = nil
			},
			want: func(out *out) { out.Status.Models[0].Access, out.Status.Conditions[0].Message = "admin", tooMuch },
		},
		"what the user may do in a model that nobody uses any more is not told": {
			given: func(in *in) {
				in.old.Models[0].Access, in.old.Conditions[0].Message = "admin", tooMuch
				in.uses, in.health.Models = nil, map[string]plan.ModelHealth{modelUUID: {Name: "prod/app", Access: "admin"}}
			},
			want: func(out *out) { out.Status.Models, out.Status.Conditions[0].Message = nil, loggedIn },
		},
		"no address answers": {
			given: func(in *in) { in.health.Reachable = []string{} },
			want:  func(out *out) { out.Status.ReachableAddresses = nil },
		},
		"the addresses are in the order of the spec": {
			given: func(in *in) { in.health.Reachable = []string{third, second} },
		},
		"an address that the spec has no more is not told of": {
			given: func(in *in) { in.spec.Addresses, in.health.Reachable = []string{third}, nil },
			want:  func(out *out) { out.Status.ReachableAddresses = []string{third} },
		},
		"nobody uses a model any more": {
			given: func(in *in) { in.uses = nil },
			want:  func(out *out) { out.Status.Models = nil },
		},
		"models are told of by name, as far as anybody knows": {
			given: func(in *in) {
				in.uses = append(in.uses, plan.ModelUse{UUID: "b", Objects: 1}, plan.ModelUse{UUID: "a", Name: "prod/a", Objects: 3})
				in.health.Models["a"] = plan.ModelHealth{Name: "prod/renamed", Access: "read"}
			},
			want: func(out *out) {
				out.Status.Models = []v1alpha1.ModelStatus{
					{UUID: "b", Objects: 1}, out.Status.Models[0], {UUID: "a", Name: "prod/renamed", Access: "read", Objects: 3},
				}
			},
		},
		"of too many models some are told of": {
			given: func(in *in) {
				for i := range 1000 {
					in.uses = append(in.uses, plan.ModelUse{UUID: fmt.Sprintf("%03d", i), Name: fmt.Sprintf("prod/b%03d", i), Objects: 1})
				}
			},
			want: func(out *out) {
				for i := range 199 {
					out.Status.Models = append(out.Status.Models,
						v1alpha1.ModelStatus{UUID: fmt.Sprintf("%03d", i), Name: fmt.Sprintf("prod/b%03d", i), Objects: 1})
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
			given: func(in *in) { in.done.Verdict = plan.Verdict{Reason: v1alpha1.ReasonInUse, Message: "by team-a/db"} },
			want: func(out *out) {
				says(warning(v1alpha1.ReasonInUse, "by team-a/db"), reconciling)(out)
				out.Report.LookAgain = time.Second
			},
		},
		"the CA certificate of a login is kept, if it has a source": {loggedInWith("PEM"), keeps("PEM")},
		"that of the login before is kept until there is another one": {
			all(loggedInWith("PEM"), broken(v1alpha1.ReasonCertificateMismatch, "wrong")),
			all(says(warning(v1alpha1.ReasonCertificateMismatch, "wrong"), stalled), keeps("before")),
		},
		"it is kept while its source is missing": {
			all(loggedInWith(""), broken(noSource, "gone")), all(says(normal(noSource, "gone"), reconciling), keeps("before")),
		},
		"it is not kept any more once the spec has it, or has none": {
			all(loggedInWith("PEM"), func(in *in) { in.spec.CACertificateFrom = nil }), keeps(""),
		},
		"nor then while there is no login": {
			all(loggedInWith(""), broken(unreachable, notConnected), func(in *in) { in.spec.CACertificateFrom = nil }),
			all(says(warning(unreachable, notConnected), reconciling), keeps("")),
		},
		"a bundle as big as the spec may have is kept": {loggedInWith(strings.Repeat("x", 1<<16)), keeps(strings.Repeat("x", 1<<16))},
		"a bigger one is not":                          {loggedInWith(strings.Repeat("x", 1<<16+1)), keeps("")},
		"without credentials": {
			given: broken(noSource, "gone"),
			want:  says(normal(noSource, "gone"), reconciling),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			given := in{
				old: v1alpha1.JujuControllerStatus{
					ObservedGeneration: generation, ControllerUUID: modelUUID, Version: "4.0.12", User: "operator",
					SecretsFacadeVersion: 2, ReachableAddresses: []string{second, third},
					Models:     []v1alpha1.ModelStatus{{UUID: modelUUID, Name: "prod/app", Access: "write", Objects: 2}},
					Conditions: []metav1.Condition{condition(readyCond, yes, then, connected, loggedIn)},
				},
				spec: v1alpha1.JujuControllerSpec{Addresses: []string{"10.0.0.1:17070", second, third}},
				uses: []plan.ModelUse{{UUID: modelUUID, Name: "prod/app", Objects: 2}},
				done: plan.ControllerPlan{Verdict: plan.Verdict{Reason: connected, Message: loggedIn}},
				health: plan.Health{
					ControllerUUID: modelUUID, Version: "4.0.12", User: "operator", SecretsFacade: 2, Reachable: []string{second, third},
					Models: map[string]plan.ModelHealth{modelUUID: {Name: "prod/app", Access: "write"}},
				},
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
			got.Status, got.Report = status.NextController(given.old, &given.spec, generation, given.done, given.health, given.uses, now)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("NextController (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(*before, given.old); diff != "" {
				t.Errorf("the old status was changed (-want +got):\n%s", diff)
			}
		})
	}
}
