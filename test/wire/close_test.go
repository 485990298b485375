// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"context"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

// Not parallel, as it looks at every goroutine there is.
func TestClosingLeavesNothingRunning(t *testing.T) {
	s := newScene(t)
	conn := s.connect()
	held, late := s.proxy.On("Secrets.CreateSecrets", wire.Hold()), s.proxy.On("Secrets.CreateSecrets", wire.Delay(time.Hour))
	answered := make(chan error, 2)
	for range cap(answered) {
		go func() { answered <- create(context.WithoutCancel(s.ctx), conn, "name", "value") }()
	}
	s.await("the fault", held)
	s.must(servers.Await(s.ctx, patience, func() (string, error) {
		if !s.exists("name") {
			return "the request whose answer comes late has not come to the server", nil
		}
		return "", nil
	}))
	speechless, err := (&net.Dialer{}).DialContext(s.ctx, "tcp", s.proxy.Address)
	s.must(err)
	defer func() { _ = speechless.Close() }()
	s.awaitOpen(2)

	s.proxy.Close()
	for range cap(answered) {
		if err := <-answered; err == nil {
			t.Error("a request was answered")
		}
	}
	select {
	case <-late:
		t.Error("the late answer is said to have been given")
	default:
	}
	s.awaitOpen(0)
	s.must(servers.Await(s.ctx, patience, func() (string, error) {
		stacks := make([]byte, 1<<20)
		for stack := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
			if strings.Contains(stack, "/test/wire.") || strings.Contains(stack, "net/http.(*conn)") {
				return stack, nil
			}
		}
		return "", nil
	}))
}
