// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/juju-secrets/operator/test/servers"
)

func TestGateHoldsRequestsAndAnswers(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		request, answer, done bool
	}{
		"the request is held": {},
		"the answer is held":  {request: true, done: true},
		"both pass":           {request: true, answer: true, done: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			conn := f.connect()
			came := make(chan struct{})
			f.proxy.Guard(func(method string) (bool, func() bool) {
				if method != "Secrets.CreateSecrets" {
					return true, nil
				}
				if !row.request {
					close(came)
				}
				return row.request, func() bool {
					close(came)
					return row.answer
				}
			})
			ctx, cancel := context.WithCancel(f.Ctx)
			defer cancel()
			answered := make(chan error, 1)
			go func() { answered <- create(ctx, conn, "name", "value") }()
			f.awaitClosed("the gate", came)
			if _, err := list(f.Ctx, conn); err != nil {
				t.Error("a request of another method failed:", err)
			}
			f.Must(servers.Await(f.Ctx, patience, func() (string, error) {
				if f.exists("name") != row.done {
					return fmt.Sprintf("the secret exists: %t, want %t", !row.done, row.done), nil
				}
				return "", nil
			}))
			if !row.answer {
				cancel()
			}
			if err := <-answered; errors.Is(err, context.Canceled) == row.answer {
				t.Errorf("got error %v; the gate passes the answer: %t", err, row.answer)
			}
		})
	}
}
