// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package snapshot holds the known state of the user secrets of a model: the
// last listing, and the lookups and the operator's changes since then. It does
// no I/O. Package model decides when to list, and whether the snapshot is valid.
package snapshot

import (
	"maps"
	"slices"
	"time"

	"github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/plan"
)

// Snapshot is the known state of the user secrets of a model. It uses no lock.
//
// A listing that is in flight during a change may or may not show the change.
// So changes are numbered, and a listing never overrides a change that was made
// after the listing began. The same holds for lookups of a part of the secrets.
type Snapshot struct {
	secrets map[string]entry  // by ID
	ids     map[string]string // by name; names are unique in a model
	// removing holds the IDs of secrets that Juju is removing, with the time of
	// the request, until a listing no longer has them. It is kept when the
	// connection is lost, because a listing does not show it.
	removing map[string]time.Time
	// charms holds the IDs of the secrets that charms own.
	charms map[string]bool
	// mostRevisions is the MostRevisions of the last listing, or larger if a
	// lookup since then found a secret with more.
	mostRevisions int
	// changes is the number of changes so far.
	changes int
	// listed is true after the first listing.
	listed bool
}

// entry is one secret, with the number of the operator's last change to it, or
// 0.
type entry struct {
	plan.UserSecret

	changed int
}

// New returns an empty snapshot.
func New() Snapshot {
	return Snapshot{
		secrets: map[string]entry{}, ids: map[string]string{}, removing: map[string]time.Time{}, charms: map[string]bool{},
	}
}

// Find returns the secrets that match a query.
func (s *Snapshot) Find(query plan.Query) (byID, byName *plan.UserSecret) {
	return s.Get(query.ID), s.Get(s.ids[query.Name])
}

// Changes returns the number of the operator's changes.
func (s *Snapshot) Changes() int { return s.changes }

// Size returns the number of secrets.
func (s *Snapshot) Size() int { return len(s.secrets) }

// Removing reports whether Juju is removing secrets.
func (s *Snapshot) Removing() bool { return len(s.removing) > 0 }

// MostRevisions returns the largest number of revisions of one secret in the
// last listing, of any owner.
func (s *Snapshot) MostRevisions() int { return s.mostRevisions }

// CharmOwned reports whether a charm owns a secret.
func (s *Snapshot) CharmOwned(id string) bool { return s.charms[id] }

// Get returns a secret, or nil.
func (s *Snapshot) Get(id string) *plan.UserSecret {
	found, ok := s.secrets[id]
	if !ok {
		return nil
	}
	_, found.Removing = s.removing[id]
	return &found.UserSecret
}

// Fold sets a secret to the result of the operator's change.
func (s *Snapshot) Fold(secret plan.UserSecret) {
	s.changes++
	s.set(entry{UserSecret: secret, changed: s.changes})
}

// FoldRemoval sets that Juju is removing a secret.
func (s *Snapshot) FoldRemoval(id string, now time.Time) {
	if _, ok := s.secrets[id]; ok {
		s.removing[id] = now
	}
}

// ForgetRemovals removes the mark of removals that were requested before a
// time, so that the request is repeated. It returns the IDs of the secrets.
func (s *Snapshot) ForgetRemovals(before time.Time) (ids []string) {
	for id, since := range s.removing {
		if since.Before(before) {
			delete(s.removing, id)
			ids = append(ids, id)
		}
	}
	return ids
}

// FoldGrants adds or removes the grants of a secret to applications.
func (s *Snapshot) FoldGrants(id string, apps []string, granted bool) {
	found, ok := s.secrets[id]
	if !ok {
		return
	}
	others := slices.DeleteFunc(slices.Clone(found.Granted), func(app string) bool {
		return slices.Contains(apps, app)
	})
	if granted {
		others = append(others, apps...)
		slices.Sort(others)
	}
	found.Granted = others
	s.Fold(found.UserSecret)
}

// Replace updates the snapshot from a listing that began after a number of
// changes. It returns the IDs of the secrets that differ from the snapshot or
// are gone, none for the first listing.
func (s *Snapshot) Replace(listing Listing, changesBefore int) (different []string) {
	s.charms, s.mostRevisions = listing.Charms, listing.MostRevisions
	if s.charms == nil {
		s.charms = map[string]bool{}
	}
	return s.replace(listing.Secrets, changesBefore)
}

// replace updates the user secrets from a listing.
func (s *Snapshot) replace(listing []plan.UserSecret, changesBefore int) (different []string) {
	first := !s.listed
	s.listed = true
	still := make(map[string]bool, len(listing))
	for _, listed := range listing {
		still[listed.ID] = true
		if s.update(listed, changesBefore) {
			different = append(different, listed.ID)
		}
	}
	for id := range s.secrets {
		if !still[id] && s.gone(id, changesBefore) {
			different = append(different, id)
		}
	}
	s.indexNames()
	if first {
		return nil
	}
	slices.Sort(different)
	return different
}

// Complete returns a part with all IDs that its lookup needs: also the secrets
// that have its names in the snapshot, because they may have lost them, and the
// secrets that Juju is removing.
func (s *Snapshot) Complete(part Part) Part {
	ids := slices.AppendSeq(slices.Clone(part.IDs), maps.Keys(s.removing))
	for _, name := range part.Names {
		if id, ok := s.ids[name]; ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return Part{IDs: slices.Compact(ids), Names: part.Names}
}

// ReplacePart updates a complete part of the snapshot from a lookup of it. The
// lookup began after a number of changes. All other secrets stay as they are,
// even if the listing contains them. It returns the IDs of the secrets that
// differ from the snapshot or are gone.
func (s *Snapshot) ReplacePart(part Part, listing Listing, changesBefore int) (different []string) {
	listing = listing.Only(part)
	s.mostRevisions = max(s.mostRevisions, listing.MostRevisions)
	for _, id := range part.IDs {
		delete(s.charms, id)
		if listing.Charms[id] {
			s.charms[id] = true
		}
	}
	last := map[string]int{} // A secret that was renamed meanwhile can be found by its ID and then by its name.
	for i, listed := range listing.Secrets {
		last[listed.ID] = i
	}
	for i, listed := range listing.Secrets {
		if last[listed.ID] != i {
			continue
		}
		if s.update(listed, changesBefore) {
			different = append(different, listed.ID)
		}
		s.indexName(listed.ID, changesBefore)
	}
	for _, id := range part.IDs {
		_, known := s.secrets[id]
		if _, found := last[id]; known && !found && s.gone(id, changesBefore) {
			different = append(different, id)
		}
	}
	slices.Sort(different)
	return different
}

// update sets a secret as it is listed, unless the operator changed it since a
// number of changes. It reports whether the secret differs from the snapshot.
// The caller indexes its name.
func (s *Snapshot) update(listed plan.UserSecret, changesBefore int) (differs bool) {
	known, ok := s.secrets[listed.ID]
	listed = wire.WithChecksum(listed, known.UserSecret)
	if ok && (known.changed > changesBefore || known.Equal(listed)) {
		return false
	}
	s.drop(listed.ID)
	s.secrets[listed.ID] = entry{UserSecret: listed}
	return true
}

// gone drops a secret that is not listed, unless the operator changed it since
// a number of changes. It reports whether it dropped the secret.
func (s *Snapshot) gone(id string, changesBefore int) bool {
	if s.secrets[id].changed > changesBefore {
		return false
	}
	s.drop(id)
	delete(s.removing, id)
	return true
}

// indexName sets that a secret that was just listed has its name. Another
// secret keeps the name only if the operator gave it the name since a number of
// changes.
func (s *Snapshot) indexName(id string, changesBefore int) {
	name := s.secrets[id].Name
	if holder := s.secrets[s.ids[name]]; name != "" && (holder.Name != name || holder.changed <= changesBefore) {
		s.ids[name] = id
	}
}

// indexNames updates the index of names. If a name moved to another secret
// during a listing, both secrets have the name here. Then the last changed
// secret counts.
func (s *Snapshot) indexNames() {
	s.ids = make(map[string]string, len(s.secrets))
	for id, known := range s.secrets {
		other, taken := s.secrets[s.ids[known.Name]]
		if known.Name != "" && (!taken || other.changed < known.changed) {
			s.ids[known.Name] = id
		}
	}
}

// set sets a secret and its name.
func (s *Snapshot) set(changed entry) {
	s.drop(changed.ID)
	s.secrets[changed.ID] = changed
	if changed.Name != "" {
		s.ids[changed.Name] = changed.ID
	}
}

// drop removes a secret and its name.
func (s *Snapshot) drop(id string) {
	known := s.secrets[id]
	if s.ids[known.Name] == id {
		delete(s.ids, known.Name)
	}
	delete(s.secrets, id)
}
