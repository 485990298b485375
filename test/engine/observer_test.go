// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/juju-secrets/operator/internal/juju"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

// heard is an Observer that remembers what it was told.
type heard struct {
	mu    sync.Mutex
	lines []string
}

func (h *heard) note(line string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, line)
}

// times is how often it was told something.
func (h *heard) times(line string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(h.lines), func(other string) bool { return other != line }))
}

func (h *heard) Known(key plan.ControllerKey)     { h.note(fmt.Sprintf("%s is known", key)) }
func (h *heard) Forgotten(key plan.ControllerKey) { h.note(fmt.Sprintf("%s is forgotten", key)) }

func (h *heard) Asked(_ plan.ControllerKey, request juju.Request) {
	h.note(fmt.Sprintf("%s of %d: %s", request.Method, request.Items, request.Code))
}

func (h *heard) LoggedIn(_ plan.ControllerKey, trouble *plan.Trouble) {
	if trouble == nil {
		h.note("logged in")
	} else {
		h.note(fmt.Sprintf("not logged in: %s", trouble.Kind.Reason()))
	}
}

// awaitHeard waits until the Observer was told something so often.
func (s *scene) awaitHeard(line string, times int) {
	s.Helper()
	s.must(servers.Await(s.ctx, patience, func() (string, error) {
		if got := s.heard.times(line); got != times {
			return fmt.Sprintf("%q was told %d times, want %d", line, got, times), nil
		}
		return "", nil
	}))
}

func TestAnObserverHearsOfEveryRequest(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.connect(seldom)
	s.awaitHeard("controller is known", 1)
	s.awaitHeard("logged in", 1)
	s.known(plan.Query{})
	s.awaitHeard("ModelManager.ListModels of 0: ok", 1)
	s.awaitHeard(list+" of 0: ok", 1)
	s.awaitHeard("logged in", 2)
	s.succeed(creating("one", "new"), creating("two", "new"), creating("three", "new"))
	s.awaitHeard(create+" of 3: ok", 1)

	if standing := s.pool.Standings()[controller]; standing.Connections != 2 || standing.Interval != seldom || standing.SnapshotAge <= 0 {
		t.Errorf("the controller stands so: %+v", standing)
	}
	s.pool.Forget(controller)
	s.awaitHeard("controller is forgotten", 1)
	if standings := s.pool.Standings(); len(standings) > 0 {
		t.Errorf("what is left: %+v", standings)
	}
}

func TestAnObserverHearsHowARequestFailed(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault wire.Fault
		code  string
	}{
		"the connection breaks": {wire.CutBefore(), juju.CodeConnectionLost},
		"Juju has a code":       {wire.Fail("try again", "busy"), "try again"},
		"nobody knows the code": {wire.Fail("such a code", "what"), juju.CodeOther},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			s.connect(seldom)
			s.known(plan.Query{})
			s.proxy.On(create, row.fault)
			s.do(creating("one", "new"))
			s.awaitHeard(create+" of 1: "+row.code, 1)
		})
	}
}

func TestAnObserverHearsOfARefusedLogin(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	if health := s.set(servers.Account{Username: s.server.Operator.Username, Password: "wrong"}, seldom); health.Trouble == nil {
		t.Fatal("the wrong password is right")
	}
	s.awaitHeard("not logged in: CredentialsRejected", 1)
}
