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

// This test is not parallel, because it inspects all goroutines of the process.
func TestCloseEndsAllGoroutines(t *testing.T) {
	f := newFixture(t)
	conn := f.connect()
	held := f.proxy.On("Secrets.CreateSecrets", wire.Hold())
	late := f.proxy.On("Secrets.CreateSecrets", wire.Delay(time.Hour))
	answered := make(chan error, 2)
	for range cap(answered) {
		go func() { answered <- create(context.WithoutCancel(f.Ctx), conn, "name", "value") }()
	}
	f.awaitClosed("the fault", held)
	f.Must(servers.Await(f.Ctx, patience, func() (string, error) {
		if !f.exists("name") {
			return "the request with the late answer has not reached the server", nil
		}
		return "", nil
	}))
	silent, err := (&net.Dialer{}).DialContext(f.Ctx, "tcp", f.proxy.Address)
	f.Must(err)
	defer func() { _ = silent.Close() }()
	f.awaitOpen(2)

	f.proxy.Close()
	for range cap(answered) {
		if err := <-answered; err == nil {
			t.Error("a request succeeded after Close")
		}
	}
	select {
	case <-late:
		t.Error("the delay is reported as met, but its answer was not delivered")
	default:
	}
	f.awaitOpen(0)
	f.Must(servers.Await(f.Ctx, patience, func() (string, error) {
		stacks := make([]byte, 1<<20)
		for stack := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
			if strings.Contains(stack, "/test/wire.") || strings.Contains(stack, "net/http.(*conn)") {
				return stack, nil
			}
		}
		return "", nil
	}))
}
