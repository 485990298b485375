// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
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
	if plan.MayLookForSecret(*seen) {
		query := plan.Query{Name: seen.Want.Name}
		if !seen.Want.Observe {
			query.ID = seen.LastID
		}
		seen.World = j.world(query)
		seen.Begun = j.world(plan.Query{Name: seen.NameBegun()}).ByName
	}
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
	// What package status notes of the secret.
	secret := p.Secret
	for _, outcome := range outcomes {
		if outcome.Secret != nil {
			secret = outcome.Secret
		}
	}
	switch {
	case secret != nil && !p.Foreign:
		seen.LastID = secret.ID
	case secret != nil, plan.Conclude(p, outcomes).Reason == v1alpha1.ReasonSecretNotFound:
		seen.LastID = ""
	}
	return p
}

// anyJuju draws a model with up to two secrets.
func anyJuju(d *draw) *juju {
	j := &juju{secrets: map[string]*plan.UserSecret{}}
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
	switch {
	case seen.Tenancy.Verdict != nil, seen.Want.Observe:
		return ""
	case seen.Want.Deleting && seen.Record.Held:
		return "an object that is deleted and may use its model does not go"
	case seen.Want.Deleting, seen.Content.State != content.Ready:
		return ""
	case last.Verdict.Reason == v1alpha1.ReasonNameTaken:
		if rival := j.named(seen.Want.Name); rival == nil || mine == rival {
			return "the name is not taken"
		}
	case last.Verdict.Reason != v1alpha1.ReasonSynced:
		return "it waits for nothing"
	case mine == nil || !seen.Record.Held:
		return "it is not noted"
	case mine.Name != seen.Want.Name || mine.Info != seen.Want.Info || mine.Removing || !mine.Holds(seen.Content.Content):
		return fmt.Sprintf("Juju holds %+v", mine)
	}
	return ""
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
	for _, ends := range crashesInARow(3) {
		j, seen := &juju{secrets: map[string]*plan.UserSecret{}}, newObject()
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
