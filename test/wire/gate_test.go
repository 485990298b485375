// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"context"
	"errors"
	"testing"

	"github.com/juju-secrets/operator/test/servers"
)

func TestAGateHoldsRequestsAndAnswers(t *testing.T) {
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
			s := newScene(t)
			conn := s.connect()
			came := make(chan struct{})
			s.proxy.Guard(func(method string) (bool, func() bool) {
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
			ctx, cancel := context.WithCancel(s.ctx)
			defer cancel()
			answered := make(chan error, 1)
			go func() { answered <- create(ctx, conn, "name", "value") }()
			s.await("the gate", came)
			if _, err := list(s.ctx, conn); err != nil {
				t.Error("a request of another method:", err)
			}
			s.must(servers.Await(s.ctx, patience, func() (string, error) {
				if s.exists("name") != row.done {
					return "the server did not do what the gate let through", nil
				}
				return "", nil
			}))
			if !row.answer {
				cancel()
			}
			if err := <-answered; errors.Is(err, context.Canceled) == row.answer {
				t.Error("the client got:", err)
			}
		})
	}
}
