// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// selection returns list options that select the objects that depend on an
// object.
type selection func(client.Object) []client.ListOption

// inAllNamespacesBy selects the objects of all namespaces that have the key of
// the object in an index.
func inAllNamespacesBy(field string, key func(client.Object) string) selection {
	return func(obj client.Object) []client.ListOption {
		return []client.ListOption{client.MatchingFields{field: key(obj)}}
	}
}

// inNamespace selects the objects in a namespace.
func inNamespace(ns client.Object) []client.ListOption {
	return []client.ListOption{client.InNamespace(ns.GetName())}
}

// controllerKey returns the index key of a controller object.
func controllerKey(obj client.Object) string {
	return string(plan.NewControllerKey(obj.GetNamespace(), obj.GetName()))
}

func objectKey(obj client.Object) string { return client.ObjectKeyFromObject(obj).String() }

// wake enqueues the objects that a selection finds for the object of an event,
// except that object itself.
func (b *base) wake(list client.ObjectList, which selection) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(b.mapTo(list, which, func(reconcile.Request) {}))
}

// mapTo returns requests for the objects that a selection finds, and calls
// visit for each request.
func (b *base) mapTo(list client.ObjectList, which selection, visit func(reconcile.Request)) handler.MapFunc {
	return func(ctx context.Context, obj client.Object) []reconcile.Request {
		var requests []reconcile.Request
		b.each(ctx, list, which(obj), func(found client.Object) {
			if found.GetUID() != obj.GetUID() {
				request := reconcile.Request{NamespacedName: client.ObjectKeyFromObject(found)}
				visit(request)
				requests = append(requests, request)
			}
		})
		return requests
	}
}

// watchCluster adds watches for cluster-scoped objects, if the operator reads
// them.
func (b *objectBase) watchCluster(bldr *builder.Builder, users client.ObjectList) *builder.Builder {
	if b.Scope.limited() {
		return bldr
	}
	return bldr.
		WatchesMetadata(&corev1.Namespace{}, b.wake(users, inNamespace), namespaceLabelsChanged()).
		Watches(&v1alpha1.ClusterJujuController{}, b.wakeUsers(users), controllerChanged())
}

// wakeUsers enqueues the objects of a list that use the controller object of an
// event.
func (b *base) wakeUsers(list client.ObjectList) handler.EventHandler {
	return b.wake(list, inAllNamespacesBy(controllerIndex, controllerKey))
}

// wakeControllers enqueues the object that key returns for each controller
// object that an object uses. It enqueues nothing for an empty key.
func (b *base) wakeControllers(
	key func(context.Context, v1alpha1.ControllerObject) client.ObjectKey,
) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, obj client.Object) []reconcile.Request {
		var requests []reconcile.Request
		recorded, ok := obj.(v1alpha1.RecordedObject)
		if !ok {
			return nil
		}
		for _, name := range b.placeOf(recorded).Controllers(obj.GetNamespace()) {
			controller, err := b.controllerObject(ctx, name)
			if err != nil {
				continue
			}
			if found := key(ctx, controller); found.Name != "" {
				requests = append(requests, reconcile.Request{NamespacedName: found})
			}
		}
		return requests
	})
}

// controllerReleased returns a predicate that passes deletions, and updates
// that change the result of heldControllers.
func (b *base) controllerReleased() builder.Predicates {
	return builder.WithPredicates(predicate.Funcs{
		CreateFunc: func(event.CreateEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			return !slices.Equal(b.heldControllers(e.ObjectOld), b.heldControllers(e.ObjectNew))
		},
	})
}

// heldControllers returns the keys of the controller objects that were used to
// make a secret or grant for an object.
func (b *base) heldControllers(obj client.Object) []plan.ControllerKey {
	if recorded, ok := obj.(v1alpha1.RecordedObject); ok {
		return b.placeOf(recorded).HeldControllers(obj.GetNamespace())
	}
	return nil
}

// wakeCompetitors enqueues the JujuSecrets that wait for a claim of another
// one, and the JujuSecrets that have the same secret.
func (r *SecretReconciler) wakeCompetitors() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, obj client.Object) []reconcile.Request {
		secret, ok := obj.(*v1alpha1.JujuSecret)
		if !ok {
			return nil
		}
		found, list := newRequests(obj), &v1alpha1.JujuSecretList{}
		for _, key := range r.claims(secret) {
			r.each(ctx, list, []client.ListOption{client.MatchingFields{waitingIndex: key}}, found.add)
		}
		if recorded := r.recordOf(secret); recorded.Owned != nil {
			for _, scope := range scopesOf(secret, recorded) {
				for _, key := range claimKeys(scope, []string{recorded.OwnedID()}, nil) {
					r.each(ctx, list, []client.ListOption{client.MatchingFields{claimIndex: key}}, found.add)
				}
			}
		}
		return found.requests
	})
}

// wakeWaitingAccesses enqueues the JujuSecretAccesses that may wait for a grant
// that another one wants or has made, or for an option that it has.
func (r *AccessReconciler) wakeWaitingAccesses() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, obj client.Object) []reconcile.Request {
		access, ok := obj.(*v1alpha1.JujuSecretAccess)
		if !ok {
			return nil
		}
		recorded := r.recordOf(access)
		keys := grantKeys(access.Status.SecretID, r.placeOf(access).Applications)
		keys = append(keys, grantKeys(recorded.SecretID, recorded.Granted)...)
		found, list := newRequests(obj), &v1alpha1.JujuSecretAccessList{}
		for _, key := range distinct(keys) {
			r.each(ctx, list, []client.ListOption{client.MatchingFields{unsettledGrantIndex: key}}, found.add)
		}
		for _, key := range r.optionKeys(access) {
			r.each(ctx, list, []client.ListOption{client.MatchingFields{optionIndex: key}}, func(other client.Object) {
				if readyReason(other) == v1alpha1.ReasonConfigOptionInUse {
					found.add(other)
				}
			})
		}
		return found.requests
	})
}

// requests collects one request for each object, except for the object of an
// event.
type requests struct {
	requests []reconcile.Request
	seen     map[types.UID]bool
}

// newRequests returns an empty collection. except is the object of the event,
// or nil.
func newRequests(except client.Object) *requests {
	r := &requests{seen: map[types.UID]bool{}}
	if except != nil {
		r.seen[except.GetUID()] = true
	}
	return r
}

func (r *requests) add(obj client.Object) {
	if !r.seen[obj.GetUID()] {
		r.seen[obj.GetUID()] = true
		r.requests = append(r.requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(obj)})
	}
}

// each calls visit for the objects in the cache that the options select. visit
// must not change them.
func (b *base) each(
	ctx context.Context, list client.ObjectList, options []client.ListOption, visit func(client.Object),
) {
	found := list.DeepCopyObject().(client.ObjectList) //nolint:forcetypeassert // A copy has the same type.
	// The cache fails only during shutdown.
	if err := b.visit(ctx, found, visit, options...); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "cannot list the objects to reconcile in the cache")
	}
}
