// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
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
)

// Meter counts what the reconcilers do. Its methods are called from many goroutines, and have to return at once.
type Meter interface {
	// Drifted tells that a secret of ours was seen to be different from what it should be.
	Drifted(controller plan.ControllerKey)
	// Corrected tells that such a secret is as it should be again, since the operator changed it.
	Corrected(controller plan.ControllerKey)
	// Applied tells how long it took from when a change of an object of a kind, or of its source, was noticed until Juju held it.
	Applied(kind string, took time.Duration)
}

// unmetered is a Meter that does not count.
type unmetered struct{}

func (unmetered) Drifted(plan.ControllerKey)    {}
func (unmetered) Corrected(plan.ControllerKey)  {}
func (unmetered) Applied(string, time.Duration) {}

// course is what has to be remembered of objects on their way. There is no more of it than objects that are.
type course struct {
	mu sync.Mutex
	// changes are those that Juju may not hold yet.
	changes map[client.ObjectKey]*change
	// adrift are the objects whose secret differs from what it should be.
	adrift map[client.ObjectKey]bool
}

// change is what was noticed of one object.
type change struct {
	first, last time.Time
	// acted tells that something was done in Juju since.
	acted bool
}

func newCourse() *course {
	return &course{changes: map[client.ObjectKey]*change{}, adrift: map[client.ObjectKey]bool{}}
}

// notice notes that an object, or what it is made of, has changed.
func (c *course) notice(key client.ObjectKey, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes[key] == nil {
		c.changes[key] = &change{first: now}
	}
	c.changes[key].last = now
}

// forget forgets an object that is no more.
func (c *course) forget(key client.ObjectKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.changes, key)
	delete(c.adrift, key)
}

// look is what a reconciler has seen and done of one object.
type look struct {
	// began is when it was read.
	began time.Time
	// acted tells that something was done in Juju.
	acted bool
	// onItsWay tells that the operator goes on by itself, until Juju holds what is asked for.
	onItsWay bool
	// held tells that Juju does.
	held bool
}

// settle takes in a look. Applied tells that Juju holds now what it did not when the change was noticed, which is took ago. What
// was noticed during the look may not be in it.
func (c *course) settle(key client.ObjectKey, l look, now time.Time) (took time.Duration, applied bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	noticed := c.changes[key]
	if noticed == nil {
		return 0, false
	}
	noticed.acted = noticed.acted || l.acted
	if l.onItsWay {
		return 0, false
	}
	took, applied = now.Sub(noticed.first), l.held && noticed.acted
	if noticed.last.After(l.began) {
		noticed.first, noticed.acted = noticed.last, false
	} else {
		delete(c.changes, key)
	}
	return took, applied
}

// drift takes in whether a secret differs from what it should be, and tells whether that is news.
func (c *course) drift(key client.ObjectKey, differs bool) (news bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	news = c.adrift[key] != differs
	if differs {
		c.adrift[key] = true
	} else {
		delete(c.adrift, key)
	}
	return news
}

// measure tells the meter what a plan for an object, which was read at a time, has come to.
func (k *Kit) measure(obj client.Object, kind string, began time.Time, todo plan.Plan, done []plan.Outcome) {
	key, verdict := client.ObjectKeyFromObject(obj), plan.Conclude(todo, done)
	if todo.Silent {
		if verdict == (plan.Verdict{}) {
			k.course.forget(key) // Another installation has it, and may hand it over much later.
		}
		return
	}
	l := look{began: began, acted: actedInJuju(done), onItsWay: onItsWay(verdict.Reason), held: verdict.Reason == v1alpha1.ReasonSynced}
	if gone(obj) {
		l.onItsWay, l.held = false, verdict.Reason != v1alpha1.ReasonLetGo
	}
	if took, applied := k.course.settle(key, l, k.Now()); applied {
		k.Meter.Applied(kind, took)
	}
}

// measureDrift tells the meter of a secret that somebody else changed, and of one that is as it should be again.
func (k *Kit) measureDrift(obj *v1alpha1.JujuSecret, seen plan.SecretSeen, todo plan.Plan, done []plan.Outcome) {
	controller, key := seen.Model.Controller, client.ObjectKeyFromObject(obj)
	reported := todo.Verdict.Reason == v1alpha1.ReasonDrifted
	switch {
	case todo.Silent:
	case todo.Corrects || reported:
		told := readyReason(obj.Status.Conditions) == string(v1alpha1.ReasonDrifted) // Maybe by who was here before.
		if k.course.drift(key, true) && !told {
			k.Meter.Drifted(controller)
		}
		if todo.Corrects && !failed(done) {
			k.course.drift(key, false)
			k.Meter.Corrected(controller)
		}
	case seen.World.Known:
		k.course.drift(key, false)
	}
}

// actedInJuju tells that a step was carried out.
func actedInJuju(done []plan.Outcome) bool { return len(done) > 0 && done[0].Trouble == nil }

// failed tells that a step was not.
func failed(done []plan.Outcome) bool {
	for _, outcome := range done {
		if outcome.Trouble != nil || outcome.NotTried {
			return true
		}
	}
	return false
}

// onItsWay tells of a reason that the operator goes on by itself. Else it waits for somebody, and that is not its time.
func onItsWay(reason v1alpha1.Reason) bool {
	switch reason { //nolint:exhaustive // With every other one it is done, or waits for somebody.
	case v1alpha1.ReasonJujuUnreachable, v1alpha1.ReasonModelBusy, v1alpha1.ReasonFailed, v1alpha1.ReasonRemoving, v1alpha1.ReasonHandingOver:
		return true
	}
	return false
}

// gone tells that an object is deleted, and nothing keeps it.
func gone(obj client.Object) bool {
	return !obj.GetDeletionTimestamp().IsZero() && len(obj.GetFinalizers()) == 0
}

// ownChanges passes what asks for work, see specOrRequest, and notices changes of the object itself.
func (k *Kit) ownChanges() builder.Predicates {
	passes := specOrRequest()
	note := func(obj client.Object) bool {
		k.course.notice(client.ObjectKeyFromObject(obj), k.Now())
		return true
	}
	return builder.WithPredicates(predicate.And(passes, predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool { return note(e.Object) },
		UpdateFunc: func(e event.UpdateEvent) bool {
			return e.ObjectOld.GetGeneration() == e.ObjectNew.GetGeneration() || note(e.ObjectNew)
		},
	}))
}

// wakeChanged enqueues the objects that a selection finds for the object that an event is about, which they are made of.
func (k *Kit) wakeChanged(list client.ObjectList, which selection) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(k.found(list, which, func(request reconcile.Request) {
		k.course.notice(request.NamespacedName, k.Now())
	}))
}
