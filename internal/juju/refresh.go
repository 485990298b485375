// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/juju-secrets/operator/internal/plan"
)

// recent is the age of a snapshot that is good enough for an object which was just changed, and recentShare how many times
// what a listing takes it is at least: a thousand objects that are changed at once share a few listings, and a big model
// is not listed all the time.
const (
	recent      = 5 * time.Second
	recentShare = 20
)

// firstLook is how long somebody waits for a model that nobody had trouble with yet. They are told when it is there.
const firstLook = 10 * time.Second

// Juju 4 removes a secret some time after it said that it will. These are the pauses between looks whether it has.
const (
	firstRemovalLook = 50 * time.Millisecond
	lastRemovalLook  = 5 * time.Second
	// removalPatience is how long a removal is waited for before Juju is told once more. It may have been lost.
	removalPatience = 2 * time.Minute
)

// listings numbers the listings of a model, which come one after another, and tells whether the last one can be relied on.
type listings struct {
	// asked is the last listing that somebody wants, begun the last that began, succeeded and failed are the last that
	// ended so.
	asked, begun, succeeded, failed int
	// needed is the first listing since something made the snapshot doubtful.
	needed int
	// trouble is why the listing number failed did.
	trouble *plan.Trouble
	// promised tells that somebody went away to be told how the listing ends, told that somebody was answered with the
	// trouble, and toldAll the kind of it that everybody was woken for; 0 while all is well.
	promised, told bool
	toldAll        plan.Kind
	// doubted are the secrets of requests whose end nobody knows.
	doubted []string
	// again asks for another listing should the one under way fail.
	again bool
	// ended is closed, and replaced, when a listing ends.
	ended chan struct{}
	// beganAt is when the last one began, took how long it took, pause how long the one before the next waits.
	beganAt     time.Time
	took, pause time.Duration
	// listedAt is when the last one began that succeeded, or when there was nothing to list yet.
	listedAt time.Time
}

func newListings(now time.Time) listings {
	return listings{needed: 1, ended: make(chan struct{}), listedAt: now}
}

func (l *listings) trusted() bool { return l.succeeded >= l.needed }

// distrust says that the snapshot may be wrong: the connection broke, or Juju contradicted it. Nothing is concluded from
// it until the next listing, which is asked for.
func (m *model) distrust() {
	m.mu.Lock()
	m.listings.needed = m.listings.begun + 1
	m.listings.asked = m.listings.needed
	m.mu.Unlock()
	m.wake()
}

// tryAgain asks for a listing now, unless all is well or the one under way succeeds.
func (m *model) tryAgain() {
	m.mu.Lock()
	l := &m.listings
	switch {
	case l.trusted():
	case l.begun > 0 && l.failed == l.begun && l.trouble.Kind == plan.Busy: // The answer on the connection there is.
	case max(l.succeeded, l.failed) == l.begun:
		l.asked = l.begun + 1
	default:
		l.again = true
	}
	m.mu.Unlock()
	m.wake()
}

// wake makes refreshAlways look at what is asked for.
func (m *model) wake() {
	select {
	case m.wanted <- struct{}{}:
	default: // It is about to.
	}
}

// current returns when the snapshot can be relied on and is of an age, or why it cannot. All who ask at the same time share
// a listing.
func (m *model) current(ctx context.Context, age plan.Age) *plan.Trouble {
	m.keep.Do(func() { go m.refreshAlways(context.WithoutCancel(ctx)) }) // It outlives the one who asks first.
	m.mu.Lock()
	l := &m.listings
	need, patient, known := l.needed, firstLook, l.trusted()
	switch {
	case age == plan.Fresh:
		need, patient = l.begun+1, m.listingTimeout()
	case age == plan.Recent && l.trusted() && time.Since(l.beganAt) > max(recent, recentShare*l.took):
		need = l.begun + 1
	case l.trusted():
		m.mu.Unlock()
		return nil
	case l.failed > l.succeeded:
		// It is tried again, and everybody is told when that succeeds. Until then the last answer is the answer.
		trouble := l.trouble
		l.told = true
		m.mu.Unlock()
		return trouble
	}
	if l.failed > l.succeeded {
		patient = patience // It may fail again, and others must not be held up by that.
	}
	l.asked = max(l.asked, need)
	m.mu.Unlock()
	m.wake()
	timeout := time.After(patient)
	for {
		m.mu.Lock()
		now := m.listings
		m.mu.Unlock()
		switch {
		case now.succeeded >= need:
			return nil
		case now.failed >= need:
			return now.trouble
		}
		select {
		case <-now.ended:
			continue
		case <-m.link.closing:
			return m.link.ended()
		case <-timeout:
		case <-ctx.Done():
		}
		if known && age == plan.Recent {
			return nil // What is known is better than nothing.
		}
		if m.promise(need) {
			return &plan.Trouble{Kind: plan.Unreachable, Message: "the controller has not listed the model's secrets yet"}
		}
	}
}

// promise notes that somebody goes away to be told of a listing, unless that has ended.
func (m *model) promise(need int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.listings.succeeded >= need || m.listings.failed >= need {
		return false
	}
	m.listings.promised = true
	return true
}

// refreshAlways lists the model when somebody asks for it, when the interval is over, and while secrets are being removed.
// Nothing else does, so there is never more than one listing under way.
func (m *model) refreshAlways(ctx context.Context) {
	for {
		timer := time.NewTimer(m.untilRefresh())
		select {
		case <-m.link.closing:
			timer.Stop()
			return
		case <-m.wanted:
			timer.Stop()
			m.mu.Lock()
			asked := m.listings.asked > m.listings.begun
			m.mu.Unlock()
			if asked {
				m.refresh(ctx)
				go m.lookForApplications(ctx)
			}
		case <-timer.C:
			if m.controller.keeps(m) {
				m.refresh(ctx)
				go m.lookForApplications(ctx)
			}
		}
	}
}

// untilRefresh is the time until the next listing that nobody asked for.
func (m *model) untilRefresh() time.Duration {
	interval := m.controller.currentInterval() // Before this model's lock.
	m.mu.Lock()
	defer m.mu.Unlock()
	l := &m.listings
	wait := interval - interval/10 + rand.N(interval/5+1) // So that many models are not looked at in step.
	switch {
	case !l.trusted() && l.begun > 0:
		wait = l.took + max(l.pause, firstRetry)
		wait += rand.N(wait / 4)
	case len(m.snapshot.removing) > 0:
		// A look at a big model takes long, and must not become all that its controller does.
		wait = l.took + max(l.pause, firstRemovalLook, 2*l.took)
	}
	return max(0, wait-time.Since(l.beganAt))
}

// refresh lists the model, and tells of what is different.
func (m *model) refresh(ctx context.Context) {
	m.mu.Lock()
	m.listings.begun++
	m.listings.beganAt = time.Now()
	number, changesBefore := m.listings.begun, m.snapshot.changes
	m.mu.Unlock()

	found, trouble := m.list(ctx)

	m.mu.Lock()
	change, tell := m.endListing(number, changesBefore, found, trouble)
	m.mu.Unlock()
	if tell {
		m.notify(change)
	}
}

// endListing takes in how a listing ended, and decides whom to tell of what. The lock is held.
func (m *model) endListing(number, changesBefore int, found listing, trouble *plan.Trouble) (change plan.Change, tell bool) {
	l := &m.listings
	l.took = time.Since(l.beganAt)
	close(l.ended)
	l.ended = make(chan struct{})
	if trouble != nil {
		return plan.Change{All: true}, m.listingFailed(number, trouble)
	}
	change.All = l.promised || l.told
	l.succeeded, l.promised, l.told, l.toldAll, l.again = number, false, false, 0, false
	l.listedAt = l.beganAt
	m.snapshot.charms = found.charms
	change.IDs = m.snapshot.replace(found.secrets, changesBefore)
	change.IDs = append(change.IDs, m.snapshot.forgetRemovals(time.Now().Add(-removalPatience))...)
	l.pause = min(max(2*l.pause, firstRemovalLook), lastRemovalLook)
	if len(change.IDs) > 0 || len(m.snapshot.removing) == 0 {
		l.pause = 0
	}
	change.IDs = append(change.IDs, l.doubted...)
	l.doubted = nil
	return change, change.All || len(change.IDs) > 0
}

// listingFailed takes in a listing that failed, and tells whether that is news for everybody.
func (m *model) listingFailed(number int, trouble *plan.Trouble) (news bool) {
	l := &m.listings
	news = l.promised
	l.failed, l.trouble, l.promised = number, trouble, false
	l.pause = min(max(2*l.pause, firstRetry), lastRetry)
	if trouble.Kind != plan.Busy {
		// A model that is busy for a moment is still the model that was seen. Any other trouble is everybody's, and a
		// connection that broke tells of itself.
		if l.trusted() {
			l.needed = number
		}
		news = news || trouble.Kind != l.toldAll && trouble.Kind != plan.Unreachable
		l.toldAll = trouble.Kind
	}
	if l.again && trouble.Kind != plan.Busy {
		l.asked = l.begun + 1
		m.wake()
	}
	l.again = false
	return news
}
