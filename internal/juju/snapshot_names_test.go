// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"maps"
	"slices"
	"testing"

	"github.com/juju-secrets/operator/internal/plan"
)

// Two secrets can have one name for a while, until a listing shows who has it.
func TestANameIsFoundAfterAListingThatShowedItOnAnother(t *testing.T) {
	t.Parallel()
	for name, story := range map[string]func(s *snapshot){
		// Somebody added a "db" and removed it again while a listing was under way; then the operator created its own.
		"a name that was free again": func(s *snapshot) {
			began := s.changes
			s.fold(db())
			s.replace([]plan.UserSecret{secretOf(queueID, "db")}, began)
			s.replace([]plan.UserSecret{db()}, s.changes)
		},
		// Somebody renamed ours and gave its name to another, while the operator updated and granted ours.
		"a name that was given to another": func(s *snapshot) {
			s.replace([]plan.UserSecret{secretOf(queueID, "db")}, s.changes)
			began := s.changes
			s.fold(secretOf(queueID, "db", second))
			s.replace([]plan.UserSecret{secretOf(queueID, "old"), db()}, began)
			s.foldGrants(queueID, []string{"app2"}, true)
			s.replace([]plan.UserSecret{secretOf(queueID, "old", second), db()}, s.changes)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSnapshot()
			story(&s)
			s.replace(slices.Collect(func(yield func(plan.UserSecret) bool) { // However often nothing is different.
				for _, e := range s.secrets {
					if !yield(e.UserSecret) {
						return
					}
				}
			}), s.changes)
			if _, found := s.find(plan.Query{Name: "db"}); found == nil || found.ID != dbID {
				t.Errorf("db is %+v, IDs by name %v, secrets %v", found, s.ids, slices.Collect(maps.Keys(s.secrets)))
			}
		})
	}
}
