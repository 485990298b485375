// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// newAdopter returns a new JujuSecret with adoptionPolicy: Adopt.
func newAdopter() *plan.SecretFacts {
	facts := newObject()
	facts.Desired.Adopt = true
	return facts
}

func TestAdoptionSurvivesCrashes(t *testing.T) {
	t.Parallel()
	for what, there := range map[string]*plan.UserSecret{
		"equal":        stranger(),
		"different":    stranger(func(s *plan.UserSecret) { s.Info, s.Checksum = "by hand", holding("by hand").Checksum() }),
		"without name": stranger(func(s *plan.UserSecret) { s.Name = "" }),
	} {
		for _, ends := range crashesInARow(3) {
			j, facts := &juju{secrets: map[string]*plan.UserSecret{}}, newAdopter()
			j.add(j.list(there))
			facts.Desired.AutoPrune = true
			if there.Name == "" {
				facts.Desired.ID = otherID
			}
			for _, at := range append(ends, atTheEnd, atTheEnd) {
				j.reconcile(facts, at)
			}
			mine := j.secrets[otherID]
			if facts.LastID != otherID || !facts.Adopted || len(j.secrets) != 1 || mine.Name != "db" ||
				!mine.Holds(holding("hunter2")) ||
				mine.Info != "the database" || !j.pruned[otherID] || !facts.Record.Held {
				t.Fatalf(
					"%s, runs ended %v: record %+v, owned %s, adopted %t, Juju holds %+v", what, ends, facts.Record,
					facts.LastID, facts.Adopted, mine,
				)
			}
		}
	}
}

func TestAdoptionAndDeletionSurviveCrashes(t *testing.T) {
	t.Parallel()
	for _, deletion := range []v1alpha1.DeletionPolicy{"", v1alpha1.DeletionDelete, v1alpha1.DeletionRetain} {
		for _, ends := range crashesInARow(3) {
			for deletedAt := range len(ends) + 1 {
				j, facts := &juju{secrets: map[string]*plan.UserSecret{}}, newAdopter()
				j.add(stranger())
				facts.Desired.Deletion = deletion
				touched := j.untilGone(facts, ends, deletedAt)
				stays := deletion != v1alpha1.DeletionDelete || !touched
				if (len(j.secrets) == 1) != stays || j.made > 0 || facts.Record.Held {
					t.Fatalf(
						"%q, runs ended %v, deleted at %d: record %+v, left in Juju %v", deletion, ends, deletedAt,
						facts.Record, j.secrets,
					)
				}
			}
		}
	}
}

// untilGone reconciles an object that is deleted before a run, until the
// deletion is complete. It reports whether an adoption was recorded.
func (j *juju) untilGone(facts *plan.SecretFacts, ends []crash, deletedAt int) (touched bool) {
	for run, at := range append(ends, atTheEnd, atTheEnd, atTheEnd) {
		facts.Desired.Deleting = run >= deletedAt
		j.reconcile(facts, at)
		touched = touched || facts.Record.Adopting != ""
		if run%2 == 1 {
			j.sweep()
		}
		if facts.Desired.Deleting && !facts.Record.Held {
			break
		}
	}
	j.sweep()
	return touched
}

func TestCreationWithChangingContentIsRecognised(t *testing.T) {
	t.Parallel()
	for _, ends := range crashesInARow(3) {
		j, facts := &juju{secrets: map[string]*plan.UserSecret{}}, newObject()
		for i, at := range append(ends, atTheEnd, atTheEnd) {
			facts.Content = wanting(fmt.Sprint("password ", min(i, len(ends))))
			j.reconcile(facts, at)
		}
		mine := j.secrets[facts.LastID]
		if len(j.secrets) != 1 || j.made != 1 || mine == nil || !mine.Holds(facts.Content.Content) {
			t.Fatalf(
				"runs ended %v: record %+v, owned %s, %d made, Juju holds %v", ends, facts.Record, facts.LastID, j.made,
				j.secrets,
			)
		}
	}
}

func TestCreationWithAutoPruneSurvivesCrashes(t *testing.T) {
	t.Parallel()
	for _, report := range []bool{false, true} {
		for _, ends := range crashesInARow(3) {
			j, facts := &juju{secrets: map[string]*plan.UserSecret{}}, newObject()
			facts.Desired.AutoPrune, facts.Desired.ReportDrift = true, report
			for _, at := range append(ends, atTheEnd, atTheEnd) {
				j.reconcile(facts, at)
			}
			if j.made != 1 || j.secrets[facts.LastID] == nil || !j.pruned[facts.LastID] {
				t.Fatalf("runs ended %v: record %+v, %d made, pruned %v", ends, facts.Record, j.made, j.pruned)
			}
		}
	}
}

// claimant is one of several JujuSecrets that ask for one name. The first is
// the oldest.
type claimant struct {
	plan.SecretFacts

	number int
	gone   bool
}

// turn changes the spec.
func (c *claimant) turn(d *draw) {
	switch d.below(6) {
	case 0:
		c.Desired.Name = pick(d, "db", "other")
	case 1:
		c.Desired.Deleting = true
	case 2:
		c.Content = wanting(pick(d, "one", "two"))
	case 3:
		c.Desired.Suspended = !c.Desired.Suspended
	}
	c.SameSpec = false
}

// asCompetitor returns what a claimant means for another one.
func (c *claimant) asCompetitor(other *claimant) plan.Competitor {
	competitor := plan.Competitor{
		Object: fmt.Sprintf("team-%d/db", c.number), Older: c.number < other.number, Deleting: c.Desired.Deleting,
		SecretID: cmp.Or(c.LastID, c.Record.Adopting), Recorded: c.LastID != "", Adopts: c.Desired.Adopt &&
			!c.Desired.Deleting && !c.Desired.Suspended && c.Desired.Name == other.Desired.Name,
		Wants: !c.Desired.Deleting && !c.Desired.Suspended && c.Desired.Name == other.Desired.Name,
	}
	begun := c.Record.Creating
	if begun == nil || begun.Replaces != c.LastID {
		return competitor
	}
	if begun.ID != "" {
		competitor.SecretID, competitor.Recorded = begun.ID, false
		return competitor
	}
	for _, found := range []*plan.UserSecret{other.View.ByID, other.View.ByName, other.Begun} {
		if found != nil && begun.Name == found.Name && found.Revision == 1 && slices.Contains(
			begun.Digests, digestOfSum(found.Checksum),
		) {
			competitor.Begun = append(competitor.Begun, found.ID)
		}
	}
	return competitor
}

// reconcileClaim runs a reconciler once for one of several objects, with the
// facts about the others. It returns the plan and the invariants that the plan
// breaks.
func (j *juju) reconcileClaim(one *claimant, all []*claimant, at crash) (plan.Plan, []string) {
	if one.gone {
		return plan.Plan{}, nil
	}
	j.look(&one.SecretFacts)
	one.Competitors = nil
	for _, other := range all {
		if other != one && !other.gone {
			one.Competitors = append(one.Competitors, other.asCompetitor(one))
		}
	}
	p := plan.ForSecret(one.SecretFacts)
	broken := brokenBySecret(one.SecretFacts, p)
	j.reconcile(&one.SecretFacts, at)
	one.gone = one.Desired.Deleting && !one.Record.Held
	return p, broken
}

// settle runs all objects until nothing is new.
func (j *juju) settle(all []*claimant) map[v1alpha1.Reason]int {
	for range 8 {
		for _, one := range all {
			j.reconcileClaim(one, all, atTheEnd)
		}
		j.sweep()
	}
	reasons := map[v1alpha1.Reason]int{}
	for _, one := range all {
		if p, _ := j.reconcileClaim(one, all, beforeTheRecord); !one.gone {
			reasons[p.Condition.Reason]++
		}
	}
	return reasons
}

// claims returns a random model that may have a secret of the name, and objects
// that ask for the name, after random changes and crashes.
func claims(d *draw, withStranger bool) (*juju, []*claimant, []string) {
	j := &juju{secrets: map[string]*plan.UserSecret{}}
	if withStranger {
		j.add(stranger())
	}
	all := make([]*claimant, 3)
	for i := range all {
		all[i] = &claimant{SecretFacts: *newObject(), number: i}
		all[i].Desired.Adopt = withStranger && d.in(2)
		all[i].Desired.Deletion = pick(d, "", v1alpha1.DeletionDelete)
		all[i].Content = wanting(pick(d, "one", "one", "two"))
	}
	for range 8 {
		pick(d, all...).turn(d)
		one := pick(d, all...)
		if _, broken := j.reconcileClaim(one, all, crash(d.below(int(crashes)))); len(broken) > 0 {
			return j, all, broken
		}
	}
	for _, one := range all {
		one.Desired.Name, one.Desired.Suspended, one.SameSpec = "db", false, false
	}
	return j, all, nil
}

func TestConflictBetweenSeveralObjectsHasOneOwner(t *testing.T) {
	t.Parallel()
	for n := range cases / 8 {
		d := draw(n)
		withStranger := d.in(2)
		j, all, broken := claims(&d, withStranger)
		if len(broken) > 0 {
			t.Fatalf("case %d: %v", n, broken)
		}
		reasons := j.settle(all)
		if wrong := wrongAmong(j, all, reasons); wrong != "" {
			t.Fatalf("case %d, with a stranger: %t: %s\nthe reasons are %v, Juju holds %v\n%+v\n%+v\n%+v",
				n, withStranger, wrong, reasons, j.secrets, *all[0], *all[1], *all[2])
		}
		for _, one := range all {
			one.Desired.Deleting = true
		}
		j.settle(all)
		for id := range j.secrets {
			if id != otherID {
				t.Fatalf("case %d: %s was created and not removed\n%+v\n%+v\n%+v", n, id, *all[0], *all[1], *all[2])
			}
		}
	}
}

// wrongAmong returns what is wrong with several objects after the last run.
func wrongAmong(j *juju, all []*claimant, reasons map[v1alpha1.Reason]int) string {
	owners := map[string]bool{}
	left, adopters := 0, 0
	for _, one := range all {
		if one.gone {
			continue
		}
		left++
		if owners[one.LastID] {
			return "two have the same secret"
		}
		if one.LastID != "" {
			owners[one.LastID] = true
		} else if one.Desired.Adopt {
			adopters++
		}
	}
	want := min(left, 1)
	if has := j.named("db"); has != nil && has.ID == otherID && !owners[otherID] && adopters == 0 {
		want = 0 // No object owns it or adopts it.
	}
	if reasons[v1alpha1.ReasonSynced] != want {
		return fmt.Sprintf("%d are in sync, want %d", reasons[v1alpha1.ReasonSynced], want)
	}
	return ""
}
