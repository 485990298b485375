// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"maps"
	"slices"
	"time"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// verb is a kind of step.
type verb int

const (
	creates verb = iota + 1
	updates
	removes
	grants
	revokes
	sets
	resets
)

// bulk reports whether one call can have steps for many secrets. Juju grants
// and revokes one secret a call.
func (v verb) bulk() bool { return v != grants && v != revokes }

// verbOf returns the verb of a step.
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
	case plan.SetOptions:
		return sets
	case plan.ResetOptions:
		return resets
	}
	panic("unknown kind of step")
}

// job holds the steps of one object.
type job struct {
	steps    []plan.Step
	outcomes []plan.Outcome
	// next is the index of the step to carry out.
	next int
	// done is closed when the job has ended.
	done chan struct{}
	// leftOut holds the applications that the next step leaves out, because of a
	// problem in an earlier step.
	leftOut map[string]plan.Problem
	// late is true when the caller no longer waits. No further step is sent.
	late bool

	// waitsFor is the last ticket that was announced before the job arrived.
	// The job waits for the tickets up to it, but not longer than until.
	waitsFor int
	until    time.Time
}

// step returns the next step.
func (j *job) step() plan.Step { return j.steps[j.next] }

// items returns the number of items of the next step in a call.
func (j *job) items() int {
	switch step := j.step().(type) {
	case plan.SetOptions, plan.ResetOptions:
		return len(applicationsOf(step))
	}
	return 1
}

// applicationsOf returns the applications of a step, nil if it has none.
func applicationsOf(step plan.Step) (apps []string) {
	switch step := step.(type) {
	case plan.Grant:
		return step.Applications
	case plan.Revoke:
		return step.Applications
	case plan.SetOptions, plan.ResetOptions:
		for _, change := range optionChanges(step) {
			apps = append(apps, change.app)
		}
	}
	return apps
}

// without returns a step without some of its applications.
func without(step plan.Step, apps map[string]plan.Problem) plan.Step {
	isOut := func(app string) bool { _, out := apps[app]; return out }
	switch step := step.(type) {
	case plan.Grant:
		step.Applications = slices.DeleteFunc(slices.Clone(step.Applications), isOut)
		return step
	case plan.Revoke:
		step.Applications = slices.DeleteFunc(slices.Clone(step.Applications), isOut)
		return step
	case plan.SetOptions:
		step.Options = slices.DeleteFunc(slices.Clone(step.Options), func(option plan.OptionSetting) bool {
			return isOut(option.Application)
		})
		return step
	case plan.ResetOptions:
		step.Options = slices.DeleteFunc(slices.Clone(step.Options), func(option plan.AppOption) bool {
			return isOut(option.Application)
		})
		return step
	}
	return step
}

// leaveOut leaves applications with a problem in an earlier step out of the next
// step. It reports whether nothing is left of the step, which then ends.
func (j *job) leaveOut() (nothingLeft bool) {
	j.leftOut = map[string]plan.Problem{}
	apps := applicationsOf(j.step())
	for _, app := range apps {
		for _, outcome := range j.outcomes[:j.next] {
			if problem, ok := outcome.Applications[app]; ok {
				j.leftOut[app] = problem
			}
		}
	}
	if len(j.leftOut) == 0 {
		return false
	}
	j.steps[j.next] = without(j.step(), j.leftOut)
	return len(j.leftOut) == len(apps)
}

// end adds the applications that were left out to the outcome of the next step.
func (j *job) end() {
	outcome := &j.outcomes[j.next]
	if len(j.leftOut) > 0 && outcome.Applications == nil {
		outcome.Applications = map[string]plan.Problem{}
	}
	maps.Copy(outcome.Applications, j.leftOut)
	outcome.NotTried = false
}

// size returns the size of the content of the next step, in bytes of base64.
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

// queue holds the waiting jobs in order, and the announcements. It decides
// which jobs form a call. It uses no lock and no clock.
type queue struct {
	waiting []*job
	// announced holds the verbs of announced jobs by ticket. Tickets are
	// numbered in order.
	announced map[int]verb
	tickets   int
}

// announce adds an announcement of a job, and returns its ticket. The ticket
// stays in announced until the job arrives or is withdrawn.
func (q *queue) announce(v verb) int {
	q.tickets++
	q.announced[q.tickets] = v
	return q.tickets
}

// add adds a new job at the end.
func (q *queue) add(j *job, now time.Time) {
	j.waitsFor, j.until = q.tickets, now.Add(gathering)
	q.waiting = append(q.waiting, j)
}

// remove removes a job, and reports whether it was waiting.
func (q *queue) remove(j *job) bool {
	before := len(q.waiting)
	q.waiting = slices.DeleteFunc(q.waiting, func(other *job) bool { return other == j })
	return len(q.waiting) < before
}

// expire ends a job that did not send its next step in time.
func (q *queue) expire(j *job) {
	j.outcomes[j.next] = plan.Outcome{Problem: &plan.Problem{
		Reason: v1alpha1.ReasonModelUnavailable, Message: "the model was busy with other changes",
	}}
	close(j.done)
}

// requeue ends a job after its last or a failed step. Otherwise it puts the job
// with its next step at the front. Options that follow a grant go to the end, so
// that they share a call with the options of the grants that wait.
func (q *queue) requeue(j *job) {
	j.end()
	failed := j.outcomes[j.next].Problem != nil
	j.next++
	for !failed && j.next < len(j.steps) && j.leaveOut() {
		j.end()
		j.next++
	}
	switch {
	case failed || j.next == len(j.steps):
		close(j.done)
		return
	case j.late:
		q.expire(j)
		return
	}
	at := 0
	if verbOf(j.step()) == sets {
		at = len(q.waiting)
	}
	q.waiting = slices.Insert(q.waiting, at, j)
}

// next removes and returns the jobs for the next call: the first job that need
// not wait for an announcement, and all jobs with the same verb that fit into
// the call. Jobs that fill a call do not wait. If there is none, it returns how
// long to wait at most, or 0 if no job waits.
func (q *queue) next(now time.Time) (v verb, batch []*job, wait time.Duration) {
	head, wait := q.head(now)
	if head < 0 {
		return 0, nil, wait
	}
	v = verbOf(q.waiting[head].step())
	size, items := 0, 0
	q.waiting = slices.DeleteFunc(q.waiting, func(j *job) bool {
		full := !v.bulk() || items+j.items() > maxItems || size+j.size() > maxBytes
		if verbOf(j.step()) != v || len(batch) > 0 && full {
			return false
		}
		size, items = size+j.size(), items+j.items()
		batch = append(batch, j)
		return true
	})
	return v, batch, 0
}

// head returns the index of the first job that need not wait. If there is none,
// it returns -1 and how long to wait at most, or 0 if no job waits.
func (q *queue) head(now time.Time) (head int, wait time.Duration) {
	arrived := map[verb]int{}
	for _, j := range q.waiting {
		arrived[verbOf(j.step())] += j.items()
	}
	for i, j := range q.waiting {
		left := q.waits(j, now)
		if left == 0 || arrived[verbOf(j.step())] >= maxItems { // More steps would not fit into the call.
			return i, 0
		}
		if wait == 0 || left < wait {
			wait = left
		}
	}
	return -1, wait
}

// waits returns how much longer a job waits for announced jobs.
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

// notTried returns the outcomes of n steps that were not sent.
func notTried(n int) []plan.Outcome {
	outcomes := make([]plan.Outcome, n)
	for i := range outcomes {
		outcomes[i].NotTried = true
	}
	return outcomes
}
