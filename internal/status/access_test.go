// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

// holding returns a content with one key.
func holding(value string) content.Content {
	return content.New(map[string][]byte{"password": []byte(value)})
}

// accessIn holds the arguments of NextAccess, accessOut its results.
type (
	accessIn struct {
		old      v1alpha1.JujuSecretAccessStatus
		seen     plan.AccessFacts
		plan     plan.Plan
		outcomes []plan.Outcome
	}
	accessOut struct {
		Status v1alpha1.JujuSecretAccessStatus
		Report status.Report
	}
	// accessTest modifies the arguments for a JujuSecretAccess in sync, and its
	// unchanged status.
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
			Applications: []v1alpha1.ApplicationStatus{
				is("app1", v1alpha1.ApplicationGranted), is("app2", v1alpha1.ApplicationGranted),
			},
		},
		seen: plan.AccessFacts{
			Applications: []string{"app2", "app1"},
			Record:       plan.Record{Granted: []string{"app1", "app2"}, SecretID: dbID},
			Target: plan.Target{
				Model: plan.ModelRef{Controller: "default", Name: "prod/app"}, Query: plan.Query{ID: dbID},
			},
		},
		plan: plan.Plan{
			Condition: plan.Condition{Reason: synced, Message: inSync}, ModelUUID: modelUUID,
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
			resync(want.Status.Conditions, &want.Report)
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

// is returns the status of an application, with an optional message.
func is(app string, state v1alpha1.ApplicationState, message ...string) v1alpha1.ApplicationStatus {
	result := v1alpha1.ApplicationStatus{Name: app, State: state}
	for _, m := range message {
		result.Message = m
	}
	return result
}

// have sets the status of the applications, and the number of granted ones.
func have(granted string, apps ...v1alpha1.ApplicationStatus) func(*accessOut) {
	return func(out *accessOut) { out.Status.Granted, out.Status.Applications = granted, apps }
}

// says sets the conditions and the event of a new verdict.
func says(event status.Event, also string) func(*accessOut) {
	return func(out *accessOut) {
		out.Status.Conditions = []metav1.Condition{
			condition(readyCond, no, now, event.Reason, event.Message),
			condition(also, yes, now, event.Reason, event.Message),
		}
		out.Report.Events = append(out.Report.Events, event)
		out.Report.LookAgain = min(status.HandlingOf(event.Reason).LookAgain, time.Second)
	}
}

// grants sets a plan that grants the secret to both applications, with an
// outcome.
func grants(outcome plan.Outcome) func(*accessIn) {
	return func(in *accessIn) {
		in.plan.Secret.Granted = nil
		in.plan.Steps = []plan.Step{plan.Grant{ID: dbID, Applications: []string{"app1", "app2"}}}
		in.outcomes = []plan.Outcome{outcome}
	}
}

// did adds the event of a successful step.
func did(reason v1alpha1.Reason, message string) func(*accessOut) {
	return func(out *accessOut) { out.Report.Events = append(out.Report.Events, normal(reason, message)) }
}

func TestApplicationStateFollowsItsOutcome(t *testing.T) {
	t.Parallel()
	const granted, pending = v1alpha1.ApplicationGranted, v1alpha1.ApplicationPending
	const failed = v1alpha1.ApplicationFailed
	const (
		grantFailed  = "cannot grant secret:" + dbID + " to app1, app2: unknown"
		revokeFailed = "cannot revoke secret:" + dbID + " from app9: unknown"
	)
	failing := func(apps map[string]plan.Problem) func(*accessIn) { return grants(plan.Outcome{Applications: apps}) }
	notFound := plan.Problem{Reason: v1alpha1.ReasonApplicationNotFound, Message: "no such application"}
	refused := plan.Problem{Reason: v1alpha1.ReasonInvalidRequest, Message: "not this one"}
	runAccessTests(t, map[string]accessTest{
		"no change": {},
		"granted before": {
			given: func(in *accessIn) { in.old.Applications, in.old.Granted = nil, "" },
			want:  have("2/2", is("app1", granted), is("app2", granted)),
		},
		"granted by this plan": {
			given: grants(plan.Outcome{}),
			want:  did(v1alpha1.ReasonGranted, "granted secret:"+dbID+" to app1, app2"),
		},
		"pending while an application is missing": {
			given: failing(map[string]plan.Problem{"app2": notFound}),
			want: all(have("1/2", is("app1", granted), is("app2", pending, notFound.Message)),
				did(v1alpha1.ReasonGranted, "granted secret:"+dbID+" to app1"),
				says(normal(v1alpha1.ReasonApplicationNotFound, notFound.Message), reconciling)),
		},
		"failed because Juju refused": {
			given: failing(map[string]plan.Problem{"app1": refused}),
			want: all(have("1/2", is("app1", failed, refused.Message), is("app2", granted)),
				did(v1alpha1.ReasonGranted, "granted secret:"+dbID+" to app2"),
				says(warning(v1alpha1.ReasonInvalidRequest, refused.Message), stalled)),
		},
		"one failed and one pending": {
			given: failing(map[string]plan.Problem{"app1": refused, "app2": notFound}),
			want: all(have("0/2", is("app1", failed, refused.Message), is("app2", pending, notFound.Message)),
				says(warning(v1alpha1.ReasonInvalidRequest, refused.Message+"; "+notFound.Message), stalled)),
		},
		"pending after a failed request": {
			given: grants(failure(v1alpha1.ReasonFailed, "unknown")),
			want: all(have("0/2", is("app1", pending, grantFailed), is("app2", pending, grantFailed)),
				says(warning(v1alpha1.ReasonFailed, grantFailed), reconciling)),
		},
		"pending because an earlier step failed": {
			given: func(in *accessIn) {
				in.plan.Secret.Granted = []string{"app1", "app9"}
				in.plan.Steps = []plan.Step{
					plan.Revoke{ID: dbID, Applications: []string{"app9"}},
					plan.Grant{ID: dbID, Applications: []string{"app2"}},
				}
				in.outcomes = []plan.Outcome{failure(v1alpha1.ReasonFailed, "unknown"), {NotTried: true}}
			},
			want: all(have("1/2", is("app1", granted), is("app2", pending, revokeFailed)),
				says(warning(v1alpha1.ReasonFailed, revokeFailed), reconciling)),
		},
		"granted after a failed revoke": {
			given: func(in *accessIn) {
				in.plan.Secret.Granted = []string{"app1", "app9"}
				in.plan.Steps = []plan.Step{
					plan.Revoke{ID: dbID, Applications: []string{"app9"}},
					plan.Grant{ID: dbID, Applications: []string{"app2"}},
				}
				in.outcomes = []plan.Outcome{{Applications: map[string]plan.Problem{"app9": refused}}, {}}
			},
			want: all(did(v1alpha1.ReasonGranted, "granted secret:"+dbID+" to app2"),
				says(warning(v1alpha1.ReasonInvalidRequest, refused.Message), stalled)),
		},
		"only applications in the spec": {
			given: func(in *accessIn) { in.seen.Applications = []string{"app2"} },
			want:  have("1/1", is("app2", granted)),
		},
	})
}

// withOptions returns the status of app1 with options that name the secret, and with
// an optional message.
func withOptions(options []string, message ...string) v1alpha1.ApplicationStatus {
	result := is("app1", v1alpha1.ApplicationGranted, message...)
	result.ConfigOptions = options
	return result
}

func TestOptionsThatNameTheSecretAreInTheStatus(t *testing.T) {
	t.Parallel()
	app2 := is("app2", v1alpha1.ApplicationGranted)
	option := func(name string) plan.AppOption { return plan.AppOption{Application: "app1", Name: name} }
	sets := func(outcome plan.Outcome, reconfigured ...plan.AppOption) func(*accessIn) {
		return func(in *accessIn) {
			in.plan.Named = []plan.AppOption{option("note")}
			in.plan.Steps = []plan.Step{plan.SetOptions{ID: dbID, Options: []plan.OptionSetting{
				{AppOption: option("db-secret"), Format: v1alpha1.FormatURI},
			}}}
			in.plan.Reconfigures, in.outcomes = reconfigured, []plan.Outcome{outcome}
		}
	}
	first := func(in *accessIn) { in.seen.Record = plan.Record{} }
	logged := func(out *accessOut) {
		event := normal(v1alpha1.ReasonConfigured, "set options to secret:"+dbID+" for app1")
		event.Type = ""
		out.Report.Events = append(out.Report.Events, event)
	}
	refused := plan.Problem{Reason: v1alpha1.ReasonInvalidRequest, Message: "not this one"}
	invalid := `application "app1" has no option "db-secret"`
	runAccessTests(t, map[string]accessTest{
		"named before": {
			given: func(in *accessIn) { in.plan.Named = []plan.AppOption{option("note")} },
			want:  have("2/2", withOptions([]string{"note"}), app2),
		},
		"set now": {
			given: sets(plan.Outcome{}),
			want: all(have("2/2", withOptions([]string{"db-secret", "note"}), app2),
				did(v1alpha1.ReasonConfigured, "set options to secret:"+dbID+" for app1")),
		},
		"set now, with the first grants": {
			given: all(first, sets(plan.Outcome{})),
			want:  all(have("2/2", withOptions([]string{"db-secret", "note"}), app2), logged),
		},
		"set again, because another client changed it": {
			given: sets(plan.Outcome{}, option("db-secret")),
			want: all(have("2/2", withOptions([]string{"db-secret", "note"}), app2),
				did(v1alpha1.ReasonCorrected, "set options to secret:"+dbID+" for app1")),
		},
		"refused by Juju": {
			given: sets(plan.Outcome{Applications: map[string]plan.Problem{"app1": refused}}),
			want: all(have("2/2", withOptions([]string{"note"}, refused.Message), app2),
				says(warning(v1alpha1.ReasonInvalidRequest, refused.Message), stalled)),
		},
		"left as it is": {
			given: func(in *accessIn) {
				in.plan.Condition = plan.Condition{Reason: v1alpha1.ReasonConfigOptionInvalid, Message: invalid}
				in.plan.OptionProblems = map[string]string{"app1": invalid}
			},
			want: all(have("2/2", withOptions(nil, invalid), app2),
				says(warning(v1alpha1.ReasonConfigOptionInvalid, invalid), stalled)),
		},
		"kept without a view": {
			given: func(in *accessIn) {
				in.old.Applications[0] = withOptions([]string{"note"})
				in.plan = plan.Plan{Condition: plan.Condition{Reason: unreachable, Message: notConnected}}
			},
			want: all(have("2/2", withOptions([]string{"note"}), app2), func(out *accessOut) {
				out.Status.Conditions = []metav1.Condition{
					condition(readyCond, yes, then, unreachable, notConnected),
					condition(reconciling, yes, now, unreachable, notConnected),
				}
				out.Report.Events = []status.Event{warning(unreachable, notConnected)}
			}),
		},
	})
}

func TestOtherGrantsAreInTheStatus(t *testing.T) {
	t.Parallel()
	var many []string
	for n := range 300 {
		many = append(many, fmt.Sprintf("app-a%03d", n))
	}
	other := func(apps ...string) func(*accessIn) { return func(in *accessIn) { in.plan.OtherGrants = apps } }
	had := func(apps ...string) func(*accessIn) { return func(in *accessIn) { in.old.OtherGrants = apps } }
	reported := func(apps ...string) func(*accessOut) {
		return func(out *accessOut) { out.Status.OtherGrants = apps }
	}
	runAccessTests(t, map[string]accessTest{
		"first":     {other("app8", "app9"), reported("app8", "app9")},
		"unchanged": {all(other("app9"), had("app9")), nil},
		"gone":      {had("app9"), reported()},
		"too many":  {other(many...), reported(many[:256]...)},
		"revoked by the exclusive access": {
			given: func(in *accessIn) {
				had("app9")(in)
				in.plan.Unlisted = []string{"app9"}
				in.plan.Steps = []plan.Step{plan.Revoke{ID: dbID, Applications: []string{"app9"}}}
				in.outcomes = []plan.Outcome{{}}
			},
			want: all(reported(), did(v1alpha1.ReasonRevoked, "revoked secret:"+dbID+" from app9")),
		},
		"kept without a view": {
			given: all(had("app9"), func(in *accessIn) {
				in.plan = plan.Plan{Condition: plan.Condition{Reason: unreachable, Message: notConnected}}
			}),
			want: func(out *accessOut) {
				out.Status.Conditions = []metav1.Condition{
					condition(readyCond, yes, then, unreachable, notConnected),
					condition(reconciling, yes, now, unreachable, notConnected),
				}
				out.Report.Events = []status.Event{warning(unreachable, notConnected)}
			},
		},
		"without the secret": {
			given: all(had("app9"), func(in *accessIn) { in.plan.Secret, in.plan.Owns = nil, plan.Nothing }),
			want: all(reported(), func(out *accessOut) { out.Status.SecretID = "" }, have("0/2",
				is("app1", v1alpha1.ApplicationPending, inSync), is("app2", v1alpha1.ApplicationPending, inSync))),
		},
		"kept by a deletion": {all(had("app9"), func(in *accessIn) { in.seen.Deleting = true }), nil},
		"kept while new grants wait": {
			given: all(had("app9"), func(in *accessIn) { in.plan = plan.Plan{Wait: time.Second} }),
			want:  func(out *accessOut) { out.Report.LookAgain = time.Second },
		},
	})
}

func TestApplicationStateIsKeptWithoutAView(t *testing.T) {
	t.Parallel()
	const granted, pending = v1alpha1.ApplicationGranted, v1alpha1.ApplicationPending
	away := func(in *accessIn) {
		in.plan = plan.Plan{Condition: plan.Condition{Reason: unreachable, Message: notConnected}}
	}
	kept := func(out *accessOut) {
		out.Status.Conditions = []metav1.Condition{
			condition(readyCond, yes, then, unreachable, notConnected),
			condition(reconciling, yes, now, unreachable, notConnected),
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
		"a new application is pending": {
			given: all(away, func(in *accessIn) { in.seen.Applications = []string{"app3", "app1"} }),
			want:  all(kept, have("1/2", is("app1", granted), is("app3", pending, notConnected))),
		},
		"a new access": {
			given: all(away, func(in *accessIn) { in.old = v1alpha1.JujuSecretAccessStatus{} }),
			want: all(says(warning(unreachable, notConnected), reconciling),
				have("0/2", is("app1", pending, notConnected), is("app2", pending, notConnected)),
				func(out *accessOut) {
					out.Status.ObservedGeneration = generation
					out.Status.Controller, out.Status.Model = "default", "prod/app"
				}),
		},
	})
}

func TestAccessStatusIdentifiesTheSecret(t *testing.T) {
	t.Parallel()
	runAccessTests(t, map[string]accessTest{
		"a new secret": {
			given: func(in *accessIn) { in.old.SecretID, in.old.ModelUUID = "", "" },
			want:  func(out *accessOut) { out.Status.SecretID, out.Status.ModelUUID = dbID, modelUUID },
		},
		"another secret": {
			given: func(in *accessIn) { in.plan.Secret.ID = otherID },
			want:  func(out *accessOut) { out.Status.SecretID = otherID },
		},
		"the model as in the manifest": {
			given: func(in *accessIn) {
				in.old.Controller, in.old.Model = "", ""
				in.seen.Target.Model = plan.ModelRef{Controller: "other", Name: "prod/other"}
			},
			want: func(out *accessOut) { out.Status.Controller, out.Status.Model = "other", "prod/other" },
		},
		"the last model without the JujuSecret": {
			given: func(in *accessIn) {
				in.seen.Target = plan.UnreadySecret("db", plan.ModelRef{}, false)
				in.plan = plan.Plan{
					Condition: plan.Condition{Reason: v1alpha1.ReasonJujuSecretNotReady, Message: "no db"},
				}
			},
			want: says(normal(v1alpha1.ReasonJujuSecretNotReady, "no db"), reconciling),
		},
	})
}

func TestAdoptedGrantsAreAnEvent(t *testing.T) {
	t.Parallel()
	record := func(id string, adopted ...string) plan.Record {
		return plan.Record{Held: true, SecretID: id, Granted: []string{"app1", "app2"}, Adopted: adopted}
	}
	adopts := func(before, after plan.Record) func(*accessIn) {
		return func(in *accessIn) { in.seen.Record, in.plan.Before, in.plan.After = before, after, after }
	}
	both := did(v1alpha1.ReasonAdopted, "adopted the grants of secret:"+dbID+" to app1, app2")
	runAccessTests(t, map[string]accessTest{
		"adopted now":               {adopts(plan.Record{}, record(dbID, "app1", "app2")), both},
		"adopted before":            {adopts(record(dbID, "app1", "app2"), record(dbID, "app1", "app2")), nil},
		"adopted on another secret": {adopts(record(otherID, "app1", "app2"), record(dbID, "app1", "app2")), both},
		"another one": {
			adopts(record(dbID, "app1"), record(dbID, "app1", "app2")),
			did(v1alpha1.ReasonAdopted, "adopted the grants of secret:"+dbID+" to app2"),
		},
		"released": {adopts(record(dbID, "app1", "app2"), plan.Record{Held: true}), nil},
	})
}
