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
	// turnBackstop is when an object that waits for its turn is looked at again in any case.
	turnBackstop = 30 * time.Second
)

// claim is for one of a number of turns.
type claim struct {
	of     string
	atMost int
}

// claimsOn are those of an object that goes to some models, or to a controller alone.
func claimsOn(refs ...plan.ModelRef) []claim {
	var claims []claim
	add := func(of string, atMost int) {
		if c := (claim{of, atMost}); !slices.Contains(claims, c) {
			claims = append(claims, c)
		}
	}
	for _, ref := range refs {
		if namespace := ref.Controller.Namespace(); namespace != "" {
			add(namespace+"/", turnsOfNamespace)
			continue
		}
		if model := ref.String(); model != "" {
			add(string(ref.Controller)+" "+model, turnsOfModel)
		}
		add(string(ref.Controller), turnsOfController)
	}
	return claims
}

// turns are shared by the objects of one kind. Who finds none stands in line, and is called when all that they need are free, which
// are kept for them from then on.
type turns struct {
	mu sync.Mutex
	// taken is how many turns are taken or kept, by what they are for.
	taken map[string]int
	kept  map[ctrl.Request][]claim
	// lines are those who wait, by what they need. Each time a line is served it becomes the last.
	lines []*waitingLine
	// waits is the line in which somebody waits.
	waits map[ctrl.Request]*waitingLine
	// call makes one be looked at.
	call func(ctrl.Request)
}

// waitingLine are those who need the same, in the order in which they came. Some may have gone.
type waitingLine struct {
	claims []claim
	who    []ctrl.Request
}

func newTurns() *turns {
	return &turns{taken: map[string]int{}, kept: map[ctrl.Request][]claim{}, waits: map[ctrl.Request]*waitingLine{}, call: func(ctrl.Request) {}}
}

// source makes a queue the one by which those are called who wait.
func (t *turns) source() source.Source {
	return source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) error {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.call = queue.Add
		return nil
	})
}

// take gives somebody the turns that they need until end is called, all or none: then they wait to be called.
func (t *turns) take(who ctrl.Request, claims ...claim) (end func(), ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	kept, called := t.kept[who]
	delete(t.kept, who)
	if !called || !slices.Equal(kept, claims) {
		t.free(kept) // They need something else by now.
		if !t.room(claims) {
			t.wait(who, claims)
			return nil, false
		}
		t.keep(claims)
	}
	delete(t.waits, who)
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.free(claims)
	}, true
}

// forget gives the turns of somebody who is no more to others.
func (t *turns) forget(who ctrl.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.waits, who)
	kept := t.kept[who]
	delete(t.kept, who)
	t.free(kept)
}

// room tells whether all turns of some claims are free. The lock is held, as it is for what follows.
func (t *turns) room(claims []claim) bool {
	return !slices.ContainsFunc(claims, func(c claim) bool { return t.taken[c.of] >= c.atMost })
}

func (t *turns) keep(claims []claim) {
	for _, c := range claims {
		t.taken[c.of]++
	}
}

// wait puts somebody at the end of a line, unless they stand there already.
func (t *turns) wait(who ctrl.Request, claims []claim) {
	i := slices.IndexFunc(t.lines, func(l *waitingLine) bool { return slices.Equal(l.claims, claims) })
	if i < 0 {
		i = len(t.lines)
		t.lines = append(t.lines, &waitingLine{claims: claims})
	}
	if l := t.lines[i]; t.waits[who] != l {
		l.who = append(l.who, who)
		t.waits[who] = l
	}
}

// free gives turns to those who wait for them.
func (t *turns) free(claims []claim) {
	if len(claims) == 0 {
		return
	}
	for _, c := range claims {
		if t.taken[c.of]--; t.taken[c.of] == 0 {
			delete(t.taken, c.of)
		}
	}
	for t.serve() {
	}
}

// serve calls one of the first line that need not wait any more, if there is one.
func (t *turns) serve() bool {
	for i, l := range t.lines {
		if !t.room(l.claims) {
			continue
		}
		who, found := t.first(l)
		t.lines = slices.Delete(t.lines, i, i+1)
		if len(l.who) > 0 {
			t.lines = append(t.lines, l)
		}
		if found {
			delete(t.waits, who)
			t.keep(l.claims)
			t.kept[who] = l.claims
			t.call(who)
		}
		return true
	}
	return false
}

// first takes the first of a line out of it who still waits there.
func (t *turns) first(l *waitingLine) (who ctrl.Request, found bool) {
	for len(l.who) > 0 {
		who, l.who = l.who[0], l.who[1:]
		if t.waits[who] == l {
			return who, true
		}
	}
	return ctrl.Request{}, false
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
	refs, err := k.through(ctx, obj)
	if err != nil {
		return nil, 0, err
	}
	end, ok := k.turns.take(who, claimsOn(refs...)...)
	if !ok {
		return nil, turnBackstop, nil
	}
	return end, 0, nil
}

// through are the models that have to answer for an object, or the controller alone.
func (k *Kit) through(ctx context.Context, obj client.Object) ([]plan.ModelRef, error) {
	switch obj := obj.(type) {
	case v1alpha1.ControllerObject:
		return []plan.ModelRef{{Controller: keyOf(obj)}}, nil
	case *v1alpha1.JujuSecret:
		return []plan.ModelRef{modelOfSecret(obj)}, nil
	case *v1alpha1.JujuSecretAccess:
		now, err := k.accessModel(ctx, obj)
		if err != nil {
			return nil, err
		}
		before := recordOf(obj).Model
		if before.Controller == "" || before == now {
			return accessModels(obj, now, false), nil
		}
		tenancy, err := k.tenancyFor(ctx, obj.Namespace, before, true)
		return accessModels(obj, now, tenancy.Verdict == nil), err
	}
	return nil, nil
}

// accessModel is the model of the secret that a JujuSecretAccess is about, empty if nobody can tell yet.
func (k *Kit) accessModel(ctx context.Context, obj *v1alpha1.JujuSecretAccess) (plan.ModelRef, error) {
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

// accessModels are the models that have to answer for a JujuSecretAccess whose secret is in a model now: that one, and while it moves
// the one on record, if it may use that. If it is deleted it is the one on record alone. Anybody may have written the record, and must
// not take the turns of others by that.
func accessModels(obj *v1alpha1.JujuSecretAccess, now plan.ModelRef, mayBefore bool) []plan.ModelRef {
	before := recordOf(obj).Model
	refs := []plan.ModelRef{now}
	switch {
	case !obj.DeletionTimestamp.IsZero():
		refs = []plan.ModelRef{before}
	case now.Controller != "" && mayBefore: // Without a secret nobody is asked.
		refs = []plan.ModelRef{now, before}
	}
	return slices.DeleteFunc(refs, func(ref plan.ModelRef) bool {
		namespace := ref.Controller.Namespace()
		return ref.Controller == "" || namespace != "" && namespace != obj.Namespace
	})
}
