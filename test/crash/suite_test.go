// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package crash proves that the operator can be killed at any moment: nothing is lost, made twice or written needlessly.
//
// A step is a write of the operator, to Kubernetes or to Juju. All of them go through proxies, which number them as they
// arrive. A story is played again and again, and each time the operator is killed at another step: the step arrives and is
// not carried out, or is carried out and the operator does not get the answer. Then another operator starts, and the end has
// to be as if nothing had happened. There are no more points at which to kill when a run comes to its end without, so none
// is forgotten.
//
// All runs share the servers, and one operator at a time. Each has namespaces and a model of its own.
package crash

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/stage"
	"github.com/juju-secrets/operator/test/wire"
)

// lab is what all tests share.
var lab *laboratory

// laboratory is the servers, the proxies before them, and the operator that runs at present.
type laboratory struct {
	kubernetes *servers.Kubernetes
	juju       *servers.Juju
	kubeProxy  *kubeProxy
	jujuProxy  *wire.Proxy
	gate       *gate
	operator   *servers.Process

	dir string
}

func TestMain(m *testing.M) {
	os.Exit(func() int {
		ctx := context.Background()
		var err error
		if lab, err = open(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "cannot start the servers:", err)
			return 1
		}
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
		go func() {
			<-signals
			_ = lab.close()
			os.Exit(1)
		}()
		code := m.Run()
		if err := lab.awaitNamespacesGone(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "not all is gone:", err)
			code = 1
		}
		if err := lab.close(); err != nil {
			fmt.Fprintln(os.Stderr, "cannot stop the servers in order:", err)
			return 1
		}
		return code
	}())
}

// open starts everything, and makes the ClusterJujuController default.
func open(ctx context.Context) (*laboratory, error) {
	dir, err := os.MkdirTemp("", "crash-")
	if err != nil {
		return nil, err
	}
	l := &laboratory{dir: dir, gate: newGate()}
	var parts errgroup.Group
	parts.Go(func() (err error) {
		l.kubernetes, err = servers.StartKubernetes(ctx, "../..", dir)
		return err
	})
	parts.Go(func() (err error) {
		l.juju, err = servers.StartJuju(ctx, dir)
		return err
	})
	err = parts.Wait()
	if err == nil {
		err = l.connect(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

func (l *laboratory) connect(ctx context.Context) (err error) {
	if l.jujuProxy, err = wire.Start(ctx, l.juju.Addresses[0], l.juju.CACertificate); err != nil {
		return err
	}
	l.jujuProxy.Guard(l.gate.ofJuju)
	if l.kubeProxy, err = startKubeProxy(ctx, l.kubernetes.OperatorKubeconfig(), l.dir, l.gate); err != nil {
		return err
	}
	if err := l.start(); err != nil {
		return err
	}
	kube := l.kubernetes.Client
	credentials := gen.Credentials("default", l.juju.Operator.Username, l.juju.Operator.Password)
	return errors.Join(kube.Create(ctx, credentials), kube.Create(ctx, l.controller("default")))
}

// controller makes a controller object that goes through the proxy, and looks at Juju on its own so seldom that nothing
// is mended by it.
func (l *laboratory) controller(name string) *v1alpha1.ClusterJujuController {
	return gen.Controller(name, l.jujuProxy.Address, l.jujuProxy.CACertificate, func(c *v1alpha1.ClusterJujuController) {
		c.Spec.DriftDetection.Interval = metav1.Duration{Duration: time.Hour}
	})
}

// start starts an operator.
func (l *laboratory) start() (err error) {
	l.operator, err = l.kubernetes.StartOperator(l.dir, "--kubeconfig="+l.kubeProxy.kubeconfig)
	return err
}

// awaitNamespacesGone waits until the namespaces of all runs are gone, which each run has deleted when nothing of it was left.
func (l *laboratory) awaitNamespacesGone(ctx context.Context) error {
	return servers.Await(ctx, stage.Patience, func() (string, error) {
		var left corev1.NamespaceList
		if err := l.kubernetes.Client.List(ctx, &left, client.HasLabels{"tenant"}); err != nil || len(left.Items) == 0 {
			return "", err
		}
		return fmt.Sprintf("%d namespaces are left, such as %s", len(left.Items), left.Items[0].Name), nil
	})
}

// close stops whatever runs, and removes every file of it.
func (l *laboratory) close() error {
	var errs []error
	if l.operator != nil {
		errs = append(errs, l.operator.Stop())
	}
	if l.jujuProxy != nil {
		l.jujuProxy.Close()
	}
	if l.kubeProxy != nil {
		errs = append(errs, l.kubeProxy.close())
	}
	if l.juju != nil {
		errs = append(errs, l.juju.Stop())
	}
	if l.kubernetes != nil {
		errs = append(errs, l.kubernetes.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(l.dir))...)
}
