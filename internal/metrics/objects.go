// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

// The kinds that refer to a controller object.
const (
	kindJujuSecret       = "JujuSecret"
	kindJujuSecretAccess = "JujuSecretAccess"
)

// The reasons of objects that have no reason of the operator.
const (
	// ReasonNone is the reason of an object without a Ready condition.
	ReasonNone = "None"
	// ReasonOther is any reason that the operator does not set.
	ReasonOther = "Other"
)

// ObjectState is the Ready condition of one object.
type ObjectState struct {
	Kind, Namespace, Name string
	// Status is the status of the condition, Unknown if there is none.
	Status metav1.ConditionStatus
	// Reason is the reason of the condition, ReasonNone or ReasonOther.
	Reason string
}

// ObjectCollector collects the state of the objects that one installation of
// the operator serves. It reads spec and status only: annotations can be
// forged.
type ObjectCollector struct {
	// Cache reads objects without a request to the API server.
	Cache client.Reader
	// Class is the class of the controller objects that are served.
	Class string
	// Limited is true when the operator watches only some namespaces.
	Limited bool
}

// Collect calls fn for each object that the installation serves.
func (c ObjectCollector) Collect(ctx context.Context, fn func(ObjectState)) error {
	served, err := c.collectControllers(ctx, fn)
	if err != nil {
		return err
	}
	controllerOf, err := c.collectSecrets(ctx, served, fn)
	if err != nil {
		return err
	}
	return c.collectAccesses(ctx, served, controllerOf, fn)
}

// collectControllers collects the controller objects, and returns which ones
// are served.
func (c ObjectCollector) collectControllers(ctx context.Context, fn func(ObjectState)) (served, error) {
	found := served{
		by:      plan.Installation{Class: c.Class, Limited: c.Limited},
		classes: map[plan.ControllerKey]string{},
	}
	add := func(kind v1alpha1.ControllerKind, obj v1alpha1.ControllerObject) {
		class := obj.ConnectionSpec().ControllerClass
		found.classes[plan.NewControllerKey(obj.GetNamespace(), obj.GetName())] = class
		if class == c.Class {
			fn(stateOf(string(kind), obj))
		}
	}
	var local v1alpha1.JujuControllerList
	if err := c.list(ctx, &local); err != nil {
		return served{}, err
	}
	for i := range local.Items {
		add(v1alpha1.KindJujuController, &local.Items[i])
	}
	if c.Limited {
		return found, nil
	}
	var shared v1alpha1.ClusterJujuControllerList
	if err := c.list(ctx, &shared); err != nil {
		return served{}, err
	}
	for i := range shared.Items {
		add(v1alpha1.KindClusterJujuController, &shared.Items[i])
	}
	return found, nil
}

// collectSecrets collects the JujuSecrets, and returns the controller object of
// each JujuSecret in the cache.
func (c ObjectCollector) collectSecrets(
	ctx context.Context, served served, fn func(ObjectState),
) (map[client.ObjectKey]plan.ControllerKey, error) {
	var secrets v1alpha1.JujuSecretList
	if err := c.list(ctx, &secrets); err != nil {
		return nil, err
	}
	controllerOf := make(map[client.ObjectKey]plan.ControllerKey, len(secrets.Items))
	for i := range secrets.Items {
		secret := &secrets.Items[i]
		controller := plan.ReferencedController(secret.Spec.ControllerRef, secret.Namespace)
		controllerOf[client.ObjectKeyFromObject(secret)] = controller
		if served.any(controller) {
			fn(stateOf(kindJujuSecret, secret))
		}
	}
	return controllerOf, nil
}

// collectAccesses collects the JujuSecretAccesses. An access belongs to the
// controller object of its JujuSecret and, until a move is complete, to the
// controller object in its status.
func (c ObjectCollector) collectAccesses(
	ctx context.Context, served served, controllerOf map[client.ObjectKey]plan.ControllerKey, fn func(ObjectState),
) error {
	var accesses v1alpha1.JujuSecretAccessList
	if err := c.list(ctx, &accesses); err != nil {
		return err
	}
	for i := range accesses.Items {
		access := &accesses.Items[i]
		var controllers []plan.ControllerKey
		if secret := access.Spec.Secret; secret != nil {
			controllers = append(controllers, plan.ReferencedController(secret.ControllerRef, access.Namespace))
		} else {
			controllers = append(controllers, plan.ControllerKey(access.Status.Controller))
		}
		if ref := access.Spec.JujuSecretRef; ref != nil {
			controllers = append(controllers,
				controllerOf[client.ObjectKey{Namespace: access.Namespace, Name: ref.Name}])
		}
		if served.any(controllers...) {
			fn(stateOf(kindJujuSecretAccess, access))
		}
	}
	return nil
}

// list reads a list without copying its objects, which must not be changed.
func (c ObjectCollector) list(ctx context.Context, list client.ObjectList) error {
	return c.Cache.List(ctx, list, client.UnsafeDisableDeepCopy)
}

// served is the set of controller objects that an installation serves.
type served struct {
	by plan.Installation
	// classes holds the class of each controller object in the cache.
	classes map[plan.ControllerKey]string
}

// any reports whether the installation serves one of some controller objects.
// An object without a controller object is served by every installation.
func (s served) any(keys ...plan.ControllerKey) bool {
	hasController := false
	for _, key := range keys {
		if key == "" {
			continue
		}
		hasController = true
		class, exists := s.classes[key]
		if s.by.Serves(plan.Reference{Controller: key, Class: class, Exists: exists}) {
			return true
		}
	}
	return !hasController
}

// stateOf returns the state of an object.
func stateOf(kind string, obj client.Object) ObjectState {
	state := ObjectState{
		Kind: kind, Namespace: obj.GetNamespace(), Name: obj.GetName(),
		Status: metav1.ConditionUnknown, Reason: ReasonNone,
	}
	ready := meta.FindStatusCondition(v1alpha1.ConditionsOf(obj), v1alpha1.ConditionReady)
	if ready == nil {
		return state
	}
	state.Reason = ReasonOther
	if status.Known(v1alpha1.Reason(ready.Reason)) {
		state.Reason = ready.Reason
	}
	switch ready.Status {
	case metav1.ConditionTrue, metav1.ConditionFalse:
		state.Status = ready.Status
	case metav1.ConditionUnknown:
	}
	return state
}
