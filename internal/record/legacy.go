// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package record

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// The format before v1 was JSON in the annotation, bound to the UID of the
// object, with a digest for each part, and status.ownershipProof. It is still
// read, and replaced when the record changes.

type legacyAnnotation struct {
	UID           string          `json:"uid"`
	Creating      *legacyCreation `json:"creating"`
	CreatingProof string          `json:"creatingProof"`
	Adopting      string          `json:"adopting"`
	Grants        *legacyGrants   `json:"grants"`
}

type legacyCreation struct {
	Name     string   `json:"name"`
	Replaces string   `json:"replaces"`
	Digests  []string `json:"digests"`
	ID       string   `json:"id"`
	Proof    string   `json:"proof"`
}

type legacyGrants struct {
	grants

	Proof string `json:"proof"`
}

// readLegacy returns the verified parts of an object's older formats, or nil.
func (k Keeper) readLegacy(obj v1alpha1.RecordedObject, model plan.ModelRef) *payload {
	old := payload{Salt: string(obj.GetUID())}
	if secret, ok := obj.(*v1alpha1.JujuSecret); ok && secret.Status.Managed {
		s := secret.Status
		if k.proves(obj, s.OwnershipProof, fmt.Sprintf("owns %q %q %q", model.Controller, s.ModelUUID, s.SecretID)) {
			old.Owned = &Owned{ModelUUID: s.ModelUUID, SecretID: s.SecretID, Adopted: s.Adopted}
		}
	}
	kept := decodeLegacy(obj.GetAnnotations()[v1alpha1.AnnotationRecord])
	if kept != nil && kept.UID == old.Salt {
		k.takeOver(obj, &old, *kept)
	}
	if old.empty() {
		return nil
	}
	return &old
}

// decodeLegacy returns an annotation in the older format, nil if it is in
// another one.
func decodeLegacy(stored string) *legacyAnnotation {
	if !strings.HasPrefix(stored, "{") {
		return nil
	}
	kept := new(legacyAnnotation)
	if json.Unmarshal([]byte(stored), kept) != nil {
		return nil
	}
	return kept
}

// takeOver adds the verified parts of an annotation.
func (k Keeper) takeOver(obj v1alpha1.RecordedObject, old *payload, kept legacyAnnotation) {
	creates := func(c *legacyCreation) string {
		return fmt.Sprintf("creates %q instead of %q with %q, which is %q", c.Name, c.Replaces, c.Digests, c.ID)
	}
	if c := kept.Creating; c != nil && k.proves(obj, kept.CreatingProof, creates(c)) {
		old.Creating = &plan.Creation{Name: c.Name, Replaces: c.Replaces, Digests: c.Digests}
		if k.proves(obj, c.Proof, fmt.Sprintf("recognised %q", c.ID)) {
			old.Creating.ID = c.ID
		}
	}
	if old.Owned != nil && kept.Adopting == old.Owned.SecretID {
		old.Adopting = kept.Adopting // The owned secret has the proof.
	}
	if g := kept.Grants; g != nil && k.proves(obj, g.Proof, fmt.Sprintf("grants %q %q %q %q to %q",
		g.Controller, g.Name, g.UUID, g.SecretID, g.Granted)) {
		old.Grants = &grants{ModelRef: g.ModelRef, SecretID: g.SecretID, Granted: g.Granted}
	}
}

// proves reports whether a proof is valid for a text and an object.
func (k Keeper) proves(obj v1alpha1.RecordedObject, proof, text string) bool {
	return proof != "" && proof == k.Key.DigestOf(string(obj.GetUID()), content.Seal(text))
}

// foreignProof reports whether another key made an object's ownershipProof.
func (k Keeper) foreignProof(obj v1alpha1.RecordedObject) bool {
	secret, ok := obj.(*v1alpha1.JujuSecret)
	return ok && secret.Status.OwnershipProof != "" && !k.Key.Made(secret.Status.OwnershipProof)
}

// foreignLegacy reports whether a record in the older format has digests of
// another key.
func (k Keeper) foreignLegacy(stored string) bool {
	kept := decodeLegacy(stored)
	return kept != nil && kept.CreatingProof != "" && !k.Key.Made(kept.CreatingProof)
}
