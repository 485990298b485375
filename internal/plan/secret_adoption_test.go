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

// adopts returns a new JujuSecret with adoptionPolicy: Adopt, in a model with a
// secret of its name.
func adopts(changes ...func(*plan.SecretFacts)) func(*plan.SecretFacts) {
	return func(s *plan.SecretFacts) {
		s.Desired.Adopt, s.Record, s.LastID = true, plan.Record{}, ""
		holds(&s.View, nil, stranger())
		all(changes...)(s)
	}
}

// byItsID makes the object identify its secret by ID and not by name.
func byItsID(s *plan.SecretFacts) {
	s.Desired.ID, s.Desired.Name = otherID, ""
	holds(&s.View, s.View.ByName, nil)
}

// takesOver returns the plan that adopts a secret.
func takesOver(secret *plan.UserSecret, steps ...plan.Step) func(*plan.Plan) {
	return func(p *plan.Plan) {
		remembers(adopting(secret.ID))(p)
		p.Secret, p.Steps, p.Owns = secret, steps, plan.Adopted
	}
}

// findsIt changes the secret that was found.
func findsIt(change func(*plan.UserSecret)) func(*plan.SecretFacts) {
	return func(s *plan.SecretFacts) { change(s.View.ByName) }
}

func TestAdoptionUpdatesExistingSecret(t *testing.T) {
	t.Parallel()
	otherContent := func(s *plan.UserSecret) { s.Checksum = holding("other").Checksum() }
	sends := plan.Update{ID: otherID, Content: new(holding("hunter2"))}
	resends := plan.Update{ID: otherID, Content: new(holding("hunter2").Reencoded())}
	nameless := func(s *plan.UserSecret) { s.Name = "" }
	revisionGone := func(s *plan.UserSecret) { s.RevisionGone = true }
	runSecretTests(t, map[string]secretTest{
		"equal: only recorded": {adopts(), takesOver(stranger())},
		"other content: new revision": {
			adopts(findsIt(otherContent)), takesOver(stranger(otherContent), sends),
		},
		"other info: no new revision": {
			adopts(func(s *plan.SecretFacts) { s.Desired.Info = "new" }), takesOver(
				stranger(), plan.Update{ID: otherID, Info: new("new")},
			),
		},
		"latest revision removed": {
			adopts(findsIt(revisionGone)), takesOver(stranger(revisionGone), resends),
		},
		"no checksum: new revision, because the content is not known": {
			adopts(findsIt(unsummed)),
			all(takesOver(stranger(unsummed), sends), func(p *plan.Plan) { p.Condition.Message = inSyncUnsummed }),
		},
		"auto-prune": {
			adopts(func(s *plan.SecretFacts) { s.Desired.AutoPrune = true }), takesOver(
				stranger(), plan.Update{ID: otherID, AutoPrune: new(true)},
			),
		},
		"by ID, without a name: keeps its name": {
			adopts(findsIt(nameless), byItsID), takesOver(stranger(nameless)),
		},
		"by ID, with a name: renamed": {
			adopts(findsIt(nameless), byItsID, func(s *plan.SecretFacts) { s.Desired.Name = "db" }),
			takesOver(stranger(nameless), plan.Update{ID: otherID, Name: new("db")}),
		},
		"by ID, name taken: adopted, and the rename waits": {
			adopts(
				findsIt(nameless), findsIt(otherContent), byItsID,
				func(s *plan.SecretFacts) { s.Desired.Name, s.View.ByName = "db", database() },
			),
			all(takesOver(stranger(nameless, otherContent), sends), func(p *plan.Plan) {
				p.Condition = plan.Condition{Reason: v1alpha1.ReasonNameTaken, Message: oursHasIt + removeIt}
			}),
		},
		"own secret was removed manually": {
			func(s *plan.SecretFacts) { s.Desired.Adopt = true; holds(&s.View, nil, stranger()) }, takesOver(stranger()),
		},
		"name was taken before": {adopts(recalls(plan.Record{Held: true})), takesOver(stranger())},
		"a younger object asks for it too": {
			adopts(competitors(plan.Competitor{Wants: true, Adopts: true})), takesOver(stranger()),
		},
		"an older object asks for it and does not adopt": {
			adopts(competitors(plan.Competitor{Older: true, Wants: true})), takesOver(stranger()),
		},
		"an older object would adopt it, and owns another": {
			adopts(competitors(plan.Competitor{Older: true, Wants: true, Adopts: true, SecretID: dbID})), takesOver(stranger()),
		},
		"no secret: created": {
			adopts(func(s *plan.SecretFacts) { s.View.ByName = nil }),
			all(remembers(creating("db", "")), does(plan.Create{Name: "db", Info: "the database", Content: holding("hunter2")}),
				func(p *plan.Plan) { p.Refused = plan.Record{Held: true} }),
		},
	})
}

// recalls sets the record.
func recalls(record plan.Record) func(*plan.SecretFacts) {
	return func(s *plan.SecretFacts) { s.Record = record }
}

// rivals sets the other objects, which all have one name here.
func competitors(others ...plan.Competitor) func(*plan.SecretFacts) {
	return func(s *plan.SecretFacts) {
		for i := range others {
			others[i].Object = "team-b/db"
		}
		s.Competitors = others
	}
}

const (
	noSuchID = `model "prod/app" has no user secret with the ID "` + otherID +
		`", and Juju never reuses an ID: compare it with ` +
		"juju secrets; spec.id cannot be changed, so create another JujuSecret with the right id, or with a name, and " +
		"delete this one"
	charmsOwn = "a charm owns secret:" + otherID +
		", and only that charm can change, grant and remove it: name a user secret"
)

func TestAdoptionIsBlockedWithoutChanges(t *testing.T) {
	t.Parallel()
	absent := func(s *plan.SecretFacts) { byItsID(s); s.View.ByID = nil }
	gone := func(reason v1alpha1.Reason, message string) func(*plan.Plan) {
		return all(reports(reason, message), lost, func(p *plan.Plan) { p.After = plan.Record{} })
	}
	missing := func(s *plan.SecretFacts) { s.Content = content.Desired{State: content.Missing, Problem: "no source"} }
	waits := reports(
		v1alpha1.ReasonRemoving, `waiting until Juju has removed the former secret "db" from model "prod/app"`,
	)
	runSecretTests(t, map[string]secretTest{
		"without adoptionPolicy: Adopt": {
			adopts(func(s *plan.SecretFacts) { s.Desired.Adopt = false }), all(
				reports(v1alpha1.ReasonNameTaken, strangerHasIt+adoptIt), lost,
			),
		},
		"being removed":        {adopts(findsIt(removing)), waits},
		"by ID, being removed": {adopts(findsIt(removing), byItsID), waits},
		"no secret of the ID":  {adopts(absent), gone(v1alpha1.ReasonSecretIDNotFound, noSuchID)},
		"no secret of the ID, adoption recorded": {
			adopts(absent, recalls(adopting(otherID))), gone(v1alpha1.ReasonSecretIDNotFound, noSuchID),
		},
		"adopted secret of the ID removed": {
			adopts(
				absent, recalls(adopting(otherID)),
				func(s *plan.SecretFacts) { s.Desired.Name, s.LastID, s.Adopted = "db", otherID, true },
			),
			gone(v1alpha1.ReasonSecretIDNotFound, noSuchID),
		},
		"no secret of the ID, another has the name": {
			adopts(absent, func(s *plan.SecretFacts) { s.Desired.Name, s.View.ByName = "db", database() }),
			gone(v1alpha1.ReasonSecretIDNotFound, noSuchID),
		},
		"a charm owns it": {
			adopts(absent, func(s *plan.SecretFacts) { s.View.CharmOwned = true }), gone(v1alpha1.ReasonCharmOwned, charmsOwn),
		},
		"source missing": {adopts(missing), reports(v1alpha1.ReasonSourceNotFound, "no source")},
		"an older object would adopt it": {
			adopts(competitors(plan.Competitor{Older: true, Wants: true, Adopts: true})), comesFirst,
		},
	})
}

func TestInterruptedAdoptionIsResumed(t *testing.T) {
	t.Parallel()
	pending := func(changes ...func(*plan.SecretFacts)) func(*plan.SecretFacts) {
		return adopts(recalls(adopting(otherID)), func(s *plan.SecretFacts) { s.View.ByID = s.View.ByName }, all(changes...))
	}
	byHand := func(s *plan.UserSecret) { s.Name = "by-hand" }
	runSecretTests(t, map[string]secretTest{
		"recorded secret": {pending(), takesOver(stranger())},
		"adoptionPolicy changed": {
			pending(func(s *plan.SecretFacts) { s.Desired.Adopt = false }), takesOver(stranger()),
		},
		"renamed since": {
			pending(func(s *plan.SecretFacts) { byHand(s.View.ByID); s.View.ByName = nil }),
			takesOver(stranger(byHand), plan.Update{ID: otherID, Name: new("db")}),
		},
		"spec changed": {
			pending(func(s *plan.SecretFacts) { s.Content = wanting("new") }),
			takesOver(stranger(), plan.Update{ID: otherID, Content: new(holding("new"))}),
		},
		"another object asks for it too": {
			pending(competitors(plan.Competitor{Older: true, Wants: true, Adopts: true})), takesOver(stranger()),
		},
		"removed: created": {
			pending(func(s *plan.SecretFacts) { holds(&s.View, nil, nil) }),
			all(remembers(creating("db", "")), does(plan.Create{Name: "db", Info: "the database", Content: holding("hunter2")}),
				func(p *plan.Plan) { p.Refused = plan.Record{Held: true} }),
		},
		"being removed: waits": {
			pending(func(s *plan.SecretFacts) { s.View.ByID.Removing = true }),
			reports(v1alpha1.ReasonRemoving, `waiting until Juju has removed the former secret "db" from model "prod/app"`),
		},
		"another object owns it": {
			pending(competitors(plan.Competitor{SecretID: otherID})),
			all(reports(v1alpha1.ReasonConflict, strangerIsTheirs), lost, remembers(plan.Record{Held: true})),
		},
	})
}

func TestDeletionOrphansAdoptedSecretByDefault(t *testing.T) {
	t.Parallel()
	const stays = `left the secret "db" in model "prod/app": it was adopted, and deletionPolicy is not Delete`
	unasked := func(s *plan.SecretFacts) { s.View = plan.ModelView{} }
	deletes := func(s *plan.SecretFacts) { s.Desired.Deletion = v1alpha1.DeletionDelete }
	adopted := func(s *plan.SecretFacts) { s.Record, s.Adopted = adopting(dbID), true }
	pending := func(s *plan.SecretFacts) { s.Record, s.LastID = adopting(dbID), "" }
	removes := func(adopted bool) func(*plan.Plan) {
		return func(p *plan.Plan) {
			p.Steps, p.Digest = []plan.Step{plan.Remove{ID: dbID}}, ""
			if adopted {
				p.Owns = plan.Adopted
			}
			p.Condition = plan.Condition{
				Reason:  v1alpha1.ReasonRemoving,
				Message: `waiting until Juju has removed the secret "db" from model "prod/app"`,
			}
		}
	}
	runSecretTests(t, map[string]secretTest{
		"default: Juju is not asked": {deleting(all(adopted, unasked)), releases(stays)},
		"default, adoption not in the record": {
			deleting(all(adopted, unasked, recalls(plan.Record{Held: true}))), releases(stays),
		},
		"default, status not written": {deleting(all(pending, unasked)), releases(stays)},
		"Delete":                      {deleting(all(adopted, deletes)), removes(true)},
		"Delete, status not written":  {deleting(all(pending, deletes)), removes(true)},
		"Delete, another object owns it": {
			deleting(all(pending, deletes, competitors(plan.Competitor{SecretID: dbID}))), releases(""),
		},
		"Delete, secret removed": {
			deleting(all(pending, deletes, func(s *plan.SecretFacts) { s.View.ByID = nil })), releases(""),
		},
		"created, not adopted": {deleting(func(*plan.SecretFacts) {}), removes(false)},
		"created in place of an adopted secret": {
			deleting(func(s *plan.SecretFacts) {
				s.Record, s.LastID, s.Adopted = creating("db", otherID), otherID, true
				holds(&s.View, nil, database(firstRevision))
			}),
			all(removes(false), func(p *plan.Plan) { p.Secret = database(firstRevision) }),
		},
		"by ID: the message has the ID": {
			deleting(all(adopted, unasked, func(s *plan.SecretFacts) { s.Desired.ID, s.Desired.Name = dbID, "" })),
			releases("left secret:" + dbID + ` in model "prod/app": it was adopted, and deletionPolicy is not Delete`),
		},
	})
}

func TestQueryUsesKnownID(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		given func(*plan.SecretFacts)
		want  plan.Query
	}{
		"owned: ID and name":                   {func(*plan.SecretFacts) {}, plan.Query{ID: dbID, Name: "db"}},
		"not owned: name":                      {func(s *plan.SecretFacts) { s.LastID = "" }, plan.Query{Name: "db"}},
		"adoption recorded: its ID":            {adopts(recalls(adopting(otherID))), plan.Query{ID: otherID, Name: "db"}},
		"ID in the spec":                       {adopts(byItsID), plan.Query{ID: otherID}},
		"owned, earlier adoption recorded: ID": {recalls(adopting(otherID)), plan.Query{ID: dbID, Name: "db"}},
		"Observe: name in the spec": {
			func(s *plan.SecretFacts) { s.Desired.Observe = true }, plan.Query{Name: "db"},
		},
		"Observe: ID in the spec": {
			all(
				recalls(adopting(dbID)),
				func(s *plan.SecretFacts) { s.Desired.Observe, s.Desired.ID, s.Desired.Name = true, otherID, "" },
			),
			plan.Query{ID: otherID},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := secretInSync()
			test.given(&facts)
			if diff := cmp.Diff(test.want, facts.Query()); diff != "" {
				t.Errorf("Query (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMayAdoptNeedsFreshView(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		given func(*plan.SecretFacts)
		want  bool
	}{
		"Adopt":             {adopts(), true},
		"not Adopt":         {adopts(func(s *plan.SecretFacts) { s.Desired.Adopt = false }), false},
		"owns a secret":     {func(s *plan.SecretFacts) { s.Desired.Adopt = true }, false},
		"deleting":          {adopts(func(s *plan.SecretFacts) { s.Desired.Deleting = true }), false},
		"adoption recorded": {adopts(recalls(adopting(otherID))), true},
		"nothing found":     {adopts(func(s *plan.SecretFacts) { holds(&s.View, nil, nil) }), false},
		"own secret replaced manually": {
			func(s *plan.SecretFacts) { s.Desired.Adopt = true; holds(&s.View, nil, stranger()) }, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := secretInSync()
			test.given(&facts)
			if got := facts.MayAdopt(); got != test.want {
				t.Errorf("MayAdopt returned %t, want %t", got, test.want)
			}
		})
	}
}

func TestMissesIDOfSpec(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		given func(*plan.SecretFacts)
		want  bool
	}{
		"by ID, exists":  {adopts(byItsID), false},
		"by ID, missing": {adopts(byItsID, func(s *plan.SecretFacts) { s.View.ByID = nil }), true},
		"by ID, deleting": {
			adopts(byItsID, func(s *plan.SecretFacts) { s.View.ByID, s.Desired.Deleting = nil, true }), false,
		},
		"by ID, not read":  {adopts(byItsID, func(s *plan.SecretFacts) { s.View = plan.ModelView{} }), false},
		"by name, missing": {adopts(func(s *plan.SecretFacts) { s.View.ByName = nil }), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := secretInSync()
			test.given(&facts)
			if got := facts.MissesID(); got != test.want {
				t.Errorf("MissesID returned %t, want %t", got, test.want)
			}
		})
	}
}
