// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

const (
	// keepSource is how long the content of a changed source is kept for the
	// objects that have not read it yet. After that, the next of them reads it
	// again.
	keepSource = 10 * time.Second
	// awaitUsers is how long steps for a changed source are gathered while an
	// object that uses it is not reconciled.
	awaitUsers = 15 * time.Second
	// shareReads is how long the objects that use a changed source share its
	// reads. A thousand objects can take longer than awaitUsers.
	shareReads = 2 * time.Minute
)

// valueSource is a Secret or a ConfigMap that valueFrom refers to.
type valueSource struct {
	kind string
	client.ObjectKey
}

// sourceData is the content of a source.
type sourceData struct {
	found  bool
	values content.Sealed[map[string][]byte]
}

// sourceReads shares the reads of sources that many JujuSecrets use. A change of
// a source wakes all of them, and one read serves all. The read begins after the
// event of the change has arrived, so it is never older than the event. Its
// result is dropped when all objects that the change woke have read it, and
// after keepSource. Their steps share requests too: until all have read the
// source, more steps are announced to their models.
type sourceReads struct {
	mu sync.Mutex
	// changes holds the last change of each source, while objects wait for it.
	changes map[valueSource]*sourceChange
	// sharing holds the change for which an object that is being reconciled
	// shared a read.
	sharing map[client.ObjectKey]*sourceChange
}

// sourceChange is a change of a source.
type sourceChange struct {
	// waiting holds the objects that the change woke and that were not
	// reconciled since.
	waiting map[client.ObjectKey]bool
	// read is the read that these objects share. It is nil before the first of
	// them reads the source, and when the result was dropped.
	read *sourceRead
	// expiry drops the result.
	expiry *time.Timer
	// held holds an announcement of more steps for each model that an object
	// sends steps to. It is nil when the gathering is over.
	held map[plan.ModelRef]Ticket
	// end ends the gathering after awaitUsers, and the change after shareReads.
	end *time.Timer
}

// sourceRead is one read of a source.
type sourceRead struct {
	// done is closed when the read has ended. data and err are set then.
	done chan struct{}
	data sourceData
	err  error
}

func newSourceReads() *sourceReads {
	return &sourceReads{changes: map[valueSource]*sourceChange{}, sharing: map[client.ObjectKey]*sourceChange{}}
}

// changed notes that a change of a source wakes objects. They share a read that
// begins after this call. A single object needs no sharing.
func (s *sourceReads) changed(source valueSource, woken []reconcile.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(source)
	if len(woken) < 2 {
		return
	}
	waiting := make(map[client.ObjectKey]bool, len(woken))
	for _, request := range woken {
		waiting[request.NamespacedName] = true
	}
	c := &sourceChange{waiting: waiting, held: map[plan.ModelRef]Ticket{}}
	s.changes[source] = c
	c.end = time.AfterFunc(awaitUsers, func() { s.expire(source, c) })
}

// expire ends the gathering of steps for a change. Called again, it ends the
// change.
func (s *sourceReads) expire(source valueSource, c *sourceChange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.changes[source] != c:
	case c.held == nil:
		s.drop(source)
	default:
		c.release()
		c.end.Reset(shareReads - awaitUsers)
	}
}

// drop ends the last change of a source. The lock is held.
func (s *sourceReads) drop(source valueSource) {
	c := s.changes[source]
	if c == nil {
		return
	}
	c.forget()
	c.end.Stop()
	c.release()
	delete(s.changes, source)
}

// release withdraws the announcements of more steps. The lock is held.
func (c *sourceChange) release() {
	for _, ticket := range c.held {
		ticket.Withdraw()
	}
	c.held = nil
}

// arrive removes an object from those that wait for a change. The lock is held.
func (s *sourceReads) arrive(source valueSource, object client.ObjectKey) {
	if c := s.changes[source]; c != nil {
		if delete(c.waiting, object); len(c.waiting) == 0 {
			s.drop(source)
		}
	}
}

// hold announces more steps to a model if other objects still wait for the
// change for which an object shared a read. The steps of the object then wait
// for a moment, to share a request with the steps of the others.
func (s *sourceReads) hold(object client.ObjectKey, model plan.ModelRef, announce func() Ticket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.sharing[object]; c != nil && c.held != nil && c.held[model] == nil {
		c.held[model] = announce()
	}
}

// begin notes the start of a reconcile of an object, and returns a function that
// notes its end. The object then no longer waits for the changes from before the
// start, even if it has read none of its sources, for example because it is
// suspended.
func (s *sourceReads) begin(obj *v1alpha1.JujuSecret) (end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	object, before := client.ObjectKeyFromObject(obj), map[valueSource]*sourceChange{}
	for _, from := range obj.Spec.ValueFrom {
		source, _ := sourceOf(obj.Namespace, from)
		if c := s.changes[source]; c != nil {
			before[source] = c
		}
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.sharing, object)
		for source, c := range before {
			if s.changes[source] == c {
				s.arrive(source, object)
			}
		}
	}
}

// forget drops the result of the read. The lock is held.
func (c *sourceChange) forget() {
	c.read = nil
	if c.expiry != nil {
		c.expiry.Stop()
		c.expiry = nil
	}
}

// get returns the content of a source for an object. It shares a read if the
// last change of the source woke the object and the object has not read the
// source since. Otherwise it reads the source.
func (s *sourceReads) get(
	ctx context.Context, source valueSource, object client.ObjectKey, read func(context.Context) (sourceData, error),
) (sourceData, error) {
	change, shared, first := s.join(source, object)
	if shared == nil {
		return read(ctx)
	}
	if first {
		func() {
			defer close(shared.done)
			shared.data, shared.err = read(ctx)
		}()
		s.keep(change, shared)
	}
	select {
	case <-shared.done:
		return shared.data, shared.err
	case <-ctx.Done():
		return sourceData{}, ctx.Err()
	}
}

// join returns the read that an object shares, nil if it shares none. first is
// true if the caller must carry the read out.
func (s *sourceReads) join(
	source valueSource, object client.ObjectKey,
) (change *sourceChange, shared *sourceRead, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change = s.changes[source]
	if change == nil || !change.waiting[object] {
		return nil, nil, false
	}
	if change.read == nil {
		change.read, first = &sourceRead{done: make(chan struct{})}, true
	}
	shared = change.read
	s.sharing[object] = change
	s.arrive(source, object)
	return change, shared, first
}

// keep keeps the result of a read for keepSource if objects still wait for it. An
// error is not kept.
func (s *sourceReads) keep(change *sourceChange, shared *sourceRead) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if change.read != shared {
		return // The last object has read it, or the source has changed again.
	}
	if shared.err != nil {
		change.forget()
		return
	}
	change.expiry = time.AfterFunc(keepSource, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if change.read == shared {
			change.forget()
		}
	})
}

// wakeSourceUsers enqueues the JujuSecrets that use the source of an event. They
// share a read of the source.
func (r *SecretReconciler) wakeSourceUsers(kind string, which selection) handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	users := r.changedUsers(&v1alpha1.JujuSecretList{}, which)
	wake := func(ctx context.Context, obj client.Object, q queue) {
		woken := users(ctx, obj)
		r.sources.changed(valueSource{kind, client.ObjectKeyFromObject(obj)}, woken)
		for _, request := range woken {
			q.Add(request)
		}
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q queue) { wake(ctx, e.Object, q) },
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue) { wake(ctx, e.ObjectNew, q) },
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q queue) { wake(ctx, e.Object, q) },
	}
}

// readSource returns the content of a source from the API server.
func (r *SecretReconciler) readSource(ctx context.Context, source valueSource) (sourceData, error) {
	if source.kind == kindSecret {
		var secret corev1.Secret
		err := r.Get(ctx, source.ObjectKey, &secret)
		return sourceData{err == nil, content.Seal(secret.Data)}, client.IgnoreNotFound(err)
	}
	var configMap corev1.ConfigMap
	err := r.Get(ctx, source.ObjectKey, &configMap)
	values := configMap.BinaryData
	for key, value := range configMap.Data { // The API server refuses a key that is in both.
		if values == nil {
			values = map[string][]byte{}
		}
		values[key] = []byte(value)
	}
	return sourceData{err == nil, content.Seal(values)}, client.IgnoreNotFound(err)
}
