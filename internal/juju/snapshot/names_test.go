// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"maps"
	"slices"
	"testing"

	"github.com/juju-secrets/operator/internal/plan"
)

// Two secrets can have the same name in the snapshot until the next listing.
func TestNameConflictIsResolvedByTheNextListing(t *testing.T) {
	t.Parallel()
	for name, story := range map[string]func(s *Snapshot){
		// During a listing another client added and removed a "db", and then
		// the operator created its own "db".
		"a name that was free again": func(s *Snapshot) {
			began := s.changes
			s.Fold(db())
			s.replace([]plan.UserSecret{secretOf(queueID, "db")}, began)
			s.replace([]plan.UserSecret{db()}, s.changes)
		},
		// Another client renamed the operator's secret and gave the name to
		// another secret, while the operator updated and granted its secret.
		"a name that moved to another secret": func(s *Snapshot) {
			s.replace([]plan.UserSecret{secretOf(queueID, "db")}, s.changes)
			began := s.changes
			s.Fold(secretOf(queueID, "db", second))
			s.replace([]plan.UserSecret{secretOf(queueID, "old"), db()}, began)
			s.FoldGrants(queueID, []string{"app2"}, true)
			s.replace([]plan.UserSecret{secretOf(queueID, "old", second), db()}, s.changes)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := New()
			story(&s)
			s.replace(slices.Collect(func(yield func(plan.UserSecret) bool) { // A listing without differences.
				for _, e := range s.secrets {
					if !yield(e.UserSecret) {
						return
					}
				}
			}), s.changes)
			if _, found := s.Find(plan.Query{Name: "db"}); found == nil || found.ID != dbID {
				t.Errorf("db is %+v, IDs by name %v, secrets %v", found, s.ids, slices.Collect(maps.Keys(s.secrets)))
			}
		})
	}
}
