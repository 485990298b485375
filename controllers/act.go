// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/juju-secrets/operator/internal/plan"
)

const (
	// finalizer holds an object while something in Juju is its.
	finalizer = "jujusecrets.io/finalizer"
	// recordAnnotation is where an object's plan.Record is kept, beside the finalizer.
	recordAnnotation = "jujusecrets.io/record"
	// finishTimeout bounds a write to Kubernetes that is finished although the operator is told to stop.
	finishTimeout = 25 * time.Second
	// turnTimeout bounds the wait for a turn in Juju. A request that is under way by then has its own end.
	turnTimeout = 25 * time.Second
)

// record is the form of a plan.Record in the annotation; the finalizer tells the rest.
type record struct {
	// UID is that of the object, so that a copy of the object does not pass for it.
	UID      types.UID      `json:"uid"`
	Creating *plan.Creation `json:"creating,omitempty"`
	// CreatingProof is a keyed digest of Creating, by which it is told from what a person wrote here.
	CreatingProof string  `json:"creatingProof,omitempty"`
	Adopting      string  `json:"adopting,omitempty"`
	Grants        *grants `json:"grants,omitempty"`
}

// grants are those that a JujuSecretAccess made.
type grants struct {
	plan.ModelRef

	SecretID string   `json:"secretID"`
	Granted  []string `json:"granted"`
	// Proof is a keyed digest of the rest, by which it is told from what a person wrote here.
	Proof string `json:"proof,omitempty"`
}

// recordOf reads what earlier runs left in an object's metadata. What somebody else wrote there, or copied from another
// object, says nothing.
func recordOf(obj client.Object) plan.Record {
	held, kept := plan.Record{Held: controllerutil.ContainsFinalizer(obj, finalizer)}, keptIn(obj)
	held.Creating, held.Adopting = kept.Creating, kept.Adopting
	if kept.Grants != nil && (kept.Grants.Name == "") != (kept.Grants.UUID == "") { // Or it would be judged by one and sought by the other.
		held.Model, held.SecretID, held.Granted = kept.Grants.ModelRef, kept.Grants.SecretID, kept.Grants.Granted
	}
	return held
}

// keptIn reads an object's own annotation.
func keptIn(obj client.Object) record {
	var kept record
	err := json.Unmarshal([]byte(obj.GetAnnotations()[recordAnnotation]), &kept)
	if err != nil || kept.UID != obj.GetUID() {
		return record{}
	}
	return kept
}

// finishing is a context for what must not be cut in two when the operator is told to stop: a change in Juju, or the note of
// it.
func finishing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
}

// errWithdrawn tells that nothing was begun, as the object may not use its model any more.
var errWithdrawn = errors.New("the object may not use its model any more")

// act carries a plan out: the record goes into the object first, then the steps to Juju, then what is left of the record
// into the object. It decides nothing. Once the operator is told to stop it begins nothing, and waits for no turn: whoever comes
// next goes on from the record. The same holds once the object may not use its model any more, as it might when that was decided.
func (k *Kit) act(ctx context.Context, obj client.Object, now plan.Record, todo plan.Plan) ([]plan.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(todo.Steps) == 0 {
		return nil, k.keep(ctx, obj, now, todo.After)
	}
	waiting, cancel := context.WithTimeout(ctx, turnTimeout)
	defer cancel()
	done, err := k.Juju.Do(waiting, todo.Model, todo.Steps, func(ctx context.Context) error {
		return k.keep(ctx, obj, now, todo.Before)
	}, func(ctx context.Context) bool { return k.stillMay(ctx, obj, todo) })
	switch {
	case errors.Is(err, context.Canceled) && ctx.Err() == nil:
		return nil, errWithdrawn
	case err != nil:
		return nil, err
	}
	return done, k.keep(ctx, obj, todo.Before, plan.Settle(todo, done))
}

// stillMay tells whether an object may use the model of a plan, in which it may have had to wait for its turn. A controller object
// that is being deleted waits for what is taken away through it.
func (k *Kit) stillMay(ctx context.Context, obj client.Object, todo plan.Plan) bool {
	if todo.Proven {
		return true
	}
	tenancy, err := k.tenancyFor(ctx, obj.GetNamespace(), todo.Model, todo.OnlyTakesAway())
	return err == nil && tenancy.Verdict == nil && !tenancy.Elsewhere
}

// keep writes a record into an object's metadata, unless it stands there already. The write fails on an object that is
// not the newest: what was decided on an old one must not begin.
func (k *Kit) keep(ctx context.Context, obj client.Object, now, want plan.Record) error {
	if now.Equal(want) {
		return nil
	}
	ctx, cancel := finishing(ctx)
	defer cancel()
	before := obj.DeepCopyObject().(client.Object) //nolint:forcetypeassert // A copy has the type of the original.
	annotations, proofBefore := obj.GetAnnotations(), keptIn(obj).CreatingProof
	delete(annotations, recordAnnotation)
	if want.Creating != nil || want.Adopting != "" || len(want.Granted) > 0 {
		kept := record{UID: obj.GetUID(), Creating: want.Creating, Adopting: want.Adopting}
		switch {
		case want.Creating == nil:
		case want.Creating.Equal(now.Creating): // Which a person may have written.
			kept.CreatingProof = proofBefore
		default:
			kept.CreatingProof = k.proofOfCreation(obj, want.Creating)
		}
		if len(want.Granted) > 0 {
			kept.Grants = &grants{ModelRef: want.Model, SecretID: want.SecretID, Granted: want.Granted, Proof: k.proofOf(obj, want)}
		}
		text, err := json.Marshal(kept)
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
	if err == nil {
		k.noted(obj)
	}
	return err
}

// hold puts the finalizer on an object or takes it off, unless that is so already, and touches nothing else of it.
func (k *Kit) hold(ctx context.Context, obj client.Object, held bool) error {
	if controllerutil.ContainsFinalizer(obj, finalizer) == held {
		return nil
	}
	ctx, cancel := finishing(ctx)
	defer cancel()
	before := obj.DeepCopyObject().(client.Object) //nolint:forcetypeassert // A copy has the type of the original.
	if held {
		controllerutil.AddFinalizer(obj, finalizer)
	} else {
		controllerutil.RemoveFinalizer(obj, finalizer)
	}
	return k.Patch(ctx, obj, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
}
