// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package placement returns the place of an object in Juju: its controller
// object, its model and its secret, from its spec, its status and its record.
// Only this package distinguishes the kinds, so indexes, wake-ups and logs need
// not. It reads only the object. Package record verifies the record, and
// package plan makes decisions from a placement.
package placement

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/record"
)

// Placement is the place of one object in Juju.
type Placement struct {
	// Model is the model of the object, as the manifest refers to it. It is
	// zero for a JujuSecretAccess until its JujuSecret was seen.
	Model plan.ModelRef
	// Former is the model of the grants that a JujuSecretAccess made, zero if
	// there are none. For a JujuSecret it is its model at the controller object
	// in the record, while the manifest names another controller object.
	Former plan.ModelRef
	// ModelUUID and SecretID identify the model and the secret last seen.
	ModelUUID, SecretID string
	// Owner is true when the object owns the secret.
	Owner bool
	// Made is true when the operator made, or may have made, something in Juju
	// for the object.
	Made bool
	// Holds is true when the operator must remove what it made when the object
	// is deleted, so the object needs its controller object.
	Holds bool
	// Access is true for a JujuSecretAccess.
	Access bool
	// Applications are the applications of a JujuSecretAccess. OtherGrants are
	// the applications in its status that no JujuSecretAccess lists.
	Applications, OtherGrants []string
	// Reason is the reason of the Ready condition, empty if there is none.
	Reason v1alpha1.Reason
	// Settled is true when the object is Ready and not reconciling.
	Settled bool
	// Deleting is true when the object is being deleted.
	Deleting bool
}

// Of returns the placement of an object with a record.
func Of(obj v1alpha1.RecordedObject, recorded record.State) Placement {
	place := Placement{Deleting: !obj.GetDeletionTimestamp().IsZero()}
	switch obj := obj.(type) {
	case *v1alpha1.JujuSecret:
		place.Model = ModelOfSecret(obj)
		place.ModelUUID, place.SecretID = obj.Status.ModelUUID, obj.Status.SecretID
		place.Owner = obj.Status.Managed
		place.Made = recorded.Owned != nil || recorded.Creating != nil || recorded.Adopting != ""
		if former := recorded.Controller; former != "" && former != place.Model.Controller {
			place.Former, place.Made = place.Model, true
			place.Former.Controller = former
		}
	case *v1alpha1.JujuSecretAccess:
		place.Access = true
		place.Model = plan.ModelRef{Controller: plan.ControllerKey(obj.Status.Controller), Name: obj.Status.Model}
		if obj.Status.Model == "" {
			place.Model.UUID = obj.Status.ModelUUID
		}
		if direct := obj.Spec.Secret; direct != nil {
			place.Model = ModelOf(direct.ControllerRef, obj.Namespace, direct.Model, direct.ModelUUID)
		}
		place.ModelUUID, place.SecretID = obj.Status.ModelUUID, obj.Status.SecretID
		place.Former, place.OtherGrants = recorded.Model, obj.Status.OtherGrants
		place.Made = len(recorded.Granted) > 0 || len(recorded.Options) > 0
		for _, app := range obj.Spec.Applications {
			place.Applications = append(place.Applications, app.Name)
		}
	}
	place.Holds = recorded.Held && place.Made
	conditions := v1alpha1.ConditionsOf(obj)
	place.Reason = ReadyReason(conditions)
	place.Settled = !place.Deleting && meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReady) &&
		!meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReconciling)
	return place
}

// Controllers returns the keys of the controller objects that an object of a
// namespace uses: the controller of its model and, for an access, the
// controller of the former model. A JujuController of another namespace is
// never included, even if a status names it.
func (p Placement) Controllers(namespace string) []plan.ControllerKey {
	return visible(namespace, p.Model.Controller, p.Former.Controller)
}

// HeldControllers returns the keys of the controller objects that the operator
// used to make something in Juju for an object of a namespace.
func (p Placement) HeldControllers(namespace string) []plan.ControllerKey {
	if !p.Holds {
		return nil
	}
	return visible(namespace, p.maker())
}

// MadeThrough reports whether the operator made, or may have made, something in
// Juju for the object through a controller object. It counts a record of an
// object without the finalizer too, for example after kubectl replace.
func (p Placement) MadeThrough(key plan.ControllerKey) bool { return p.Made && p.maker() == key }

// maker returns the controller object that was used to make what the object
// has in Juju.
func (p Placement) maker() plan.ControllerKey {
	if p.Former.Controller != "" {
		return p.Former.Controller
	}
	return p.Model.Controller
}

// visible returns the keys that a namespace can use, sorted and without
// duplicates.
func visible(namespace string, keys ...plan.ControllerKey) []plan.ControllerKey {
	var own []plan.ControllerKey
	for _, key := range keys {
		if key != "" && (key.Namespace() == "" || key.Namespace() == namespace) && !slices.Contains(own, key) {
			own = append(own, key)
		}
	}
	slices.Sort(own)
	return own
}

// ReadyReason returns the reason of the Ready condition, empty if there is
// none.
func ReadyReason(conditions []metav1.Condition) v1alpha1.Reason {
	if ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady); ready != nil {
		return v1alpha1.Reason(ready.Reason)
	}
	return ""
}

// ModelOf returns the model that an object of a namespace refers to.
func ModelOf(ref v1alpha1.ControllerReference, namespace, name, uuid string) plan.ModelRef {
	return plan.ModelRef{Controller: plan.ReferencedController(ref, namespace), Name: name, UUID: uuid}
}

// ModelOfSecret returns the model that a JujuSecret refers to.
func ModelOfSecret(s *v1alpha1.JujuSecret) plan.ModelRef {
	return ModelOf(s.Spec.ControllerRef, s.Namespace, s.Spec.Model, s.Spec.ModelUUID)
}
