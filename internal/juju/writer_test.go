// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/juju/juju/api"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// call is what a writer sends, until somebody answers.
type call struct {
	ctx      context.Context
	verb     verb
	batch    []*job
	answered chan struct{}
}

// answer ends a call: each step has the outcome that goes with its name, or succeeded.
func (c call) answer(outcomes map[string]plan.Outcome) {
	for _, j := range c.batch {
		j.outcomes[j.next] = outcomes[nameOf(j.step())]
	}
	close(c.answered)
}

// steps are the names of what is sent, sorted, since nobody says in which order callers come.
func (c call) steps() []string { return slices.Sorted(slices.Values(present(c.batch))) }

// desk is a writer with its calls, and those who write. It lives in a bubble of package synctest, where time passes only
// when everybody waits.
type desk struct {
	*writer

	t     *testing.T
	calls chan call
	began time.Time
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, calls: make(chan call), began: time.Now()}
	d.writer = newWriter(func(ctx context.Context, v verb, batch []*job) {
		c := call{ctx, v, batch, make(chan struct{})}
		d.calls <- c
		<-c.answered
	})
	return d
}

// end is how a caller's steps ended.
type end struct {
	outcomes []plan.Outcome
	err      error
}

// caller is somebody who has steps carried out.
type caller struct {
	desk   *desk
	cancel context.CancelFunc
	// forbidden is what the caller says to a step that is about to begin.
	forbidden *atomic.Bool
	// ready ends what the caller does first, with an error or none.
	ready chan error
	ended chan end
}

// unready is a caller that announced its steps and has something to do first.
func (d *desk) unready(steps ...plan.Step) caller {
	ctx, cancel := context.WithCancel(d.t.Context())
	return d.inTime(ctx, cancel, steps...)
}

// hasty is a caller that is ready, and has a second.
func (d *desk) hasty(steps ...plan.Step) caller {
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Second)
	c := d.inTime(ctx, cancel, steps...)
	c.isReady(nil)
	return c
}

func (d *desk) inTime(ctx context.Context, cancel context.CancelFunc, steps ...plan.Step) caller {
	d.t.Cleanup(cancel)
	c := caller{d, cancel, new(atomic.Bool), make(chan error, 1), make(chan end, 1)}
	go func() {
		may := func(context.Context) bool { return !c.forbidden.Load() }
		outcomes, err := d.do(ctx, steps, func(context.Context) error { return <-c.ready }, may)
		c.ended <- end{outcomes, err}
	}()
	synctest.Wait()
	return c
}

// caller is a caller that is ready.
func (d *desk) caller(steps ...plan.Step) caller {
	c := d.unready(steps...)
	c.isReady(nil)
	return c
}

func (c caller) isReady(err error) {
	c.ready <- err
	synctest.Wait()
}

// gets fails unless the caller got these outcomes.
func (c caller) gets(want ...plan.Outcome) {
	c.desk.t.Helper()
	got := <-c.ended
	if diff := cmp.Diff(want, got.outcomes, sameSecrets); diff != "" || got.err != nil {
		c.desk.t.Errorf("outcomes (-want +got):\n%s\nerror %v", diff, got.err)
	}
}

// sends fails unless the next call is of these steps, so long after the desk was opened.
func (d *desk) sends(after time.Duration, v verb, steps ...string) call {
	d.t.Helper()
	c := <-d.calls
	if diff := cmp.Diff(steps, c.steps()); diff != "" || c.verb != v || time.Since(d.began) != after {
		d.t.Fatalf("sent after %v, with the verb %d (-want +got):\n%s", time.Since(d.began), c.verb, diff)
	}
	return c
}

// isIdle fails if something is sent, or about to be.
func (d *desk) isIdle() {
	d.t.Helper()
	synctest.Wait()
	select {
	case c := <-d.calls:
		d.t.Errorf("%v are sent", c.steps())
	default:
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sending || len(d.queue.waiting) > 0 || len(d.queue.announced) > 0 {
		d.t.Errorf("sending %t, %v wait, %v are announced", d.sending, present(d.queue.waiting), d.queue.announced)
	}
}

// atDesk runs a test at a desk that is idle in the end.
func atDesk(t *testing.T, test func(d *desk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		test(d)
		d.isIdle()
	})
}

// made is the outcome of a creation.
func made(id string) plan.Outcome { return plan.Outcome{Secret: &plan.UserSecret{ID: id, Revision: 1}} }

func inTrouble(kind plan.Kind, message string) plan.Outcome {
	return plan.Outcome{Trouble: &plan.Trouble{Kind: kind, Message: message}}
}

var (
	succeeded = plan.Outcome{}
	untried   = plan.Outcome{NotTried: true}
)

func TestAStepAloneIsSentAtOnce(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		for _, id := range []string{"first", "second"} {
			alone := d.caller(createOf("a"))
			d.sends(0, creates, "a").answer(map[string]plan.Outcome{"a": made(id)})
			alone.gets(made(id))
			d.isIdle()
		}
	})
}

func TestWhatArrivesDuringACallLeavesTogetherInTheNext(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		first := d.caller(createOf("first"))
		under := d.sends(0, creates, "first")
		var others []caller
		var names []string
		outcomes := map[string]plan.Outcome{}
		for i := range 20 {
			name := fmt.Sprintf("step%02d", i)
			names = append(names, name)
			outcomes[name] = made(name)
			if i%3 == 0 {
				outcomes[name] = inTrouble(plan.Refused, name)
			}
			others = append(others, d.caller(createOf(name)))
		}
		update := d.caller(updateOf("update"))
		under.answer(nil)
		first.gets(succeeded)
		d.sends(0, creates, names...).answer(outcomes)
		for i, other := range others { // Each has its own.
			other.gets(outcomes[names[i]])
		}
		d.sends(0, updates, "update").answer(nil)
		update.gets(succeeded)
	})
}

func TestStepsOfACallerAreSentOneAfterAnother(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		three := d.caller(revokeOf("a"), grantOf("b"), updateOf("c"))
		under := d.sends(0, revokes, "a")
		other := d.caller(updateOf("other"))
		under.answer(nil)
		d.sends(0, grants, "b").answer(map[string]plan.Outcome{"b": {Applications: map[string]plan.Trouble{}}})
		d.sends(0, updates, "c", "other").answer(map[string]plan.Outcome{"c": made("c"), "other": made("other")})
		three.gets(succeeded, plan.Outcome{Applications: map[string]plan.Trouble{}}, made("c"))
		other.gets(made("other"))
	})
}

func TestWhatWasJustCreatedIsUpdatedNext(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		two := d.caller(createOf("new"), plan.Update{AutoPrune: new(true)})
		d.sends(0, creates, "new").answer(map[string]plan.Outcome{"new": made("new")})
		under := d.sends(0, updates, "")
		if before := under.batch[0].outcomes[under.batch[0].next-1]; before.Secret == nil || before.Secret.ID != "new" {
			t.Errorf("the step before it ended with %+v, want the secret that it is about", before)
		}
		under.answer(map[string]plan.Outcome{"": made("new")})
		two.gets(made("new"), made("new"))
	})
}

func TestAnUpdateWithoutAnIDIsAboutWhatTheStepBeforeItCreated(t *testing.T) {
	t.Parallel()
	m := newModel(newController("default", content.Connection{}, surroundings{}), "uuid")
	m.link = newLink(linkSetup{ // Whatever comes to be sent is refused.
		patience: patience, lost: func() {}, changed: func(bool, bool) {},
		dial: func(context.Context) (api.Connection, *plan.Trouble) { return nil, &plan.Trouble{Kind: plan.TooOld} },
	})
	t.Cleanup(m.link.close)
	m.snapshot = snapshotOf(db())
	for id, want := range map[string]plan.Kind{dbID: plan.TooOld, cacheID: plan.SecretNotFound} {
		j := jobOf(createOf("db"), plan.Update{AutoPrune: new(true)})
		j.outcomes[0], j.next = made(id), 1
		m.update(t.Context(), []*job{j})
		if got := j.outcomes[1].Trouble; got == nil || got.Kind != want {
			t.Errorf("the update of %s ends with %+v, want the kind %d", id, got, want)
		}
	}
}

func TestAfterAStepThatFailedNoOtherOfItsCallerIsTried(t *testing.T) {
	t.Parallel()
	refused := inTrouble(plan.Refused, "no")
	missing := plan.Outcome{Applications: map[string]plan.Trouble{"app1": {Kind: plan.ApplicationNotFound}}}
	for name, row := range map[string]struct {
		steps []plan.Step
		ends  map[string]plan.Outcome
		want  []plan.Outcome
	}{
		"the first of three": {
			[]plan.Step{updateOf("a"), updateOf("b"), updateOf("c")}, map[string]plan.Outcome{"a": refused},
			[]plan.Outcome{refused, untried, untried},
		},
		"the second of three": {
			[]plan.Step{updateOf("a"), updateOf("b"), updateOf("c")}, map[string]plan.Outcome{"a": made("a"), "b": refused},
			[]plan.Outcome{made("a"), refused, untried},
		},
		"a creation, so that nothing is said of what was not made": {
			[]plan.Step{createOf("a"), plan.Update{AutoPrune: new(true)}}, map[string]plan.Outcome{"a": refused},
			[]plan.Outcome{refused, untried},
		},
		"the last": {
			[]plan.Step{revokeOf("a"), grantOf("b")}, map[string]plan.Outcome{"b": refused}, []plan.Outcome{succeeded, refused},
		},
		"none, if it failed for one application": {
			[]plan.Step{revokeOf("a"), grantOf("b")}, map[string]plan.Outcome{"a": missing}, []plan.Outcome{missing, succeeded},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			atDesk(t, func(d *desk) {
				failing, other := d.caller(row.steps...), caller{}
				for i, end := range row.want {
					if end.NotTried {
						break
					}
					c := <-d.calls
					if i == 0 {
						other = d.caller(removeOf("other"))
					}
					c.answer(row.ends)
				}
				failing.gets(row.want...)
				d.sends(0, removes, "other").answer(nil)
				other.gets(succeeded)
			})
		})
	}
}

func TestACallerThatCannotGetReadySendsNothing(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		conflict := errors.New("conflict")
		alone := d.unready(createOf("a"))
		alone.isReady(conflict)
		if got := <-alone.ended; !errors.Is(got.err, conflict) || got.outcomes != nil {
			t.Errorf("it ends with %+v", got)
		}
		d.isIdle()
	})
}

func TestOthersDoNotWaitForACallerThatCannotGetReady(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		failing := d.unready(createOf("a"))
		others := []caller{d.caller(createOf("b")), d.caller(createOf("c"))}
		failing.isReady(errors.New("conflict"))
		d.sends(0, creates, "b", "c").answer(nil)
		for _, other := range others {
			other.gets(succeeded)
		}
		if got := <-failing.ended; got.err == nil {
			t.Errorf("it ends with %+v", got)
		}
	})
}

func TestWhoWasAnnouncedIsWaitedFor(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		slow := d.unready(createOf("slow"))
		quick := d.caller(createOf("quick"))
		grant := d.caller(grantOf("grant")) // It passes.
		d.sends(0, grants, "grant").answer(nil)
		slow.isReady(nil)
		d.sends(0, creates, "quick", "slow").answer(nil)
		for _, each := range []caller{slow, quick, grant} {
			each.gets(succeeded)
		}
	})
}

func TestWhoWasAnnouncedIsNotWaitedForLong(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		slow := d.unready(createOf("slow"))
		quick := d.caller(createOf("quick"))
		d.sends(gathering, creates, "quick").answer(nil)
		quick.gets(succeeded)
		slow.isReady(nil)
		d.sends(gathering, creates, "slow").answer(nil)
		slow.gets(succeeded)
	})
}

func TestWhoIsAnnouncedLaterIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		first := d.caller(createOf("first"))
		under := d.sends(0, creates, "first")
		second := d.caller(createOf("second"))
		later := d.unready(createOf("later"))
		under.answer(nil)
		d.sends(0, creates, "second").answer(nil)
		later.isReady(nil)
		d.sends(0, creates, "later").answer(nil)
		for _, each := range []caller{first, second, later} {
			each.gets(succeeded)
		}
	})
}

func TestACallerWhoseTurnComesTooLateIsNotSent(t *testing.T) {
	t.Parallel()
	busy := inTrouble(plan.Busy, "the model was busy with other changes")
	atDesk(t, func(d *desk) {
		first := d.caller(createOf("first"))
		under := d.sends(0, creates, "first")
		late, patient := d.hasty(createOf("late"), updateOf("never")), d.caller(createOf("patient"))
		late.gets(busy, untried)
		under.answer(nil)
		d.sends(time.Second, creates, "patient").answer(nil)
		first.gets(succeeded)
		patient.gets(succeeded)
	})
}

func TestACallerThatGivesUpBeforeItsTurnHasDoneNothing(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		first := d.caller(createOf("first"))
		under := d.sends(0, creates, "first")
		impatient, patient := d.caller(createOf("impatient"), updateOf("never")), d.caller(createOf("patient"))
		impatient.cancel()
		if got := <-impatient.ended; !errors.Is(got.err, context.Canceled) || got.outcomes != nil {
			t.Errorf("it ends with %v and %v, want no outcomes, and that it gave up", got.outcomes, got.err)
		}
		under.answer(nil)
		d.sends(0, creates, "patient").answer(nil)
		first.gets(succeeded)
		patient.gets(succeeded)
	})
}

func TestACallerThatGivesUpBetweenItsStepsIsToldOfThoseDone(t *testing.T) {
	t.Parallel()
	busy := inTrouble(plan.Busy, "the model was busy with other changes")
	atDesk(t, func(d *desk) {
		slow := d.unready(updateOf("slow"))
		impatient := d.caller(revokeOf("a"), updateOf("b"), grantOf("c"))
		d.sends(0, revokes, "a").answer(map[string]plan.Outcome{"a": made("a")})
		synctest.Wait() // It waits for the one that was announced.
		impatient.cancel()
		impatient.gets(made("a"), busy, untried)
		slow.isReady(nil)
		d.sends(0, updates, "slow").answer(nil)
		slow.gets(succeeded)
	})
}

func TestWhatIsForbiddenMeanwhileIsNotBegun(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		first := d.caller(createOf("first"), updateOf("rest"))
		under := d.sends(0, creates, "first")
		waiting, other := d.caller(createOf("waiting")), d.caller(createOf("other"))
		first.forbidden.Store(true)
		waiting.forbidden.Store(true)
		under.answer(map[string]plan.Outcome{"first": made("first")})
		first.gets(made("first"), inTrouble(plan.Busy, "the rest may not be done any more"))
		if got := <-waiting.ended; got.outcomes != nil || !errors.Is(got.err, context.Canceled) {
			t.Errorf("nothing was begun, and it ends with %+v", got)
		}
		d.sends(0, creates, "other").answer(map[string]plan.Outcome{"other": made("other")})
		other.gets(made("other"))
	})
}

func TestACallerThatGivesUpUnderWayIsStillToldHowItEnds(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		impatient := d.caller(createOf("impatient"), updateOf("never"))
		under := d.sends(0, creates, "impatient")
		patient := d.caller(createOf("patient"))
		impatient.cancel()
		if under.ctx.Err() != nil {
			t.Error("the call was cut off, and with it those of others")
		}
		refused := inTrouble(plan.Refused, "no")
		under.answer(map[string]plan.Outcome{"impatient": refused})
		impatient.gets(refused, untried)
		d.sends(0, creates, "patient").answer(nil)
		patient.gets(succeeded)
	})
}

func TestManyCallersAtOnceAreEachServedOnce(t *testing.T) {
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
			t.Error("two calls at a time")
			return
		}
		defer under.Unlock()
		for _, j := range batch {
			name := nameOf(j.step())
			sent[name]++
			j.outcomes[j.next] = made(name)
			if verbOf(j.step()) != v {
				t.Errorf("%s is in a call for the verb %d", name, v)
			}
		}
	})
	kinds := []func(string) plan.Step{createOf, updateOf, removeOf, grantOf, revokeOf}
	unready, impatient := func(i int) bool { return i%7 == 0 }, func(i int) bool { return i%10 == 0 }
	step := func(i, n int) string { return fmt.Sprintf("step %d of %d", n, i) }
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			var steps []plan.Step
			var want []plan.Outcome
			for n := range i%3 + 1 {
				steps, want = append(steps, kinds[(i+n)%len(kinds)](step(i, n))), append(want, made(step(i, n)))
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if impatient(i) {
				go cancel() // Whenever that is.
			}
			got, err := w.do(ctx, steps, func(context.Context) error {
				if unready(i) {
					return errors.New("conflict")
				}
				return nil
			}, func(context.Context) bool { return true })
			diff := cmp.Diff(want, got, sameSecrets)
			gaveUp := impatient(i) && errors.Is(err, context.Canceled) && got == nil
			if !gaveUp && (err != nil) != unready(i) || !unready(i) && !impatient(i) && diff != "" {
				t.Errorf("caller %d ends with %v, outcomes (-want +got):\n%s", i, err, diff)
			}
		})
	}
	all.Wait()
	synctest.Wait()
	for i := range callers {
		for n := range i%3 + 1 {
			times := sent[step(i, n)]
			if unready(i) && times > 0 || !unready(i) && !impatient(i) && times != 1 || times > 1 {
				t.Errorf("%s was sent %d times", step(i, n), times)
			}
		}
	}
}
