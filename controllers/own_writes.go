// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
)

// ownWrites holds the operator's last write of each object until the cache has
// it.
type ownWrites struct {
	mu   sync.Mutex
	last map[client.ObjectKey]ownWrite
}

// ownWrite is a write of an object by this operator.
type ownWrite struct {
	version string
	at      time.Time
	// gone is the UID of the object if the write removed its last finalizer
	// while it was being deleted. Such a write makes no new version.
	gone types.UID
	// awaited is true when a reconcile waits until the cache has the write.
	awaited bool
}

func newOwnWrites() *ownWrites { return &ownWrites{last: map[client.ObjectKey]ownWrite{}} }

// note stores the version of an object that a write returned.
func (w *ownWrites) note(obj client.Object, now time.Time) {
	last := ownWrite{version: obj.GetResourceVersion(), at: now}
	if !obj.GetDeletionTimestamp().IsZero() && len(obj.GetFinalizers()) == 0 {
		last.gone = obj.GetUID()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last[client.ObjectKeyFromObject(obj)] = last
}

// stale reports whether an object from the cache is older than the last write.
// The event with which the cache gets the write then passes the predicate seen,
// unless the cache has it by now. So the caller reads the object once more.
func (w *ownWrites) stale(obj client.Object, now time.Time) bool {
	key := client.ObjectKeyFromObject(obj)
	w.mu.Lock()
	defer w.mu.Unlock()
	last, ok := w.last[key]
	if !ok {
		return false
	}
	if last.after(obj) && now.Sub(last.at) < cacheLag {
		last.awaited = true
		w.last[key] = last
		return true
	}
	delete(w.last, key)
	return false
}

// forget removes the write of an object that is deleted.
func (w *ownWrites) forget(key client.ObjectKey) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.last, key)
}

// after reports whether the write is newer than an object from the cache.
func (w ownWrite) after(obj client.Object) bool {
	order, err := resourceversion.CompareResourceVersion(obj.GetResourceVersion(), w.version)
	return err == nil && order < 0 || w.gone != "" && w.gone == obj.GetUID()
}

// seen returns a predicate that passes the update with which the cache gets a
// write, if a reconcile waits for it.
func (w *ownWrites) seen() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		key := client.ObjectKeyFromObject(e.ObjectNew)
		w.mu.Lock()
		defer w.mu.Unlock()
		last, ok := w.last[key]
		if !ok || last.after(e.ObjectNew) {
			return false
		}
		delete(w.last, key)
		return last.awaited
	}}
}
