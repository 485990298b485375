// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
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
	secret := metadataOf(kindSecret)
	if err := r.Metadata.Get(ctx, req.NamespacedName, secret); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	seen := plan.CredentialsSeen{Deleting: !secret.DeletionTimestamp.IsZero()}
	named, ours, err := r.namedBy(ctx, req.String())
	if err != nil || len(named) > 0 && !ours {
		return ctrl.Result{}, err
	}
	for _, controller := range named {
		user, err := r.userOf(ctx, keyOf(controller))
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

// namedBy are the controller objects that name a Secret for their credentials. Ours tells that this operator serves one of them.
func (k *Kit) namedBy(ctx context.Context, secret string) (named []v1alpha1.ControllerObject, ours bool, err error) {
	lists := []client.ObjectList{&v1alpha1.JujuControllerList{}}
	if !k.Scope.limited() {
		lists = append(lists, &v1alpha1.ClusterJujuControllerList{})
	}
	for _, list := range lists {
		if err := k.List(ctx, list, client.MatchingFields{credentialsSecrets: secret}); err != nil {
			return nil, false, err
		}
		err := meta.EachListItem(list, func(item runtime.Object) error {
			controller := item.(v1alpha1.ControllerObject) //nolint:forcetypeassert // Both kinds are.
			named = append(named, controller)
			ours = ours || controller.Connects().ControllerClass == k.Scope.Class
			return nil
		})
		if err != nil {
			return nil, false, err
		}
	}
	return named, ours, nil
}

// SetupWithManager registers the reconciler, and what wakes it.
func (r *CredentialsReconciler) SetupWithManager(_ context.Context, mgr ctrl.Manager, _ *Wakeups) error {
	named := handler.EnqueueRequestsFromMapFunc(func(_ context.Context, obj client.Object) []reconcile.Request {
		if controller, ok := obj.(v1alpha1.ControllerObject); ok {
			return []reconcile.Request{{NamespacedName: credentialsOf(controller).key}}
		}
		return nil
	})
	ofSpec := builder.WithPredicates(predicate.GenerationChangedPredicate{})
	theirs := func(c v1alpha1.ControllerObject) client.ObjectKey { return credentialsOf(c).key }
	bldr := ctrl.NewControllerManagedBy(mgr).
		Named("credentials").
		WithLogConstructor(logsOf(mgr, kindSecret)).
		For(&corev1.Secret{}, builder.OnlyMetadata, builder.WithPredicates(predicate.NewPredicateFuncs(isHeld))).
		Watches(&v1alpha1.JujuController{}, named, ofSpec).
		Watches(&v1alpha1.JujuSecret{}, r.wakeControllers(theirs), released()).
		Watches(&v1alpha1.JujuSecretAccess{}, r.wakeControllers(theirs), released())
	if !r.Scope.limited() {
		bldr = bldr.Watches(&v1alpha1.ClusterJujuController{}, named, ofSpec)
	}
	return bldr.Complete(r)
}
