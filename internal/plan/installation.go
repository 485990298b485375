// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"strings"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// Installation is one installation of the operator. It serves the controller
// objects of its class, and the objects that refer to them.
type Installation struct {
	// Name is the name of its Lease. The status of a controller object has the
	// name of the installation that serves it.
	Name string
	// Class is the class of the controller objects that it serves.
	Class string
	// Limited is true when the installation watches only some namespaces. It
	// then cannot read ClusterJujuControllers.
	Limited bool
}

// Reference has the facts about a controller object that an object refers to.
type Reference struct {
	// Controller is the controller object, empty if it is not known.
	Controller ControllerKey
	// From is the namespace of the object that refers to it. Its labels are
	// known only if they matter.
	From Namespace
	// Exists is true when the controller object was found. The fields below are
	// valid only then.
	Exists, Deleting bool
	Class            string
	// ServedBy is the name of the installation that serves it, empty if none
	// does yet.
	ServedBy string
	// Tenants are the tenants of a ClusterJujuController.
	Tenants []v1alpha1.Tenant
	// Listed is what the controller lists about the model of the object. It is
	// not asked for unless MustIdentify.
	Listed ListedModel
	// Made is true when the operator made, or may have made, something in Juju
	// for the object through the controller object.
	Made bool
	// AdoptionPolicy is the default of the objects that refer to it.
	AdoptionPolicy v1alpha1.AdoptionPolicy
}

// Adopts reports whether an object with this reference and this adoption policy
// adopts what exists in Juju.
func (r Reference) Adopts(own v1alpha1.AdoptionPolicy) bool {
	return cmp.Or(own, r.AdoptionPolicy) == v1alpha1.AdoptionAdopt
}

// foreign reports whether the controller object is in another namespace.
func (r Reference) foreign() bool {
	return r.Controller.Namespace() != "" && r.Controller.Namespace() != r.From.Name
}

// MayRead reports whether the installation reads the controller object of a
// reference. A limited installation cannot read ClusterJujuControllers, and a
// JujuController is only for its own namespace.
func (i Installation) MayRead(r Reference) bool {
	return !r.foreign() && !i.hidden(r)
}

func (i Installation) hidden(r Reference) bool { return i.Limited && r.Controller.Namespace() == "" }

// Serves reports whether the installation serves the objects with this
// reference. While the controller object does not exist, every installation
// that could serve it serves its objects, to report that. A limited
// installation cannot read the class of a ClusterJujuController, so the limited
// installation without a class reports that it is not available.
func (i Installation) Serves(r Reference) bool {
	switch {
	case r.Controller == "":
		return true
	case i.hidden(r):
		return i.Class == ""
	}
	return !r.Exists || r.Class == i.Class
}

// Reconciles reports whether the installation reconciles an object with this
// reference now. Held is true when the object has the operator's finalizer. If
// it has the finalizer and this installation cannot read the controller object,
// another installation serves the object.
func (i Installation) Reconciles(r Reference, held bool) bool {
	return i.Serves(r) && i.claimed(r) && (!held || r.Controller == "" || !i.hidden(r))
}

// claimed reports whether no other installation has to release the controller
// object first. Before the claim, the installation is not connected. With CRDs
// that are older than the operator, the name is never stored.
func (i Installation) claimed(r Reference) bool {
	return !r.Exists || r.ServedBy == i.Name || r.ServedBy == ""
}

// NewControllerKey returns the key of a controller object. The namespace of a
// ClusterJujuController is empty.
func NewControllerKey(namespace, name string) ControllerKey {
	if namespace == "" {
		return ControllerKey(name)
	}
	return ControllerKey(namespace + "/" + name)
}

// ReferencedController returns the key of the controller object that an object
// in a namespace refers to. A JujuController is always in the same namespace.
// The key is empty if no controller object can have the name.
func ReferencedController(ref v1alpha1.ControllerReference, namespace string) ControllerKey {
	switch {
	case strings.Contains(ref.Name, "/"):
		return ""
	case ref.Kind == v1alpha1.KindJujuController:
		return NewControllerKey(namespace, ref.Name)
	}
	return NewControllerKey("", ref.Name)
}
