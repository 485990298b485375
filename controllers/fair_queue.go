// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/juju-secrets/operator/internal/plan"
)

// The number of objects of one kind that are reconciled at a time while they
// wait for Juju. Slow controllers must not occupy all workers, because other
// objects need them.
const (
	// slotsPerModel is the limit for one model of a ClusterJujuController. So
	// many objects fill one request to Juju. More would need more memory, because
	// each holds its content.
	slotsPerModel = 100
	// slotsPerController is the limit for one ClusterJujuController.
	slotsPerController = concurrency / 2
	// slotsPerNamespace is the limit for all JujuControllers of one namespace.
	// The namespace chooses the servers that these connect to.
	slotsPerNamespace = concurrency / 16
	// slotsInAll is the limit for all controllers together. An object whose
	// controllers use less than ownSlots may exceed it, so that slow controllers
	// leave slots for every other one.
	slotsInAll = concurrency * 3 / 4
	ownSlots   = 4
	// queuedRetry is when an object that waits for a slot is requeued even if
	// the fair queue does not enqueue it.
	queuedRetry = 30 * time.Second
)

// quota limits the slots for one model, controller or namespace, or for all of
// them together.
type quota struct {
	// key identifies what is limited. It is empty for all together.
	key   string
	limit int
	// owns is true for a ClusterJujuController, and for a namespace with
	// JujuControllers. Each has ownSlots.
	owns bool
}

// quotasOf returns the quotas of an object that uses the given models. A model
// without a name or UUID counts only for its controller.
func quotasOf(refs ...plan.ModelRef) []quota {
	var quotas []quota
	add := func(q quota) {
		if !slices.Contains(quotas, q) {
			quotas = append(quotas, q)
		}
	}
	for _, ref := range refs {
		add(quota{limit: slotsInAll})
		if namespace := ref.Controller.Namespace(); namespace != "" {
			add(quota{key: namespace + "/", limit: slotsPerNamespace, owns: true})
			continue
		}
		if model := ref.String(); model != "" {
			add(quota{key: string(ref.Controller) + " " + model, limit: slotsPerModel})
		}
		add(quota{key: string(ref.Controller), limit: slotsPerController, owns: true})
	}
	return quotas
}

// fairQueue limits how many objects of one kind are reconciled at a time for
// each model, controller and namespace. An object needs one slot of each of its
// quotas. If a slot is missing, the object waits. When all its slots are free,
// they are reserved for the object, and the object is enqueued.
type fairQueue struct {
	mu sync.Mutex
	// used is the number of slots that are taken or reserved, by the key of the
	// quota.
	used map[string]int
	// reserved holds the quotas of objects that were enqueued and are not yet
	// reconciled.
	reserved map[ctrl.Request][]quota
	// queues has one queue for each combination of quotas. A queue moves to the
	// end each time that it is served.
	queues []*waitQueue
	// waiting maps an object to the queue that it waits in.
	waiting map[ctrl.Request]*waitQueue
	// enqueue adds an object to the controller's workqueue.
	enqueue func(ctrl.Request)
}

// waitQueue holds the objects that wait for the same quotas, oldest first. An
// object that no longer waits here can still be in it.
type waitQueue struct {
	quotas   []quota
	requests []ctrl.Request
}

func newFairQueue() *fairQueue {
	return &fairQueue{
		used: map[string]int{}, reserved: map[ctrl.Request][]quota{}, waiting: map[ctrl.Request]*waitQueue{},
		enqueue: func(ctrl.Request) {},
	}
}

// source returns a source that connects the fair queue to the workqueue of a
// controller.
func (f *fairQueue) source() source.Source {
	return source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.enqueue = queue.Add
		return nil
	})
}

// tryAcquire takes one slot of each quota for an object until release is
// called. If a slot is missing, tryAcquire takes none, and the object waits.
func (f *fairQueue) tryAcquire(request ctrl.Request, quotas ...quota) (release func(), ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	reserved, found := f.reserved[request]
	delete(f.reserved, request)
	if !found || !slices.Equal(reserved, quotas) {
		f.release(reserved) // The object now needs other slots.
		if !f.fits(quotas) {
			f.wait(request, quotas)
			return nil, false
		}
		f.take(quotas)
	}
	delete(f.waiting, request)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.release(quotas)
	}, true
}

// forget removes an object from the queue, and releases the slots that are
// reserved for it.
func (f *fairQueue) forget(request ctrl.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.waiting, request)
	reserved := f.reserved[request]
	delete(f.reserved, request)
	f.release(reserved)
}

// fits reports whether each quota has a free slot. The caller of this and of
// the following methods holds the lock.
func (f *fairQueue) fits(quotas []quota) bool {
	own := !slices.ContainsFunc(quotas, func(q quota) bool { return q.owns && f.used[q.key] >= ownSlots })
	return !slices.ContainsFunc(quotas, func(q quota) bool {
		return f.used[q.key] >= q.limit && (q.key != "" || !own)
	})
}

func (f *fairQueue) take(quotas []quota) {
	for _, q := range quotas {
		f.used[q.key]++
	}
}

// wait adds an object to the queue for its quotas. An object that waits there
// already keeps its position.
func (f *fairQueue) wait(request ctrl.Request, quotas []quota) {
	i := slices.IndexFunc(f.queues, func(w *waitQueue) bool { return slices.Equal(w.quotas, quotas) })
	if i < 0 {
		i = len(f.queues)
		f.queues = append(f.queues, &waitQueue{quotas: quotas})
	}
	if w := f.queues[i]; f.waiting[request] != w {
		w.requests = append(w.requests, request)
		f.waiting[request] = w
	}
}

// release frees slots, and enqueues the objects that now fit.
func (f *fairQueue) release(quotas []quota) {
	if len(quotas) == 0 {
		return
	}
	for _, q := range quotas {
		if f.used[q.key]--; f.used[q.key] == 0 {
			delete(f.used, q.key)
		}
	}
	for f.dispatch() {
	}
}

// dispatch serves the first queue that has free slots: it reserves them for the
// object at the head, and enqueues the object. It returns false if no queue has
// free slots.
func (f *fairQueue) dispatch() bool {
	for i, w := range f.queues {
		if !f.fits(w.quotas) {
			continue
		}
		request, found := f.pop(w)
		f.queues = slices.Delete(f.queues, i, i+1)
		if len(w.requests) > 0 {
			f.queues = append(f.queues, w)
		}
		if found {
			delete(f.waiting, request)
			f.take(w.quotas)
			f.reserved[request] = w.quotas
			f.enqueue(request)
		}
		return true
	}
	return false
}

// pop removes and returns the first object that still waits in a queue.
func (f *fairQueue) pop(w *waitQueue) (request ctrl.Request, found bool) {
	for len(w.requests) > 0 {
		request, w.requests = w.requests[0], w.requests[1:]
		if f.waiting[request] == w {
			return request, true
		}
	}
	return ctrl.Request{}, false
}

// usable returns the models that an object of a namespace can use. It drops a
// model without a controller object, and a model behind a JujuController of
// another namespace.
func usable(namespace string, models []plan.ModelRef) []plan.ModelRef {
	return slices.DeleteFunc(slices.Clone(models), func(ref plan.ModelRef) bool {
		other := ref.Controller.Namespace()
		return ref.Controller == "" || other != "" && other != namespace
	})
}

// acquire takes the slots that an object needs for its models, and never
// blocks. The first model decides whether this installation serves the object.
// acquire returns errNotServed if another one does, and errQueued if a slot is
// missing. The fair queue enqueues the object again when all its slots are
// free. Call release after the reconcile.
func (b *base) acquire(
	ctx context.Context, obj client.Object, models ...plan.ModelRef,
) (release func(), err error) {
	key := client.ObjectKeyFromObject(obj)
	// It is counted before serves reads the controller object: see InFlight.
	end := b.InFlight.begin(models)
	defer func() {
		if err != nil {
			end()
		}
	}()
	served, err := b.serves(ctx, obj, models[0].Controller)
	if err != nil {
		return nil, err
	}
	if !served {
		b.forget(key)
		return nil, errNotServed
	}
	quotas := quotasOf(usable(obj.GetNamespace(), models)...)
	free, ok := b.fairQueue.tryAcquire(ctrl.Request{NamespacedName: key}, quotas...)
	if !ok {
		return nil, errQueued
	}
	return func() { free(); end() }, nil
}
