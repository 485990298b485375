// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"

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

// Reconcile removes the finalizer from one Secret once its credentials are not
// needed or can be replaced: observe, decide, act.
func (r *CredentialsReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	return requeue(r.reconcile(ctx, req.NamespacedName))
}

func (r *CredentialsReconciler) reconcile(
	ctx context.Context, key client.ObjectKey,
) (requeueAfter time.Duration, err error) {
	secret := metadataOf(kindSecret)
	if err := r.Metadata.Get(ctx, key, secret); err != nil {
		return 0, asDeleted(err)
	}
	named, served, err := r.controllersByCredentials(ctx, key.String())
	if err != nil || len(named) > 0 && !served {
		return 0, err
	}
	facts, err := r.observe(ctx, secret, named)
	if err != nil {
		return 0, err
	}
	held, again := plan.ForCredentials(facts)
	if held {
		return again, nil
	}
	return 0, asDeleted(r.setFinalizer(ctx, secret, false))
}

// observe gathers the facts about a Secret that controller objects refer to.
func (r *CredentialsReconciler) observe(
	ctx context.Context, secret client.Object, named []v1alpha1.ControllerObject,
) (plan.CredentialsFacts, error) {
	facts := plan.CredentialsFacts{Named: len(named) > 0}
	if deleted := secret.GetDeletionTimestamp(); !deleted.IsZero() {
		facts.Deleting, facts.Age = true, r.Now().Sub(deleted.Time)
	}
	for _, controller := range named {
		user, err := r.userOf(ctx, keyOf(controller))
		if err != nil {
			return facts, err
		}
		if user != "" {
			facts.InUse = true
			facts.LastUse = facts.LastUse || !controller.GetDeletionTimestamp().IsZero()
		}
	}
	if !facts.Deleting || !facts.InUse || facts.LastUse || r.Scope.limited() {
		return facts, nil
	}
	ns := namespaceMetadata()
	if err := r.Get(ctx, client.ObjectKey{Name: secret.GetNamespace()}, ns); err != nil {
		return facts, err
	}
	facts.LastUse = !ns.DeletionTimestamp.IsZero()
	return facts, nil
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
			served = served || b.Scope.installation().Reconciles(plan.Reference{
				Controller: keyOf(controller), Exists: true, From: plan.Namespace{Name: controller.GetNamespace()},
				Class: controller.ConnectionSpec().ControllerClass, ServedBy: controller.GetStatus().ServedBy,
			}, false)
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
	served := builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, servedByChanged()))
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
		Watches(&v1alpha1.JujuController{}, named, served).
		Watches(&v1alpha1.JujuSecret{}, r.wakeControllers(ifReleasable), r.controllerReleased()).
		Watches(&v1alpha1.JujuSecretAccess{}, r.wakeControllers(ifReleasable), r.controllerReleased())
	if !r.Scope.limited() {
		bldr = bldr.Watches(&v1alpha1.ClusterJujuController{}, named, served)
	}
	return bldr.Complete(r)
}
