// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/juju-secrets/operator/internal/plan"
)

const (
	// maxItems bounds one call: what arrives meanwhile has to wait for it.
	maxItems = 100
	// maxBytes bounds the content of one call, in base64. A single secret can have 1,000,000.
	maxBytes = 4_000_000
	// gathering bounds how long a step waits for others that were announced before it came.
	gathering = 500 * time.Millisecond
)

// writer sends the steps of many objects to one model: one call at a time, since Juju's store takes one write at a time
// anyway, and with all the steps of a kind that wait. So what arrives during a call forms the next one.
//
// An object announces its steps while it still writes down its intent. A step that finds others announced waits for those
// to arrive, and for nothing else: alone it is sent at once.
type writer struct {
	// send carries out the present steps of jobs of one verb, and notes the outcomes.
	send func(ctx context.Context, v verb, batch []*job)

	mu      sync.Mutex
	queue   queue
	sending bool
	// arrived wakes a writer that waits for announced jobs.
	arrived chan struct{}
}

func newWriter(send func(ctx context.Context, v verb, batch []*job)) *writer {
	return &writer{send: send, arrived: make(chan struct{}, 1), queue: queue{announced: map[int]verb{}}}
}

// do carries out a job's steps in order, after ready has returned, each only if may says so when its turn has come. It fails if ready
// does, and with context.Canceled if ctx is cancelled before the first one's turn, or that one may not begin: then nothing was sent.
func (w *writer) do(
	ctx context.Context, steps []plan.Step, ready func(context.Context) error, may func(context.Context) bool,
) ([]plan.Outcome, error) {
	w.mu.Lock()
	ticket := w.queue.announce(verbOf(steps[0]))
	w.mu.Unlock()
	err := ready(ctx)

	w.mu.Lock()
	delete(w.queue.announced, ticket)
	j := &job{steps: steps, outcomes: notTried(len(steps)), done: make(chan struct{}), may: may}
	if err == nil {
		w.queue.add(j, time.Now())
		if !w.sending {
			w.sending = true
			go w.run(context.WithoutCancel(ctx)) // It goes on for others.
		}
	}
	w.mu.Unlock()
	w.poke()
	if err != nil {
		return nil, err
	}
	select {
	case <-j.done:
	case <-ctx.Done():
		if untouched := w.withdraw(j); untouched && errors.Is(ctx.Err(), context.Canceled) {
			return nil, ctx.Err()
		}
		<-j.done // What is under way has an end, and its outcome must not get lost.
	}
	if j.forbidden {
		return nil, context.Canceled
	}
	return j.outcomes, nil
}

// withdraw ends a job whose turn comes too late, and tells whether no step of it was begun. One that is under way goes on, and
// is the last.
func (w *writer) withdraw(j *job) (untouched bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	j.late = true
	if !w.queue.withdraw(j) {
		return false
	}
	w.queue.tooLate(j)
	return j.next == 0
}

// run sends until nothing waits.
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
		if batch = w.allowed(ctx, batch); len(batch) == 0 {
			continue
		}
		w.send(ctx, v, batch)
		w.mu.Lock()
		for _, j := range batch {
			w.queue.back(j)
		}
		w.mu.Unlock()
	}
}

// allowed are the jobs whose next step may still begin. The others end.
func (w *writer) allowed(ctx context.Context, batch []*job) []*job {
	return slices.DeleteFunc(batch, func(j *job) bool {
		if j.may(ctx) {
			return false
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.queue.forbid(j)
		return true
	})
}

// poke makes a waiting writer count again.
func (w *writer) poke() {
	select {
	case w.arrived <- struct{}{}:
	default:
	}
}
