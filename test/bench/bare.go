// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"slices"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// bulk is the number of secrets in one request.
const bulk = 100

// bare is the bare program. It makes the same changes in Juju and writes the
// same records in Kubernetes as the operator, one kind after the other. It
// knows the initial state and reads nothing.
type bare struct {
	kube client.Client
	*session
}

// bareApply measures an apply with the bare program, and deletes its objects.
func (s *site) bareApply(ctx context.Context, n int) (cost, error) {
	if err := s.begin(ctx); err != nil {
		return cost{}, err
	}
	opened, err := openSession(ctx, s.juju, s.model)
	if err != nil {
		return cost{}, err
	}
	defer opened.close()
	b := &bare{kube: s.kube.Client, session: opened}
	spent, err := s.spend(ctx, n, func(secrets []*v1alpha1.JujuSecret, accesses []*v1alpha1.JujuSecretAccess) error {
		return b.apply(ctx, secrets, accesses)
	})
	if err != nil {
		return cost{}, err
	}
	return spent, s.clear(ctx, n)
}

func (b *bare) apply(ctx context.Context, secrets []*v1alpha1.JujuSecret, accesses []*v1alpha1.JujuSecretAccess) error {
	if err := create(ctx, b.kube, secrets, accesses); err != nil {
		return err
	}
	ids, err := b.makeSecrets(ctx, secrets)
	if err != nil {
		return err
	}
	return b.grantAll(ctx, accesses, ids)
}

// makeSecrets creates the secrets in bulk requests, between the two patches of
// each object. It returns their IDs by the names of the objects.
func (b *bare) makeSecrets(ctx context.Context, objs []*v1alpha1.JujuSecret) (map[string]string, error) {
	err := each(ctx, objs, func(ctx context.Context, obj *v1alpha1.JujuSecret) error {
		return b.announce(ctx, obj, map[string]any{"creating": map[string]string{"name": obj.JujuName()}})
	})
	if err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for some := range slices.Chunk(objs, bulk) {
		made, err := b.create(ctx, some)
		if err != nil {
			return nil, err
		}
		for i, id := range made {
			ids[some[i].Name] = id
		}
	}
	return ids, each(ctx, objs, func(ctx context.Context, obj *v1alpha1.JujuSecret) error {
		id := ids[obj.Name]
		before := obj.DeepCopy()
		obj.Status = v1alpha1.JujuSecretStatus{
			ObservedGeneration: obj.Generation, Conditions: ready(obj), ModelUUID: b.model.UUID,
			SecretID: id, URI: uriOf(id), Managed: true, Revision: 1,
		}
		return b.kube.Status().Patch(ctx, obj, client.MergeFrom(before))
	})
}

// grantAll grants each secret with a separate request, one request at a time,
// between the two patches of each object. The patches of several objects run
// concurrently.
func (b *bare) grantAll(ctx context.Context, objs []*v1alpha1.JujuSecretAccess, ids map[string]string) error {
	var turn sync.Mutex
	return each(ctx, objs, func(ctx context.Context, obj *v1alpha1.JujuSecretAccess) error {
		id := ids[obj.Spec.JujuSecretRef.Name]
		var apps []string
		var states []v1alpha1.ApplicationStatus
		for _, app := range obj.Spec.Applications {
			apps = append(apps, app.Name)
			states = append(states, v1alpha1.ApplicationStatus{Name: app.Name, State: v1alpha1.ApplicationGranted})
		}
		if err := b.announce(ctx, obj, map[string]any{"granted": apps, "secretID": id}); err != nil {
			return err
		}
		turn.Lock()
		err := b.grant(ctx, id, apps)
		turn.Unlock()
		if err != nil {
			return err
		}
		before := obj.DeepCopy()
		obj.Status = v1alpha1.JujuSecretAccessStatus{
			ObservedGeneration: obj.Generation, Conditions: ready(obj), Controller: controller,
			Model: b.model.Name, ModelUUID: b.model.UUID, SecretID: id, Granted: "2/2", Applications: states,
		}
		return b.kube.Status().Patch(ctx, obj, client.MergeFrom(before))
	})
}

// announce patches an object as the operator does before it changes Juju.
func (b *bare) announce(ctx context.Context, obj client.Object, record map[string]any) error {
	before := obj.DeepCopyObject().(client.Object)
	record["uid"] = obj.GetUID()
	text, err := json.Marshal(record)
	if err != nil {
		return err
	}
	obj.SetAnnotations(map[string]string{"jujusecrets.io/record": string(text)})
	controllerutil.AddFinalizer(obj, "jujusecrets.io/finalizer")
	return b.kube.Patch(ctx, obj, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
}

// ready returns the conditions of an object in sync.
func ready(obj client.Object) []metav1.Condition {
	return []metav1.Condition{{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, ObservedGeneration: obj.GetGeneration(),
		LastTransitionTime: metav1.Now(), Reason: string(v1alpha1.ReasonSynced), Message: "Juju holds what the spec asks for",
	}}
}
