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
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

// +kubebuilder:rbac:groups=jujusecrets.io,resources=clusterjujucontrollers;jujucontrollers,verbs=list;watch;patch
// +kubebuilder:rbac:groups=jujusecrets.io,resources=clusterjujucontrollers/status;jujucontrollers/status,verbs=patch

// ControllerReconciler keeps the connections that the controller objects of one kind describe, and the objects themselves for as
// long as something that was made through them is in Juju.
type ControllerReconciler struct {
	Kit

	Connections Connections
	// Local is for JujuControllers, otherwise it is for ClusterJujuControllers.
	Local bool
}

// Reconcile connects to the controller that one object describes: see, decide, do, say.
func (r *ControllerReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	obj := r.newObject()
	end, later, err := r.begin(ctx, req.NamespacedName, obj)
	if apierrors.IsNotFound(err) {
		r.Connections.Forget(objectKeyOf(req.Namespace, req.Name))
	}
	if err != nil || later > 0 {
		return ctrl.Result{RequeueAfter: later}, client.IgnoreNotFound(err)
	}
	defer end()
	seen, uses, err := r.observe(ctx, obj)
	if err != nil {
		return ctrl.Result{}, err
	}
	todo := plan.ForController(seen)
	health, err := r.connect(ctx, obj, seen, todo)
	if err != nil || todo.Leave {
		return retry(err)
	}
	before := obj.DeepCopyObject().(v1alpha1.ControllerObject) //nolint:forcetypeassert // A copy has the type of the original.
	next, report := status.NextController(*obj.Found(), obj.Connects(), obj.GetGeneration(), todo, health, uses, r.Now())
	*obj.Found() = next
	obj.Found().LastHandledReconcileAt = requestedAt(obj)
	return r.report(ctx, before, obj, report)
}

// newObject makes an empty object of the kind.
func (r *ControllerReconciler) newObject() v1alpha1.ControllerObject {
	if r.Local {
		return new(v1alpha1.JujuController)
	}
	return new(v1alpha1.ClusterJujuController)
}

// kind is what the objects are.
func (r *ControllerReconciler) kind() string {
	if r.Local {
		return string(v1alpha1.KindJujuController)
	}
	return string(v1alpha1.KindClusterJujuController)
}

// observe reads what it takes to connect, and looks for who uses the object, and for what models.
func (r *ControllerReconciler) observe(ctx context.Context, obj v1alpha1.ControllerObject) (plan.ControllerSeen, []plan.ModelUse, error) {
	seen := plan.ControllerSeen{
		Deleting: !obj.GetDeletionTimestamp().IsZero(), Held: isHeld(obj),
		Elsewhere: obj.Connects().ControllerClass != r.Scope.Class,
	}
	if seen.Elsewhere {
		return seen, nil, nil
	}
	var err error
	if seen.User, err = r.userOf(ctx, keyOf(obj)); err != nil {
		return seen, nil, err
	}
	uses, err := r.modelUses(ctx, keyOf(obj))
	if err != nil {
		return seen, nil, err
	}
	return seen, uses, r.observeSources(ctx, obj, &seen)
}

// connect puts the finalizers where they belong, and then sets the connection.
func (r *ControllerReconciler) connect(ctx context.Context, obj v1alpha1.ControllerObject, seen plan.ControllerSeen, todo plan.ControllerPlan) (plan.Health, error) {
	if todo.Leave {
		r.Connections.Forget(keyOf(obj))
		return plan.Health{}, nil
	}
	if todo.HoldCredentials {
		secret := metadataOf(kindSecret)
		err := r.Get(ctx, credentialsOf(obj).key, secret)
		if err == nil {
			err = r.hold(ctx, secret, true)
		}
		if err != nil {
			return plan.Health{}, err
		}
	}
	if todo.ReleaseCredentials {
		// Before the object itself goes: an operator that ends in between may never come back.
		if err := r.releaseCredentials(ctx, obj); err != nil {
			return plan.Health{}, err
		}
	}
	if err := r.hold(ctx, obj, todo.Held); err != nil {
		return plan.Health{}, err
	}
	if !todo.Connect {
		return plan.Health{}, nil
	}
	if requestedAt(obj) != obj.Found().LastHandledReconcileAt {
		r.Connections.Retry(keyOf(obj))
	}
	connection := seen.Connection
	connection.CACertificate = todo.CACertificate
	health := r.Connections.Set(ctx, keyOf(obj), connection, obj.Connects().DriftDetection.Interval.Duration)
	return health, ctx.Err() // A look that was cut off saw nothing.
}

// releaseCredentials lets the Secret go that a controller object has its credentials in, unless another one needs it as well.
func (r *ControllerReconciler) releaseCredentials(ctx context.Context, obj v1alpha1.ControllerObject) error {
	key := credentialsOf(obj).key
	named, _, err := r.namedBy(ctx, key.String())
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
	return client.IgnoreNotFound(r.hold(ctx, secret, false))
}

// isHeld tells that an object has the finalizer.
func isHeld(obj client.Object) bool { return controllerutil.ContainsFinalizer(obj, finalizer) }

// SetupWithManager registers the reconciler, and what wakes it.
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
		For(r.newObject(), builder.WithPredicates(specOrRequest())).
		WatchesMetadata(&corev1.Secret{}, r.wake(objects, anywhereBy(readSecrets, objectKey))).
		WatchesMetadata(&corev1.ConfigMap{}, r.wake(objects, anywhereBy(readConfigMaps, objectKey))).
		Watches(&v1alpha1.JujuSecret{}, r.wakeControllers(r.ifGoing), released()).
		Watches(&v1alpha1.JujuSecretAccess{}, r.wakeControllers(r.ifGoing), released()).
		Watches(&v1alpha1.JujuSecret{}, countLater(r.Local), usesChanged()).
		Watches(&v1alpha1.JujuSecretAccess{}, countLater(r.Local), usesChanged()).
		WatchesRawSource(wakeups.source(r.itself)).
		WatchesRawSource(r.turns.source()).
		WithOptions(workOn(mgr, r.kind())).
		Complete(r)
}

// ifGoing is the key of a controller object of the kind that waits to go; the others need not know who uses them.
func (r *ControllerReconciler) ifGoing(c v1alpha1.ControllerObject) client.ObjectKey {
	if c.GetDeletionTimestamp().IsZero() || (c.GetNamespace() != "") != r.Local {
		return client.ObjectKey{}
	}
	return client.ObjectKeyFromObject(c)
}
