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
				queue.Add(request)
			}
		})
		return nil
	})
}

// concerned are the objects of a list that a change in Juju is about: those of the model that have one of the secrets,
// or are not Ready and may have waited for just this.
func (k *Kit) concerned(list client.ObjectList) func(context.Context, plan.Change) []reconcile.Request {
	return func(ctx context.Context, change plan.Change) []reconcile.Request {
		var requests []reconcile.Request
		add := func(obj client.Object) {
			modelUUID, secretID, ready := inJuju(obj)
			otherModel := change.ModelUUID != "" && change.ModelUUID != modelUUID
			otherSecret := len(change.IDs) > 0 && !slices.Contains(change.IDs, secretID)
			if ready && (otherModel || otherSecret) {
				return
			}
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(obj)})
		}
		// An access that has no status yet does not know its controller.
		for _, controller := range []string{change.Controller, ""} {
			k.each(ctx, list, []client.ListOption{client.MatchingFields{ofController: controller}}, add)
		}
		return requests
	}
}

// inJuju tells which secret of which model an object stands for, and whether it is Ready.
func inJuju(obj client.Object) (modelUUID, secretID string, ready bool) {
	var conditions []metav1.Condition
	switch obj := obj.(type) {
	case *v1alpha1.JujuSecret:
		modelUUID, secretID, conditions = obj.Status.ModelUUID, obj.Status.SecretID, obj.Status.Conditions
	case *v1alpha1.JujuSecretAccess:
		modelUUID, secretID, conditions = obj.Status.ModelUUID, obj.Status.SecretID, obj.Status.Conditions
	}
	return modelUUID, secretID, meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReady)
}

// itself is the controller object that a change of its connection is about.
func itself(_ context.Context, change plan.Change) []reconcile.Request {
	return []reconcile.Request{{NamespacedName: client.ObjectKey{Name: change.Controller}}}
}
