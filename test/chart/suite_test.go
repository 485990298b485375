// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package chart tests the Helm chart with Helm itself: that it makes the same objects as kustomize makes of config/, that a real
// API server takes what each example makes of it, that values without sense are refused with a sentence, and that the operator
// that it installs works, through upgrade and uninstall. There is no kubelet: a test starts the manager with the arguments, the
// environment and the service account that the Deployment in the cluster has.
//
// Nothing here reaches the network, and Helm's own files are in a folder of the tests. There is one set of kinds in a cluster, so
// tests that install them run one after the other.
package chart

import (
	"context"
	"os"
	"testing"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/juju-secrets/operator/test/servers"
)

const root = "../.."

// What all tests share.
var (
	kubernetes *servers.Kubernetes
	juju       *servers.Juju
	home       string // Helm's.
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard()) // What installs kinds for a test writes a log.
	os.Exit(servers.Suite{Start: start, Run: m.Run}.Main())
}

func start(ctx context.Context) (*servers.Stack, error) {
	stack, err := servers.StartServers(ctx, root)
	if err != nil {
		return nil, err
	}
	kubernetes, juju, home = stack.Kubernetes, stack.Juju, stack.Dir
	return stack, nil
}
