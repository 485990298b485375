// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// jobOf returns a job with steps.
func jobOf(steps ...plan.Step) *job {
	return &job{steps: steps, outcomes: notTried(len(steps)), done: make(chan struct{})}
}

// newQueue returns an empty queue, and the time when jobs arrive in it.
func newQueue() (queue, time.Time) {
	return queue{announced: map[int]verb{}}, time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
}

// Steps with a name that identifies them.
func createOf(name string) plan.Step { return plan.Create{Name: name} }
func updateOf(name string) plan.Step { return plan.Update{ID: name} }
func removeOf(name string) plan.Step { return plan.Remove{ID: name} }
func grantOf(name string) plan.Step  { return plan.Grant{ID: name, Applications: []string{"app1"}} }
func revokeOf(name string) plan.Step { return plan.Revoke{ID: name, Applications: []string{"app1"}} }
func setOf(name string) plan.Step    { return setting(name, "app1") }
func resetOf(name string) plan.Step  { return resetting(name, "app1") }

// setting returns a step that sets an option of each of some applications.
func setting(id string, apps ...string) plan.SetOptions {
	step := plan.SetOptions{ID: id}
	for _, app := range apps {
		step.Options = append(step.Options, plan.OptionSetting{AppOption: plan.AppOption{Application: app, Name: "db"}})
	}
	return step
}

// resetting returns a step that resets an option of each of some applications.
func resetting(id string, apps ...string) plan.ResetOptions {
	step := plan.ResetOptions{ID: id}
	for _, app := range apps {
		step.Options = append(step.Options, plan.AppOption{Application: app, Name: "db"})
	}
	return step
}

// sized returns a step with content of a size in bytes.
func sized(name string, size int) plan.Step {
	c := content.Content{Sealed: content.Seal(map[string]string{"key": strings.Repeat("x", size-len("key"))})}
	if strings.HasPrefix(name, "update") {
		return plan.Update{ID: name, Content: &c}
	}
	return plan.Create{Name: name, Content: c}
}

// nameOf returns the name that identifies a step.
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
	case plan.SetOptions:
		return step.ID
	case plan.ResetOptions:
		return step.ID
	}
	return fmt.Sprintf("%T", step)
}

// present returns the names of the next steps of jobs.
func present(jobs []*job) []string {
	var all []string
	for _, j := range jobs {
		all = append(all, nameOf(j.step()))
	}
	return all
}

// many returns n steps.
func many(n int, of func(string) plan.Step) []plan.Step {
	var steps []plan.Step
	for i := range n {
		steps = append(steps, of(fmt.Sprintf("step%03d", i)))
	}
	return steps
}

// numbered returns the names of n applications.
func numbered(n int) []string {
	var apps []string
	for i := range n {
		apps = append(apps, fmt.Sprintf("app%d", i))
	}
	return apps
}

func TestBatchHoldsWaitingStepsOfOneVerb(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		waiting     []plan.Step
		verb        verb
		batch, left []string
	}{
		"nothing": {},
		"one":     {[]plan.Step{createOf("a")}, creates, []string{"a"}, nil},
		"creates in order": {
			[]plan.Step{createOf("a"), createOf("b"), createOf("c")}, creates, []string{"a", "b", "c"}, nil,
		},
		"updates": {[]plan.Step{updateOf("a"), updateOf("b")}, updates, []string{"a", "b"}, nil},
		"removes": {[]plan.Step{removeOf("a"), removeOf("b")}, removes, []string{"a", "b"}, nil},
		"one grant at a time": {
			[]plan.Step{grantOf("a"), grantOf("b"), grantOf("a")}, grants, []string{"a"}, []string{"b", "a"},
		},
		"one revoke at a time": {[]plan.Step{revokeOf("a"), revokeOf("b")}, revokes, []string{"a"}, []string{"b"}},
		"options to set":       {[]plan.Step{setOf("a"), setOf("b")}, sets, []string{"a", "b"}, nil},
		"options to reset":     {[]plan.Step{resetOf("a"), resetOf("b")}, resets, []string{"a", "b"}, nil},
		"options of maxItems applications": {
			[]plan.Step{setting("a", numbered(60)...), setting("b", numbered(41)...), setting("c", numbered(40)...)},
			sets, []string{"a", "c"}, []string{"b"},
		},
		"options of more than maxItems applications for one object": {
			[]plan.Step{setting("a", numbered(maxItems+1)...), setOf("b")}, sets, []string{"a"}, []string{"b"},
		},
		"the verb of the first step, other steps stay in order": {
			[]plan.Step{
				updateOf("a"), createOf("b"), updateOf("c"), removeOf("d"), createOf("e"), updateOf("f"), grantOf("g"),
			},
			updates, []string{"a", "c", "f"}, []string{"b", "d", "e", "g"},
		},
		"a grant before creates": {
			[]plan.Step{grantOf("a"), createOf("b"), createOf("c"), grantOf("d")}, grants, []string{"a"},
			[]string{"b", "c", "d"},
		},
		"maxItems": {many(maxItems, removeOf), removes, present(jobsOf(many(maxItems, removeOf)...)), nil},
		"more than maxItems": {
			many(maxItems+2, removeOf), removes, present(jobsOf(many(maxItems, removeOf)...)),
			[]string{"step100", "step101"},
		},
		"maxBytes": {
			[]plan.Step{sized("a", maxBytes-1000), sized("b", 1000)}, creates, []string{"a", "b"}, nil,
		},
		"more than maxBytes": {
			[]plan.Step{sized("a", maxBytes-1000), sized("b", 1001)}, creates, []string{"a"}, []string{"b"},
		},
		"a smaller step behind a step that does not fit": {
			[]plan.Step{sized("a", maxBytes/2), sized("b", maxBytes-1000), sized("c", 1000)}, creates,
			[]string{"a", "c"}, []string{"b"},
		},
		"a single step over maxBytes": {
			[]plan.Step{sized("a", maxBytes+1), sized("b", 1000)}, creates, []string{"a"}, []string{"b"},
		},
		"updates over maxBytes together": {
			[]plan.Step{sized("update1", maxBytes), sized("update2", 1000), updateOf("c")}, updates,
			[]string{"update1", "c"}, []string{"update2"},
		},
		"maxBytes counts only steps of the verb": {
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
			got := [][]string{present(batch), present(q.waiting)}
			if diff := cmp.Diff([][]string{row.batch, row.left}, got); diff != "" {
				t.Errorf("the batch and the waiting steps (-want +got):\n%s", diff)
			}
			if v != row.verb || wait != 0 {
				t.Errorf("the verb is %d and the wait %v, want %d and none", v, wait, row.verb)
			}
		})
	}
}

// jobsOf returns jobs with one step each.
func jobsOf(steps ...plan.Step) []*job {
	var jobs []*job
	for _, step := range steps {
		jobs = append(jobs, jobOf(step))
	}
	return jobs
}

func TestQueueSendsEveryStep(t *testing.T) {
	t.Parallel()
	q, now := newQueue()
	var want []string
	for i := range 1000 {
		of := []func(string) plan.Step{createOf, updateOf, removeOf, grantOf, revokeOf}[i*7%5]
		step := of(fmt.Sprintf("step%03d", i))
		if i%100 < 4 { // Too big together for one call.
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
		t.Errorf("the steps of all batches (-want +got):\n%s", diff)
	}
}

func TestStepWaitsForEarlierAnnouncementsOfItsVerb(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		before  []verb
		step    plan.Step
		after   []verb
		arrived []int // tickets that arrived or were withdrawn
		later   time.Duration
		want    time.Duration
	}{
		"no announcement":     {step: createOf("a")},
		"an announced create": {before: []verb{creates}, step: createOf("a"), want: gathering},
		"an announced update": {before: []verb{updates}, step: updateOf("a"), want: gathering},
		"an announced remove": {before: []verb{removes}, step: removeOf("a"), want: gathering},
		"an announced reset":  {before: []verb{resets}, step: resetOf("a"), want: gathering},
		"one announcement of its verb among many": {
			before: []verb{updates, creates, grants}, step: createOf("a"), want: gathering,
		},
		"one of two arrived": {
			before: []verb{creates, creates}, step: createOf("a"), arrived: []int{1}, want: gathering,
		},
		"all arrived": {
			before: []verb{creates, creates}, step: createOf("a"), arrived: []int{2, 1},
		},
		"the rest of the wait after a while": {
			before: []verb{creates}, step: createOf("a"), later: gathering / 4, want: gathering - gathering/4,
		},
		"at most gathering":            {before: []verb{creates}, step: createOf("a"), later: gathering},
		"long after gathering":         {before: []verb{creates}, step: createOf("a"), later: time.Hour},
		"announcements of other verbs": {before: []verb{updates, removes, grants, revokes}, step: createOf("a")},
		"later announcements":          {step: createOf("a"), after: []verb{creates, creates}},
		"an earlier one arrived, a later one not": {
			before: []verb{creates}, step: createOf("a"), after: []verb{creates}, arrived: []int{1},
		},
		"a grant is not batched":  {before: []verb{grants}, step: grantOf("a")},
		"a revoke is not batched": {before: []verb{revokes}, step: revokeOf("a")},
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
				t.Errorf("the wait is %v and the batch %v, want a wait of %v", wait, present(batch), row.want)
			}
		})
	}
}

func TestReadyStepIsBatchedWithItsVerb(t *testing.T) {
	t.Parallel()
	type result struct {
		Batch, Waiting []string
		Wait           time.Duration
	}
	for name, row := range map[string]struct {
		story func(q *queue, now time.Time) (later time.Duration)
		want  result
	}{
		"a grant overtakes waiting creates": {
			func(q *queue, now time.Time) time.Duration {
				q.announce(creates)
				q.add(jobOf(createOf("a")), now)
				q.add(jobOf(createOf("b")), now)
				q.add(jobOf(grantOf("c")), now)
				return 0
			},
			result{[]string{"c"}, []string{"a", "b"}, 0},
		},
		"updates overtake waiting creates": {
			func(q *queue, now time.Time) time.Duration {
				q.announce(creates)
				q.add(jobOf(createOf("a")), now)
				q.add(jobOf(updateOf("b")), now)
				q.add(jobOf(updateOf("c")), now)
				return 0
			},
			result{[]string{"b", "c"}, []string{"a"}, 0},
		},
		"a step before the announcement is batched with a step after it": {
			func(q *queue, now time.Time) time.Duration {
				q.add(jobOf(createOf("a")), now)
				q.announce(creates)
				q.add(jobOf(createOf("b")), now)
				return 0
			},
			result{[]string{"a", "b"}, nil, 0},
		},
		"steps that fill a call do not wait": {
			func(q *queue, now time.Time) time.Duration {
				q.announce(updates)
				for _, j := range jobsOf(many(maxItems+1, updateOf)...) {
					q.add(j, now)
				}
				return 0
			},
			result{present(jobsOf(many(maxItems, updateOf)...)), []string{"step100"}, 0},
		},
		"options that fill a call do not wait": {
			func(q *queue, now time.Time) time.Duration {
				q.announce(resets)
				q.add(jobOf(resetting("a", numbered(maxItems/2)...)), now)
				q.add(jobOf(resetting("b", numbered(maxItems/2)...)), now)
				return 0
			},
			result{[]string{"a", "b"}, nil, 0},
		},
		"a step at the end of its wait is batched with a waiting step": {
			func(q *queue, now time.Time) time.Duration {
				q.announce(creates)
				q.add(jobOf(createOf("a")), now)
				q.add(jobOf(createOf("b")), now.Add(gathering/2))
				return gathering
			},
			result{[]string{"a", "b"}, nil, 0},
		},
		"the wait is the shortest wait of all steps": {
			func(q *queue, now time.Time) time.Duration {
				q.announce(creates)
				q.announce(updates)
				q.add(jobOf(createOf("a")), now.Add(gathering/2))
				q.add(jobOf(updateOf("b")), now)
				q.add(jobOf(createOf("c")), now.Add(gathering/2))
				return gathering / 2
			},
			result{nil, []string{"a", "b", "c"}, gathering - gathering/2},
		},
		"an announcement without steps": {
			func(q *queue, _ time.Time) time.Duration {
				q.announce(creates)
				return 0
			},
			result{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q, now := newQueue()
			later := row.story(&q, now)
			_, batch, wait := q.next(now.Add(later))
			if diff := cmp.Diff(row.want, result{present(batch), present(q.waiting), wait}); diff != "" {
				t.Errorf("the batch, the waiting steps and the wait (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWithdrawnJobIsNotSent(t *testing.T) {
	t.Parallel()
	q, now := newQueue()
	jobs := jobsOf(createOf("a"), createOf("b"), createOf("c"))
	for _, j := range jobs {
		q.add(j, now)
	}
	got := []bool{q.remove(jobs[1]), q.remove(jobs[1]), q.remove(jobOf(createOf("a")))}
	if diff := cmp.Diff([]bool{true, false, false}, got); diff != "" {
		t.Errorf("remove of a job, of the same job again, and of an unknown job (-want +got):\n%s", diff)
	}
	_, batch, _ := q.next(now)
	if diff := cmp.Diff([]string{"a", "c"}, present(batch)); diff != "" {
		t.Errorf("the batch (-want +got):\n%s", diff)
	}
	if q.remove(jobs[0]) {
		t.Error("a sent job was removed")
	}
}

func TestRequeuedJobIsDoneOrFirst(t *testing.T) {
	t.Parallel()
	missing := plan.Outcome{Applications: map[string]plan.Problem{"app1": {Reason: v1alpha1.ReasonApplicationNotFound}}}
	refused := plan.Outcome{Problem: &plan.Problem{Reason: v1alpha1.ReasonInvalidRequest}}
	for name, row := range map[string]struct {
		steps   []plan.Step
		ends    []plan.Outcome // of the steps that were sent
		done    bool
		waiting []string
	}{
		"after its only step": {[]plan.Step{createOf("a")}, []plan.Outcome{{}}, true, []string{"other"}},
		"after a failed step": {[]plan.Step{createOf("a")}, []plan.Outcome{refused}, true, []string{"other"}},
		"with a step left": {
			[]plan.Step{revokeOf("a"), grantOf("b")}, []plan.Outcome{{}}, false, []string{"b", "other"},
		},
		"with a step left, after a failed step": {
			[]plan.Step{revokeOf("a"), grantOf("b")}, []plan.Outcome{refused}, true, []string{"other"},
		},
		"with a step left, after a failure for one application": {
			[]plan.Step{revokeOf("a"), plan.Grant{ID: "b", Applications: []string{"app2"}}}, []plan.Outcome{missing}, false,
			[]string{"b", "other"},
		},
		"with options left, behind steps that they can share a call with": {
			[]plan.Step{grantOf("a"), setOf("b")}, []plan.Outcome{{}}, false, []string{"other", "b"},
		},
		"with options left, after a failed step with a problem of their application": {
			[]plan.Step{resetOf("a"), setOf("b")}, []plan.Outcome{{
				Problem: refused.Problem, Applications: missing.Applications,
			}}, true, []string{"other"},
		},
		"after its last step": {
			[]plan.Step{updateOf("a"), updateOf("b")}, []plan.Outcome{{}, {}}, true, []string{"other"},
		},
		"after its last step, which failed": {
			[]plan.Step{updateOf("a"), updateOf("b")}, []plan.Outcome{{}, refused}, true, []string{"other"},
		},
		"with one of three steps left": {
			[]plan.Step{updateOf("a"), updateOf("b"), removeOf("c")}, []plan.Outcome{{}, {}}, false,
			[]string{"c", "other"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q, now := newQueue()
			j := jobOf(row.steps...)
			q.add(j, now)
			for i, outcome := range row.ends {
				if _, batch, _ := q.next(now); len(batch) != 1 || batch[0] != j {
					t.Fatalf("the batch is %v", present(batch))
				}
				if i == 0 {
					q.add(jobOf(createOf("other")), now) // It arrived during the call.
				}
				j.outcomes[j.next] = outcome
				q.requeue(j)
			}
			if closed(j.done) != row.done {
				t.Errorf("the job is done: %t, want %t", !row.done, row.done)
			}
			if diff := cmp.Diff(row.waiting, present(q.waiting)); diff != "" {
				t.Errorf("the waiting steps (-want +got):\n%s", diff)
			}
			want := append(slices.Clone(row.ends), notTried(len(row.steps)-len(row.ends))...)
			if diff := cmp.Diff(want, j.outcomes); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}

// closed reports whether a channel is closed.
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// A grant that Juju refused must not be followed by an option that names the
// secret, and an option that still names it must keep its grant.
func TestApplicationWithAProblemIsLeftOutOfLaterSteps(t *testing.T) {
	t.Parallel()
	const missing, refused = v1alpha1.ReasonApplicationNotFound, v1alpha1.ReasonInvalidRequest
	problems := func(reason v1alpha1.Reason, apps ...string) plan.Outcome {
		outcome := plan.Outcome{Applications: map[string]plan.Problem{}}
		for _, app := range apps {
			outcome.Applications[app] = plan.Problem{Reason: reason}
		}
		return outcome
	}
	grant := plan.Grant{ID: "id", Applications: []string{"app1", "app2"}}
	revoke := plan.Revoke{ID: "id", Applications: []string{"app1", "app2"}}
	set, reset := setting("id", "app1", "app2"), resetting("id", "app1", "app2")
	for name, row := range map[string]struct {
		steps      []plan.Step
		ends, want []plan.Outcome
		// sent are the steps after the first one.
		sent []plan.Step
	}{
		"a refused grant": {
			[]plan.Step{grant, set}, []plan.Outcome{problems(missing, "app1"), {}},
			[]plan.Outcome{problems(missing, "app1"), problems(missing, "app1")}, []plan.Step{setting("id", "app2")},
		},
		"a failed reset": {
			[]plan.Step{reset, revoke}, []plan.Outcome{problems(refused, "app2"), {}},
			[]plan.Outcome{problems(refused, "app2"), problems(refused, "app2")},
			[]plan.Step{plan.Revoke{ID: "id", Applications: []string{"app1"}}},
		},
		"a failed set": {
			[]plan.Step{set, reset}, []plan.Outcome{problems(refused, "app1"), {}},
			[]plan.Outcome{problems(refused, "app1"), problems(refused, "app1")},
			[]plan.Step{resetting("id", "app2")},
		},
		"another problem in the later step": {
			[]plan.Step{grant, set}, []plan.Outcome{problems(missing, "app1"), problems(refused, "app2")},
			[]plan.Outcome{problems(missing, "app1"), {Applications: map[string]plan.Problem{
				"app1": {Reason: missing}, "app2": {Reason: refused},
			}}},
			[]plan.Step{setting("id", "app2")},
		},
		"nothing is left of the last step": {
			[]plan.Step{grant, set}, []plan.Outcome{problems(missing, "app1", "app2")},
			[]plan.Outcome{problems(missing, "app1", "app2"), problems(missing, "app1", "app2")}, nil,
		},
		"nothing is left of a step between": {
			[]plan.Step{plan.Grant{ID: "id", Applications: []string{"app1"}}, setting("id", "app1"), removeOf("other")},
			[]plan.Outcome{problems(missing, "app1"), {}},
			[]plan.Outcome{problems(missing, "app1"), problems(missing, "app1"), {}}, []plan.Step{removeOf("other")},
		},
		"a problem two steps before": {
			[]plan.Step{grant, resetting("id", "app3"), set}, []plan.Outcome{problems(missing, "app1"), {}, {}},
			[]plan.Outcome{problems(missing, "app1"), {}, problems(missing, "app1")},
			[]plan.Step{resetting("id", "app3"), setting("id", "app2")},
		},
		"no problem": {[]plan.Step{grant, set}, []plan.Outcome{{}, {}}, []plan.Outcome{{}, {}}, []plan.Step{set}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q, now := newQueue()
			j := jobOf(slices.Clone(row.steps)...)
			q.add(j, now)
			var sent []plan.Step
			for _, outcome := range row.ends {
				if _, batch, _ := q.next(now); len(batch) != 1 {
					t.Fatalf("the batch is %v", present(batch))
				}
				sent = append(sent, j.step())
				j.outcomes[j.next] = outcome
				q.requeue(j)
			}
			if !closed(j.done) || len(q.waiting) > 0 {
				t.Errorf("the job is done: %t, and %v wait", closed(j.done), present(q.waiting))
			}
			if diff := cmp.Diff(row.sent, append([]plan.Step(nil), sent[1:]...)); diff != "" {
				t.Errorf("the steps that were sent (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(row.want, j.outcomes); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}
