// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/test/servers"
)

// memory holds the expected state of Juju: the manual changes, and the last
// settled state.
type memory struct {
	// foreign holds the IDs of the foreign secrets by their numbers.
	foreign map[int]string
	// manual marks secrets that a user added manually. names holds all names of
	// each secret.
	manual map[string]bool
	names  map[string]map[string]bool
	// added holds the first contents of secrets that were added since the last
	// settled state.
	added map[string]content.Content
	// left holds the secrets without an owner as the last manual change left
	// them.
	left map[string]*leftover
	// removed marks secrets that were removed manually.
	removed map[string]bool
	// touched marks secrets that were changed or removed manually since they
	// were last in sync.
	touched map[string]bool
	// contested counts the manual changes of a secret, and of the grants of an
	// application. The operator pauses between corrections if there are many.
	contested map[string]int
	// contents counts the manual changes of contents since the last settled
	// state.
	contents map[string]int
	// masked holds secrets with a removed latest revision, and the number of
	// claims at that time. Juju lists such a secret with the checksum of the
	// removed revision, so an object that adopts it later cannot know its
	// content.
	masked map[string]int
	// granted holds the applications with a manual grant of a secret. wanted
	// marks the applications that an access ever requested.
	granted  map[string]map[string]bool
	wanted   map[string]bool
	deployed map[string]bool
	// options holds what users did to the options of configurable, by name.
	options map[string]optionHistory

	// before is the content of Juju in the last settled state. owners holds the
	// owners, and claims the number of claims at that time.
	before map[string]servers.UserSecret
	owners map[string]types.UID
	claims map[string]int
	// unclaimed marks secrets that the operator created for an object that was
	// deleted with Retain before it could claim them.
	unclaimed map[string]bool
}

// leftover is a secret without an owner, and its number of claims so far.
type leftover struct {
	servers.UserSecret

	claims int
}

func newMemory() memory {
	return memory{
		foreign: map[int]string{}, manual: map[string]bool{}, names: map[string]map[string]bool{},
		added: map[string]content.Content{}, left: map[string]*leftover{},
		removed: map[string]bool{}, touched: map[string]bool{}, contested: map[string]int{},
		contents: map[string]int{},
		masked:   map[string]int{}, granted: map[string]map[string]bool{},
		options: map[string]optionHistory{},
		wanted:  map[string]bool{}, deployed: map[string]bool{}, before: map[string]servers.UserSecret{},
		owners: map[string]types.UID{}, claims: map[string]int{}, unclaimed: map[string]bool{},
	}
}

// add records a secret that was added manually.
func (m *memory) add(secret servers.UserSecret) {
	m.manual[secret.ID] = true
	m.added[secret.ID] = secret.Content
	m.left[secret.ID] = &leftover{UserSecret: secret}
	m.setName(secret.ID, secret.Name)
}

// change records a manual change of a secret, if the secret has no owner.
func (m *memory) change(id string, how func(s *servers.UserSecret)) {
	if known := m.left[id]; known != nil {
		how(&known.UserSecret)
	}
}

func (m *memory) setContent(id string, c content.Content) {
	m.contents[id]++
	m.change(id, func(s *servers.UserSecret) { s.Content, s.Revision = c, s.Revision+1 })
}

func (m *memory) setName(id, name string) {
	if m.names[id] == nil {
		m.names[id] = map[string]bool{}
	}
	m.names[id][name] = true
	m.change(id, func(s *servers.UserSecret) { s.Name = name })
}

func (m *memory) grant(id, app string) {
	if m.granted[id] == nil {
		m.granted[id] = map[string]bool{}
	}
	m.granted[id][app] = true
	m.change(id, func(s *servers.UserSecret) {
		s.Granted = slices.DeleteFunc(slices.Clone(s.Granted), func(other string) bool { return other == app })
		s.Granted = append(s.Granted, app)
		slices.Sort(s.Granted)
	})
}

func (m *memory) revoke(id, app string) {
	m.contested[app]++
	delete(m.granted[id], app)
	m.change(id, func(s *servers.UserSecret) {
		s.Granted = slices.DeleteFunc(slices.Clone(s.Granted), func(other string) bool { return other == app })
	})
}

// mayPause reports whether the operator may have corrected a secret, or a grant
// of an application, three times in a row, so that the next correction waits.
func (m *memory) mayPause(idOrApp string) bool { return m.contested[idOrApp] > 3 }

// forget records that an application was removed with its grants.
func (m *memory) forget(app string) {
	m.contested[app]++
	for id := range m.granted {
		m.revoke(id, app)
	}
	for id := range m.left {
		m.revoke(id, app)
	}
}

func (m *memory) noteWanted(apps []string) {
	for _, app := range apps {
		m.wanted[app] = true
	}
}
