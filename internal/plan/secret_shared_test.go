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

// newAdopter is a JujuSecret that was just applied, with adoptionPolicy: Adopt.
func newAdopter() *plan.SecretSeen {
	seen := newObject()
	seen.Want.Adopt = true
	return seen
}

func TestAnAdoptionSurvivesACrashAnywhere(t *testing.T) {
	t.Parallel()
	for what, there := range map[string]*plan.UserSecret{
		"as it shall be": stranger(),
		"different":      stranger(func(s *plan.UserSecret) { s.Info, s.Checksum = "by hand", holding("by hand").Checksum() }),
		"without name":   stranger(func(s *plan.UserSecret) { s.Name = "" }),
	} {
		for _, ends := range crashesInARow(3) {
			j, seen := &juju{secrets: map[string]*plan.UserSecret{}}, newAdopter()
			j.add(j.tellOf(there))
			seen.Want.AutoPrune = true
			if there.Name == "" {
				seen.Want.ID = otherID
			}
			for _, at := range append(ends, atTheEnd, atTheEnd) {
				j.reconcile(seen, at)
			}
			mine := j.secrets[otherID]
			if seen.LastID != otherID || !seen.Adopted || len(j.secrets) != 1 || mine.Name != "db" || !mine.Holds(holding("hunter2")) ||
				mine.Info != "the database" || !j.pruned[otherID] || !seen.Record.Held {
				t.Fatalf("%s, runs ended %v: record %+v, noted %s, adopted %t, Juju holds %+v", what, ends, seen.Record, seen.LastID, seen.Adopted, mine)
			}
		}
	}
}

func TestAnAdoptionAndItsDeletionSurviveACrashAnywhere(t *testing.T) {
	t.Parallel()
	for _, deletion := range []v1alpha1.DeletionPolicy{"", v1alpha1.DeletionDelete, v1alpha1.DeletionRetain} {
		for _, ends := range crashesInARow(3) {
			for deletedAt := range len(ends) + 1 {
				j, seen := &juju{secrets: map[string]*plan.UserSecret{}}, newAdopter()
				j.add(stranger())
				seen.Want.Deletion = deletion
				touched := j.untilGone(seen, ends, deletedAt)
				stays := deletion != v1alpha1.DeletionDelete || !touched
				if (len(j.secrets) == 1) != stays || j.made > 0 || seen.Record.Held {
					t.Fatalf("%q, runs ended %v, deleted at %d: record %+v, left in Juju %v", deletion, ends, deletedAt, seen.Record, j.secrets)
				}
			}
		}
	}
}

// untilGone reconciles an object that is deleted at a run, until it is gone. It tells whether there ever was a record.
func (j *juju) untilGone(seen *plan.SecretSeen, ends []crash, deletedAt int) (touched bool) {
	for run, at := range append(ends, atTheEnd, atTheEnd, atTheEnd) {
		seen.Want.Deleting = run >= deletedAt
		j.reconcile(seen, at)
		touched = touched || seen.Record.Adopting != ""
		if run%2 == 1 {
			j.sweep()
		}
		if seen.Want.Deleting && !seen.Record.Held {
			break
		}
	}
	j.sweep()
	return touched
}

func TestACreationWithContentThatChangesMeanwhileIsStillOurs(t *testing.T) {
	t.Parallel()
	for _, ends := range crashesInARow(3) {
		j, seen := &juju{secrets: map[string]*plan.UserSecret{}}, newObject()
		for i, at := range append(ends, atTheEnd, atTheEnd) {
			seen.Content = wanting(fmt.Sprint("password ", min(i, len(ends))))
			j.reconcile(seen, at)
		}
		mine := j.secrets[seen.LastID]
		if len(j.secrets) != 1 || j.made != 1 || mine == nil || !mine.Holds(seen.Content.Content) {
			t.Fatalf("runs ended %v: record %+v, noted %s, %d made, Juju holds %v", ends, seen.Record, seen.LastID, j.made, j.secrets)
		}
	}
}

func TestAPrunedCreationSurvivesACrashAnywhere(t *testing.T) {
	t.Parallel()
	for _, report := range []bool{false, true} {
		for _, ends := range crashesInARow(3) {
			j, seen := &juju{secrets: map[string]*plan.UserSecret{}}, newObject()
			seen.Want.AutoPrune, seen.Want.ReportDrift = true, report
			for _, at := range append(ends, atTheEnd, atTheEnd) {
				j.reconcile(seen, at)
			}
			if j.made != 1 || j.secrets[seen.LastID] == nil || !j.pruned[seen.LastID] {
				t.Fatalf("runs ended %v: record %+v, %d made, pruned %v", ends, seen.Record, j.made, j.pruned)
			}
		}
	}
}

// claimant is one of several JujuSecrets that ask for one name. The first is the oldest.
type claimant struct {
	plan.SecretSeen

	number int
	gone   bool
}

// turn is a change of what is asked for.
func (c *claimant) turn(d *draw) {
	switch d.below(6) {
	case 0:
		c.Want.Name = pick(d, "db", "other")
	case 1:
		c.Want.Deleting = true
	case 2:
		c.Content = wanting(pick(d, "one", "two"))
	case 3:
		c.Want.Suspended = !c.Want.Suspended
	}
	c.SameSpec = false
}

// asRival is what a claimant means for another.
func (c *claimant) asRival(other *claimant) plan.Rival {
	rival := plan.Rival{
		Object: fmt.Sprintf("team-%d/db", c.number), Older: c.number < other.number, Going: c.Want.Deleting,
		SecretID: cmp.Or(c.LastID, c.Record.Adopting), Noted: c.LastID != "", Adopts: c.Want.Adopt && !c.Want.Deleting && !c.Want.Suspended && c.Want.Name == other.Want.Name,
		Wants: !c.Want.Deleting && !c.Want.Suspended && c.Want.Name == other.Want.Name,
	}
	begun := c.Record.Creating
	if begun == nil || begun.Replaces != c.LastID {
		return rival
	}
	if begun.ID != "" {
		rival.SecretID, rival.Noted = begun.ID, false
		return rival
	}
	for _, found := range []*plan.UserSecret{other.World.ByID, other.World.ByName, other.Begun} {
		if found != nil && begun.Name == found.Name && found.Revision == 1 && slices.Contains(begun.Digests, digestOfSum(found.Checksum)) {
			rival.Begun = append(rival.Begun, found.ID)
		}
	}
	return rival
}

// reconcileClaim is a run for one of several objects, which sees what the others have and want. It answers what it would do,
// and which promises that breaks.
func (j *juju) reconcileClaim(one *claimant, all []*claimant, at crash) (plan.Plan, []string) {
	if one.gone {
		return plan.Plan{}, nil
	}
	j.look(&one.SecretSeen)
	one.Rivals = nil
	for _, other := range all {
		if other != one && !other.gone {
			one.Rivals = append(one.Rivals, other.asRival(one))
		}
	}
	p := plan.ForSecret(one.SecretSeen)
	broken := brokenBySecret(one.SecretSeen, p)
	j.reconcile(&one.SecretSeen, at)
	one.gone = one.Want.Deleting && !one.Record.Held
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
	told := map[v1alpha1.Reason]int{}
	for _, one := range all {
		if p, _ := j.reconcileClaim(one, all, beforeTheRecord); !one.gone {
			told[p.Verdict.Reason]++
		}
	}
	return told
}

// claims draws a model that may have a secret of the name, and objects that ask for it, at some point of their histories.
func claims(d *draw, withStranger bool) (*juju, []*claimant, []string) {
	j := &juju{secrets: map[string]*plan.UserSecret{}}
	if withStranger {
		j.add(stranger())
	}
	all := make([]*claimant, 3)
	for i := range all {
		all[i] = &claimant{SecretSeen: *newObject(), number: i}
		all[i].Want.Adopt = withStranger && d.in(2)
		all[i].Want.Deletion = pick(d, "", v1alpha1.DeletionDelete)
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
		one.Want.Name, one.Want.Suspended, one.SameSpec = "db", false, false
	}
	return j, all, nil
}

func TestOfSeveralObjectsThatAskForOneNameOneHasIt(t *testing.T) {
	t.Parallel()
	for n := range cases / 8 {
		d := draw(n)
		withStranger := d.in(2)
		j, all, broken := claims(&d, withStranger)
		if len(broken) > 0 {
			t.Fatalf("case %d: %v", n, broken)
		}
		told := j.settle(all)
		if wrong := wrongAmong(j, all, told); wrong != "" {
			t.Fatalf("case %d, with a stranger: %t: %s\nthey are told %v, Juju holds %v\n%+v\n%+v\n%+v",
				n, withStranger, wrong, told, j.secrets, *all[0], *all[1], *all[2])
		}
		for _, one := range all {
			one.Want.Deleting = true
		}
		j.settle(all)
		for id := range j.secrets {
			if id != otherID {
				t.Fatalf("case %d: %s was made and is left\n%+v\n%+v\n%+v", n, id, *all[0], *all[1], *all[2])
			}
		}
	}
}

// wrongAmong says what is not as it should be among several objects once all of them are at rest.
func wrongAmong(j *juju, all []*claimant, told map[v1alpha1.Reason]int) string {
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
		} else if one.Want.Adopt {
			adopters++
		}
	}
	want := min(left, 1)
	if has := j.named("db"); has != nil && has.ID == otherID && !owners[otherID] && adopters == 0 {
		want = 0 // It is nobody's, and nobody takes it over.
	}
	if told[v1alpha1.ReasonSynced] != want {
		return fmt.Sprintf("%d are in sync, want %d", told[v1alpha1.ReasonSynced], want)
	}
	return ""
}
