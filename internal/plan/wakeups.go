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
	// Model is the model as the manifest refers to it. It is zero for an access
	// until its JujuSecret was seen.
	Model ModelRef
	// Former is the model of the object's record if it differs, zero otherwise.
	Former ModelRef
	// ModelUUID and SecretID are the model and the secret in the object's
	// status.
	ModelUUID, SecretID string
	// Owner is true when the object owns the secret.
	Owner bool
	// Access is true for a JujuSecretAccess. Applications are its applications.
	// OtherGrants are the applications in its status that no access lists.
	Access                    bool
	Applications, OtherGrants []string
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
	sameModel := c.inModelOf(w)
	sameSecret := func() bool { return slices.Contains(c.IDs, w.SecretID) }
	switch {
	case c.Health:
		return false
	case len(c.Listed) > 0:
		return WaitsForModel(w.Reason) && (w.Model.String() == "" || slices.Contains(c.Listed, w.Model.String()) ||
			slices.Contains(c.Listed, w.Former.String()))
	case c.Renamed && WaitsForSecret(w.Reason):
		return sameModel // It may wait for the name.
	case c.Own != 0:
		return sameModel && sameSecret() && c.ownConcerns(w)
	case w.Settled:
		return sameModel && (c.All || sameSecret())
	case !w.Deleting && w.Reason == v1alpha1.ReasonApplicationNotFound && len(c.IDs) > 0:
		return sameModel && sameSecret() // Other secrets do not bring the application.
	}
	return sameModel
}

// inModelOf reports whether the change is in the model of an object. An object
// that has not seen its model is compared by its reference.
func (c Change) inModelOf(w Waiting) bool {
	switch {
	case c.ModelUUID == "":
		return true
	case w.ModelUUID != "":
		return c.ModelUUID == w.ModelUUID
	case w.Model.Name != "":
		return c.ModelName == w.Model.Name
	}
	return w.Model.UUID == "" || w.Model.UUID == c.ModelUUID
}

// WaitsForModel reports whether an object with this reason waits until its
// controller lists the model.
func WaitsForModel(reason v1alpha1.Reason) bool {
	return slices.Contains([]v1alpha1.Reason{
		v1alpha1.ReasonModelNotFound, v1alpha1.ReasonTenantDenied, v1alpha1.ReasonPermissionDenied,
		v1alpha1.ReasonModelMigrated,
	}, reason)
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
		named := func(app string) bool {
			return slices.Contains(w.Applications, app) || slices.Contains(w.OtherGrants, app)
		}
		return w.Access && !w.Deleting && slices.ContainsFunc(c.Applications, named)
	}
	return false
}
