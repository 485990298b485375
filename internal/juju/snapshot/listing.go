// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"encoding/json"
	"fmt"

	"github.com/juju/juju/rpc/params"

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
}

// UnmarshalJSON implements json.Unmarshaler. It decodes the secrets one by one,
// and keeps only the fields that the snapshot needs.
func (l *Listing) UnmarshalJSON(text []byte) error {
	l.Charms = map[string]bool{}
	listed := 0
	var result params.ListSecretResult
	return json.Unmarshal(text, &struct {
		Results wire.StreamArray `json:"results"`
	}{func(element []byte) error {
		if listed++; listed > maxListed {
			return wire.LimitError(fmt.Sprintf(
				"the controller lists more than %d secrets in the model, which the operator rejects", maxListed))
		}
		if wire.TooManyValues(element) {
			return wire.LimitError(fmt.Sprintf(
				"the controller lists a secret with more than %d values, which the operator rejects", wire.MaxValues))
		}
		result = params.ListSecretResult{}
		if err := json.Unmarshal(element, &result); err != nil {
			return err
		}
		l.add(result)
		return nil
	}})
}

// add adds an entry of Juju's listing.
func (l *Listing) add(result params.ListSecretResult) {
	if secret, ok := wire.UserSecret(result); ok {
		l.Secrets = append(l.Secrets, secret)
	} else if secret.ID != "" {
		l.Charms[secret.ID] = true
	}
}
