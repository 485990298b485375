// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

func TestControllerStatus(t *testing.T) {
	t.Parallel()
	const connected, loggedIn = v1alpha1.ReasonConnected, "logged in to the controller"
	const tooMuch = loggedIn + "; the user operator has more access than it needs, admin of prod/app: " +
		"write access is enough"
	const second, third = "10.0.0.2:17070", "10.0.0.3:17070"
	const faults, faulty = v1alpha1.ConditionKnownFaults, v1alpha1.ReasonFaultyJujuVersion
	faultsOf := func(version string) string { return plan.KnownFaults(version).Message }
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
			in.done.Condition, in.health = plan.Condition{Reason: reason, Message: message}, plan.Health{}
		}
	}
	says := func(event status.Event, also string) func(*out) {
		return func(out *out) {
			out.Status.Conditions = []metav1.Condition{
				condition(readyCond, no, now, event.Reason, event.Message),
				condition(also, yes, now, event.Reason, event.Message),
			}
			out.Report.Events = []status.Event{event}
		}
	}
	loggedInWith := func(certificate string) func(*in) {
		return func(in *in) {
			in.old.CACertificate, in.done.CACertificate = "before", certificate
			in.spec.CACertificateFrom = &v1alpha1.CertificateSource{
				ConfigMapRef: &v1alpha1.KeyReference{Name: "juju-ca"},
			}
		}
	}
	keeps := func(certificate string) func(*out) {
		return func(out *out) { out.Status.CACertificate = certificate }
	}
	tests := map[string]struct {
		given func(*in)
		want  func(*out)
	}{
		"no change": {},
		"connected for the first time": {
			given: func(in *in) { in.old = v1alpha1.JujuControllerStatus{} },
			want: func(out *out) {
				out.Status = v1alpha1.JujuControllerStatus{
					ObservedGeneration: generation, ControllerUUID: modelUUID, Version: "4.0.12", User: "operator",
					SecretsFacadeVersion: 2, ReachableAddresses: []string{second, third},
					Models: []v1alpha1.ModelStatus{
						{UUID: modelUUID, Name: "prod/app", Access: "write", CheckedBy: "Listing", Objects: 2},
					},
					Conditions: []metav1.Condition{condition(readyCond, yes, now, connected, loggedIn)},
				}
			},
		},
		"unknown facts are kept": {
			given: func(in *in) { in.health.SecretsFacade, in.health.Reachable, in.health.Models = 0, nil, nil },
		},
		"excess access is reported while it is unknown": {
			given: func(in *in) {
				in.old.Models[0].Access, in.old.Conditions[0].Message = "admin", tooMuch
				in.health.Models = nil
			},
			want: func(out *out) { out.Status.Models[0].Access, out.Status.Conditions[0].Message = "admin", tooMuch },
		},
		"excess access to an unused model is not reported": {
			given: func(in *in) {
				in.old.Models[0].Access, in.old.Conditions[0].Message = "admin", tooMuch
				in.uses, in.health.Models = nil, map[string]plan.ModelHealth{
					modelUUID: {Name: "prod/app", Access: "admin"},
				}
			},
			want: func(out *out) { out.Status.Models, out.Status.Conditions[0].Message = nil, loggedIn },
		},
		"no address answers": {
			given: func(in *in) { in.health.Reachable = []string{} },
			want:  func(out *out) { out.Status.ReachableAddresses = nil },
		},
		"addresses are in the order of the spec": {
			given: func(in *in) { in.health.Reachable = []string{third, second} },
		},
		"a removed address is not reported": {
			given: func(in *in) { in.spec.Addresses, in.health.Reachable = []string{third}, nil },
			want:  func(out *out) { out.Status.ReachableAddresses = []string{third} },
		},
		"no model is in use": {
			given: func(in *in) { in.uses = nil },
			want:  func(out *out) { out.Status.Models = nil },
		},
		"models are sorted by name": {
			given: func(in *in) {
				in.uses = append(in.uses, plan.ModelUse{UUID: "b", Objects: 1},
					plan.ModelUse{UUID: "a", Name: "prod/a", Objects: 3})
				in.health.Models["a"] = plan.ModelHealth{Name: "prod/renamed", Access: "read"}
			},
			want: func(out *out) {
				out.Status.Models = []v1alpha1.ModelStatus{
					{UUID: "b", Objects: 1}, out.Status.Models[0],
					{UUID: "a", Name: "prod/renamed", Access: "read", CheckedBy: "Listing", Objects: 3},
				}
			},
		},
		"a model with many secrets of others": {
			given: func(in *in) {
				in.health.Models[modelUUID] = plan.ModelHealth{Name: "prod/app", Access: "write", CheckedBy: "Lookups"}
			},
			want: func(out *out) { out.Status.Models[0].CheckedBy = "Lookups" },
		},
		"how a model is checked is kept until it is decided again": {
			given: func(in *in) { in.old.Models[0].CheckedBy = "Lookups" },
			want:  func(out *out) { out.Status.Models[0].CheckedBy = "Lookups" },
		},
		"the number of models is limited": {
			given: func(in *in) {
				for i := range 1000 {
					in.uses = append(in.uses,
						plan.ModelUse{UUID: fmt.Sprintf("%03d", i), Name: fmt.Sprintf("prod/b%03d", i), Objects: 1})
				}
			},
			want: func(out *out) {
				for i := range 199 {
					out.Status.Models = append(out.Status.Models, v1alpha1.ModelStatus{
						UUID: fmt.Sprintf("%03d", i), Name: fmt.Sprintf("prod/b%03d", i), Objects: 1,
					})
				}
			},
		},
		"an upgrade": {
			given: func(in *in) { in.health.Version = "4.1.0" },
			want:  func(out *out) { out.Status.Version = "4.1.0" },
		},
		"an upgrade to a version with known faults": {
			given: func(in *in) { in.health.Version = "4.0.13" },
			want: func(out *out) {
				out.Status.Version = "4.0.13"
				out.Status.Conditions = append(out.Status.Conditions, condition(faults, yes, now, faulty, faultsOf("4.0.13")))
				out.Report.Events = []status.Event{warning(faulty, faultsOf("4.0.13"))}
			},
		},
		"a version with known faults": {
			given: func(in *in) {
				in.old.Version, in.health.Version = "4.0.13", "4.0.13"
				in.old.Conditions = append(in.old.Conditions, condition(faults, yes, then, faulty, faultsOf("4.0.13")))
			},
		},
		"an upgrade between versions with known faults": {
			given: func(in *in) {
				in.old.Version, in.health.Version = "4.0.13", "4.0.11"
				in.old.Conditions = append(in.old.Conditions, condition(faults, yes, then, faulty, faultsOf("4.0.13")))
			},
			want: func(out *out) {
				out.Status.Version, out.Status.Conditions[1].Message = "4.0.11", faultsOf("4.0.11")
				out.Report.Events = []status.Event{warning(faulty, faultsOf("4.0.11"))}
			},
		},
		"an upgrade from a version with known faults": {
			given: func(in *in) {
				in.old.Version = "4.0.13"
				in.old.Conditions = append(in.old.Conditions, condition(faults, yes, then, faulty, faultsOf("4.0.13")))
			},
			want: func(out *out) { out.Status.Version, out.Status.Conditions = "4.0.12", out.Status.Conditions[:1] },
		},
		"an unreachable controller with known faults": {
			given: all(broken(unreachable, notConnected), func(in *in) {
				in.old.Version = "4.0.13"
				in.old.Conditions = append(in.old.Conditions, condition(faults, yes, then, faulty, faultsOf("4.0.13")))
			}),
			want: func(out *out) {
				known := out.Status.Conditions[1]
				says(warning(unreachable, notConnected), reconciling)(out)
				out.Status.Conditions = slices.Insert(out.Status.Conditions, 1, known)
			},
		},
		"an unreachable controller is not ready": {
			given: broken(unreachable, notConnected),
			want:  says(warning(unreachable, notConnected), reconciling),
		},
		"a requested login that has not ended": {
			given: all(broken(unreachable, notConnected), func(in *in) { in.health.Pending = true }),
			want: all(says(warning(unreachable, notConnected), reconciling), func(out *out) {
				out.Report.LookAgain = time.Second
			}),
		},
		"a refused password": {
			given: broken(v1alpha1.ReasonCredentialsRejected, "wrong"),
			want:  says(warning(v1alpha1.ReasonCredentialsRejected, "wrong"), stalled),
		},
		"deleted while in use": {
			given: func(in *in) {
				in.done.Condition = plan.Condition{Reason: v1alpha1.ReasonInUse, Message: "by team-a/db"}
			},
			want: func(out *out) {
				says(warning(v1alpha1.ReasonInUse, "by team-a/db"), reconciling)(out)
				out.Report.LookAgain = time.Second
			},
		},
		"the CA certificate from a source is stored": {loggedInWith("PEM"), keeps("PEM")},
		"the CA certificate of the last login is kept": {
			all(loggedInWith("PEM"), broken(v1alpha1.ReasonCertificateMismatch, "wrong")),
			all(says(warning(v1alpha1.ReasonCertificateMismatch, "wrong"), stalled), keeps("before")),
		},
		"the CA certificate is kept while its source is missing": {
			all(loggedInWith(""), broken(noSource, "gone")),
			all(says(normal(noSource, "gone"), reconciling), keeps("before")),
		},
		"the CA certificate is removed without a source": {
			all(loggedInWith("PEM"), func(in *in) { in.spec.CACertificateFrom = nil }), keeps(""),
		},
		"the CA certificate is removed without a login": {
			all(loggedInWith(""), broken(unreachable, notConnected), func(in *in) { in.spec.CACertificateFrom = nil }),
			all(says(warning(unreachable, notConnected), reconciling), keeps("")),
		},
		"a bundle of the maximum size is stored": {
			loggedInWith(strings.Repeat("x", 1<<16)), keeps(strings.Repeat("x", 1<<16)),
		},
		"a bigger bundle is not stored": {loggedInWith(strings.Repeat("x", 1<<16+1)), keeps("")},
		"missing credentials": {
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
					Models: []v1alpha1.ModelStatus{
						{UUID: modelUUID, Name: "prod/app", Access: "write", CheckedBy: "Listing", Objects: 2},
					},
					Conditions: []metav1.Condition{condition(readyCond, yes, then, connected, loggedIn)},
				},
				spec: v1alpha1.JujuControllerSpec{Addresses: []string{"10.0.0.1:17070", second, third}},
				uses: []plan.ModelUse{{UUID: modelUUID, Name: "prod/app", Objects: 2}},
				done: plan.ControllerPlan{Condition: plan.Condition{Reason: connected, Message: loggedIn}},
				health: plan.Health{
					ControllerUUID: modelUUID, Version: "4.0.12", User: "operator", SecretsFacade: 2,
					Reachable: []string{second, third},
					Models:    map[string]plan.ModelHealth{modelUUID: {Name: "prod/app", Access: "write"}},
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
			got.Status, got.Report = status.NextController(given.old, &given.spec, generation, given.done, given.health,
				given.uses, now)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("NextController (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(*before, given.old); diff != "" {
				t.Errorf("the old status was changed (-want +got):\n%s", diff)
			}
		})
	}
}
