// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package engine tests internal/juju against a real Juju API server, through a network that fails. What is in Juju is asked
// of Juju through its own client, past that network. Each test has a model, a proxy and a Pool of its own, so all run at
// the same time.
package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/juju-secrets/operator/internal/juju"
	"github.com/juju-secrets/operator/test/servers"
)

var (
	// shared is the Juju server of all tests but those that disturb it.
	shared *servers.Juju
	// tunnels is the proxy of the environment.
	tunnels *connectProxy
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		ctx := context.Background()
		dir, err := os.MkdirTemp("", "engine-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(dir) }()
		if tunnels, err = startConnectProxy(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "cannot start the proxy of the environment:", err)
			return 1
		}
		defer tunnels.close()
		if err := useProxy(tunnels.url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if shared, err = servers.StartJuju(ctx, dir); err != nil {
			fmt.Fprintln(os.Stderr, "cannot start the server:", err)
			return 1
		}
		code := m.Run()
		if err := shared.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "cannot stop the server in order:", err)
			return 1
		}
		return code
	}())
}

// useProxy makes the Juju client of this process use a proxy for all hosts but this machine's. It leaves nothing in the
// environment, which servers inherit.
func useProxy(url string) error {
	const variable = "HTTPS_PROXY"
	for _, other := range []string{"https_proxy", "http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"} {
		_ = os.Unsetenv(other)
	}
	return errors.Join(os.Setenv(variable, url), juju.UseProxies(), os.Unsetenv(variable))
}
