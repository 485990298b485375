// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

// except returns the outcome of a Grant or Revoke that failed for some
// applications.
func except(apps ...string) plan.Outcome {
	outcome := plan.Outcome{Applications: map[string]plan.Problem{}}
	for _, app := range apps {
		outcome.Applications[app] = plan.Problem{Reason: v1alpha1.ReasonApplicationNotFound, Message: "no " + app}
	}
	return outcome
}

func TestStepsAreEvents(t *testing.T) {
	t.Parallel()
	var (
		done   = plan.Outcome{Secret: &plan.UserSecret{ID: dbID, Revision: 4}}
		create = plan.Create{Name: "db", Info: "the database"}
		update = plan.Update{ID: dbID, Name: new("db")}
		remove = plan.Remove{ID: dbID}
		grant  = plan.Grant{ID: dbID, Applications: []string{"app1", "app2"}}
		revoke = plan.Revoke{ID: dbID, Applications: []string{"app3", "app4"}}
	)
	logged := func(event status.Event) status.Event {
		event.Type = ""
		return event
	}
	created := logged(normal(v1alpha1.ReasonCreated, `created "db" as secret:`+dbID))
	removed := normal(v1alpha1.ReasonRemoved, "asked Juju to remove secret:"+dbID)
	updated := func(what string) status.Event {
		return normal(v1alpha1.ReasonUpdated, "updated "+what+" of secret:"+dbID+", now at revision 4")
	}
	granted := func(apps string) status.Event {
		return normal(v1alpha1.ReasonGranted, "granted secret:"+dbID+" to "+apps)
	}
	revoked := func(apps string) status.Event {
		return normal(v1alpha1.ReasonRevoked, "revoked secret:"+dbID+" from "+apps)
	}
	does := func(steps ...plan.Step) plan.Plan {
		return plan.Plan{Steps: steps, Condition: plan.Condition{Reason: synced, Message: inSync}}
	}
	corrects := func(steps ...plan.Step) plan.Plan {
		p := does(steps...)
		p.Corrects = true
		return p
	}
	replaces := func(p plan.Plan) plan.Plan {
		p.Before.Creating = &plan.Creation{Name: "db", Replaces: otherID}
		return p
	}
	corrected := func(what string) status.Event { return normal(v1alpha1.ReasonCorrected, what) }
	movedHere := `created "db" as secret:` + dbID + "; the URI changed from secret:" + otherID +
		" to secret:" + dbID + ": update what uses the old URI, for example charm options and references to status.uri"
	orphaned := func(message string) plan.Plan {
		return plan.Plan{Condition: plan.Condition{Reason: v1alpha1.ReasonOrphaned, Message: message}}
	}
	type test struct {
		plan     plan.Plan
		outcomes []plan.Outcome
		want     []status.Event
	}
	tests := map[string]test{
		"no steps": {plan: does()},
		"a create": {does(create), []plan.Outcome{done}, []status.Event{created}},
		"a rename": {does(update), []plan.Outcome{done}, []status.Event{updated("name")}},
		"an info": {
			does(plan.Update{ID: dbID, Info: new("")}), []plan.Outcome{done}, []status.Event{updated("info")},
		},
		"auto-prune": {
			does(plan.Update{ID: dbID, AutoPrune: new(true)}), []plan.Outcome{done},
			[]status.Event{updated("auto-prune")},
		},
		"a create and auto-prune": {
			does(create, plan.Update{AutoPrune: new(true)}), []plan.Outcome{done, done},
			[]status.Event{created, logged(updated("auto-prune"))},
		},
		"a create and a failed auto-prune": {
			does(create, plan.Update{AutoPrune: new(true)}),
			[]plan.Outcome{done, failure(v1alpha1.ReasonInvalidRequest, "no")},
			[]status.Event{created, warning(v1alpha1.ReasonInvalidRequest, "no")},
		},
		"a content": {
			does(plan.Update{ID: dbID, Content: new(holding("x"))}), []plan.Outcome{done},
			[]status.Event{updated("content")},
		},
		"all parts of an update": {
			does(plan.Update{
				ID: dbID, Content: new(holding("x")), Name: new("x"), Info: new("x"), AutoPrune: new(false),
			}),
			[]plan.Outcome{done},
			[]status.Event{updated("name, info, content, auto-prune")},
		},
		"a remove": {does(remove), []plan.Outcome{{}}, []status.Event{removed}},
		"a grant":  {does(grant), []plan.Outcome{{}}, []status.Event{granted("app1, app2")}},
		"a grant that failed for one application": {
			does(grant), []plan.Outcome{except("app1")},
			[]status.Event{granted("app2"), normal(v1alpha1.ReasonApplicationNotFound, "no app1")},
		},
		"a grant that failed for all applications": {
			does(grant), []plan.Outcome{except("app1", "app2")},
			[]status.Event{normal(v1alpha1.ReasonApplicationNotFound, "no app1; no app2")},
		},
		"a revoke and a grant": {
			does(revoke, grant), []plan.Outcome{except(), except()},
			[]status.Event{revoked("app3, app4"), granted("app1, app2")},
		},
		"a revoke and a failed grant": {
			does(revoke, grant), []plan.Outcome{{}, failure(v1alpha1.ReasonInvalidRequest, "no")},
			[]status.Event{revoked("app3, app4"), warning(v1alpha1.ReasonInvalidRequest, "no")},
		},
		"a failed revoke and a grant that was not tried": {
			does(revoke, grant), []plan.Outcome{failure(v1alpha1.ReasonInvalidRequest, "no"), {NotTried: true}},
			[]status.Event{warning(v1alpha1.ReasonInvalidRequest, "no")},
		},
		"a change with a waiting name": {
			plan.Plan{
				Steps:     []plan.Step{update},
				Condition: plan.Condition{Reason: v1alpha1.ReasonNameTaken, Message: "taken"},
			},
			[]plan.Outcome{done},
			[]status.Event{updated("name"), warning(v1alpha1.ReasonNameTaken, "taken")},
		},
		"a reverted change": {
			corrects(update), []plan.Outcome{done},
			[]status.Event{corrected("updated name of secret:" + dbID + ", now at revision 4")},
		},
		"a create in the place of a lost secret": {
			replaces(does(create, plan.Update{AutoPrune: new(true)})), []plan.Outcome{done, done},
			[]status.Event{normal(v1alpha1.ReasonCreated, movedHere), updated("auto-prune")},
		},
		"a reverted removal": {
			replaces(corrects(create)), []plan.Outcome{done},
			[]status.Event{corrected(movedHere)},
		},
		"a reverted change in two steps": {
			corrects(plan.Update{ID: dbID, Content: new(holding("x"))}, plan.Update{ID: dbID, Info: new("")}),
			[]plan.Outcome{done, done},
			[]status.Event{
				corrected("updated content of secret:" + dbID + ", now at revision 4"),
				corrected("updated info of secret:" + dbID + ", now at revision 4"),
			},
		},
		"a failed correction": {
			corrects(update), []plan.Outcome{failure(v1alpha1.ReasonInvalidRequest, "no")},
			[]status.Event{warning(v1alpha1.ReasonInvalidRequest, "no")},
		},
		"an orphaned secret": {orphaned("left it"), nil, []status.Event{normal(v1alpha1.ReasonOrphaned, "left it")}},
		"nothing orphaned":   {plan: orphaned("")},
		"a revoked access":   {plan: plan.Plan{Condition: plan.Condition{Reason: v1alpha1.ReasonRevoked}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Each kind of object has its own kinds of steps.
			ofAccess := plan.AccessFacts{Record: plan.Record{Granted: []string{"app9"}}}
			if !hasGrants(test.plan) {
				_, report := status.NextSecret(v1alpha1.JujuSecretStatus{}, 1, test.plan, test.outcomes, now)
				if diff := cmp.Diff(test.want, report.Events); diff != "" {
					t.Errorf("events of a JujuSecret (-want +got):\n%s", diff)
				}
				return
			}
			_, report := status.NextAccess(v1alpha1.JujuSecretAccessStatus{}, 1, ofAccess, test.plan, test.outcomes, now)
			if diff := cmp.Diff(test.want, report.Events); diff != "" {
				t.Errorf("events of a JujuSecretAccess (-want +got):\n%s", diff)
			}
		})
	}
}

// hasGrants reports whether a plan has a step of a JujuSecretAccess.
func hasGrants(p plan.Plan) bool {
	return slices.ContainsFunc(p.Steps, func(step plan.Step) bool {
		switch step.(type) {
		case plan.Grant, plan.Revoke:
			return true
		}
		return false
	})
}

func TestFirstGrantsAreOnlyLogged(t *testing.T) {
	t.Parallel()
	p := plan.Plan{
		Steps:     []plan.Step{plan.Grant{ID: dbID, Applications: []string{"app1"}}},
		Condition: plan.Condition{Reason: synced, Message: inSync},
	}
	for name, test := range map[string]struct {
		recorded []string
		want     string
	}{
		"no grants before":   {nil, ""},
		"grants before":      {[]string{"app2"}, corev1.EventTypeNormal},
		"the same one again": {[]string{"app1"}, corev1.EventTypeNormal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := plan.AccessFacts{Record: plan.Record{Granted: test.recorded}}
			_, report := status.NextAccess(v1alpha1.JujuSecretAccessStatus{}, 1, facts, p, []plan.Outcome{{}}, now)
			want := []status.Event{{
				Type: test.want, Reason: v1alpha1.ReasonGranted, Message: "granted secret:" + dbID + " to app1",
			}}
			if diff := cmp.Diff(want, report.Events); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMessagesAreTruncatedToTheEventLimit(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ message, want string }{
		"at the limit":            {strings.Repeat("x", 1024), strings.Repeat("x", 1024)},
		"one byte over":           {strings.Repeat("x", 1025), strings.Repeat("x", 1020) + " ..."},
		"far over":                {strings.Repeat("x", 1<<20), strings.Repeat("x", 1020) + " ..."},
		"two-byte characters":     {strings.Repeat("ä", 600), strings.Repeat("ä", 510) + " ..."},
		"odd two-byte characters": {"x" + strings.Repeat("ä", 600), "x" + strings.Repeat("ä", 509) + " ..."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := plan.Plan{Condition: plan.Condition{Reason: v1alpha1.ReasonInvalidContent, Message: test.message}}
			next, report := status.NextSecret(v1alpha1.JujuSecretStatus{}, generation, p, nil, now)
			got := []string{next.Conditions[0].Message, next.Conditions[1].Message, report.Events[0].Message}
			if diff := cmp.Diff([]string{test.want, test.want, test.want}, got); diff != "" {
				t.Errorf("conditions and event (-want +got):\n%s", diff)
			}
		})
	}
}

func TestManyApplicationsFitIntoOneEvent(t *testing.T) {
	t.Parallel()
	var apps []string
	for i := range 256 { // The limit of an access.
		apps = append(apps, fmt.Sprintf("application-%d", i))
	}
	p := plan.Plan{
		Steps: []plan.Step{plan.Grant{ID: dbID, Applications: apps}}, Condition: plan.Condition{Reason: synced},
	}
	for what, outcome := range map[string]plan.Outcome{"granted": {}, "not granted": except(apps...)} {
		next, report := status.NextAccess(v1alpha1.JujuSecretAccessStatus{}, generation, plan.AccessFacts{}, p,
			[]plan.Outcome{outcome}, now)
		for _, message := range []string{report.Events[0].Message, next.Conditions[0].Message} {
			if len(message) > 1024 || !utf8.ValidString(message) {
				t.Errorf("%s: %d bytes", what, len(message))
			}
		}
	}
}
