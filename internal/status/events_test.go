// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

// except is the outcome of a Grant or Revoke that failed for some applications.
func except(apps ...string) plan.Outcome {
	outcome := plan.Outcome{Applications: map[string]plan.Trouble{}}
	for _, app := range apps {
		outcome.Applications[app] = plan.Trouble{Kind: plan.ApplicationNotFound, Message: "no " + app}
	}
	return outcome
}

func TestWhatWasDoneIsAnEvent(t *testing.T) {
	t.Parallel()
	var (
		done   = plan.Outcome{Secret: &plan.UserSecret{ID: dbID, Revision: 4}}
		create = plan.Create{Name: "db", Info: "the database"}
		update = plan.Update{ID: dbID, Name: new("db")}
		remove = plan.Remove{ID: dbID}
		grant  = plan.Grant{ID: dbID, Applications: []string{"app1", "app2"}}
		revoke = plan.Revoke{ID: dbID, Applications: []string{"app3", "app4"}}
	)
	created := normal(v1alpha1.ReasonCreated, `added "db" as secret:`+dbID)
	removed := normal(v1alpha1.ReasonRemoved, "told Juju to remove secret:"+dbID)
	updated := func(what string) status.Event {
		return normal(v1alpha1.ReasonUpdated, "updated "+what+" of secret:"+dbID+", now at revision 4")
	}
	granted := func(whom string) status.Event {
		return normal(v1alpha1.ReasonGranted, "granted secret:"+dbID+" to "+whom)
	}
	revoked := func(whom string) status.Event {
		return normal(v1alpha1.ReasonRevoked, "revoked secret:"+dbID+" from "+whom)
	}
	does := func(steps ...plan.Step) plan.Plan {
		return plan.Plan{Steps: steps, Verdict: plan.Verdict{Reason: synced, Message: inSync}}
	}
	corrects := func(steps ...plan.Step) plan.Plan {
		p := does(steps...)
		p.Corrects = true
		return p
	}
	corrected := func(what string) status.Event { return normal(v1alpha1.ReasonCorrected, what) }
	letGo := func(message string) plan.Plan {
		return plan.Plan{Verdict: plan.Verdict{Reason: v1alpha1.ReasonLetGo, Message: message}}
	}
	tests := map[string]struct {
		plan     plan.Plan
		outcomes []plan.Outcome
		want     []status.Event
	}{
		"nothing":      {plan: does()},
		"a creation":   {does(create), []plan.Outcome{done}, []status.Event{created}},
		"a rename":     {does(update), []plan.Outcome{done}, []status.Event{updated("name")}},
		"another info": {does(plan.Update{ID: dbID, Info: new("")}), []plan.Outcome{done}, []status.Event{updated("info")}},
		"pruning":      {does(plan.Update{ID: dbID, AutoPrune: new(true)}), []plan.Outcome{done}, []status.Event{updated("auto-prune")}},
		"a creation, and pruning of what it made": {
			does(create, plan.Update{AutoPrune: new(true)}), []plan.Outcome{done, done}, []status.Event{created, updated("auto-prune")},
		},
		"a creation, and not the pruning, which failed": {
			does(create, plan.Update{AutoPrune: new(true)}), []plan.Outcome{done, trouble(plan.Refused, "no")},
			[]status.Event{created, warning(v1alpha1.ReasonRefused, "no")},
		},
		"another content": {does(plan.Update{ID: dbID, Content: new(holding("x"))}), []plan.Outcome{done}, []status.Event{updated("content")}},
		"all of these": {
			does(plan.Update{ID: dbID, Content: new(holding("x")), Name: new("x"), Info: new("x"), AutoPrune: new(false)}), []plan.Outcome{done},
			[]status.Event{updated("name, info, content, auto-prune")},
		},
		"a removal": {does(remove), []plan.Outcome{{}}, []status.Event{removed}},
		"a grant":   {does(grant), []plan.Outcome{{}}, []status.Event{granted("app1, app2")}},
		"a grant, but for one": {
			does(grant), []plan.Outcome{except("app1")},
			[]status.Event{granted("app2"), normal(v1alpha1.ReasonApplicationNotFound, "no app1")},
		},
		"a grant, but for all": {
			does(grant), []plan.Outcome{except("app1", "app2")},
			[]status.Event{normal(v1alpha1.ReasonApplicationNotFound, "no app1; no app2")},
		},
		"a revoke and a grant": {
			does(revoke, grant), []plan.Outcome{except(), except()},
			[]status.Event{revoked("app3, app4"), granted("app1, app2")},
		},
		"a revoke and no grant, which failed": {
			does(revoke, grant), []plan.Outcome{{}, trouble(plan.Refused, "no")},
			[]status.Event{revoked("app3, app4"), warning(v1alpha1.ReasonRefused, "no")},
		},
		"not what failed, and not what nobody tried then": {
			does(revoke, grant), []plan.Outcome{trouble(plan.Refused, "no"), {NotTried: true}},
			[]status.Event{warning(v1alpha1.ReasonRefused, "no")},
		},
		"a change, whatever had to wait": {
			plan.Plan{Steps: []plan.Step{update}, Verdict: plan.Verdict{Reason: v1alpha1.ReasonNameTaken, Message: "taken"}},
			[]plan.Outcome{done},
			[]status.Event{updated("name"), warning(v1alpha1.ReasonNameTaken, "taken")},
		},
		"a change of what somebody else did": {
			corrects(update), []plan.Outcome{done}, []status.Event{corrected("updated name of secret:" + dbID + ", now at revision 4")},
		},
		"a secret in place of one that somebody removed": {
			corrects(create), []plan.Outcome{done}, []status.Event{corrected(`added "db" as secret:` + dbID)},
		},
		"a change of what somebody else did, in two steps": {
			corrects(plan.Update{ID: dbID, Content: new(holding("x"))}, plan.Update{ID: dbID, Info: new("")}), []plan.Outcome{done, done},
			[]status.Event{
				corrected("updated content of secret:" + dbID + ", now at revision 4"),
				corrected("updated info of secret:" + dbID + ", now at revision 4"),
			},
		},
		"not a change of what somebody else did, if it failed": {
			corrects(update), []plan.Outcome{trouble(plan.Refused, "no")}, []status.Event{warning(v1alpha1.ReasonRefused, "no")},
		},
		"what stays in Juju":         {letGo("left it"), nil, []status.Event{normal(v1alpha1.ReasonLetGo, "left it")}},
		"nothing, if nothing stays":  {plan: letGo("")},
		"nothing, about who is gone": {plan: plan.Plan{Verdict: plan.Verdict{Reason: v1alpha1.ReasonRevoked}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, ofSecret := status.NextSecret(v1alpha1.JujuSecretStatus{}, 1, test.plan, test.outcomes, now)
			_, ofAccess := status.NextAccess(v1alpha1.JujuSecretAccessStatus{}, 1, plan.AccessSeen{}, test.plan, test.outcomes, now)
			want := [][]status.Event{test.want, test.want}
			if diff := cmp.Diff(want, [][]status.Event{ofSecret.Events, ofAccess.Events}); diff != "" {
				t.Errorf("events of a JujuSecret and of a JujuSecretAccess (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMessagesAreNoLongerThanKubernetesTakes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ message, want string }{
		"as long as may be":  {strings.Repeat("x", 1024), strings.Repeat("x", 1024)},
		"one byte too long":  {strings.Repeat("x", 1025), strings.Repeat("x", 1020) + " ..."},
		"far too long":       {strings.Repeat("x", 1<<20), strings.Repeat("x", 1020) + " ..."},
		"not cut in a sign":  {strings.Repeat("ä", 600), strings.Repeat("ä", 510) + " ..."},
		"not cut in another": {"x" + strings.Repeat("ä", 600), "x" + strings.Repeat("ä", 509) + " ..."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := plan.Plan{Verdict: plan.Verdict{Reason: v1alpha1.ReasonContentInvalid, Message: test.message}}
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
	for i := range 256 { // As many as an access may have.
		apps = append(apps, fmt.Sprintf("application-%d", i))
	}
	p := plan.Plan{Steps: []plan.Step{plan.Grant{ID: dbID, Applications: apps}}, Verdict: plan.Verdict{Reason: synced}}
	for what, outcome := range map[string]plan.Outcome{"granted": {}, "not granted": except(apps...)} {
		next, report := status.NextAccess(v1alpha1.JujuSecretAccessStatus{}, generation, plan.AccessSeen{}, p, []plan.Outcome{outcome}, now)
		for _, message := range []string{report.Events[0].Message, next.Conditions[0].Message} {
			if len(message) > 1024 || !utf8.ValidString(message) {
				t.Errorf("%s: %d bytes", what, len(message))
			}
		}
	}
}
