// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch;patch

// CredentialsReconciler lets go of Secrets that were held for their credentials. ControllerReconciler is who holds them.
type CredentialsReconciler struct {
	Kit

	// Metadata is the cache of what the operator watches of Secrets.
	Metadata client.Reader
}

// Reconcile lets one Secret go once nothing in Juju needs its credentials: see, decide, do.
func (r *CredentialsReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	secret := metadataOf("Secret")
	if err := r.Metadata.Get(ctx, req.NamespacedName, secret); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	seen := plan.CredentialsSeen{Deleting: !secret.DeletionTimestamp.IsZero()}
	var named v1alpha1.ClusterJujuControllerList
	if err := r.List(ctx, &named, client.MatchingFields{credentialsSecrets: req.String()}); err != nil {
		return ctrl.Result{}, err
	}
	for i := range named.Items {
		user, err := r.userOf(ctx, named.Items[i].Name)
		if err != nil {
			return ctrl.Result{}, err
		}
		seen.Named, seen.InUse = true, seen.InUse || user != ""
	}
	if plan.ForCredentials(seen) {
		return ctrl.Result{}, nil
	}
	return retry(r.hold(ctx, secret, false))
}

// SetupWithManager registers the reconciler, and what wakes it.
func (r *CredentialsReconciler) SetupWithManager(_ context.Context, mgr ctrl.Manager, _ *Wakeups) error {
	held := predicate.NewPredicateFuncs(func(obj client.Object) bool { return controllerutil.ContainsFinalizer(obj, finalizer) })
	named := handler.EnqueueRequestsFromMapFunc(func(_ context.Context, obj client.Object) []reconcile.Request {
		if controller, ok := obj.(*v1alpha1.ClusterJujuController); ok {
			return []reconcile.Request{{NamespacedName: credentialsKey(controller)}}
		}
		return nil
	})
	return ctrl.NewControllerManagedBy(mgr).
		Named("credentials").
		For(&corev1.Secret{}, builder.OnlyMetadata, builder.WithPredicates(held)).
		Watches(&v1alpha1.ClusterJujuController{}, named, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.JujuSecret{}, r.wakeControllers(credentialsKey), released()).
		Watches(&v1alpha1.JujuSecretAccess{}, r.wakeControllers(credentialsKey), released()).
		Complete(r)
}
