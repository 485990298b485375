// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/test/servers"
)

// memory is what is known of the secrets in Juju: what people did there, and how it was in the last settled state.
type memory struct {
	// strangers are the IDs of the secrets that strangers added, by their numbers.
	strangers map[int]string
	// byHand tells that somebody added a secret by hand, names are all that it ever had.
	byHand map[string]bool
	names  map[string]map[string]bool
	// added are the first contents of those that were added since the last settled state.
	added map[string]content.Content
	// left are the secrets of nobody in Kubernetes as the last hand left them.
	left map[string]*leftover
	// removed were removed by hand.
	removed map[string]bool
	// touched were changed or removed by hand since they were last in sync.
	touched map[string]bool
	// contents and revisionsRemoved count what was done by hand since the last settled state.
	contents, revisionsRemoved map[string]int
	// masked are secrets whose latest revision was removed, and how many claims there had been by then. Juju lists them with the
	// checksum of that revision, so who adopts one later cannot know what it holds.
	masked map[string]int
	// granted are the applications that were granted a secret by hand, wanted those that any access ever asked for.
	granted  map[string]map[string]bool
	wanted   map[string]bool
	deployed map[string]bool

	// before is what Juju held in the last settled state, owners whose it was, and claims how many there had been.
	before map[string]servers.UserSecret
	owners map[string]types.UID
	claims map[string]int
	// unclaimed were made by the operator for an object that was deleted, with Retain, before it could claim them.
	unclaimed map[string]bool
}

// leftover is a secret that is nobody's, and how many claims of it there had been.
type leftover struct {
	servers.UserSecret

	claims int
}

func newMemory() memory {
	return memory{
		strangers: map[int]string{}, byHand: map[string]bool{}, names: map[string]map[string]bool{},
		added: map[string]content.Content{}, left: map[string]*leftover{}, removed: map[string]bool{}, touched: map[string]bool{},
		contents: map[string]int{}, revisionsRemoved: map[string]int{}, masked: map[string]int{}, granted: map[string]map[string]bool{},
		wanted: map[string]bool{}, deployed: map[string]bool{}, before: map[string]servers.UserSecret{},
		owners: map[string]types.UID{}, claims: map[string]int{}, unclaimed: map[string]bool{},
	}
}

// add notes a secret that was added by hand.
func (m *memory) add(secret servers.UserSecret) {
	m.byHand[secret.ID] = true
	m.added[secret.ID] = secret.Content
	m.left[secret.ID] = &leftover{UserSecret: secret}
	m.setName(secret.ID, secret.Name)
}

// change notes what a hand did to a secret, should it be nobody's.
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
	delete(m.granted[id], app)
	m.change(id, func(s *servers.UserSecret) {
		s.Granted = slices.DeleteFunc(slices.Clone(s.Granted), func(other string) bool { return other == app })
	})
}

// forget notes that an application went, and its grants with it.
func (m *memory) forget(app string) {
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
