// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// InFlight counts the reconciles in progress for each controller object that
// they use. A reconcile is counted before it reads the class of the controller
// object. So once the cache has a new class and the count is zero, no reconcile
// uses the controller object any more.
type InFlight struct {
	mu    sync.Mutex
	count map[plan.ControllerKey]int
}

// NewInFlight returns an InFlight without reconciles.
func NewInFlight() *InFlight { return &InFlight{count: map[plan.ControllerKey]int{}} }

// begin counts a reconcile of an object that uses the models, until end is
// called.
func (f *InFlight) begin(models []plan.ModelRef) (end func()) {
	f.add(models, 1)
	return func() { f.add(models, -1) }
}

func (f *InFlight) add(models []plan.ModelRef, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, model := range models {
		if f.count[model.Controller] += n; f.count[model.Controller] == 0 {
			delete(f.count, model.Controller)
		}
	}
}

// any reports whether a reconcile that uses a controller object is in progress.
func (f *InFlight) any(key plan.ControllerKey) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count[key] > 0
}

// handOver claims or releases a controller object. It returns nil if this
// installation serves it. The reconcile ends after a claim: the event of the
// claim also reconciles the objects that use the controller object.
func (r *ControllerReconciler) handOver(ctx context.Context, obj v1alpha1.ControllerObject) error {
	facts, err := r.observeHandover(ctx, obj)
	if err != nil {
		return err
	}
	service := r.Scope.installation().ServiceOf(facts)
	if service != plan.Serving {
		r.forget(client.ObjectKeyFromObject(obj))
	}
	switch service {
	case plan.Serving:
		return nil
	case plan.Claiming:
		err = r.setServedBy(ctx, obj, r.Scope.Lease.Name)
		if err == nil && obj.GetStatus().ServedBy == "" {
			return nil // The CRD is older than the operator, and does not store the name.
		}
	case plan.Releasing:
		r.Connections.Forget(keyOf(obj))
		err = r.setServedBy(ctx, obj, "")
	case plan.Awaiting:
		err = errAwaiting
	case plan.Draining:
		err = errDraining
	case plan.Unserved:
	}
	if err != nil {
		return err
	}
	return errNotServed
}

// observeHandover gathers the facts about which installation serves a
// controller object.
func (r *ControllerReconciler) observeHandover(
	ctx context.Context, obj v1alpha1.ControllerObject,
) (plan.Handover, error) {
	facts := plan.Handover{
		Class: obj.ConnectionSpec().ControllerClass, ServedBy: obj.GetStatus().ServedBy, Busy: r.InFlight.any(keyOf(obj)),
	}
	if !r.Scope.installation().MustAskLeader(facts) {
		return facts, nil
	}
	lease := new(coordinationv1.Lease)
	err := r.Get(ctx, client.ObjectKey{Namespace: r.Scope.Lease.Namespace, Name: facts.ServedBy}, lease)
	if client.IgnoreNotFound(err) != nil {
		return facts, err
	}
	facts.Stopped = apierrors.IsNotFound(err) || !held(lease, r.Now())
	return facts, nil
}

// held reports whether a Lease has a holder. A holder that does not renew it
// keeps it for twice its duration, because the clocks of two nodes differ.
func held(lease *coordinationv1.Lease, now time.Time) bool {
	renewed, seconds := lease.Spec.RenewTime, ptr.Deref(lease.Spec.LeaseDurationSeconds, 0)
	return ptr.Deref(lease.Spec.HolderIdentity, "") != "" && renewed != nil &&
		now.Before(renewed.Add(2*time.Duration(seconds)*time.Second))
}
