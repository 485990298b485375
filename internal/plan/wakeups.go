// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"slices"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// Waiting has the facts that decide whether a change in Juju concerns an
// object.
type Waiting struct {
	// ModelUUID and SecretID are the model and the secret in the object's
	// status.
	ModelUUID, SecretID string
	// Owner is true when the object owns the secret.
	Owner bool
	// Access is true for a JujuSecretAccess. Applications are its applications.
	Access       bool
	Applications []string
	// Deleting is true when the object is being deleted.
	Deleting bool
	// Settled is true when the object is Ready and nothing is in progress.
	Settled bool
	// Reason is the reason of its Ready condition.
	Reason v1alpha1.Reason
}

// Concerns reports whether an object has to be reconciled because of a change
// in Juju.
func (c Change) Concerns(w Waiting) bool {
	sameModel := c.ModelUUID == "" || c.ModelUUID == w.ModelUUID
	sameSecret := func() bool { return slices.Contains(c.IDs, w.SecretID) }
	switch {
	case c.Health:
		return false
	case c.Renamed && WaitsForSecret(w.Reason):
		return sameModel // It may wait for the name.
	case c.Own != 0:
		return sameModel && sameSecret() && c.ownConcerns(w)
	case w.Settled:
		return sameModel && (c.All || sameSecret())
	case !w.Deleting && w.Reason == v1alpha1.ReasonApplicationNotFound && len(c.IDs) > 0:
		return sameModel && sameSecret() // Other secrets do not bring the application.
	}
	return sameModel || w.ModelUUID == ""
}

// ownConcerns reports whether a change that the operator made on behalf of one
// object concerns another object of the same secret.
func (c Change) ownConcerns(w Waiting) bool {
	switch c.Own {
	case OwnUpdate:
		return !w.Access && !w.Owner
	case OwnRemoval:
		return !w.Owner
	case OwnRevoke:
		named := func(app string) bool { return slices.Contains(w.Applications, app) }
		return w.Access && !w.Deleting && slices.ContainsFunc(c.Applications, named)
	}
	return false
}
