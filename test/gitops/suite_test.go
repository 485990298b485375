// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package gitops tests that the tools of GitOps judge, apply, compare and prune the operator's objects as a person expects. The
// judges are the tools' own code: Flux's, which this package links, and Argo CD's, which is the program in hack/argocd. The
// objects are those of the operator that runs on a real Kubernetes API server and a real Juju API server. It is a module of its
// own for the sake of what it links.
package gitops

import (
	"context"
	"os"
	"testing"

	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

const (
	// root is that of the repository.
	root = "../.."
	// shared is the ClusterJujuController of the tests that do not apply one of their own.
	shared = "shared"
)

// stack is what all tests share.
var stack *servers.Stack

func TestMain(m *testing.M) {
	os.Exit(servers.Suite{Start: start, Run: m.Run}.Main())
}

func start(ctx context.Context) (_ *servers.Stack, err error) {
	if stack, err = servers.StartStack(ctx, root); err != nil {
		return nil, err
	}
	return stack, connect(ctx)
}

func connect(ctx context.Context) error {
	kube, juju := stack.Kubernetes.Client, stack.Juju
	if err := kube.Create(ctx, gen.Namespace("gitops-logins", nil)); err != nil {
		return err
	}
	login := gen.Secret("gitops-logins", shared, map[string]string{
		"username": juju.Operator.Username, "password": juju.Operator.Password,
	})
	if err := kube.Create(ctx, login); err != nil {
		return err
	}
	controller := gen.Controller(shared, juju.Addresses[0], juju.CACertificate)
	controller.Spec.Credentials.UserPass.SecretRef.Namespace = login.Namespace
	return kube.Create(ctx, controller)
}
