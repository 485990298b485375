// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// How many objects of a kind are worked on at a time that wait for the same: what is slow to answer must not keep all workers
// waiting, which the others need.
const (
	// turnsOfModel are for one model behind a ClusterJujuController. So many fill a request to Juju.
	turnsOfModel = concurrency / 4
	// turnsOfController are for one ClusterJujuController.
	turnsOfController = concurrency / 2
	// turnsOfNamespace are for all JujuControllers of one namespace, where what answers is for that namespace to say.
	turnsOfNamespace = concurrency / 16
	// turnBackstop is when an object that stands back is looked at again in any case.
	turnBackstop = 30 * time.Second
)

// claim is for one of a number of turns.
type claim struct {
	of     string
	atMost int
}

// claimsOn are those of an object that goes to a model, or to a controller alone.
func claimsOn(ref plan.ModelRef) []claim {
	switch namespace := ref.Controller.Namespace(); {
	case ref.Controller == "":
		return nil
	case namespace != "":
		return []claim{{of: namespace + "/", atMost: turnsOfNamespace}}
	case ref.String() == "":
		return []claim{{of: string(ref.Controller), atMost: turnsOfController}}
	}
	return []claim{
		{of: string(ref.Controller) + " " + ref.String(), atMost: turnsOfModel},
		{of: string(ref.Controller), atMost: turnsOfController},
	}
}

// turns are shared by the objects of one kind. Who finds none stands back, and is called when it may be its turn.
type turns struct {
	mu    sync.Mutex
	taken map[string]int
	// waiting are those who stand back by what they wait for, in the order in which they came. Some may have gone.
	waiting map[string][]ctrl.Request
	// waitsFor is what they wait for now, called what they were called for since.
	waitsFor, called map[ctrl.Request]string
	// call makes one be looked at.
	call func(ctrl.Request)
}

func newTurns() *turns {
	return &turns{
		taken: map[string]int{}, waiting: map[string][]ctrl.Request{}, waitsFor: map[ctrl.Request]string{}, called: map[ctrl.Request]string{},
		call: func(ctrl.Request) {},
	}
}

// source makes a queue the one by which those are called who stand back.
func (t *turns) source() source.Source {
	return source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) error {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.call = queue.Add
		return nil
	})
}

// take gives somebody their turns until end is called, all or none: then they stand back.
func (t *turns) take(who ctrl.Request, claims ...claim) (end func(), ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	calledFor := t.leave(who)
	missing := slices.IndexFunc(claims, func(c claim) bool { return t.taken[c.of] >= c.atMost })
	if missing >= 0 {
		of := claims[missing].of
		t.waiting[of] = append(t.waiting[of], who)
		t.waitsFor[who] = of
		if calledFor != of {
			t.next(calledFor)
		}
		return nil, false
	}
	for _, c := range claims {
		t.taken[c.of]++
	}
	if !slices.ContainsFunc(claims, func(c claim) bool { return c.of == calledFor }) {
		t.next(calledFor)
	}
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		for _, c := range claims {
			if t.taken[c.of]--; t.taken[c.of] == 0 {
				delete(t.taken, c.of)
			}
			t.next(c.of)
		}
	}, true
}

// forget passes the turn of somebody on who is no more.
func (t *turns) forget(who ctrl.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next(t.leave(who))
}

// leave ends the wait of somebody, and tells what they were called for, empty if they were not. The lock is held.
func (t *turns) leave(who ctrl.Request) (calledFor string) {
	calledFor = t.called[who]
	delete(t.called, who)
	delete(t.waitsFor, who)
	return calledFor
}

// next calls the next one who waits for a turn. The lock is held.
func (t *turns) next(of string) {
	for len(t.waiting[of]) > 0 {
		who := t.waiting[of][0]
		t.waiting[of] = t.waiting[of][1:]
		if t.waitsFor[who] == of {
			delete(t.waitsFor, who)
			t.called[who] = of
			t.call(who)
			return
		}
	}
	delete(t.waiting, of)
}

// begin reads an object to work on it until end is called, unless it is to be looked at later: the cache has an old version, or
// others that wait for the same have to be done first.
func (k *Kit) begin(ctx context.Context, key client.ObjectKey, obj client.Object) (end func(), later time.Duration, err error) {
	who := ctrl.Request{NamespacedName: key}
	stale, err := k.get(ctx, key, obj)
	switch {
	case apierrors.IsNotFound(err):
		k.turns.forget(who)
		return nil, 0, err
	case err != nil:
		return nil, 0, err
	case stale:
		return nil, cacheRetry, nil
	}
	ref, err := k.through(ctx, obj)
	if err != nil {
		return nil, 0, err
	}
	end, ok := k.turns.take(who, claimsOn(ref)...)
	if !ok {
		return nil, turnBackstop, nil
	}
	return end, 0, nil
}

// through is the model that an object goes to, or the controller object alone; empty if nobody can tell yet.
func (k *Kit) through(ctx context.Context, obj client.Object) (plan.ModelRef, error) {
	switch obj := obj.(type) {
	case v1alpha1.ControllerObject:
		return plan.ModelRef{Controller: keyOf(obj)}, nil
	case *v1alpha1.JujuSecret:
		return modelOfSecret(obj), nil
	case *v1alpha1.JujuSecretAccess:
		// While it moves, or is deleted, it goes through those on record, too. The slowest counts.
		for _, key := range append(accessControllers(obj), recordOf(obj).Model.Controller) {
			if key.Namespace() != "" {
				return plan.ModelRef{Controller: key}, nil
			}
		}
		if named := obj.Spec.Secret; named != nil {
			return modelOf(named.ControllerRef, obj.Namespace, named.Model, named.ModelUUID), nil
		}
		var secret v1alpha1.JujuSecret
		err := k.Get(ctx, client.ObjectKey{Namespace: obj.Namespace, Name: obj.Spec.SecretRef.Name}, &secret)
		if err != nil {
			return plan.ModelRef{}, client.IgnoreNotFound(err)
		}
		return modelOfSecret(&secret), nil
	}
	return plan.ModelRef{}, nil
}
