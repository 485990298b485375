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

// applied is a JujuSecret that was in sync when it was last looked at, for the spec and the sources as they are now, and
// what is different in Juju since.
func applied(change func(*plan.SecretSeen)) func(*plan.SecretSeen) {
	return func(s *plan.SecretSeen) {
		s.SameSpec, s.LastRevision, s.Digest = true, s.World.ByID.Revision, digestOf(s.Content.Content)
		s.LastDigest = s.Digest
		change(s)
	}
}

// reporting sets driftPolicy: Report.
func reporting(change func(*plan.SecretSeen)) func(*plan.SecretSeen) {
	return func(s *plan.SecretSeen) {
		s.Want.ReportDrift = true
		change(s)
	}
}

// byHand is a secret of ours that somebody changed in Juju, after it was in sync.
func byHand(change func(*plan.UserSecret)) func(*plan.SecretSeen) { return applied(alter(change)) }

// goneByHand is a secret of ours that somebody removed, after it was in sync.
func goneByHand(s *plan.SecretSeen) {
	applied(func(s *plan.SecretSeen) { holds(&s.World, nil, nil) })(s)
}

func unsummed(s *plan.UserSecret) { s.Unsummed, s.Checksum = true, content.Sealed[string]{} }

const (
	changeItBack = ", and driftPolicy is Report: change it back, change the manifest or a source, or set driftPolicy: Correct"
	unsummedToo  = "Juju holds what the spec asks for. Before 3.6 Juju does not tell by a checksum what a secret holds: " +
		"content that somebody else changes is noticed by its revision"
)

// drift is something that somebody else did in Juju: what is seen of it, what makes it good, and how it is told.
type drift struct {
	seen  func(*plan.SecretSeen)
	mends []plan.Step
	what  string
}

// drifts are all ways in which a secret that was in sync can be different.
func drifts() map[string]drift {
	var (
		right   = plan.Update{ID: dbID, Content: new(holding("hunter2"))}
		detour  = plan.Update{ID: dbID, Content: new(holding("hunter2").With("restoring", "a revision that was removed"))}
		other   = holding("by hand").Checksum()
		changed = func(parts string) string { return "somebody changed " + parts + " of secret:" + dbID + " in Juju" }
	)
	return map[string]drift{
		"another name": {
			byHand(func(s *plan.UserSecret) { s.Name = "by-hand" }),
			[]plan.Step{plan.Update{ID: dbID, Name: new("db")}}, changed("name"),
		},
		"no name": {
			byHand(func(s *plan.UserSecret) { s.Name = "" }),
			[]plan.Step{plan.Update{ID: dbID, Name: new("db")}}, changed("name"),
		},
		"another info": {
			byHand(func(s *plan.UserSecret) { s.Info = "by hand" }),
			[]plan.Step{plan.Update{ID: dbID, Info: new("the database")}}, changed("info"),
		},
		"no info": {
			byHand(func(s *plan.UserSecret) { s.Info = "" }),
			[]plan.Step{plan.Update{ID: dbID, Info: new("the database")}}, changed("info"),
		},
		"another content": {
			byHand(func(s *plan.UserSecret) { s.Revision, s.Checksum = 4, other }),
			[]plan.Step{right}, changed("content"),
		},
		"everything at once": {
			byHand(func(s *plan.UserSecret) { s.Name, s.Info, s.Revision, s.Checksum = "by-hand", "by hand", 4, other }),
			[]plan.Step{plan.Update{ID: dbID, Name: new("db"), Info: new("the database"), Content: new(holding("hunter2"))}},
			changed("name, info, content"),
		},
		"a revision that is gone, and that Juju goes on listing": {
			byHand(func(s *plan.UserSecret) { s.RevisionGone = true }),
			[]plan.Step{detour, right}, changed("content"),
		},
		"a revision that is gone, after one by hand": {
			byHand(func(s *plan.UserSecret) { s.Revision, s.Checksum, s.RevisionGone = 4, other, true }),
			[]plan.Step{right}, changed("content"),
		},
		"a revision that is gone, so that an older one is the latest, under its checksum": {
			byHand(func(s *plan.UserSecret) { s.Revision = 2 }),
			[]plan.Step{detour, right}, changed("content"),
		},
		"a revision that is gone, so that an older one is the latest, under its own checksum": {
			byHand(func(s *plan.UserSecret) { s.Revision, s.Checksum = 2, other }),
			[]plan.Step{right}, changed("content"),
		},
		"a revision that is gone, and another info": {
			byHand(func(s *plan.UserSecret) { s.Info, s.RevisionGone = "by hand", true }),
			[]plan.Step{detour, plan.Update{ID: dbID, Info: new("the database"), Content: new(holding("hunter2"))}},
			changed("info, content"),
		},
		"another revision, of which Juju tells no checksum": {
			byHand(func(s *plan.UserSecret) { unsummed(s); s.Revision = 4 }),
			[]plan.Step{right}, changed("content"),
		},
		"an older revision, of which Juju tells no checksum": {
			byHand(func(s *plan.UserSecret) { unsummed(s); s.Revision = 2 }),
			[]plan.Step{right}, changed("content"),
		},
		"a revision that is gone, of which Juju tells no checksum": {
			byHand(func(s *plan.UserSecret) { unsummed(s); s.RevisionGone = true }),
			[]plan.Step{right}, changed("content"),
		},
		"another info, where Juju tells no checksum": {
			byHand(func(s *plan.UserSecret) { unsummed(s); s.Info = "" }),
			[]plan.Step{plan.Update{ID: dbID, Info: new("the database")}}, changed("info"),
		},
		"no secret": {
			goneByHand,
			[]plan.Step{plan.Create{Name: "db", Info: "the database", Content: holding("hunter2")}},
			"somebody removed secret:" + dbID + ` from model "prod/app"`,
		},
	}
}

// wants is the plan of steps that make a secret what it should be. Of a secret that is created, its record is another.
func (d drift) wants(p *plan.Plan) {
	p.Steps, p.Digest = d.mends, digestOf(holding("hunter2"))
	if p.Secret == nil {
		p.Before, p.After, p.Refused = creating("db", dbID), creating("db", dbID), plan.Record{Held: true}
		return
	}
	if p.Secret.Unsummed {
		p.Verdict.Message = unsummedToo
	}
}

func TestWhatSomebodyElseDidIsCorrected(t *testing.T) {
	t.Parallel()
	tests := map[string]secretTest{}
	for name, drift := range drifts() {
		tests[name] = secretTest{drift.seen, all(drift.wants, func(p *plan.Plan) { p.Corrects = true })}
	}
	runSecretTests(t, tests)
}

func TestWhatSomebodyElseDidIsReportedAndLeft(t *testing.T) {
	t.Parallel()
	tests := map[string]secretTest{}
	for name, drift := range drifts() {
		// Without a secret the status keeps the revision that was last in sync.
		tests[name] = secretTest{reporting(drift.seen), tells(v1alpha1.ReasonDrifted, drift.what+changeItBack)}
	}
	runSecretTests(t, tests)
}

func TestAnotherSpecIsAppliedWhateverSomebodyElseDid(t *testing.T) {
	t.Parallel()
	tests := map[string]secretTest{}
	for name, drift := range drifts() {
		otherSpec := all(drift.seen, func(s *plan.SecretSeen) { s.SameSpec = false })
		tests[name] = secretTest{otherSpec, drift.wants}
		tests[name+", with driftPolicy: Report"] = secretTest{reporting(otherSpec), drift.wants}
	}
	runSecretTests(t, tests)
}

func TestAnotherSourceIsAppliedWhateverSomebodyElseDid(t *testing.T) {
	t.Parallel()
	for name, drift := range drifts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, report := range []bool{false, true} {
				seen := secretInSync()
				drift.seen(&seen)
				seen.Want.ReportDrift, seen.Content, seen.Digest = report, wanting("new"), digestOf(holding("new"))
				p := plan.ForSecret(seen)
				if p.Verdict.Reason != v1alpha1.ReasonSynced || p.Corrects || p.Digest != seen.Digest || !sends(p, holding("new")) {
					t.Errorf("with Report %t the plan is %+v, want one that sends the new content and corrects nothing", report, p)
				}
			}
		})
	}
}

// sends tells whether the last step of a plan sends a content, and no step but it.
func sends(p plan.Plan, c content.Content) bool {
	if len(p.Steps) != 1 {
		return false
	}
	switch step := p.Steps[0].(type) {
	case plan.Create:
		return step.Content.Equal(c)
	case plan.Update:
		return step.Content != nil && step.Content.Equal(c)
	}
	return false
}

func TestWhatIsNotTheDoingOfOthersIsNoDrift(t *testing.T) {
	t.Parallel()
	digest := digestOf(holding("hunter2"))
	inSync := func(p *plan.Plan) { p.Digest = digest }
	updates := func(steps ...plan.Step) func(*plan.Plan) {
		return func(p *plan.Plan) { p.Digest, p.Steps = digest, steps }
	}
	creates := func(replaces string) func(*plan.Plan) {
		return func(p *plan.Plan) {
			p.Before, p.After, p.Refused = creating("db", replaces), creating("db", replaces), plan.Record{Held: true}
			p.Secret, p.Digest = nil, digest
			p.Steps = []plan.Step{plan.Create{Name: "db", Info: "the database", Content: holding("hunter2")}}
		}
	}
	recovered := func(change func(*plan.UserSecret), more ...func(*plan.SecretSeen)) func(*plan.SecretSeen) {
		return applied(cutOff(func(s *plan.SecretSeen) { change(s.World.ByName); all(more...)(s) }))
	}
	tests := map[string]secretTest{
		"nothing is different": {applied(func(*plan.SecretSeen) {}), inSync},
		"a revision with the same content is as good": {
			byHand(func(s *plan.UserSecret) { s.Revision = 7 }), inSync,
		},
		"grants are the business of others": {
			byHand(func(s *plan.UserSecret) { s.Granted = nil }), inSync,
		},
		"the first creation": {
			applied(func(s *plan.SecretSeen) {
				s.Record, s.LastID, s.LastRevision, s.LastDigest = plan.Record{}, "", 0, ""
				holds(&s.World, nil, nil)
			}),
			creates(""),
		},
		"the creation of a secret whose like was in sync before it was taken for another's": {
			applied(func(s *plan.SecretSeen) {
				s.Record, s.LastID = plan.Record{}, ""
				holds(&s.World, nil, nil)
			}),
			creates(""),
		},
		"a creation that a crash cut off": {
			recovered(func(*plan.UserSecret) {}),
			func(p *plan.Plan) { p.Secret, p.Digest = database(firstRevision), digest },
		},
		"a creation that a crash cut off, made what the spec says by now": {
			recovered(func(s *plan.UserSecret) { s.Info = "old" }),
			func(p *plan.Plan) {
				p.Secret = database(firstRevision, func(s *plan.UserSecret) { s.Info = "old" })
				updates(plan.Update{ID: dbID, Info: new("the database")})(p)
				recognised(p)
			},
		},
		"a creation in place of another that a crash cut off": {
			recovered(func(*plan.UserSecret) {}, func(s *plan.SecretSeen) { s.Record, s.LastID = creating("db", otherID), otherID }),
			func(p *plan.Plan) { p.Secret, p.Digest = database(firstRevision), digest },
		},
		"an update of which nobody noted that it was done": {
			applied(func(s *plan.SecretSeen) {
				s.LastDigest, s.World.ByID.Checksum, s.LastRevision = digestOf(holding("old")), holding("hunter2").Checksum(), 2
			}),
			inSync,
		},
		"an update of which nobody noted that it was done, before somebody removed its revision": {
			applied(func(s *plan.SecretSeen) {
				s.LastDigest, s.World.ByID.Checksum = digestOf(holding("old")), holding("hunter2").Checksum()
				s.LastRevision = s.World.ByID.Revision
			}),
			updates(plan.Update{ID: dbID, Content: new(holding("hunter2").With("restoring", "a revision that was removed"))},
				plan.Update{ID: dbID, Content: new(holding("hunter2"))}),
		},
		"an update of which nobody noted that it was not done": {
			applied(func(s *plan.SecretSeen) {
				s.LastDigest, s.World.ByID.Checksum = digestOf(holding("old")), holding("old").Checksum()
			}),
			updates(plan.Update{ID: dbID, Content: new(holding("hunter2"))}),
		},
		"a secret that went with its model, when that was made again": {
			applied(func(s *plan.SecretSeen) {
				s.LastModelUUID = "that of the former model"
				holds(&s.World, nil, nil)
			}),
			creates(dbID),
		},
		"a secret of which nobody noted what was put there, as before digests": {
			applied(func(s *plan.SecretSeen) { s.LastDigest, s.World.ByID.Info = "", "" }),
			updates(plan.Update{ID: dbID, Info: new("the database")}),
		},
	}
	for name, test := range tests {
		tests[name+", with driftPolicy: Report"] = secretTest{reporting(test.given), test.want}
	}
	runSecretTests(t, tests)
}

func TestATakenNameIsToldWithWhatElseIsDifferent(t *testing.T) {
	t.Parallel()
	taken := func(corrects bool, steps ...plan.Step) func(*plan.Plan) {
		return func(p *plan.Plan) {
			p.Verdict = plan.Verdict{Reason: v1alpha1.ReasonNameTaken, Message: strangerHasIt + removeIt}
			p.Digest, p.Steps, p.Corrects = digestOf(holding("hunter2")), steps, corrects
		}
	}
	robbed := func(change func(*plan.UserSecret)) func(*plan.SecretSeen) {
		return all(byHand(func(s *plan.UserSecret) { s.Name = "by-hand"; change(s) }), func(s *plan.SecretSeen) {
			s.World.ByName = stranger()
		})
	}
	replaced := func(modify ...func(*plan.UserSecret)) func(*plan.SecretSeen) {
		return applied(func(s *plan.SecretSeen) { holds(&s.World, nil, stranger(modify...)) })
	}
	left := all(tells(v1alpha1.ReasonNameTaken, strangerHasIt+adoptIt), lost, remembers(plan.Record{Held: true}))
	removed := tells(v1alpha1.ReasonDrifted, "somebody removed secret:"+dbID+` from model "prod/app"`+changeItBack)
	asItIs, otherInfo := func(*plan.UserSecret) {}, func(s *plan.UserSecret) { s.Info = "by hand" }
	infoOnly := tells(v1alpha1.ReasonDrifted, "somebody changed info of secret:"+dbID+" in Juju"+changeItBack)
	dying := tells(v1alpha1.ReasonRemoving, `Juju has yet to remove the former secret "db" from model "prod/app"`)
	runSecretTests(t, map[string]secretTest{
		"a name that somebody gave to another waits":                    {robbed(asItIs), taken(false)},
		"also with driftPolicy: Report":                                 {reporting(robbed(asItIs)), taken(false)},
		"the info does not wait for the name":                           {robbed(otherInfo), taken(true, plan.Update{ID: dbID, Info: new("the database")})},
		"with driftPolicy: Report it waits for a person, like the name": {reporting(robbed(otherInfo)), infoOnly},
		"a secret that was replaced by hand is not created":             {replaced(), left},
		"and only told with driftPolicy: Report":                        {reporting(replaced()), removed},
		"nor while what replaced it is being removed":                   {replaced(removing), dying},
		"nor then with driftPolicy: Report":                             {reporting(replaced(removing)), dying},
	})
}

func TestADeletionRemovesWhateverSomebodyElseDid(t *testing.T) {
	t.Parallel()
	for name, drift := range drifts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := secretInSync()
			reporting(goes(drift.seen))(&seen)
			want, record := []plan.Step{plan.Remove{ID: dbID}}, seen.Record
			if seen.World.ByID == nil {
				want, record = nil, plan.Record{}
			}
			p := plan.ForSecret(seen)
			if diff := cmp.Diff(want, p.Steps); diff != "" || !p.After.Equal(record) || p.Corrects || p.Digest != "" {
				t.Errorf("the plan is %+v, the steps (-want +got):\n%s", p, diff)
			}
		})
	}
}

func TestBeforeThereWereChecksumsARevisionTells(t *testing.T) {
	t.Parallel()
	digest := digestOf(holding("hunter2"))
	noted := func(change func(*plan.SecretSeen)) func(*plan.SecretSeen) {
		return applied(func(s *plan.SecretSeen) {
			unsummed(s.World.ByID)
			change(s)
		})
	}
	says := func(steps ...plan.Step) func(*plan.Plan) {
		return func(p *plan.Plan) { p.Digest, p.Steps, p.Verdict.Message = digest, steps, unsummedToo }
	}
	right := plan.Update{ID: dbID, Content: new(holding("hunter2"))}
	tests := map[string]secretTest{
		"what was put there last is there": {noted(func(*plan.SecretSeen) {}), says()},
		"new content is sent": {
			noted(func(s *plan.SecretSeen) { s.LastDigest = digestOf(holding("old")) }), says(right),
		},
		"new info is sent alone": {
			noted(func(s *plan.SecretSeen) { s.SameSpec, s.World.ByID.Info = false, "old" }),
			says(plan.Update{ID: dbID, Info: new("the database")}),
		},
		"new content is sent over a revision by hand": {
			noted(func(s *plan.SecretSeen) { s.LastDigest, s.World.ByID.Revision = digestOf(holding("old")), 4 }), says(right),
		},
		"what the operator itself wrote is known while it runs, whatever the status says": {
			noted(func(s *plan.SecretSeen) {
				s.World.ByID.Checksum, s.World.ByID.Revision = holding("hunter2").Checksum(), 4
			}),
			says(),
		},
		"and new content is seen to be new": {
			noted(func(s *plan.SecretSeen) {
				s.World.ByID.Checksum, s.LastDigest = holding("old").Checksum(), digestOf(holding("old"))
			}),
			says(right),
		},
		"and a creation that nobody noted is ours": {
			applied(cutOff(func(s *plan.SecretSeen) { s.World.ByName.Unsummed = true })),
			all(says(), func(p *plan.Plan) {
				p.Secret = database(firstRevision, func(s *plan.UserSecret) { s.Unsummed = true })
			}),
		},
		"what nobody noted is sent": {
			noted(func(s *plan.SecretSeen) { s.LastDigest = "" }), says(right),
		},
		"a revision by hand is overwritten with another spec": {
			noted(func(s *plan.SecretSeen) { s.SameSpec, s.World.ByID.Revision = false, 4 }), says(right),
		},
		"another name waits, and the content need not be sent": {
			noted(func(s *plan.SecretSeen) { s.SameSpec, s.World.ByID.Name, s.World.ByName = false, "old", stranger() }),
			func(p *plan.Plan) {
				p.Digest, p.Verdict = digest, plan.Verdict{Reason: v1alpha1.ReasonNameTaken, Message: strangerHasIt + removeIt}
			},
		},
		"a creation that a crash cut off cannot be told from that of another": {
			applied(cutOff(func(s *plan.SecretSeen) { unsummed(s.World.ByName) })),
			all(tells(v1alpha1.ReasonNameTaken, oursHasIt+adoptIt), lost, remembers(plan.Record{Held: true})),
		},
	}
	for name, test := range tests {
		tests[name+", with driftPolicy: Report"] = secretTest{reporting(test.given), test.want}
	}
	runSecretTests(t, tests)
}
