// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// does sets the steps.
func does(steps ...plan.Step) func(*plan.Plan) { return func(p *plan.Plan) { p.Steps = steps } }

// alter changes the object's own secret in Juju.
func alter(change func(*plan.UserSecret)) func(*plan.SecretFacts) {
	return func(s *plan.SecretFacts) {
		change(s.View.ByID)
		if s.View.ByID.Name != s.Desired.Name {
			s.View.ByName = nil
		}
	}
}

// corrects says that the plan reverts a manual change.
func corrects(p *plan.Plan) { p.Corrects = true }

// reencoded changes the object's own secret in Juju, which has the last content
// with the checksum of its other encoding.
func reencoded(change func(*plan.UserSecret)) func(*plan.SecretFacts) {
	return applied(func(s *plan.SecretFacts) {
		s.View.ByID.Checksum = s.Content.Content.Reencoded().Checksum()
		s.HeldDigest = digestOfSum(s.View.ByID.Checksum)
		change(s.View.ByID)
	})
}

// renamed returns a secret with a new name in the spec.
func renamed(other *plan.UserSecret, change func(*plan.SecretFacts)) func(*plan.SecretFacts) {
	return func(s *plan.SecretFacts) {
		s.View.ByID.Name, s.View.ByName = "old", other
		change(s)
	}
}

func TestUpdateAppliesSpec(t *testing.T) {
	t.Parallel()
	asItIs := func(*plan.SecretFacts) {}
	taken := func(steps ...plan.Step) func(*plan.Plan) {
		return func(p *plan.Plan) {
			p.Steps, p.Condition = steps, plan.Condition{Reason: v1alpha1.ReasonNameTaken, Message: strangerHasIt + removeIt}
		}
	}
	runSecretTests(t, map[string]secretTest{
		"in sync": {},
		"new content": {
			given: func(s *plan.SecretFacts) { s.Content = wanting("new") },
			want:  does(plan.Update{ID: dbID, Content: new(holding("new"))}),
		},
		"new info": {
			given: func(s *plan.SecretFacts) { s.Desired.Info = "new" },
			want:  does(plan.Update{ID: dbID, Info: new("new")}),
		},
		"info removed": {
			given: func(s *plan.SecretFacts) { s.Desired.Info = "" },
			want:  does(plan.Update{ID: dbID, Info: new("")}),
		},
		"info added": {
			given: alter(func(s *plan.UserSecret) { s.Info = "" }),
			want:  does(plan.Update{ID: dbID, Info: new("the database")}),
		},
		"a new name": {
			given: renamed(nil, asItIs),
			want:  does(plan.Update{ID: dbID, Name: new("db")}),
		},
		"all fields in one step": {
			given: renamed(nil, func(s *plan.SecretFacts) { s.Desired.Info, s.Content = "new", wanting("new") }),
			want:  does(plan.Update{ID: dbID, Name: new("db"), Info: new("new"), Content: new(holding("new"))}),
		},
		"content changed in Juju": {
			given: alter(func(s *plan.UserSecret) { s.Revision, s.Checksum = 4, holding("by hand").Checksum() }),
			want:  does(plan.Update{ID: dbID, Content: new(holding("hunter2"))}),
		},
		"name changed in Juju": {
			given: alter(func(s *plan.UserSecret) { s.Name = "by-hand" }),
			want:  does(plan.Update{ID: dbID, Name: new("db")}),
		},
		"name removed in Juju": {
			given: alter(func(s *plan.UserSecret) { s.Name = "" }),
			want:  does(plan.Update{ID: dbID, Name: new("db")}),
		},
		"new revision with equal content": {
			given: alter(func(s *plan.UserSecret) { s.Revision = 7 }),
		},
		"revision removed: written again, with another checksum": {
			given: alter(func(s *plan.UserSecret) { s.RevisionGone = true }),
			want:  does(plan.Update{ID: dbID, Content: new(holding("hunter2").Reencoded())}),
		},
		"content with another checksum": {
			given: reencoded(func(*plan.UserSecret) {}),
		},
		"content with another checksum, revision removed: written again": {
			given: reencoded(func(s *plan.UserSecret) { s.RevisionGone = true }),
			want:  all(does(plan.Update{ID: dbID, Content: new(holding("hunter2"))}), corrects),
		},
		"content with another checksum, older revision: written again": {
			given: reencoded(func(s *plan.UserSecret) { s.Revision-- }),
			want:  all(does(plan.Update{ID: dbID, Content: new(holding("hunter2"))}), corrects),
		},
		"revision removed, other content: written again": {
			given: alter(func(s *plan.UserSecret) { s.RevisionGone, s.Checksum = true, holding("by hand").Checksum() }),
			want:  does(plan.Update{ID: dbID, Content: new(holding("hunter2"))}),
		},
		"other grants": {
			given: alter(func(s *plan.UserSecret) { s.Granted = nil }),
		},
		"Retain has no effect before the deletion": {
			given: func(s *plan.SecretFacts) { s.Desired.Deletion = v1alpha1.DeletionRetain },
		},
		"new name taken: waits": {
			given: renamed(stranger(), asItIs),
			want:  taken(),
		},
		"new name taken, new content": {
			given: renamed(stranger(), func(s *plan.SecretFacts) { s.Content = wanting("new") }),
			want:  taken(plan.Update{ID: dbID, Content: new(holding("new"))}),
		},
		"new name taken, new info": {
			given: renamed(stranger(), func(s *plan.SecretFacts) { s.Desired.Info = "new" }),
			want:  taken(plan.Update{ID: dbID, Info: new("new")}),
		},
		"new name of a secret that is being removed: waits": {
			given: renamed(stranger(removing), func(s *plan.SecretFacts) { s.Desired.Info = "new" }),
			want: func(p *plan.Plan) {
				p.Steps = []plan.Step{plan.Update{ID: dbID, Info: new("new")}}
				p.Condition = plan.Condition{
					Reason:  v1alpha1.ReasonRemoving,
					Message: `waiting until Juju has removed the former secret "db" from model "prod/app"`,
				}
			},
		},
		"own secret has the new name in one view": {
			given: renamed(database(), asItIs),
			want:  does(plan.Update{ID: dbID, Name: new("db")}),
		},
		"finalizer removed manually": {
			given: func(s *plan.SecretFacts) { s.Record = plan.Record{} },
			want:  func(p *plan.Plan) { p.Before, p.After = plan.Record{Held: true}, plan.Record{Held: true} },
		},
		"finalizer removed manually, new content": {
			given: func(s *plan.SecretFacts) { s.Record.Held, s.Content = false, wanting("new") },
			want: func(p *plan.Plan) {
				p.Before, p.After = creating("db", ""), creating("db", "")
				p.Steps = []plan.Step{plan.Update{ID: dbID, Content: new(holding("new"))}}
			},
		},
		"record of the creation stays": {
			given: func(s *plan.SecretFacts) { s.Record, s.Content = creating("old", otherID), wanting("new") },
			want:  does(plan.Update{ID: dbID, Content: new(holding("new"))}),
		},
	})
}

// cutOff returns a secret of a creation that was recorded and sent before a
// crash.
func cutOff(change func(*plan.SecretFacts)) func(*plan.SecretFacts) {
	return func(s *plan.SecretFacts) {
		s.Record, s.LastID = creating("db", ""), ""
		holds(&s.View, nil, database(firstRevision))
		change(s)
	}
}

func TestInterruptedCreationIsResumed(t *testing.T) {
	t.Parallel()
	finds := func(secret *plan.UserSecret, steps ...plan.Step) func(*plan.Plan) {
		return func(p *plan.Plan) {
			p.Secret, p.Steps = secret, steps
			if len(steps) > 0 {
				recognised(p)
			}
		}
	}
	runSecretTests(t, map[string]secretTest{
		"recorded creation": {
			given: cutOff(func(*plan.SecretFacts) {}),
			want:  finds(database(firstRevision)),
		},
		"spec changed": {
			given: cutOff(func(s *plan.SecretFacts) { s.Desired.Info = "new" }),
			want:  finds(database(firstRevision), plan.Update{ID: dbID, Info: new("new")}),
		},
		"granted since": {
			given: cutOff(func(s *plan.SecretFacts) { s.View.ByName.Granted = []string{"app9"} }),
			want:  finds(database(firstRevision, func(s *plan.UserSecret) { s.Granted = []string{"app9"} })),
		},
		"name in the spec changed": {
			given: cutOff(func(s *plan.SecretFacts) {
				s.Record = creating("old", "")
				s.Begun = database(firstRevision, func(s *plan.UserSecret) { s.Name = "old" })
				holds(&s.View, nil, nil)
			}),
			want: finds(
				database(firstRevision, func(s *plan.UserSecret) { s.Name = "old" }),
				plan.Update{ID: dbID, Name: new("db")},
			),
		},
		"several contents recorded": {
			given: cutOff(func(s *plan.SecretFacts) { s.Record = creating("db", "", "hunter2", "older", "new") }),
			want:  finds(database(firstRevision)),
		},
		"content changed": {
			given: cutOff(func(s *plan.SecretFacts) { s.Content = wanting("new") }),
			want:  finds(database(firstRevision), plan.Update{ID: dbID, Content: new(holding("new"))}),
		},
		"recognised before, changed since": {
			given: cutOff(func(s *plan.SecretFacts) {
				s.Record.Creating.ID, s.CandidateDigest = dbID, ""
				holds(&s.View, database(func(s *plan.UserSecret) { s.Name = "by hand" }), nil)
			}),
			want: finds(database(func(s *plan.UserSecret) { s.Name = "by hand" }), plan.Update{ID: dbID, Name: new("db")}),
		},
		"replaces a secret that was removed manually": {
			given: cutOff(func(s *plan.SecretFacts) { s.Record, s.LastID = creating("db", otherID), otherID }),
			want:  finds(database(firstRevision)),
		},
	})
}

func TestInterruptedCreationRecognisesOnlyItsOwnSecret(t *testing.T) {
	t.Parallel()
	taken := func(message string) func(*plan.Plan) {
		return all(reports(v1alpha1.ReasonNameTaken, message+adoptIt), lost, remembers(plan.Record{Held: true}))
	}
	runSecretTests(t, map[string]secretTest{
		"other content": {
			given: cutOff(func(s *plan.SecretFacts) { s.View.ByName.Checksum = holding("other").Checksum() }),
			want:  taken(oursHasIt),
		},
		"content that is desired only now": {
			given: cutOff(func(s *plan.SecretFacts) { s.Record = creating("db", "", "old") }),
			want:  taken(oursHasIt),
		},
		"no digest in the record": {
			given: cutOff(func(s *plan.SecretFacts) { s.Record.Creating.Digests = nil }),
			want:  taken(oursHasIt),
		},
		"second revision": {
			given: cutOff(func(s *plan.SecretFacts) { s.View.ByName.Revision = 2 }),
			want:  taken(oursHasIt),
		},
		"revision removed": {
			given: cutOff(func(s *plan.SecretFacts) { s.View.ByName.RevisionGone = true }),
			want:  taken(oursHasIt),
		},
		"no checksum": {
			given: cutOff(func(s *plan.SecretFacts) { s.View.ByName.Checksum = content.Seal("") }),
			want:  taken(oursHasIt),
		},
		"no creation in the record": {
			given: cutOff(func(s *plan.SecretFacts) { s.Record = plan.Record{Held: true} }),
			want:  taken(oursHasIt),
		},
		"another name in the record": {
			given: cutOff(func(s *plan.SecretFacts) { s.Record = creating("old", "") }),
			want:  taken(oursHasIt),
		},
		"creation complete": {
			given: func(s *plan.SecretFacts) { holds(&s.View, nil, stranger(firstRevision)) },
			want:  taken(strangerHasIt),
		},
		"creation replaces another": {
			given: cutOff(func(s *plan.SecretFacts) { s.Record = creating("db", otherID) }),
			want:  taken(oursHasIt),
		},
		"being removed": {
			given: cutOff(func(s *plan.SecretFacts) { s.View.ByName.Removing = true }),
			want: reports(v1alpha1.ReasonRemoving,
				`waiting until Juju has removed the former secret "db" from model "prod/app"`),
		},
	})
}

func TestSecretWaitsForRemovalOfFormerSecret(t *testing.T) {
	t.Parallel()
	waits := func(name string) func(*plan.Plan) {
		return reports(
			v1alpha1.ReasonRemoving,
			`waiting until Juju has removed the former secret "`+name+`" from model "prod/app"`,
		)
	}
	runSecretTests(t, map[string]secretTest{
		"own secret, removed manually": {
			given: func(s *plan.SecretFacts) { s.View.ByID.Removing = true },
			want:  waits("db"),
		},
		"own secret, under its old name": {
			given: renamed(nil, func(s *plan.SecretFacts) { s.View.ByID.Removing = true }),
			want:  waits("old"),
		},
		"own secret, another has the new name": {
			given: renamed(stranger(), func(s *plan.SecretFacts) { s.View.ByID.Removing = true }),
			want:  waits("old"),
		},
		"secret of an earlier object": {
			given: func(s *plan.SecretFacts) {
				s.Record, s.LastID = plan.Record{}, ""
				holds(&s.View, nil, stranger(removing))
			},
			want: waits("db"),
		},
		"replacement of the removed own secret": {
			given: func(s *plan.SecretFacts) { holds(&s.View, nil, stranger(removing)) },
			want:  waits("db"),
		},
	})
}

func TestNameTakenIsReported(t *testing.T) {
	t.Parallel()
	taken := all(reports(v1alpha1.ReasonNameTaken, strangerHasIt+adoptIt), lost, func(p *plan.Plan) {
		p.Before.Creating, p.After.Creating = nil, nil
	})
	runSecretTests(t, map[string]secretTest{
		"new object, no finalizer": {
			given: func(s *plan.SecretFacts) {
				s.Record, s.LastID = plan.Record{}, ""
				holds(&s.View, nil, stranger())
			},
			want: taken,
		},
		"equal secret": {
			given: func(s *plan.SecretFacts) {
				s.Record, s.LastID = plan.Record{Held: true}, ""
				holds(&s.View, nil, stranger(firstRevision))
			},
			want: taken,
		},
		"own secret was removed manually": {
			given: func(s *plan.SecretFacts) { holds(&s.View, nil, stranger()) },
			want:  taken,
		},
	})
}

func TestMissingSecretIsCreated(t *testing.T) {
	t.Parallel()
	creates := func(replaces string, create plan.Create) func(*plan.Plan) {
		record := plan.Record{Held: true, Creating: &plan.Creation{
			Name: "db", Replaces: replaces, Digests: []string{digestOf(create.Content)},
		}}
		return all(remembers(record), does(create), func(p *plan.Plan) { p.Secret, p.Refused = nil, plan.Record{Held: true} })
	}
	usual := plan.Create{Name: "db", Info: "the database", Content: holding("hunter2")}
	newSecret := func(change func(*plan.SecretFacts)) func(*plan.SecretFacts) {
		return func(s *plan.SecretFacts) {
			s.Record, s.LastID = plan.Record{}, ""
			holds(&s.View, nil, nil)
			change(s)
		}
	}
	runSecretTests(t, map[string]secretTest{
		"recorded before it is sent": {
			given: newSecret(func(*plan.SecretFacts) {}),
			want:  creates("", usual),
		},
		"other info and content": {
			given: newSecret(func(s *plan.SecretFacts) { s.Desired.Info, s.Content = "", wanting("other") }),
			want:  creates("", plan.Create{Name: "db", Content: holding("other")}),
		},
		"retry after an unknown result": {
			given: newSecret(func(s *plan.SecretFacts) { s.Record = creating("db", "") }),
			want:  all(creates("", usual), func(p *plan.Plan) { p.Refused = creating("db", "") }),
		},
		"retry with other content": {
			given: newSecret(func(s *plan.SecretFacts) { s.Record = creating("db", "", "old") }),
			want: all(creates("", usual), remembers(creating("db", "", "old", "hunter2")), func(p *plan.Plan) {
				p.Refused = creating("db", "", "old", "hunter2")
			}),
		},
		"retry with earlier content": {
			given: newSecret(func(s *plan.SecretFacts) { s.Record = creating("db", "", "old", "hunter2") }),
			want: all(creates("", usual), remembers(creating("db", "", "old", "hunter2")), func(p *plan.Plan) {
				p.Refused = creating("db", "", "old", "hunter2")
			}),
		},
		"retry under another name": {
			given: newSecret(func(s *plan.SecretFacts) { s.Record = creating("old", "", "old") }),
			want:  creates("", usual),
		},
		"replaces another than before": {
			given: newSecret(func(s *plan.SecretFacts) { s.Record = creating("db", otherID, "old") }),
			want:  creates("", usual),
		},
		"after NameTaken": {
			given: newSecret(func(s *plan.SecretFacts) { s.Record = plan.Record{Held: true} }),
			want:  creates("", usual),
		},
		"removed manually": {
			given: func(s *plan.SecretFacts) { holds(&s.View, nil, nil) },
			want:  creates(dbID, usual),
		},
		"replacement removed manually": {
			given: func(s *plan.SecretFacts) {
				s.Record = creating("db", otherID)
				holds(&s.View, nil, nil)
			},
			want: creates(dbID, usual),
		},
		"removed manually, with the finalizer": {
			given: newSecret(func(s *plan.SecretFacts) { s.LastID = dbID }),
			want:  creates(dbID, usual),
		},
	})
}
