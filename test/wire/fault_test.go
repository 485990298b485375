// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/juju/juju/rpc"
	"github.com/juju/juju/rpc/params"

	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

func wasReset(err error) bool { return errors.Is(err, syscall.ECONNRESET) }

func TestAFaultBefallsOneRequest(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault wire.Fault
		want  func(err error) bool
		// done is whether the server does what it was asked for, open whether the connection survives.
		done, open bool
	}{
		"cut before":  {fault: wire.CutBefore(), want: wasReset},
		"cut after":   {fault: wire.CutAfter(), want: wasReset, done: true},
		"cut during":  {fault: wire.CutDuring(), want: rpc.IsShutdownErr, done: true},
		"call before": {fault: wire.CallBefore(func() {}), want: wasReset},
		"call after":  {fault: wire.CallAfter(func() {}), want: wasReset, done: true},
		"fail": {
			fault: wire.Fail(params.CodeTryAgain, "not now"), open: true,
			want: func(err error) bool {
				return params.ErrCode(err) == params.CodeTryAgain && strings.Contains(err.Error(), "not now")
			},
		},
		"delay": {
			fault: wire.Delay(time.Millisecond), done: true, open: true,
			want: func(err error) bool { return err == nil },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			conn := s.connect()
			met := s.proxy.On("Secrets.CreateSecrets", row.fault)
			if _, err := list(s.ctx, conn); err != nil {
				t.Fatal("a request of another method:", err)
			}
			if err := create(s.ctx, conn, "first", strings.Repeat("long ", 50)); !row.want(err) {
				t.Errorf("the client got: %v", err)
			}
			s.await("the fault", met)
			if got := s.exists("first"); got != row.done {
				t.Errorf("the secret exists: %t, want %t", got, row.done)
			}
			if row.open {
				if _, err := list(s.ctx, conn); err != nil {
					t.Error("the next request on the same connection:", err)
				}
			} else {
				s.await("the end of the connection", conn.Broken())
			}
			if err := create(s.ctx, s.connect(), "second", "value"); err != nil || !s.exists("second") {
				t.Error("the next request on a new connection:", err)
			}
		})
	}
}

// What is called may look what the server has done.
func TestAFunctionIsCalledJustThere(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault func(call func()) wire.Fault
		done  bool
	}{
		"before": {fault: wire.CallBefore},
		"after":  {fault: wire.CallAfter, done: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			conn := s.connect()
			called := false
			met := s.proxy.On("Secrets.CreateSecrets", row.fault(func() {
				if called = true; s.exists("first") != row.done {
					t.Errorf("the secret exists: %t, want %t", !row.done, row.done)
				}
			}))
			if err := create(s.ctx, conn, "first", "value"); err == nil {
				t.Error("the client got an answer")
			}
			s.await("the fault", met)
			if !called {
				t.Error("nothing was called")
			}
		})
	}
}

func TestAHeldRequestHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	conn := s.connect()
	met := s.proxy.On("Secrets.CreateSecrets", wire.Hold())
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	answered := make(chan error, 1)
	go func() { answered <- create(ctx, conn, "held", "value") }()
	s.await("the fault", met)
	s.must(create(s.ctx, conn, "other", "value"))
	s.must(create(s.ctx, s.connect(), "another", "value"))
	select {
	case err := <-answered:
		t.Error("the held request was answered:", err)
	default:
	}
	cancel()
	if err := <-answered; !errors.Is(err, context.Canceled) {
		t.Error("the client got:", err)
	}
	if s.exists("held") {
		t.Error("the held request came to the server")
	}
}

func TestADelayedAnswerIsOvertaken(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	conn := s.connect()
	met := s.proxy.On("Secrets.CreateSecrets", wire.Delay(time.Hour))
	answered := make(chan error, 1)
	go func() { answered <- create(context.WithoutCancel(s.ctx), conn, "late", "value") }()
	s.must(servers.Await(s.ctx, patience, func() (string, error) {
		if !s.exists("late") {
			return "the request has not come to the server", nil
		}
		return "", nil
	}))
	s.must(create(s.ctx, conn, "early", "value"))
	s.must(conn.Close())
	if err := <-answered; err == nil {
		t.Error("the client got an answer before its time")
	}
	select {
	case <-met:
		t.Error("the fault is said to have happened on a connection that ended before")
	default:
	}
}

func TestFaultsOfAMethodComeOneAfterTheOther(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	conn := s.connect()
	s.proxy.On("Secrets.ListSecrets", wire.Fail("first", "no"))
	s.proxy.On("Secrets.ListSecrets", wire.Fail("second", "no"))
	for _, want := range []string{"first", "second", ""} {
		if _, err := list(s.ctx, conn); params.ErrCode(err) != want {
			t.Errorf("got %v, want code %q", err, want)
		}
	}
}

func TestLongAnswersAreCutToo(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for i := range 3 {
		s.must(create(s.ctx, s.connect(), fmt.Sprint("secret-", i), "value"))
	}
	// As long as takes each form of the header of a frame.
	for _, length := range []int{1, 1 << 10, 1 << 20} {
		s.proxy.Rewrite("Secrets.ListSecrets", func(answer *wire.Answer) {
			answer.Response["padding"] = strings.Repeat("x", length)
		})
		conn := s.connect()
		met := s.proxy.On("Secrets.ListSecrets", wire.CutDuring())
		if _, err := list(s.ctx, conn); !rpc.IsShutdownErr(err) {
			t.Errorf("%d bytes: the client got: %v", length, err)
		}
		s.await("the fault", met)
		if _, err := list(s.ctx, s.connect()); err != nil {
			t.Errorf("%d bytes in one piece: %v", length, err)
		}
	}
}
