// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

func TestAutoPruneIsSentOnlyIfNew(t *testing.T) {
	t.Parallel()
	// pruned sets the desired setting, and the setting that was last sent.
	pruned := func(want bool, last *bool) func(*plan.SecretFacts) {
		return func(s *plan.SecretFacts) { s.Desired.AutoPrune, s.LastAutoPrune = want, last }
	}
	sets := func(on bool) func(*plan.Plan) { return does(plan.Update{ID: dbID, AutoPrune: new(on)}) }
	create := plan.Create{Name: "db", Info: "the database", Content: holding("hunter2")}
	creates := func(replaces string, steps ...plan.Step) func(*plan.Plan) {
		return all(remembers(creating("db", replaces)), does(steps...), func(p *plan.Plan) {
			p.Secret, p.Refused = nil, plan.Record{Held: true}
		})
	}
	gone := func(s *plan.SecretFacts) { holds(&s.View, nil, nil) }
	recovers := func(steps ...plan.Step) func(*plan.Plan) {
		return func(p *plan.Plan) {
			p.Secret, p.Steps = database(firstRevision), steps
			if len(steps) > 0 {
				recognised(p)
			}
		}
	}
	runSecretTests(t, map[string]secretTest{
		"true, sent":       {given: pruned(true, new(true))},
		"false, sent":      {given: pruned(false, new(false))},
		"true, false sent": {pruned(true, new(false)), sets(true)},
		"false, true sent": {pruned(false, new(true)), sets(false)},
		"true, not known":  {pruned(true, nil), sets(true)},
		"false, not known": {given: pruned(false, nil)},
		"with other changes": {
			all(pruned(true, new(false)), func(s *plan.SecretFacts) { s.Desired.Info, s.Content = "new", wanting("new") }),
			does(plan.Update{ID: dbID, Info: new("new"), Content: new(holding("new")), AutoPrune: new(true)}),
		},
		"with a rename that waits": {
			renamed(stranger(), pruned(true, new(false))),
			all(sets(true), func(p *plan.Plan) {
				p.Condition = plan.Condition{Reason: v1alpha1.ReasonNameTaken, Message: strangerHasIt + removeIt}
			}),
		},
		"new secret, true": {
			all(pruned(true, nil), gone, func(s *plan.SecretFacts) { s.LastID, s.Record = "", plan.Record{} }),
			creates("", create, plan.Update{AutoPrune: new(true)}),
		},
		"new secret, false": {
			all(gone, func(s *plan.SecretFacts) { s.LastID, s.Record = "", plan.Record{} }), creates("", create),
		},
		"replacement, true": {
			all(pruned(true, new(true)), gone), creates(dbID, create, plan.Update{AutoPrune: new(true)}),
		},
		"interrupted creation, true": {
			cutOff(pruned(true, nil)), recovers(plan.Update{ID: dbID, AutoPrune: new(true)}),
		},
		"interrupted creation of a replacement, true": {
			cutOff(
				all(pruned(true, new(true)), func(s *plan.SecretFacts) { s.Record, s.LastID = creating("db", otherID), otherID }),
			),
			recovers(plan.Update{ID: dbID, AutoPrune: new(true)}),
		},
		"interrupted creation, false": {cutOff(pruned(false, nil)), recovers()},
	})
}

func TestAutoPruneIsNeverDrift(t *testing.T) {
	t.Parallel()
	tests := map[string]secretTest{
		"sent": {
			given: applied(func(s *plan.SecretFacts) { s.Desired.AutoPrune, s.LastAutoPrune = true, new(true) }),
		},
		"spec changed": {
			applied(func(s *plan.SecretFacts) { s.SameSpec, s.Desired.AutoPrune, s.LastAutoPrune = false, true, new(false) }),
			does(plan.Update{ID: dbID, AutoPrune: new(true)}),
		},
	}
	for name, test := range tests {
		tests[name+", with driftPolicy: Report"] = secretTest{reporting(test.given), test.want}
	}
	runSecretTests(t, tests)
}

func TestFailedAutoPruneIsRetriedAndNotDrift(t *testing.T) {
	t.Parallel()
	for _, report := range []bool{false, true} {
		j, facts := &juju{secrets: map[string]*plan.UserSecret{}}, newObject()
		facts.Desired.ReportDrift, facts.Desired.AutoPrune = report, true
		j.look(facts)
		p := plan.ForSecret(*facts)
		outcomes := []plan.Outcome{j.step(p.Steps[0]), failed(v1alpha1.ReasonInvalidRequest)}
		facts.Record = plan.Settle(p, outcomes)
		j.note(facts, p, outcomes)
		if last := j.reconcile(facts, atTheEnd); last.Condition.Reason != v1alpha1.ReasonSynced || last.Corrects ||
			!j.pruned[facts.LastID] {
			t.Errorf("with Report %t: %+v, corrects %t, pruned %v", report, last.Condition, last.Corrects, j.pruned)
		}
	}
}
