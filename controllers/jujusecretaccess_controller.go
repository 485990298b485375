// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

// +kubebuilder:rbac:groups=jujusecrets.io,resources=jujusecretaccesses,verbs=list;watch;patch
// +kubebuilder:rbac:groups=jujusecrets.io,resources=jujusecretaccesses/status,verbs=patch

// AccessReconciler makes Juju grant what JujuSecretAccesses ask for.
type AccessReconciler struct{ Kit }

// Reconcile makes Juju grant what one JujuSecretAccess asks for: see, decide, do, say.
func (r *AccessReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	obj, began := new(v1alpha1.JujuSecretAccess), r.Now()
	end, later, err := r.begin(ctx, req.NamespacedName, obj)
	if err != nil || later > 0 {
		return ctrl.Result{RequeueAfter: later}, client.IgnoreNotFound(err)
	}
	defer end()
	seen, err := r.observe(ctx, obj)
	if err != nil {
		return ctrl.Result{}, err
	}
	todo := plan.ForAccess(seen)
	done, err := r.act(ctx, obj, seen.Record, todo)
	if err != nil {
		return retry(err)
	}
	r.measure(obj, kindJujuSecretAccess, began, todo, done)
	before := obj.DeepCopy()
	next, report := status.NextAccess(obj.Status, obj.Generation, seen, todo, done, r.Now())
	obj.Status = next
	if !todo.Silent || seen.Target.Coming {
		obj.Status.LastHandledReconcileAt = requestedAt(obj)
	}
	return r.report(ctx, before, obj, report)
}

// SetupWithManager registers the reconciler, and what wakes it.
func (r *AccessReconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, wakeups *Wakeups) error {
	if err := indexAccesses(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	accesses := &v1alpha1.JujuSecretAccessList{}
	bldr := ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.JujuSecretAccess{}, r.ownChanges()).
		Watches(&v1alpha1.JujuSecretAccess{}, r.wake(accesses, anywhereBy(accessSecret, grantedSecret)), grantsMatter()).
		Watches(&v1alpha1.JujuSecret{}, r.wakeChanged(accesses, neighboursBy(accessSecretRef)), secretMatters()).
		Watches(&v1alpha1.JujuController{}, r.wake(accesses, anywhereBy(ofController, controllerKey)), controllerMatters()).
		WatchesRawSource(wakeups.source(r.concerned(accesses))).
		WatchesRawSource(r.turns.source()).
		WithOptions(workOn(mgr, kindJujuSecretAccess))
	return r.watchCluster(bldr, accesses).Complete(r)
}
