// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/placement"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/record"
	"github.com/juju-secrets/operator/internal/status"
)

// +kubebuilder:rbac:groups=jujusecrets.io,resources=jujusecrets,verbs=list;watch;patch
// +kubebuilder:rbac:groups=jujusecrets.io,resources=jujusecrets/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// SecretReconciler creates, updates and removes secrets in Juju as JujuSecrets
// specify.
type SecretReconciler struct {
	objectBase

	// adoptions holds adoptions that the cache may not show yet: an adoption by
	// the secret's ID.
	adoptions sync.Map
	// sources shares the reads of changed sources.
	sources *sourceReads
}

// NewSecretReconciler returns the reconciler of JujuSecrets.
func NewSecretReconciler(options Options) *SecretReconciler {
	return &SecretReconciler{objectBase: newObjectBase(options), sources: newSourceReads()}
}

// Reconcile creates, updates or removes the secret of one JujuSecret in Juju:
// observe, decide, act, report.
func (r *SecretReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	return requeue(r.reconcile(ctx, req.NamespacedName))
}

func (r *SecretReconciler) reconcile(
	ctx context.Context, key client.ObjectKey,
) (requeueAfter time.Duration, err error) {
	obj, began := new(v1alpha1.JujuSecret), r.Now()
	if err := r.get(ctx, key, obj); err != nil {
		return 0, err
	}
	end := r.sources.begin(obj)
	release, err := r.acquire(ctx, obj, placement.ModelOfSecret(obj))
	if !errors.Is(err, errQueued) {
		defer end()
	}
	if err != nil {
		return 0, err
	}
	defer release()
	state := r.recordOf(obj)
	facts, err := r.observe(ctx, obj, state)
	if err != nil {
		return 0, err
	}
	todo := plan.ForSecret(facts)
	if err := r.reserve(obj, facts.Record, todo.Before); err != nil {
		return 0, err
	}
	if len(todo.Steps) > 0 {
		r.sources.hold(key, todo.Model, func() Ticket { return r.Juju.Announce(todo.Model, todo.Steps) })
	}
	done, err := r.act(ctx, obj, &state, todo)
	r.noteUpdate(key, todo, done)
	if err != nil {
		return 0, err
	}
	r.measure(obj, kindJujuSecret, began, todo, done)
	before := obj.DeepCopy()
	next, report := status.NextSecret(obj.Status, obj.Generation, todo, done, r.Now())
	r.measureDrift(obj, facts, todo, done, report.Events)
	r.noteCorrections(obj, facts.Digest, facts.Corrections, todo, done, report.Events)
	obj.Status = next
	if facts.View.Known && todo.Condition.Reason != "" {
		obj.Status.LastHandledReconcileAt = requestedAt(obj)
	}
	if err := r.records().Copy(obj, state, state.Record, ownedAfter(state, todo, done), todo.Recorded); err != nil {
		return 0, err
	}
	return report.LookAgain, r.report(ctx, before, obj, report.Events)
}

// noteUpdate stores when the content of a secret was updated, for the next
// update. An update that failed counts too.
func (r *SecretReconciler) noteUpdate(key client.ObjectKey, todo plan.Plan, done []plan.Outcome) {
	for i, outcome := range done {
		if update, ok := todo.Steps[i].(plan.Update); ok && update.Content != nil && !outcome.NotTried {
			r.updates.Store(key, r.Now())
		}
	}
}

// sinceUpdate returns the time since the last update, nil if there was none.
func (r *SecretReconciler) sinceUpdate(key client.ObjectKey) *time.Duration {
	at, ok := r.updates.Load(key)
	if !ok {
		return nil
	}
	return new(r.Now().Sub(at.(time.Time))) //nolint:forcetypeassert // The map holds only times.
}

// ownedAfter returns the secret that an object owns after a plan.
func ownedAfter(state record.State, todo plan.Plan, done []plan.Outcome) *record.Owned {
	own, known := plan.Ownership(todo, done)
	switch {
	case !known:
		return state.Owned
	case own == nil:
		return nil
	}
	return &record.Owned{ModelUUID: todo.ModelUUID, SecretID: own.ID, Adopted: todo.Owns == plan.Adopted}
}

// SetupWithManager registers the reconciler and its watches.
func (r *SecretReconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, wakeups *Wakeups) error {
	if err := r.indexSecrets(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	secrets := &v1alpha1.JujuSecretList{}
	bldr := ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.JujuSecret{}, r.ownChanges()).
		Watches(&v1alpha1.JujuSecret{}, r.wakeCompetitors(), r.claimsChanged()).
		WatchesMetadata(&corev1.Secret{}, r.wakeSourceUsers(kindSecret, inAllNamespacesBy(secretSourceIndex, objectKey))).
		WatchesMetadata(&corev1.ConfigMap{},
			r.wakeSourceUsers(kindConfigMap, inAllNamespacesBy(configMapSourceIndex, objectKey))).
		Watches(&v1alpha1.JujuController{}, r.wakeUsers(secrets), controllerChanged()).
		WatchesRawSource(wakeups.source(r.concerned(secrets))).
		WatchesRawSource(r.fairQueue.source()).
		WithOptions(controllerOptions(mgr, kindJujuSecret))
	return r.watchCluster(bldr, secrets).Complete(r)
}
