// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// adopts is a JujuSecret that was just applied, with adoptionPolicy: Adopt, to a model that has a secret of its name.
func adopts(changes ...func(*plan.SecretSeen)) func(*plan.SecretSeen) {
	return func(s *plan.SecretSeen) {
		s.Want.Adopt, s.Record, s.LastID = true, plan.Record{}, ""
		holds(&s.World, nil, stranger())
		all(changes...)(s)
	}
}

// byItsID makes the object go by an ID and no name.
func byItsID(s *plan.SecretSeen) {
	s.Want.ID, s.Want.Name = otherID, ""
	holds(&s.World, s.World.ByName, nil)
}

// takesOver is the plan that makes somebody else's secret the object's.
func takesOver(secret *plan.UserSecret, steps ...plan.Step) func(*plan.Plan) {
	return func(p *plan.Plan) {
		remembers(adopting(secret.ID))(p)
		p.Secret, p.Steps, p.Adopted = secret, steps, true
	}
}

// findsIt changes the secret that is there.
func findsIt(change func(*plan.UserSecret)) func(*plan.SecretSeen) {
	return func(s *plan.SecretSeen) { change(s.World.ByName) }
}

func TestASecretThatIsThereIsTakenOverIfTheManifestSaysSo(t *testing.T) {
	t.Parallel()
	otherContent := func(s *plan.UserSecret) { s.Checksum = holding("other").Checksum() }
	sends := plan.Update{ID: otherID, Content: new(holding("hunter2"))}
	detour := plan.Update{ID: otherID, Content: new(holding("hunter2").With("restoring", "a revision that was removed"))}
	nameless := func(s *plan.UserSecret) { s.Name = "" }
	revisionGone := func(s *plan.UserSecret) { s.RevisionGone = true }
	runSecretTests(t, map[string]secretTest{
		"one that is so already is only noted": {adopts(), takesOver(stranger())},
		"one with other content gets a revision": {
			adopts(findsIt(otherContent)), takesOver(stranger(otherContent), sends),
		},
		"one with other info gets no revision": {
			adopts(func(s *plan.SecretSeen) { s.Want.Info = "new" }), takesOver(stranger(), plan.Update{ID: otherID, Info: new("new")}),
		},
		"one whose latest revision is gone": {
			adopts(findsIt(revisionGone)), takesOver(stranger(revisionGone), detour, sends),
		},
		"one of which Juju tells no checksum gets a revision, as nobody knows what it holds": {
			adopts(findsIt(unsummed)),
			all(takesOver(stranger(unsummed), sends), func(p *plan.Plan) { p.Verdict.Message = unsummedToo }),
		},
		"one that is to be pruned": {
			adopts(func(s *plan.SecretSeen) { s.Want.AutoPrune = true }), takesOver(stranger(), plan.Update{ID: otherID, AutoPrune: new(true)}),
		},
		"one by its ID keeps its name": {
			adopts(findsIt(nameless), byItsID), takesOver(stranger(nameless)),
		},
		"one by its ID gets the name that the manifest says": {
			adopts(findsIt(nameless), byItsID, func(s *plan.SecretSeen) { s.Want.Name = "db" }),
			takesOver(stranger(nameless), plan.Update{ID: otherID, Name: new("db")}),
		},
		"one by its ID whose name is taken is taken over, and the name waits": {
			adopts(findsIt(nameless), findsIt(otherContent), byItsID, func(s *plan.SecretSeen) { s.Want.Name, s.World.ByName = "db", database() }),
			all(takesOver(stranger(nameless, otherContent), sends), func(p *plan.Plan) {
				p.Verdict = plan.Verdict{Reason: v1alpha1.ReasonNameTaken, Message: oursHasIt + removeIt}
			}),
		},
		"one in place of our own that somebody removed": {
			func(s *plan.SecretSeen) { s.Want.Adopt = true; holds(&s.World, nil, stranger()) }, takesOver(stranger()),
		},
		"one that was in the way until now":      {adopts(recalls(plan.Record{Held: true})), takesOver(stranger())},
		"one that a younger object asks for too": {adopts(rivals(plan.Rival{Wants: true, Adopts: true})), takesOver(stranger())},
		"one that an older object asks for, and may not take over": {
			adopts(rivals(plan.Rival{Older: true, Wants: true})), takesOver(stranger()),
		},
		"one that an older object would take over, had it not its own": {
			adopts(rivals(plan.Rival{Older: true, Wants: true, Adopts: true, SecretID: dbID})), takesOver(stranger()),
		},
		"nothing, if there is none: then it is created": {
			adopts(func(s *plan.SecretSeen) { s.World.ByName = nil }),
			all(remembers(creating("db", "")), does(plan.Create{Name: "db", Info: "the database", Content: holding("hunter2")}),
				func(p *plan.Plan) { p.Refused = plan.Record{Held: true} }),
		},
	})
}

// recalls sets the record.
func recalls(record plan.Record) func(*plan.SecretSeen) {
	return func(s *plan.SecretSeen) { s.Record = record }
}

// rivals sets the other objects, which all have one name here.
func rivals(others ...plan.Rival) func(*plan.SecretSeen) {
	return func(s *plan.SecretSeen) {
		for i := range others {
			others[i].Object = "team-b/db"
		}
		s.Rivals = others
	}
}

const (
	noSuchID = `model "prod/app" has no user secret with the ID "` + otherID + `": as spec.id cannot be changed, delete this ` +
		"object and apply it with another id, or with a name"
	charmsOwn = "secret:" + otherID + " belongs to a charm, which alone may change, grant and remove it: name a user secret"
)

func TestASecretThatCannotBeTakenOverIsLeftAlone(t *testing.T) {
	t.Parallel()
	absent := func(s *plan.SecretSeen) { byItsID(s); s.World.ByID = nil }
	gone := func(reason v1alpha1.Reason, message string) func(*plan.Plan) {
		return all(tells(reason, message), lost, func(p *plan.Plan) { p.After = plan.Record{} })
	}
	missing := func(s *plan.SecretSeen) { s.Content = content.Desired{State: content.Missing, Problem: "no source"} }
	dying := tells(v1alpha1.ReasonRemoving, `Juju has yet to remove the former secret "db" from model "prod/app"`)
	runSecretTests(t, map[string]secretTest{
		"one that the manifest does not speak of": {
			adopts(func(s *plan.SecretSeen) { s.Want.Adopt = false }), all(tells(v1alpha1.ReasonNameTaken, strangerHasIt+adoptIt), lost),
		},
		"one that is being removed":                         {adopts(findsIt(removing)), dying},
		"one by its ID that is being removed":               {adopts(findsIt(removing), byItsID), dying},
		"none of the ID":                                    {adopts(absent), gone(v1alpha1.ReasonSecretNotFound, noSuchID)},
		"none of the ID any more, of which nothing is kept": {adopts(absent, recalls(adopting(otherID))), gone(v1alpha1.ReasonSecretNotFound, noSuchID)},
		"none of the ID any more, and nothing is made in its place": {
			adopts(absent, recalls(adopting(otherID)), func(s *plan.SecretSeen) { s.Want.Name, s.LastID, s.Adopted = "db", otherID, true }),
			gone(v1alpha1.ReasonSecretNotFound, noSuchID),
		},
		"none of the ID, whoever has the name": {
			adopts(absent, func(s *plan.SecretSeen) { s.Want.Name, s.World.ByName = "db", database() }),
			gone(v1alpha1.ReasonSecretNotFound, noSuchID),
		},
		"a charm's own": {
			adopts(absent, func(s *plan.SecretSeen) { s.World.CharmOwned = true }), gone(v1alpha1.ReasonCharmOwned, charmsOwn),
		},
		"any, before it is known what it shall hold": {adopts(missing), tells(v1alpha1.ReasonSourceNotFound, "no source")},
		"one that an older object would take over":   {adopts(rivals(plan.Rival{Older: true, Wants: true, Adopts: true})), comesFirst},
	})
}

func TestAnAdoptionThatACrashCutOffIsTakenUp(t *testing.T) {
	t.Parallel()
	pending := func(changes ...func(*plan.SecretSeen)) func(*plan.SecretSeen) {
		return adopts(recalls(adopting(otherID)), func(s *plan.SecretSeen) { s.World.ByID = s.World.ByName }, all(changes...))
	}
	byHand := func(s *plan.UserSecret) { s.Name = "by-hand" }
	runSecretTests(t, map[string]secretTest{
		"what was noted is ours": {pending(), takesOver(stranger())},
		"whatever the adoption policy is by now": {
			pending(func(s *plan.SecretSeen) { s.Want.Adopt = false }), takesOver(stranger()),
		},
		"whatever it is called by now": {
			pending(func(s *plan.SecretSeen) { byHand(s.World.ByID); s.World.ByName = nil }),
			takesOver(stranger(byHand), plan.Update{ID: otherID, Name: new("db")}),
		},
		"and is made what the spec says by now": {
			pending(func(s *plan.SecretSeen) { s.Content = wanting("new") }),
			takesOver(stranger(), plan.Update{ID: otherID, Content: new(holding("new"))}),
		},
		"whoever asks for it too": {
			pending(rivals(plan.Rival{Older: true, Wants: true, Adopts: true})), takesOver(stranger()),
		},
		"if it is gone, another is made": {
			pending(func(s *plan.SecretSeen) { holds(&s.World, nil, nil) }),
			all(remembers(creating("db", "")), does(plan.Create{Name: "db", Info: "the database", Content: holding("hunter2")}),
				func(p *plan.Plan) { p.Refused = plan.Record{Held: true} }),
		},
		"if it is being removed, that is waited for": {
			pending(func(s *plan.SecretSeen) { s.World.ByID.Removing = true }),
			tells(v1alpha1.ReasonRemoving, `Juju has yet to remove the former secret "db" from model "prod/app"`),
		},
		"not if another object has it by now": {
			pending(rivals(plan.Rival{SecretID: otherID})),
			all(tells(v1alpha1.ReasonConflict, strangerIsTheirs), lost, remembers(plan.Record{Held: true})),
		},
	})
}

func TestWhatWasAdoptedStaysInJujuUnlessTheManifestSaysDelete(t *testing.T) {
	t.Parallel()
	const stays = `left the secret "db" in model "prod/app", as it was adopted and deletionPolicy does not say Delete`
	unasked := func(s *plan.SecretSeen) { s.World = plan.World{} }
	deletes := func(s *plan.SecretSeen) { s.Want.Deletion = v1alpha1.DeletionDelete }
	adopted := func(s *plan.SecretSeen) { s.Record, s.Adopted = adopting(dbID), true }
	pending := func(s *plan.SecretSeen) { s.Record, s.LastID = adopting(dbID), "" }
	removes := func(adopted bool) func(*plan.Plan) {
		return func(p *plan.Plan) {
			p.Steps, p.Digest, p.Adopted = []plan.Step{plan.Remove{ID: dbID}}, "", adopted
			p.Verdict = plan.Verdict{Reason: v1alpha1.ReasonRemoving, Message: `Juju has yet to remove the secret "db" from model "prod/app"`}
		}
	}
	runSecretTests(t, map[string]secretTest{
		"it is left, and Juju is not asked":                  {goes(all(adopted, unasked)), letsGo(stays)},
		"also if the record of it is gone":                   {goes(all(adopted, unasked, recalls(plan.Record{Held: true}))), letsGo(stays)},
		"also if that was just about to be noted":            {goes(all(pending, unasked)), letsGo(stays)},
		"it is removed with deletionPolicy: Delete":          {goes(all(adopted, deletes)), removes(true)},
		"also if that it is ours was just about to be noted": {goes(all(pending, deletes)), removes(true)},
		"but not if another object has it by then":           {goes(all(pending, deletes, rivals(plan.Rival{SecretID: dbID}))), letsGo("")},
		"nor if that is gone":                                {goes(all(pending, deletes, func(s *plan.SecretSeen) { s.World.ByID = nil })), letsGo("")},
		"one that was made for the object is removed":        {goes(func(*plan.SecretSeen) {}), removes(false)},
		"one that was made in place of one that was adopted, too": {
			goes(func(s *plan.SecretSeen) {
				s.Record, s.LastID, s.Adopted = creating("db", otherID), otherID, true
				holds(&s.World, nil, database(firstRevision))
			}),
			all(removes(false), func(p *plan.Plan) { p.Secret = database(firstRevision) }),
		},
		"one by its ID is told of by that": {
			goes(all(adopted, unasked, func(s *plan.SecretSeen) { s.Want.ID, s.Want.Name = dbID, "" })),
			letsGo("left secret:" + dbID + ` in model "prod/app", as it was adopted and deletionPolicy does not say Delete`),
		},
	})
}

func TestASecretIsLookedForByWhatIsKnownOfIt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		given func(*plan.SecretSeen)
		want  plan.Query
	}{
		"by its ID, and by its name":                     {func(*plan.SecretSeen) {}, plan.Query{ID: dbID, Name: "db"}},
		"by its name, as long as it has no ID":           {func(s *plan.SecretSeen) { s.LastID = "" }, plan.Query{Name: "db"}},
		"by the ID that was about to be taken over":      {adopts(recalls(adopting(otherID))), plan.Query{ID: otherID, Name: "db"}},
		"by the ID of the spec":                          {adopts(byItsID), plan.Query{ID: otherID}},
		"not by what was taken over before the last one": {recalls(adopting(otherID)), plan.Query{ID: dbID, Name: "db"}},
		"who only looks, by the name of the spec":        {func(s *plan.SecretSeen) { s.Want.Observe = true }, plan.Query{Name: "db"}},
		"who only looks, by the ID of the spec": {
			all(recalls(adopting(dbID)), func(s *plan.SecretSeen) { s.Want.Observe, s.Want.ID, s.Want.Name = true, otherID, "" }),
			plan.Query{ID: otherID},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := secretInSync()
			test.given(&seen)
			if diff := cmp.Diff(test.want, seen.Query()); diff != "" {
				t.Errorf("Query (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOnlyTheNewestViewDoesForWhoMayTakeSomethingOver(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		given func(*plan.SecretSeen)
		want  bool
	}{
		"who may":               {adopts(), true},
		"who may not":           {adopts(func(s *plan.SecretSeen) { s.Want.Adopt = false }), false},
		"who has a secret":      {func(s *plan.SecretSeen) { s.Want.Adopt = true }, false},
		"who goes":              {adopts(func(s *plan.SecretSeen) { s.Want.Deleting = true }), false},
		"who was just about to": {adopts(recalls(adopting(otherID))), true},
		"who finds nothing":     {adopts(func(s *plan.SecretSeen) { holds(&s.World, nil, nil) }), false},
		"who lost its own to somebody else": {
			func(s *plan.SecretSeen) { s.Want.Adopt = true; holds(&s.World, nil, stranger()) }, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := secretInSync()
			test.given(&seen)
			if got := seen.MayAdopt(); got != test.want {
				t.Errorf("MayAdopt is %t, want %t", got, test.want)
			}
		})
	}
}
