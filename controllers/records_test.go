// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/record"
)

// testKey is the installation's key in tests.
var testKey = content.Key{Sealed: content.Seal([]byte("key"))}

// newTestBase returns an objectBase that reads records signed with testKey.
func newTestBase(c client.Client, juju Models) objectBase {
	b := newObjectBase(Options{Client: c, Juju: juju, Now: time.Now})
	b.Key = testKey
	return b
}

// sign writes a record into the annotation of an object, with the finalizer.
func sign(obj v1alpha1.RecordedObject, r plan.Record) {
	keeper, model := record.Keeper{Key: testKey}, recordedModel(obj)
	if _, err := keeper.Annotate(obj, keeper.Read(obj, model), r, model); err != nil {
		panic(err)
	}
	controllerutil.AddFinalizer(obj, finalizer)
}

// recording signs a record for the model of the spec into a JujuSecret.
func recording(r plan.Record) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { sign(s, r) }
}

// creates signs a record of a creation into a JujuSecret.
func creates(creation plan.Creation) func(*v1alpha1.JujuSecret) {
	return recording(plan.Record{Creating: &creation})
}

// adopts signs a record of an adoption into a JujuSecret.
func adopts(id string) func(*v1alpha1.JujuSecret) { return recording(plan.Record{Adopting: id}) }

// has sets a status that claims a secret, without a record.
func has(id string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.Status.SecretID, s.Status.Managed = id, true }
}

// owns sets a status that claims a secret, with a signed copy of the record.
// The record is for the model of the spec and the UUID in the status.
func owns(id string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) {
		has(id)(s)
		keeper, model := record.Keeper{Key: testKey}, recordedModel(s)
		state := keeper.Read(s, model)
		owned := &record.Owned{ModelUUID: s.Status.ModelUUID, SecretID: id}
		if err := keeper.Copy(s, state, state.Record, owned, model); err != nil {
			panic(err)
		}
	}
}

func modelUUID(uuid string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.Status.ModelUUID = uuid }
}

func modelNamed(name string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.Spec.Model = name }
}

// granting signs a record of grants into a JujuSecretAccess.
func granting(model plan.ModelRef, secretID string, apps ...string) func(*v1alpha1.JujuSecretAccess) {
	return func(a *v1alpha1.JujuSecretAccess) {
		sign(a, plan.Record{Model: model, SecretID: secretID, Granted: apps})
	}
}

// fieldIndexes collects the index functions that reconcilers register.
type fieldIndexes map[string][]client.IndexerFunc

func (x fieldIndexes) IndexField(
	_ context.Context, _ client.Object, field string, keys client.IndexerFunc,
) error {
	x[field] = append(x[field], keys)
	return nil
}

// registered returns the indexes of JujuSecrets and JujuSecretAccesses.
var registered = sync.OnceValue(func() fieldIndexes {
	ctx, found, b := context.Background(), fieldIndexes{}, newTestBase(nil, nil)
	err := errors.Join(
		(&SecretReconciler{objectBase: b}).indexSecrets(ctx, found),
		(&AccessReconciler{objectBase: b}).indexAccesses(ctx, found),
	)
	if err != nil {
		panic(err)
	}
	return found
})

// keysOf returns the keys of an object in an index.
func keysOf(field string, obj client.Object) []string {
	var keys []string
	for _, of := range registered()[field] {
		keys = append(keys, of(obj)...)
	}
	return keys
}

// selected reports whether the options of a list select an object.
func selected(obj client.Object, options []client.ListOption) bool {
	var asked client.ListOptions
	asked.ApplyOptions(options)
	if asked.Namespace != "" && asked.Namespace != obj.GetNamespace() {
		return false
	}
	if asked.FieldSelector == nil {
		return true
	}
	for _, requirement := range asked.FieldSelector.Requirements() {
		if !slices.Contains(keysOf(requirement.Field, obj), requirement.Value) {
			return false
		}
	}
	return true
}

// usesController sets the controller object of a JujuSecret.
func usesController(kind v1alpha1.ControllerKind, name string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) {
		s.Spec.ControllerRef = v1alpha1.ControllerReference{Kind: kind, Name: name}
	}
}
