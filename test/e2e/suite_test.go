// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package e2e tests the operator as users meet it: the manager's binary, with the roles it is deployed with, on a real
// Kubernetes API server and a real Juju API server. What is in Juju is asked of Juju through Juju's own client. Each test
// has a namespace and a model of its own, so all run at the same time.
package e2e

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// stack is what all tests share.
var stack *servers.Stack

func TestMain(m *testing.M) {
	os.Exit(func() int {
		ctx := context.Background()
		var err error
		if stack, err = servers.StartStack(ctx, "../.."); err != nil {
			fmt.Fprintln(os.Stderr, "cannot start the servers:", err)
			return 1
		}
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
		stack.StopWhen(signals)
		code := 1
		if err := connect(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "cannot set up the controller object:", err)
		} else if code = m.Run(); code == 0 {
			code = checkLog()
		}
		if err := stack.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "cannot stop the servers in order:", err)
			return 1
		}
		return code
	}())
}

// connect creates the ClusterJujuController default, which most tests use.
func connect(ctx context.Context) error {
	kube, juju := stack.Kubernetes.Client, stack.Juju
	if err := kube.Create(ctx, gen.Credentials("default", juju.Operator.Username, juju.Operator.Password)); err != nil {
		return err
	}
	return kube.Create(ctx, gen.Controller("default", juju.Addresses[0], juju.CACertificate))
}
