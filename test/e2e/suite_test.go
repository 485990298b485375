// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package e2e tests the operator as users meet it: the manager's binary, with the roles it is deployed with, on a real
// Kubernetes API server and a real Juju API server. What is in Juju is asked of Juju through Juju's own client. Each test
// has a namespace and a model of its own, so all run at the same time.
package e2e

import (
	"context"
	"os"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/stage"
)

// stack is what all tests share.
var stack *servers.Stack

func TestMain(m *testing.M) {
	os.Exit(servers.Suite{Start: start, Run: func() int {
		code := m.Run()
		if code == 0 {
			code = checkLog()
		}
		return code
	}}.Main())
}

func start(ctx context.Context) (_ *servers.Stack, err error) {
	if stack, err = servers.StartStack(ctx, "../.."); err != nil {
		return nil, err
	}
	return stack, connect(ctx)
}

// connect creates the ClusterJujuController default, which most tests use, and waits until the operator is logged in.
func connect(ctx context.Context) error {
	kube, juju := stack.Kubernetes.Client, stack.Juju
	if err := kube.Create(ctx, gen.Credentials("default", juju.Operator.Username, juju.Operator.Password)); err != nil {
		return err
	}
	controller := gen.Controller("default", juju.Addresses[0], juju.CACertificate)
	if err := kube.Create(ctx, controller); err != nil {
		return err
	}
	return servers.Await(ctx, stage.Patience, func() (string, error) {
		err := kube.Get(ctx, client.ObjectKeyFromObject(controller), controller)
		if !meta.IsStatusConditionTrue(controller.Status.Conditions, v1alpha1.ConditionReady) {
			return "the operator is not logged in to Juju", err
		}
		return "", err
	})
}
