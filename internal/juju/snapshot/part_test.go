// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/internal/plan"
)

// lookup is a lookup of a part of a simulation that is in flight.
type lookup struct {
	begun

	part Part
}

// beginLookup begins a lookup of random IDs and names.
func (p *simulation) beginLookup() lookup {
	var part Part
	ever := secrets{}
	for _, at := range p.past {
		maps.Copy(ever, at)
	}
	for _, id := range slices.Sorted(maps.Keys(ever)) {
		if p.in(3) {
			part.IDs = append(part.IDs, id)
		}
	}
	for _, name := range []string{"one", "two", "three", "four"} {
		if p.in(2) {
			part.Names = append(part.Names, name)
		}
	}
	part = p.snapshot.Complete(part)
	return lookup{begun{p.snapshot.changes, len(p.past) - 1}, part}
}

// endLookup ends a lookup. Each ID and each name is answered at another time
// since it began, and names after IDs. The answer also has a secret that
// nothing asked for.
func (p *simulation) endLookup(l lookup) []string {
	var found Listing
	latest := l.at
	for _, id := range l.part.IDs {
		at := l.at + p.below(len(p.past)-l.at)
		latest = max(latest, at)
		if secret, ok := p.past[at][id]; ok {
			found.Secrets = append(found.Secrets, secret)
		}
	}
	for _, name := range l.part.Names {
		shown := p.past[latest+p.below(len(p.past)-latest)]
		for _, secret := range shown {
			if secret.Name == name {
				found.Secrets = append(found.Secrets, secret)
			}
		}
	}
	if other, ok := p.any(); ok && !slices.Contains(l.part.IDs, other.ID) && !slices.Contains(l.part.Names, other.Name) {
		found.Secrets = append(found.Secrets, other)
	}
	return p.snapshot.ReplacePart(l.part, found, l.changes)
}

// lookUpAtRandom makes random events, with lookups among them, and calls a
// function around the end of each lookup.
func lookUpAtRandom(t *testing.T, ended func(p *simulation, l lookup, end func() []string)) {
	t.Helper()
	for n := range simulations {
		p := newSimulation(n)
		for range steps {
			p.step()
			if p.listing != nil || !p.in(4) {
				continue
			}
			l := p.beginLookup()
			for range p.below(6) {
				if p.in(2) {
					p.others()
				} else {
					p.operator()
				}
			}
			ended(p, l, func() []string { return p.endLookup(l) })
			if t.Failed() {
				t.Fatalf("in simulation %d", n)
			}
		}
	}
}

func TestRandomLookupNeverOverridesNewerChange(t *testing.T) {
	t.Parallel()
	lookUpAtRandom(t, func(p *simulation, _ lookup, end func() []string) {
		end()
		if wrong := p.older(); len(wrong) > 0 {
			t.Errorf("the snapshot shows %v, but the changes are %+v", wrong, p.changed)
		}
	})
}

func TestRandomLookupTouchesOnlyItsPart(t *testing.T) {
	t.Parallel()
	lookUpAtRandom(t, func(p *simulation, l lookup, end func() []string) {
		before := byKey(everything(&p.snapshot))
		different := end()
		after := byKey(everything(&p.snapshot))
		var want []string
		for _, id := range slices.Sorted(maps.Keys(union(before, after))) {
			if unmarked(before[id]).Equal(unmarked(after[id])) {
				continue
			}
			want = append(want, id)
			asked := slices.Contains(l.part.IDs, id) || slices.Contains(l.part.Names, after[id].Name)
			if !asked {
				t.Errorf("a lookup of %+v changed %s from %+v to %+v", l.part, id, before[id], after[id])
			}
		}
		if diff := cmp.Diff(want, different); diff != "" {
			t.Errorf("the reported differences (-want +got):\n%s", diff)
		}
	})
}

func TestRandomFindByNameMatchesTheNameAfterLookups(t *testing.T) {
	t.Parallel()
	lookUpAtRandom(t, func(p *simulation, _ lookup, end func() []string) {
		end()
		for _, name := range []string{"one", "two", "three", "four"} {
			if _, found := p.snapshot.Find(plan.Query{Name: name}); found != nil && found.Name != name {
				t.Errorf("%q finds %+v", name, found)
			}
		}
	})
}

func TestRandomQuietLookupShowsItsPartAsJuju(t *testing.T) {
	t.Parallel()
	lookUpAtRandom(t, func(p *simulation, _ lookup, end func() []string) {
		end()
		l := p.beginLookup()
		p.endLookup(l)
		for _, id := range l.part.IDs {
			found, _ := p.snapshot.Find(plan.Query{ID: id})
			if want, ok := p.now()[id]; ok != (found != nil) || ok && !want.Equal(unmarked(*found)) {
				t.Errorf("%s is %+v, want %+v", id, found, want)
			}
		}
		for _, name := range l.part.Names {
			_, found := p.snapshot.Find(plan.Query{Name: name})
			if p.now().named(name) != (found != nil) || found != nil && !p.now()[found.ID].Equal(unmarked(*found)) {
				t.Errorf("%q finds %+v, Juju has %+v", name, found, p.now())
			}
		}
	})
}

func TestLookupShowsCharmSecrets(t *testing.T) {
	t.Parallel()
	s := New()
	s.Replace(Listing{Charms: map[string]bool{queueID: true}, MostRevisions: 3}, 0)
	s.ReplacePart(Part{IDs: []string{dbID, queueID}}, Listing{Charms: map[string]bool{dbID: true}, MostRevisions: 2}, 0)
	if !s.CharmOwned(dbID) || s.CharmOwned(queueID) {
		t.Errorf("the charm secrets are %v, want %s", s.charms, dbID)
	}
	if s.MostRevisions() != 3 {
		t.Errorf("the largest number of revisions is %d, want 3 from the listing", s.MostRevisions())
	}
}

func TestCompletePartHasWhatMayLoseItsName(t *testing.T) {
	t.Parallel()
	s := New()
	s.replace([]plan.UserSecret{db(), secretOf(queueID, "queue")}, 0)
	part := s.Complete(Part{IDs: []string{dbID}, Names: []string{"db", "queue", "free"}})
	want := Part{IDs: []string{dbID, queueID}, Names: []string{"db", "queue", "free"}}
	slices.Sort(want.IDs)
	if diff := cmp.Diff(want, part); diff != "" {
		t.Errorf("the part (-want +got):\n%s", diff)
	}
}

func TestLookupDoesNotTakeNameFromNewerChange(t *testing.T) {
	t.Parallel()
	s := New()
	s.replace([]plan.UserSecret{db(), secretOf(queueID, "queue")}, 0)
	began := s.changes
	// Another client renamed "db", and then the operator gave its name to the
	// other secret.
	s.Fold(secretOf(queueID, "db"))
	s.ReplacePart(Part{IDs: []string{dbID}}, Listing{Secrets: []plan.UserSecret{secretOf(dbID, "db", second)}}, began)
	if _, found := s.Find(plan.Query{Name: "db"}); found == nil || found.ID != queueID {
		t.Errorf("db is %+v, want the secret that the operator renamed", found)
	}
}
