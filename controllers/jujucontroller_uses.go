// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"maps"
	"slices"
	"sync"
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
	"github.com/juju-secrets/operator/internal/record"
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

// useOf returns the use of an object. It is zero if the object uses no
// controller object that its namespace can use. It does not depend on the
// record of the object.
func useOf(obj client.Object) use {
	recorded, ok := obj.(v1alpha1.RecordedObject)
	if !ok {
		return use{}
	}
	place := placement.Of(recorded, record.State{})
	if len(place.Controllers(obj.GetNamespace())) == 0 {
		return use{}
	}
	return use{place.Model.Controller, place.ModelUUID, place.Model.Name}
}

// modelUses holds the number of objects of each use. The events of the objects
// change it, so that a change of one object costs the same regardless of the
// number of objects.
type modelUses struct {
	mu     sync.Mutex
	counts map[use]int
}

func newModelUses() *modelUses { return &modelUses{counts: map[use]int{}} }

// add adds a number of objects to a use.
func (m *modelUses) add(of use, objects int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.counts[of] += objects; m.counts[of] == 0 {
		delete(m.counts, of)
	}
}

// of returns the models that objects use through a controller object.
func (m *modelUses) of(controller plan.ControllerKey) []plan.ModelUse {
	m.mu.Lock()
	defer m.mu.Unlock()
	byUUID := map[string]plan.ModelUse{}
	for use, objects := range m.counts {
		if use.controller != controller || use.uuid == "" {
			continue
		}
		model := byUUID[use.uuid]
		model.UUID, model.Name = use.uuid, max(model.Name, use.name)
		model.Objects += objects
		byUUID[use.uuid] = model
	}
	return slices.Collect(maps.Values(byUUID))
}

// usesChanged returns a predicate that passes creations, deletions and a change
// of the model that an object uses.
func usesChanged() builder.Predicates {
	return builder.WithPredicates(predicate.Funcs{
		UpdateFunc: func(e event.UpdateEvent) bool { return useOf(e.ObjectOld) != useOf(e.ObjectNew) },
	})
}

// countUses returns a handler that counts the uses of the objects, and enqueues
// their controller objects after statusBatchDelay.
func (r *ControllerReconciler) countUses() handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	count := func(q queue, obj client.Object, objects int) {
		use := useOf(obj)
		if use.controller == "" || (use.controller.Namespace() != "") != r.Local {
			return
		}
		r.uses.add(use, objects)
		q.AddAfter(requestFor(use.controller), statusBatchDelay)
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) { count(q, e.Object, 1) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) {
			count(q, e.ObjectOld, -1)
			count(q, e.ObjectNew, 1)
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue) { count(q, e.Object, -1) },
	}
}

func requestFor(key plan.ControllerKey) reconcile.Request {
	return reconcile.Request{NamespacedName: client.ObjectKey{Namespace: key.Namespace(), Name: key.Name()}}
}
