// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rbac tests that the generated roles are what the operator needs: with them it does everything, and without any
// single verb on any single resource the API server refuses it something. The story that it has to play is always the same,
// so a rule that is added without a use fails here by itself.
//
// Each operator has a service account, an own namespace, and a model of its own. It may work in the whole cluster, so there
// is one at a time; and each is over as soon as it was refused what it lacks, which takes less than a second.
package rbac

import (
	"context"
	"os"
	"testing"

	"github.com/juju-secrets/operator/test/servers"
)

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
