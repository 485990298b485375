// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/internal/juju/snapshot"
	"github.com/juju-secrets/operator/internal/plan"
)

// large is the listing of a model with 20,000 secrets.
func large() cost { return cost{took: 6500 * time.Millisecond, bytes: 12 << 20, count: 20_000} }

func TestLookupsReplaceListingThatCostsMore(t *testing.T) {
	t.Parallel()
	measured := cost{took: 20 * time.Millisecond, bytes: 6_000, count: 10}
	slow := cost{took: 10 * time.Second, bytes: 6_000, count: 10}
	long := cost{took: time.Second, bytes: 11 << 20, count: 10}
	small := cost{took: time.Second, bytes: 64 << 10, count: 100}
	for name, row := range map[string]struct {
		n                int
		interval         time.Duration
		listing, lookups cost
		lookingUp        bool
		want             bool
	}{
		"few of many":                                {10, time.Minute, large(), measured, false, true},
		"few of many, not measured":                  {10, time.Minute, large(), cost{}, false, true},
		"a sixteenth, not measured":                  {1_250, time.Minute, large(), cost{}, false, true},
		"more, not measured":                         {1_251, time.Minute, large(), cost{}, false, false},
		"half of the time":                           {1_625, time.Minute, large(), measured, false, true},
		"more than half of the time":                 {1_626, time.Minute, large(), measured, false, false},
		"more than half of the time, looking up":     {3_250, time.Minute, large(), measured, true, true},
		"more than all of the time, looking up":      {3_251, time.Minute, large(), measured, true, false},
		"lookups are slow":                           {10, time.Minute, large(), slow, false, false},
		"lookups of many revisions":                  {10, time.Minute, large(), long, false, false},
		"nothing to look up":                         {0, time.Minute, large(), measured, false, false},
		"a small listing of a slow controller":       {1, time.Second, small, cost{}, false, false},
		"a listing takes little of the interval":     {10, 11 * time.Minute, large(), measured, false, false},
		"a listing takes more of the interval":       {10, 5 * time.Minute, large(), measured, false, true},
		"as much of the interval, looking up":        {10, 10 * time.Minute, large(), measured, true, true},
		"as much of the interval, not yet":           {10, 10 * time.Minute, large(), measured, false, false},
		"a listing without secrets of a bad server":  {1, time.Second, cost{time.Second, 1 << 20, 0}, cost{}, false, false},
		"as many as the model has, and not measured": {20_000, time.Minute, large(), cost{}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := cheaper(row.n, row.interval, row.listing, row.lookups, row.lookingUp); got != row.want {
				t.Errorf("cheaper: %t, want %t", got, row.want)
			}
		})
	}
}

// foreignModel returns a model with many secrets of others, that was listed a
// while ago and in which an object asked for one secret.
func foreignModel(ago time.Duration) *Model {
	m := newModel()
	m.interval = time.Minute
	m.listings.begin(time.Now().Add(-ago))
	m.endListing(0, snapshot.Listing{Secrets: []plan.UserSecret{db()}}, nil)
	m.listings.listing = large()
	m.listings.watch.add(plan.Query{ID: dbID, Name: "db"}, time.Now().Add(-ago))
	return m
}

func TestModelWithManyForeignSecretsIsLookedUp(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		ago       time.Duration
		given     func(m *Model)
		lookup    bool
		checkedBy string
		reported  bool
	}{
		"the next interval": {ago: time.Minute, lookup: true, checkedBy: plan.CheckedByLookups, reported: true},
		"a later interval": {
			ago: 5 * time.Minute, lookup: true, checkedBy: plan.CheckedByLookups,
			given: func(m *Model) { m.listings.checkedBy = plan.CheckedByLookups },
		},
		"a listing is due": {ago: 11 * time.Minute, checkedBy: plan.CheckedByLookups, reported: true},
		"a slow listing is due after an hour": {
			ago: time.Hour, checkedBy: plan.CheckedByLookups, reported: true,
			given: func(m *Model) { m.listings.listing.took = time.Minute },
		},
		"the snapshot is in doubt": {
			ago: time.Minute, checkedBy: plan.CheckedByLookups, reported: true,
			given: func(m *Model) { m.Invalidate() },
		},
		"before Juju 3.6": {
			ago: time.Minute, checkedBy: plan.CheckedByListing, reported: true,
			given: func(m *Model) { m.unsummed.Store(true) },
		},
		"listings became cheap": {
			ago: time.Minute, checkedBy: plan.CheckedByListing, reported: true,
			given: func(m *Model) {
				m.listings.checkedBy, m.listings.listing = plan.CheckedByLookups, cost{time.Millisecond, 500, 1}
			},
		},
		"a small model": {
			ago: time.Minute, checkedBy: plan.CheckedByListing,
			given: func(m *Model) { m.listings.listing = cost{time.Millisecond, 500, 1} },
		},
		"the first listing": {
			ago:   time.Minute,
			given: func(m *Model) { m.listings.listing = cost{} },
		},
		"slow lookups a while ago": {
			ago: time.Minute, checkedBy: plan.CheckedByListing, reported: true,
			given: func(m *Model) {
				m.listings.lookups, m.listings.measured = cost{time.Minute, 500, 1}, time.Now().Add(-measuredFor+time.Minute)
			},
		},
		"slow lookups long ago": {
			ago: time.Minute, lookup: true, checkedBy: plan.CheckedByLookups, reported: true,
			given: func(m *Model) {
				m.listings.lookups, m.listings.measured = cost{time.Minute, 500, 1}, time.Now().Add(-measuredFor-time.Minute)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := foreignModel(row.ago)
			if row.given != nil {
				row.given(m)
			}
			m.listings.begin(time.Now())
			call := m.listings.inflight
			reported := m.choose(call)
			if call.lookup != row.lookup || m.CheckedBy() != row.checkedBy || reported != row.reported {
				t.Errorf("lookups: %t, checked by %q, reported: %t, want %t, %q and %t", call.lookup, m.CheckedBy(), reported,
					row.lookup, row.checkedBy, row.reported)
			}
			if call.lookup && !slices.Equal(call.part.IDs, []string{dbID}) {
				t.Errorf("the part is %+v, want the ID of db", call.part)
			}
		})
	}
}

func TestLookupsAnswerQueriesThatCameBefore(t *testing.T) {
	t.Parallel()
	const ago = 3 * time.Second
	for name, row := range map[string]struct {
		query  plan.Query
		tooOld bool
	}{
		"the ID":                      {plan.Query{ID: dbID, Age: plan.Recent}, false},
		"the ID and the name":         {plan.Query{ID: dbID, Name: "db", Age: plan.Recent}, false},
		"another name":                {plan.Query{ID: dbID, Name: "queue", Age: plan.Recent}, true},
		"another ID":                  {plan.Query{ID: queueID, Age: plan.Recent}, true},
		"a name that is asked for":    {plan.Query{Name: "asked since", Age: plan.Recent}, true},
		"what is no ID":               {plan.Query{ID: "not an ID!", Age: plan.Recent}, true},
		"another name as it is known": {plan.Query{Name: "queue"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := foreignModel(5 * time.Minute)
			m.listings.begin(time.Now().Add(-ago))
			m.choose(m.listings.inflight)
			m.endListing(0, snapshot.Listing{Secrets: []plan.UserSecret{db()}}, nil)
			m.listings.watch.add(plan.Query{Name: "asked since"}, time.Now())
			m.listings.watch.add(row.query, time.Now())
			if got := m.listings.tooOld(row.query, time.Now()); got != row.tooOld {
				t.Errorf("the last call is too old: %t, want %t", got, row.tooOld)
			}
		})
	}
}

func TestSecretThatIsBeingRemovedIsLookedUp(t *testing.T) {
	t.Parallel()
	m := foreignModel(time.Minute)
	m.snapshot.Fold(plan.UserSecret{ID: queueID})
	m.snapshot.FoldRemoval(queueID, time.Now())
	m.listings.begin(time.Now())
	m.choose(m.listings.inflight)
	if part := m.listings.inflight.part; !slices.Contains(part.IDs, queueID) {
		t.Errorf("the part is %+v, want also %s", part, queueID)
	}
}

func TestWatchForgetsWhatWasNotFound(t *testing.T) {
	t.Parallel()
	known, now := snapshot.New(), time.Now()
	known.Fold(db())
	w := newWatch()
	w.add(plan.Query{ID: dbID, Name: "db"}, now.Add(-watchedFor-time.Second))
	w.add(plan.Query{ID: queueID, Name: "queue"}, now.Add(-watchedFor-time.Second))
	w.add(plan.Query{ID: cacheID, Name: "cache"}, now.Add(-watchedFor-time.Second))
	w.add(plan.Query{ID: cacheID, Name: "cache"}, now)
	w.forget(&known, now)
	part := w.part()
	slices.Sort(part.IDs)
	want := snapshot.Part{IDs: []string{dbID, cacheID}, Names: []string{"cache"}}
	if diff := cmp.Diff(want, part); diff != "" {
		t.Errorf("the watch (-want +got):\n%s", diff)
	}
}

func TestSecretThatBecomesKnownIsWatched(t *testing.T) {
	t.Parallel()
	m := foreignModel(time.Minute)
	m.keep.Do(func() {}) // Only this test lists.
	m.listings.watch = newWatch()
	m.View(t.Context(), plan.Query{Name: "db"})
	if part := m.listings.watch.part(); !slices.Equal(part.IDs, []string{dbID}) {
		t.Errorf("the watch has %+v, want the ID of db", part)
	}
}
