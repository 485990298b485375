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

// applied returns a JujuSecret that was in sync with its present spec and
// sources, with a change in Juju since then.
func applied(change func(*plan.SecretFacts)) func(*plan.SecretFacts) {
	return func(s *plan.SecretFacts) {
		s.SameSpec, s.LastRevision, s.Digest = true, s.View.ByID.Revision, digestOf(s.Content.Content)
		s.LastDigest = s.Digest
		change(s)
	}
}

// reporting sets driftPolicy: Report.
func reporting(change func(*plan.SecretFacts)) func(*plan.SecretFacts) {
	return func(s *plan.SecretFacts) {
		s.Desired.ReportDrift = true
		change(s)
	}
}

// byHand returns a secret that was in sync and then changed manually in Juju.
func byHand(change func(*plan.UserSecret)) func(*plan.SecretFacts) { return applied(alter(change)) }

// goneByHand is a secret that was in sync and then removed manually.
func goneByHand(s *plan.SecretFacts) {
	applied(func(s *plan.SecretFacts) { holds(&s.View, nil, nil) })(s)
}

func unsummed(s *plan.UserSecret) { s.Unsummed, s.Checksum = true, content.Sealed[string]{} }

const (
	revertIt = ", and driftPolicy is Report: revert the change, change the manifest or a source, or set " +
		"driftPolicy: Correct"
	inSync         = "Juju holds what the spec asks for"
	inSyncUnsummed = inSync + ". Before 3.6 Juju reports no checksum of the content: a manual " +
		"change of the content is detected by its revision"
)

// drift is a manual change in Juju: the facts after it, the steps that correct
// it, and the message about it.
type drift struct {
	seen  func(*plan.SecretFacts)
	steps []plan.Step
	what  string
}

// drifts returns all ways in which a secret that was in sync can differ.
func drifts() map[string]drift {
	var (
		right   = plan.Update{ID: dbID, Content: new(holding("hunter2"))}
		resends = plan.Update{ID: dbID, Content: new(holding("hunter2").Reencoded())}
		other   = holding("by hand").Checksum()
		changed = func(parts string) string {
			return "another client changed " + parts + " of secret:" + dbID + " in Juju"
		}
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
		"all fields": {
			byHand(func(s *plan.UserSecret) { s.Name, s.Info, s.Revision, s.Checksum = "by-hand", "by hand", 4, other }),
			[]plan.Step{plan.Update{ID: dbID, Name: new("db"), Info: new("the database"), Content: new(holding("hunter2"))}},
			changed("name, info, content"),
		},
		"latest revision removed, still listed": {
			byHand(func(s *plan.UserSecret) { s.RevisionGone = true }),
			[]plan.Step{resends}, changed("content"),
		},
		"manual revision, then removed": {
			byHand(func(s *plan.UserSecret) { s.Revision, s.Checksum, s.RevisionGone = 4, other, true }),
			[]plan.Step{right}, changed("content"),
		},
		"latest revision removed, older listed with its checksum": {
			byHand(func(s *plan.UserSecret) { s.Revision = 2 }),
			[]plan.Step{resends}, changed("content"),
		},
		"latest revision removed, older listed with its own checksum": {
			byHand(func(s *plan.UserSecret) { s.Revision, s.Checksum = 2, other }),
			[]plan.Step{right}, changed("content"),
		},
		"latest revision removed, another info": {
			byHand(func(s *plan.UserSecret) { s.Info, s.RevisionGone = "by hand", true }),
			[]plan.Step{
				plan.Update{ID: dbID, Info: new("the database"), Content: new(holding("hunter2").Reencoded())},
			},
			changed("info, content"),
		},
		"another revision without a checksum": {
			byHand(func(s *plan.UserSecret) { unsummed(s); s.Revision = 4 }),
			[]plan.Step{right}, changed("content"),
		},
		"older revision without a checksum": {
			byHand(func(s *plan.UserSecret) { unsummed(s); s.Revision = 2 }),
			[]plan.Step{right}, changed("content"),
		},
		"latest revision removed, no checksum": {
			byHand(func(s *plan.UserSecret) { unsummed(s); s.RevisionGone = true }),
			[]plan.Step{right}, changed("content"),
		},
		"another info, no checksum": {
			byHand(func(s *plan.UserSecret) { unsummed(s); s.Info = "" }),
			[]plan.Step{plan.Update{ID: dbID, Info: new("the database")}}, changed("info"),
		},
		"no secret": {
			goneByHand,
			[]plan.Step{plan.Create{Name: "db", Info: "the database", Content: holding("hunter2")}},
			"another client removed secret:" + dbID + ` from model "prod/app"`,
		},
	}
}

// wants sets the steps that correct the secret. A secret that is created again
// has another record.
func (d drift) wants(p *plan.Plan) {
	p.Steps, p.Digest = d.steps, digestOf(holding("hunter2"))
	if p.Secret == nil {
		p.Before, p.After, p.Refused = creating("db", dbID), creating("db", dbID), plan.Record{Held: true}
		return
	}
	if p.Secret.Unsummed {
		p.Condition.Message = inSyncUnsummed
	}
}

func TestDriftIsCorrected(t *testing.T) {
	t.Parallel()
	tests := map[string]secretTest{}
	for name, drift := range drifts() {
		tests[name] = secretTest{drift.seen, all(drift.wants, func(p *plan.Plan) { p.Corrects = true })}
	}
	runSecretTests(t, tests)
}

func TestDriftIsOnlyReported(t *testing.T) {
	t.Parallel()
	tests := map[string]secretTest{}
	for name, drift := range drifts() {
		// The plan has no secret, so the status keeps the revision in sync.
		tests[name] = secretTest{reporting(drift.seen), reports(v1alpha1.ReasonDrifted, drift.what+revertIt)}
	}
	runSecretTests(t, tests)
}

func TestChangedSpecIsAppliedDespiteDrift(t *testing.T) {
	t.Parallel()
	tests := map[string]secretTest{}
	for name, drift := range drifts() {
		otherSpec := all(drift.seen, func(s *plan.SecretFacts) { s.SameSpec = false })
		tests[name] = secretTest{otherSpec, drift.wants}
		tests[name+", with driftPolicy: Report"] = secretTest{reporting(otherSpec), drift.wants}
	}
	runSecretTests(t, tests)
}

func TestChangedSourceIsAppliedDespiteDrift(t *testing.T) {
	t.Parallel()
	for name, drift := range drifts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, report := range []bool{false, true} {
				facts := secretInSync()
				drift.seen(&facts)
				facts.Desired.ReportDrift, facts.Content, facts.Digest = report, wanting("new"), digestOf(holding("new"))
				p := plan.ForSecret(facts)
				if p.Condition.Reason != v1alpha1.ReasonSynced || p.Corrects || p.Digest != facts.Digest ||
					!sends(p, holding("new")) {
					t.Errorf("with Report %t the plan is %+v, want the new content without Corrects", report, p)
				}
			}
		})
	}
}

// sends reports whether a plan has only one step, and the step sends a content.
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

func TestOwnChangesAreNotDrift(t *testing.T) {
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
	recovered := func(change func(*plan.UserSecret), more ...func(*plan.SecretFacts)) func(*plan.SecretFacts) {
		return applied(cutOff(func(s *plan.SecretFacts) { change(s.View.ByName); all(more...)(s) }))
	}
	tests := map[string]secretTest{
		"no difference": {applied(func(*plan.SecretFacts) {}), inSync},
		"new revision with equal content": {
			byHand(func(s *plan.UserSecret) { s.Revision = 7 }), inSync,
		},
		"other grants": {
			byHand(func(s *plan.UserSecret) { s.Granted = nil }), inSync,
		},
		"first creation": {
			applied(func(s *plan.SecretFacts) {
				s.Record, s.LastID, s.LastRevision, s.LastDigest = plan.Record{}, "", 0, ""
				holds(&s.View, nil, nil)
			}),
			creates(""),
		},
		"creation after an equal secret was in sync": {
			applied(func(s *plan.SecretFacts) {
				s.Record, s.LastID = plan.Record{}, ""
				holds(&s.View, nil, nil)
			}),
			creates(""),
		},
		"interrupted creation": {
			recovered(func(*plan.UserSecret) {}),
			func(p *plan.Plan) { p.Secret, p.Digest = database(firstRevision), digest },
		},
		"interrupted creation, spec changed": {
			recovered(func(s *plan.UserSecret) { s.Info = "old" }),
			func(p *plan.Plan) {
				p.Secret = database(firstRevision, func(s *plan.UserSecret) { s.Info = "old" })
				updates(plan.Update{ID: dbID, Info: new("the database")})(p)
				recognised(p)
			},
		},
		"interrupted creation of a replacement": {
			recovered(func(*plan.UserSecret) {}, func(s *plan.SecretFacts) {
				s.Record, s.LastID = creating("db", otherID), otherID
			}),
			func(p *plan.Plan) { p.Secret, p.Digest = database(firstRevision), digest },
		},
		"update carried out, status not written": {
			applied(func(s *plan.SecretFacts) {
				s.LastDigest, s.View.ByID.Checksum, s.LastRevision = digestOf(holding("old")), holding("hunter2").Checksum(), 2
			}),
			inSync,
		},
		"update carried out, status not written, revision removed": {
			applied(func(s *plan.SecretFacts) {
				s.LastDigest, s.View.ByID.Checksum = digestOf(holding("old")), holding("hunter2").Checksum()
				s.LastRevision = s.View.ByID.Revision
			}),
			updates(plan.Update{ID: dbID, Content: new(holding("hunter2").Reencoded())}),
		},
		"update not carried out, status not written": {
			applied(func(s *plan.SecretFacts) {
				s.LastDigest, s.View.ByID.Checksum = digestOf(holding("old")), holding("old").Checksum()
			}),
			updates(plan.Update{ID: dbID, Content: new(holding("hunter2"))}),
		},
		"model removed and created again": {
			applied(func(s *plan.SecretFacts) {
				s.LastModelUUID = "former model"
				holds(&s.View, nil, nil)
			}),
			creates(dbID),
		},
		"no digest in the status": {
			applied(func(s *plan.SecretFacts) { s.LastDigest, s.View.ByID.Info = "", "" }),
			updates(plan.Update{ID: dbID, Info: new("the database")}),
		},
	}
	for name, test := range tests {
		tests[name+", with driftPolicy: Report"] = secretTest{reporting(test.given), test.want}
	}
	runSecretTests(t, tests)
}

func TestDriftWithNameTaken(t *testing.T) {
	t.Parallel()
	taken := func(corrects bool, steps ...plan.Step) func(*plan.Plan) {
		return func(p *plan.Plan) {
			p.Condition = plan.Condition{Reason: v1alpha1.ReasonNameTaken, Message: strangerHasIt + removeIt}
			p.Digest, p.Steps, p.Corrects = digestOf(holding("hunter2")), steps, corrects
		}
	}
	robbed := func(change func(*plan.UserSecret)) func(*plan.SecretFacts) {
		return all(byHand(func(s *plan.UserSecret) { s.Name = "by-hand"; change(s) }), func(s *plan.SecretFacts) {
			s.View.ByName = stranger()
		})
	}
	replaced := func(modify ...func(*plan.UserSecret)) func(*plan.SecretFacts) {
		return applied(func(s *plan.SecretFacts) { holds(&s.View, nil, stranger(modify...)) })
	}
	left := all(reports(v1alpha1.ReasonNameTaken, strangerHasIt+adoptIt), lost, remembers(plan.Record{Held: true}))
	removed := reports(v1alpha1.ReasonDrifted, "another client removed secret:"+dbID+` from model "prod/app"`+revertIt)
	asItIs, otherInfo := func(*plan.UserSecret) {}, func(s *plan.UserSecret) { s.Info = "by hand" }
	infoOnly := reports(v1alpha1.ReasonDrifted, "another client changed info of secret:"+dbID+" in Juju"+revertIt)
	waits := reports(
		v1alpha1.ReasonRemoving, `waiting until Juju has removed the former secret "db" from model "prod/app"`,
	)
	runSecretTests(t, map[string]secretTest{
		"name taken manually":         {robbed(asItIs), taken(false)},
		"name taken manually, Report": {reporting(robbed(asItIs)), taken(false)},
		"name taken manually, another info": {
			robbed(otherInfo), taken(true, plan.Update{ID: dbID, Info: new("the database")}),
		},
		"name taken manually, another info, Report": {reporting(robbed(otherInfo)), infoOnly},
		"replaced manually":                         {replaced(), left},
		"replaced manually, Report":                 {reporting(replaced()), removed},
		"replacement is being removed":              {replaced(removing), waits},
		"replacement is being removed, Report":      {reporting(replaced(removing)), waits},
	})
}

func TestDeletionRemovesDespiteDrift(t *testing.T) {
	t.Parallel()
	for name, drift := range drifts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := secretInSync()
			reporting(deleting(drift.seen))(&facts)
			want, record := []plan.Step{plan.Remove{ID: dbID}}, facts.Record
			if facts.View.ByID == nil {
				want, record = nil, plan.Record{}
			}
			p := plan.ForSecret(facts)
			if diff := cmp.Diff(want, p.Steps); diff != "" || !p.After.Equal(record) || p.Corrects || p.Digest != "" {
				t.Errorf("the plan is %+v, the steps (-want +got):\n%s", p, diff)
			}
		})
	}
}

func TestRevisionShowsDriftWithoutChecksums(t *testing.T) {
	t.Parallel()
	digest := digestOf(holding("hunter2"))
	known := func(change func(*plan.SecretFacts)) func(*plan.SecretFacts) {
		return applied(func(s *plan.SecretFacts) {
			unsummed(s.View.ByID)
			change(s)
		})
	}
	says := func(steps ...plan.Step) func(*plan.Plan) {
		return func(p *plan.Plan) { p.Digest, p.Steps, p.Condition.Message = digest, steps, inSyncUnsummed }
	}
	right := plan.Update{ID: dbID, Content: new(holding("hunter2"))}
	tests := map[string]secretTest{
		"no new revision": {known(func(*plan.SecretFacts) {}), says()},
		"new content": {
			known(func(s *plan.SecretFacts) { s.LastDigest = digestOf(holding("old")) }), says(right),
		},
		"new info": {
			known(func(s *plan.SecretFacts) { s.SameSpec, s.View.ByID.Info = false, "old" }),
			says(plan.Update{ID: dbID, Info: new("the database")}),
		},
		"new content, manual revision": {
			known(func(s *plan.SecretFacts) { s.LastDigest, s.View.ByID.Revision = digestOf(holding("old")), 4 }), says(right),
		},
		"checksum known to the running operator": {
			known(func(s *plan.SecretFacts) {
				s.View.ByID.Checksum, s.View.ByID.Revision = holding("hunter2").Checksum(), 4
			}),
			says(),
		},
		"checksum known, new content": {
			known(func(s *plan.SecretFacts) {
				s.View.ByID.Checksum, s.LastDigest = holding("old").Checksum(), digestOf(holding("old"))
			}),
			says(right),
		},
		"checksum known, interrupted creation": {
			applied(cutOff(func(s *plan.SecretFacts) { s.View.ByName.Unsummed = true })),
			all(says(), func(p *plan.Plan) {
				p.Secret = database(firstRevision, func(s *plan.UserSecret) { s.Unsummed = true })
			}),
		},
		"digest not in the status": {
			known(func(s *plan.SecretFacts) { s.LastDigest = "" }), says(right),
		},
		"manual revision, spec changed": {
			known(func(s *plan.SecretFacts) { s.SameSpec, s.View.ByID.Revision = false, 4 }), says(right),
		},
		"name taken, no new content": {
			known(func(s *plan.SecretFacts) { s.SameSpec, s.View.ByID.Name, s.View.ByName = false, "old", stranger() }),
			func(p *plan.Plan) {
				p.Digest, p.Condition = digest, plan.Condition{Reason: v1alpha1.ReasonNameTaken, Message: strangerHasIt + removeIt}
			},
		},
		"interrupted creation is not recognised": {
			applied(cutOff(func(s *plan.SecretFacts) { unsummed(s.View.ByName) })),
			all(reports(v1alpha1.ReasonNameTaken, oursHasIt+adoptIt), lost, remembers(plan.Record{Held: true})),
		},
	}
	for name, test := range tests {
		tests[name+", with driftPolicy: Report"] = secretTest{reporting(test.given), test.want}
	}
	runSecretTests(t, tests)
}
