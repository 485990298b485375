// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package link

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/juju/juju/api"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// attempts returns when a link dials within ten minutes if each attempt fails
// with a reason.
func attempts(t *testing.T, reason v1alpha1.Reason) (at []time.Time) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		l := New(Config{
			WaitTimeout: WaitTimeout,
			Dial: func(context.Context) (api.Connection, *plan.Problem) {
				mu.Lock()
				defer mu.Unlock()
				at = append(at, time.Now())
				return nil, &plan.Problem{Reason: reason}
			},
			Lost: func() {}, Changed: func(bool, bool) {},
		})
		for range 1000 { // The number of callers makes no difference.
			if _, _, problem := l.Get(t.Context()); problem == nil || problem.Reason != reason {
				t.Fatalf("the problem is %+v", problem)
			}
		}
		<-time.After(10 * time.Minute)
		l.Close()
		synctest.Wait()
	})
	return at
}

func TestRetryBacksOffWithJitter(t *testing.T) {
	t.Parallel()
	one, other := attempts(t, v1alpha1.ReasonJujuUnreachable), attempts(t, v1alpha1.ReasonJujuUnreachable)
	if len(one) < 15 || len(one) > 30 {
		t.Errorf("%d attempts in ten minutes", len(one))
	}
	equal := len(one) == len(other)
	for i := 1; i < len(one); i++ {
		pause := one[i].Sub(one[i-1])
		if pause < FirstRetry || pause > LastRetry+LastRetry/4 {
			t.Errorf("pause %d is %v", i, pause)
		}
		equal = equal && i < len(other) && pause == other[i].Sub(other[i-1])
	}
	if equal {
		t.Error("two links retried at the same times")
	}
	if last := one[len(one)-1].Sub(one[len(one)-2]); last < LastRetry {
		t.Errorf("the last pause is %v, want at least %v", last, LastRetry)
	}
}

// After a start all objects need the connection at about the same time. Later
// they need it one by one.
func TestCallersShareTheFirstWaitTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const takes = FirstWaitTimeout - time.Second
		l := New(Config{
			WaitTimeout: WaitTimeout, FirstWaitTimeout: FirstWaitTimeout, Lost: func() {}, Changed: func(bool, bool) {},
			Dial: func(context.Context) (api.Connection, *plan.Problem) {
				<-time.After(takes)
				return &connection{broken: make(chan struct{})}, nil
			},
		})
		_, release, problem := l.Get(t.Context())
		if problem != nil {
			t.Fatal(problem.Message)
		}
		release()
		l.Close()
		synctest.Wait()
	})
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{
			WaitTimeout: WaitTimeout, FirstWaitTimeout: FirstWaitTimeout, Lost: func() {}, Changed: func(bool, bool) {},
			Dial: func(ctx context.Context) (api.Connection, *plan.Problem) {
				<-ctx.Done()
				return nil, ErrReplaced
			},
		})
		began := time.Now()
		for range 100 {
			if _, _, problem := l.Get(t.Context()); problem == nil || problem.Reason != v1alpha1.ReasonJujuUnreachable {
				t.Errorf("the problem is %+v", problem)
			}
		}
		if took := time.Since(began); took != FirstWaitTimeout {
			t.Errorf("a hundred callers in sequence waited %v, want %v together", took, FirstWaitTimeout)
		}
		l.Close()
		synctest.Wait()
	})
}

// An attempt that began before the request may have failed for a reason that
// the user has corrected since.
func TestRequestedRetryIsAnAttemptAfterTheRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const takes = 5 * time.Second
		var dials atomic.Int32
		l := New(Config{
			WaitTimeout: WaitTimeout, Lost: func() {}, Changed: func(bool, bool) {},
			Dial: func(context.Context) (api.Connection, *plan.Problem) {
				<-time.After(takes)
				if dials.Add(1) < 4 {
					return nil, &plan.Problem{Reason: v1alpha1.ReasonCredentialsRejected}
				}
				return &connection{broken: make(chan struct{})}, nil
			},
		})
		_, _, _ = l.Get(t.Context())
		<-time.After(takes) // The first attempt has ended.
		expect := func(when string, attempt int, want bool, wantDials int32) {
			t.Helper()
			if got, n := l.Tried(t.Context(), attempt), dials.Load(); got != want || n != wantDials {
				t.Errorf("%s: tried %t after %d attempts, want %t after %d", when, got, n, want, wantDials)
			}
		}
		first := l.RetryNow()
		expect("during the attempt", first, false, 1)
		during := l.RetryNow() // It began before this request.
		<-time.After(takes)
		expect("after the attempt", first, true, 2)
		expect("after an attempt that began before the request", during, false, 2)
		<-time.After(takes)
		expect("after the attempt that followed", during, true, 3)
		last := l.RetryNow()
		<-time.After(takes)
		expect("with a connection", last, true, 4)
		if attempt := l.RetryNow(); attempt != 0 {
			t.Errorf("with a connection, attempt %d follows, want none", attempt)
		}
		expect("with a connection, without an attempt", 0, true, 4)
		l.Close()
		synctest.Wait()
	})
}

// The user may change the password in Juju shortly after the credentials Secret.
// Many logins can lock the account.
func TestRefusedLoginIsRetriedEarlyAndThenRarely(t *testing.T) {
	t.Parallel()
	at := attempts(t, v1alpha1.ReasonCredentialsRejected)
	want := append(earlyRetries(), refusedRetry)
	if len(at) != 1+len(want) {
		t.Fatalf("%d logins in ten minutes, want %d", len(at), 1+len(want))
	}
	for i, pause := range want {
		if got := at[i+1].Sub(at[i]); got < pause || got > pause+pause/4 {
			t.Errorf("pause %d is %v, want %v to %v", i, got, pause, pause+pause/4)
		}
	}
	if n := len(attempts(t, v1alpha1.ReasonControllerChanged)); n != 2 {
		t.Errorf("%d logins to another controller in ten minutes, want 2", n)
	}
}

// Credentials that were accepted once and are refused now do not become valid
// again soon.
func TestRefusedLoginIsRetriedLateAfterSuccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dials []time.Time
		conn := &connection{broken: make(chan struct{})}
		l := New(Config{
			WaitTimeout: WaitTimeout, Lost: func() {}, Changed: func(bool, bool) {},
			Dial: func(context.Context) (api.Connection, *plan.Problem) {
				if dials = append(dials, time.Now()); len(dials) == 1 {
					return conn, nil
				}
				return nil, &plan.Problem{Reason: v1alpha1.ReasonCredentialsRejected}
			},
		})
		_, release, problem := l.Get(t.Context())
		if problem != nil {
			t.Fatal(problem.Message)
		}
		release()
		<-time.After(time.Hour)
		_ = conn.Close()
		<-time.After(2 * refusedRetry)
		l.Close()
		synctest.Wait()
		if len(dials) != 3 || dials[2].Sub(dials[1]) < refusedRetry {
			t.Errorf("logins at %v, want one after the loss, and one %v later", dials, refusedRetry)
		}
	})
}

func TestRetryPausesGrowPerReason(t *testing.T) {
	t.Parallel()
	late := []time.Duration{
		5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 40 * time.Minute, time.Hour, time.Hour,
	}
	failed := []time.Duration{
		500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second,
		30 * time.Second, 30 * time.Second,
	}
	for name, row := range map[string]struct {
		reason v1alpha1.Reason
		want   []time.Duration
	}{
		"refused credentials":  {v1alpha1.ReasonCredentialsRejected, append(earlyRetries(), late...)},
		"another controller":   {v1alpha1.ReasonControllerChanged, late},
		"no connection":        {v1alpha1.ReasonJujuUnreachable, failed},
		"another certificate":  {v1alpha1.ReasonCertificateMismatch, failed},
		"a controller upgrade": {v1alpha1.ReasonModelUnavailable, failed},
		"a model that is gone": {v1alpha1.ReasonModelNotFound, failed},
		"an unknown error":     {v1alpha1.ReasonFailed, failed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var pauses pauses
			for i, want := range row.want {
				if got := pauses.after(nil, &plan.Problem{Reason: row.reason}); got != want {
					t.Errorf("pause %d is %v, want %v", i, got, want)
				}
			}
		})
	}
}

func TestRetryPauseRestartsAtARefusalAfterAnotherFailure(t *testing.T) {
	t.Parallel()
	refused := &plan.Problem{Reason: v1alpha1.ReasonCredentialsRejected}
	unreachable := &plan.Problem{Reason: v1alpha1.ReasonJujuUnreachable}
	early := earlyRetries()
	var pauses pauses
	for i, step := range []struct {
		problem *plan.Problem
		want    time.Duration
	}{
		{refused, early[0]}, {unreachable, FirstRetry}, {refused, early[1]}, {refused, early[2]},
		{refused, refusedRetry}, {refused, 2 * refusedRetry}, {unreachable, 2 * FirstRetry}, {refused, refusedRetry},
		{unreachable, 4 * FirstRetry},
	} {
		if got := pauses.after(nil, step.problem); got != step.want {
			t.Errorf("pause %d is %v, want %v", i, got, step.want)
		}
	}
}

func TestFirstRetryAfterALossIsEarly(t *testing.T) {
	t.Parallel()
	var pauses pauses
	for i, want := range []time.Duration{FirstRetry / 10, 2 * FirstRetry, 4 * FirstRetry} {
		if got := pauses.after(&connection{}, nil); got != want {
			t.Errorf("pause %d is %v, want %v", i, got, want)
		}
	}
}

// connection is a connection that can be dead without an error from the
// network. A real connection reports its end immediately, or at the next ping.
type connection struct {
	api.Connection

	dead   bool
	silent bool // true when it answers no ping
	broken chan struct{}
	end    sync.Once
}

func (c *connection) Broken() <-chan struct{} { return c.broken }

func (c *connection) IsBroken(ctx context.Context) bool {
	if c.silent {
		<-ctx.Done()
		return true
	}
	return c.dead || isClosed(c.broken)
}

func (c *connection) Close() error {
	c.end.Do(func() { close(c.broken) })
	return nil
}

func TestDeadConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dials, lost := 0, false
		l := New(Config{
			WaitTimeout: WaitTimeout,
			Dial: func(context.Context) (api.Connection, *plan.Problem) {
				dials++
				return &connection{dead: dials == 1, broken: make(chan struct{})}, nil
			},
			Lost: func() { lost = true }, Changed: func(bool, bool) {},
		})
		_, release, problem := l.Get(t.Context())
		if problem != nil {
			t.Fatal(problem.Message)
		}
		release()
		if _, problem := l.AwaitOpen(t.Context()); problem != nil || dials != 2 || !lost {
			t.Errorf("after %d dials: %+v", dials, problem)
		}
		if _, problem := l.AwaitOpen(t.Context()); problem != nil || dials != 2 {
			t.Errorf("a connection that answers is given up: %d dials, %+v", dials, problem)
		}
		l.Close()
		synctest.Wait()
		if _, problem := l.AwaitOpen(t.Context()); problem == nil {
			t.Error("AwaitOpen succeeds after Close")
		}
	})
}

// Juju keeps connections open when a password changes.
func TestRefusedRenewalKeepsTheConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first, second := &connection{broken: make(chan struct{})}, &connection{broken: make(chan struct{})}
		results := []*connection{first, nil, nil, second}
		var mu sync.Mutex
		var logins []time.Time
		var lost atomic.Bool
		var ups atomic.Int32
		l := New(Config{
			WaitTimeout: WaitTimeout,
			Dial: func(context.Context) (api.Connection, *plan.Problem) {
				mu.Lock()
				defer mu.Unlock()
				conn := results[len(logins)]
				logins = append(logins, time.Now())
				if conn == nil {
					return nil, &plan.Problem{Reason: v1alpha1.ReasonCredentialsRejected}
				}
				return conn, nil
			},
			Lost: func() { lost.Store(true) }, Changed: func(bool, bool) { ups.Add(1) },
		})
		dialled := func() []time.Time {
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(logins)
		}
		expect := func(what string, want *connection, refused bool) {
			t.Helper()
			conn, release, problem := l.Get(t.Context())
			if problem != nil || conn != api.Connection(want) || lost.Load() {
				t.Fatalf("%s: got %v, problem %+v, lost: %v", what, conn, problem, lost.Load())
			}
			release()
			if _, problem := l.AwaitOpen(t.Context()); Refused(problem) != refused || (l.Refusal() != nil) != refused {
				t.Errorf("%s: new logins have the problem %+v", what, problem)
			}
		}
		expect("open", first, false)
		l.GiveUp(first)
		l.GiveUp(first) // While it is being replaced.
		if l.Has(first) {
			t.Error("the connection counts as certain before the login")
		}
		expect("refused", first, true)
		if dials := dialled(); !l.Has(first) || isClosed(first.broken) || len(dials) != 2 {
			t.Errorf("after a refused login: %d logins, closed: %v", len(dials), isClosed(first.broken))
		}
		<-time.After(refusedRetry + refusedRetry/2)
		expect("refused again", first, true)
		if dials := dialled(); len(dials) != 3 || dials[2].Sub(dials[1]) < refusedRetry || ups.Load() != 0 {
			t.Errorf("logins at %v, %d changes, want a retry after %v", dials, ups.Load(), refusedRetry)
		}

		_, release, _ := l.Get(t.Context())
		l.RetryNow()
		synctest.Wait()
		if isClosed(first.broken) || ups.Load() != 1 {
			t.Errorf("closed with a request in flight: %v, %d changes", isClosed(first.broken), ups.Load())
		}
		release()
		synctest.Wait()
		if !isClosed(first.broken) {
			t.Error("the former connection stays open")
		}
		expect("accepted", second, false)
		l.Close()
		synctest.Wait()
	})
}

func TestConnectionThatBreaksDuringRenewalIsReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first, second := &connection{broken: make(chan struct{})}, &connection{broken: make(chan struct{})}
		dials, lost := 0, 0
		l := New(Config{
			WaitTimeout: WaitTimeout,
			Dial: func(context.Context) (api.Connection, *plan.Problem) {
				switch dials++; dials {
				case 1:
					return first, nil
				case 2:
					_ = first.Close()
					return nil, &plan.Problem{Reason: v1alpha1.ReasonJujuUnreachable}
				}
				return second, nil
			},
			Lost: func() { lost++ }, Changed: func(bool, bool) {},
		})
		_, release, _ := l.Get(t.Context())
		release()
		l.GiveUp(first)
		if conn, problem := l.AwaitOpen(t.Context()); problem != nil || conn != api.Connection(second) || lost != 1 {
			t.Errorf("got %v, problem %+v, %d losses", conn, problem, lost)
		}
		l.Close()
		synctest.Wait()
	})
}

// A login beside a connection can take as long as the timeout of the dialer.
func TestBreakDuringALoginBesideTheConnectionIsNoticedImmediately(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const takes = 20 * time.Second
		first, second := &connection{broken: make(chan struct{})}, &connection{broken: make(chan struct{})}
		var dials, lost atomic.Int32
		l := New(Config{
			WaitTimeout: WaitTimeout,
			Dial: func(context.Context) (api.Connection, *plan.Problem) {
				if dials.Add(1) == 1 {
					return first, nil
				}
				<-time.After(takes)
				return second, nil
			},
			Lost: func() { lost.Add(1) }, Changed: func(bool, bool) {},
		})
		_, release, _ := l.Get(t.Context())
		release()
		l.GiveUp(first)
		synctest.Wait()
		_ = first.Close()
		if synctest.Wait(); lost.Load() != 1 || l.current().conn != nil {
			t.Errorf("%d losses while the login is in progress, connection %v", lost.Load(), l.current().conn)
		}
		// The login becomes the next connection.
		if conn, problem := l.AwaitOpen(t.Context()); problem != nil || conn != api.Connection(second) || dials.Load() != 2 {
			t.Errorf("got %v, problem %+v after %d logins", conn, problem, dials.Load())
		}
		l.Close()
		synctest.Wait()
		if !isClosed(second.broken) {
			t.Error("the connection stays open")
		}
	})
}

func TestLoginThatEndsAfterTheLinkIsClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first, second := &connection{broken: make(chan struct{})}, &connection{broken: make(chan struct{})}
		var dials atomic.Int32
		l := New(Config{
			WaitTimeout: WaitTimeout, Lost: func() {}, Changed: func(bool, bool) {},
			Dial: func(ctx context.Context) (api.Connection, *plan.Problem) {
				if dials.Add(1) == 1 {
					return first, nil
				}
				<-ctx.Done()
				return second, nil
			},
		})
		_, release, _ := l.Get(t.Context())
		release()
		l.GiveUp(first)
		synctest.Wait()
		l.Close()
		if synctest.Wait(); !isClosed(first.broken) || !isClosed(second.broken) {
			t.Errorf("closed: the connection %t, the login beside it %t", isClosed(first.broken), isClosed(second.broken))
		}
	})
}

// A caller that is cancelled must not close the connection of other callers.
func TestCancelledPingKeepsTheConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		conn := &connection{silent: true, broken: make(chan struct{})}
		l := New(Config{
			WaitTimeout: WaitTimeout, Lost: func() {}, Changed: func(bool, bool) {},
			Dial: func(context.Context) (api.Connection, *plan.Problem) { return conn, nil },
		})
		_, release, _ := l.Get(t.Context())
		release()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, problem := l.AwaitOpen(ctx); problem == nil {
			t.Error("AwaitOpen succeeds with a connection that does not answer")
		}
		if synctest.Wait(); isClosed(conn.broken) {
			t.Error("the connection was closed for all callers")
		}
		l.Close()
		synctest.Wait()
	})
}
