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

// alter is a secret of ours that somebody changed in Juju.
func alter(change func(*plan.UserSecret)) func(*plan.SecretSeen) {
	return func(s *plan.SecretSeen) {
		change(s.World.ByID)
		if s.World.ByID.Name != s.Want.Name {
			s.World.ByName = nil
		}
	}
}

// renamed is a secret of ours whose spec has a new name.
func renamed(rival *plan.UserSecret, change func(*plan.SecretSeen)) func(*plan.SecretSeen) {
	return func(s *plan.SecretSeen) {
		s.World.ByID.Name, s.World.ByName = "old", rival
		change(s)
	}
}

func TestASecretOfOursIsMadeWhatTheSpecSays(t *testing.T) {
	t.Parallel()
	asItIs := func(*plan.SecretSeen) {}
	taken := func(steps ...plan.Step) func(*plan.Plan) {
		return func(p *plan.Plan) {
			p.Steps, p.Verdict = steps, plan.Verdict{Reason: v1alpha1.ReasonNameTaken, Message: strangerHasIt + removeIt}
		}
	}
	runSecretTests(t, map[string]secretTest{
		"one that is so already is left alone": {},
		"new content is sent, and nothing else": {
			given: func(s *plan.SecretSeen) { s.Content = wanting("new") },
			want:  does(plan.Update{ID: dbID, Content: new(holding("new"))}),
		},
		"new info": {
			given: func(s *plan.SecretSeen) { s.Want.Info = "new" },
			want:  does(plan.Update{ID: dbID, Info: new("new")}),
		},
		"no info any more": {
			given: func(s *plan.SecretSeen) { s.Want.Info = "" },
			want:  does(plan.Update{ID: dbID, Info: new("")}),
		},
		"info for the first time": {
			given: alter(func(s *plan.UserSecret) { s.Info = "" }),
			want:  does(plan.Update{ID: dbID, Info: new("the database")}),
		},
		"a new name": {
			given: renamed(nil, asItIs),
			want:  does(plan.Update{ID: dbID, Name: new("db")}),
		},
		"everything at once, in one step": {
			given: renamed(nil, func(s *plan.SecretSeen) { s.Want.Info, s.Content = "new", wanting("new") }),
			want:  does(plan.Update{ID: dbID, Name: new("db"), Info: new("new"), Content: new(holding("new"))}),
		},
		"content that somebody changed in Juju": {
			given: alter(func(s *plan.UserSecret) { s.Revision, s.Checksum = 4, holding("by hand").Checksum() }),
			want:  does(plan.Update{ID: dbID, Content: new(holding("hunter2"))}),
		},
		"a name that somebody changed in Juju": {
			given: alter(func(s *plan.UserSecret) { s.Name = "by-hand" }),
			want:  does(plan.Update{ID: dbID, Name: new("db")}),
		},
		"a name that somebody took away in Juju": {
			given: alter(func(s *plan.UserSecret) { s.Name = "" }),
			want:  does(plan.Update{ID: dbID, Name: new("db")}),
		},
		"another revision with the same content is as good": {
			given: alter(func(s *plan.UserSecret) { s.Revision = 7 }),
		},
		"a revision that is gone is made anew, by way of another that Juju cannot take for the same": {
			given: alter(func(s *plan.UserSecret) { s.RevisionGone = true }),
			want: does(plan.Update{ID: dbID, Content: new(holding("hunter2").With("restoring", "a revision that was removed"))},
				plan.Update{ID: dbID, Content: new(holding("hunter2"))}),
		},
		"a revision that is gone is made anew, without more if its content was another": {
			given: alter(func(s *plan.UserSecret) { s.RevisionGone, s.Checksum = true, holding("by hand").Checksum() }),
			want:  does(plan.Update{ID: dbID, Content: new(holding("hunter2"))}),
		},
		"grants are the business of others": {
			given: alter(func(s *plan.UserSecret) { s.Granted = nil }),
		},
		"to be retained or not does not matter before the end": {
			given: func(s *plan.SecretSeen) { s.Want.Deletion = v1alpha1.DeletionRetain },
		},
		"a new name that is taken waits": {
			given: renamed(stranger(), asItIs),
			want:  taken(),
		},
		"new content does not wait for the name": {
			given: renamed(stranger(), func(s *plan.SecretSeen) { s.Content = wanting("new") }),
			want:  taken(plan.Update{ID: dbID, Content: new(holding("new"))}),
		},
		"new info does not wait for the name": {
			given: renamed(stranger(), func(s *plan.SecretSeen) { s.Want.Info = "new" }),
			want:  taken(plan.Update{ID: dbID, Info: new("new")}),
		},
		"a new name that is free in a moment waits too": {
			given: renamed(stranger(removing), func(s *plan.SecretSeen) { s.Want.Info = "new" }),
			want: func(p *plan.Plan) {
				p.Steps = []plan.Step{plan.Update{ID: dbID, Info: new("new")}}
				p.Verdict = plan.Verdict{
					Reason:  v1alpha1.ReasonRemoving,
					Message: `Juju has yet to remove the former secret "db" from model "prod/app"`,
				}
			},
		},
		"a secret is not its own rival, should it be renamed between two looks": {
			given: renamed(database(), asItIs),
			want:  does(plan.Update{ID: dbID, Name: new("db")}),
		},
		"a finalizer that somebody took off is put back": {
			given: func(s *plan.SecretSeen) { s.Record = plan.Record{} },
			want:  func(p *plan.Plan) { p.Before, p.After = plan.Record{Held: true}, plan.Record{Held: true} },
		},
		"a finalizer that somebody took off is put back before a change": {
			given: func(s *plan.SecretSeen) { s.Record.Held, s.Content = false, wanting("new") },
			want: func(p *plan.Plan) {
				p.Before, p.After = creating("db", ""), creating("db", "")
				p.Steps = []plan.Step{plan.Update{ID: dbID, Content: new(holding("new"))}}
			},
		},
		"its record stays the one of its creation": {
			given: func(s *plan.SecretSeen) { s.Record, s.Content = creating("old", otherID), wanting("new") },
			want:  does(plan.Update{ID: dbID, Content: new(holding("new"))}),
		},
	})
}

// cutOff is a secret whose creation was announced and sent, and the operator died before it could note the ID.
func cutOff(change func(*plan.SecretSeen)) func(*plan.SecretSeen) {
	return func(s *plan.SecretSeen) {
		s.Record, s.LastID = creating("db", ""), ""
		holds(&s.World, nil, database(firstRevision))
		change(s)
	}
}

func TestACreationThatACrashCutOffIsTakenUp(t *testing.T) {
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
		"what was announced is ours": {
			given: cutOff(func(*plan.SecretSeen) {}),
			want:  finds(database(firstRevision)),
		},
		"and is made what the spec says by now": {
			given: cutOff(func(s *plan.SecretSeen) { s.Want.Info = "new" }),
			want:  finds(database(firstRevision), plan.Update{ID: dbID, Info: new("new")}),
		},
		"grants that somebody made meanwhile do not matter": {
			given: cutOff(func(s *plan.SecretSeen) { s.World.ByName.Granted = []string{"app9"} }),
			want:  finds(database(firstRevision, func(s *plan.UserSecret) { s.Granted = []string{"app9"} })),
		},
		"also under the name that it was announced by, which the spec has no more": {
			given: cutOff(func(s *plan.SecretSeen) {
				s.Record = creating("old", "")
				s.Begun = database(firstRevision, func(s *plan.UserSecret) { s.Name = "old" })
				holds(&s.World, nil, nil)
			}),
			want: finds(database(firstRevision, func(s *plan.UserSecret) { s.Name = "old" }), plan.Update{ID: dbID, Name: new("db")}),
		},
		"whatever content it was last asked for with": {
			given: cutOff(func(s *plan.SecretSeen) { s.Record = creating("db", "", "hunter2", "older", "new") }),
			want:  finds(database(firstRevision)),
		},
		"whatever it shall hold by now": {
			given: cutOff(func(s *plan.SecretSeen) { s.Content = wanting("new") }),
			want:  finds(database(firstRevision), plan.Update{ID: dbID, Content: new(holding("new"))}),
		},
		"what was recognised before is ours, whatever became of it": {
			given: cutOff(func(s *plan.SecretSeen) {
				s.Record.Creating.ID, s.CandidateDigest = dbID, ""
				holds(&s.World, database(func(s *plan.UserSecret) { s.Name = "by hand" }), nil)
			}),
			want: finds(database(func(s *plan.UserSecret) { s.Name = "by hand" }), plan.Update{ID: dbID, Name: new("db")}),
		},
		"so is one in place of a secret that was removed by hand": {
			given: cutOff(func(s *plan.SecretSeen) { s.Record, s.LastID = creating("db", otherID), otherID }),
			want:  finds(database(firstRevision)),
		},
	})
}

func TestNoOtherSecretIsTakenForACreationThatWasCutOff(t *testing.T) {
	t.Parallel()
	taken := func(message string) func(*plan.Plan) {
		return all(tells(v1alpha1.ReasonNameTaken, message+adoptIt), lost, remembers(plan.Record{Held: true}))
	}
	runSecretTests(t, map[string]secretTest{
		"one with other content": {
			given: cutOff(func(s *plan.SecretSeen) { s.World.ByName.Checksum = holding("other").Checksum() }),
			want:  taken(oursHasIt),
		},
		"one with content that is asked for only now": {
			given: cutOff(func(s *plan.SecretSeen) { s.Record = creating("db", "", "old") }),
			want:  taken(oursHasIt),
		},
		"one after a request of which nothing is noted but the name": {
			given: cutOff(func(s *plan.SecretSeen) { s.Record.Creating.Digests = nil }),
			want:  taken(oursHasIt),
		},
		"one that has been changed since": {
			given: cutOff(func(s *plan.SecretSeen) { s.World.ByName.Revision = 2 }),
			want:  taken(oursHasIt),
		},
		"one whose only revision is gone": {
			given: cutOff(func(s *plan.SecretSeen) { s.World.ByName.RevisionGone = true }),
			want:  taken(oursHasIt),
		},
		"one that Juju gives no checksum for": {
			given: cutOff(func(s *plan.SecretSeen) { s.World.ByName.Checksum = content.Seal("") }),
			want:  taken(oursHasIt),
		},
		"one that nobody announced": {
			given: cutOff(func(s *plan.SecretSeen) { s.Record = plan.Record{Held: true} }),
			want:  taken(oursHasIt),
		},
		"one of another name than was announced": {
			given: cutOff(func(s *plan.SecretSeen) { s.Record = creating("old", "") }),
			want:  taken(oursHasIt),
		},
		"one after a creation that is over, since its ID was noted": {
			given: func(s *plan.SecretSeen) { holds(&s.World, nil, stranger(firstRevision)) },
			want:  taken(strangerHasIt),
		},
		"one after a creation that replaced another": {
			given: cutOff(func(s *plan.SecretSeen) { s.Record = creating("db", otherID) }),
			want:  taken(oursHasIt),
		},
		"one that is being removed": {
			given: cutOff(func(s *plan.SecretSeen) { s.World.ByName.Removing = true }),
			want: tells(v1alpha1.ReasonRemoving,
				`Juju has yet to remove the former secret "db" from model "prod/app"`),
		},
	})
}

func TestTheNameOfASecretThatIsBeingRemovedIsWaitedFor(t *testing.T) {
	t.Parallel()
	waits := func(name string) func(*plan.Plan) {
		return tells(v1alpha1.ReasonRemoving, `Juju has yet to remove the former secret "`+name+`" from model "prod/app"`)
	}
	runSecretTests(t, map[string]secretTest{
		"our own, removed by hand": {
			given: func(s *plan.SecretSeen) { s.World.ByID.Removing = true },
			want:  waits("db"),
		},
		"our own, under its old name": {
			given: renamed(nil, func(s *plan.SecretSeen) { s.World.ByID.Removing = true }),
			want:  waits("old"),
		},
		"our own, while another has the new name already": {
			given: renamed(stranger(), func(s *plan.SecretSeen) { s.World.ByID.Removing = true }),
			want:  waits("old"),
		},
		"that of the object before this one": {
			given: func(s *plan.SecretSeen) {
				s.Record, s.LastID = plan.Record{}, ""
				holds(&s.World, nil, stranger(removing))
			},
			want: waits("db"),
		},
		"that of somebody else, after ours was removed by hand": {
			given: func(s *plan.SecretSeen) { holds(&s.World, nil, stranger(removing)) },
			want:  waits("db"),
		},
	})
}

func TestANameThatIsTakenIsLeftToItsOwner(t *testing.T) {
	t.Parallel()
	taken := all(tells(v1alpha1.ReasonNameTaken, strangerHasIt+adoptIt), lost, func(p *plan.Plan) {
		p.Before.Creating, p.After.Creating = nil, nil
	})
	runSecretTests(t, map[string]secretTest{
		"by a secret from before, so that not even a finalizer is needed": {
			given: func(s *plan.SecretSeen) {
				s.Record, s.LastID = plan.Record{}, ""
				holds(&s.World, nil, stranger())
			},
			want: taken,
		},
		"by one that is just like it": {
			given: func(s *plan.SecretSeen) {
				s.Record, s.LastID = plan.Record{Held: true}, ""
				holds(&s.World, nil, stranger(firstRevision))
			},
			want: taken,
		},
		"after ours was removed by hand": {
			given: func(s *plan.SecretSeen) { holds(&s.World, nil, stranger()) },
			want:  taken,
		},
	})
}

func TestASecretThatIsNotThereIsCreated(t *testing.T) {
	t.Parallel()
	creates := func(replaces string, create plan.Create) func(*plan.Plan) {
		record := plan.Record{Held: true, Creating: &plan.Creation{
			Name: "db", Replaces: replaces, Digests: []string{digestOf(create.Content)},
		}}
		return all(remembers(record), does(create), func(p *plan.Plan) { p.Secret, p.Refused = nil, plan.Record{Held: true} })
	}
	usual := plan.Create{Name: "db", Info: "the database", Content: holding("hunter2")}
	anew := func(change func(*plan.SecretSeen)) func(*plan.SecretSeen) {
		return func(s *plan.SecretSeen) {
			s.Record, s.LastID = plan.Record{}, ""
			holds(&s.World, nil, nil)
			change(s)
		}
	}
	runSecretTests(t, map[string]secretTest{
		"the creation is on record before it is sent": {
			given: anew(func(*plan.SecretSeen) {}),
			want:  creates("", usual),
		},
		"as the spec says": {
			given: anew(func(s *plan.SecretSeen) { s.Want.Info, s.Content = "", wanting("other") }),
			want:  creates("", plan.Create{Name: "db", Content: holding("other")}),
		},
		"once more, if the first request did not get through; should it do so now, that is no refusal": {
			given: anew(func(s *plan.SecretSeen) { s.Record = creating("db", "") }),
			want:  all(creates("", usual), func(p *plan.Plan) { p.Refused = creating("db", "") }),
		},
		"once more, with other content, so that it may be either": {
			given: anew(func(s *plan.SecretSeen) { s.Record = creating("db", "", "old") }),
			want: all(creates("", usual), remembers(creating("db", "", "old", "hunter2")), func(p *plan.Plan) {
				p.Refused = creating("db", "", "old", "hunter2")
			}),
		},
		"once more, with content that was tried before": {
			given: anew(func(s *plan.SecretSeen) { s.Record = creating("db", "", "old", "hunter2") }),
			want: all(creates("", usual), remembers(creating("db", "", "old", "hunter2")), func(p *plan.Plan) {
				p.Refused = creating("db", "", "old", "hunter2")
			}),
		},
		"under another name, which the first request cannot get": {
			given: anew(func(s *plan.SecretSeen) { s.Record = creating("old", "", "old") }),
			want:  creates("", usual),
		},
		"in place of another than the first request was for": {
			given: anew(func(s *plan.SecretSeen) { s.Record = creating("db", otherID, "old") }),
			want:  creates("", usual),
		},
		"after the name was taken for a while": {
			given: anew(func(s *plan.SecretSeen) { s.Record = plan.Record{Held: true} }),
			want:  creates("", usual),
		},
		"again, after somebody removed it": {
			given: func(s *plan.SecretSeen) { holds(&s.World, nil, nil) },
			want:  creates(dbID, usual),
		},
		"again, after somebody removed what had replaced it": {
			given: func(s *plan.SecretSeen) {
				s.Record = creating("db", otherID)
				holds(&s.World, nil, nil)
			},
			want: creates(dbID, usual),
		},
		"again, whoever took the finalizer off": {
			given: anew(func(s *plan.SecretSeen) { s.LastID = dbID }),
			want:  creates(dbID, usual),
		},
	})
}
