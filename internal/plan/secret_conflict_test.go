// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

const (
	strangerIsTheirs = `the secret "db" (` + otherID +
		`) in model "prod/app" belongs to JujuSecret team-b/db: choose another ` +
		"spec.name, reference it with managementPolicy: Observe, or delete one of the two"
	oursIsTheirs = `the secret "db" (` + dbID + `) in model "prod/app" belongs to JujuSecret team-b/db: choose another ` +
		"spec.name, reference it with managementPolicy: Observe, or delete one of the two"
	strangerGoes = `the secret "db" (` + otherID +
		`) in model "prod/app" belongs to JujuSecret team-b/db, which is being deleted`
	alsoTheirs = "secret:" + dbID + ` in model "prod/app" belongs to JujuSecret team-b/db, which is older`
	yieldIt    = ": set managementPolicy: Observe on this object, or delete it, which leaves the secret in Juju"
)

// comesFirst is the plan of an object that yields a name to another object.
func comesFirst(p *plan.Plan) {
	reports(v1alpha1.ReasonConflict, `JujuSecret team-b/db also asks for the secret "db" in model "prod/app", and `+
		`comes first: `+
		"choose another spec.name, or delete one of the two")(p)
	p.Owns = plan.Nothing
}

func TestConflictWithOwner(t *testing.T) {
	t.Parallel()
	has, deletedOwner := plan.Competitor{SecretID: otherID}, plan.Competitor{SecretID: otherID, Deleting: true}
	inTheWay := func(message string) func(*plan.Plan) { return all(reports(v1alpha1.ReasonConflict, message), lost) }
	waits := func(reason v1alpha1.Reason, message string, steps ...plan.Step) func(*plan.Plan) {
		return func(p *plan.Plan) { p.Condition, p.Steps = plan.Condition{Reason: reason, Message: message}, steps }
	}
	ambiguous := reports(v1alpha1.ReasonConflict, `the secret "db" (`+dbID+`) in model "prod/app" was created for `+
		`this object or `+
		"for JujuSecret team-b/db: the operator decides once JujuSecret team-b/db has its secret, or is deleted")
	never := func(s *plan.SecretFacts) { s.Desired.Adopt = false }
	newContent := func(s *plan.SecretFacts) { s.Content = wanting("new") }
	runSecretTests(t, map[string]secretTest{
		"name taken":        {adopts(never, competitors(has)), inTheWay(strangerIsTheirs)},
		"not adopted":       {adopts(competitors(has)), inTheWay(strangerIsTheirs)},
		"not adopted by ID": {adopts(byItsID, competitors(has)), inTheWay(strangerIsTheirs)},
		"owner is being deleted: waits": {
			adopts(competitors(deletedOwner)), all(reports(v1alpha1.ReasonRemoving, strangerGoes), lost),
		},
		"rename waits": {
			renamed(stranger(), competitors(has)), waits(v1alpha1.ReasonConflict, strangerIsTheirs),
		},
		"owner is being deleted, rename waits": {
			renamed(stranger(), competitors(deletedOwner)), waits(v1alpha1.ReasonRemoving, strangerGoes),
		},
		"rename waits, new content": {
			renamed(stranger(), all(competitors(has), newContent)),
			waits(v1alpha1.ReasonConflict, strangerIsTheirs, plan.Update{ID: dbID, Content: new(holding("new"))}),
		},
		"own secret replaced": {
			all(competitors(has), func(s *plan.SecretFacts) { holds(&s.View, nil, stranger()) }),
			all(inTheWay(strangerIsTheirs), remembers(plan.Record{Held: true})),
		},
		"matches an interrupted creation": {
			cutOff(competitors(plan.Competitor{SecretID: dbID})),
			all(inTheWay(oursIsTheirs), remembers(plan.Record{Held: true})),
		},
		"matches an interrupted creation of an older object: waits": {
			cutOff(competitors(plan.Competitor{Older: true, Begun: []string{dbID}})), ambiguous,
		},
		"matches an interrupted creation of a younger object": {
			cutOff(competitors(plan.Competitor{Begun: []string{dbID}})),
			func(p *plan.Plan) { p.Secret = database(firstRevision) },
		},
		"others own other secrets": {given: competitors(has, plan.Competitor{Wants: true, Older: true, Adopts: true})},
	})
}

func TestConflictOnRenameIsWonByOlderObject(t *testing.T) {
	t.Parallel()
	waits := func(steps ...plan.Step) func(*plan.Plan) {
		return func(p *plan.Plan) {
			yields := *p
			comesFirst(&yields)
			p.Steps, p.Condition = steps, yields.Condition
		}
	}
	olderHas, youngerHas := plan.Competitor{Older: true, Wants: true, SecretID: otherID}, plan.Competitor{
		Wants: true, SecretID: otherID,
	}
	renames := does(plan.Update{ID: dbID, Name: new("db")})
	newInfo := func(s *plan.SecretFacts) { s.Desired.Info = "new" }
	runSecretTests(t, map[string]secretTest{
		"younger: waits": {renamed(nil, competitors(olderHas)), waits()},
		"younger: waits, new info": {
			renamed(nil, all(competitors(olderHas), newInfo)), waits(plan.Update{ID: dbID, Info: new("new")}),
		},
		"older: renames": {renamed(nil, competitors(youngerHas)), renames},
		"owner before an older object without a secret": {
			renamed(nil, competitors(plan.Competitor{Older: true, Wants: true})), renames,
		},
		"older object does not ask": {
			renamed(nil, competitors(plan.Competitor{Older: true, SecretID: otherID})), renames,
		},
	})
}

func TestConflictOnOneSecretIsWonByOlderObject(t *testing.T) {
	t.Parallel()
	older, younger := plan.Competitor{SecretID: dbID, Recorded: true, Older: true}, plan.Competitor{
		SecretID: dbID, Recorded: true,
	}
	yields := all(
		reports(v1alpha1.ReasonConflict, alsoTheirs+yieldIt), lost, func(p *plan.Plan) { p.After = plan.Record{} },
	)
	removes := func(p *plan.Plan) {
		p.Steps, p.Digest = []plan.Step{plan.Remove{ID: dbID}}, ""
		p.Condition = plan.Condition{
			Reason:  v1alpha1.ReasonRemoving,
			Message: `waiting until Juju has removed the secret "db" from model "prod/app"`,
		}
	}
	runSecretTests(t, map[string]secretTest{
		"younger: releases":                      {competitors(older), yields},
		"younger, with a third object: releases": {competitors(older, younger), yields},
		"younger, new content: releases": {
			all(competitors(older), func(s *plan.SecretFacts) { s.Content = wanting("new") }), yields,
		},
		"younger, older is being deleted: releases": {
			competitors(plan.Competitor{SecretID: dbID, Recorded: true, Older: true, Deleting: true}), yields,
		},
		"younger, older not recorded: keeps": {given: competitors(plan.Competitor{SecretID: dbID, Older: true})},
		"younger, secret removed: releases": {
			all(competitors(older), func(s *plan.SecretFacts) { holds(&s.View, nil, nil) }), yields,
		},
		"older: keeps":             {given: competitors(younger)},
		"younger, deleting: left":  {deleting(competitors(older)), releases("left it: " + alsoTheirs)},
		"older, deleting: removed": {deleting(competitors(younger)), removes},
	})
}

func TestConflictOnNameHasOneCreator(t *testing.T) {
	t.Parallel()
	creates := func(record plan.Record) func(*plan.Plan) {
		create := plan.Create{Name: "db", Info: "the database", Content: holding("hunter2")}
		return all(remembers(record), does(create), func(p *plan.Plan) {
			p.Secret, p.Refused = nil, plan.Record{Held: true}
		})
	}
	fresh := func(record plan.Record, others ...plan.Competitor) func(*plan.SecretFacts) {
		return all(recalls(record), competitors(others...), func(s *plan.SecretFacts) {
			s.LastID = ""
			holds(&s.View, nil, nil)
		})
	}
	removed := func(others ...plan.Competitor) func(*plan.SecretFacts) {
		return all(competitors(others...), func(s *plan.SecretFacts) { holds(&s.View, nil, nil) })
	}
	older, younger := plan.Competitor{Older: true, Wants: true}, plan.Competitor{Wants: true}
	olderHas, youngerHas := plan.Competitor{Older: true, Wants: true, SecretID: otherID}, plan.Competitor{
		Wants: true, SecretID: otherID,
	}
	forgets := func(record plan.Record) func(*plan.Plan) { return all(comesFirst, remembers(record)) }
	runSecretTests(t, map[string]secretTest{
		"older: creates":  {fresh(plan.Record{}, younger), creates(creating("db", ""))},
		"younger: yields": {fresh(plan.Record{}, older), forgets(plan.Record{})},
		"younger, Adopt: yields": {
			all(fresh(plan.Record{}, older), func(s *plan.SecretFacts) { s.Desired.Adopt = true }),
			forgets(plan.Record{}),
		},
		"younger, older does not ask: creates": {
			fresh(plan.Record{}, plan.Competitor{Older: true}), creates(creating("db", "")),
		},
		"younger, creation pending: keeps the record": {fresh(creating("db", ""), older), forgets(creating("db", ""))},
		"younger, adoption pending: drops the record": {
			fresh(adopting(otherID), older), forgets(plan.Record{Held: true}),
		},
		"older, younger owns a renamed secret: yields":      {fresh(plan.Record{}, youngerHas), forgets(plan.Record{})},
		"younger, own secret was removed manually: creates": {removed(older), creates(creating("db", dbID))},
		"older, own secret was removed manually: creates":   {removed(youngerHas), creates(creating("db", dbID))},
		"younger, both owned a secret: drops the record":    {removed(olderHas), forgets(plan.Record{Held: true})},
	})
}
