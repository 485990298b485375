// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

const (
	strangerIsTheirs = `the secret "db" (` + otherID + `) in model "prod/app" is that of JujuSecret team-b/db: delete one of the ` +
		"two, or choose another spec.name"
	oursIsTheirs = `the secret "db" (` + dbID + `) in model "prod/app" is that of JujuSecret team-b/db: delete one of the ` +
		"two, or choose another spec.name"
	strangerGoes = `the secret "db" (` + otherID + `) in model "prod/app" is that of JujuSecret team-b/db, which is being deleted`
	alsoTheirs   = "secret:" + dbID + ` in model "prod/app" is also that of JujuSecret team-b/db, which is older: delete one of the two`
)

// comesFirst is the plan of an object that leaves a name to another.
func comesFirst(p *plan.Plan) {
	tells(v1alpha1.ReasonConflict, `JujuSecret team-b/db, which comes first, asks for the secret "db" in model "prod/app" too: `+
		"delete one of the two, or choose another spec.name")(p)
	p.Lost = true
}

func TestASecretOfAnotherObjectIsLeftToIt(t *testing.T) {
	t.Parallel()
	has, going := plan.Rival{SecretID: otherID}, plan.Rival{SecretID: otherID, Going: true}
	inTheWay := func(message string) func(*plan.Plan) { return all(tells(v1alpha1.ReasonConflict, message), lost) }
	waits := func(reason v1alpha1.Reason, message string, steps ...plan.Step) func(*plan.Plan) {
		return func(p *plan.Plan) { p.Verdict, p.Steps = plan.Verdict{Reason: reason, Message: message}, steps }
	}
	disputed := tells(v1alpha1.ReasonConflict, `the secret "db" (`+dbID+`) in model "prod/app" may have been made for this object, or `+
		"for JujuSecret team-b/db: it shows when that one has its secret, or is deleted")
	never := func(s *plan.SecretSeen) { s.Want.Adopt = false }
	newContent := func(s *plan.SecretSeen) { s.Content = wanting("new") }
	runSecretTests(t, map[string]secretTest{
		"none is created in its place":          {adopts(never, rivals(has)), inTheWay(strangerIsTheirs)},
		"it is not taken over":                  {adopts(rivals(has)), inTheWay(strangerIsTheirs)},
		"nor by its ID":                         {adopts(byItsID, rivals(has)), inTheWay(strangerIsTheirs)},
		"while that one goes, it is waited for": {adopts(rivals(going)), all(tells(v1alpha1.ReasonRemoving, strangerGoes), lost)},
		"a new name waits":                      {renamed(stranger(), rivals(has)), waits(v1alpha1.ReasonConflict, strangerIsTheirs)},
		"a new name waits for that one to go":   {renamed(stranger(), rivals(going)), waits(v1alpha1.ReasonRemoving, strangerGoes)},
		"new content does not wait for the name": {
			renamed(stranger(), all(rivals(has), newContent)),
			waits(v1alpha1.ReasonConflict, strangerIsTheirs, plan.Update{ID: dbID, Content: new(holding("new"))}),
		},
		"one that replaced our own": {
			all(rivals(has), func(s *plan.SecretSeen) { holds(&s.World, nil, stranger()) }),
			all(inTheWay(strangerIsTheirs), remembers(plan.Record{Held: true})),
		},
		"one that looks like what a crash cut off": {
			cutOff(rivals(plan.Rival{SecretID: dbID})), all(inTheWay(oursIsTheirs), remembers(plan.Record{Held: true})),
		},
		"one that may be an older object's as well, as a crash cut both off, is waited for": {
			cutOff(rivals(plan.Rival{Older: true, Begun: []string{dbID}})), disputed,
		},
		"one that may be a younger object's is this one's": {
			cutOff(rivals(plan.Rival{Begun: []string{dbID}})), func(p *plan.Plan) { p.Secret = database(firstRevision) },
		},
		"what others have besides does not matter": {given: rivals(has, plan.Rival{Wants: true, Older: true, Adopts: true})},
	})
}

func TestOfTwoObjectsThatWouldCallTheirsTheSameTheOlderDoes(t *testing.T) {
	t.Parallel()
	waits := func(steps ...plan.Step) func(*plan.Plan) {
		return func(p *plan.Plan) {
			told := *p
			comesFirst(&told)
			p.Steps, p.Verdict = steps, told.Verdict
		}
	}
	olderHas, youngerHas := plan.Rival{Older: true, Wants: true, SecretID: otherID}, plan.Rival{Wants: true, SecretID: otherID}
	renames := does(plan.Update{ID: dbID, Name: new("db")})
	newInfo := func(s *plan.SecretSeen) { s.Want.Info = "new" }
	runSecretTests(t, map[string]secretTest{
		"the younger one waits, and keeps its secret": {renamed(nil, rivals(olderHas)), waits()},
		"what else is new does not wait":              {renamed(nil, all(rivals(olderHas), newInfo)), waits(plan.Update{ID: dbID, Info: new("new")})},
		"the older one does":                          {renamed(nil, rivals(youngerHas)), renames},
		"who has one comes before who has none":       {renamed(nil, rivals(plan.Rival{Older: true, Wants: true})), renames},
		"who goes, or may not, does not ask":          {renamed(nil, rivals(plan.Rival{Older: true, SecretID: otherID})), renames},
	})
}

func TestOfTwoObjectsThatHaveOneSecretTheOlderKeepsIt(t *testing.T) {
	t.Parallel()
	older, younger := plan.Rival{SecretID: dbID, Noted: true, Older: true}, plan.Rival{SecretID: dbID, Noted: true}
	yields := all(tells(v1alpha1.ReasonConflict, alsoTheirs), lost, func(p *plan.Plan) { p.After = plan.Record{} })
	removes := func(p *plan.Plan) {
		p.Steps, p.Digest = []plan.Step{plan.Remove{ID: dbID}}, ""
		p.Verdict = plan.Verdict{Reason: v1alpha1.ReasonRemoving, Message: `Juju has yet to remove the secret "db" from model "prod/app"`}
	}
	runSecretTests(t, map[string]secretTest{
		"the younger one lets go of it":                 {rivals(older), yields},
		"also if there is a younger one yet":            {rivals(older, younger), yields},
		"whatever it would change":                      {all(rivals(older), func(s *plan.SecretSeen) { s.Content = wanting("new") }), yields},
		"also while the older one goes, and removes it": {rivals(plan.Rival{SecretID: dbID, Noted: true, Older: true, Going: true}), yields},
		"not to one that only says so in its record":    {given: rivals(plan.Rival{SecretID: dbID, Older: true})},
		"also if it is gone":                            {all(rivals(older), func(s *plan.SecretSeen) { holds(&s.World, nil, nil) }), yields},
		"the older one goes on with it":                 {given: rivals(younger)},
		"the younger one goes without it":               {goes(rivals(older)), letsGo("left it: " + alsoTheirs)},
		"the older one takes it along when it goes":     {goes(rivals(younger)), removes},
	})
}

func TestOfTwoObjectsThatAskForOneNameOneCreatesIt(t *testing.T) {
	t.Parallel()
	creates := func(record plan.Record) func(*plan.Plan) {
		return all(remembers(record), does(plan.Create{Name: "db", Info: "the database", Content: holding("hunter2")}), func(p *plan.Plan) {
			p.Secret, p.Refused = nil, plan.Record{Held: true}
		})
	}
	fresh := func(record plan.Record, others ...plan.Rival) func(*plan.SecretSeen) {
		return all(recalls(record), rivals(others...), func(s *plan.SecretSeen) { s.LastID = ""; holds(&s.World, nil, nil) })
	}
	removed := func(others ...plan.Rival) func(*plan.SecretSeen) {
		return all(rivals(others...), func(s *plan.SecretSeen) { holds(&s.World, nil, nil) })
	}
	older, younger := plan.Rival{Older: true, Wants: true}, plan.Rival{Wants: true}
	olderHas, youngerHas := plan.Rival{Older: true, Wants: true, SecretID: otherID}, plan.Rival{Wants: true, SecretID: otherID}
	forgets := func(record plan.Record) func(*plan.Plan) { return all(comesFirst, remembers(record)) }
	runSecretTests(t, map[string]secretTest{
		"the older one does":                               {fresh(plan.Record{}, younger), creates(creating("db", ""))},
		"the younger one does not":                         {fresh(plan.Record{}, older), forgets(plan.Record{})},
		"nor with adoptionPolicy: Adopt":                   {all(fresh(plan.Record{}, older), func(s *plan.SecretSeen) { s.Want.Adopt = true }), forgets(plan.Record{})},
		"the younger one does, if the older one may not":   {fresh(plan.Record{}, plan.Rival{Older: true}), creates(creating("db", ""))},
		"what the younger one once asked for may yet come": {fresh(creating("db", ""), older), forgets(creating("db", ""))},
		"what it was about to take over is forgotten":      {fresh(adopting(otherID), older), forgets(plan.Record{Held: true})},
		"who has one, renamed by hand, comes first":        {fresh(plan.Record{}, youngerHas), forgets(plan.Record{})},
		"who had one, removed by hand, comes first":        {removed(older), creates(creating("db", dbID))},
		"of two that had one the older comes first":        {removed(youngerHas), creates(creating("db", dbID))},
		"and the younger forgets what it once created":     {removed(olderHas), forgets(plan.Record{Held: true})},
	})
}
