// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

func TestJujuIsToldToPruneIfItDoesNotKnowYet(t *testing.T) {
	t.Parallel()
	// pruned sets what the manifest says, and what Juju was last told.
	pruned := func(want bool, last *bool) func(*plan.SecretSeen) {
		return func(s *plan.SecretSeen) { s.Want.AutoPrune, s.LastAutoPrune = want, last }
	}
	tells := func(on bool) func(*plan.Plan) { return does(plan.Update{ID: dbID, AutoPrune: new(on)}) }
	create := plan.Create{Name: "db", Info: "the database", Content: holding("hunter2")}
	creates := func(replaces string, steps ...plan.Step) func(*plan.Plan) {
		return all(remembers(creating("db", replaces)), does(steps...), func(p *plan.Plan) {
			p.Secret, p.Refused = nil, plan.Record{Held: true}
		})
	}
	gone := func(s *plan.SecretSeen) { holds(&s.World, nil, nil) }
	recovers := func(steps ...plan.Step) func(*plan.Plan) {
		return func(p *plan.Plan) {
			p.Secret, p.Steps = database(firstRevision), steps
			if len(steps) > 0 {
				recognised(p)
			}
		}
	}
	runSecretTests(t, map[string]secretTest{
		"what it was told is not told again":         {given: pruned(true, new(true))},
		"nor that it shall not":                      {given: pruned(false, new(false))},
		"it is told if it shall by now":              {pruned(true, new(false)), tells(true)},
		"it is told if it shall not any more":        {pruned(false, new(true)), tells(false)},
		"it is told if nobody knows":                 {pruned(true, nil), tells(true)},
		"what a person set is left, if nobody knows": {given: pruned(false, nil)},
		"together with what else is new": {
			all(pruned(true, new(false)), func(s *plan.SecretSeen) { s.Want.Info, s.Content = "new", wanting("new") }),
			does(plan.Update{ID: dbID, Info: new("new"), Content: new(holding("new")), AutoPrune: new(true)}),
		},
		"without a name that waits": {
			renamed(stranger(), pruned(true, new(false))),
			all(tells(true), func(p *plan.Plan) {
				p.Verdict = plan.Verdict{Reason: v1alpha1.ReasonNameTaken, Message: strangerHasIt + removeIt}
			}),
		},
		"of a new secret it is told afterwards": {
			all(pruned(true, nil), gone, func(s *plan.SecretSeen) { s.LastID, s.Record = "", plan.Record{} }),
			creates("", create, plan.Update{AutoPrune: new(true)}),
		},
		"of a new secret it is not told that it shall not": {
			all(gone, func(s *plan.SecretSeen) { s.LastID, s.Record = "", plan.Record{} }), creates("", create),
		},
		"of another in its place, too": {
			all(pruned(true, new(true)), gone), creates(dbID, create, plan.Update{AutoPrune: new(true)}),
		},
		"of what a crash cut off": {
			cutOff(pruned(true, nil)), recovers(plan.Update{ID: dbID, AutoPrune: new(true)}),
		},
		"of what a crash cut off, whatever it was told of the one before": {
			cutOff(all(pruned(true, new(true)), func(s *plan.SecretSeen) { s.Record, s.LastID = creating("db", otherID), otherID })),
			recovers(plan.Update{ID: dbID, AutoPrune: new(true)}),
		},
		"not of what a crash cut off, if it shall not": {cutOff(pruned(false, nil)), recovers()},
	})
}

func TestPruningIsNoDriftSinceJujuDoesNotTell(t *testing.T) {
	t.Parallel()
	tests := map[string]secretTest{
		"of what was told nothing is said": {
			given: applied(func(s *plan.SecretSeen) { s.Want.AutoPrune, s.LastAutoPrune = true, new(true) }),
		},
		"another spec is applied": {
			applied(func(s *plan.SecretSeen) { s.SameSpec, s.Want.AutoPrune, s.LastAutoPrune = false, true, new(false) }),
			does(plan.Update{ID: dbID, AutoPrune: new(true)}),
		},
	}
	for name, test := range tests {
		tests[name+", with driftPolicy: Report"] = secretTest{reporting(test.given), test.want}
	}
	runSecretTests(t, tests)
}

func TestAPruningThatFailedIsTriedAgainAndIsNobodysDrift(t *testing.T) {
	t.Parallel()
	for _, report := range []bool{false, true} {
		j, seen := &juju{secrets: map[string]*plan.UserSecret{}}, newObject()
		seen.Want.ReportDrift, seen.Want.AutoPrune = report, true
		j.look(seen)
		p := plan.ForSecret(*seen)
		outcomes := []plan.Outcome{j.step(p.Steps[0]), failed(plan.Refused)}
		seen.Record = plan.Settle(p, outcomes)
		j.note(seen, p, outcomes)
		if last := j.reconcile(seen, atTheEnd); last.Verdict.Reason != v1alpha1.ReasonSynced || last.Corrects || !j.pruned[seen.LastID] {
			t.Errorf("with Report %t: %+v, corrects %t, pruned %v", report, last.Verdict, last.Corrects, j.pruned)
		}
	}
}
