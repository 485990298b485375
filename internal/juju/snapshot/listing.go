// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"encoding/json"
	"fmt"

	"github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/plan"
)

// maxListed bounds the secrets of a model. Each secret takes up to a kilobyte
// of memory, even if the server sent only a few bytes for it. A message has no
// room for more real secrets.
const maxListed = 50_000

// Listing is Juju's answer to ListSecrets.
type Listing struct {
	Secrets []plan.UserSecret
	// Charms holds the IDs of the secrets that charms own.
	Charms map[string]bool
	// MostRevisions is the largest number of revisions of one secret, of any
	// owner.
	MostRevisions int
}

// UnmarshalJSON implements json.Unmarshaler. It decodes the secrets one by one,
// and keeps only the fields that the snapshot needs.
func (l *Listing) UnmarshalJSON(text []byte) error {
	*l = Listing{Charms: map[string]bool{}}
	listed := 0
	var result wire.ListedSecret
	return json.Unmarshal(text, &struct {
		Results wire.StreamArray `json:"results"`
	}{func(element []byte) error {
		if listed++; listed > maxListed {
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
