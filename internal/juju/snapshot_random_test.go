// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

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

// draw decides things at random, but the same things each time for the same number.
type draw int

// below draws a number.
func (d *draw) below(n int) int {
	*d = *d*6364136223846793005 + 1442695040888963407
	return int(*d>>33) & 0x3fffffff % n
}

// in tells whether one out of n was drawn.
func (d *draw) in(n int) bool { return d.below(n) == 0 }

// pick draws one of several.
func pick[T any](d *draw, options ...T) T { return options[d.below(len(options))] }

// secrets is what a model of Juju held at one time, by ID. It is never changed.
type secrets map[string]plan.UserSecret

// named tells whether any of them has a name.
func (s secrets) named(name string) bool {
	for _, secret := range s {
		if secret.Name == name {
			return true
		}
	}
	return false
}

// play is a model of Juju, of which a snapshot is kept while the operator and others change it.
type play struct {
	*draw

	snapshot snapshot
	// past is what Juju held after each change, and in the end what it holds.
	past []secrets
	// dying are secrets that Juju will remove, and made counts those that were ever made.
	dying map[string]bool
	made  int
	// changed are the secrets that the operator changed last: what was noted then, and the length of the past.
	changed map[string]noted
	// listing is under way, nil if none is.
	listing *begun
}

type (
	noted struct {
		secret plan.UserSecret
		at     int
	}
	// begun is how many changes the snapshot knew of and how long the past was when a listing began.
	begun struct{ changes, at int }
)

func newPlay(n int) *play {
	d := draw(n)
	return &play{
		draw: &d, snapshot: newSnapshot(), past: []secrets{{}}, dying: map[string]bool{}, changed: map[string]noted{},
	}
}

func (p *play) now() secrets { return p.past[len(p.past)-1] }

// set makes Juju hold something else than it does.
func (p *play) set(secret plan.UserSecret) {
	next := maps.Clone(p.now())
	next[secret.ID] = secret
	p.past = append(p.past, next)
}

func (p *play) drop(id string) {
	next := maps.Clone(p.now())
	delete(next, id)
	delete(p.dying, id)
	p.past = append(p.past, next)
}

// any draws a secret that Juju holds.
func (p *play) any() (plan.UserSecret, bool) {
	if len(p.now()) == 0 {
		return plan.UserSecret{}, false
	}
	return p.now()[pick(p.draw, slices.Sorted(maps.Keys(p.now()))...)], true
}

// add makes a secret in Juju.
func (p *play) add(name string) plan.UserSecret {
	p.made++
	secret := plan.UserSecret{ID: fmt.Sprintf("made%016d", p.made), Name: name, Revision: 1, Checksum: p.content()}
	p.set(secret)
	return secret
}

// content draws content that nothing had before.
func (p *play) content() content.Sealed[string] { return content.Seal(fmt.Sprint(len(p.past))) }

// others is a change by somebody else.
func (p *play) others() {
	name := pick(p.draw, "", "one", "two", "three", "four")
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

// operator is a change by the operator, which knows only what the snapshot shows, and notes what it changed.
func (p *play) operator() {
	name := pick(p.draw, "one", "two", "three", "four")
	_, rival := p.snapshot.find(plan.Query{Name: name})
	free := rival == nil && !p.now().named(name)
	known := everything(&p.snapshot)
	if len(known) == 0 || p.in(5) {
		if free {
			p.note(p.add(name))
		}
		return
	}
	secret := pick(p.draw, known...)
	inJuju, ok := p.now()[secret.ID]
	if !ok || secret.Removing {
		return // Juju says that it is not there.
	}
	switch p.below(4) {
	case 0:
		p.dying[secret.ID] = true
		p.snapshot.foldRemoval(secret.ID, time.Time{})
	case 1:
		p.access(inJuju, pick(p.draw, "app1", "app2"), p.in(2))
	default:
		p.update(inJuju, secret, pick(p.draw, name, ""), free)
	}
}

// update sends content, and a name if there is one to send.
func (p *play) update(inJuju, known plan.UserSecret, name string, free bool) {
	if name != "" && free {
		inJuju.Name, known.Name = name, name
	}
	inJuju.Info, known.Info = "", ""
	checksum := p.content()
	inJuju.Revision, inJuju.Checksum, inJuju.RevisionGone = inJuju.Revision+1, checksum, false
	known.Revision, known.Checksum, known.RevisionGone = known.Revision+1, checksum, false
	p.set(inJuju)
	p.note(known)
}

func (p *play) note(secret plan.UserSecret) {
	p.snapshot.fold(secret)
	p.changed[secret.ID] = noted{secret, len(p.past) - 1}
}

func (p *play) access(inJuju plan.UserSecret, app string, grant bool) {
	inJuju.Granted = slices.DeleteFunc(slices.Clone(inJuju.Granted), func(other string) bool { return other == app })
	if grant {
		inJuju.Granted = slices.Sorted(slices.Values(append(inJuju.Granted, app)))
	}
	p.set(inJuju)
	p.snapshot.foldGrants(inJuju.ID, []string{app}, grant)
	known, _ := p.snapshot.find(plan.Query{ID: inJuju.ID})
	p.changed[inJuju.ID] = noted{*known, len(p.past) - 1}
}

func (p *play) beginListing() { p.listing = &begun{p.snapshot.changes, len(p.past) - 1} }

// endListing takes in a listing, which shows what Juju held at some time since it began.
func (p *play) endListing() []string {
	shown := p.past[p.listing.at+p.below(len(p.past)-p.listing.at)]
	different := p.snapshot.replace(slices.Collect(maps.Values(shown)), p.listing.changes)
	p.listing = nil
	return different
}

// turn is one thing that happens.
func (p *play) turn() {
	switch p.below(6) {
	case 0, 1:
		p.others()
	case 2, 3:
		p.operator()
	case 4:
		if id := slices.Sorted(maps.Keys(p.dying)); len(id) > 0 {
			p.drop(pick(p.draw, id...))
		}
	case 5:
		if p.listing == nil {
			p.beginListing()
		} else {
			p.endListing()
		}
	}
}

// older are the secrets that the snapshot shows as they were before the operator changed them.
func (p *play) older() []string {
	var wrong []string
	for id, change := range p.changed {
		shown, _ := p.snapshot.find(plan.Query{ID: id})
		right := shown != nil && change.secret.Equal(unmarked(*shown)) || slices.ContainsFunc(p.past[change.at:], func(s secrets) bool {
			held, ok := s[id]
			return ok == (shown != nil) && (!ok || held.Equal(unmarked(*shown)))
		})
		if !right {
			wrong = append(wrong, fmt.Sprintf("%s as %+v", id, shown))
		}
	}
	return wrong
}

// unmarked is a secret without the mark that the snapshot puts on it, since Juju does not list that.
func unmarked(secret plan.UserSecret) plan.UserSecret {
	secret.Removing = false
	return secret
}

const (
	plays = 500
	turns = 60
)

func TestWhateverHappensNothingIsShownOlderThanTheOperatorsOwnChange(t *testing.T) {
	t.Parallel()
	for n := range plays {
		p := newPlay(n)
		for turn := range turns {
			p.turn()
			if wrong := p.older(); len(wrong) > 0 {
				t.Fatalf("play %d, turn %d: the snapshot shows %v, noted %+v", n, turn, wrong, p.changed)
			}
		}
	}
}

func TestWhateverHappensANameFindsNoSecretOfAnotherName(t *testing.T) {
	t.Parallel()
	for n := range plays {
		p := newPlay(n)
		for turn := range turns {
			p.turn()
			for _, name := range []string{"", "one", "two", "three", "four"} {
				if _, found := p.snapshot.find(plan.Query{Name: name}); found != nil && (found.Name != name || name == "") {
					t.Fatalf("play %d, turn %d: %q is the name of %+v", n, turn, name, found)
				}
			}
		}
	}
}

func TestWhateverHappenedAQuietListingMakesTheSnapshotRight(t *testing.T) {
	t.Parallel()
	for n := range plays {
		p := newPlay(n)
		for range turns {
			p.turn()
		}
		if p.listing != nil {
			p.endListing()
		}
		p.beginListing()
		p.endListing()
		var want []plan.UserSecret
		for _, id := range slices.Sorted(maps.Keys(p.now())) {
			secret := p.now()[id]
			secret.Removing = p.dying[id]
			want = append(want, secret)
		}
		shows(t, &p.snapshot, want...)
		if len(p.snapshot.removing) != len(p.dying) {
			t.Errorf("%v are being removed, and Juju removes %v", p.snapshot.removing, p.dying)
		}
		if t.Failed() {
			t.Fatalf("after play %d", n)
		}
	}
}

func TestWhateverHappensAListingTellsWhatItMadeDifferent(t *testing.T) {
	t.Parallel()
	for n := range plays {
		p := newPlay(n)
		for range turns {
			if p.listing == nil || !p.in(6) {
				p.turn()
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
				t.Fatalf("play %d: what is told to be different (-want +got):\n%s", n, diff)
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
