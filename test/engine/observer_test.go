// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	jujuwire "github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

// recorder is an Observer that records its calls, one line a call.
type recorder struct {
	mu    sync.Mutex
	lines []string
}

func (r *recorder) note(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, line)
}

// times returns how often a line was recorded.
func (r *recorder) times(line string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(r.lines), func(other string) bool { return other != line }))
}

func (r *recorder) Known(key plan.ControllerKey)     { r.note(fmt.Sprintf("%s is known", key)) }
func (r *recorder) Forgotten(key plan.ControllerKey) { r.note(fmt.Sprintf("%s is forgotten", key)) }

func (r *recorder) Asked(_ plan.ControllerKey, request jujuwire.Request) {
	r.note(fmt.Sprintf("%s of %d: %s", request.Method, request.Items, request.Code))
}

func (r *recorder) LoggedIn(_ plan.ControllerKey, problem *plan.Problem) {
	if problem == nil {
		r.note("logged in")
	} else {
		r.note(fmt.Sprintf("not logged in: %s", problem.Reason))
	}
}

// awaitRecorded waits until a line was recorded exactly so many times.
func (f *fixture) awaitRecorded(line string, times int) {
	f.Helper()
	f.Must(servers.Await(f.Ctx, patience, func() (string, error) {
		if got := f.recorder.times(line); got != times {
			return fmt.Sprintf("%q was recorded %d times, want %d", line, got, times), nil
		}
		return "", nil
	}))
}

func TestObserverIsNotifiedOfRequests(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.connect(longInterval)
	f.awaitRecorded("controller is known", 1)
	f.awaitRecorded("logged in", 1)
	f.known(plan.Query{})
	f.awaitRecorded("ModelManager.ListModels of 0: ok", 1)
	f.awaitRecorded(list+" of 0: ok", 1)
	f.awaitRecorded("logged in", 2)
	f.succeed(creating("one", "new"), creating("two", "new"), creating("three", "new"))
	f.awaitRecorded(create+" of 3: ok", 1)

	stats := f.pool.Stats()[controller]
	if stats.Connections != 2 || stats.Interval != longInterval || stats.SnapshotAge <= 0 {
		t.Errorf("statistics of the controller: %+v", stats)
	}
	f.pool.Forget(controller)
	f.awaitRecorded("controller is forgotten", 1)
	if stats := f.pool.Stats(); len(stats) > 0 {
		t.Errorf("statistics after the controller was forgotten: %+v, want none", stats)
	}
}

func TestObserverIsNotifiedOfErrorCodes(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault wire.Fault
		code  string
	}{
		"connection lost": {wire.CutBefore(), jujuwire.CodeConnectionLost},
		"known code":      {wire.Fail("try again", "busy"), "try again"},
		"unknown code":    {wire.Fail("such a code", "what"), jujuwire.CodeOther},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.connect(longInterval)
			f.known(plan.Query{})
			f.proxy.On(create, row.fault)
			f.do(creating("one", "new"))
			f.awaitRecorded(create+" of 1: "+row.code, 1)
		})
	}
}

func TestObserverIsNotifiedOfRefusedLogin(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	wrong := servers.Account{Username: f.Juju.Operator.Username, Password: "wrong"}
	if health := f.set(wrong, longInterval); health.Problem == nil {
		t.Fatal("logged in with a wrong password")
	}
	f.Await(func() string { // The login is retried.
		if f.recorder.times("not logged in: CredentialsRejected") == 0 {
			return "the refused login was not recorded"
		}
		return ""
	})
}
