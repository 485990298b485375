// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package crash tests that the operator can be killed at any moment. No secret
// is lost, created twice or written needlessly.
//
// A step is one write of the operator, to Kubernetes or to Juju. All writes go
// through proxies, which number the steps as they arrive. A point is the step
// at which the operator is killed.
//
// A scenario runs repeatedly, and each run kills the operator at another step.
// The proxy either blocks the step, or lets it through and withholds the
// answer. Then a second operator starts. The result must be the same as without
// the kill. A scenario ends with the first run that finishes without reaching
// its point, so every step is covered.
//
// All runs share the servers. Only one operator runs at a time. Each run has
// its own namespaces and its own model.
package crash

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

// shared holds the servers and the running operator.
var shared = env.New(env.Options{
	Options: servers.Options{Root: env.Root, Juju: 1},
	Prepare: prepare, Verify: awaitNamespacesGone, Finish: closeProxies,
})

// proxies connect the operator to the servers.
var proxies struct {
	gate *gate
	kube *kubeProxy
	juju *wire.Proxy
}

func TestMain(m *testing.M) { os.Exit(shared.Main(m)) }

// prepare starts the proxies and the operator, and creates the
// ClusterJujuController default.
func prepare(ctx context.Context, e *env.Environment) (err error) {
	proxies.gate = newGate()
	if proxies.juju, err = wire.Start(ctx, e.Juju.Addresses[0], e.Juju.CACertificate); err != nil {
		return err
	}
	proxies.juju.Guard(proxies.gate.jujuRequest)
	if proxies.kube, err = startKubeProxy(ctx, e.Kubernetes.OperatorKubeconfig(), e.Dir, proxies.gate); err != nil {
		return err
	}
	if e.Operator, err = e.Kubernetes.StartOperator(e.Dir, "--kubeconfig="+proxies.kube.kubeconfig); err != nil {
		return err
	}
	return e.Connect(ctx, "default", proxied)
}

// proxied points a controller object to the proxy. It sets a drift interval so
// long that drift detection corrects nothing during a run.
func proxied(c *v1alpha1.ClusterJujuController) {
	c.Spec.Addresses, c.Spec.CACertificate = []string{proxies.juju.Address}, proxies.juju.CACertificate
	c.Spec.DriftDetection.Interval = metav1.Duration{Duration: time.Hour}
}

// awaitNamespacesGone waits until the namespaces of all runs are gone. Each run
// deletes its namespaces when they are empty.
func awaitNamespacesGone(ctx context.Context, e *env.Environment) error {
	return servers.Await(ctx, env.Patience, func() (string, error) {
		var left corev1.NamespaceList
		if err := e.Kubernetes.Client.List(ctx, &left, client.HasLabels{"tenant"}); err != nil || len(left.Items) == 0 {
			return "", err
		}
		return fmt.Sprintf("%d namespaces remain, for example %s", len(left.Items), left.Items[0].Name), nil
	})
}

func closeProxies() error {
	if proxies.juju != nil {
		proxies.juju.Close()
	}
	if proxies.kube != nil {
		return proxies.kube.close()
	}
	return nil
}
