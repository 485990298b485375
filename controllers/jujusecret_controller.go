// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"sync"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

// +kubebuilder:rbac:groups=jujusecrets.io,resources=jujusecrets,verbs=list;watch;patch
// +kubebuilder:rbac:groups=jujusecrets.io,resources=jujusecrets/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// SecretReconciler makes Juju hold what JujuSecrets ask for.
type SecretReconciler struct {
	Kit

	// adoptions are those that began just now, which the cache may not show yet: an adoption by the secret's ID.
	adoptions sync.Map
}

// Reconcile makes Juju hold what one JujuSecret asks for: see, decide, do, say.
func (r *SecretReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	obj, began := new(v1alpha1.JujuSecret), r.Now()
	end, later, err := r.begin(ctx, req.NamespacedName, obj)
	if err != nil || later > 0 {
		return ctrl.Result{RequeueAfter: later}, client.IgnoreNotFound(err)
	}
	defer end()
	seen, err := r.observe(ctx, obj)
	if err != nil {
		return ctrl.Result{}, err
	}
	todo := plan.ForSecret(seen)
	if !r.reserve(obj, seen.Record, todo.Before) {
		return ctrl.Result{RequeueAfter: conflictRetry}, nil
	}
	done, err := r.act(ctx, obj, seen.Record, todo)
	if err != nil {
		return retry(err)
	}
	r.measure(obj, kindJujuSecret, began, todo, done)
	r.measureDrift(obj, seen, todo, done)
	before := obj.DeepCopy()
	next, report := status.NextSecret(obj.Status, obj.Generation, todo, done, r.Now())
	if !todo.Silent {
		obj.Status = next
		obj.Status.LastHandledReconcileAt = requestedAt(obj)
		r.attest(obj, seen)
	}
	return r.report(ctx, before, obj, report)
}

// SetupWithManager registers the reconciler, and what wakes it.
func (r *SecretReconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, wakeups *Wakeups) error {
	if err := indexSecrets(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	secrets := &v1alpha1.JujuSecretList{}
	bldr := ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.JujuSecret{}, r.ownChanges()).
		Watches(&v1alpha1.JujuSecret{}, r.wakeRivals(), stakesMatter()).
		WatchesMetadata(&corev1.Secret{}, r.wakeChanged(secrets, neighboursBy(secretSources))).
		WatchesMetadata(&corev1.ConfigMap{}, r.wakeChanged(secrets, neighboursBy(configMapSources))).
		Watches(&v1alpha1.JujuController{}, r.wake(secrets, anywhereBy(ofController, controllerKey)), controllerMatters()).
		WatchesRawSource(wakeups.source(r.concerned(secrets))).
		WatchesRawSource(r.turns.source()).
		WithOptions(workOn(mgr, kindJujuSecret))
	return r.watchCluster(bldr, secrets).Complete(r)
}
