// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/plan"
)

// maxListed bounds the secrets of a model. Each secret takes up to a kilobyte
// of memory, even if the server sent only a few bytes for it. A message has no
// room for more real secrets.
const maxListed = 50_000

// Listing is Juju's answer to ListSecrets: all secrets of a model, or the
// secrets that a lookup by ID or name found.
type Listing struct {
	Secrets []plan.UserSecret
	// Charms holds the IDs of the secrets that charms own.
	Charms map[string]bool
	// MostRevisions is the largest number of revisions of one secret, of any
	// owner.
	MostRevisions int
	// Size is the number of secrets of any owner, and Bytes the length of the
	// answer.
	Size, Bytes int
}

// Add adds the result of another lookup.
func (l *Listing) Add(other Listing) {
	l.Secrets = append(l.Secrets, other.Secrets...)
	if l.Charms == nil {
		l.Charms = map[string]bool{}
	}
	maps.Copy(l.Charms, other.Charms)
	l.MostRevisions = max(l.MostRevisions, other.MostRevisions)
	l.Size, l.Bytes = l.Size+other.Size, l.Bytes+other.Bytes
}

// Part is a part of the secrets of a model: the secrets with these IDs, and the
// secrets with these names.
type Part struct{ IDs, Names []string }

// Only returns a listing without the secrets that are not in a part.
func (l Listing) Only(part Part) Listing {
	ids, names := setOf(part.IDs), setOf(part.Names)
	l.Secrets = slices.DeleteFunc(slices.Clone(l.Secrets), func(secret plan.UserSecret) bool {
		return !ids[secret.ID] && !names[secret.Name]
	})
	charms := map[string]bool{}
	for _, id := range part.IDs {
		if l.Charms[id] {
			charms[id] = true
		}
	}
	l.Charms = charms
	return l
}

// setOf returns the set of some strings.
func setOf(elements []string) map[string]bool {
	set := make(map[string]bool, len(elements))
	for _, element := range elements {
		set[element] = true
	}
	return set
}

// UnmarshalJSON implements json.Unmarshaler. It decodes the secrets one by one,
// and keeps only the fields that the snapshot needs.
func (l *Listing) UnmarshalJSON(text []byte) error {
	*l = Listing{Charms: map[string]bool{}, Bytes: len(text)}
	var result wire.ListedSecret
	return json.Unmarshal(text, &struct {
		Results wire.StreamArray `json:"results"`
	}{func(element []byte) error {
		if l.Size++; l.Size > maxListed {
			return wire.LimitError(fmt.Sprintf(
				"the controller lists more than %d secrets in the model, which the operator rejects", maxListed))
		}
		result = wire.ListedSecret{}
		if err := json.Unmarshal(element, &result); err != nil {
			return err
		}
		l.add(result)
		return nil
	}})
}

// add adds an entry of Juju's listing.
func (l *Listing) add(result wire.ListedSecret) {
	l.MostRevisions = max(l.MostRevisions, result.RevisionCount())
	if secret, ok := wire.UserSecret(result); ok {
		l.Secrets = append(l.Secrets, secret)
	} else if secret.ID != "" {
		l.Charms[secret.ID] = true
	}
}
