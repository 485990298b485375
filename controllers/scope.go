// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/placement"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/record"
)

// Scope defines which objects this installation of the operator serves.
type Scope struct {
	// Class is the class of the controller objects that the operator serves. It
	// serves all objects that refer to them.
	Class string
	// Namespaces are the namespaces that the operator watches. If empty, it
	// watches all. An operator that watches some namespaces reads neither
	// ClusterJujuControllers nor Namespaces.
	Namespaces []string
	// Lease is the Lease that the replicas elect their leader with. Its name
	// identifies the installation in the status of controller objects.
	Lease client.ObjectKey
}

func (s Scope) limited() bool { return len(s.Namespaces) > 0 }

func (s Scope) installation() plan.Installation {
	return plan.Installation{Name: s.Lease.Name, Class: s.Class, Limited: s.limited()}
}

// keyOf returns the key of a controller object.
func keyOf(obj v1alpha1.ControllerObject) plan.ControllerKey {
	return plan.NewControllerKey(obj.GetNamespace(), obj.GetName())
}

// controllerObject reads a controller object from the cache.
func (b *base) controllerObject(
	ctx context.Context, key plan.ControllerKey,
) (v1alpha1.ControllerObject, error) {
	var obj v1alpha1.ControllerObject = &v1alpha1.ClusterJujuController{}
	if key.Namespace() != "" {
		obj = &v1alpha1.JujuController{}
	}
	return obj, b.Get(ctx, client.ObjectKey{Namespace: key.Namespace(), Name: key.Name()}, obj)
}

// reference returns the facts that decide whether objects of a namespace may
// use a controller object, and which installation serves it.
func (b *base) reference(
	ctx context.Context, namespace string, key plan.ControllerKey,
) (plan.Reference, error) {
	ref := plan.Reference{Controller: key, From: plan.Namespace{Name: namespace}}
	if key == "" || !b.Scope.installation().MayRead(ref) {
		return ref, nil
	}
	obj, err := b.controllerObject(ctx, key)
	if err != nil {
		return ref, client.IgnoreNotFound(err)
	}
	ref.Exists, ref.Deleting = true, !obj.GetDeletionTimestamp().IsZero()
	ref.Class, ref.AdoptionPolicy = obj.ConnectionSpec().ControllerClass, obj.ConnectionSpec().AdoptionPolicy
	ref.ServedBy = obj.GetStatus().ServedBy
	shared, ok := obj.(*v1alpha1.ClusterJujuController)
	if !ok || namespace == "" { // A ClusterJujuController itself is in no namespace.
		return ref, nil
	}
	ref.Tenants = shared.Spec.Tenants
	ns := namespaceMetadata()
	if err := b.Get(ctx, client.ObjectKey{Name: namespace}, ns); err != nil {
		return ref, err
	}
	ref.From.Labels = ns.Labels
	return ref, nil
}

// serves reports whether this installation of the operator serves an object
// that refers to a controller object.
func (b *base) serves(ctx context.Context, obj client.Object, key plan.ControllerKey) (bool, error) {
	ref, err := b.reference(ctx, obj.GetNamespace(), key)
	if err != nil {
		return false, err
	}
	leaving := abandoned(obj) && !obj.GetDeletionTimestamp().IsZero()
	return leaving || b.Scope.installation().Reconciles(ref, hasFinalizer(obj)), nil
}

// identified returns a reference with what the controller lists about a model,
// if the tenancy depends on that. It uses the last list if that admits the
// object, otherwise a list of an age.
func (b *objectBase) identified(
	ctx context.Context, ref plan.Reference, model plan.ModelRef, age plan.Age,
) plan.Reference {
	by := b.Scope.installation()
	if !by.MustIdentify(ref, model) {
		return ref
	}
	ref.Listed = b.Juju.Identify(ctx, model, plan.AsKnown)
	if age != plan.AsKnown && by.AuthorizeCleanup(ref, model).Problem != nil {
		ref.Listed = b.Juju.Identify(ctx, model, age)
	}
	return ref
}

// tenancy returns whether an object with a reference may use a model. An object
// that is being deleted only needs permission to clean up, and is refused only
// after a new look at the controller. An object that is only observed makes
// nothing in Juju.
func (b *objectBase) tenancy(
	ctx context.Context, obj v1alpha1.RecordedObject, state record.State, ref plan.Reference, model plan.ModelRef,
	age plan.Age,
) plan.Tenancy {
	by := b.Scope.installation()
	if !obj.GetDeletionTimestamp().IsZero() {
		return by.AuthorizeCleanup(b.identified(ctx, ref, model, plan.Fresh), model)
	}
	ref = b.identified(ctx, ref, model, age)
	if observes(obj) {
		return by.AuthorizeCleanup(ref, model)
	}
	ref.Made = placement.Of(obj, state).MadeThrough(model.Controller)
	return by.AuthorizeUse(ref, model)
}

// observes reports whether an object is a JujuSecret that manages no secret.
func observes(obj client.Object) bool {
	secret, ok := obj.(*v1alpha1.JujuSecret)
	return ok && secret.Spec.ManagementPolicy == v1alpha1.ManagementObserve
}

// cleanupTenancy returns whether a namespace may remove secrets and revoke
// grants in a model.
func (b *objectBase) cleanupTenancy(
	ctx context.Context, namespace string, model plan.ModelRef,
) (plan.Tenancy, error) {
	ref, err := b.reference(ctx, namespace, model.Controller)
	if err != nil {
		return plan.Tenancy{}, err
	}
	return b.Scope.installation().AuthorizeCleanup(b.identified(ctx, ref, model, plan.Fresh), model), nil
}
