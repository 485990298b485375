// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"slices"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// OtherAccess has the facts about another JujuSecretAccess of the same secret.
// ConsiderOthers derives what follows from them.
type OtherAccess struct {
	Namespace string
	Deleting  bool
	// SameReference is true when it refers to its secret in the same way as the
	// object that is reconciled.
	SameReference bool
	// Applications are the applications of its spec.
	Applications []string
	// Recorded are the applications that were granted the secret, by its
	// record. Adopted are the applications in Recorded with an adopted grant.
	Recorded, Adopted []string
	// StatusGranted are the applications that were granted the secret, by its
	// status. They count only for an object that another installation serves,
	// because its record cannot be verified.
	StatusGranted []string
	// Controllers are the controller objects that it goes through.
	Controllers []ControllerKey
	// Model is the model of its secret: the model in its record if it granted
	// the secret, otherwise the model that it refers to.
	Model ModelRef
	// ServedElsewhere is true when another installation of the operator serves
	// it.
	ServedElsewhere bool
	// Tenancy is whether it may use that model to clean up.
	Tenancy Tenancy
	// Reason is the reason of its Ready condition.
	Reason v1alpha1.Reason
	// Reaches is true when its model was read and has the secret.
	Reaches bool
}

// granted returns the applications that the other object granted, as far as
// they count.
func (o OtherAccess) granted() []string {
	if o.ServedElsewhere {
		return o.StatusGranted
	}
	return o.Recorded
}

// made returns the applications that the other object certainly granted itself.
func (o OtherAccess) made() []string {
	if o.ServedElsewhere {
		return nil // Users may be able to write its status.
	}
	made, _ := Record{Adopted: o.Adopted}.split(o.Recorded)
	return made
}

func (o OtherAccess) denied() bool {
	return o.Tenancy.Problem != nil && o.Tenancy.Problem.Reason == v1alpha1.ReasonTenantDenied
}

// SharedModel returns the model of the secret that is shared with others.
func (facts AccessFacts) SharedModel() ModelRef {
	if facts.Former() != nil {
		return facts.FormerModel()
	}
	return facts.Target.Model
}

// SharedSecret returns the secret that is shared with others, nil if there is
// none. While there is a former secret, it is the former secret.
func (facts AccessFacts) SharedSecret() *UserSecret {
	if facts.Former() != nil {
		return facts.Former()
	}
	return facts.Secret()
}

// MustReach reports whether the model of another access has to be read to know
// whether it is about the same secret. This is the case if it granted nothing
// and refers to another model. The model of a JujuController is not read: a
// JujuController affects only its own namespace, and its answers can be slow.
func (facts AccessFacts) MustReach(other OtherAccess) bool {
	return len(other.Recorded) == 0 && !other.denied() && !other.ServedElsewhere && other.Model != facts.SharedModel() &&
		other.Model.Controller.Namespace() == ""
}

// ConsiderOthers returns the facts with the grants that other accesses of the
// same secret want and have. An access through a JujuController of another
// namespace does not count.
func (facts AccessFacts) ConsiderOthers(namespace string, others []OtherAccess) AccessFacts {
	var made []string
	for _, other := range others {
		if !facts.counts(namespace, other) {
			continue
		}
		granted := other.granted()
		facts.GrantedByOthers = append(facts.GrantedByOthers, granted...)
		made = append(made, other.made()...)
		// Accesses with the same reference move away from the former secret
		// together with this one.
		if other.denied() || other.Deleting || facts.Former() != nil && other.SameReference {
			continue // It gets no new grants, and its grants may be about to be revoked.
		}
		for _, app := range other.Applications {
			if takesOver(other.Reason) || slices.Contains(granted, app) {
				facts.WantedByOthers = append(facts.WantedByOthers, app)
			}
		}
	}
	facts.AdoptedByOthers = slices.DeleteFunc(slices.Clone(facts.GrantedByOthers), func(app string) bool {
		return slices.Contains(made, app)
	})
	return facts
}

// counts reports whether another access is about the same secret: it granted
// the secret, or may use a model that has it.
func (facts AccessFacts) counts(namespace string, other OtherAccess) bool {
	through := append(slices.Clone(other.Controllers), facts.Target.Model.Controller)
	local := func(key ControllerKey) bool { return key.Namespace() != "" }
	apart := other.Namespace != namespace && slices.ContainsFunc(through, local)
	return !apart && (len(other.Recorded) > 0 || !other.denied() && (!facts.MustReach(other) || other.Reaches))
}

// takesOver reports whether an access with this reason can take over grants. An
// access that cannot act now grants again what it needs later.
func takesOver(reason v1alpha1.Reason) bool {
	return slices.Contains([]v1alpha1.Reason{
		v1alpha1.ReasonSynced, v1alpha1.ReasonApplicationNotFound, v1alpha1.ReasonTransferringGrants,
		v1alpha1.ReasonDrifted,
	}, reason)
}

// UnsettledGrants returns the applications for which an access may wait for
// another one: applications that it wants and did not grant, and applications
// that it granted and no longer wants.
func UnsettledGrants(wanted, granted []string, deleting bool) []string {
	if deleting {
		return granted
	}
	return slices.DeleteFunc(union(wanted, granted), func(app string) bool {
		return slices.Contains(wanted, app) == slices.Contains(granted, app)
	})
}
