// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
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
	"github.com/juju-secrets/operator/internal/plan"
)

// tellLag is how long the status of a controller object may lag behind what it tells of models and objects, so that a thousand
// of them are not a thousand writes.
const tellLag = time.Second

// userOf is the namespace/name of an object for which something in Juju was made through a controller object, empty if there
// is none.
func (k *Kit) userOf(ctx context.Context, controller plan.ControllerKey) (string, error) {
	user := ""
	var failed error
	err := k.visit(ctx, func(obj client.Object) {
		if user != "" || failed != nil {
			return
		}
		credible := k.proven(obj)
		if !credible {
			credible, failed = k.mayHold(ctx, obj, controller)
		}
		if credible {
			user = client.ObjectKeyFromObject(obj).String()
		}
	}, client.MatchingFields{holding: string(controller)})
	return user, errors.Join(err, failed)
}

// mayHold tells whether an object may use a controller object, so that what it says that was made through that counts.
func (k *Kit) mayHold(ctx context.Context, obj client.Object, controller plan.ControllerKey) (bool, error) {
	ref := recordOf(obj).Model
	if secret, ok := obj.(*v1alpha1.JujuSecret); ok {
		ref = modelOfSecret(secret)
	}
	ref.Controller = controller
	tenancy, err := k.tenancyFor(ctx, obj.GetNamespace(), ref, true)
	return err == nil && tenancy.Verdict == nil, client.IgnoreNotFound(err)
}

// modelUses are the models that the objects of a controller object use.
func (k *Kit) modelUses(ctx context.Context, controller plan.ControllerKey) ([]plan.ModelUse, error) {
	byUUID := map[string]int{}
	var uses []plan.ModelUse
	err := k.visit(ctx, func(obj client.Object) {
		use := useOf(obj)
		if use.through != controller || use.model.UUID == "" {
			return
		}
		i, known := byUUID[use.model.UUID]
		if !known {
			i = len(uses)
			byUUID[use.model.UUID] = i
			uses = append(uses, plan.ModelUse{UUID: use.model.UUID})
		}
		uses[i].Objects++
		if use.model.Name != "" {
			uses[i].Name = use.model.Name
		}
	}, client.MatchingFields{ofController: string(controller)})
	return uses, err
}

// visit calls a function with the JujuSecrets and JujuSecretAccesses in the cache that options select, which must not be changed.
func (k *Kit) visit(ctx context.Context, visit func(client.Object), options ...client.ListOption) error {
	for _, list := range []client.ObjectList{&v1alpha1.JujuSecretList{}, &v1alpha1.JujuSecretAccessList{}} {
		if err := k.List(ctx, list, append(options, client.UnsafeDisableDeepCopy)...); err != nil {
			return err
		}
		err := meta.EachListItem(list, func(item runtime.Object) error {
			visit(item.(client.Object)) //nolint:forcetypeassert // Items of our lists are objects.
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// use is in which model an object has something, and through which controller object.
type use struct {
	through plan.ControllerKey
	model   plan.ModelRef
}

func useOf(obj client.Object) use {
	switch obj := obj.(type) {
	case *v1alpha1.JujuSecret:
		return use{modelOfSecret(obj).Controller, plan.ModelRef{Name: obj.Spec.Model, UUID: obj.Status.ModelUUID}}
	case *v1alpha1.JujuSecretAccess:
		return use{plan.ControllerKey(obj.Status.Controller), plan.ModelRef{Name: obj.Status.Model, UUID: obj.Status.ModelUUID}}
	}
	return use{}
}

// usesChanged passes that an object came, went, or uses another model.
func usesChanged() builder.Predicates {
	return builder.WithPredicates(predicate.Funcs{
		UpdateFunc: func(e event.UpdateEvent) bool { return useOf(e.ObjectOld) != useOf(e.ObjectNew) },
	})
}

// countLater enqueues the controller object of a kind that an object goes through, in a while.
func countLater(local bool) handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	add := func(q queue, obj client.Object) {
		for _, name := range controllersOf(obj) {
			if key := plan.ControllerKey(name); (key.Namespace() != "") == local {
				q.AddAfter(requestFor(key), tellLag)
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
