// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"slices"
	"time"

	"github.com/juju-secrets/operator/internal/plan"
)

// snapshot is what is known of a model's user secrets: the last listing, and on top of it what the operator itself has
// changed since. It does no I/O and takes no lock.
//
// A listing may be under way while changes are made, and nobody can say whether it shows them. So every change is
// numbered, and a listing never overrides what was changed after it began.
type snapshot struct {
	secrets map[string]entry  // by ID
	ids     map[string]string // by name; names are unique in a model
	// removing are the IDs of secrets that Juju said it will remove, until a listing is without them, and when it said so.
	// They outlive a connection, since Juju does not list them.
	removing map[string]time.Time
	// charms are the IDs of secrets that charms own.
	charms map[string]bool
	// changes counts the changes folded in.
	changes int
	// listed tells that there was a listing.
	listed bool
}

// entry is one secret, and the number of the last change that the operator made to it; 0 for none.
type entry struct {
	plan.UserSecret

	changed int
}

// listing is what Juju tells of a model's secrets.
type listing struct {
	secrets []plan.UserSecret
	// charms are the IDs of those that charms own.
	charms map[string]bool
}

func newSnapshot() snapshot {
	return snapshot{secrets: map[string]entry{}, ids: map[string]string{}, removing: map[string]time.Time{}}
}

// find looks for the secrets of a query.
func (s *snapshot) find(query plan.Query) (byID, byName *plan.UserSecret) {
	return s.get(query.ID), s.get(s.ids[query.Name])
}

func (s *snapshot) get(id string) *plan.UserSecret {
	found, ok := s.secrets[id]
	if !ok {
		return nil
	}
	_, found.Removing = s.removing[id]
	return &found.UserSecret
}

// fold notes what is true of a secret after the operator changed it.
func (s *snapshot) fold(secret plan.UserSecret) {
	s.changes++
	s.set(entry{UserSecret: secret, changed: s.changes})
}

// foldRemoval notes that Juju said it will remove a secret.
func (s *snapshot) foldRemoval(id string, now time.Time) {
	if _, ok := s.secrets[id]; ok {
		s.removing[id] = now
	}
}

// forgetRemovals forgets what Juju said before a time and has not done since, so that it is told again. It answers which
// secrets that are.
func (s *snapshot) forgetRemovals(before time.Time) (ids []string) {
	for id, since := range s.removing {
		if since.Before(before) {
			delete(s.removing, id)
			ids = append(ids, id)
		}
	}
	return ids
}

// foldGrants notes that applications were granted a secret, or had their grant taken away.
func (s *snapshot) foldGrants(id string, apps []string, granted bool) {
	found, ok := s.secrets[id]
	if !ok {
		return
	}
	others := slices.DeleteFunc(slices.Clone(found.Granted), func(app string) bool { return slices.Contains(apps, app) })
	if granted {
		others = append(others, apps...)
		slices.Sort(others)
	}
	found.Granted = others
	s.fold(found.UserSecret)
}

// replace takes over a listing that began when there had been this many changes. It answers the IDs of the secrets that
// are different from what was known, gone ones included; none for the first listing, with which there is nothing to
// compare.
func (s *snapshot) replace(listing []plan.UserSecret, changesBefore int) (different []string) {
	first := !s.listed
	s.listed = true
	still := make(map[string]bool, len(listing))
	for _, listed := range listing {
		still[listed.ID] = true
		known, ok := s.secrets[listed.ID]
		listed = withChecksum(listed, known.UserSecret)
		if ok && (known.changed > changesBefore || known.Equal(listed)) {
			continue
		}
		s.set(entry{UserSecret: listed})
		different = append(different, listed.ID)
	}
	for id, known := range s.secrets {
		if still[id] || known.changed > changesBefore {
			continue
		}
		s.drop(id)
		delete(s.removing, id)
		different = append(different, id)
	}
	s.indexNames()
	if first {
		return nil
	}
	slices.Sort(different)
	return different
}

// indexNames finds the names anew. While a listing was under way a name may have been handed on, so that two secrets have
// it here: then it is that of the one that was changed last.
func (s *snapshot) indexNames() {
	s.ids = make(map[string]string, len(s.secrets))
	for id, known := range s.secrets {
		other, taken := s.secrets[s.ids[known.Name]]
		if known.Name != "" && (!taken || other.changed < known.changed) {
			s.ids[known.Name] = id
		}
	}
}

func (s *snapshot) set(changed entry) {
	s.drop(changed.ID)
	s.secrets[changed.ID] = changed
	if changed.Name != "" {
		s.ids[changed.Name] = changed.ID
	}
}

func (s *snapshot) drop(id string) {
	known := s.secrets[id]
	if s.ids[known.Name] == id {
		delete(s.ids, known.Name)
	}
	delete(s.secrets, id)
}
