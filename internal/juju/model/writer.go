// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/juju-secrets/operator/internal/plan"
)

const (
	// maxItems bounds the steps of one call. More steps wait until it ends.
	maxItems = 100
	// maxBytes bounds the content of one call, in base64. One secret can have
	// 1,000,000.
	maxBytes = 4_000_000
	// gathering bounds how long a step waits for steps that were announced
	// before it arrived.
	gathering = 500 * time.Millisecond
)

// writer sends the steps of many objects to one model. It makes one call at a
// time, because Juju's store takes one write at a time. A call has all waiting
// steps of one kind, so steps that arrive during a call form the next one.
//
// An object announces its steps before it writes its record to Kubernetes. A
// step that arrives waits for the steps that were announced earlier. If there
// are none, it is sent immediately.
type writer struct {
	// carryOut makes one call with the next steps of jobs of one verb, and sets
	// their outcomes.
	carryOut func(ctx context.Context, v verb, batch []*job)

	mu      sync.Mutex
	queue   queue
	sending bool
	// arrived wakes a writer that waits for announced steps.
	arrived chan struct{}
}

// newWriter returns a writer without steps.
func newWriter(carryOut func(ctx context.Context, v verb, batch []*job)) *writer {
	return &writer{carryOut: carryOut, arrived: make(chan struct{}, 1), queue: queue{announced: map[int]verb{}}}
}

// announce adds an announcement of steps that are about to be sent. It returns
// the number of the announcement, which send or withdraw ends.
func (w *writer) announce(steps []plan.Step) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.queue.announce(verbOf(steps[0]))
}

// withdraw removes an announcement of steps that will not be sent.
func (w *writer) withdraw(announcement int) {
	w.mu.Lock()
	delete(w.queue.announced, announcement)
	w.mu.Unlock()
	w.poke()
}

// send carries out announced steps in order, each only if the steps before it
// succeeded. It returns the error of ctx if ctx was cancelled before the first
// step was sent.
func (w *writer) send(ctx context.Context, announcement int, steps []plan.Step) ([]plan.Outcome, error) {
	j := &job{steps: slices.Clone(steps), outcomes: notTried(len(steps)), done: make(chan struct{})}
	w.mu.Lock()
	delete(w.queue.announced, announcement)
	w.queue.add(j, time.Now())
	if !w.sending {
		w.sending = true
		go w.run(context.WithoutCancel(ctx)) // It continues for other callers.
	}
	w.mu.Unlock()
	w.poke()
	select {
	case <-j.done:
	case <-ctx.Done():
		if untouched := w.cancel(j); untouched && errors.Is(ctx.Err(), context.Canceled) {
			return nil, ctx.Err()
		}
		<-j.done // A call in flight ends in time, and its outcome must not be lost.
	}
	return j.outcomes, nil
}

// cancel ends a waiting job, and reports whether none of its steps was sent. If
// a step is in flight, the job ends after this step.
func (w *writer) cancel(j *job) (untouched bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	j.late = true
	if !w.queue.remove(j) {
		return false
	}
	w.queue.expire(j)
	return j.next == 0
}

// run makes calls until no step waits.
func (w *writer) run(ctx context.Context) {
	for {
		w.mu.Lock()
		v, batch, wait := w.queue.next(time.Now())
		w.sending = len(batch) > 0 || wait > 0
		going := w.sending
		w.mu.Unlock()
		switch {
		case !going:
			return
		case len(batch) == 0:
			select {
			case <-w.arrived:
			case <-time.After(wait):
			}
			continue
		}
		w.carryOut(ctx, v, batch)
		w.mu.Lock()
		for _, j := range batch {
			w.queue.requeue(j)
		}
		w.mu.Unlock()
	}
}

// poke wakes a writer that waits for announced steps.
func (w *writer) poke() {
	select {
	case w.arrived <- struct{}{}:
	default:
	}
}
