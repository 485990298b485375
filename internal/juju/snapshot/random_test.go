// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// prng is a random number generator with a seed, so each run has the same
// cases.
type prng int

// below returns a random number below n.
func (d *prng) below(n int) int {
	*d = *d*6364136223846793005 + 1442695040888963407
	return int(*d>>33) & 0x3fffffff % n
}

// in reports true in one of n cases.
func (d *prng) in(n int) bool { return d.below(n) == 0 }

// pick returns a random option.
func pick[T any](d *prng, options ...T) T { return options[d.below(len(options))] }

// secrets holds the secrets of a Juju model at one time, by ID. It is
// immutable.
type secrets map[string]plan.UserSecret

// named reports whether a secret has a name.
func (s secrets) named(name string) bool {
	for _, secret := range s {
		if secret.Name == name {
			return true
		}
	}
	return false
}

// simulation is a Juju model that the operator and other clients change, with
// its snapshot.
type simulation struct {
	*prng

	snapshot Snapshot
	// past holds the secrets in Juju after each change. The last entry is
	// current.
	past []secrets
	// removing holds the secrets that Juju will remove. count is the number of
	// secrets that were created.
	removing map[string]bool
	count    int
	// changed holds the operator's last change of each secret.
	changed map[string]ownChange
	// listing is the listing in flight, or nil.
	listing *begun
}

type (
	// ownChange is a change that was folded into the snapshot, with its index
	// in past.
	ownChange struct {
		secret plan.UserSecret
		at     int
	}
	// begun is the number of changes of the snapshot and the index in past when
	// a listing began.
	begun struct{ changes, at int }
)

// newSimulation returns a simulation of an empty model.
func newSimulation(n int) *simulation {
	d := prng(n)
	return &simulation{
		prng: &d, snapshot: New(), past: []secrets{{}}, removing: map[string]bool{}, changed: map[string]ownChange{},
	}
}

// now returns the current secrets in Juju.
func (p *simulation) now() secrets { return p.past[len(p.past)-1] }

// set sets a secret in Juju.
func (p *simulation) set(secret plan.UserSecret) {
	next := maps.Clone(p.now())
	next[secret.ID] = secret
	p.past = append(p.past, next)
}

// drop removes a secret from Juju.
func (p *simulation) drop(id string) {
	next := maps.Clone(p.now())
	delete(next, id)
	delete(p.removing, id)
	p.past = append(p.past, next)
}

// any returns a random secret in Juju.
func (p *simulation) any() (plan.UserSecret, bool) {
	if len(p.now()) == 0 {
		return plan.UserSecret{}, false
	}
	return p.now()[pick(p.prng, slices.Sorted(maps.Keys(p.now()))...)], true
}

// add creates a secret in Juju.
func (p *simulation) add(name string) plan.UserSecret {
	p.count++
	secret := plan.UserSecret{ID: fmt.Sprintf("made%016d", p.count), Name: name, Revision: 1, Checksum: p.content()}
	p.set(secret)
	return secret
}

// content returns the checksum of new content.
func (p *simulation) content() content.Sealed[string] { return content.Seal(fmt.Sprint(len(p.past))) }

// others makes a change by another client.
func (p *simulation) others() {
	name := pick(p.prng, "", "one", "two", "three", "four")
	free := name == "" || !p.now().named(name)
	secret, ok := p.any()
	switch p.below(6) {
	case 0:
		if free {
			p.add(name)
		}
		return
	case 1:
		if ok {
			p.drop(secret.ID)
		}
		return
	case 2:
		if free {
			secret.Name = name
		}
	case 3:
		secret.Info = fmt.Sprint(len(p.past))
	case 4:
		secret.Revision, secret.Checksum, secret.RevisionGone = secret.Revision+1, p.content(), false
	case 5:
		secret.RevisionGone = true
	}
	if ok {
		p.set(secret)
	}
}

// operator makes a change by the operator, which uses only the snapshot and
// folds its change into it.
func (p *simulation) operator() {
	name := pick(p.prng, "one", "two", "three", "four")
	_, owner := p.snapshot.Find(plan.Query{Name: name})
	free := owner == nil && !p.now().named(name)
	known := everything(&p.snapshot)
	if len(known) == 0 || p.in(5) {
		if free {
			p.fold(p.add(name))
		}
		return
	}
	secret := pick(p.prng, known...)
	inJuju, ok := p.now()[secret.ID]
	if !ok || secret.Removing {
		return // Juju answers that it is missing.
	}
	switch p.below(4) {
	case 0:
		p.removing[secret.ID] = true
		p.snapshot.FoldRemoval(secret.ID, time.Time{})
	case 1:
		p.access(inJuju, pick(p.prng, "app1", "app2"), p.in(2))
	default:
		p.update(inJuju, secret, pick(p.prng, name, ""), free)
	}
}

// update updates the content, and the name unless it is empty.
func (p *simulation) update(inJuju, known plan.UserSecret, name string, free bool) {
	if name != "" && free {
		inJuju.Name, known.Name = name, name
	}
	inJuju.Info, known.Info = "", ""
	checksum := p.content()
	inJuju.Revision, inJuju.Checksum, inJuju.RevisionGone = inJuju.Revision+1, checksum, false
	known.Revision, known.Checksum, known.RevisionGone = known.Revision+1, checksum, false
	p.set(inJuju)
	p.fold(known)
}

// fold folds a change into the snapshot.
func (p *simulation) fold(secret plan.UserSecret) {
	p.snapshot.Fold(secret)
	p.changed[secret.ID] = ownChange{secret, len(p.past) - 1}
}

// access grants or revokes a secret.
func (p *simulation) access(inJuju plan.UserSecret, app string, grant bool) {
	inJuju.Granted = slices.DeleteFunc(slices.Clone(inJuju.Granted), func(other string) bool { return other == app })
	if grant {
		inJuju.Granted = slices.Sorted(slices.Values(append(inJuju.Granted, app)))
	}
	p.set(inJuju)
	p.snapshot.FoldGrants(inJuju.ID, []string{app}, grant)
	known, _ := p.snapshot.Find(plan.Query{ID: inJuju.ID})
	p.changed[inJuju.ID] = ownChange{*known, len(p.past) - 1}
}

// beginListing begins a listing.
func (p *simulation) beginListing() { p.listing = &begun{p.snapshot.changes, len(p.past) - 1} }

// endListing ends a listing, which shows the secrets at some time since it
// began.
func (p *simulation) endListing() []string {
	shown := p.past[p.listing.at+p.below(len(p.past)-p.listing.at)]
	different := p.snapshot.replace(slices.Collect(maps.Values(shown)), p.listing.changes)
	p.listing = nil
	return different
}

// step makes one random event.
func (p *simulation) step() {
	switch p.below(6) {
	case 0, 1:
		p.others()
	case 2, 3:
		p.operator()
	case 4:
		if id := slices.Sorted(maps.Keys(p.removing)); len(id) > 0 {
			p.drop(pick(p.prng, id...))
		}
	case 5:
		if p.listing == nil {
			p.beginListing()
		} else {
			p.endListing()
		}
	}
}

// older returns the secrets that the snapshot shows in a state before the
// operator's last change.
func (p *simulation) older() []string {
	var wrong []string
	for id, change := range p.changed {
		shown, _ := p.snapshot.Find(plan.Query{ID: id})
		held := func(s secrets) bool {
			held, ok := s[id]
			return ok == (shown != nil) && (!ok || held.Equal(unmarked(*shown)))
		}
		right := shown != nil && change.secret.Equal(unmarked(*shown)) || slices.ContainsFunc(p.past[change.at:], held)
		if !right {
			wrong = append(wrong, fmt.Sprintf("%s as %+v", id, shown))
		}
	}
	return wrong
}

// unmarked returns a secret without the mark for a removal, which Juju does not
// list.
func unmarked(secret plan.UserSecret) plan.UserSecret {
	secret.Removing = false
	return secret
}

const (
	simulations = 500
	steps       = 60
)

func TestRandomSnapshotIsNeverOlderThanOwnChange(t *testing.T) {
	t.Parallel()
	for n := range simulations {
		p := newSimulation(n)
		for step := range steps {
			p.step()
			if wrong := p.older(); len(wrong) > 0 {
				t.Fatalf("simulation %d, step %d: the snapshot shows %v, but the changes are %+v", n, step, wrong,
					p.changed)
			}
		}
	}
}

func TestRandomFindByNameMatchesTheName(t *testing.T) {
	t.Parallel()
	for n := range simulations {
		p := newSimulation(n)
		for step := range steps {
			p.step()
			for _, name := range []string{"", "one", "two", "three", "four"} {
				_, found := p.snapshot.Find(plan.Query{Name: name})
				if found != nil && (found.Name != name || name == "") {
					t.Fatalf("simulation %d, step %d: %q finds %+v", n, step, name, found)
				}
			}
		}
	}
}

func TestRandomSnapshotConvergesAfterAQuietListing(t *testing.T) {
	t.Parallel()
	for n := range simulations {
		p := newSimulation(n)
		for range steps {
			p.step()
		}
		if p.listing != nil {
			p.endListing()
		}
		p.beginListing()
		p.endListing()
		var want []plan.UserSecret
		for _, id := range slices.Sorted(maps.Keys(p.now())) {
			secret := p.now()[id]
			secret.Removing = p.removing[id]
			want = append(want, secret)
		}
		shows(t, &p.snapshot, want...)
		if len(p.snapshot.removing) != len(p.removing) {
			t.Errorf("the snapshot is removing %v, Juju %v", p.snapshot.removing, p.removing)
		}
		if t.Failed() {
			t.Fatalf("in simulation %d", n)
		}
	}
}

func TestRandomListingReportsItsDifferences(t *testing.T) {
	t.Parallel()
	for n := range simulations {
		p := newSimulation(n)
		for range steps {
			if p.listing == nil || !p.in(6) {
				p.step()
				continue
			}
			first, before := !p.snapshot.listed, byKey(everything(&p.snapshot))
			different := p.endListing()
			after := byKey(everything(&p.snapshot))
			var want []string
			for _, id := range slices.Sorted(maps.Keys(union(before, after))) {
				was, is := before[id], after[id]
				if !first && !unmarked(was).Equal(unmarked(is)) {
					want = append(want, id)
				}
			}
			if diff := cmp.Diff(want, different); diff != "" {
				t.Fatalf("simulation %d: the reported differences (-want +got):\n%s", n, diff)
			}
		}
	}
}

func byKey(all []plan.UserSecret) secrets {
	by := secrets{}
	for _, secret := range all {
		by[secret.ID] = secret
	}
	return by
}

func union(a, b secrets) secrets {
	both := maps.Clone(a)
	maps.Copy(both, b)
	return both
}
