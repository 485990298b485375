// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// Scope is which objects this installation of the operator serves.
type Scope struct {
	// Class is that of the controller objects it serves, with all that goes through them.
	Class string
	// Namespaces are those that it watches, all if there is none. Whoever watches but some sees nothing that has no namespace:
	// neither ClusterJujuControllers nor the namespaces themselves.
	Namespaces []string
}

func (s Scope) limited() bool { return len(s.Namespaces) > 0 }

// keyOf is the key of a controller object.
func keyOf(obj v1alpha1.ControllerObject) plan.ControllerKey {
	return objectKeyOf(obj.GetNamespace(), obj.GetName())
}

func objectKeyOf(namespace, name string) plan.ControllerKey {
	if namespace == "" {
		return plan.ControllerKey(name)
	}
	return plan.ControllerKey(namespace + "/" + name)
}

// referred is the key of the controller object that an object of a namespace refers to. A JujuController is always one of that
// very namespace.
func referred(ref v1alpha1.ControllerReference, namespace string) plan.ControllerKey {
	switch {
	case strings.Contains(ref.Name, "/"):
		return "" // No object has such a name, but some key is written so.
	case ref.Kind == v1alpha1.KindJujuController:
		return objectKeyOf(namespace, ref.Name)
	}
	return objectKeyOf("", ref.Name)
}

// theirs are those of an object's keys of controller objects that it can have: what somebody wrote into its annotations must not
// hold up a JujuController of another namespace.
func theirs(obj client.Object, keys ...plan.ControllerKey) []string {
	var own []string
	for _, key := range keys {
		if key != "" && (key.Namespace() == "" || key.Namespace() == obj.GetNamespace()) {
			own = append(own, string(key))
		}
	}
	return distinct(own)
}

// controllerObject reads a controller object from the cache.
func (k *Kit) controllerObject(ctx context.Context, key plan.ControllerKey) (v1alpha1.ControllerObject, error) {
	var obj v1alpha1.ControllerObject = &v1alpha1.ClusterJujuController{}
	if key.Namespace() != "" {
		obj = &v1alpha1.JujuController{}
	}
	return obj, k.Get(ctx, client.ObjectKey{Namespace: key.Namespace(), Name: key.Name()}, obj)
}

// tenancy asks the controller object whether an object may use a model.
func (k *Kit) tenancy(ctx context.Context, obj client.Object, model plan.ModelRef) (plan.Tenancy, error) {
	return k.tenancyFor(ctx, obj.GetNamespace(), model, !obj.GetDeletionTimestamp().IsZero())
}

// tenancyFor asks the controller object whether a namespace may use a model, to clean up or for more.
func (k *Kit) tenancyFor(ctx context.Context, namespace string, model plan.ModelRef, toCleanUp bool) (plan.Tenancy, error) {
	key := model.Controller
	switch {
	case key.Namespace() != "" && key.Namespace() != namespace:
		return plan.AnotherNamespace(key), nil
	case key.Namespace() == "" && k.Scope.limited() && k.Scope.Class != "":
		return plan.Tenancy{Elsewhere: true}, nil // It cannot be seen to be of this class, and another installation may serve it.
	case key.Namespace() == "" && k.Scope.limited():
		return plan.NotServed(key), nil
	}
	obj, err := k.controllerObject(ctx, key)
	switch {
	case apierrors.IsNotFound(err):
		return plan.NoController(key), nil
	case err != nil:
		return plan.Tenancy{}, err
	}
	elsewhere := obj.Connects().ControllerClass != k.Scope.Class
	if !obj.GetDeletionTimestamp().IsZero() && !toCleanUp && !elsewhere {
		return plan.ControllerGoing(key), nil
	}
	tenancy, err := k.admit(ctx, obj, namespace, model)
	tenancy.Elsewhere = elsewhere
	return tenancy, err
}

// admit asks the tenants of a controller object, whoever serves that.
func (k *Kit) admit(ctx context.Context, obj v1alpha1.ControllerObject, namespace string, model plan.ModelRef) (plan.Tenancy, error) {
	shared, ok := obj.(*v1alpha1.ClusterJujuController)
	if !ok {
		return plan.Admitted(), nil // Its namespace is its only tenant, and may use whatever its user may.
	}
	ns := namespaceMetadata()
	if err := k.Get(ctx, client.ObjectKey{Name: namespace}, ns); err != nil {
		return plan.Tenancy{}, err
	}
	return plan.Admit(shared.Spec.Tenants, plan.Namespace{Name: ns.Name, Labels: ns.Labels}, model), nil
}

// modelOf is the model that an object of a namespace names.
func modelOf(ref v1alpha1.ControllerReference, namespace, name, uuid string) plan.ModelRef {
	return plan.ModelRef{Controller: referred(ref, namespace), Name: name, UUID: uuid}
}

// modelOfSecret is the model that a JujuSecret names.
func modelOfSecret(s *v1alpha1.JujuSecret) plan.ModelRef {
	return modelOf(s.Spec.ControllerRef, s.Namespace, s.Spec.Model, s.Spec.ModelUUID)
}

// trusted tells whether what one object has in Juju counts for another. What goes through a JujuController of another namespace
// does not: who may make one decides what answers there, and could claim whatever is somebody else's.
func trusted(a, b client.Object, through ...plan.ControllerKey) bool {
	return a.GetNamespace() == b.GetNamespace() || !slices.ContainsFunc(through, func(key plan.ControllerKey) bool {
		return key.Namespace() != ""
	})
}
