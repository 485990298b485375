// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// What the operator notes in an object of what it did in Juju, a person may write there as well. So a proof stands beside it: a
// digest, with the installation's key and the object's UID, of all that it says. Each begins with a word of its own.

// proven tells whether the operator itself noted that something in Juju was made for an object.
func (k *Kit) proven(obj client.Object) bool {
	secret, ok := obj.(*v1alpha1.JujuSecret)
	if !ok {
		return k.provenGrants(obj)
	}
	return managedID(secret) != "" && k.provenOwner(secret, secret.Status.ModelUUID) || k.provenCreation(obj)
}

// proof is what stands beside the ID of a creation that was recognised, see plan.Creation.
func (k *Kit) proof(s *v1alpha1.JujuSecret, id string) string {
	return k.Key.DigestOf(string(s.UID), content.Seal(fmt.Sprintf("recognised %q", id)))
}

// ownershipProof is what stands beside the ID in the status of an object that has a secret, by which it is told from one that a
// person wrote there.
func (k *Kit) ownershipProof(s *v1alpha1.JujuSecret) string {
	return k.Key.DigestOf(string(s.UID), content.Seal(fmt.Sprintf("owns %q %q %q",
		modelOfSecret(s).Controller, s.Status.ModelUUID, s.Status.SecretID)))
}

// attest proves the ID in the status of an object that was looked at in a model which it may use.
func (k *Kit) attest(s *v1alpha1.JujuSecret, seen plan.SecretSeen) {
	switch {
	case !s.Status.Managed:
		s.Status.OwnershipProof = ""
	case seen.World.Known && seen.Tenancy.Verdict == nil:
		s.Status.OwnershipProof = k.ownershipProof(s)
	}
}

// provenOwner tells whether the operator itself noted in an object's status that it has a secret in a model.
func (k *Kit) provenOwner(s *v1alpha1.JujuSecret, modelUUID string) bool {
	return s.Status.ModelUUID == modelUUID && s.Status.OwnershipProof == k.ownershipProof(s)
}

// proofOf is what stands beside the grants in an object's record.
func (k *Kit) proofOf(obj client.Object, granted plan.Record) string {
	return k.Key.DigestOf(string(obj.GetUID()), content.Seal(fmt.Sprintf("grants %q %q %q %q to %q",
		granted.Model.Controller, granted.Model.Name, granted.Model.UUID, granted.SecretID, granted.Granted)))
}

// provenGrants tells whether the operator itself wrote the grants in an object's record.
func (k *Kit) provenGrants(obj client.Object) bool {
	kept := keptIn(obj)
	return kept.Grants != nil && kept.Grants.Proof == k.proofOf(obj, recordOf(obj))
}

// proofOfCreation is what stands beside a creation in an object's record.
func (k *Kit) proofOfCreation(obj client.Object, begun *plan.Creation) string {
	return k.Key.DigestOf(string(obj.GetUID()), content.Seal(fmt.Sprintf("creates %q instead of %q with %q, which is %q",
		begun.Name, begun.Replaces, begun.Digests, begun.ID)))
}

// provenCreation tells whether the operator itself wrote the creation in an object's record.
func (k *Kit) provenCreation(obj client.Object) bool {
	kept := keptIn(obj)
	return kept.Creating != nil && kept.CreatingProof == k.proofOfCreation(obj, kept.Creating)
}
