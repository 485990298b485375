// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

// A crash is the place where a run ends before its time.
type crash int

const (
	atTheEnd        crash = iota // There is none.
	beforeTheRecord              // Nothing happened.
	beforeTheSteps               // The record stands.
	unanswered                   // Juju did the steps, and the answer was lost on the way.
	unsent                       // Juju never got the steps, and nobody can tell.
	afterTheSteps                // Juju did the steps, and nobody noted that.
	beforeTheStatus              // All but the status is written.
	crashes
)

// reconcile is one run of a reconciler for a JujuSecret: what it sees, decides, does, and leaves in the object.
func (j *juju) reconcile(seen *plan.SecretSeen, at crash) plan.Plan {
	j.look(seen)
	p := plan.ForSecret(*seen)
	if at == beforeTheRecord {
		return p
	}
	seen.Record = p.Before
	var outcomes []plan.Outcome
	switch {
	case at == beforeTheSteps:
		return p
	case len(p.Steps) == 0:
	case at == unsent:
		outcomes = []plan.Outcome{failed(plan.Unreachable)}
	default:
		outcomes = j.do(p.Steps)
	}
	if at == afterTheSteps {
		return p
	}
	if at == unanswered && len(p.Steps) > 0 {
		outcomes = []plan.Outcome{failed(plan.Unreachable)}
	}
	seen.Record = plan.Settle(p, outcomes)
	if at == beforeTheStatus {
		return p
	}
	j.note(seen, p, outcomes)
	return p
}

// look is what a reconciler sees of a model.
func (j *juju) look(seen *plan.SecretSeen) {
	if plan.MayLookForSecret(*seen) {
		seen.World = j.world(seen.Query())
		seen.Begun = j.world(plan.Query{Name: seen.NameBegun()}).ByName
	}
	digested(seen)
}

// note is what package status leaves in the object, and what the next run reads there.
func (j *juju) note(seen *plan.SecretSeen, p plan.Plan, outcomes []plan.Outcome) {
	old := v1alpha1.JujuSecretStatus{
		SecretID: seen.LastID, Revision: seen.LastRevision, Managed: seen.LastID != "", AppliedDigest: seen.LastDigest,
		Adopted: seen.Adopted, AutoPrune: seen.LastAutoPrune,
	}
	const generation = 2
	if seen.SameSpec {
		old.AppliedGeneration = generation
	}
	next, _ := status.NextSecret(old, generation, p, outcomes, time.Time{})
	seen.LastID, seen.LastRevision, seen.LastDigest = "", 0, next.AppliedDigest
	seen.Adopted, seen.LastAutoPrune = false, nil
	seen.SameSpec = next.AppliedGeneration == generation
	if next.Managed {
		seen.LastID, seen.LastRevision = next.SecretID, next.Revision
		seen.Adopted, seen.LastAutoPrune = next.Adopted, next.AutoPrune
	}
}

// anyJuju draws a model with up to two secrets.
func anyJuju(d *draw) *juju {
	j := &juju{secrets: map[string]*plan.UserSecret{}, unsummed: d.in(4)}
	for _, id := range []string{dbID, otherID} {
		if secret := anySecret(d, id); !d.in(3) {
			j.add(secret)
		}
	}
	return j
}

func TestASecretIsAsItShouldBeWithinThreeRuns(t *testing.T) {
	t.Parallel()
	for n := range cases {
		d := draw(n)
		seen, j := anySecretSeen(&d), anyJuju(&d)
		if seen.LastAutoPrune != nil {
			j.prune(seen.LastID, *seen.LastAutoPrune)
		}
		began := seen
		for range 3 {
			p := j.reconcile(&seen, beforeTheRecord)
			if broken := brokenBySecret(seen, p); len(broken) > 0 {
				t.Fatalf("case %d: %v\nseen %+v\nplan %+v", n, broken, seen, p)
			}
			j.reconcile(&seen, atTheEnd)
			j.sweep()
		}
		last := j.reconcile(&seen, beforeTheRecord)
		if len(last.Steps) > 0 || !last.Before.Equal(seen.Record) || !last.After.Equal(seen.Record) {
			t.Fatalf("case %d is not at rest after three runs\nbegan %+v\nended %+v\nplan  %+v", n, began, seen, last)
		}
		if wrong := wrongInTheEnd(j, seen, last); wrong != "" {
			t.Fatalf("case %d: %s\nbegan %+v\nended %+v\nplan  %+v", n, wrong, began, seen, last)
		}
	}
}

// wrongInTheEnd says what is not as it should be once an object is at rest.
func wrongInTheEnd(j *juju, seen plan.SecretSeen, last plan.Plan) string {
	mine := j.secrets[seen.LastID]
	right := mine != nil && hasItsName(seen, mine) && mine.Info == seen.Want.Info && !mine.Removing && !lostRevision(seen, mine) && prunedRight(j, seen) &&
		believedRight(seen, j.tellOf(mine))
	switch {
	case seen.Tenancy.Verdict != nil, seen.Want.Observe, seen.Want.Suspended && !seen.Want.Deleting:
		return ""
	case seen.Want.Deleting && seen.Record.Held:
		return "an object that is deleted and may use its model does not go"
	case seen.Want.Deleting, seen.Content.State != content.Ready:
		return ""
	case last.Verdict.Reason == v1alpha1.ReasonNameTaken:
		if rival := j.named(seen.Want.Name); rival == nil || mine == rival {
			return "the name is not taken"
		}
	case last.Verdict.Reason == v1alpha1.ReasonDrifted:
		if right || !seen.Want.ReportDrift {
			return "nothing is to be reported"
		}
	case last.Verdict.Reason == v1alpha1.ReasonConflict, last.Verdict.Reason == v1alpha1.ReasonRemoving:
		if !slices.ContainsFunc(seen.Rivals, func(r plan.Rival) bool {
			return r.Wants || j.secrets[r.SecretID] != nil || len(r.Begun) > 0
		}) {
			return "nobody is its rival"
		}
	case last.Verdict.Reason == v1alpha1.ReasonSecretNotFound:
		if seen.Want.ID == "" || j.secrets[seen.Want.ID] != nil {
			return "the secret is there, or could be made"
		}
	case last.Verdict.Reason != v1alpha1.ReasonSynced:
		return "it waits for nothing"
	case mine == nil || !seen.Record.Held:
		return "it is not noted"
	case !right:
		return fmt.Sprintf("Juju holds %+v", mine)
	}
	return ""
}

// prunedRight tells whether old revisions are removed if they shall be, as far as anybody can tell.
func prunedRight(j *juju, seen plan.SecretSeen) bool {
	pruned := j.pruned[seen.LastID]
	return pruned == seen.Want.AutoPrune || pruned && seen.LastAutoPrune == nil
}

// newObject is a JujuSecret that was just applied.
func newObject() *plan.SecretSeen {
	seen := secretInSync()
	seen.Record, seen.LastID, seen.World = plan.Record{}, "", plan.World{}
	return &seen
}

// crashesInARow are all ways in which so many runs can end.
func crashesInARow(runs int) [][]crash {
	if runs == 0 {
		return [][]crash{nil}
	}
	var all [][]crash
	for _, before := range crashesInARow(runs - 1) {
		for at := range crashes {
			all = append(all, append(slices.Clip(before), at))
		}
	}
	return all
}

func TestACreationSurvivesACrashAnywhere(t *testing.T) {
	t.Parallel()
	for _, report := range []bool{false, true} { // What was never in sync is nobody's drift.
		for _, ends := range crashesInARow(3) {
			j, seen := &juju{secrets: map[string]*plan.UserSecret{}}, newObject()
			seen.Want.ReportDrift = report
			for _, at := range append(ends, atTheEnd, atTheEnd) {
				j.reconcile(seen, at)
			}
			want := map[string]*plan.UserSecret{seen.LastID: {
				ID: seen.LastID, Name: "db", Info: "the database", Revision: 1, Checksum: holding("hunter2").Checksum(),
			}}
			if diff := cmp.Diff(want, j.secrets, sameValues); diff != "" || !seen.Record.Held || j.made != 1 {
				t.Fatalf("runs ended %v: record %+v, %d made, Juju holds (-want +got):\n%s", ends, seen.Record, j.made, diff)
			}
		}
	}
}

func TestADeletionSurvivesACrashAnywhere(t *testing.T) {
	t.Parallel()
	for _, ends := range crashesInARow(3) {
		for deletedAt := range len(ends) + 1 {
			j, seen := &juju{secrets: map[string]*plan.UserSecret{}}, newObject()
			for run, at := range append(ends, atTheEnd, atTheEnd, atTheEnd) {
				seen.Want.Deleting = run >= deletedAt
				j.reconcile(seen, at)
				if run%2 == 1 {
					j.sweep()
				}
				if seen.Want.Deleting && !seen.Record.Held {
					break // The object is gone.
				}
			}
			j.sweep()
			if len(j.secrets) > 0 || seen.Record.Held {
				t.Fatalf("runs ended %v, deleted at %d: record %+v, left in Juju %v", ends, deletedAt, seen.Record, j.secrets)
			}
		}
	}
}

func TestARemovalByHandSurvivesACrashAnywhere(t *testing.T) {
	t.Parallel()
	for _, ends := range crashesInARow(3) {
		j, seen := &juju{secrets: map[string]*plan.UserSecret{}}, newObject()
		j.reconcile(seen, atTheEnd)
		delete(j.secrets, seen.LastID)
		for _, at := range append(ends, atTheEnd, atTheEnd) {
			j.reconcile(seen, at)
		}
		if len(j.secrets) != 1 || j.secrets[seen.LastID] == nil || j.made != 2 {
			t.Fatalf("runs ended %v: noted %s, %d made, Juju holds %v", ends, seen.LastID, j.made, j.secrets)
		}
	}
}

// drifted are the ways in which a secret of ours is different after somebody was at it.
func drifted() map[string]func(*juju, string) {
	return map[string]func(*juju, string){
		"renamed":      func(j *juju, id string) { j.secrets[id].Name = "by-hand" },
		"another info": func(j *juju, id string) { j.secrets[id].Info = "by hand" },
		"another content": func(j *juju, id string) {
			j.do([]plan.Step{plan.Update{ID: id, Content: new(holding("by hand"))}})
		},
		"without its revision": func(j *juju, id string) { j.secrets[id].RevisionGone = true },
		"removed":              func(j *juju, id string) { delete(j.secrets, id) },
	}
}

func TestWhatIsOnlyReportedIsLeftUntilASourceChangesWhateverCrashes(t *testing.T) {
	t.Parallel()
	for what, drift := range drifted() {
		for _, ends := range crashesInARow(2) {
			j, seen := &juju{secrets: map[string]*plan.UserSecret{}}, newObject()
			seen.Want.ReportDrift = true
			j.reconcile(seen, atTheEnd)
			drift(j, seen.LastID)
			left := j.world(plan.Query{ID: seen.LastID}).ByID
			for _, at := range append(ends, atTheEnd) {
				j.reconcile(seen, at)
			}
			now := j.world(plan.Query{ID: seen.LastID}).ByID
			if last := j.reconcile(seen, beforeTheRecord); last.Verdict.Reason != v1alpha1.ReasonDrifted || !cmp.Equal(left, now, sameValues) {
				t.Fatalf("%s, runs ended %v: %+v, Juju holds %+v, want it reported and %+v", what, ends, last.Verdict, now, left)
			}
			seen.Content = wanting("new")
			for _, at := range append(ends, atTheEnd, atTheEnd) {
				j.reconcile(seen, at)
			}
			last := j.reconcile(seen, beforeTheRecord)
			if last.Verdict.Reason != v1alpha1.ReasonSynced || len(j.secrets) != 1 || wrongInTheEnd(j, *seen, last) != "" {
				t.Fatalf("%s, runs ended %v: %+v, Juju holds %+v, want the new content", what, ends, last.Verdict, j.secrets)
			}
		}
	}
}

func TestACreationThatArrivesLateIsStillOurs(t *testing.T) {
	t.Parallel()
	j, seen := &juju{secrets: map[string]*plan.UserSecret{}}, newObject()
	j.reconcile(seen, unsent) // So it seems: the connection broke, and Juju is slow.
	seen.World = j.world(plan.Query{Name: "db"})
	p := plan.ForSecret(*seen)
	j.do([]plan.Step{plan.Create{Name: "db", Info: "the database", Content: holding("hunter2")}})
	seen.Record = plan.Settle(p, j.do(p.Steps))
	last := j.reconcile(seen, atTheEnd)
	if last.Verdict.Reason != v1alpha1.ReasonSynced {
		t.Errorf("the object's own secret is not its: %+v", last.Verdict)
	}
}

func TestARenameInTheMiddleOfACreationLosesNothing(t *testing.T) {
	t.Parallel()
	j, seen := &juju{secrets: map[string]*plan.UserSecret{}}, newObject()
	j.reconcile(seen, afterTheSteps)
	seen.Want.Name = "other"
	for range 3 {
		j.reconcile(seen, atTheEnd)
	}
	if len(j.secrets) != 1 {
		t.Errorf("Juju holds %d secrets, and the object knows one", len(j.secrets))
	}
}
