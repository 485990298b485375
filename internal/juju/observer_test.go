// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/juju/juju/api"
	"github.com/juju/juju/rpc"
	"github.com/juju/juju/rpc/params"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

func TestARequestEndsWithOneOfFewCodes(t *testing.T) {
	for name, row := range map[string]struct {
		err  error
		want string
	}{
		"an answer":               {nil, CodeOK},
		"a code of Juju's":        {&params.Error{Code: params.CodeUpgradeInProgress}, params.CodeUpgradeInProgress},
		"one wrapped":             {fmt.Errorf("it said: %w", &params.Error{Code: params.CodeUnauthorized}), params.CodeUnauthorized},
		"a code nobody knows":     {&params.Error{Code: "whatever the controller likes"}, CodeOther},
		"an error without a code": {errors.New("what"), CodeOther},
		"no answer in time":       {context.DeadlineExceeded, CodeTimeout},
		"a connection that ended": {rpc.ErrShutdown, CodeConnectionLost},
		"a connection that broke": {&net.OpError{Op: "read", Err: errors.New("reset")}, CodeConnectionLost},
	} {
		t.Run(name, func(t *testing.T) {
			got := codeOf(row.err)
			if got != row.want {
				t.Errorf("the code is %q, want %q", got, row.want)
			}
			if !slices.Contains(Codes(), got) {
				t.Errorf("Codes does not have %q", got)
			}
		})
	}
}

// logins counts what an Observer is told of logins.
type logins struct {
	nobody

	told []*plan.Trouble
}

func (l *logins) LoggedIn(_ plan.ControllerKey, trouble *plan.Trouble) {
	l.told = append(l.told, trouble)
}

func TestWhatWasNoAttemptToLogInIsNotTold(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	refused := &plan.Trouble{Kind: plan.CredentialsRejected}
	for name, row := range map[string]struct {
		ctx     context.Context
		trouble *plan.Trouble
		told    int
	}{
		"a login":                        {t.Context(), nil, 1},
		"a login that was refused":       {t.Context(), refused, 1},
		"a link that was closed before":  {t.Context(), replaced(), 0},
		"a link that was closed by then": {ended, refused, 0},
	} {
		t.Run(name, func(t *testing.T) {
			observer := &logins{}
			c := newController("default", content.Connection{}, surroundings{observer: observer})
			_, trouble := c.logIn(row.ctx, func(context.Context) (api.Connection, *plan.Trouble) { return nil, row.trouble })
			if trouble != row.trouble || len(observer.told) != row.told {
				t.Errorf("it answers %v and told %v", trouble, observer.told)
			}
		})
	}
}

func TestTheAgeIsThatOfTheOldestSnapshotInUse(t *testing.T) {
	const first, second, idle = "first", "second", "idle"
	now := time.Now()
	c := newController("default", content.Connection{}, surroundings{inUse: func(uuid string) bool { return uuid != idle }})
	c.interval = time.Minute
	for uuid, age := range map[string]time.Duration{first: time.Second, second: time.Hour, idle: 2 * time.Hour} {
		c.models[uuid] = newModel(c, uuid)
		c.models[uuid].listings.listedAt = now.Add(-age)
	}
	if got, want := c.standing(now), (Standing{Interval: time.Minute, SnapshotAge: time.Hour}); got != want {
		t.Errorf("it stands so: %+v, want %+v", got, want)
	}
	m := c.models[second]
	m.listings.beganAt = now.Add(-time.Minute)
	m.endListing(1, 0, listing{}, &plan.Trouble{Kind: plan.Busy})
	if got := c.standing(now).SnapshotAge; got != time.Hour {
		t.Errorf("after a listing that failed the oldest is %v old", got)
	}
	m.endListing(2, 0, listing{}, nil)
	if got := c.standing(now).SnapshotAge; got != time.Minute {
		t.Errorf("after a listing the oldest is %v old", got)
	}
}
