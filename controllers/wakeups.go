// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// Wakeups hands what Models.Changed delivers to the reconcilers. It is a Runnable of the manager.
type Wakeups struct {
	changed <-chan plan.Change

	mu    sync.Mutex
	wakes []func(plan.Change)
}

// NewWakeups makes Wakeups of a channel, whose only reader it is.
func NewWakeups(changed <-chan plan.Change) *Wakeups { return &Wakeups{changed: changed} }

// Start hands changes on until ctx ends.
func (w *Wakeups) Start(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case change := <-w.changed:
			w.mu.Lock()
			wakes := slices.Clone(w.wakes)
			w.mu.Unlock()
			for _, wake := range wakes {
				wake(change)
			}
		}
	}
}

// source enqueues the objects that are concerned by a change.
func (w *Wakeups) source(concerned func(context.Context, plan.Change) []reconcile.Request) source.Source {
	return source.Func(func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.wakes = append(w.wakes, func(change plan.Change) {
			for _, request := range concerned(ctx, change) {
				if change.Health {
					queue.AddAfter(request, tellLag)
				} else {
					queue.Add(request)
				}
			}
		})
		return nil
	})
}

// concerned are the objects of a list that a change in Juju is about, and those of the controller that may have waited for
// just this, since they are not settled.
func (k *Kit) concerned(list client.ObjectList) func(context.Context, plan.Change) []reconcile.Request {
	return func(ctx context.Context, change plan.Change) []reconcile.Request {
		ids := make(map[string]bool, len(change.IDs))
		for _, id := range change.IDs {
			ids[id] = true
		}
		var requests []reconcile.Request
		add := func(obj client.Object) {
			if affects(change, ids, inJuju(obj)) {
				requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(obj)})
			}
		}
		// An access that has no status yet does not know its controller.
		for _, controller := range []string{string(change.Controller), ""} {
			k.each(ctx, list, []client.ListOption{client.MatchingFields{ofController: controller}}, add)
		}
		return requests
	}
}

// affects tells whether a change, with its IDs as a set, is about an object that stands there so.
func affects(change plan.Change, ids map[string]bool, there standing) bool {
	if change.Health {
		return false
	}
	thisModel := change.ModelUUID == "" || change.ModelUUID == there.modelUUID
	thisSecret := ids[there.secretID]
	switch {
	case change.Ours:
		return thisModel && thisSecret && !there.owner
	case there.settled:
		return thisModel && (change.All || thisSecret)
	case there.wantsApplication && len(change.IDs) > 0:
		return thisModel && thisSecret // Other secrets do not bring it.
	}
	return thisModel || there.modelUUID == ""
}

// standing is how an object stands with Juju, by its status.
type standing struct {
	modelUUID, secretID string
	// owner: the secret is the object's own.
	owner bool
	// settled: all is well with it, and seen to be.
	settled bool
	// wantsApplication: it waits for one that is not deployed.
	wantsApplication bool
}

func inJuju(obj client.Object) standing {
	var there standing
	var conditions []metav1.Condition
	switch obj := obj.(type) {
	case *v1alpha1.JujuSecret:
		there.modelUUID, there.secretID, conditions = obj.Status.ModelUUID, obj.Status.SecretID, obj.Status.Conditions
		there.owner = obj.Status.Managed
	case *v1alpha1.JujuSecretAccess:
		there.modelUUID, there.secretID, conditions = obj.Status.ModelUUID, obj.Status.SecretID, obj.Status.Conditions
	}
	stays := obj.GetDeletionTimestamp().IsZero()
	there.settled = stays && meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReady) &&
		!meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReconciling)
	there.wantsApplication = stays && readyReason(conditions) == string(v1alpha1.ReasonApplicationNotFound)
	return there
}

// InUse tells whether any object stands for something in a model, by its UUID, as far as the cache knows. It may be asked
// from the moment that the cache is filled.
func InUse(ctx context.Context, cached client.Reader) func(modelUUID string) bool {
	return func(modelUUID string) bool {
		for _, list := range []client.ObjectList{&v1alpha1.JujuSecretList{}, &v1alpha1.JujuSecretAccessList{}} {
			err := cached.List(ctx, list, client.MatchingFields{inModel: modelUUID}, client.Limit(1))
			if err != nil || meta.LenList(list) > 0 {
				return true // What is not known is not idle.
			}
		}
		return false
	}
}

// itself is the controller object, if it is of the kind, that a change of its connection is about.
func (r *ControllerReconciler) itself(_ context.Context, change plan.Change) []reconcile.Request {
	if change.ModelUUID != "" && !change.Health || (change.Controller.Namespace() != "") != r.Local {
		return nil
	}
	return []reconcile.Request{requestFor(change.Controller)}
}
