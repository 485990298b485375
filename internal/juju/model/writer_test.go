// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/juju/juju/api"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/juju/link"
	"github.com/juju-secrets/operator/internal/juju/snapshot"
	"github.com/juju-secrets/operator/internal/plan"
)

// call is a call of a writer that waits for its answer.
type call struct {
	ctx      context.Context
	verb     verb
	batch    []*job
	answered chan struct{}
}

// answer ends a call. Each step gets the outcome for its name, success by
// default.
func (c call) answer(outcomes map[string]plan.Outcome) {
	for _, j := range c.batch {
		j.outcomes[j.next] = outcomes[nameOf(j.step())]
	}
	close(c.answered)
}

// steps returns the sorted names of the steps, because the order of callers is
// not defined.
func (c call) steps() []string { return slices.Sorted(slices.Values(present(c.batch))) }

// testWriter is a writer with its calls and callers. It runs in a bubble of
// package synctest, where time advances only when all goroutines wait.
type testWriter struct {
	*writer

	t     *testing.T
	calls chan call
	began time.Time
}

// newTestWriter returns a testWriter without callers.
func newTestWriter(t *testing.T) *testWriter {
	t.Helper()
	w := &testWriter{t: t, calls: make(chan call), began: time.Now()}
	w.writer = newWriter(func(ctx context.Context, v verb, batch []*job) {
		c := call{ctx, v, batch, make(chan struct{})}
		w.calls <- c
		<-c.answered
	})
	return w
}

// result is the result of a caller's steps.
type result struct {
	outcomes []plan.Outcome
	err      error
}

// caller sends steps to a writer.
type caller struct {
	testWriter *testWriter
	cancel     context.CancelFunc
	// ready lets the caller send its steps, or withdraw them if there is an
	// error.
	ready chan error
	ended chan result
}

// announcing returns a caller that announced its steps and does not send them
// yet.
func (w *testWriter) announcing(steps ...plan.Step) caller {
	ctx, cancel := context.WithCancel(w.t.Context())
	return w.newCaller(ctx, cancel, steps...)
}

// callerWithTimeout returns a caller that sends its steps with a timeout of a
// second.
func (w *testWriter) callerWithTimeout(steps ...plan.Step) caller {
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Second)
	c := w.newCaller(ctx, cancel, steps...)
	c.proceed(nil)
	return c
}

// newCaller returns a caller that announced its steps.
func (w *testWriter) newCaller(ctx context.Context, cancel context.CancelFunc, steps ...plan.Step) caller {
	w.t.Cleanup(cancel)
	c := caller{w, cancel, make(chan error, 1), make(chan result, 1)}
	go func() {
		announcement := w.announce(steps)
		if err := <-c.ready; err != nil {
			w.withdraw(announcement)
			c.ended <- result{nil, err}
			return
		}
		outcomes, err := w.send(ctx, announcement, steps)
		c.ended <- result{outcomes, err}
	}()
	synctest.Wait()
	return c
}

// caller returns a caller that sends its steps.
func (w *testWriter) caller(steps ...plan.Step) caller {
	c := w.announcing(steps...)
	c.proceed(nil)
	return c
}

// proceed lets the caller send its steps, or withdraw them if there is an
// error.
func (c caller) proceed(err error) {
	c.ready <- err
	synctest.Wait()
}

// wantOutcomes checks the outcomes of the caller's steps.
func (c caller) wantOutcomes(want ...plan.Outcome) {
	c.testWriter.t.Helper()
	got := <-c.ended
	if diff := cmp.Diff(want, got.outcomes, sameSecrets); diff != "" || got.err != nil {
		c.testWriter.t.Errorf("outcomes (-want +got):\n%s\nerror %v", diff, got.err)
	}
}

// wantCall checks that the next call has these steps, a time after the begin of
// the test. It returns the call.
func (w *testWriter) wantCall(after time.Duration, v verb, steps ...string) call {
	w.t.Helper()
	c := <-w.calls
	if diff := cmp.Diff(steps, c.steps()); diff != "" || c.verb != v || time.Since(w.began) != after {
		w.t.Fatalf("sent after %v, with the verb %d (-want +got):\n%s", time.Since(w.began), c.verb, diff)
	}
	return c
}

// wantIdle checks that no step is sent, waiting or announced.
func (w *testWriter) wantIdle() {
	w.t.Helper()
	synctest.Wait()
	select {
	case c := <-w.calls:
		w.t.Errorf("a call with %v is sent", c.steps())
	default:
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sending || len(w.queue.waiting) > 0 || len(w.queue.announced) > 0 {
		w.t.Errorf("sending: %t, waiting: %v, announced: %v", w.sending, present(w.queue.waiting), w.queue.announced)
	}
}

// testWithWriter runs a test of a writer, and checks that the writer is idle at
// the end.
func testWithWriter(t *testing.T, test func(w *testWriter)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newTestWriter(t)
		test(w)
		w.wantIdle()
	})
}

// created returns the outcome of a Create.
func created(id string) plan.Outcome {
	return plan.Outcome{Secret: &plan.UserSecret{ID: id, Revision: 1}}
}

// failure returns the outcome of a failed step.
func failure(reason v1alpha1.Reason, message string) plan.Outcome {
	return plan.Outcome{Problem: &plan.Problem{Reason: reason, Message: message}}
}

var (
	succeeded = plan.Outcome{}
	notSent   = plan.Outcome{NotTried: true}
)

func TestSingleStepIsSentImmediately(t *testing.T) {
	t.Parallel()
	testWithWriter(t, func(w *testWriter) {
		for _, id := range []string{"first", "second"} {
			alone := w.caller(createOf("a"))
			w.wantCall(0, creates, "a").answer(map[string]plan.Outcome{"a": created(id)})
			alone.wantOutcomes(created(id))
			w.wantIdle()
		}
	})
}

func TestStepsArrivingDuringACallShareTheNextBatch(t *testing.T) {
	t.Parallel()
	testWithWriter(t, func(w *testWriter) {
		first := w.caller(createOf("first"))
		under := w.wantCall(0, creates, "first")
		var others []caller
		var names []string
		outcomes := map[string]plan.Outcome{}
		for i := range 20 {
			name := fmt.Sprintf("step%02d", i)
			names = append(names, name)
			outcomes[name] = created(name)
			if i%3 == 0 {
				outcomes[name] = failure(v1alpha1.ReasonInvalidRequest, name)
			}
			others = append(others, w.caller(createOf(name)))
		}
		update := w.caller(updateOf("update"))
		under.answer(nil)
		first.wantOutcomes(succeeded)
		w.wantCall(0, creates, names...).answer(outcomes)
		for i, other := range others { // Each caller gets its own outcome.
			other.wantOutcomes(outcomes[names[i]])
		}
		w.wantCall(0, updates, "update").answer(nil)
		update.wantOutcomes(succeeded)
	})
}

func TestStepsOfOneCallerAreSentInOrder(t *testing.T) {
	t.Parallel()
	testWithWriter(t, func(w *testWriter) {
		three := w.caller(revokeOf("a"), grantOf("b"), updateOf("c"))
		under := w.wantCall(0, revokes, "a")
		other := w.caller(updateOf("other"))
		under.answer(nil)
		w.wantCall(0, grants, "b").answer(map[string]plan.Outcome{"b": {Applications: map[string]plan.Problem{}}})
		outcomes := map[string]plan.Outcome{"c": created("c"), "other": created("other")}
		w.wantCall(0, updates, "c", "other").answer(outcomes)
		three.wantOutcomes(succeeded, plan.Outcome{Applications: map[string]plan.Problem{}}, created("c"))
		other.wantOutcomes(created("other"))
	})
}

// Juju grants one secret a call, but the options of all objects fit into one.
func TestOptionsAfterWaitingGrantsShareACall(t *testing.T) {
	t.Parallel()
	testWithWriter(t, func(w *testWriter) {
		one := w.caller(grantOf("a"), setOf("b"))
		under := w.wantCall(0, grants, "a")
		other := w.caller(grantOf("c"), setOf("d"))
		under.answer(nil)
		w.wantCall(0, grants, "c").answer(nil)
		w.wantCall(0, sets, "b", "d").answer(nil)
		one.wantOutcomes(succeeded, succeeded)
		other.wantOutcomes(succeeded, succeeded)
	})
}

// The caller judges the outcomes by the steps that it planned.
func TestStepsOfTheCallerStayAsPlanned(t *testing.T) {
	t.Parallel()
	testWithWriter(t, func(w *testWriter) {
		planned := []plan.Step{plan.Grant{ID: "a", Applications: []string{"app1"}}, setting("b", "app1", "app2")}
		missing := plan.Outcome{Applications: map[string]plan.Problem{"app1": {Reason: v1alpha1.ReasonApplicationNotFound}}}
		caller := w.caller(planned...)
		w.wantCall(0, grants, "a").answer(map[string]plan.Outcome{"a": missing})
		w.wantCall(0, sets, "b").answer(nil)
		caller.wantOutcomes(missing, missing)
		if diff := cmp.Diff(plan.Step(setting("b", "app1", "app2")), planned[1]); diff != "" {
			t.Errorf("the planned step (-want +got):\n%s", diff)
		}
	})
}

func TestUpdateFollowsCreateOfTheSameCaller(t *testing.T) {
	t.Parallel()
	testWithWriter(t, func(w *testWriter) {
		two := w.caller(createOf("new"), plan.Update{AutoPrune: new(true)})
		w.wantCall(0, creates, "new").answer(map[string]plan.Outcome{"new": created("new")})
		under := w.wantCall(0, updates, "")
		if before := under.batch[0].outcomes[under.batch[0].next-1]; before.Secret == nil || before.Secret.ID != "new" {
			t.Errorf("the Create ended with %+v, want the created secret", before)
		}
		under.answer(map[string]plan.Outcome{"": created("new")})
		two.wantOutcomes(created("new"), created("new"))
	})
}

func TestUpdateWithoutIDTargetsTheCreatedSecret(t *testing.T) {
	t.Parallel()
	m := newModel()
	m.link = link.New(link.Config{ // Each request fails.
		WaitTimeout: link.WaitTimeout, Lost: func() {}, Changed: func(bool, bool) {},
		Dial: func(context.Context) (api.Connection, *plan.Problem) {
			return nil, &plan.Problem{Reason: v1alpha1.ReasonUnsupportedJujuVersion}
		},
	})
	t.Cleanup(m.link.Close)
	m.snapshot.Replace(snapshot.Listing{Secrets: []plan.UserSecret{db()}}, 0)
	for id, want := range map[string]v1alpha1.Reason{
		dbID: v1alpha1.ReasonUnsupportedJujuVersion, cacheID: v1alpha1.ReasonSecretNotFound,
	} {
		j := jobOf(createOf("db"), plan.Update{AutoPrune: new(true)})
		j.outcomes[0], j.next = created(id), 1
		m.update(t.Context(), []*job{j})
		if got := j.outcomes[1].Problem; got == nil || got.Reason != want {
			t.Errorf("the update of %s ends with %+v, want the reason %s", id, got, want)
		}
	}
}

func TestFailedStepStopsItsCaller(t *testing.T) {
	t.Parallel()
	refused := failure(v1alpha1.ReasonInvalidRequest, "no")
	missing := plan.Outcome{Applications: map[string]plan.Problem{"app1": {Reason: v1alpha1.ReasonApplicationNotFound}}}
	for name, row := range map[string]struct {
		steps []plan.Step
		ends  map[string]plan.Outcome
		want  []plan.Outcome
	}{
		"the first of three": {
			[]plan.Step{updateOf("a"), updateOf("b"), updateOf("c")}, map[string]plan.Outcome{"a": refused},
			[]plan.Outcome{refused, notSent, notSent},
		},
		"the second of three": {
			[]plan.Step{updateOf("a"), updateOf("b"), updateOf("c")},
			map[string]plan.Outcome{"a": created("a"), "b": refused},
			[]plan.Outcome{created("a"), refused, notSent},
		},
		"a Create before an Update without ID": {
			[]plan.Step{createOf("a"), plan.Update{AutoPrune: new(true)}}, map[string]plan.Outcome{"a": refused},
			[]plan.Outcome{refused, notSent},
		},
		"the last": {
			[]plan.Step{revokeOf("a"), grantOf("b")}, map[string]plan.Outcome{"b": refused},
			[]plan.Outcome{succeeded, refused},
		},
		"no step, if it failed for one application": {
			[]plan.Step{revokeOf("a"), updateOf("b")}, map[string]plan.Outcome{"a": missing},
			[]plan.Outcome{missing, succeeded},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testWithWriter(t, func(w *testWriter) {
				failing, other := w.caller(row.steps...), caller{}
				for i, end := range row.want {
					if end.NotTried {
						break
					}
					c := <-w.calls
					if i == 0 {
						other = w.caller(removeOf("other"))
					}
					c.answer(row.ends)
				}
				failing.wantOutcomes(row.want...)
				w.wantCall(0, removes, "other").answer(nil)
				other.wantOutcomes(succeeded)
			})
		})
	}
}

func TestWithdrawnStepsAreNotSent(t *testing.T) {
	t.Parallel()
	testWithWriter(t, func(w *testWriter) {
		conflict := errors.New("conflict")
		alone := w.announcing(createOf("a"))
		alone.proceed(conflict)
		if got := <-alone.ended; !errors.Is(got.err, conflict) || got.outcomes != nil {
			t.Errorf("the caller ends with %+v", got)
		}
		w.wantIdle()
	})
}

func TestWithdrawReleasesWaitingSteps(t *testing.T) {
	t.Parallel()
	testWithWriter(t, func(w *testWriter) {
		failing := w.announcing(createOf("a"))
		others := []caller{w.caller(createOf("b")), w.caller(createOf("c"))}
		failing.proceed(errors.New("conflict"))
		w.wantCall(0, creates, "b", "c").answer(nil)
		for _, other := range others {
			other.wantOutcomes(succeeded)
		}
		if got := <-failing.ended; got.err == nil {
			t.Errorf("the caller ends with %+v", got)
		}
	})
}

func TestWriterWaitsForAnnouncedSteps(t *testing.T) {
	t.Parallel()
	testWithWriter(t, func(w *testWriter) {
		slow := w.announcing(createOf("slow"))
		quick := w.caller(createOf("quick"))
		grant := w.caller(grantOf("grant")) // It overtakes the waiting create.
		w.wantCall(0, grants, "grant").answer(nil)
		slow.proceed(nil)
		w.wantCall(0, creates, "quick", "slow").answer(nil)
		for _, each := range []caller{slow, quick, grant} {
			each.wantOutcomes(succeeded)
		}
	})
}

func TestWaitForAnnouncedStepsIsBounded(t *testing.T) {
	t.Parallel()
	testWithWriter(t, func(w *testWriter) {
		slow := w.announcing(createOf("slow"))
		quick := w.caller(createOf("quick"))
		w.wantCall(gathering, creates, "quick").answer(nil)
		quick.wantOutcomes(succeeded)
		slow.proceed(nil)
		w.wantCall(gathering, creates, "slow").answer(nil)
		slow.wantOutcomes(succeeded)
	})
}

func TestLaterAnnouncementDoesNotDelayABatch(t *testing.T) {
	t.Parallel()
	testWithWriter(t, func(w *testWriter) {
		first := w.caller(createOf("first"))
		under := w.wantCall(0, creates, "first")
		second := w.caller(createOf("second"))
		later := w.announcing(createOf("later"))
		under.answer(nil)
		w.wantCall(0, creates, "second").answer(nil)
		later.proceed(nil)
		w.wantCall(0, creates, "later").answer(nil)
		for _, each := range []caller{first, second, later} {
			each.wantOutcomes(succeeded)
		}
	})
}

func TestTimeoutBeforeSendingReturnsModelUnavailable(t *testing.T) {
	t.Parallel()
	busy := failure(v1alpha1.ReasonModelUnavailable, "the model was busy with other changes")
	testWithWriter(t, func(w *testWriter) {
		first := w.caller(createOf("first"))
		under := w.wantCall(0, creates, "first")
		late, patient := w.callerWithTimeout(createOf("late"), updateOf("never")), w.caller(createOf("patient"))
		late.wantOutcomes(busy, notSent)
		under.answer(nil)
		w.wantCall(time.Second, creates, "patient").answer(nil)
		first.wantOutcomes(succeeded)
		patient.wantOutcomes(succeeded)
	})
}

func TestCancellationBeforeSendingSendsNothing(t *testing.T) {
	t.Parallel()
	testWithWriter(t, func(w *testWriter) {
		first := w.caller(createOf("first"))
		under := w.wantCall(0, creates, "first")
		cancelling, patient := w.caller(createOf("cancelling"), updateOf("never")), w.caller(createOf("patient"))
		cancelling.cancel()
		if got := <-cancelling.ended; !errors.Is(got.err, context.Canceled) || got.outcomes != nil {
			t.Errorf("the caller ends with %v and %v, want no outcomes and context.Canceled", got.outcomes, got.err)
		}
		under.answer(nil)
		w.wantCall(0, creates, "patient").answer(nil)
		first.wantOutcomes(succeeded)
		patient.wantOutcomes(succeeded)
	})
}

func TestCancellationBetweenStepsReturnsFinishedOutcomes(t *testing.T) {
	t.Parallel()
	busy := failure(v1alpha1.ReasonModelUnavailable, "the model was busy with other changes")
	testWithWriter(t, func(w *testWriter) {
		slow := w.announcing(updateOf("slow"))
		cancelling := w.caller(revokeOf("a"), updateOf("b"), grantOf("c"))
		w.wantCall(0, revokes, "a").answer(map[string]plan.Outcome{"a": created("a")})
		synctest.Wait() // The update waits for the announced update.
		cancelling.cancel()
		cancelling.wantOutcomes(created("a"), busy, notSent)
		slow.proceed(nil)
		w.wantCall(0, updates, "slow").answer(nil)
		slow.wantOutcomes(succeeded)
	})
}

func TestCancellationDuringACallReturnsItsOutcome(t *testing.T) {
	t.Parallel()
	testWithWriter(t, func(w *testWriter) {
		cancelling := w.caller(createOf("cancelling"), updateOf("never"))
		under := w.wantCall(0, creates, "cancelling")
		patient := w.caller(createOf("patient"))
		cancelling.cancel()
		if under.ctx.Err() != nil {
			t.Error("the call was cancelled, also for other callers")
		}
		refused := failure(v1alpha1.ReasonInvalidRequest, "no")
		under.answer(map[string]plan.Outcome{"cancelling": refused})
		cancelling.wantOutcomes(refused, notSent)
		w.wantCall(0, creates, "patient").answer(nil)
		patient.wantOutcomes(succeeded)
	})
}

func TestConcurrentCallersAreEachSentOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, manyCallers)
}

func manyCallers(t *testing.T) {
	const callers = 100
	var (
		under sync.Mutex
		sent  = map[string]int{}
	)
	w := newWriter(func(_ context.Context, v verb, batch []*job) {
		if !under.TryLock() {
			t.Error("two calls at the same time")
			return
		}
		defer under.Unlock()
		for _, j := range batch {
			name := nameOf(j.step())
			sent[name]++
			j.outcomes[j.next] = created(name)
			if verbOf(j.step()) != v {
				t.Errorf("%s is in a call for the verb %d", name, v)
			}
		}
	})
	verbs := []func(string) plan.Step{createOf, updateOf, removeOf, grantOf, revokeOf}
	withdrawing, cancelling := func(i int) bool { return i%7 == 0 }, func(i int) bool { return i%10 == 0 }
	step := func(i, n int) string { return fmt.Sprintf("step %d of %d", n, i) }
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			var steps []plan.Step
			var want []plan.Outcome
			for n := range i%3 + 1 {
				steps, want = append(steps, verbs[(i+n)%len(verbs)](step(i, n))), append(want, created(step(i, n)))
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if cancelling(i) {
				go cancel() // At any time.
			}
			announcement := w.announce(steps)
			if withdrawing(i) {
				w.withdraw(announcement)
				return
			}
			got, err := w.send(ctx, announcement, steps)
			diff := cmp.Diff(want, got, sameSecrets)
			cancelled := cancelling(i) && errors.Is(err, context.Canceled) && got == nil
			if !cancelled && err != nil || !cancelling(i) && diff != "" {
				t.Errorf("caller %d ends with %v, outcomes (-want +got):\n%s", i, err, diff)
			}
		})
	}
	all.Wait()
	synctest.Wait()
	for i := range callers {
		for n := range i%3 + 1 {
			times := sent[step(i, n)]
			if withdrawing(i) && times > 0 || !withdrawing(i) && !cancelling(i) && times != 1 || times > 1 {
				t.Errorf("%s was sent %d times", step(i, n), times)
			}
		}
	}
}
