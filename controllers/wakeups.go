// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/placement"
	"github.com/juju-secrets/operator/internal/plan"
)

// Wakeups distributes the changes of Models.Changed to the reconcilers. It is a
// Runnable of the manager.
type Wakeups struct {
	changed <-chan plan.Change

	mu       sync.Mutex
	handlers []func(plan.Change)
}

// NewWakeups returns Wakeups for a channel. No other goroutine may read the
// channel.
func NewWakeups(changed <-chan plan.Change) *Wakeups { return &Wakeups{changed: changed} }

// Start distributes changes until ctx is done.
func (w *Wakeups) Start(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case change := <-w.changed:
			w.mu.Lock()
			handlers := slices.Clone(w.handlers)
			w.mu.Unlock()
			for _, handle := range handlers {
				handle(change)
			}
		}
	}
}

// source returns a source that enqueues the objects that a change concerns.
func (w *Wakeups) source(concerned func(context.Context, plan.Change) []reconcile.Request) source.Source {
	return source.Func(func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.handlers = append(w.handlers, func(change plan.Change) {
			requests := concerned(ctx, change)
			behind, ok := queue.(priorityqueue.PriorityQueue[reconcile.Request])
			if ok && len(requests) >= manyRequests {
				behind.AddWithOpts(priorityqueue.AddOpts{Priority: new(handler.LowPriority)}, requests...)
				return
			}
			for _, request := range requests {
				if change.Health {
					queue.AddAfter(request, statusBatchDelay)
				} else {
					queue.Add(request)
				}
			}
		})
		return nil
	})
}

// manyRequests is the number of objects from which on a change in Juju, such as
// the return of a controller, must not hold up changes of other objects. They
// are then enqueued behind the others.
const manyRequests = 100

// concerned returns a function that returns requests for the objects of a list
// that a change in Juju concerns. Objects that are not settled may have waited
// for any change of their controller.
func (b *objectBase) concerned(list client.ObjectList) func(context.Context, plan.Change) []reconcile.Request {
	return func(ctx context.Context, change plan.Change) []reconcile.Request {
		found := newRequests(nil)
		add := func(obj client.Object) {
			if recorded, ok := obj.(v1alpha1.RecordedObject); ok && change.Concerns(waitingOf(b.placeOf(recorded))) {
				found.add(obj)
			}
		}
		for _, fields := range affected(change) {
			b.each(ctx, list, []client.ListOption{fields}, add)
		}
		return found.requests
	}
}

// affected returns the index keys of the objects that a change may concern.
func affected(change plan.Change) []client.MatchingFields {
	var fields []client.MatchingFields
	switch {
	case change.Health:
		return nil
	case len(change.Listed) > 0:
		for _, model := range append([]string{""}, change.Listed...) {
			fields = append(fields, client.MatchingFields{awaitedModelIndex: awaitedModelKey(change.Controller, model)})
		}
		return fields
	case change.All:
		fields = append(fields, client.MatchingFields{controllerIndex: string(change.Controller)})
	default:
		for _, id := range change.IDs {
			key := secretKey(change.Controller, change.ModelUUID, id)
			fields = append(fields, client.MatchingFields{secretIndex: key})
		}
		if change.Own == 0 || change.Renamed {
			fields = append(fields, client.MatchingFields{unsettledIndex: string(change.Controller)})
		}
	}
	if change.Own == 0 { // An access without a status does not know its controller yet.
		fields = append(fields, client.MatchingFields{unsettledIndex: ""})
	}
	return fields
}

func waitingOf(place placement.Placement) plan.Waiting {
	return plan.Waiting{
		Model: place.Model, Former: place.Former, ModelUUID: place.ModelUUID, SecretID: place.SecretID,
		Owner: place.Owner, Access: place.Access,
		Applications: place.Applications, OtherGrants: place.OtherGrants, Deleting: place.Deleting,
		Settled: place.Settled, Reason: place.Reason,
	}
}

// InUse returns a function that reports whether any object in the cache uses a
// model, by the model's UUID. Call it after the cache has synced.
func InUse(ctx context.Context, cached client.Reader) func(modelUUID string) bool {
	return func(modelUUID string) bool { return anyInCache(ctx, cached, modelIndex, modelUUID) }
}

// IsAwaited returns a function that reports whether any object in the cache
// waits until its controller lists a model. Call it after the cache has synced.
func IsAwaited(ctx context.Context, cached client.Reader) func(plan.ModelRef) bool {
	return func(model plan.ModelRef) bool {
		return anyInCache(ctx, cached, awaitedModelIndex, awaitedModelKey(model.Controller, model.String()))
	}
}

// anyInCache reports whether an object in the cache has a key in an index. If
// the cache cannot answer, there is one.
func anyInCache(ctx context.Context, cached client.Reader, field, key string) bool {
	for _, list := range []client.ObjectList{&v1alpha1.JujuSecretList{}, &v1alpha1.JujuSecretAccessList{}} {
		err := cached.List(ctx, list, client.MatchingFields{field: key}, client.Limit(1), client.UnsafeDisableDeepCopy)
		if err != nil || meta.LenList(list) > 0 {
			return true
		}
	}
	return false
}

// ownRequest returns a request for the controller object that a change of its
// connection concerns, if it is of the kind.
func (r *ControllerReconciler) ownRequest(_ context.Context, change plan.Change) []reconcile.Request {
	own := change.Health || change.ModelUUID == "" && len(change.Listed) == 0
	if !own || (change.Controller.Namespace() != "") != r.Local {
		return nil
	}
	return []reconcile.Request{requestFor(change.Controller)}
}
