// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package manager tests how the operator's program starts, shares its work with others, and stops: what its flags say that it
// serves, which of several replicas leads, what its probes answer, and what becomes of what is under way when it is told to stop.
//
// All tests share the servers, and have operators of their own. Mostly these are of a class of their own, too, and so have
// nothing to do with those of other tests.
package manager

import (
	"context"
	"os"
	"testing"

	"github.com/juju-secrets/operator/test/servers"
)

const root = "../.."

// stages bounds how many tests play at a time. Each has up to three operators, which all come to life at once.
var stages = make(chan struct{}, 5)

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
