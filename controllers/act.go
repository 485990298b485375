// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/juju-secrets/operator/internal/plan"
)

const (
	// finalizer holds an object while something in Juju is its.
	finalizer = "jujusecrets.io/finalizer"
	// recordAnnotation is where an object's plan.Record is kept, beside the finalizer.
	recordAnnotation = "jujusecrets.io/record"
	// concurrency is how many objects of a kind are reconciled at a time.
	concurrency = 16
	// conflictRetry is the pause after a write that met a newer object than the cache had.
	conflictRetry = 100 * time.Millisecond
	// finishTimeout bounds what is finished although the operator is told to stop.
	finishTimeout = 20 * time.Second
	// cacheRetry is the pause until the next look for an object whose newest version the cache does not have yet.
	cacheRetry = 20 * time.Millisecond
)

// Kit is what every reconciler works with.
type Kit struct {
	// Client reads Secrets and ConfigMaps from the API server, and everything else from the cache.
	client.Client

	Juju   Models
	Events events.EventRecorder
	Now    func() time.Time

	// written are the versions of objects that this operator wrote last, by UID.
	written *sync.Map
}

// NewKit makes a Kit.
func NewKit(c client.Client, juju Models, recorder events.EventRecorder, now func() time.Time) Kit {
	return Kit{Client: c, Juju: juju, Events: recorder, Now: now, written: new(sync.Map)}
}

// get reads an object from the cache. Stale tells that the cache does not have yet what the operator itself wrote:
// whoever decides on that would take back what is true.
func (k *Kit) get(ctx context.Context, key client.ObjectKey, obj client.Object) (stale bool, err error) {
	if err := k.Get(ctx, key, obj); err != nil {
		return false, err
	}
	written, ok := k.written.Load(obj.GetUID())
	if !ok {
		return false, nil
	}
	order, err := resourceversion.CompareResourceVersion(obj.GetResourceVersion(), written.(string)) //nolint:forcetypeassert // noted stores strings.
	if err == nil && order >= 0 {
		k.written.Delete(obj.GetUID())
	}
	return err == nil && order < 0, nil
}

// noted remembers the version that a write made of an object.
func (k *Kit) noted(obj client.Object) { k.written.Store(obj.GetUID(), obj.GetResourceVersion()) }

// record is the form of a plan.Record in the annotation; the finalizer tells the rest.
type record struct {
	// UID is that of the object, so that a copy of the object does not pass for it.
	UID      types.UID      `json:"uid"`
	Creating *plan.Creation `json:"creating,omitempty"`
	Granted  []string       `json:"granted,omitempty"`
	SecretID string         `json:"secretID,omitempty"`
}

// recordOf reads what earlier runs left in an object's metadata. What somebody else wrote there, or copied from another
// object, says nothing.
func recordOf(obj client.Object) plan.Record {
	held := plan.Record{Held: controllerutil.ContainsFinalizer(obj, finalizer)}
	var kept record
	err := json.Unmarshal([]byte(obj.GetAnnotations()[recordAnnotation]), &kept)
	if err != nil || kept.UID != obj.GetUID() {
		return held
	}
	held.Creating, held.Granted, held.SecretID = kept.Creating, kept.Granted, kept.SecretID
	return held
}

// finishing is a context for what must not be cut in two when the operator is told to stop: a change in Juju, and the note
// of it.
func finishing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
}

// act carries a plan out: the record goes into the object first, then the steps to Juju, then what is left of the record
// into the object. It decides nothing.
func (k *Kit) act(ctx context.Context, obj client.Object, now plan.Record, model plan.ModelRef, todo plan.Plan) ([]plan.Outcome, error) {
	if err := k.keep(ctx, obj, now, todo.Before); err != nil {
		return nil, err
	}
	var done []plan.Outcome
	if len(todo.Steps) > 0 {
		done = k.Juju.Do(ctx, model, todo.Steps)
	}
	return done, k.keep(ctx, obj, todo.Before, plan.Settle(todo, done))
}

// keep writes a record into an object's metadata, unless it stands there already. The write fails on an object that is
// not the newest: what was decided on an old one must not begin.
func (k *Kit) keep(ctx context.Context, obj client.Object, now, want plan.Record) error {
	if now.Equal(want) {
		return nil
	}
	before := obj.DeepCopyObject().(client.Object) //nolint:forcetypeassert // A copy has the type of the original.
	annotations := obj.GetAnnotations()
	delete(annotations, recordAnnotation)
	if want.Creating != nil || len(want.Granted) > 0 {
		text, err := json.Marshal(record{
			UID: obj.GetUID(), Creating: want.Creating, Granted: want.Granted, SecretID: want.SecretID,
		})
		if err != nil {
			return err
		}
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[recordAnnotation] = string(text)
	}
	obj.SetAnnotations(annotations)
	if want.Held {
		controllerutil.AddFinalizer(obj, finalizer)
	} else {
		controllerutil.RemoveFinalizer(obj, finalizer)
	}
	err := k.Patch(ctx, obj, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	if err == nil && want.Held {
		k.noted(obj)
	}
	return err
}

// retry turns a conflict, which is no fault, into another look; everything else stays an error for the queue to retry.
func retry(err error) (ctrl.Result, error) {
	if apierrors.IsConflict(err) {
		return ctrl.Result{RequeueAfter: conflictRetry}, nil
	}
	return ctrl.Result{}, client.IgnoreNotFound(err)
}
