// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/record"
)

const (
	// concurrency is how many objects of a kind are reconciled at a time. Most
	// of that time they wait.
	concurrency = 256
	// conflictRetry is the delay before a retry after a conflict: the cache had
	// an older version of the object.
	conflictRetry = 100 * time.Millisecond
	// leaseRetry is the delay before the operator reads the Lease of another
	// installation again. It usually needs no retry: a release is an event.
	leaseRetry = 5 * time.Second
	// cacheLag is how long the operator waits for the cache to have its own
	// write. After that it assumes that the version will never come, for
	// example because etcd was restored from a backup.
	cacheLag = 10 * time.Second
)

const (
	kindJujuSecret       = "JujuSecret"
	kindJujuSecretAccess = "JujuSecretAccess"
)

// Options holds the dependencies of every reconciler.
type Options struct {
	// Client reads Secrets and ConfigMaps from the API server, and everything
	// else from the cache.
	client.Client

	Juju   Models
	Events events.EventRecorder
	Now    func() time.Time
	// Key is the installation's key. It signs records and digests.
	Key content.Key
	// Verified saves repeated verification of records. All reconcilers share it.
	// It may be nil.
	Verified *record.Verified
	// Scope defines which objects this installation serves.
	Scope Scope
	// InFlight counts the reconciles in progress. All reconcilers share it.
	InFlight *InFlight
	// Meter records metrics. If it is nil, nothing is recorded.
	Meter Meter
}

// base holds the dependencies and the state that all reconcilers share.
type base struct {
	Options

	fairQueue *fairQueue
	ownWrites *ownWrites
	// latency holds the changes that are not yet complete.
	latency *latencyTracker
	// updates holds when the content of a secret was last updated: a time.Time
	// by client.ObjectKey.
	updates *sync.Map
	// requests holds the last reconcile request of each object: a seenRequest by
	// client.ObjectKey.
	requests *sync.Map
	// corrections holds the corrections of each object.
	corrections *correctionLog
	// unlisted holds the grants that no JujuSecretAccess lists.
	unlisted *unlistedLog
}

// newBase returns a base with all its fields set.
func newBase(options Options) base {
	if options.Meter == nil {
		options.Meter = unmetered{}
	}
	if options.InFlight == nil {
		options.InFlight = NewInFlight()
	}
	return base{
		Options: options, fairQueue: newFairQueue(), ownWrites: newOwnWrites(), latency: newLatencyTracker(),
		updates: new(sync.Map), requests: new(sync.Map), corrections: newCorrectionLog(),
		unlisted: newUnlistedLog(),
	}
}

// objectBase holds what the reconcilers of JujuSecrets and JujuSecretAccesses
// share: they read and change what is in Juju.
type objectBase struct{ base }

// newObjectBase returns the objectBase of one reconciler.
func newObjectBase(options Options) objectBase { return objectBase{newBase(options)} }

// get reads an object from the cache. It returns errStale while the cache is
// older than the operator's last write: deciding on a stale object could undo
// that write.
func (b *base) get(ctx context.Context, key client.ObjectKey, obj client.Object) error {
	for range 2 { // The cache may get the write between the read and the check.
		if err := b.Get(ctx, key, obj); err != nil {
			if apierrors.IsNotFound(err) {
				b.ownWrites.forget(key)
				b.forget(key)
			}
			return asDeleted(err)
		}
		if !b.ownWrites.stale(obj, b.Now()) {
			return nil
		}
	}
	return errStale
}

// forget removes from memory an object that is deleted, or that another
// installation of the operator serves.
func (b *base) forget(key client.ObjectKey) {
	b.latency.forget(key)
	b.updates.Delete(key)
	b.requests.Delete(key)
	b.corrections.forget(key)
	b.unlisted.forget(key)
	b.fairQueue.forget(ctrl.Request{NamespacedName: key})
}

// noteWrite stores the version of an object that a write returned, for get.
func (b *base) noteWrite(obj client.Object) { b.ownWrites.note(obj, b.Now()) }

// controllerOptions returns the options of the controller of a kind.
func controllerOptions(mgr ctrl.Manager, kind string) controller.Options {
	return controller.Options{MaxConcurrentReconciles: concurrency, LogConstructor: logConstructor(mgr, kind)}
}

// Errors that end a reconcile early. None of them is a failure.
var (
	// errDeleted is returned for an object that no longer exists.
	errDeleted = errors.New("the object is deleted")
	// errNotServed is returned for an object of another installation.
	errNotServed = errors.New("another installation of the operator serves the object")
	// errAwaiting is returned for a controller object that another installation
	// has to release first.
	errAwaiting = errors.New("another installation of the operator has not released the controller object")
	// errDraining is returned for a controller object that moved to another
	// installation while reconciles of its objects are in progress.
	errDraining = errors.New("reconciles of objects that use the controller object are in progress")
	// errStale is returned while the cache is older than the operator's last
	// write.
	errStale = errors.New("the cache is older than the last write")
	// errQueued is returned while the object waits for a slot in the fair
	// queue.
	errQueued = errors.New("the object waits for a slot in the fair queue")
	// errReserved is returned when another object began to adopt the same
	// secret a moment ago.
	errReserved = errors.New("another object is adopting the secret")
	// errWithdrawn is returned when the object lost access to its model before
	// a step was sent.
	errWithdrawn = errors.New("the object can no longer use its model")
)

// asDeleted returns errDeleted in place of a NotFound error.
func asDeleted(err error) error {
	if apierrors.IsNotFound(err) {
		return errDeleted
	}
	return err
}

// requeue returns when the object is reconciled again: after the time that its
// status asks for, or as the error requires. It is the only place that decides
// this. An error that is not listed is returned, and controller-runtime backs
// off.
func requeue(after time.Duration, err error) (ctrl.Result, error) {
	switch {
	case err == nil:
		return ctrl.Result{RequeueAfter: after}, nil
	case errors.Is(err, errDeleted), errors.Is(err, errNotServed), errors.Is(err, context.Canceled):
		return ctrl.Result{}, nil
	case errors.Is(err, errStale):
		return ctrl.Result{RequeueAfter: cacheLag}, nil // The predicate of ownWrites enqueues it before.
	case errors.Is(err, errQueued):
		return ctrl.Result{RequeueAfter: queuedRetry}, nil
	case errors.Is(err, errAwaiting):
		return ctrl.Result{RequeueAfter: leaseRetry}, nil
	case apierrors.IsConflict(err), errors.Is(err, errReserved), errors.Is(err, errWithdrawn),
		errors.Is(err, errDraining):
		return ctrl.Result{RequeueAfter: conflictRetry}, nil
	}
	return ctrl.Result{}, err
}
