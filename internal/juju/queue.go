// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"slices"
	"time"

	"github.com/juju-secrets/operator/internal/plan"
)

// verb is a kind of call.
type verb int

const (
	creates verb = iota + 1
	updates
	removes
	grants
	revokes
)

// bulk tells that one call takes the steps of many secrets. Juju grants and revokes one secret a call.
func (v verb) bulk() bool { return v == creates || v == updates || v == removes }

func verbOf(step plan.Step) verb {
	switch step.(type) {
	case plan.Create:
		return creates
	case plan.Update:
		return updates
	case plan.Remove:
		return removes
	case plan.Grant:
		return grants
	case plan.Revoke:
		return revokes
	}
	panic("a kind of step that package plan does not have")
}

// job is the steps of one object.
type job struct {
	steps    []plan.Step
	outcomes []plan.Outcome
	// next is the index of the step to carry out.
	next int
	// done is closed when nothing is left to do.
	done chan struct{}
	// may is asked right before each step whether it may begin.
	may func(context.Context) bool
	// late tells that the caller's time is over, so that no further step begins, forbidden that the first one may not.
	late, forbidden bool

	// waitsFor is the last ticket that was announced when the job came, and until when it waits for those up to it.
	waitsFor int
	until    time.Time
}

// step is what is to be done next.
func (j *job) step() plan.Step { return j.steps[j.next] }

// size is the content of the next step, in bytes of base64.
func (j *job) size() int {
	var encoded map[string]string
	switch step := j.step().(type) {
	case plan.Create:
		encoded = step.Content.Encoded()
	case plan.Update:
		if step.Content != nil {
			encoded = step.Content.Encoded()
		}
	}
	size := 0
	for key, value := range encoded {
		size += len(key) + len(value)
	}
	return size
}

// queue is the jobs that wait, in their order, and those that were announced. It decides what goes into a call; it takes
// no lock and knows no clock.
type queue struct {
	waiting []*job
	// announced are the verbs of jobs that are about to come, by ticket. Tickets count up.
	announced map[int]verb
	tickets   int
}

// announce says that a job is about to come. Its ticket is to be taken out of announced when it has, or will not.
func (q *queue) announce(v verb) int {
	q.tickets++
	q.announced[q.tickets] = v
	return q.tickets
}

// add puts a new job at the end.
func (q *queue) add(j *job, now time.Time) {
	j.waitsFor, j.until = q.tickets, now.Add(gathering)
	q.waiting = append(q.waiting, j)
}

// withdraw takes a job out, and tells whether it was there.
func (q *queue) withdraw(j *job) bool {
	before := len(q.waiting)
	q.waiting = slices.DeleteFunc(q.waiting, func(other *job) bool { return other == j })
	return len(q.waiting) < before
}

// tooLate ends a job whose turn for the next step did not come in time.
func (q *queue) tooLate(j *job) {
	j.outcomes[j.next] = plan.Outcome{Trouble: &plan.Trouble{Kind: plan.Busy, Message: "the model was busy with other changes"}}
	close(j.done)
}

// forbid ends a job whose next step may not begin.
func (q *queue) forbid(j *job) {
	j.forbidden = j.next == 0
	j.outcomes[j.next] = plan.Outcome{Trouble: &plan.Trouble{Kind: plan.Busy, Message: "the rest may not be done any more"}}
	close(j.done)
}

// back takes in a job whose step was carried out: to the front with what is left to do, or as done.
func (q *queue) back(j *job) {
	failed := j.outcomes[j.next].Trouble != nil
	j.next++
	switch {
	case failed || j.next == len(j.steps):
		close(j.done)
		return
	case j.late:
		q.tooLate(j)
		return
	}
	q.waiting = slices.Insert(q.waiting, 0, j)
}

// next takes out the jobs for the next call: the first that need not wait for one that was announced, and all of its verb
// that fit in. Without any it answers how long to wait at most, or 0 if nothing waits.
func (q *queue) next(now time.Time) (v verb, batch []*job, wait time.Duration) {
	head := -1
	for i, j := range q.waiting {
		left := q.waits(j, now)
		if left == 0 {
			head = i
			break
		}
		if wait == 0 || left < wait {
			wait = left
		}
	}
	if head < 0 {
		return 0, nil, wait
	}
	v = verbOf(q.waiting[head].step())
	size := 0
	q.waiting = slices.DeleteFunc(q.waiting, func(j *job) bool {
		full := len(batch) == maxItems || len(batch) > 0 && (!v.bulk() || size+j.size() > maxBytes)
		if verbOf(j.step()) != v || full {
			return false
		}
		size += j.size()
		batch = append(batch, j)
		return true
	})
	return v, batch, 0
}

// waits is how long a job still waits for announced ones.
func (q *queue) waits(j *job, now time.Time) time.Duration {
	v := verbOf(j.step())
	if !v.bulk() || !now.Before(j.until) {
		return 0
	}
	for ticket, announced := range q.announced {
		if announced == v && ticket <= j.waitsFor {
			return j.until.Sub(now)
		}
	}
	return 0
}
