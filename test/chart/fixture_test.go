// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package chart tests the Helm chart with Helm. The chart must render the same
// objects as kustomize does from config/, and a real API server must accept the
// objects of each example. Invalid values must be rejected with a message that
// names the value. The installed operator must work, also through upgrade and
// uninstall. There is no kubelet: a test starts the manager with the arguments,
// the environment and the service account of the Deployment in the cluster.
//
// The tests need no network, and Helm's own files are in a temporary folder. A
// cluster has one set of CRDs, so tests that install CRDs run one after the
// other.
package chart

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

const (
	root     = env.Root
	patience = env.Patience
)

// shared starts the servers. Its folder is the home directory of Helm.
var shared = env.New(env.Options{Options: servers.Options{Root: root, Juju: 1}})

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard()) // Discard the log of the CRD installation.
	os.Exit(shared.Main(m))
}

// cleanupContext returns a context for cleanup, when the context of the test is
// canceled.
func cleanupContext() context.Context { return context.Background() }

// fixture holds the namespace of a release, a tenant namespace, and a model.
type fixture struct {
	*env.Fixture

	// operatorNamespace is the namespace of the release.
	operatorNamespace string
	operator          *env.Operator
}

// newFixture creates a fixture in a cluster without the CRDs of the operator.
func newFixture(t *testing.T, name string) *fixture {
	t.Helper()
	f := &fixture{Fixture: shared.NewFixture(t), operatorNamespace: name}
	f.removeCRDs()
	f.CleanUp = f.uninstall
	for _, ns := range []string{name + "-tenant", name} {
		f.AddNamespace(gen.Namespace(ns, map[string]string{"tenant": "true"}))
	}
	f.Create(gen.Login(f.operatorNamespace, "juju-user", f.Juju.Operator.Username, f.Juju.Operator.Password))
	f.AddModel(name)
	return f
}

// uninstall removes the release and everything that the test created.
func (f *fixture) uninstall() error {
	f.KillOperators()
	_, err := run(f.Ctx, "HELM", "uninstall", release, "--namespace", f.operatorNamespace,
		"--ignore-not-found", "--no-hooks")
	errs := []error{err}
	for _, kind := range crds(f.T) {
		list := new(unstructured.UnstructuredList)
		list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind.Spec.Names.ListKind))
		if err := f.Kube.List(f.Ctx, list); err != nil {
			continue // The CRD does not exist.
		}
		for i := range list.Items {
			errs = append(errs, f.Release(&list.Items[i]))
		}
	}
	var secrets corev1.SecretList
	errs = append(errs, f.Kube.List(f.Ctx, &secrets, client.InNamespace(f.operatorNamespace)))
	for i := range secrets.Items {
		errs = append(errs, f.Release(&secrets.Items[i]))
	}
	for _, ns := range f.Namespaces {
		errs = append(errs, client.IgnoreNotFound(f.Kube.Delete(f.Ctx, gen.Namespace(ns, nil))))
	}
	return errors.Join(errs...)
}

// expectKept checks that an object still exists with the same UID, and is not
// being deleted.
func (f *fixture) expectKept(obj client.Object) {
	f.Helper()
	uid := obj.GetUID()
	f.Must(f.Kube.Get(f.Ctx, client.ObjectKeyFromObject(obj), obj))
	if obj.GetUID() != uid || obj.GetDeletionTimestamp() != nil {
		f.Errorf("%T %s was not kept: the UID was %s and is %s, the deletion timestamp is %v",
			obj, obj.GetName(), uid, obj.GetUID(), obj.GetDeletionTimestamp())
	}
}

// awaitJuju waits until the model contains exactly these secrets. want maps the
// name of each secret to its value of the key "key".
func (f *fixture) awaitJuju(want map[string]string) {
	f.Helper()
	f.Await(func() string {
		held, err := f.Juju.Secrets(f.Ctx, f.Model)
		if err != nil {
			return err.Error()
		}
		var names []string
		same := len(held) == len(want)
		for _, secret := range held {
			names = append(names, secret.Name)
			same = same && cmp.Equal(secret.Content, servers.Content(map[string]string{"key": want[secret.Name]}))
		}
		if same {
			return ""
		}
		return fmt.Sprintf("Juju has the secrets %v, want %d secrets with the expected values", names, len(want))
	})
}

// withController returns the Helm options that create the default controller
// object.
func (f *fixture) withController() []string {
	f.Helper()
	return []string{values(f.T, map[string]any{"defaultController": map[string]any{
		"create": true, "addresses": f.Juju.Addresses, "caCertificate": f.Juju.CACertificate,
		"credentials": map[string]any{"existingSecret": "juju-user"},
		"tenants": []any{map[string]any{
			"namespaces": map[string]any{"matchNames": []string{f.Namespace}}, "models": []string{f.Model.Name},
		}},
		"driftDetection": map[string]any{"interval": "10s"},
	}})}
}

// helm runs Helm in the namespace of the release.
func (f *fixture) helm(args ...string) string {
	f.Helper()
	return helm(f.T, append(args, "--namespace", f.operatorNamespace)...)
}

// deployment waits for the Deployment of the operator and returns it.
func (f *fixture) deployment() (*appsv1.Deployment, error) {
	var list appsv1.DeploymentList
	err := servers.Await(f.Ctx, patience, func() (string, error) {
		if err := f.Kube.List(f.Ctx, &list, client.InNamespace(f.operatorNamespace)); err != nil || len(list.Items) == 1 {
			return "", err
		}
		return fmt.Sprintf("the namespace has %d Deployments, want one", len(list.Items)), nil
	})
	if err != nil {
		return nil, err
	}
	return &list.Items[0], nil
}

// startPod starts the manager as the Deployment specifies, except for the
// listening addresses, and waits until it is ready.
func (f *fixture) startPod() {
	f.Helper()
	f.Must(awaitServed(crds(f.T)))
	f.Must(f.tryStartPod())
}

// awaitServed waits until the API server serves the CRDs and lists them in its
// discovery. A manager that starts earlier exits, and no kubelet restarts it.
func awaitServed(crds []*apiextensionsv1.CustomResourceDefinition) error {
	options := envtest.CRDInstallOptions{MaxTime: patience, PollInterval: 100 * time.Millisecond}
	return envtest.WaitForCRDs(shared.Kubernetes.Config, crds, options)
}

func (f *fixture) tryStartPod() error {
	deployment, err := f.deployment()
	if err != nil {
		return err
	}
	pod := deployment.Spec.Template.Spec
	kubeconfig, err := shared.Kubernetes.KubeconfigOf(f.Ctx, f.operatorNamespace, pod.ServiceAccountName)
	if err != nil {
		return err
	}
	var environment []string
	for _, variable := range pod.Containers[0].Env {
		environment = append(environment, variable.Name+"="+variable.Value)
	}
	probes, err := servers.FreeAddress(f.Ctx)
	if err != nil {
		return err
	}
	args := slices.Concat([]string{"--leader-elect"}, pod.Containers[0].Args,
		[]string{
			"--kubeconfig=" + kubeconfig, "--operator-namespace=" + f.operatorNamespace,
			"--health-probe-bind-address=" + probes,
		})
	metrics := ""
	if slices.Contains(args, "--metrics-bind-address=:8443") {
		if metrics, err = servers.FreeAddress(f.Ctx); err != nil {
			return err
		}
		args = append(args, "--metrics-bind-address="+metrics)
	}
	if f.operator, err = f.TryStartOperatorIn(environment, "of the release", args...); err != nil {
		return err
	}
	ready := "http://" + probes + pod.Containers[0].ReadinessProbe.HTTPGet.Path
	if err := f.awaitAnswer(ready, http.StatusOK); err != nil || metrics == "" {
		return err
	}
	// The chart configures authentication for the metrics.
	return f.awaitAnswer("https://"+metrics+"/metrics", http.StatusUnauthorized)
}

// awaitAnswer waits until the manager responds with the given HTTP status.
func (f *fixture) awaitAnswer(url string, want int) error {
	return servers.Await(f.Ctx, patience, func() (string, error) {
		if !f.operator.Runs() {
			return "", fmt.Errorf("the manager exited unexpectedly, see %s", f.operator.Process.Log)
		}
		if status, body := env.Get(f.Ctx, url, ""); status != want {
			return fmt.Sprintf("the manager responds to %s with %d, want %d: %s", url, status, want, body), nil
		}
		return "", nil
	})
}

// stopPod stops the manager, like the deletion of a Deployment.
func (f *fixture) stopPod() {
	f.Helper()
	f.operator.MustStop()
}

// crds returns the CRDs in config/.
func crds(t *testing.T) []*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	paths, err := filepath.Glob(path("config", "crd", "bases", "*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("the CRD files are %v, error %v", paths, err)
	}
	var found []*apiextensionsv1.CustomResourceDefinition
	for _, path := range paths {
		crd := new(apiextensionsv1.CustomResourceDefinition)
		if err := yaml.UnmarshalStrict([]byte(read(t, path)), crd); err != nil {
			t.Fatal(err)
		}
		found = append(found, crd)
	}
	return found
}

// inCluster returns a CRD as it is in the cluster.
func (f *fixture) inCluster(name string) (*apiextensionsv1.CustomResourceDefinition, error) {
	obj, crd := crdReference(name), new(apiextensionsv1.CustomResourceDefinition)
	if err := f.Kube.Get(f.Ctx, client.ObjectKeyFromObject(obj), obj); err != nil {
		return crd, err
	}
	return crd, runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, crd)
}

// crdReference returns a CustomResourceDefinition with a name and nothing else.
// It is unstructured because the client of the tests does not know the Go type.
func crdReference(name string) *unstructured.Unstructured {
	obj := new(unstructured.Unstructured)
	obj.SetGroupVersionKind(apiextensionsv1.SchemeGroupVersion.WithKind("CustomResourceDefinition"))
	obj.SetName(name)
	return obj
}

// removeCRDs deletes the CRDs of the operator, and waits until they are gone.
func (f *fixture) removeCRDs() {
	f.Helper()
	for _, crd := range crds(f.T) {
		obj := crdReference(crd.Name)
		f.Must(client.IgnoreNotFound(f.Kube.Delete(f.Ctx, obj)))
		f.AwaitGone(obj)
	}
}

// expectCRDs checks that the CRDs in the cluster equal the CRDs in config/.
func (f *fixture) expectCRDs() {
	f.Helper()
	for _, want := range crds(f.T) {
		got, err := f.inCluster(want.Name)
		f.Must(err)
		if got.DeletionTimestamp != nil {
			f.Errorf("the CRD %s is being deleted", want.Name)
		}
		got.Spec.Conversion = nil // A default of the API server.
		if diff := cmp.Diff(want.Spec, got.Spec, cmpopts.EquateEmpty()); diff != "" {
			f.Errorf("the CRD %s differs (-config +cluster):\n%s", want.Name, diff)
		}
	}
}
