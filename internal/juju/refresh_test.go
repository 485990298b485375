// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"slices"
	"testing"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// ending is how a listing ends: with what it shows, or with a kind of trouble.
type ending struct {
	kind plan.Kind
	// tells says whom the model tells then: nobody, all, or those of these secrets.
	all bool
	ids []string
}

func TestTheEndOfAListingIsToldToWhomItIsNews(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		before func(m *model)
		ends   []ending
	}{
		"nobody, while all is well":                     {nil, []ending{{}, {}}},
		"all, once, of a trouble":                       {nil, []ending{{}, {kind: plan.PermissionDenied, all: true}, {kind: plan.PermissionDenied}}},
		"all, of another trouble":                       {nil, []ending{{kind: plan.PermissionDenied, all: true}, {kind: plan.TooOld, all: true}}},
		"nobody, of a model that is busy for a moment":  {nil, []ending{{}, {kind: plan.Busy}, {}}},
		"nobody here, of a connection that broke":       {nil, []ending{{}, {kind: plan.Unreachable}}},
		"all, of the same trouble after a good listing": {nil, []ending{{kind: plan.TooOld, all: true}, {}, {kind: plan.TooOld, all: true}}},
		"who went away to be told, of success":          {func(m *model) { m.promise(1) }, []ending{{all: true}, {}}},
		"who went away to be told, of failure":          {func(m *model) { m.promise(1) }, []ending{{kind: plan.Busy, all: true}, {}}},
		"who got the trouble, that it is over":          {func(m *model) { m.listings.told = true }, []ending{{kind: plan.Unreachable}, {all: true}, {}}},
		"whose request had no known end": {
			func(m *model) { m.listings.doubted = []string{dbID} }, []ending{{kind: plan.Unreachable}, {ids: []string{dbID}}, {}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel(newController("default", content.Connection{}, surroundings{}), "uuid")
			if row.before != nil {
				row.before(m)
			}
			for i, end := range row.ends {
				var trouble *plan.Trouble
				if end.kind != 0 {
					trouble = &plan.Trouble{Kind: end.kind}
				}
				m.listings.begun++
				change, tell := m.endListing(m.listings.begun, 0, listing{}, trouble)
				if tell != (end.all || len(end.ids) > 0) || tell && (change.All != end.all || !slices.Equal(change.IDs, end.ids)) {
					t.Errorf("end %d tells %t: %+v", i, tell, change)
				}
			}
		})
	}
}

// ended ends a listing of a model.
func ended(m *model, found listing, trouble *plan.Trouble) {
	m.listings.begun++
	m.endListing(m.listings.begun, m.snapshot.changes, found, trouble)
}

func TestACharmsSecretIsKnownByItsID(t *testing.T) {
	t.Parallel()
	first := listing{secrets: []plan.UserSecret{db()}, charms: map[string]bool{cacheID: true}}
	for name, row := range map[string]struct {
		query plan.Query
		then  *listing
		charm bool
		found bool
	}{
		"a charm's":                          {query: plan.Query{ID: cacheID}, charm: true},
		"a user secret":                      {query: plan.Query{ID: dbID}, found: true},
		"nobody's":                           {query: plan.Query{ID: queueID}},
		"nothing, by a name":                 {query: plan.Query{Name: "nobody"}},
		"a charm's, and a user secret":       {query: plan.Query{ID: cacheID, Name: "db"}, charm: true},
		"a charm's that is gone":             {query: plan.Query{ID: cacheID}, then: &listing{}},
		"a charm's that came":                {query: plan.Query{ID: queueID}, then: &listing{charms: map[string]bool{queueID: true}}, charm: true},
		"a user secret, and not any of them": {query: plan.Query{ID: dbID}, then: &listing{secrets: first.secrets}, found: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel(newController("default", content.Connection{}, surroundings{}), "uuid")
			m.keep.Do(func() {}) // Nobody lists but this test.
			ended(m, first, nil)
			if row.then != nil {
				ended(m, *row.then, nil)
			}
			world := m.world(t.Context(), row.query)
			if !world.Known || world.CharmOwned != row.charm || (world.ByID != nil) != row.found {
				t.Errorf("the world is %+v, want one with a charm's: %t, a user secret: %t", world, row.charm, row.found)
			}
		})
	}
}

func TestAListingThatFailedForgetsNoCharm(t *testing.T) {
	t.Parallel()
	m := newModel(newController("default", content.Connection{}, surroundings{}), "uuid")
	ended(m, listing{charms: map[string]bool{cacheID: true}}, nil)
	ended(m, listing{}, &plan.Trouble{Kind: plan.Busy})
	if !m.snapshot.charms[cacheID] {
		t.Errorf("the secrets of charms are %v", m.snapshot.charms)
	}
}

func TestAConnectionThatComesBeforeAnyListingAsksForOne(t *testing.T) {
	t.Parallel()
	m := newModel(newController("default", content.Connection{}, surroundings{}), "uuid")
	m.tryAgain()
	if m.listings.asked != 1 {
		t.Errorf("listing %d is asked for, want the first", m.listings.asked)
	}
}
