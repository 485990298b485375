// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

// +kubebuilder:rbac:groups=jujusecrets.io,resources=clusterjujucontrollers,verbs=get;list;watch
// +kubebuilder:rbac:groups=jujusecrets.io,resources=clusterjujucontrollers/status,verbs=patch

// ControllerReconciler keeps the connections that ClusterJujuControllers describe.
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
	verdict, connect := plan.ForController(seen)
	var health plan.Health
	if connect {
		health = r.Connections.Set(ctx, obj.Name, seen.Connection, obj.Spec.DriftDetection.Interval.Duration)
		verdict = plan.ForHealth(health)
	}
	before := obj.DeepCopy()
	next, report := status.NextController(obj.Status, obj.Generation, verdict, health, r.Now())
	obj.Status = next
	return r.report(ctx, before, obj, report)
}

// observe reads the credentials.
func (r *ControllerReconciler) observe(ctx context.Context, obj *v1alpha1.ClusterJujuController) (plan.ControllerSeen, error) {
	ref := obj.Spec.Credentials.UserPass.SecretRef
	var secret corev1.Secret
	err := r.Get(ctx, client.ObjectKey{Namespace: ref.Namespace, Name: ref.Name}, &secret)
	return plan.ControllerSeen{
		CredentialsSecret: ref.Namespace + "/" + ref.Name,
		CredentialsFound:  err == nil,
		Connection: content.Connection{
			Addresses:     obj.Spec.Addresses,
			CACertificate: obj.Spec.CACertificate,
			Username:      string(secret.Data["username"]),
			Password:      content.Seal(string(secret.Data["password"])),
		},
	}, client.IgnoreNotFound(err)
}

// SetupWithManager registers the reconciler, and what wakes it.
func (r *ControllerReconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, wakeups *Wakeups) error {
	if err := indexControllers(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	controllers := &v1alpha1.ClusterJujuControllerList{}
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.ClusterJujuController{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WatchesMetadata(&corev1.Secret{}, r.wake(controllers, anywhereBy(credentialsSecrets, objectKey))).
		WatchesRawSource(wakeups.source(itself)).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency}).
		Complete(r)
}
