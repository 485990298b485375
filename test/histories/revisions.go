// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/test/servers"
)

// checkRevisions checks that a secret has no more revisions than somebody asked for since the last settled state.
func (f *findings) checkRevisions(secret servers.UserSecret) {
	if most := f.mostRevisions(secret.ID); secret.Revision > most {
		f.fault(needless, "secret:%s is at revision %d, want %d at most", secret.ID, secret.Revision, most)
	}
}

// mostRevisions is the highest revision that a secret may be at: where it was, one more for each content that an object of
// its asked for since, and for each that came by hand, one more for putting that right.
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
	// To restore a revision takes two, of which the first has the number of the one that was removed.
	most += m.revisionsRemoved[id]
	for _, o := range claimers {
		switch added, byHand := m.added[id]; {
		case was:
			most += f.changes(before.Content, o.timeline)
		case byHand:
			most += f.changes(added, o.timeline)
		case f.madeFor(id, o):
			most += len(o.timeline) - 1
		default:
			most += len(o.timeline) // It adopted what was made for another one meanwhile.
		}
	}
	return most
}

// claimersSince are the objects that had a secret in the last settled state, or since.
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

// changes counts how often the content is another than the one before it.
func (f *findings) changes(first content.Content, timeline []int) int {
	count := len(timeline) - 1 // In a timeline, each is.
	if !first.Equal(f.content(timeline[0])) {
		count++
	}
	return count
}
