// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

// +kubebuilder:rbac:groups=jujusecrets.io,resources=clusterjujucontrollers,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=jujusecrets.io,resources=clusterjujucontrollers/status,verbs=patch

// ControllerReconciler keeps the connections that ClusterJujuControllers describe, and the objects themselves for as long as
// something that was made through them is in Juju.
type ControllerReconciler struct {
	Kit

	Connections Connections
}

// Reconcile connects to the controller that one ClusterJujuController describes: see, decide, do, say.
func (r *ControllerReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	obj := new(v1alpha1.ClusterJujuController)
	stale, err := r.get(ctx, req.NamespacedName, obj)
	switch {
	case apierrors.IsNotFound(err):
		r.Connections.Forget(req.Name)
		return ctrl.Result{}, nil
	case err != nil:
		return ctrl.Result{}, err
	case stale:
		return ctrl.Result{RequeueAfter: cacheRetry}, nil
	}
	seen, err := r.observe(ctx, obj)
	if err != nil {
		return ctrl.Result{}, err
	}
	todo := plan.ForController(seen)
	health, err := r.connect(ctx, obj, seen, todo)
	if err != nil {
		return retry(err)
	}
	before := obj.DeepCopy()
	next, report := status.NextController(obj.Status, obj.Generation, plan.ForHealth(todo.Verdict, health), health, r.Now())
	obj.Status = next
	return r.report(ctx, before, obj, report)
}

// observe reads the credentials, and looks for who uses the object.
func (r *ControllerReconciler) observe(ctx context.Context, obj *v1alpha1.ClusterJujuController) (plan.ControllerSeen, error) {
	user, err := r.userOf(ctx, obj.Name)
	if err != nil {
		return plan.ControllerSeen{}, err
	}
	key := credentialsKey(obj)
	var secret corev1.Secret
	err = r.Get(ctx, key, &secret)
	return plan.ControllerSeen{
		Deleting: !obj.DeletionTimestamp.IsZero(), Held: controllerutil.ContainsFinalizer(obj, finalizer), User: user,
		CredentialsSecret: key.String(), CredentialsFound: err == nil,
		CredentialsHeld: controllerutil.ContainsFinalizer(&secret, finalizer), CredentialsGoing: !secret.DeletionTimestamp.IsZero(),
		Connection: content.Connection{
			Addresses:     obj.Spec.Addresses,
			CACertificate: obj.Spec.CACertificate,
			Username:      string(secret.Data["username"]),
			Password:      content.Seal(string(secret.Data["password"])),
		},
	}, client.IgnoreNotFound(err)
}

// userOf is the namespace/name of an object for which something in Juju was made through a controller object, empty if there
// is none.
func (k *Kit) userOf(ctx context.Context, controller string) (string, error) {
	for _, list := range []client.ObjectList{&v1alpha1.JujuSecretList{}, &v1alpha1.JujuSecretAccessList{}} {
		if err := k.List(ctx, list, client.MatchingFields{holding: controller}, client.Limit(1)); err != nil {
			return "", err
		}
		user := ""
		err := meta.EachListItem(list, func(item runtime.Object) error {
			user = client.ObjectKeyFromObject(item.(client.Object)).String() //nolint:forcetypeassert // Items of our lists are objects.
			return nil
		})
		if user != "" || err != nil {
			return user, err
		}
	}
	return "", nil
}

// connect puts the finalizers where they belong, and then sets the connection.
func (r *ControllerReconciler) connect(ctx context.Context, obj *v1alpha1.ClusterJujuController, seen plan.ControllerSeen, todo plan.ControllerPlan) (plan.Health, error) {
	if todo.HoldCredentials {
		secret := metadataOf("Secret")
		err := r.Get(ctx, credentialsKey(obj), secret)
		if err == nil {
			err = r.hold(ctx, secret, true)
		}
		if err != nil {
			return plan.Health{}, err
		}
	}
	if err := r.hold(ctx, obj, todo.Held); err != nil {
		return plan.Health{}, err
	}
	if !todo.Connect {
		return plan.Health{}, nil
	}
	return r.Connections.Set(ctx, obj.Name, seen.Connection, obj.Spec.DriftDetection.Interval.Duration), nil
}

// SetupWithManager registers the reconciler, and what wakes it.
func (r *ControllerReconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, wakeups *Wakeups) error {
	if err := indexControllers(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	controllers := &v1alpha1.ClusterJujuControllerList{}
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.ClusterJujuController{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, finalizerLost()))).
		WatchesMetadata(&corev1.Secret{}, r.wake(controllers, anywhereBy(credentialsSecrets, objectKey))).
		Watches(&v1alpha1.JujuSecret{}, r.wakeControllers(ifGoing), released()).
		Watches(&v1alpha1.JujuSecretAccess{}, r.wakeControllers(ifGoing), released()).
		WatchesRawSource(wakeups.source(itsController)).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency}).
		Complete(r)
}
