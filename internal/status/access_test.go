// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

// holding is content with one key.
func holding(value string) content.Content {
	return content.New(map[string][]byte{"password": []byte(value)})
}

// accessIn is what NextAccess takes, and accessOut what it gives.
type (
	accessIn struct {
		old      v1alpha1.JujuSecretAccessStatus
		seen     plan.AccessSeen
		plan     plan.Plan
		outcomes []plan.Outcome
	}
	accessOut struct {
		Status v1alpha1.JujuSecretAccessStatus
		Report status.Report
	}
	// accessTest is a row: what is different from a JujuSecretAccess in sync about which there is nothing new, in what
	// goes in and in what comes out.
	accessTest struct {
		given func(*accessIn)
		want  func(*accessOut)
	}
)

func accessInSync() accessIn {
	return accessIn{
		old: v1alpha1.JujuSecretAccessStatus{
			ObservedGeneration: generation,
			Conditions:         []metav1.Condition{condition(readyCond, yes, then, synced, inSync)},
			Controller:         "default", Model: "prod/app", ModelUUID: modelUUID, SecretID: dbID, Granted: "2/2",
			Applications: []v1alpha1.ApplicationStatus{is("app1", v1alpha1.ApplicationGranted), is("app2", v1alpha1.ApplicationGranted)},
		},
		seen: plan.AccessSeen{
			Want: []string{"app2", "app1"},
			Target: plan.Target{
				Model: plan.ModelRef{Controller: "default", Name: "prod/app"}, Query: plan.Query{ID: dbID},
			},
		},
		plan: plan.Plan{
			Verdict: plan.Verdict{Reason: synced, Message: inSync}, ModelUUID: modelUUID,
			Secret: &plan.UserSecret{ID: dbID, Name: "db", Revision: 3, Granted: []string{"app1", "app2", "app9"}},
		},
	}
}

func runAccessTests(t *testing.T, tests map[string]accessTest) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := accessInSync()
			if test.given != nil {
				test.given(&in)
			}
			want := accessOut{Status: *in.old.DeepCopy()}
			if test.want != nil {
				test.want(&want)
			}
			before := in.old.DeepCopy()
			var got accessOut
			got.Status, got.Report = status.NextAccess(in.old, generation, in.seen, in.plan, in.outcomes, now)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("NextAccess (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(*before, in.old); diff != "" {
				t.Errorf("the old status was changed (-want +got):\n%s", diff)
			}
		})
	}
}

// is is the state of an application, with a message or none.
func is(app string, state v1alpha1.ApplicationState, message ...string) v1alpha1.ApplicationStatus {
	result := v1alpha1.ApplicationStatus{Name: app, State: state}
	for _, m := range message {
		result.Message = m
	}
	return result
}

// have sets the states of the applications, of which so many are granted.
func have(granted string, apps ...v1alpha1.ApplicationStatus) func(*accessOut) {
	return func(out *accessOut) { out.Status.Granted, out.Status.Applications = granted, apps }
}

// says sets the condition and the event of a verdict that is new.
func says(event status.Event, also string) func(*accessOut) {
	return func(out *accessOut) {
		out.Status.Conditions = []metav1.Condition{
			condition(readyCond, no, now, event.Reason, event.Message), condition(also, yes, now, event.Reason, event.Message),
		}
		out.Report.Events = append(out.Report.Events, event)
		out.Report.LookAgain = min(status.HandlingOf(event.Reason).LookAgain, time.Second)
	}
}

// grants has a plan that grants both applications, which nobody had before, and ends in some way.
func grants(outcome plan.Outcome) func(*accessIn) {
	return func(in *accessIn) {
		in.plan.Secret.Granted = nil
		in.plan.Steps = []plan.Step{plan.Grant{ID: dbID, Applications: []string{"app1", "app2"}}}
		in.outcomes = []plan.Outcome{outcome}
	}
}

// did adds an event of something done.
func did(reason v1alpha1.Reason, message string) func(*accessOut) {
	return func(out *accessOut) { out.Report.Events = append(out.Report.Events, normal(reason, message)) }
}

func TestEachApplicationHasItsOwnState(t *testing.T) {
	t.Parallel()
	const granted, pending, failed = v1alpha1.ApplicationGranted, v1alpha1.ApplicationPending, v1alpha1.ApplicationFailed
	failing := func(apps map[string]plan.Trouble) func(*accessIn) { return grants(plan.Outcome{Applications: apps}) }
	notFound := plan.Trouble{Kind: plan.ApplicationNotFound, Message: "no such application"}
	refused := plan.Trouble{Kind: plan.Refused, Message: "not this one"}
	runAccessTests(t, map[string]accessTest{
		"nothing is new": {},
		"granted, since they have it": {
			given: func(in *accessIn) { in.old.Applications, in.old.Granted = nil, "" },
			want:  have("2/2", is("app1", granted), is("app2", granted)),
		},
		"granted, since they were given it just now": {
			given: grants(plan.Outcome{}),
			want:  did(v1alpha1.ReasonGranted, "granted secret:"+dbID+" to app1, app2"),
		},
		"pending, until it is deployed": {
			given: failing(map[string]plan.Trouble{"app2": notFound}),
			want: all(have("1/2", is("app1", granted), is("app2", pending, notFound.Message)),
				did(v1alpha1.ReasonGranted, "granted secret:"+dbID+" to app1"),
				says(normal(v1alpha1.ReasonApplicationNotFound, notFound.Message), reconciling)),
		},
		"failed, since Juju refused": {
			given: failing(map[string]plan.Trouble{"app1": refused}),
			want: all(have("1/2", is("app1", failed, refused.Message), is("app2", granted)),
				did(v1alpha1.ReasonGranted, "granted secret:"+dbID+" to app2"),
				says(warning(v1alpha1.ReasonRefused, refused.Message), stalled)),
		},
		"one failed and one pending, each with its own words": {
			given: failing(map[string]plan.Trouble{"app1": refused, "app2": notFound}),
			want: all(have("0/2", is("app1", failed, refused.Message), is("app2", pending, notFound.Message)),
				says(warning(v1alpha1.ReasonRefused, refused.Message+"; "+notFound.Message), stalled)),
		},
		"pending, since nobody got an answer": {
			given: grants(trouble(plan.Failed, "what?")),
			want: all(have("0/2", is("app1", pending, "what?"), is("app2", pending, "what?")),
				says(warning(v1alpha1.ReasonFailed, "what?"), reconciling)),
		},
		"pending, since something before the grant failed": {
			given: func(in *accessIn) {
				in.plan.Secret.Granted = []string{"app1", "app9"}
				in.plan.Steps = []plan.Step{
					plan.Revoke{ID: dbID, Applications: []string{"app9"}}, plan.Grant{ID: dbID, Applications: []string{"app2"}},
				}
				in.outcomes = []plan.Outcome{trouble(plan.Failed, "what?"), {NotTried: true}}
			},
			want: all(have("1/2", is("app1", granted), is("app2", pending, "what?")),
				says(warning(v1alpha1.ReasonFailed, "what?"), reconciling)),
		},
		"granted, whatever could not be revoked": {
			given: func(in *accessIn) {
				in.plan.Secret.Granted = []string{"app1", "app9"}
				in.plan.Steps = []plan.Step{
					plan.Revoke{ID: dbID, Applications: []string{"app9"}}, plan.Grant{ID: dbID, Applications: []string{"app2"}},
				}
				in.outcomes = []plan.Outcome{{Applications: map[string]plan.Trouble{"app9": refused}}, {}}
			},
			want: all(did(v1alpha1.ReasonGranted, "granted secret:"+dbID+" to app2"),
				says(warning(v1alpha1.ReasonRefused, refused.Message), stalled)),
		},
		"only those that the spec has": {
			given: func(in *accessIn) { in.seen.Want = []string{"app2"} },
			want:  have("1/1", is("app2", granted)),
		},
	})
}

func TestWhileNothingIsSeenApplicationsAreWhatTheyWere(t *testing.T) {
	t.Parallel()
	const granted, pending = v1alpha1.ApplicationGranted, v1alpha1.ApplicationPending
	away := func(in *accessIn) {
		in.plan = plan.Plan{Verdict: plan.Verdict{Reason: unreachable, Message: notConnected}}
	}
	kept := func(out *accessOut) {
		out.Status.Conditions = []metav1.Condition{
			condition(readyCond, yes, then, unreachable, notConnected), condition(reconciling, yes, now, unreachable, notConnected),
		}
		out.Report.Events = []status.Event{warning(unreachable, notConnected)}
	}
	runAccessTests(t, map[string]accessTest{
		"granted": {away, kept},
		"granted and pending": {
			given: all(away, func(in *accessIn) {
				in.old.Applications[1], in.old.Granted = is("app2", pending, "no such application"), "1/2"
			}),
			want: all(kept, have("1/2", is("app1", granted), is("app2", pending, notConnected))),
		},
		"one that is new is pending": {
			given: all(away, func(in *accessIn) { in.seen.Want = []string{"app3", "app1"} }),
			want:  all(kept, have("1/2", is("app1", granted), is("app3", pending, notConnected))),
		},
		"all are new": {
			given: all(away, func(in *accessIn) { in.old = v1alpha1.JujuSecretAccessStatus{} }),
			want: all(says(warning(unreachable, notConnected), reconciling),
				have("0/2", is("app1", pending, notConnected), is("app2", pending, notConnected)), func(out *accessOut) {
					out.Status.ObservedGeneration, out.Status.Controller, out.Status.Model = generation, "default", "prod/app"
				}),
		},
	})
}

func TestAnAccessSaysWhichSecretItIs(t *testing.T) {
	t.Parallel()
	runAccessTests(t, map[string]accessTest{
		"once it has been seen": {
			given: func(in *accessIn) { in.old.SecretID, in.old.ModelUUID = "", "" },
			want:  func(out *accessOut) { out.Status.SecretID, out.Status.ModelUUID = dbID, modelUUID },
		},
		"another, once that has been seen": {
			given: func(in *accessIn) { in.plan.Secret.ID = otherID },
			want:  func(out *accessOut) { out.Status.SecretID = otherID },
		},
		"the model as the manifest calls it": {
			given: func(in *accessIn) {
				in.old.Controller, in.old.Model = "", ""
				in.seen.Target.Model = plan.ModelRef{Controller: "other", Name: "prod/other"}
			},
			want: func(out *accessOut) { out.Status.Controller, out.Status.Model = "other", "prod/other" },
		},
		"the model as it was, if the JujuSecret is not there to ask": {
			given: func(in *accessIn) {
				in.seen.Target = plan.NotReady("db")
				in.plan = plan.Plan{Verdict: plan.Verdict{Reason: v1alpha1.ReasonJujuSecretNotReady, Message: "no db"}}
			},
			want: says(normal(v1alpha1.ReasonJujuSecretNotReady, "no db"), reconciling),
		},
	})
}
