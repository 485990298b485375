// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/placement"
	"github.com/juju-secrets/operator/internal/plan"
)

// statusBatchDelay is how long the status of a controller object may be out of
// date about models and objects. Without it, a thousand changes would cause a
// thousand writes.
const statusBatchDelay = time.Second

// userOf returns the namespace/name of an object that made a secret or grant in
// Juju through a controller object. It returns an empty text if there is none.
func (b *base) userOf(ctx context.Context, controller plan.ControllerKey) (string, error) {
	for _, list := range []client.ObjectList{&v1alpha1.JujuSecretList{}, &v1alpha1.JujuSecretAccessList{}} {
		user := ""
		err := b.visit(ctx, list, func(obj client.Object) { user = client.ObjectKeyFromObject(obj).String() },
			client.MatchingFields{holdingIndex: string(controller)}, client.Limit(1))
		if err != nil || user != "" {
			return user, err
		}
	}
	return "", nil
}

// modelUses returns the models that objects use through a controller object.
func (r *ControllerReconciler) modelUses(
	ctx context.Context, controller plan.ControllerKey,
) ([]plan.ModelUse, error) {
	byUUID := map[string]int{}
	var uses []plan.ModelUse
	add := func(obj client.Object) {
		recorded, ok := obj.(v1alpha1.RecordedObject)
		if !ok {
			return
		}
		use := useOf(r.placeOf(recorded))
		if use.controller != controller || use.uuid == "" {
			return
		}
		i, known := byUUID[use.uuid]
		if !known {
			i = len(uses)
			byUUID[use.uuid] = i
			uses = append(uses, plan.ModelUse{UUID: use.uuid})
		}
		uses[i].Objects++
		if use.name != "" {
			uses[i].Name = use.name
		}
	}
	for _, list := range []client.ObjectList{&v1alpha1.JujuSecretList{}, &v1alpha1.JujuSecretAccessList{}} {
		if err := r.visit(ctx, list, add, client.MatchingFields{controllerIndex: string(controller)}); err != nil {
			return nil, err
		}
	}
	return uses, nil
}

// visit calls a function for each object in the cache that the options select.
// The function must not change the object.
func (b *base) visit(
	ctx context.Context, list client.ObjectList, visit func(client.Object), options ...client.ListOption,
) error {
	if err := b.List(ctx, list, append(options, client.UnsafeDisableDeepCopy)...); err != nil {
		return err
	}
	return meta.EachListItem(list, func(item runtime.Object) error {
		visit(item.(client.Object)) //nolint:forcetypeassert // All items of these lists are objects.
		return nil
	})
}

// use is the controller object and the model that an object uses.
type use struct {
	controller plan.ControllerKey
	uuid, name string
}

func useOf(place placement.Placement) use {
	return use{place.Model.Controller, place.ModelUUID, place.Model.Name}
}

// usesChanged returns a predicate that passes creations, deletions and a change
// of the model that an object uses.
func (r *ControllerReconciler) usesChanged() builder.Predicates {
	return builder.WithPredicates(predicate.Funcs{
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, okBefore := e.ObjectOld.(v1alpha1.RecordedObject)
			after, okAfter := e.ObjectNew.(v1alpha1.RecordedObject)
			return okBefore && okAfter && useOf(r.placeOf(before)) != useOf(r.placeOf(after))
		},
	})
}

// wakeLater enqueues the controller objects that an object uses, after
// statusBatchDelay.
func (r *ControllerReconciler) wakeLater() handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	add := func(q queue, obj client.Object) {
		recorded, ok := obj.(v1alpha1.RecordedObject)
		if !ok {
			return
		}
		for _, key := range r.placeOf(recorded).Controllers(obj.GetNamespace()) {
			if (key.Namespace() != "") == r.Local {
				q.AddAfter(requestFor(key), statusBatchDelay)
			}
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) { add(q, e.Object) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) { add(q, e.ObjectOld); add(q, e.ObjectNew) },
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue) { add(q, e.Object) },
	}
}

func requestFor(key plan.ControllerKey) reconcile.Request {
	return reconcile.Request{NamespacedName: client.ObjectKey{Namespace: key.Namespace(), Name: key.Name()}}
}
