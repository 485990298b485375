// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/test/servers"
)

// checkRevisions checks that the number of revisions of a secret does not
// exceed the number requested since the last settled state.
func (f *findings) checkRevisions(secret servers.UserSecret) {
	if most := f.mostRevisions(secret.ID); secret.Revision > most {
		f.fault(needless, "secret:%s is at revision %d, want %d at most", secret.ID, secret.Revision, most)
	}
}

// mostRevisions returns the highest expected revision of a secret: the previous
// revision, one for each content that an owner requested since, and two for
// each manual change of the content: the change and its correction.
func (f *findings) mostRevisions(id string) int {
	m := &f.memory
	before, was := m.before[id]
	most := 1
	if was {
		most = before.Revision
	}
	claimers := f.claimersSince(id)
	most += m.contents[id]
	if len(claimers) > 0 {
		most += m.contents[id]
	}
	for _, o := range claimers {
		switch added, manual := m.added[id]; {
		case was:
			most += f.changes(before.Content, o.timeline)
		case manual:
			most += f.changes(added, o.timeline)
		case f.madeFor(id, o):
			most += len(o.timeline) - 1
		default:
			// The object adopted a secret that was created for another object.
			most += len(o.timeline)
		}
	}
	return most
}

// claimersSince returns the objects that owned a secret in the last settled
// state or later.
func (f *findings) claimersSince(id string) []*object {
	all := f.ledger.claimers(id)
	since := all[min(f.memory.claims[id], len(all)):]
	if owner, owned := f.memory.owners[id]; owned {
		since = append([]types.UID{owner}, since...)
	}
	var claimers []*object
	for _, uid := range since {
		if o := f.known(uid); o != nil && !slices.Contains(claimers, o) {
			claimers = append(claimers, o)
		}
	}
	return claimers
}

// changes returns the number of changes of the content.
func (f *findings) changes(first content.Content, timeline []int) int {
	count := len(timeline) - 1 // Consecutive entries of a timeline differ.
	if !first.Equal(f.content(timeline[0])) {
		count++
	}
	return count
}
