// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

// +kubebuilder:rbac:groups=jujusecrets.io,resources=jujusecretaccesses,verbs=list;watch;patch
// +kubebuilder:rbac:groups=jujusecrets.io,resources=jujusecretaccesses/status,verbs=patch

// AccessReconciler grants and revokes access to secrets in Juju as
// JujuSecretAccesses specify.
type AccessReconciler struct{ objectBase }

// NewAccessReconciler returns the reconciler of JujuSecretAccesses.
func NewAccessReconciler(options Options) *AccessReconciler {
	return &AccessReconciler{newObjectBase(options)}
}

// Reconcile grants and revokes access for one JujuSecretAccess: observe,
// decide, act, report.
func (r *AccessReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	return requeue(r.reconcile(ctx, req.NamespacedName))
}

func (r *AccessReconciler) reconcile(
	ctx context.Context, key client.ObjectKey,
) (requeueAfter time.Duration, err error) {
	obj, began := new(v1alpha1.JujuSecretAccess), r.Now()
	if err := r.get(ctx, key, obj); err != nil {
		return 0, err
	}
	state := r.recordOf(obj)
	target, err := r.target(ctx, obj, state.Record)
	if err != nil {
		return 0, err
	}
	release, err := r.acquire(ctx, obj, target.Model, state.Model)
	if err != nil {
		return 0, err
	}
	defer release()
	facts, err := r.observe(ctx, obj, state, target)
	if err != nil {
		return 0, err
	}
	todo := plan.ForAccess(facts)
	done, err := r.act(ctx, obj, &state, todo)
	if err != nil {
		return 0, err
	}
	r.measure(obj, kindJujuSecretAccess, began, todo, done)
	before := obj.DeepCopy()
	next, report := status.NextAccess(obj.Status, obj.Generation, facts, todo, done, r.Now())
	r.noteCorrections(obj, next.SecretID, facts.Corrections, todo, done, report.Events)
	obj.Status = next
	if facts.View.Known && todo.Condition.Reason != "" {
		obj.Status.LastHandledReconcileAt = requestedAt(obj)
	}
	if err := r.records().Copy(obj, state, state.Record, nil, plan.ModelRef{}); err != nil {
		return 0, err
	}
	return report.LookAgain, r.report(ctx, before, obj, report.Events)
}

// SetupWithManager registers the reconciler and its watches.
func (r *AccessReconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, wakeups *Wakeups) error {
	if err := r.indexAccesses(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	accesses := &v1alpha1.JujuSecretAccessList{}
	bldr := ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.JujuSecretAccess{}, r.ownChanges()).
		Watches(&v1alpha1.JujuSecretAccess{}, r.wakeWaitingAccesses(), r.grantsChanged()).
		Watches(&v1alpha1.JujuSecretAccess{}, r.wakeListings()).
		Watches(&v1alpha1.JujuSecret{}, r.wakeChanged(accesses, inAllNamespacesBy(jujuSecretRefIndex, objectKey)),
			secretChanged()).
		Watches(&v1alpha1.JujuController{}, r.wakeUsers(accesses), controllerChanged()).
		WatchesRawSource(wakeups.source(r.concerned(accesses))).
		WatchesRawSource(r.fairQueue.source()).
		WithOptions(controllerOptions(mgr, kindJujuSecretAccess))
	return r.watchCluster(bldr, accesses).Complete(r)
}
