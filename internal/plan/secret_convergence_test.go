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

// A crash is the point where a reconciliation stops early.
type crash int

const (
	atTheEnd        crash = iota // No crash.
	beforeTheRecord              // Before any change.
	beforeTheSteps               // The record is written.
	unanswered                   // The steps are carried out, and the answer is lost.
	unsent                       // The steps are lost, and the operator does not know.
	afterTheSteps                // The steps are carried out and not recorded.
	beforeTheStatus              // Everything except the status is written.
	crashes
)

// reconcile runs a reconciler for a JujuSecret once: it observes, decides,
// acts, and writes to the object.
func (j *juju) reconcile(facts *plan.SecretFacts, at crash) plan.Plan {
	j.look(facts)
	p := plan.ForSecret(*facts)
	if at == beforeTheRecord {
		return p
	}
	facts.Record = p.Before
	var outcomes []plan.Outcome
	switch {
	case at == beforeTheSteps:
		return p
	case len(p.Steps) == 0:
	case at == unsent:
		outcomes = []plan.Outcome{failed(v1alpha1.ReasonJujuUnreachable)}
	default:
		outcomes = j.do(p.Steps)
	}
	if at == afterTheSteps {
		return p
	}
	if at == unanswered && len(p.Steps) > 0 {
		outcomes = []plan.Outcome{failed(v1alpha1.ReasonJujuUnreachable)}
	}
	facts.Record = plan.Settle(p, outcomes)
	if at == beforeTheStatus {
		return p
	}
	j.note(facts, p, outcomes)
	return p
}

// look sets the facts about the model, as a reconciler does.
func (j *juju) look(facts *plan.SecretFacts) {
	if plan.MayLookForSecret(*facts) {
		facts.View = j.view(facts.Query())
		facts.Begun = j.view(plan.Query{Name: facts.NameBegun()}).ByName
	}
	digested(facts)
}

// note sets the facts of the next run from the status of this run.
func (j *juju) note(facts *plan.SecretFacts, p plan.Plan, outcomes []plan.Outcome) {
	old := v1alpha1.JujuSecretStatus{
		SecretID: facts.LastID, Revision: facts.LastRevision, Managed: facts.LastID != "", AppliedDigest: facts.LastDigest,
		Adopted: facts.Adopted, AutoPrune: facts.LastAutoPrune,
	}
	const generation = 2
	if facts.SameSpec {
		old.AppliedGeneration = generation
	}
	next, _ := status.NextSecret(old, generation, p, outcomes, time.Time{})
	facts.LastID, facts.LastRevision, facts.LastDigest = "", 0, next.AppliedDigest
	facts.Adopted, facts.LastAutoPrune = false, nil
	facts.SameSpec = next.AppliedGeneration == generation
	if next.Managed {
		facts.LastID, facts.LastRevision = next.SecretID, next.Revision
		facts.Adopted, facts.LastAutoPrune = next.Adopted, next.AutoPrune
	}
}

// anyJuju returns a random model with up to two secrets.
func anyJuju(d *draw) *juju {
	j := &juju{secrets: map[string]*plan.UserSecret{}, unsummed: d.in(4)}
	for _, id := range []string{dbID, otherID} {
		if secret := anySecret(d, id); !d.in(3) {
			j.add(secret)
		}
	}
	return j
}

func TestSecretConvergesInThreeRuns(t *testing.T) {
	t.Parallel()
	for n := range cases {
		d := draw(n)
		facts, j := anySecretFacts(&d), anyJuju(&d)
		if facts.LastAutoPrune != nil {
			j.prune(facts.LastID, *facts.LastAutoPrune)
		}
		began := facts
		for range 3 {
			p := j.reconcile(&facts, beforeTheRecord)
			if broken := brokenBySecret(facts, p); len(broken) > 0 {
				t.Fatalf("case %d: %v\nfacts %+v\nplan %+v", n, broken, facts, p)
			}
			j.reconcile(&facts, atTheEnd)
			j.sweep()
		}
		last := j.reconcile(&facts, beforeTheRecord)
		if len(last.Steps) > 0 || !last.Before.Equal(facts.Record) || !last.After.Equal(facts.Record) {
			t.Fatalf("case %d is not stable after three runs\nfirst %+v\nlast %+v\nplan  %+v", n, began, facts, last)
		}
		if wrong := wrongInTheEnd(j, facts, last); wrong != "" {
			t.Fatalf("case %d: %s\nfirst %+v\nlast %+v\nplan  %+v", n, wrong, began, facts, last)
		}
	}
}

// wrongInTheEnd returns what is wrong with an object after the last run.
func wrongInTheEnd(j *juju, facts plan.SecretFacts, last plan.Plan) string {
	mine := j.secrets[facts.LastID]
	right := mine != nil && hasItsName(facts, mine) && mine.Info == facts.Desired.Info && !mine.Removing &&
		!lostRevision(facts, mine) && prunedRight(j, facts) &&
		believedRight(facts, j.list(mine))
	switch {
	case facts.Tenancy.Problem != nil, facts.Desired.Observe, facts.Desired.Suspended && !facts.Desired.Deleting:
		return ""
	case facts.Desired.Deleting && facts.Record.Held:
		return "the deletion does not complete"
	case facts.Desired.Deleting, facts.Content.State != content.Ready:
		return ""
	case last.Condition.Reason == v1alpha1.ReasonNameTaken:
		if other := j.named(facts.Desired.Name); other == nil || mine == other {
			return "the name is free"
		}
	case last.Condition.Reason == v1alpha1.ReasonDrifted:
		if right || !facts.Desired.ReportDrift {
			return "there is no drift to report"
		}
	case last.Condition.Reason == v1alpha1.ReasonConflict, last.Condition.Reason == v1alpha1.ReasonRemoving:
		if !slices.ContainsFunc(facts.Competitors, func(r plan.Competitor) bool {
			return r.Wants || j.secrets[r.SecretID] != nil || len(r.Begun) > 0
		}) {
			return "there is no competitor"
		}
	case last.Condition.Reason == v1alpha1.ReasonSecretIDNotFound:
		if facts.Desired.ID == "" || j.secrets[facts.Desired.ID] != nil {
			return "the secret exists, or can be created"
		}
	case last.Condition.Reason != v1alpha1.ReasonSynced:
		return "it waits without a cause"
	case mine == nil || !facts.Record.Held:
		return "it is not recorded"
	case !right:
		return fmt.Sprintf("Juju holds %+v", mine)
	}
	return ""
}

// prunedRight reports whether a secret has the desired auto-prune setting, as
// far as that is known.
func prunedRight(j *juju, facts plan.SecretFacts) bool {
	pruned := j.pruned[facts.LastID]
	return pruned == facts.Desired.AutoPrune || pruned && facts.LastAutoPrune == nil
}

// newObject returns a new JujuSecret.
func newObject() *plan.SecretFacts {
	facts := secretInSync()
	facts.Record, facts.LastID, facts.View = plan.Record{}, "", plan.ModelView{}
	return &facts
}

// crashesInARow returns all sequences of crashes of a number of runs.
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

func TestCreationSurvivesCrashes(t *testing.T) {
	t.Parallel()
	for _, report := range []bool{false, true} { // Nothing was in sync before, so there is no drift.
		for _, ends := range crashesInARow(3) {
			j, facts := &juju{secrets: map[string]*plan.UserSecret{}}, newObject()
			facts.Desired.ReportDrift = report
			for _, at := range append(ends, atTheEnd, atTheEnd) {
				j.reconcile(facts, at)
			}
			want := map[string]*plan.UserSecret{facts.LastID: {
				ID: facts.LastID, Name: "db", Info: "the database", Revision: 1, Checksum: holding("hunter2").Checksum(),
			}}
			if diff := cmp.Diff(want, j.secrets, sameValues); diff != "" || !facts.Record.Held || j.made != 1 {
				t.Fatalf("runs ended %v: record %+v, %d made, Juju holds (-want +got):\n%s", ends, facts.Record, j.made, diff)
			}
		}
	}
}

func TestDeletionSurvivesCrashes(t *testing.T) {
	t.Parallel()
	for _, ends := range crashesInARow(3) {
		for deletedAt := range len(ends) + 1 {
			j, facts := &juju{secrets: map[string]*plan.UserSecret{}}, newObject()
			for run, at := range append(ends, atTheEnd, atTheEnd, atTheEnd) {
				facts.Desired.Deleting = run >= deletedAt
				j.reconcile(facts, at)
				if run%2 == 1 {
					j.sweep()
				}
				if facts.Desired.Deleting && !facts.Record.Held {
					break // The deletion is complete.
				}
			}
			j.sweep()
			if len(j.secrets) > 0 || facts.Record.Held {
				t.Fatalf("runs ended %v, deleted at %d: record %+v, left in Juju %v", ends, deletedAt, facts.Record, j.secrets)
			}
		}
	}
}

func TestRecreationAfterManualRemovalSurvivesCrashes(t *testing.T) {
	t.Parallel()
	for _, ends := range crashesInARow(3) {
		j, facts := &juju{secrets: map[string]*plan.UserSecret{}}, newObject()
		j.reconcile(facts, atTheEnd)
		delete(j.secrets, facts.LastID)
		for _, at := range append(ends, atTheEnd, atTheEnd) {
			j.reconcile(facts, at)
		}
		if len(j.secrets) != 1 || j.secrets[facts.LastID] == nil || j.made != 2 {
			t.Fatalf("runs ended %v: owned %s, %d made, Juju holds %v", ends, facts.LastID, j.made, j.secrets)
		}
	}
}

// drifted returns the manual changes of the object's own secret.
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

func TestReportedDriftStaysUntilSourceChangesDespiteCrashes(t *testing.T) {
	t.Parallel()
	for what, drift := range drifted() {
		for _, ends := range crashesInARow(2) {
			j, facts := &juju{secrets: map[string]*plan.UserSecret{}}, newObject()
			facts.Desired.ReportDrift = true
			j.reconcile(facts, atTheEnd)
			drift(j, facts.LastID)
			left := j.view(plan.Query{ID: facts.LastID}).ByID
			for _, at := range append(ends, atTheEnd) {
				j.reconcile(facts, at)
			}
			now := j.view(plan.Query{ID: facts.LastID}).ByID
			if last := j.reconcile(facts, beforeTheRecord); last.Condition.Reason != v1alpha1.ReasonDrifted ||
				!cmp.Equal(left, now, sameValues) {
				t.Fatalf("%s, runs ended %v: %+v, Juju holds %+v, want it reported and %+v", what, ends, last.Condition, now, left)
			}
			facts.Content = wanting("new")
			for _, at := range append(ends, atTheEnd, atTheEnd) {
				j.reconcile(facts, at)
			}
			last := j.reconcile(facts, beforeTheRecord)
			if last.Condition.Reason != v1alpha1.ReasonSynced || len(j.secrets) != 1 || wrongInTheEnd(j, *facts, last) != "" {
				t.Fatalf("%s, runs ended %v: %+v, Juju holds %+v, want the new content", what, ends, last.Condition, j.secrets)
			}
		}
	}
}

func TestLateCreationIsRecognised(t *testing.T) {
	t.Parallel()
	j, facts := &juju{secrets: map[string]*plan.UserSecret{}}, newObject()
	j.reconcile(facts, unsent) // The connection breaks, and Juju carries the steps out later.
	facts.View = j.view(plan.Query{Name: "db"})
	p := plan.ForSecret(*facts)
	j.do([]plan.Step{plan.Create{Name: "db", Info: "the database", Content: holding("hunter2")}})
	facts.Record = plan.Settle(p, j.do(p.Steps))
	last := j.reconcile(facts, atTheEnd)
	if last.Condition.Reason != v1alpha1.ReasonSynced {
		t.Errorf("the object does not own its secret: %+v", last.Condition)
	}
}

func TestRenameDuringCreationLosesNoSecret(t *testing.T) {
	t.Parallel()
	j, facts := &juju{secrets: map[string]*plan.UserSecret{}}, newObject()
	j.reconcile(facts, afterTheSteps)
	facts.Desired.Name = "other"
	for range 3 {
		j.reconcile(facts, atTheEnd)
	}
	if len(j.secrets) != 1 {
		t.Errorf("Juju holds %d secrets, want 1", len(j.secrets))
	}
}
