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

func TestALinkThatIsRefusedHardlyTriesAgain(t *testing.T) {
	t.Parallel()
	if n := len(attempts(t, plan.CredentialsRejected)); n > 2 {
		t.Errorf("%d logins in ten minutes, want 2 at most: a locked account is worse than a late secret", n)
	}
}
