// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
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
	// finishTimeout bounds what is finished although the operator is told to stop: a write to Kubernetes, and the wait for a
	// turn in Juju. A request to Juju that is under way by then has its own end.
	finishTimeout = 25 * time.Second
)

// record is the form of a plan.Record in the annotation; the finalizer tells the rest.
type record struct {
	// UID is that of the object, so that a copy of the object does not pass for it.
	UID      types.UID      `json:"uid"`
	Creating *plan.Creation `json:"creating,omitempty"`
	Adopting string         `json:"adopting,omitempty"`
	Grants   *grants        `json:"grants,omitempty"`
}

// grants are those that a JujuSecretAccess made.
type grants struct {
	plan.ModelRef

	SecretID string   `json:"secretID"`
	Granted  []string `json:"granted"`
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
	held.Creating, held.Adopting = kept.Creating, kept.Adopting
	if kept.Grants != nil {
		held.Model, held.SecretID, held.Granted = kept.Grants.ModelRef, kept.Grants.SecretID, kept.Grants.Granted
	}
	return held
}

// finishing is a context for what must not be cut in two when the operator is told to stop: a change in Juju, or the note of
// it.
func finishing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
}

// act carries a plan out: the record goes into the object first, then the steps to Juju, then what is left of the record
// into the object. It decides nothing.
func (k *Kit) act(ctx context.Context, obj client.Object, now plan.Record, todo plan.Plan) ([]plan.Outcome, error) {
	if len(todo.Steps) == 0 {
		return nil, k.keep(ctx, obj, now, todo.After)
	}
	sending, cancel := finishing(ctx)
	defer cancel()
	done, err := k.Juju.Do(sending, todo.Model, todo.Steps, func(ctx context.Context) error {
		return k.keep(ctx, obj, now, todo.Before)
	})
	if err != nil {
		return nil, err
	}
	return done, k.keep(ctx, obj, todo.Before, plan.Settle(todo, done))
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
	annotations := obj.GetAnnotations()
	delete(annotations, recordAnnotation)
	if want.Creating != nil || want.Adopting != "" || len(want.Granted) > 0 {
		kept := record{UID: obj.GetUID(), Creating: want.Creating, Adopting: want.Adopting}
		if len(want.Granted) > 0 {
			kept.Grants = &grants{ModelRef: want.Model, SecretID: want.SecretID, Granted: want.Granted}
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
