// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// Kubernetes is a control plane: etcd, kube-apiserver with the CRDs, and the
// parts of kube-controller-manager that collect garbage, empty namespaces and
// aggregate ClusterRoles. StartAPIServer leaves out kube-controller-manager.
type Kubernetes struct {
	// Client is an administrator's client.
	Client client.WithWatch
	// Config is an administrator's configuration.
	Config *rest.Config
	// Kubeconfig is the path of an administrator's kubeconfig.
	Kubeconfig string

	environment       *envtest.Environment
	controllerManager *Process
	operatorConfig    string
	dir               string
}

// StartKubernetes starts a control plane that keeps its files in dir. The
// argument root is the root of the repository.
func StartKubernetes(ctx context.Context, root, dir string) (*Kubernetes, error) {
	k, err := StartAPIServer(ctx, root, dir)
	if err != nil {
		return nil, err
	}
	k.controllerManager, err = startProcess("KUBE_CONTROLLER_MANAGER", k.dir, nil,
		"--kubeconfig="+k.Kubeconfig, "--leader-elect=false", "--secure-port=0",
		"--controllers=namespace-controller,garbage-collector-controller,clusterrole-aggregation-controller")
	if err != nil {
		return nil, errors.Join(err, k.Stop())
	}
	return k, nil
}

// StartAPIServer starts a control plane without kube-controller-manager, in
// which a deleted namespace and the dependents of a deleted object stay.
func StartAPIServer(ctx context.Context, root, dir string) (*Kubernetes, error) {
	k := &Kubernetes{
		Kubeconfig: filepath.Join(dir, "kubeconfig"),
		dir:        dir,
		environment: &envtest.Environment{
			CRDDirectoryPaths:     []string{filepath.Join(root, "config", "crd", "bases")},
			ErrorIfCRDPathMissing: true,
			UseExistingCluster:    new(bool), // Never test on a developer's cluster, even if the environment asks for it.
			// Other tests and servers keep the machine busy.
			ControlPlaneStartTimeout: time.Minute,
			ControlPlaneStopTimeout:  startTimeout,
			CRDInstallOptions:        envtest.CRDInstallOptions{MaxTime: startTimeout},
		},
	}
	var err error
	if k.Config, err = k.environment.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot start the Kubernetes API server: %w", err), k.environment.Stop())
	}
	if err := k.finish(ctx, root); err != nil {
		return nil, errors.Join(err, k.Stop())
	}
	return k, nil
}

func (k *Kubernetes) finish(ctx context.Context, root string) error {
	scheme := runtime.NewScheme()
	err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme))
	if err != nil {
		return err
	}
	k.Config.QPS = -1 // No rate limit, which would slow tests and the demo.
	if k.Client, err = client.NewWithWatch(k.Config, client.Options{Scheme: scheme}); err != nil {
		return err
	}
	if err := os.WriteFile(k.Kubeconfig, k.environment.KubeConfig, 0o600); err != nil {
		return err
	}
	return k.admitOperator(ctx, root)
}

// OperatorKubeconfig returns the path of the operator's kubeconfig. An argument
// of StartOperator can override it.
func (k *Kubernetes) OperatorKubeconfig() string { return k.operatorConfig }

// Stop stops the control plane.
func (k *Kubernetes) Stop() error {
	var err error
	if k.controllerManager != nil {
		err = k.controllerManager.Kill() // A normal stop is slow, and there is nothing to finish.
	}
	return errors.Join(err, k.environment.Stop())
}
