// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// operatorUser is who the operator is to the API server: nobody but what config/rbac makes of it.
const operatorUser = "juju-secrets-operator"

// operatorNamespace is the operator's own namespace.
const operatorNamespace = "juju-secrets"

// Kubernetes is a control plane: etcd, kube-apiserver with the CRDs, and the parts of kube-controller-manager that
// collect garbage and empty namespaces.
type Kubernetes struct {
	// Client is an administrator's.
	Client client.WithWatch
	// Config is an administrator's.
	Config *rest.Config
	// Kubeconfig is the path of an administrator's kubeconfig.
	Kubeconfig string

	environment       *envtest.Environment
	controllerManager *Process
	operatorConfig    string
}

// StartKubernetes starts a control plane that keeps its files in dir. Root is the root of the repository.
func StartKubernetes(ctx context.Context, root, dir string) (*Kubernetes, error) {
	k := &Kubernetes{
		Kubeconfig:     filepath.Join(dir, "kubeconfig"),
		operatorConfig: filepath.Join(dir, "operator.kubeconfig"),
		environment: &envtest.Environment{
			CRDDirectoryPaths:     []string{filepath.Join(root, "config", "crd", "bases")},
			ErrorIfCRDPathMissing: true,
			UseExistingCluster:    new(bool), // Whatever the environment says: a developer's cluster is not for tests.
		},
	}
	var err error
	if k.Config, err = k.environment.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot start the Kubernetes API server: %w", err), k.environment.Stop())
	}
	if err := k.finish(ctx, root, dir); err != nil {
		return nil, errors.Join(err, k.Stop())
	}
	return k, nil
}

func (k *Kubernetes) finish(ctx context.Context, root, dir string) error {
	scheme := runtime.NewScheme()
	err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme))
	if err != nil {
		return err
	}
	k.Config.QPS = -1 // Tests and the demo are not to be slowed down by a limit for polite clients.
	if k.Client, err = client.NewWithWatch(k.Config, client.Options{Scheme: scheme}); err != nil {
		return err
	}
	if err := os.WriteFile(k.Kubeconfig, k.environment.KubeConfig, 0o600); err != nil {
		return err
	}
	if err := k.admitOperator(ctx, root); err != nil {
		return err
	}
	k.controllerManager, err = startProcess("KUBE_CONTROLLER_MANAGER", dir, nil,
		"--kubeconfig="+k.Kubeconfig, "--controllers=namespace-controller,garbage-collector-controller",
		"--leader-elect=false", "--secure-port=0")
	return err
}

// admitOperator binds the roles that are generated for the operator to a user of the API server.
func (k *Kubernetes) admitOperator(ctx context.Context, root string) error {
	user, err := k.environment.AddUser(envtest.User{Name: operatorUser}, k.Config)
	if err != nil {
		return err
	}
	kubeconfig, err := user.KubeConfig()
	if err != nil {
		return err
	}
	if err := os.WriteFile(k.operatorConfig, kubeconfig, 0o600); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(root, "config", "rbac", "role.yaml")) //nolint:gosec // Our own file.
	if err != nil {
		return err
	}
	// The ClusterRole for the work, then the Role for leader election in the namespace of the operator.
	var clusterRole rbacv1.ClusterRole
	var role rbacv1.Role
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), len(text))
	if err := errors.Join(decoder.Decode(&clusterRole), decoder.Decode(&role)); err != nil {
		return err
	}
	name := metav1.ObjectMeta{Name: operatorUser, Namespace: role.Namespace}
	subjects := []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: operatorUser}}
	for _, obj := range []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: role.Namespace}},
		&clusterRole, &role,
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: operatorUser}, Subjects: subjects,
			RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: clusterRole.Name},
		},
		&rbacv1.RoleBinding{
			ObjectMeta: name, Subjects: subjects,
			RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
		},
	} {
		if err := k.Client.Create(ctx, obj); err != nil {
			return err
		}
	}
	return nil
}

// StartOperator starts the operator that MANAGER names against the control plane.
func (k *Kubernetes) StartOperator(dir string, args ...string) (*Process, error) {
	args = append([]string{"--kubeconfig=" + k.operatorConfig, "--health-probe-bind-address=0", "--namespace=" + operatorNamespace}, args...)
	return startProcess("MANAGER", dir, nil, args...)
}

// OperatorKubeconfig is the path of the operator's kubeconfig. StartOperator takes another one as an argument.
func (k *Kubernetes) OperatorKubeconfig() string { return k.operatorConfig }

// Stop stops the control plane.
func (k *Kubernetes) Stop() error {
	var err error
	if k.controllerManager != nil {
		err = k.controllerManager.Kill() // It has nothing to finish, and takes its time.
	}
	return errors.Join(err, k.environment.Stop())
}
