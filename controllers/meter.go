// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

// Meter records what the reconcilers do. Many goroutines call its methods,
// which must return immediately.
type Meter interface {
	// Drifted records that a managed secret was changed or removed in Juju by
	// a client other than the operator.
	Drifted(controller plan.ControllerKey)
	// Corrected records that the operator reverted such a change.
	Corrected(controller plan.ControllerKey)
	// Contested records that the corrections of an object pause, because
	// another client undid the last ones.
	Contested(controller plan.ControllerKey)
	// Applied records the latency of a change of an object or of its sources.
	Applied(kind string, latency time.Duration)
}

// unmetered is a Meter that discards everything.
type unmetered struct{}

func (unmetered) Drifted(plan.ControllerKey)    {}
func (unmetered) Corrected(plan.ControllerKey)  {}
func (unmetered) Contested(plan.ControllerKey)  {}
func (unmetered) Applied(string, time.Duration) {}

// change identifies a pending change of an object: its own, or drift.
type change struct {
	client.ObjectKey

	// drift is true for a change that was made in Juju.
	drift bool
}

// latencyTracker holds the pending changes and the time at which each was first
// seen. A change of an object is complete when Juju holds it. Drift is complete
// when it is reverted.
type latencyTracker struct {
	mu      sync.Mutex
	pending map[change]*pendingChange
}

type pendingChange struct {
	first, last time.Time
	// sent is true when a step for the change succeeded in Juju.
	sent bool
}

func newLatencyTracker() *latencyTracker {
	return &latencyTracker{pending: map[change]*pendingChange{}}
}

// observe adds a change, and reports whether it is new.
func (t *latencyTracker) observe(c change, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	found, exists := t.pending[c]
	if !exists {
		found = &pendingChange{first: now}
		t.pending[c] = found
	}
	found.last = now
	return !exists
}

// send marks a change as sent to Juju.
func (t *latencyTracker) send(c change) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if found := t.pending[c]; found != nil {
		found.sent = true
	}
}

// done completes a change if it was observed before the object was read, and
// returns its latency. ok is false if no step was sent for it. A change that
// was observed after the read stays pending.
func (t *latencyTracker) done(c change, read, now time.Time) (latency time.Duration, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	found := t.pending[c]
	if found == nil {
		return 0, false
	}
	latency, ok = now.Sub(found.first), found.sent
	if found.last.After(read) {
		t.pending[c] = &pendingChange{first: found.last, last: found.last}
	} else {
		delete(t.pending, c)
	}
	return latency, ok
}

// forget removes the changes of an object that is deleted, or that another
// installation of the operator serves.
func (t *latencyTracker) forget(key client.ObjectKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.pending, change{ObjectKey: key})
	delete(t.pending, change{ObjectKey: key, drift: true})
}

// measure records the latency of an object's change if the plan and its
// outcomes complete the change. began is when the object was read.
func (b *objectBase) measure(obj client.Object, kind string, began time.Time, todo plan.Plan, done []plan.Outcome) {
	own, reason := change{ObjectKey: client.ObjectKeyFromObject(obj)}, plan.Conclude(todo, done).Reason
	if len(done) > 0 && done[0].Problem == nil {
		b.latency.send(own)
	}
	ended := gone(obj)
	switch {
	case reason == "", !ended && status.HandlingOf(reason).InProgress:
		return
	}
	held := reason == v1alpha1.ReasonSynced || ended && reason != v1alpha1.ReasonOrphaned
	if latency, ok := b.latency.done(own, began, b.Now()); ok && held {
		b.Meter.Applied(kind, latency)
	}
}

// measureDrift counts the drift of a JujuSecret: once when a report or an
// attempt to revert first shows it, and once when it is reverted. Drift that
// the status already reports, for example after a restart, has no event and is
// not counted again.
func (r *SecretReconciler) measureDrift(
	obj *v1alpha1.JujuSecret, facts plan.SecretFacts, todo plan.Plan, done []plan.Outcome, events []status.Event,
) {
	controller, now := facts.Model.Controller, r.Now()
	drift := change{ObjectKey: client.ObjectKeyFromObject(obj), drift: true}
	reported := slices.ContainsFunc(events, func(e status.Event) bool { return e.Reason == v1alpha1.ReasonDrifted })
	switch {
	case todo.Corrects || reported:
		if r.latency.observe(drift, now) {
			r.Meter.Drifted(controller)
		}
		if todo.Corrects && !failed(done) {
			r.latency.done(drift, now, now)
			r.Meter.Corrected(controller)
		}
	case facts.View.Known && todo.Condition.Reason != v1alpha1.ReasonDrifted:
		r.latency.done(drift, now, now)
	}
}

// noteCorrections stores what a plan corrected, and counts a new pause between
// corrections.
func (b *objectBase) noteCorrections(
	obj client.Object, content string, before plan.Corrections, todo plan.Plan, done []plan.Outcome, events []status.Event,
) {
	restored, pauses := plan.Restored(todo, done), todo.Wait > 0 && todo.Condition.Reason != ""
	if !pauses && len(restored) == 0 && todo.Condition.Reason != v1alpha1.ReasonSynced {
		return // The plan does not say whether there is drift.
	}
	b.corrections.add(client.ObjectKeyFromObject(obj), versionOf(obj, content), before, restored, pauses, b.Now())
	reported := slices.ContainsFunc(events, func(e status.Event) bool { return e.Reason == v1alpha1.ReasonDrifted })
	if pauses && reported {
		b.Meter.Contested(todo.Model.Controller)
	}
}

// failed reports whether a step did not succeed.
func failed(done []plan.Outcome) bool {
	return slices.ContainsFunc(done, func(o plan.Outcome) bool { return o.Problem != nil || o.NotTried })
}

// gone reports whether an object is deleted and has no finalizer.
func gone(obj client.Object) bool {
	return !obj.GetDeletionTimestamp().IsZero() && len(obj.GetFinalizers()) == 0
}

// ownChanges returns a predicate that passes the updates of specOrRequest, and
// the writes that a reconcile waits for. It observes each new generation of the
// object for the latency.
func (b *objectBase) ownChanges() builder.Predicates {
	observe := func(obj client.Object) bool {
		b.latency.observe(change{ObjectKey: client.ObjectKeyFromObject(obj)}, b.Now())
		return true
	}
	return builder.WithPredicates(predicate.Or(predicate.And(specOrRequest(), predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool { return observe(e.Object) },
		UpdateFunc: func(e event.UpdateEvent) bool {
			return e.ObjectOld.GetGeneration() == e.ObjectNew.GetGeneration() || observe(e.ObjectNew)
		},
	}), b.ownWrites.seen()))
}

// wakeChanged enqueues the objects that use the object of an event as a source,
// and observes the change for the latency.
func (b *objectBase) wakeChanged(list client.ObjectList, which selection) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(b.changedUsers(list, which))
}

// changedUsers returns requests for the objects that use an object as a source,
// and observes its change for the latency.
func (b *objectBase) changedUsers(list client.ObjectList, which selection) handler.MapFunc {
	return b.mapTo(list, which, func(request reconcile.Request) {
		b.latency.observe(change{ObjectKey: request.NamespacedName}, b.Now())
	})
}
