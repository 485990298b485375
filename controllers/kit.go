// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"github.com/juju-secrets/operator/internal/content"
)

const (
	// concurrency is how many objects of a kind are reconciled at a time. Most of that time they wait.
	concurrency = 256
	// conflictRetry is the pause after a write that met a newer object than the cache had.
	conflictRetry = 100 * time.Millisecond
	// cacheRetry is the pause until the next look for an object whose newest version the cache does not have yet.
	cacheRetry = 20 * time.Millisecond
	// cacheLag is how long the cache is waited for. Beyond it the version is taken for one that will never come, as after
	// etcd was restored from a backup.
	cacheLag = 10 * time.Second
)

// The kinds of what is made in Juju.
const (
	kindJujuSecret       = "JujuSecret"
	kindJujuSecretAccess = "JujuSecretAccess"
)

// Kit is what every reconciler works with.
type Kit struct {
	// Client reads Secrets and ConfigMaps from the API server, and everything else from the cache.
	client.Client

	Juju   Models
	Events events.EventRecorder
	Now    func() time.Time
	// Key is for digests.
	Key content.Key
	// Scope is which objects are served.
	Scope Scope

	// Meter counts what is done. By default nobody does.
	Meter Meter

	// turns are those of the objects.
	turns *turns
	// written are the last writes of objects that the cache may not have yet: a write by client.ObjectKey.
	written *sync.Map
	// course is of the objects on their way.
	course *course
}

// write is a version that this operator made of an object.
type write struct {
	version string
	at      time.Time
	// gone is the UID of the object if the write was its end. Kubernetes makes no version of that.
	gone types.UID
}

// NewKit makes a Kit for one reconciler.
func NewKit(c client.Client, juju Models, recorder events.EventRecorder, now func() time.Time) Kit {
	return Kit{
		Client: c, Juju: juju, Events: recorder, Meter: unmetered{}, Now: now,
		turns: newTurns(), written: new(sync.Map), course: newCourse(),
	}
}

// get reads an object from the cache. Stale tells that the cache does not have yet what the operator itself wrote:
// whoever decides on that would take back what is true.
func (k *Kit) get(ctx context.Context, key client.ObjectKey, obj client.Object) (stale bool, err error) {
	if err := k.Get(ctx, key, obj); err != nil {
		if apierrors.IsNotFound(err) {
			k.written.Delete(key)
			k.course.forget(key)
		}
		return false, err
	}
	noted, _ := k.written.Load(key)
	last, ok := noted.(write)
	if !ok {
		return false, nil
	}
	order, err := resourceversion.CompareResourceVersion(obj.GetResourceVersion(), last.version)
	older := err == nil && order < 0 || last.gone != "" && last.gone == obj.GetUID()
	if stale = older && k.Now().Sub(last.at) < cacheLag; !stale {
		k.written.Delete(key)
	}
	return stale, nil
}

// noted remembers the version that a write made of an object.
func (k *Kit) noted(obj client.Object) {
	last := write{version: obj.GetResourceVersion(), at: k.Now()}
	if !obj.GetDeletionTimestamp().IsZero() && len(obj.GetFinalizers()) == 0 {
		last.gone = obj.GetUID()
	}
	k.written.Store(client.ObjectKeyFromObject(obj), last)
}

// workOn are the options of the controller of a kind.
func workOn(mgr ctrl.Manager, kind string) controller.Options {
	return controller.Options{MaxConcurrentReconciles: concurrency, LogConstructor: logsOf(mgr, kind)}
}

// retry turns a conflict, which is no fault, and what may not be begun any more into another look, and what was not begun since the
// operator stops into nothing;
// everything else stays an error for the queue to retry.
func retry(err error) (ctrl.Result, error) {
	switch {
	case apierrors.IsConflict(err), errors.Is(err, errWithdrawn):
		return ctrl.Result{RequeueAfter: conflictRetry}, nil
	case errors.Is(err, context.Canceled):
		return ctrl.Result{}, nil
	}
	return ctrl.Result{}, client.IgnoreNotFound(err)
}
