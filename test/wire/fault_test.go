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

func TestFaultAffectsOneRequest(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault wire.Fault
		want  func(err error) bool
		// done is true when the server executes the request, open when the
		// connection survives.
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
			f := newFixture(t)
			conn := f.connect()
			met := f.proxy.On("Secrets.CreateSecrets", row.fault)
			if _, err := list(f.Ctx, conn); err != nil {
				t.Fatal("a request of another method failed:", err)
			}
			if err := create(f.Ctx, conn, "first", strings.Repeat("long ", 50)); !row.want(err) {
				t.Errorf("unexpected result of the request: %v", err)
			}
			f.awaitClosed("the fault", met)
			if got := f.exists("first"); got != row.done {
				t.Errorf("the secret exists: %t, want %t", got, row.done)
			}
			if row.open {
				if _, err := list(f.Ctx, conn); err != nil {
					t.Error("the next request on the same connection failed:", err)
				}
			} else {
				f.awaitClosed("the end of the connection", conn.Broken())
			}
			if err := create(f.Ctx, f.connect(), "second", "value"); err != nil || !f.exists("second") {
				t.Error("the next request on a new connection failed:", err)
			}
		})
	}
}

// The function can check whether the server has executed the request.
func TestFaultCallsFunctionBeforeOrAfterRequest(t *testing.T) {
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
			f := newFixture(t)
			conn := f.connect()
			called := false
			met := f.proxy.On("Secrets.CreateSecrets", row.fault(func() {
				if called = true; f.exists("first") != row.done {
					t.Errorf("the secret exists: %t, want %t", !row.done, row.done)
				}
			}))
			if err := create(f.Ctx, conn, "first", "value"); err == nil {
				t.Error("the request succeeded, want a lost connection")
			}
			f.awaitClosed("the fault", met)
			if !called {
				t.Error("the function was not called")
			}
		})
	}
}

func TestHeldRequestDoesNotBlockOthers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	conn := f.connect()
	met := f.proxy.On("Secrets.CreateSecrets", wire.Hold())
	ctx, cancel := context.WithCancel(f.Ctx)
	defer cancel()
	answered := make(chan error, 1)
	go func() { answered <- create(ctx, conn, "held", "value") }()
	f.awaitClosed("the fault", met)
	f.Must(create(f.Ctx, conn, "other", "value"))
	f.Must(create(f.Ctx, f.connect(), "another", "value"))
	select {
	case err := <-answered:
		t.Error("the held request was answered:", err)
	default:
	}
	cancel()
	if err := <-answered; !errors.Is(err, context.Canceled) {
		t.Error("result of the held request:", err)
	}
	if f.exists("held") {
		t.Error("the held request reached the server")
	}
}

func TestDelayedAnswerIsOvertaken(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	conn := f.connect()
	met := f.proxy.On("Secrets.CreateSecrets", wire.Delay(time.Hour))
	answered := make(chan error, 1)
	go func() { answered <- create(context.WithoutCancel(f.Ctx), conn, "late", "value") }()
	f.Must(servers.Await(f.Ctx, patience, func() (string, error) {
		if !f.exists("late") {
			return "the request has not reached the server", nil
		}
		return "", nil
	}))
	f.Must(create(f.Ctx, conn, "early", "value"))
	f.Must(conn.Close())
	if err := <-answered; err == nil {
		t.Error("the delayed request succeeded early")
	}
	select {
	case <-met:
		t.Error("the fault is reported as met, but its connection ended before")
	default:
	}
}

func TestFaultsOfMethodHappenInOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	conn := f.connect()
	f.proxy.On("Secrets.ListSecrets", wire.Fail("first", "no"))
	f.proxy.On("Secrets.ListSecrets", wire.Fail("second", "no"))
	for _, want := range []string{"first", "second", ""} {
		if _, err := list(f.Ctx, conn); params.ErrCode(err) != want {
			t.Errorf("got error %v, want code %q", err, want)
		}
	}
}

func TestFaultCutsLongAnswers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 3 {
		f.Must(create(f.Ctx, f.connect(), fmt.Sprint("secret-", i), "value"))
	}
	// One length for each form of the frame header.
	for _, length := range []int{1, 1 << 10, 1 << 20} {
		f.proxy.Rewrite("Secrets.ListSecrets", func(answer *wire.Answer) {
			answer.Response["padding"] = strings.Repeat("x", length)
		})
		conn := f.connect()
		met := f.proxy.On("Secrets.ListSecrets", wire.CutDuring())
		if _, err := list(f.Ctx, conn); !rpc.IsShutdownErr(err) {
			t.Errorf("%d bytes: got %v, want a lost connection", length, err)
		}
		f.awaitClosed("the fault", met)
		if _, err := list(f.Ctx, f.connect()); err != nil {
			t.Errorf("%d bytes without a fault: %v", length, err)
		}
	}
}
