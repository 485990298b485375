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

// CredentialsReconciler removes the finalizer from Secrets with credentials.
// ControllerReconciler adds it.
type CredentialsReconciler struct {
	base

	// Metadata reads the metadata of Secrets from the cache.
	Metadata client.Reader
}

// NewCredentialsReconciler returns the reconciler of Secrets with credentials.
// It reads the metadata of Secrets from the cache.
func NewCredentialsReconciler(options Options, metadata client.Reader) *CredentialsReconciler {
	return &CredentialsReconciler{base: newBase(options), Metadata: metadata}
}

// Reconcile removes the finalizer from one Secret once nothing in Juju needs
// its credentials: observe, decide, act.
func (r *CredentialsReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	return requeue(0, r.reconcile(ctx, req.NamespacedName))
}

func (r *CredentialsReconciler) reconcile(ctx context.Context, key client.ObjectKey) error {
	secret := metadataOf(kindSecret)
	if err := r.Metadata.Get(ctx, key, secret); err != nil {
		return asDeleted(err)
	}
	facts := plan.CredentialsFacts{Deleting: !secret.DeletionTimestamp.IsZero()}
	named, served, err := r.controllersByCredentials(ctx, key.String())
	if err != nil || len(named) > 0 && !served {
		return err
	}
	for _, controller := range named {
		user, err := r.userOf(ctx, keyOf(controller))
		if err != nil {
			return err
		}
		facts.Named, facts.InUse = true, facts.InUse || user != ""
	}
	if plan.ForCredentials(facts) {
		return nil
	}
	return asDeleted(r.setFinalizer(ctx, secret, false))
}

// controllersByCredentials returns the controller objects that refer to a
// Secret for their credentials. served is true if this installation serves one
// of them.
func (b *base) controllersByCredentials(
	ctx context.Context, secret string,
) (named []v1alpha1.ControllerObject, served bool, err error) {
	lists := []client.ObjectList{&v1alpha1.JujuControllerList{}}
	if !b.Scope.limited() {
		lists = append(lists, &v1alpha1.ClusterJujuControllerList{})
	}
	for _, list := range lists {
		if err := b.List(ctx, list, client.MatchingFields{credentialsIndex: secret}); err != nil {
			return nil, false, err
		}
		err := meta.EachListItem(list, func(item runtime.Object) error {
			controller := item.(v1alpha1.ControllerObject) //nolint:forcetypeassert // Both kinds implement it.
			named = append(named, controller)
			served = served || controller.ConnectionSpec().ControllerClass == b.Scope.Class
			return nil
		})
		if err != nil {
			return nil, false, err
		}
	}
	return named, served, nil
}

// SetupWithManager registers the reconciler and its watches.
func (r *CredentialsReconciler) SetupWithManager(_ context.Context, mgr ctrl.Manager, _ *Wakeups) error {
	named := handler.EnqueueRequestsFromMapFunc(func(_ context.Context, obj client.Object) []reconcile.Request {
		if controller, ok := obj.(v1alpha1.ControllerObject); ok {
			return []reconcile.Request{{NamespacedName: credentialsOf(controller).key}}
		}
		return nil
	})
	ofSpec := builder.WithPredicates(predicate.GenerationChangedPredicate{})
	// The finalizer of a Secret is removed only if its controller object, or
	// the Secret itself, is being deleted.
	ifReleasable := func(ctx context.Context, c v1alpha1.ControllerObject) client.ObjectKey {
		key, secret := credentialsOf(c).key, metadataOf(kindSecret)
		if c.GetDeletionTimestamp().IsZero() &&
			(r.Metadata.Get(ctx, key, secret) != nil || secret.DeletionTimestamp.IsZero()) {
			return client.ObjectKey{}
		}
		return key
	}
	bldr := ctrl.NewControllerManagedBy(mgr).
		Named("credentials").
		WithLogConstructor(logConstructor(mgr, kindSecret)).
		For(&corev1.Secret{}, builder.OnlyMetadata, builder.WithPredicates(predicate.NewPredicateFuncs(hasFinalizer))).
		Watches(&v1alpha1.JujuController{}, named, ofSpec).
		Watches(&v1alpha1.JujuSecret{}, r.wakeControllers(ifReleasable), r.controllerReleased()).
		Watches(&v1alpha1.JujuSecretAccess{}, r.wakeControllers(ifReleasable), r.controllerReleased())
	if !r.Scope.limited() {
		bldr = bldr.Watches(&v1alpha1.ClusterJujuController{}, named, ofSpec)
	}
	return bldr.Complete(r)
}
