// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/juju/juju/api"

	"github.com/juju-secrets/operator/internal/plan"
)

// attempts are the times at which a link that fails with a kind of trouble dials within ten minutes.
func attempts(t *testing.T, kind plan.Kind) (at []time.Time) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		l := newLink(linkSetup{
			patience: patience,
			dial: func(context.Context) (api.Connection, *plan.Trouble) {
				mu.Lock()
				defer mu.Unlock()
				at = append(at, time.Now())
				return nil, &plan.Trouble{Kind: kind}
			},
			lost: func() {}, changed: func(bool, bool) {},
		})
		for range 1000 { // However many ask.
			if _, _, trouble := l.connection(t.Context()); trouble == nil || trouble.Kind != kind {
				t.Fatalf("the trouble is %+v", trouble)
			}
		}
		<-time.After(10 * time.Minute)
		l.close()
		synctest.Wait()
	})
	return at
}

func TestALinkTriesAgainEverMoreSlowlyAndNeverInStep(t *testing.T) {
	t.Parallel()
	one, other := attempts(t, plan.Unreachable), attempts(t, plan.Unreachable)
	if len(one) < 15 || len(one) > 30 {
		t.Errorf("%d attempts in ten minutes", len(one))
	}
	inStep := len(one) == len(other)
	for i := 1; i < len(one); i++ {
		pause := one[i].Sub(one[i-1])
		if pause < firstRetry || pause > lastRetry+lastRetry/4 {
			t.Errorf("pause %d is %v", i, pause)
		}
		inStep = inStep && i < len(other) && pause == other[i].Sub(other[i-1])
	}
	if inStep {
		t.Error("two links tried in step")
	}
	if last := one[len(one)-1].Sub(one[len(one)-2]); last < lastRetry {
		t.Errorf("the last pause is %v, want at least %v", last, lastRetry)
	}
}

// After a start all objects ask at about the same time, and after that one by one.
func TestTheVeryFirstAttemptIsWaitedForOnceForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const takes = firstPatience - time.Second
		l := newLink(linkSetup{
			patience: patience, firstPatience: firstPatience, lost: func() {}, changed: func(bool, bool) {},
			dial: func(context.Context) (api.Connection, *plan.Trouble) {
				<-time.After(takes)
				return &connection{broken: make(chan struct{})}, nil
			},
		})
		_, release, trouble := l.connection(t.Context())
		if trouble != nil {
			t.Fatal(trouble.Message)
		}
		release()
		l.close()
		synctest.Wait()
	})
	synctest.Test(t, func(t *testing.T) {
		l := newLink(linkSetup{
			patience: patience, firstPatience: firstPatience, lost: func() {}, changed: func(bool, bool) {},
			dial: func(ctx context.Context) (api.Connection, *plan.Trouble) {
				<-ctx.Done()
				return nil, replaced()
			},
		})
		began := time.Now()
		for range 100 {
			if _, _, trouble := l.connection(t.Context()); trouble == nil || trouble.Kind != plan.Unreachable {
				t.Errorf("the trouble is %+v", trouble)
			}
		}
		if took := time.Since(began); took != firstPatience {
			t.Errorf("a hundred who asked one after the other waited %v, want %v for all", took, firstPatience)
		}
		l.close()
		synctest.Wait()
	})
}

func TestALinkThatIsRefusedHardlyTriesAgain(t *testing.T) {
	t.Parallel()
	if n := len(attempts(t, plan.CredentialsRejected)); n > 2 {
		t.Errorf("%d logins in ten minutes, want 2 at most: a locked account is worse than a late secret", n)
	}
}

func TestPausesGrowWithTheFailuresOfAKind(t *testing.T) {
	t.Parallel()
	refused := []time.Duration{5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 40 * time.Minute, time.Hour, time.Hour}
	failed := []time.Duration{
		500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 30 * time.Second, 30 * time.Second,
	}
	for name, row := range map[string]struct {
		kind plan.Kind
		want []time.Duration
	}{
		"refused credentials":  {plan.CredentialsRejected, refused},
		"another controller":   {plan.AnotherController, refused},
		"nobody there":         {plan.Unreachable, failed},
		"another certificate":  {plan.CertificateMismatch, failed},
		"an upgrade":           {plan.Busy, failed},
		"a model that is gone": {plan.ModelNotFound, failed},
		"what nobody foresaw":  {plan.Failed, failed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var pauses pauses
			for i, want := range row.want {
				if got := pauses.after(nil, &plan.Trouble{Kind: row.kind}); got != want {
					t.Errorf("pause %d is %v, want %v", i, got, want)
				}
			}
		})
	}
}

func TestARefusalAfterAnythingElsePausesAsTheFirst(t *testing.T) {
	t.Parallel()
	refused, away := &plan.Trouble{Kind: plan.CredentialsRejected}, &plan.Trouble{Kind: plan.Unreachable}
	var pauses pauses
	for i, step := range []struct {
		trouble *plan.Trouble
		want    time.Duration
	}{
		{refused, refusedRetry}, {refused, 2 * refusedRetry}, {away, firstRetry}, {refused, refusedRetry}, {away, 2 * firstRetry},
	} {
		if got := pauses.after(nil, step.trouble); got != step.want {
			t.Errorf("pause %d is %v, want %v", i, got, step.want)
		}
	}
}

// connection is one of which the network says nothing for a while: it is dead, and nobody knows. The real parts notice at once, or
// not before the next ping.
type connection struct {
	api.Connection

	dead   bool
	silent bool // It answers to no ping.
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

func TestADeadConnectionIsNotTakenForAnOpenOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dials, closedByUs := 0, false
		l := newLink(linkSetup{
			patience: patience,
			dial: func(context.Context) (api.Connection, *plan.Trouble) {
				dials++
				return &connection{dead: dials == 1, broken: make(chan struct{})}, nil
			},
			lost: func() { closedByUs = true }, changed: func(bool, bool) {},
		})
		_, release, trouble := l.connection(t.Context())
		if trouble != nil {
			t.Fatal(trouble.Message)
		}
		release()
		if _, trouble := l.awaitOpen(t.Context()); trouble != nil || dials != 2 || !closedByUs {
			t.Errorf("after %d dials: %+v", dials, trouble)
		}
		if _, trouble := l.awaitOpen(t.Context()); trouble != nil || dials != 2 {
			t.Errorf("one that answers is given up: %d dials, %+v", dials, trouble)
		}
		l.close()
		synctest.Wait()
		if _, trouble := l.awaitOpen(t.Context()); trouble == nil {
			t.Error("one that was closed is taken for open")
		}
	})
}

// Who asks may go away, which is no reason to take the connection away from everybody.
func TestWhoGoesAwayDuringAPingLeavesTheConnectionOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		conn := &connection{silent: true, broken: make(chan struct{})}
		l := newLink(linkSetup{
			patience: patience, lost: func() {}, changed: func(bool, bool) {},
			dial: func(context.Context) (api.Connection, *plan.Trouble) { return conn, nil },
		})
		_, release, _ := l.connection(t.Context())
		release()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, trouble := l.awaitOpen(ctx); trouble == nil {
			t.Error("a connection that does not answer is taken for open")
		}
		if synctest.Wait(); isClosed(conn.broken) {
			t.Error("it was closed for everybody")
		}
		l.close()
		synctest.Wait()
	})
}
