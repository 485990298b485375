// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

// +kubebuilder:rbac:groups=jujusecrets.io,resources=jujusecretaccesses,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=jujusecrets.io,resources=jujusecretaccesses/status,verbs=patch

// AccessReconciler makes Juju grant what JujuSecretAccesses ask for.
type AccessReconciler struct{ Kit }

// Reconcile makes Juju grant what one JujuSecretAccess asks for: see, decide, do, say.
func (r *AccessReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	obj := new(v1alpha1.JujuSecretAccess)
	switch stale, err := r.get(ctx, req.NamespacedName, obj); {
	case err != nil:
		return ctrl.Result{}, client.IgnoreNotFound(err)
	case stale:
		return ctrl.Result{RequeueAfter: cacheRetry}, nil
	}
	seen, err := r.observe(ctx, obj)
	if err != nil {
		return ctrl.Result{}, err
	}
	todo := plan.ForAccess(seen)
	done, err := r.act(ctx, obj, seen.Record, todo)
	if err != nil {
		return retry(err)
	}
	before := obj.DeepCopy()
	next, report := status.NextAccess(obj.Status, obj.Generation, seen, todo, done, r.Now())
	obj.Status = next
	obj.Status.LastHandledReconcileAt = requestedAt(obj)
	return r.report(ctx, before, obj, report)
}

// SetupWithManager registers the reconciler, and what wakes it.
func (r *AccessReconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, wakeups *Wakeups) error {
	if err := indexAccesses(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	accesses := &v1alpha1.JujuSecretAccessList{}
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.JujuSecretAccess{}, specOrRequest()).
		Watches(&v1alpha1.JujuSecretAccess{}, r.wake(accesses, anywhereBy(accessSecret, grantedSecret)), grantsMatter()).
		Watches(&v1alpha1.JujuSecret{}, r.wake(accesses, neighboursBy(accessSecretRef)), secretMatters()).
		WatchesMetadata(&corev1.Namespace{}, r.wake(accesses, inhabitants), labelsMatter()).
		Watches(&v1alpha1.ClusterJujuController{}, r.wake(accesses, anywhereBy(ofController, objectName)), controllerMatters()).
		WatchesRawSource(wakeups.source(r.concerned(accesses))).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency}).
		Complete(r)
}
