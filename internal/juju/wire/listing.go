// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	coresecrets "github.com/juju/juju/core/secrets"
	"github.com/juju/names/v6"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// maxGrants bounds the grants of one secret. No model has that many
// applications.
const maxGrants = 1 << 14

// ListedSecret is an entry of Juju's listing. It has the fields of
// params.ListSecretResult that the operator needs. Juju lists every revision of
// every secret, so the revisions are counted and not kept.
type ListedSecret struct {
	URI                    string    `json:"uri"`
	OwnerTag               string    `json:"owner-tag"`
	Label                  string    `json:"label"`
	Description            string    `json:"description"`
	LatestRevision         int       `json:"latest-revision"`
	LatestRevisionChecksum string    `json:"latest-revision-checksum"`
	Revisions              revisions `json:"revisions"`
	Access                 grants    `json:"access"`
}

// revisions holds the number of listed revisions and the highest of their
// numbers.
type revisions struct{ count, last int }

// UnmarshalJSON implements json.Unmarshaler.
func (r *revisions) UnmarshalJSON(text []byte) error {
	*r = revisions{}
	var revision struct {
		Number int `json:"revision"`
	}
	return eachElement(text, &revision, func() error {
		r.count, r.last = r.count+1, max(r.last, revision.Number)
		return nil
	})
}

// grants holds the names of the applications that can read a secret.
type grants []string

// UnmarshalJSON implements json.Unmarshaler.
func (g *grants) UnmarshalJSON(text []byte) error {
	*g = nil
	var access struct {
		TargetTag string `json:"target-tag"`
	}
	return eachElement(text, &access, func() error {
		app, ok := strings.CutPrefix(access.TargetTag, names.ApplicationTagKind+"-")
		if !ok || app == "" { // It is empty if the application was removed.
			return nil
		}
		if *g = append(*g, app); len(*g) > maxGrants {
			return LimitError(fmt.Sprintf(
				"the controller lists a secret with more than %d grants, which the operator rejects", maxGrants))
		}
		return nil
	})
}

// eachElement decodes the elements of a JSON list one after another into the
// same variable, and calls a function after each.
func eachElement[T any](text []byte, element *T, fn func() error) error {
	if string(text) == "null" {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if begin, err := decoder.Token(); err != nil || begin != json.Delim('[') {
		return errors.New("the controller's answer is not a list")
	}
	for decoder.More() {
		var zero T
		*element = zero
		if err := decoder.Decode(element); err != nil {
			return err
		}
		if err := fn(); err != nil {
			return err
		}
	}
	return nil
}

// RevisionCount returns the number of revisions that Juju keeps.
func (l *ListedSecret) RevisionCount() int { return l.Revisions.count }

// UserSecret returns the user secret of an entry of a listing. For a secret
// that a charm owns it returns only the ID, and false.
func UserSecret(listed ListedSecret) (secret plan.UserSecret, ok bool) {
	uri, err := coresecrets.ParseURI(listed.URI)
	if err != nil {
		return plan.UserSecret{}, false
	}
	owner, err := names.ParseTag(listed.OwnerTag)
	if err != nil || owner.Kind() != names.ModelTagKind {
		return plan.UserSecret{ID: uri.ID}, false
	}
	granted := slices.Clone([]string(listed.Access))
	slices.Sort(granted)
	return plan.UserSecret{
		ID: uri.ID, Name: listed.Label, Info: listed.Description,
		Revision: listed.LatestRevision, Revisions: listed.Revisions.count,
		RevisionGone: listed.Revisions.last != listed.LatestRevision,
		Checksum:     content.Seal(listed.LatestRevisionChecksum),
		Unsummed:     listed.LatestRevisionChecksum == "",
		Granted:      granted,
	}, true
}
