// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

const (
	// turnsOfOne is how many objects of a namespace that go through its own JujuControllers are worked on at a time. What answers
	// there is for that namespace to say, and may take its time with every request: it must not keep all workers waiting, which
	// the others need.
	turnsOfOne = concurrency / 4
	// turnRetry is the pause until an object that had to stand back is looked at again.
	turnRetry = 200 * time.Millisecond
)

// turns are shared by the objects of one kind. The zero turns are all free.
type turns struct {
	mu    sync.Mutex
	taken map[string]int // by namespace
}

// begin reads an object to work on it until end is called, unless it is to be looked at later: the cache has an old version, or
// others of its namespace have to be done first.
func (k *Kit) begin(ctx context.Context, key client.ObjectKey, obj client.Object) (end func(), later time.Duration, err error) {
	stale, err := k.get(ctx, key, obj)
	switch {
	case err != nil:
		return nil, 0, err
	case stale:
		return nil, cacheRetry, nil
	}
	controller, err := k.through(ctx, obj)
	if err != nil {
		return nil, 0, err
	}
	end, later = k.turns.take(controller)
	return end, later, nil
}

// through is the controller object that an object goes through, empty if nobody can tell yet.
func (k *Kit) through(ctx context.Context, obj client.Object) (plan.ControllerKey, error) {
	switch obj := obj.(type) {
	case *v1alpha1.JujuSecret:
		return modelOfSecret(obj).Controller, nil
	case *v1alpha1.JujuSecretAccess:
		// While it moves, or is deleted, it goes through those on record, too. The slowest counts.
		keys := append(accessControllers(obj), recordOf(obj).Model.Controller)
		for _, key := range keys {
			if key.Namespace() != "" {
				return key, nil
			}
		}
		if obj.Spec.Secret != nil {
			return keys[0], nil
		}
		var secret v1alpha1.JujuSecret
		err := k.Get(ctx, client.ObjectKey{Namespace: obj.Namespace, Name: obj.Spec.SecretRef.Name}, &secret)
		if err != nil {
			return "", client.IgnoreNotFound(err)
		}
		return modelOfSecret(&secret).Controller, nil
	}
	return "", nil
}

// take begins the work on an object that goes through a controller object, unless its namespace is at work on enough of them:
// then it is to stand back for a while. Done ends the work.
func (t *turns) take(key plan.ControllerKey) (done func(), standBack time.Duration) {
	namespace := key.Namespace()
	if namespace == "" {
		return func() {}, 0 // Whoever may write a ClusterJujuController answers for what it leads to.
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.taken[namespace] >= turnsOfOne {
		return nil, turnRetry
	}
	if t.taken == nil {
		t.taken = map[string]int{}
	}
	t.taken[namespace]++
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.taken[namespace]--; t.taken[namespace] == 0 {
			delete(t.taken, namespace)
		}
	}, 0
}
