// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

// +kubebuilder:rbac:groups=jujusecrets.io,resources=clusterjujucontrollers;jujucontrollers,verbs=list;watch;patch
// +kubebuilder:rbac:groups=jujusecrets.io,resources=clusterjujucontrollers/status;jujucontrollers/status,verbs=patch

// ControllerReconciler keeps the connections that the controller objects of one
// kind describe. It keeps the finalizer on a controller object as long as a
// secret or a grant that was made through it is in Juju.
type ControllerReconciler struct {
	base

	Connections Connections
	// Local is true for JujuControllers, and false for ClusterJujuControllers.
	Local bool
}

// NewControllerReconciler returns the reconciler of JujuControllers if local is
// true, otherwise of ClusterJujuControllers.
func NewControllerReconciler(options Options, connections Connections, local bool) *ControllerReconciler {
	return &ControllerReconciler{base: newBase(options), Connections: connections, Local: local}
}

// Reconcile connects to the controller that one object describes: observe,
// decide, act, report.
func (r *ControllerReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	requeueAfter, err := r.reconcile(ctx, req.NamespacedName)
	if errors.Is(err, errDeleted) || errors.Is(err, errNotServed) || errors.Is(err, errAwaiting) {
		r.Connections.Forget(plan.NewControllerKey(req.Namespace, req.Name))
	}
	return requeue(requeueAfter, err)
}

func (r *ControllerReconciler) reconcile(
	ctx context.Context, key client.ObjectKey,
) (requeueAfter time.Duration, err error) {
	obj := r.newObject()
	if err := r.get(ctx, key, obj); err != nil {
		return 0, err
	}
	if err := r.handOver(ctx, obj); err != nil {
		return 0, err
	}
	release, err := r.acquire(ctx, obj, plan.ModelRef{Controller: keyOf(obj)})
	if err != nil {
		return 0, err
	}
	defer release()
	facts, uses, err := r.observe(ctx, obj)
	if err != nil {
		return 0, err
	}
	todo := plan.ForController(facts)
	health, err := r.connect(ctx, obj, facts, todo)
	if err != nil {
		return 0, err
	}
	before := obj.DeepCopyObject().(v1alpha1.ControllerObject) //nolint:forcetypeassert // A copy has the same type.
	next, report := status.NextController(
		*obj.GetStatus(), obj.ConnectionSpec(), obj.GetGeneration(), todo, health, uses, r.Now(),
	)
	*obj.GetStatus() = next
	if todo.Connect && !health.Pending {
		obj.GetStatus().LastHandledReconcileAt = requestedAt(obj)
	}
	return report.LookAgain, r.report(ctx, before, obj, report.Events)
}

// newObject returns an empty object of the kind.
func (r *ControllerReconciler) newObject() v1alpha1.ControllerObject {
	if r.Local {
		return new(v1alpha1.JujuController)
	}
	return new(v1alpha1.ClusterJujuController)
}

// kind returns the kind of the objects.
func (r *ControllerReconciler) kind() string {
	if r.Local {
		return string(v1alpha1.KindJujuController)
	}
	return string(v1alpha1.KindClusterJujuController)
}

// observe gathers the facts to connect, and the objects and models that use the
// controller object.
func (r *ControllerReconciler) observe(
	ctx context.Context, obj v1alpha1.ControllerObject,
) (plan.ControllerFacts, []plan.ModelUse, error) {
	facts := plan.ControllerFacts{
		Deleting: !obj.GetDeletionTimestamp().IsZero(), Held: hasFinalizer(obj),
	}
	var err error
	if facts.User, err = r.userOf(ctx, keyOf(obj)); err != nil {
		return facts, nil, err
	}
	uses, err := r.modelUses(ctx, keyOf(obj))
	if err != nil {
		return facts, nil, err
	}
	return facts, uses, r.observeSources(ctx, obj, &facts)
}

// connect sets or removes the finalizers, and then sets the connection.
func (r *ControllerReconciler) connect(
	ctx context.Context, obj v1alpha1.ControllerObject, facts plan.ControllerFacts, todo plan.ControllerPlan,
) (plan.Health, error) {
	if todo.HoldCredentials {
		secret := metadataOf(kindSecret)
		err := r.Get(ctx, credentialsOf(obj).key, secret)
		if err == nil {
			err = r.setFinalizer(ctx, secret, true)
		}
		if err != nil {
			return plan.Health{}, err
		}
	}
	if todo.ReleaseCredentials {
		// This comes before the removal of the object's own finalizer. If the
		// operator is uninstalled in between, it cannot remove this one later.
		if err := r.releaseCredentials(ctx, obj); err != nil {
			return plan.Health{}, err
		}
	}
	if err := r.setFinalizer(ctx, obj, todo.Held); err != nil {
		return plan.Health{}, asDeleted(err)
	}
	if !todo.Connect {
		return plan.Health{}, nil
	}
	connection, interval := facts.Connection, obj.ConnectionSpec().DriftDetection.Interval.Duration
	connection.CACertificate = todo.CACertificate
	request := requestedAt(obj)
	requested := request != obj.GetStatus().LastHandledReconcileAt
	if requested {
		r.Connections.Retry(keyOf(obj), request)
	}
	health := r.Connections.Set(ctx, keyOf(obj), connection, interval)
	if requested {
		tried := r.Connections.Tried(ctx, keyOf(obj), request)
		health = r.Connections.Set(ctx, keyOf(obj), connection, interval) // With the result of the login.
		health.Pending = !tried
	}
	return health, ctx.Err() // If ctx ended, the health is incomplete.
}

// releaseCredentials removes the finalizer from the credentials Secret of a
// controller object, unless another controller object needs the Secret.
func (r *ControllerReconciler) releaseCredentials(ctx context.Context, obj v1alpha1.ControllerObject) error {
	key := credentialsOf(obj).key
	named, _, err := r.controllersByCredentials(ctx, key.String())
	if err != nil {
		return err
	}
	for _, other := range named {
		if keyOf(other) == keyOf(obj) {
			continue
		}
		user, err := r.userOf(ctx, keyOf(other))
		if err != nil || user != "" || other.GetDeletionTimestamp().IsZero() {
			return err
		}
	}
	secret := metadataOf(kindSecret)
	if err := r.Get(ctx, key, secret); err != nil {
		return client.IgnoreNotFound(err)
	}
	return client.IgnoreNotFound(r.setFinalizer(ctx, secret, false))
}

// SetupWithManager registers the reconciler and its watches.
func (r *ControllerReconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, wakeups *Wakeups) error {
	var objects client.ObjectList = &v1alpha1.ClusterJujuControllerList{}
	index := indexClusterControllers
	if r.Local {
		objects, index = &v1alpha1.JujuControllerList{}, indexLocalControllers
	}
	if err := index(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).
		For(r.newObject(), builder.WithPredicates(predicate.Or(specOrRequest(), servedByChanged()))).
		WatchesMetadata(&corev1.Secret{}, r.wake(objects, inAllNamespacesBy(readSecretIndex, objectKey))).
		WatchesMetadata(&corev1.ConfigMap{}, r.wake(objects, inAllNamespacesBy(readConfigMapIndex, objectKey))).
		Watches(&v1alpha1.JujuSecret{}, r.wakeControllers(r.ifDeleting), r.controllerReleased()).
		Watches(&v1alpha1.JujuSecretAccess{}, r.wakeControllers(r.ifDeleting), r.controllerReleased()).
		Watches(&v1alpha1.JujuSecret{}, r.wakeLater(), r.usesChanged()).
		Watches(&v1alpha1.JujuSecretAccess{}, r.wakeLater(), r.usesChanged()).
		WatchesRawSource(wakeups.source(r.ownRequest)).
		WatchesRawSource(r.fairQueue.source()).
		WithOptions(controllerOptions(mgr, r.kind())).
		Complete(r)
}

// ifDeleting returns the key of a controller object of the kind if it is being
// deleted, otherwise an empty key. Other controller objects do not depend on
// the objects that use them.
func (r *ControllerReconciler) ifDeleting(_ context.Context, c v1alpha1.ControllerObject) client.ObjectKey {
	if c.GetDeletionTimestamp().IsZero() || (c.GetNamespace() != "") != r.Local {
		return client.ObjectKey{}
	}
	return client.ObjectKeyFromObject(c)
}
