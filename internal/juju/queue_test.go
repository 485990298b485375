// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// jobOf is a job of steps.
func jobOf(steps ...plan.Step) *job {
	return &job{steps: steps, outcomes: notTried(len(steps)), done: make(chan struct{})}
}

// newQueue is an empty queue, and the time at which things arrive in it.
func newQueue() (queue, time.Time) {
	return queue{announced: map[int]verb{}}, time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
}

// Steps whose names tell them apart.
func createOf(name string) plan.Step { return plan.Create{Name: name} }
func updateOf(name string) plan.Step { return plan.Update{ID: name} }
func removeOf(name string) plan.Step { return plan.Remove{ID: name} }
func grantOf(name string) plan.Step  { return plan.Grant{ID: name, Applications: []string{"app1"}} }
func revokeOf(name string) plan.Step { return plan.Revoke{ID: name, Applications: []string{"app1"}} }

// sized is a step with content that takes so many bytes.
func sized(name string, size int) plan.Step {
	c := content.Content{Sealed: content.Seal(map[string]string{"key": strings.Repeat("x", size-len("key"))})}
	if strings.HasPrefix(name, "update") {
		return plan.Update{ID: name, Content: &c}
	}
	return plan.Create{Name: name, Content: c}
}

// nameOf is what tells a step apart.
func nameOf(step plan.Step) string {
	switch step := step.(type) {
	case plan.Create:
		return step.Name
	case plan.Update:
		return step.ID
	case plan.Remove:
		return step.ID
	case plan.Grant:
		return step.ID
	case plan.Revoke:
		return step.ID
	}
	return fmt.Sprintf("%T", step)
}

// present are the names of the steps that jobs are at.
func present(jobs []*job) []string {
	var all []string
	for _, j := range jobs {
		all = append(all, nameOf(j.step()))
	}
	return all
}

// many are so many steps.
func many(n int, of func(string) plan.Step) []plan.Step {
	var steps []plan.Step
	for i := range n {
		steps = append(steps, of(fmt.Sprintf("step%03d", i)))
	}
	return steps
}

func TestStepsThatOneCallCanTakeLeaveTogether(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		waiting        []plan.Step
		verb           verb
		leave, staying []string
	}{
		"nothing": {},
		"one":     {[]plan.Step{createOf("a")}, creates, []string{"a"}, nil},
		"creations, in their order": {
			[]plan.Step{createOf("a"), createOf("b"), createOf("c")}, creates, []string{"a", "b", "c"}, nil,
		},
		"updates":  {[]plan.Step{updateOf("a"), updateOf("b")}, updates, []string{"a", "b"}, nil},
		"removals": {[]plan.Step{removeOf("a"), removeOf("b")}, removes, []string{"a", "b"}, nil},
		"grants one by one": {
			[]plan.Step{grantOf("a"), grantOf("b"), grantOf("a")}, grants, []string{"a"}, []string{"b", "a"},
		},
		"revokes one by one": {[]plan.Step{revokeOf("a"), revokeOf("b")}, revokes, []string{"a"}, []string{"b"}},
		"those of the first one's kind, and the others stay in their order": {
			[]plan.Step{updateOf("a"), createOf("b"), updateOf("c"), removeOf("d"), createOf("e"), updateOf("f"), grantOf("g")},
			updates, []string{"a", "c", "f"}, []string{"b", "d", "e", "g"},
		},
		"a grant, whatever comes after": {
			[]plan.Step{grantOf("a"), createOf("b"), createOf("c"), grantOf("d")}, grants, []string{"a"}, []string{"b", "c", "d"},
		},
		"as many as may be": {many(maxItems, removeOf), removes, present(jobsOf(many(maxItems, removeOf)...)), nil},
		"no more than may be": {
			many(maxItems+2, removeOf), removes, present(jobsOf(many(maxItems, removeOf)...)), []string{"step100", "step101"},
		},
		"as much as may be": {
			[]plan.Step{sized("a", maxBytes-1000), sized("b", 1000)}, creates, []string{"a", "b"}, nil,
		},
		"no byte more": {
			[]plan.Step{sized("a", maxBytes-1000), sized("b", 1001)}, creates, []string{"a"}, []string{"b"},
		},
		"what still fits in": {
			[]plan.Step{sized("a", maxBytes/2), sized("b", maxBytes-1000), sized("c", 1000)}, creates, []string{"a", "c"}, []string{"b"},
		},
		"one that is too big, alone": {
			[]plan.Step{sized("a", maxBytes+1), sized("b", 1000)}, creates, []string{"a"}, []string{"b"},
		},
		"updates that are too much together": {
			[]plan.Step{sized("update1", maxBytes), sized("update2", 1000), updateOf("c")}, updates,
			[]string{"update1", "c"}, []string{"update2"},
		},
		"without what others weigh": {
			[]plan.Step{updateOf("a"), sized("b", maxBytes), sized("update1", maxBytes), updateOf("c")}, updates,
			[]string{"a", "update1", "c"}, []string{"b"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q, now := newQueue()
			for _, j := range jobsOf(row.waiting...) {
				q.add(j, now)
			}
			v, batch, wait := q.next(now)
			if diff := cmp.Diff([][]string{row.leave, row.staying}, [][]string{present(batch), present(q.waiting)}); diff != "" {
				t.Errorf("who leaves and who stays (-want +got):\n%s", diff)
			}
			if v != row.verb || wait != 0 {
				t.Errorf("the verb is %d and the wait %v, want %d and none", v, wait, row.verb)
			}
		})
	}
}

// jobsOf are jobs of one step each.
func jobsOf(steps ...plan.Step) []*job {
	var jobs []*job
	for _, step := range steps {
		jobs = append(jobs, jobOf(step))
	}
	return jobs
}

func TestEveryStepLeavesInTheEnd(t *testing.T) {
	t.Parallel()
	q, now := newQueue()
	var want []string
	for i := range 1000 {
		of := []func(string) plan.Step{createOf, updateOf, removeOf, grantOf, revokeOf}[i*7%5]
		step := of(fmt.Sprintf("step%03d", i))
		if i%100 < 4 { // Too many for one call.
			step = sized(fmt.Sprintf("step%03d", i), maxBytes/3)
		}
		q.add(jobOf(step), now)
		want = append(want, fmt.Sprintf("step%03d", i))
	}
	var got []string
	for {
		v, batch, _ := q.next(now)
		if len(batch) == 0 {
			break
		}
		size := 0
		for _, j := range batch {
			size += j.size()
			if verbOf(j.step()) != v {
				t.Errorf("%s is in a call for the verb %d", nameOf(j.step()), v)
			}
		}
		if len(batch) > maxItems || size > maxBytes || !v.bulk() && len(batch) > 1 || !slices.IsSorted(present(batch)) {
			t.Errorf("a call for the verb %d takes %d bytes and %v", v, size, present(batch))
		}
		got = append(got, present(batch)...)
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what has left (-want +got):\n%s", diff)
	}
}

func TestAStepWaitsForThoseOfItsVerbThatWereAnnouncedBeforeIt(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		before  []verb
		step    plan.Step
		after   []verb
		arrived []int // The tickets of those that have come, or will not.
		later   time.Duration
		want    time.Duration
	}{
		"none was":                               {step: createOf("a")},
		"one was":                                {before: []verb{creates}, step: createOf("a"), want: gathering},
		"an update, for an update":               {before: []verb{updates}, step: updateOf("a"), want: gathering},
		"a removal, for a removal":               {before: []verb{removes}, step: removeOf("a"), want: gathering},
		"one of many was":                        {before: []verb{updates, creates, grants}, step: createOf("a"), want: gathering},
		"one came, and another has not":          {before: []verb{creates, creates}, step: createOf("a"), arrived: []int{1}, want: gathering},
		"all came":                               {before: []verb{creates, creates}, step: createOf("a"), arrived: []int{2, 1}},
		"after a while, for the rest of it":      {before: []verb{creates}, step: createOf("a"), later: gathering / 4, want: gathering - gathering/4},
		"not longer than that":                   {before: []verb{creates}, step: createOf("a"), later: gathering},
		"nor ever after":                         {before: []verb{creates}, step: createOf("a"), later: time.Hour},
		"not of another verb":                    {before: []verb{updates, removes, grants, revokes}, step: createOf("a")},
		"not after it":                           {step: createOf("a"), after: []verb{creates, creates}},
		"one before and one after":               {before: []verb{creates}, step: createOf("a"), after: []verb{creates}, arrived: []int{1}},
		"not a grant, which takes nobody along":  {before: []verb{grants}, step: grantOf("a")},
		"not a revoke, which takes nobody along": {before: []verb{revokes}, step: revokeOf("a")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q, now := newQueue()
			for _, v := range row.before {
				q.announce(v)
			}
			q.add(jobOf(row.step), now)
			for _, v := range row.after {
				q.announce(v)
			}
			for _, ticket := range row.arrived {
				delete(q.announced, ticket)
			}
			_, batch, wait := q.next(now.Add(row.later))
			if wait != row.want || (len(batch) == 0) != (row.want > 0) {
				t.Errorf("it waits %v, and %v leave, want it to wait %v", wait, present(batch), row.want)
			}
		})
	}
}

func TestWhoNeedNotWaitGoesAndTakesItsKindAlong(t *testing.T) {
	t.Parallel()
	type leaves struct {
		Batch, Waiting []string
		Wait           time.Duration
	}
	for name, row := range map[string]struct {
		story func(q *queue, now time.Time) (later time.Duration)
		want  leaves
	}{
		"a grant passes creations that wait": {
			func(q *queue, now time.Time) time.Duration {
				q.announce(creates)
				q.add(jobOf(createOf("a")), now)
				q.add(jobOf(createOf("b")), now)
				q.add(jobOf(grantOf("c")), now)
				return 0
			},
			leaves{[]string{"c"}, []string{"a", "b"}, 0},
		},
		"updates pass creations that wait": {
			func(q *queue, now time.Time) time.Duration {
				q.announce(creates)
				q.add(jobOf(createOf("a")), now)
				q.add(jobOf(updateOf("b")), now)
				q.add(jobOf(updateOf("c")), now)
				return 0
			},
			leaves{[]string{"b", "c"}, []string{"a"}, 0},
		},
		"one that came before the announcement takes along one that came after it": {
			func(q *queue, now time.Time) time.Duration {
				q.add(jobOf(createOf("a")), now)
				q.announce(creates)
				q.add(jobOf(createOf("b")), now)
				return 0
			},
			leaves{[]string{"a", "b"}, nil, 0},
		},
		"one that has waited long enough takes along one that has not": {
			func(q *queue, now time.Time) time.Duration {
				q.announce(creates)
				q.add(jobOf(createOf("a")), now)
				q.add(jobOf(createOf("b")), now.Add(gathering/2))
				return gathering
			},
			leaves{[]string{"a", "b"}, nil, 0},
		},
		"until then they wait for as long as the one that waits least": {
			func(q *queue, now time.Time) time.Duration {
				q.announce(creates)
				q.announce(updates)
				q.add(jobOf(createOf("a")), now.Add(gathering/2))
				q.add(jobOf(updateOf("b")), now)
				q.add(jobOf(createOf("c")), now.Add(gathering/2))
				return gathering / 2
			},
			leaves{nil, []string{"a", "b", "c"}, gathering - gathering/2},
		},
		"nobody waits for nothing": {
			func(q *queue, _ time.Time) time.Duration {
				q.announce(creates)
				return 0
			},
			leaves{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q, now := newQueue()
			later := row.story(&q, now)
			_, batch, wait := q.next(now.Add(later))
			if diff := cmp.Diff(row.want, leaves{present(batch), present(q.waiting), wait}); diff != "" {
				t.Errorf("who leaves, who waits, and how long (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhoIsWithdrawnDoesNotLeave(t *testing.T) {
	t.Parallel()
	q, now := newQueue()
	jobs := jobsOf(createOf("a"), createOf("b"), createOf("c"))
	for _, j := range jobs {
		q.add(j, now)
	}
	got := []bool{q.withdraw(jobs[1]), q.withdraw(jobs[1]), q.withdraw(jobOf(createOf("a")))}
	if diff := cmp.Diff([]bool{true, false, false}, got); diff != "" {
		t.Errorf("whether one was there, is there again, and another was (-want +got):\n%s", diff)
	}
	_, batch, _ := q.next(now)
	if diff := cmp.Diff([]string{"a", "c"}, present(batch)); diff != "" {
		t.Errorf("who leaves (-want +got):\n%s", diff)
	}
	if q.withdraw(jobs[0]) {
		t.Error("one that has left was withdrawn")
	}
}

func TestAJobThatComesBackIsDoneOrFirst(t *testing.T) {
	t.Parallel()
	missing := plan.Outcome{Applications: map[string]plan.Trouble{"app1": {Kind: plan.ApplicationNotFound}}}
	refused := plan.Outcome{Trouble: &plan.Trouble{Kind: plan.Refused}}
	for name, row := range map[string]struct {
		steps   []plan.Step
		ends    []plan.Outcome // Of the steps that were carried out.
		done    bool
		waiting []string
	}{
		"after its only step":               {[]plan.Step{createOf("a")}, []plan.Outcome{{}}, true, []string{"other"}},
		"after a step that failed":          {[]plan.Step{createOf("a")}, []plan.Outcome{refused}, true, []string{"other"}},
		"with a step left":                  {[]plan.Step{revokeOf("a"), grantOf("b")}, []plan.Outcome{{}}, false, []string{"b", "other"}},
		"with a step left, after a failure": {[]plan.Step{revokeOf("a"), grantOf("b")}, []plan.Outcome{refused}, true, []string{"other"}},
		"with a step left, after a failure for one application": {
			[]plan.Step{revokeOf("a"), grantOf("b")}, []plan.Outcome{missing}, false, []string{"b", "other"},
		},
		"after its last step":               {[]plan.Step{updateOf("a"), updateOf("b")}, []plan.Outcome{{}, {}}, true, []string{"other"}},
		"after its last step, which failed": {[]plan.Step{updateOf("a"), updateOf("b")}, []plan.Outcome{{}, refused}, true, []string{"other"}},
		"with one left of three":            {[]plan.Step{updateOf("a"), updateOf("b"), removeOf("c")}, []plan.Outcome{{}, {}}, false, []string{"c", "other"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q, now := newQueue()
			j := jobOf(row.steps...)
			q.add(j, now)
			for i, outcome := range row.ends {
				if _, batch, _ := q.next(now); len(batch) != 1 || batch[0] != j {
					t.Fatalf("%v leave", present(batch))
				}
				if i == 0 {
					q.add(jobOf(createOf("other")), now) // It came during the call.
				}
				j.outcomes[j.next] = outcome
				q.back(j)
			}
			if isClosed(j.done) != row.done {
				t.Errorf("it is done: %t, want %t", !row.done, row.done)
			}
			if diff := cmp.Diff(row.waiting, present(q.waiting)); diff != "" {
				t.Errorf("who waits (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(append(slices.Clone(row.ends), notTried(len(row.steps)-len(row.ends))...), j.outcomes); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}
