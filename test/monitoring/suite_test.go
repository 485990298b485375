// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package monitoring tests what somebody sees who watches the operator: its metrics, as the real operator on real servers serves
// them, and the alerts and the dashboard that are made of them. Alerts are played by promtool, and PromQL is taken apart by
// hack/promtool/selectors; the Makefile sets PROMTOOL and SELECTORS.
package monitoring

import (
	"context"
	"os"
	"testing"

	"github.com/juju-secrets/operator/test/servers"
)

const root = "../.."

// The servers that all tests share.
var (
	kubernetes *servers.Kubernetes
	juju       *servers.Juju
)

func TestMain(m *testing.M) {
	os.Exit(servers.Suite{Start: start, Run: m.Run}.Main())
}

func start(ctx context.Context) (*servers.Stack, error) {
	stack, err := servers.StartServers(ctx, root)
	if err != nil {
		return nil, err
	}
	kubernetes, juju = stack.Kubernetes, stack.Juju
	return stack, nil
}
