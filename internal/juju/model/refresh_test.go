// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/juju/snapshot"
	"github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/plan"
)

// ending is the end of a listing with success, or with the reason of a failure.
type ending struct {
	reason v1alpha1.Reason
	// all is true when all objects are notified. Otherwise the objects of the
	// secrets in ids are notified.
	all bool
	ids []string
}

func TestRefreshNotifiesObjectsOnlyOfNews(t *testing.T) {
	t.Parallel()
	const denied, unsupported = v1alpha1.ReasonPermissionDenied, v1alpha1.ReasonUnsupportedJujuVersion
	const busy, unreachable = v1alpha1.ReasonModelUnavailable, v1alpha1.ReasonJujuUnreachable
	for name, row := range map[string]struct {
		before func(m *Model)
		ends   []ending
	}{
		"success is not notified": {nil, []ending{{}, {}}},
		"a problem is notified once to all": {
			nil, []ending{{}, {reason: denied, all: true}, {reason: denied}},
		},
		"another problem is notified to all": {
			nil, []ending{{reason: denied, all: true}, {reason: unsupported, all: true}},
		},
		"a busy model is not notified": {nil, []ending{{}, {reason: busy}, {}}},
		"a broken connection is notified by the link": {
			nil, []ending{{}, {reason: unreachable}},
		},
		"the same problem after success is notified to all": {
			nil, []ending{{reason: unsupported, all: true}, {}, {reason: unsupported, all: true}},
		},
		"success is notified to callers that stopped waiting": {
			func(m *Model) { m.promise(m.listings.ask()) }, []ending{{all: true}, {}},
		},
		"failure is notified to callers that stopped waiting": {
			func(m *Model) { m.promise(m.listings.ask()) }, []ending{{reason: busy, all: true}, {}},
		},
		"success is notified to callers that got the problem": {
			func(m *Model) { m.listings.answered = true }, []ending{{reason: unreachable}, {all: true}, {}},
		},
		"success is notified to objects with an unknown outcome": {
			func(m *Model) { m.listings.doubtedIDs = []string{dbID} },
			[]ending{{reason: unreachable}, {ids: []string{dbID}}, {}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel()
			if row.before != nil {
				row.before(m)
			}
			for i, end := range row.ends {
				var problem *plan.Problem
				if end.reason != "" {
					problem = &plan.Problem{Reason: end.reason}
				}
				m.listings.begin(time.Now())
				change, notify := m.endListing(0, snapshot.Listing{}, problem)
				expected := change.All == end.all && slices.Equal(change.IDs, end.ids)
				if notify != (end.all || len(end.ids) > 0) || notify && !expected {
					t.Errorf("end %d notifies: %t, of %+v", i, notify, change)
				}
			}
		})
	}
}

func TestListingIsTooOldForAQuery(t *testing.T) {
	t.Parallel()
	const quick, slow = 100 * time.Millisecond, 10 * time.Second
	for name, row := range map[string]struct {
		query     plan.Query
		took, age time.Duration
		want      bool
	}{
		"any age":                              {plan.Query{}, quick, 24 * time.Hour, false},
		"a changed object":                     {plan.Query{Age: plan.Recent}, quick, 6 * time.Second, true},
		"a changed object, just listed":        {plan.Query{Age: plan.Recent}, quick, 4 * time.Second, false},
		"a changed object, big model":          {plan.Query{Age: plan.Recent}, slow, 3 * time.Minute, false},
		"a waiting object":                     {awaited(27 * time.Second), quick, 28 * time.Second, true},
		"a waiting object, listed for others":  {awaited(27 * time.Second), quick, 26 * time.Second, false},
		"a waiting object, big model":          {awaited(27 * time.Second), slow, 28 * time.Second, true},
		"a new waiting object":                 {awaited(time.Second), quick, 6 * time.Second, true},
		"a new waiting object, just listed":    {awaited(time.Second), quick, 4 * time.Second, false},
		"a new waiting object, big model":      {awaited(time.Second), slow, 24 * time.Second, false},
		"a new waiting object, big old model":  {awaited(time.Second), slow, 26 * time.Second, true},
		"an object that requests a new answer": {plan.Query{Age: plan.Fresh}, quick, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			l := newListings(began)
			l.good = &listCall{began: began, took: row.took}
			if got := l.tooOld(row.query, began.Add(row.age)); got != row.want {
				t.Errorf("the listing is too old: %v, want %v", got, row.want)
			}
		})
	}
}

func awaited(within time.Duration) plan.Query { return plan.Query{Age: plan.Awaited, Within: within} }

// ended begins and ends a listing of a model.
func ended(m *Model, found snapshot.Listing, problem *plan.Problem) {
	m.listings.begin(time.Now())
	m.endListing(m.snapshot.Changes(), found, problem)
}

func TestCharmSecretIsFoundByID(t *testing.T) {
	t.Parallel()
	first := snapshot.Listing{Secrets: []plan.UserSecret{db()}, Charms: map[string]bool{cacheID: true}}
	for name, row := range map[string]struct {
		query plan.Query
		then  *snapshot.Listing
		charm bool
		found bool
	}{
		"a charm secret":                   {query: plan.Query{ID: cacheID}, charm: true},
		"a user secret":                    {query: plan.Query{ID: dbID}, found: true},
		"an unknown ID":                    {query: plan.Query{ID: queueID}},
		"an unknown name":                  {query: plan.Query{Name: "unknown"}},
		"a charm secret and a user secret": {query: plan.Query{ID: cacheID, Name: "db"}, charm: true},
		"a removed charm secret":           {query: plan.Query{ID: cacheID}, then: &snapshot.Listing{}},
		"a new charm secret": {
			query: plan.Query{ID: queueID},
			then:  &snapshot.Listing{Charms: map[string]bool{queueID: true}}, charm: true,
		},
		"a user secret without charm secrets": {
			query: plan.Query{ID: dbID}, then: &snapshot.Listing{Secrets: first.Secrets}, found: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel()
			m.keep.Do(func() {}) // Only this test lists.
			ended(m, first, nil)
			if row.then != nil {
				ended(m, *row.then, nil)
			}
			view := m.View(t.Context(), row.query)
			if !view.Known || view.CharmOwned != row.charm || (view.ByID != nil) != row.found {
				t.Errorf("the view is %+v, want a charm secret: %t, a user secret: %t", view, row.charm, row.found)
			}
		})
	}
}

func TestFailedRefreshKeepsCharmSecrets(t *testing.T) {
	t.Parallel()
	m := newModel()
	ended(m, snapshot.Listing{Charms: map[string]bool{cacheID: true}}, nil)
	ended(m, snapshot.Listing{}, &plan.Problem{Reason: v1alpha1.ReasonModelUnavailable})
	if !m.snapshot.CharmOwned(cacheID) {
		t.Errorf("the snapshot is %v", m.snapshot)
	}
}

func TestFirstConnectionRequestsRefresh(t *testing.T) {
	t.Parallel()
	m := newModel()
	m.relist()
	if m.listings.next == nil {
		t.Error("no listing is requested")
	}
}

func TestRefreshThatBeganBeforeInvalidateIsNotTrusted(t *testing.T) {
	t.Parallel()
	invalidate, relist := (*Model).Invalidate, (*Model).relist
	busy := &plan.Problem{Reason: v1alpha1.ReasonModelUnavailable}
	for name, row := range map[string]struct {
		during    func(*Model)
		problem   *plan.Problem
		trusted   bool
		requested bool
	}{
		"success":                    {nil, nil, true, false},
		"success and Invalidate":     {invalidate, nil, false, true},
		"success and a reconnect":    {relist, nil, true, false},
		"failure and a reconnect":    {relist, &plan.Problem{Reason: v1alpha1.ReasonJujuUnreachable}, false, true},
		"busy model and a reconnect": {relist, busy, false, false},
		"busy model and Invalidate":  {invalidate, busy, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel()
			m.Invalidate()
			m.listings.begin(time.Now())
			if row.during != nil {
				row.during(m)
			}
			m.endListing(0, snapshot.Listing{}, row.problem)
			trusted, requested := m.listings.trusted, m.listings.next != nil
			if trusted != row.trusted || requested != row.requested {
				t.Errorf("trusted: %t, another listing requested: %t, want %t and %t",
					trusted, requested, row.trusted, row.requested)
			}
		})
	}
}

// host is a Host that does nothing.
type host struct{}

func (host) Notify(plan.Change)   {}
func (host) InUse(*Model) bool    { return true }
func (host) NoteLateWrite(string) {}

func (host) Explain(_ context.Context, _ *Model, problem *plan.Problem) *plan.Problem {
	return problem
}

// newModel returns a model without a controller.
func newModel() *Model {
	endpoint := &wire.Endpoint{Key: "default", Observer: wire.NoObserver{}}
	return New(Config{UUID: "uuid", Name: func() string { return "prod/app" }, Endpoint: endpoint, Host: host{}})
}

func TestLastLookedIsTheLastSuccessfulRefresh(t *testing.T) {
	t.Parallel()
	m, began := newModel(), time.Now().Add(-time.Minute)
	created := m.LastLooked()
	m.listings.begin(began)
	m.endListing(0, snapshot.Listing{}, &plan.Problem{Reason: v1alpha1.ReasonModelUnavailable})
	if got := m.LastLooked(); !got.Equal(created) {
		t.Errorf("after a failed listing LastLooked is %v, want %v", got, created)
	}
	m.listings.begin(began)
	m.endListing(0, snapshot.Listing{}, nil)
	if got := m.LastLooked(); !got.Equal(began) {
		t.Errorf("after a listing LastLooked is %v, want %v", got, began)
	}
}

// IDs of secrets.
const (
	dbID    = "9m4e2mr0ui3e8a215n4g"
	cacheID = "9m4e2mr0ui3e8a215n50"
	queueID = "9m4e2mr0ui3e8a215n60"
)

// sameSecrets compares secrets by the fields that Juju reports.
var sameSecrets = cmp.Comparer(func(a, b plan.UserSecret) bool { return a.Equal(b) })

func db() plan.UserSecret {
	return plan.UserSecret{ID: dbID, Name: "db", Revision: 1, Checksum: content.Seal("one"), Granted: []string{"app1"}}
}
