// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"time"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/juju/link"
	"github.com/juju-secrets/operator/internal/juju/snapshot"
	"github.com/juju-secrets/operator/internal/plan"
)

// An object that was just changed accepts a snapshot that is recent: its age is
// at most the larger of recent and recentShare times the duration of a listing.
// So a thousand objects that change together share a few listings, and a
// big model is not listed continuously.
const (
	recent      = 5 * time.Second
	recentShare = 20
)

// longestAge returns the age up to which a listing that took that long is
// recent.
func longestAge(took time.Duration) time.Duration { return max(recent, recentShare*took) }

// longestRecent bounds the age that an object accepts that waits for a change in
// Juju, if it asks for less. The shortest time that a reason promises is 30 s.
const longestRecent = 25 * time.Second

// firstListingTimeout is how long a caller waits for the first listing of a
// model. After that it is notified when the listing ends.
const firstListingTimeout = 10 * time.Second

// Juju 4 removes a secret some time after it answered the request. The operator
// lists the model until the secret is gone. The pauses grow from
// firstRemovalPause to lastRemovalPause.
const (
	firstRemovalPause = 50 * time.Millisecond
	lastRemovalPause  = 5 * time.Second
	// removalTimeout is how long the operator waits for a removal before it
	// repeats the request. The removal may have been lost.
	removalTimeout = 2 * time.Minute
)

// listCall is one listing of a model, or lookups in its place. All callers that
// wait for it share it.
type listCall struct {
	// lookup is true when the secrets in part are looked up, and the model is
	// not listed.
	lookup bool
	part   snapshot.Part
	// began is when the listing began, zero before that.
	began time.Time
	// done is closed when the listing has ended. took and problem are set then.
	done    chan struct{}
	took    time.Duration
	problem *plan.Problem
	// doubted is true when the snapshot was invalidated after the listing
	// began. The result is then not trusted either.
	doubted bool
	// promised is true when a caller stopped waiting and must be notified of
	// the end.
	promised bool
	// again is true when the listing is repeated if it fails.
	again bool
}

// ended reports whether the listing has ended.
func (c *listCall) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// listings holds the state of the listings of a model.
type listings struct {
	// trusted is true when the snapshot is valid.
	trusted bool
	// next is the requested listing, inflight the listing in flight. Each is
	// nil if there is none.
	next, inflight *listCall
	// good is the last listing that succeeded. Before the first success it
	// holds the time when the model was created. failed is the last listing if
	// it failed, or nil.
	good, failed *listCall
	// lookedUp are the last lookups since then that succeeded, or nil.
	lookedUp *listCall
	// watch holds what to look up.
	watch watch
	// checkedBy is how the model is checked, empty until that was decided.
	checkedBy string
	// listing and lookups are the costs of the last listing and of the last
	// lookups, zero if they are not known. measured is when these lookups began.
	listing, lookups cost
	measured         time.Time
	// answered is true when a caller got the problem of the failed listing.
	answered bool
	// notified is the reason of the last problem that was notified to all
	// objects of the model, empty while listings succeed.
	notified v1alpha1.Reason
	// doubtedIDs holds the secrets of requests with an unknown outcome.
	doubtedIDs []string
	// pause is the pause before the next listing while listings fail, or while
	// secrets are being removed.
	pause time.Duration
}

// newListings returns the state before the first listing.
func newListings(now time.Time) listings {
	return listings{good: &listCall{began: now}, watch: newWatch()}
}

// ask returns the requested listing, and requests one if there is none.
func (l *listings) ask() *listCall {
	if l.next == nil {
		l.next = &listCall{done: make(chan struct{})}
	}
	return l.next
}

// begin sets the requested listing in flight.
func (l *listings) begin(now time.Time) {
	l.inflight = l.ask()
	l.next, l.inflight.began = nil, now
}

// last returns the last call that ended.
func (l *listings) last() *listCall { return cmp.Or(l.failed, l.lookedUp, l.good) }

// lastBegan returns when the last call that answers a query began. It may still
// be in flight.
func (l *listings) lastBegan(query plan.Query) time.Time {
	began := cmp.Or(l.failed, l.good).began
	for _, call := range []*listCall{l.lookedUp, l.inflight} {
		if call != nil && (!call.lookup || l.watch.covers(query, call.began)) {
			began = call.began
		}
	}
	return began
}

// tooOld reports whether the last call is older than a query accepts.
func (l *listings) tooOld(query plan.Query, now time.Time) bool {
	limit := longestAge(l.last().took)
	switch query.Age {
	case plan.Fresh:
		return true
	case plan.Awaited:
		limit = max(query.Within, min(limit, longestRecent))
	case plan.Recent:
	case plan.AsKnown:
		return false
	}
	return now.Sub(l.lastBegan(query)) > limit
}

// Invalidate invalidates the snapshot and requests a listing, because the
// connection broke or Juju contradicted the snapshot. The snapshot is not used
// until a listing that began after the call has succeeded. It also makes callers
// read configurations again.
func (m *Model) Invalidate() {
	m.mu.Lock()
	m.listings.trusted = false
	if m.listings.inflight != nil {
		m.listings.inflight.doubted = true
	}
	m.listings.ask()
	m.configurations.doubtAll()
	m.mu.Unlock()
	m.wake()
}

// relist requests a listing if the snapshot is invalid. A listing in flight is
// repeated only if it fails.
func (m *Model) relist() {
	m.mu.Lock()
	l := &m.listings
	switch {
	case l.trusted:
	case l.inflight != nil:
		l.inflight.again = true
	case l.failed != nil && l.failed.problem.Reason == v1alpha1.ReasonModelUnavailable:
		// The model answered on this connection. The listing is retried after a
		// pause.
	default:
		l.ask()
	}
	m.mu.Unlock()
	m.wake()
}

// wake wakes refreshAlways.
func (m *Model) wake() {
	select {
	case m.wanted <- struct{}{}:
	default: // It was woken already.
	}
}

// current waits for a valid snapshot of the age of a query, and returns a
// problem if there is none. Concurrent callers share a listing.
func (m *Model) current(ctx context.Context, query plan.Query) *plan.Problem {
	m.keep.Do(func() { go m.refreshAlways(context.WithoutCancel(ctx)) }) // It outlives the first caller.
	m.mu.Lock()
	l := &m.listings
	l.watch.add(query, time.Now())
	var call *listCall
	timeout, known := firstListingTimeout, l.trusted
	switch {
	case query.Age == plan.Fresh:
		call, timeout = l.ask(), m.listingTimeout()
	case l.trusted && l.tooOld(query, time.Now()):
		call = l.ask()
	case l.trusted:
		m.mu.Unlock()
		return nil
	case l.failed != nil:
		// The listing is retried, and all objects are notified when it
		// succeeds.
		problem := l.failed.problem
		l.answered = true
		m.mu.Unlock()
		return problem
	case l.inflight != nil && !l.inflight.doubted:
		call = l.inflight
	default:
		call = l.ask()
	}
	if l.failed != nil {
		timeout = link.WaitTimeout // It may fail again, and must not block other callers.
	}
	m.mu.Unlock()
	m.wake()
	select {
	case <-call.done:
		if known && query.Age == plan.Awaited && call.problem != nil &&
			call.problem.Reason == v1alpha1.ReasonModelUnavailable {
			return nil // The snapshot of a busy model stays valid.
		}
		return call.problem
	case <-m.link.Closing():
		return m.link.Ended()
	case <-time.After(timeout):
	case <-ctx.Done():
	}
	if known && query.Age != plan.Fresh {
		return nil // An older snapshot is better than none.
	}
	if m.promise(call) {
		return &plan.Problem{
			Reason: v1alpha1.ReasonJujuUnreachable, Message: "the controller has not listed the model's secrets yet",
		}
	}
	return call.problem
}

// promise sets that a caller is notified when a listing ends. It returns false
// if the listing has ended.
func (m *Model) promise(call *listCall) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if call.ended() {
		return false
	}
	call.promised = true
	return true
}

// refreshAlways lists the model on request, after each interval, and while
// secrets are being removed. Nothing else lists the model, so at most one
// listing is in flight. It also looks for absent applications.
func (m *Model) refreshAlways(ctx context.Context) {
	for {
		untilRefresh, untilLook := m.untilRefresh(), m.untilLookForApplications()
		timer := time.NewTimer(min(untilRefresh, untilLook))
		select {
		case <-m.link.Closing():
			timer.Stop()
			return
		case <-m.wanted:
			timer.Stop()
			m.mu.Lock()
			asked := m.listings.next != nil
			m.mu.Unlock()
			if asked {
				m.refresh(ctx)
			}
		case <-timer.C:
			switch {
			case !m.Host.InUse(m):
			case untilLook < untilRefresh:
				if apps := m.beginLook(); len(apps) > 0 {
					go m.lookForApplications(ctx, apps)
				}
			default:
				m.refresh(ctx)
			}
		}
	}
}

// untilRefresh returns the time until the next listing without a request.
func (m *Model) untilRefresh() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := &m.listings
	last := l.last()
	wait := m.interval - m.interval/10 + rand.N(m.interval/5+1) // Jitter spreads the listings of many models.
	switch {
	case !l.trusted:
		wait = last.took + max(l.pause, link.FirstRetry)
		wait += rand.N(wait / 4)
	case m.snapshot.Removing():
		// A big model takes long to list, so the pause grows with the duration.
		wait = last.took + max(l.pause, firstRemovalPause, 2*last.took)
	}
	return max(0, wait-time.Since(last.began))
}

// untilLookForApplications returns the time until the next look for absent
// applications.
func (m *Model) untilLookForApplications() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.absent) == 0 {
		return math.MaxInt64
	}
	every := min(m.interval, lookEvery)
	every -= rand.N(every/10 + 1) // Jitter spreads the requests for many models.
	return max(0, every-time.Since(m.lookedForApps))
}

// refresh lists the model or looks up secrets, and notifies of differences. The
// configurations of applications follow once in each interval.
func (m *Model) refresh(ctx context.Context) {
	m.mu.Lock()
	m.listings.begin(time.Now())
	call, changesBefore := m.listings.inflight, m.snapshot.Changes()
	checkedBy := m.choose(call)
	m.mu.Unlock()
	if checkedBy {
		m.notify(plan.Change{Health: true})
	}

	found, problem := m.look(ctx, call)

	m.mu.Lock()
	change, notify := m.endListing(changesBefore, found, problem)
	m.mu.Unlock()
	go m.read(ctx) // It must not delay listings.
	if notify {
		m.notify(change)
	}
}

// endListing adds the result of the call in flight to the snapshot, and requests
// the configurations of applications if that is due. It returns the change, and
// whether to notify of it. The lock is held.
func (m *Model) endListing(
	changesBefore int, found snapshot.Listing, problem *plan.Problem,
) (change plan.Change, notify bool) {
	l := &m.listings
	call := l.inflight
	call.took, call.problem = time.Since(call.began), problem
	l.inflight = nil
	close(call.done)
	if problem != nil {
		return plan.Change{All: true}, m.listingFailed(call)
	}
	change.All = call.promised || l.answered
	l.failed, l.lookedUp, l.trusted = nil, nil, !call.doubted
	l.answered, l.notified = false, ""
	if call.lookup {
		l.lookedUp = call
		change.IDs = m.snapshot.ReplacePart(call.part, found, changesBefore)
	} else {
		l.good = call
		change.IDs = m.snapshot.Replace(found, changesBefore)
	}
	change.IDs = append(change.IDs, m.snapshot.ForgetRemovals(time.Now().Add(-removalTimeout))...)
	l.pause = min(max(2*l.pause, firstRemovalPause), lastRemovalPause)
	if len(change.IDs) > 0 || !m.snapshot.Removing() {
		l.pause = 0
	}
	change.IDs = append(change.IDs, l.doubtedIDs...)
	l.doubtedIDs = nil
	if l.trusted {
		m.refreshConfigurations(call.began)
	}
	return change, change.All || len(change.IDs) > 0
}

// listingFailed records a failed listing, and reports whether to notify all
// objects of the model.
func (m *Model) listingFailed(call *listCall) (notify bool) {
	l := &m.listings
	l.failed, l.lookedUp, notify = call, nil, call.promised
	l.pause = min(max(2*l.pause, link.FirstRetry), link.LastRetry)
	if call.problem.Reason == v1alpha1.ReasonModelUnavailable {
		return notify // The snapshot of a busy model stays valid.
	}
	l.trusted = false
	// The link notifies all objects of a broken connection.
	notify = notify || call.problem.Reason != l.notified && call.problem.Reason != v1alpha1.ReasonJujuUnreachable
	l.notified = call.problem.Reason
	if call.again {
		l.ask()
		m.wake()
	}
	return notify
}
