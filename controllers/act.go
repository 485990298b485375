// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/placement"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/record"
)

const (
	// finishTimeout bounds a write to Kubernetes that continues while the
	// operator stops.
	finishTimeout = 25 * time.Second
	// sendTimeout bounds how long steps wait until they are sent to Juju. A
	// request in flight has its own timeout.
	sendTimeout = 25 * time.Second
)

// uncancelled returns a context for a write to Kubernetes that must complete
// although the operator stops. Otherwise the record of a change in Juju could
// be lost.
func uncancelled(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
}

// act carries out a plan: it writes the record to the object, sends the steps
// to Juju, and writes what remains of the record. It decides nothing. It checks
// the tenancy once, right before it sends the steps. If the operator stops or
// the tenancy ended, act sends nothing, and the next reconcile continues from
// the record.
func (b *objectBase) act(
	ctx context.Context, obj v1alpha1.RecordedObject, state *record.State, todo plan.Plan,
) ([]plan.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(todo.Steps) == 0 {
		return nil, b.writeRecord(ctx, obj, state, todo.After, todo.Recorded, false)
	}
	ticket := b.Juju.Announce(todo.Model, todo.Steps)
	defer ticket.Withdraw()
	// A record of an intent that is written now does not count as something
	// that was made.
	made := placement.Of(obj, *state).MadeThrough(todo.Model.Controller)
	// Steps that only remove or revoke need no new annotation: the record that
	// verifies now is enough.
	if err := b.writeRecord(ctx, obj, state, todo.Before, todo.Recorded, !todo.OnlyTakesAway()); err != nil {
		return nil, err
	}
	if may, err := b.mayBegin(ctx, obj, todo, made); err != nil || !may {
		return nil, cmp.Or(err, errWithdrawn)
	}
	waiting, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	done, err := ticket.Send(waiting)
	if err != nil {
		return nil, err
	}
	return done, b.writeRecord(ctx, obj, state, plan.Settle(todo, done), todo.Recorded, false)
}

// mayBegin reports whether the steps of a plan may be sent. The plan was made
// before the record was written, and the tenancy may have ended since. Made is
// true when the object had something in Juju through the controller object
// before the record was written.
func (b *objectBase) mayBegin(ctx context.Context, obj client.Object, todo plan.Plan, made bool) (bool, error) {
	ref, err := b.reference(ctx, obj.GetNamespace(), todo.Model.Controller)
	if err != nil {
		return false, err
	}
	ref = b.identified(ctx, ref, todo.Model, plan.AsKnown)
	ref.Made = made
	return b.Scope.installation().MayBegin(todo, ref, !obj.GetDeletionTimestamp().IsZero()), nil
}

// writeRecord writes a record and the finalizer to the metadata of an object,
// unless they are already there. The model is zero for a JujuSecretAccess. With
// exact, the annotation itself must name the owned secret. The write fails with
// a conflict if the object is not the newest version: a plan for an old version
// must not begin.
func (b *objectBase) writeRecord(
	ctx context.Context, obj v1alpha1.RecordedObject, state *record.State, want plan.Record, model plan.ModelRef,
	exact bool,
) error {
	if state.Held == want.Held && state.Annotated(want, model) && (!exact || state.NamesOwned()) {
		state.Record = want
		return nil
	}
	ctx, cancel := uncancelled(ctx)
	defer cancel()
	next, err := b.records().Annotate(obj, *state, want, model)
	if err != nil {
		return err
	}
	if want.Held {
		controllerutil.AddFinalizer(obj, finalizer)
	} else {
		controllerutil.RemoveFinalizer(obj, finalizer)
	}
	patch, err := recordPatch(obj)
	if err != nil {
		return err
	}
	if err := b.Patch(ctx, obj, patch); err != nil {
		return asDeleted(err)
	}
	b.noteWrite(obj)
	*state = next
	return nil
}

// recordPatch returns a patch with the record and the finalizers of an object.
// A patch between two objects would encode both, which can take megabytes for
// inline content.
func recordPatch(obj client.Object) (client.Patch, error) {
	var stored any // Nil removes the annotation.
	if text := obj.GetAnnotations()[recordAnnotation]; text != "" {
		stored = text
	}
	text, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"resourceVersion": obj.GetResourceVersion(),
		"annotations":     map[string]any{recordAnnotation: stored},
		"finalizers":      obj.GetFinalizers(),
	}})
	return client.RawPatch(types.MergePatchType, text), err
}

// setFinalizer adds or removes the finalizer of an object, and changes nothing
// else.
func (b *base) setFinalizer(ctx context.Context, obj client.Object, held bool) error {
	if controllerutil.ContainsFinalizer(obj, finalizer) == held {
		return nil
	}
	ctx, cancel := uncancelled(ctx)
	defer cancel()
	before := obj.DeepCopyObject().(client.Object) //nolint:forcetypeassert // A copy has the same type.
	if held {
		controllerutil.AddFinalizer(obj, finalizer)
	} else {
		controllerutil.RemoveFinalizer(obj, finalizer)
	}
	return b.Patch(ctx, obj, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
}
