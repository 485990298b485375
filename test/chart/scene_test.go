// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// patience is how long a test waits for what should come true in a moment, on a machine that is busy with other tests.
const patience = 90 * time.Second

// atEnd is a context for what is done after a test, when its own is over.
func atEnd() context.Context { return context.Background() }

// scene is a namespace for a release, another one with a tenant, and a model.
type scene struct {
	*testing.T

	ctx      context.Context
	kube     client.Client
	model    servers.Model
	own, ns  string
	operator *servers.Process
	dir      string // The logs are in it.
}

// newScene begins with a cluster that has none of our kinds.
func newScene(t *testing.T, name string) *scene {
	t.Helper()
	s := &scene{T: t, ctx: t.Context(), kube: kubernetes.Client, own: name, ns: name + "-tenant", dir: t.TempDir()}
	s.removeKinds()
	t.Cleanup(s.clean)
	for _, ns := range []string{s.own, s.ns} {
		s.must(s.kube.Create(s.ctx, gen.Namespace(ns, map[string]string{"tenant": "true"})))
	}
	s.must(s.kube.Create(s.ctx, gen.Secret(s.own, "juju-user", map[string]string{
		"username": juju.Operator.Username, "password": juju.Operator.Password,
	})))
	var err error
	s.model, err = juju.AddModel(s.ctx, name)
	s.must(err)
	return s
}

// clean removes what the test has left.
func (s *scene) clean() {
	s.ctx = atEnd()
	if s.operator != nil {
		_ = s.operator.Kill() // It may have ended before.
		if s.Failed() {
			text, _ := os.ReadFile(s.operator.Log)
			s.Logf("the operator's log:\n%s", text)
		}
	}
	if _, err := run(s.ctx, "HELM", "uninstall", release, "--namespace", s.own, "--ignore-not-found", "--no-hooks"); err != nil {
		s.Error(err)
	}
	for _, kind := range kinds(s.T) {
		list := new(unstructured.UnstructuredList)
		list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind.Spec.Names.ListKind))
		if err := s.kube.List(s.ctx, list); err != nil {
			continue // The kind is not there.
		}
		for i := range list.Items {
			s.release(&list.Items[i])
		}
	}
	var secrets corev1.SecretList
	s.must(s.kube.List(s.ctx, &secrets, client.InNamespace(s.own)))
	for i := range secrets.Items {
		s.release(&secrets.Items[i])
	}
	for _, ns := range []string{s.own, s.ns} {
		s.must(client.IgnoreNotFound(s.kube.Delete(s.ctx, gen.Namespace(ns, nil))))
	}
	s.must(juju.RemoveModel(s.ctx, s.model))
}

// release lets an object go that no operator will.
func (s *scene) release(obj client.Object) {
	s.Helper()
	obj.SetFinalizers(nil)
	s.must(client.IgnoreNotFound(s.kube.Update(s.ctx, obj)))
	s.must(client.IgnoreNotFound(s.kube.Delete(s.ctx, obj)))
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// await waits until look finds nothing missing.
func (s *scene) await(look func() string) {
	s.Helper()
	s.must(servers.Await(s.ctx, patience, func() (string, error) { return look(), nil }))
}

// awaitReady waits until an object of ours is Ready as it is now.
func (s *scene) awaitReady(obj client.Object) {
	s.Helper()
	s.await(func() string {
		s.must(s.kube.Get(s.ctx, client.ObjectKeyFromObject(obj), obj))
		var conditions []metav1.Condition
		switch obj := obj.(type) {
		case *v1alpha1.JujuSecret:
			conditions = obj.Status.Conditions
		case v1alpha1.ControllerObject:
			conditions = obj.Found().Conditions
		}
		ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
		if ready != nil && ready.Status == metav1.ConditionTrue && ready.ObservedGeneration == obj.GetGeneration() {
			return ""
		}
		return fmt.Sprintf("%T %s has %+v, want it Ready", obj, obj.GetName(), ready)
	})
}

// awaitGone waits until an object is no more.
func (s *scene) awaitGone(obj client.Object) {
	s.Helper()
	s.await(func() string {
		err := s.kube.Get(s.ctx, client.ObjectKeyFromObject(obj), obj)
		if apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
			return ""
		}
		return fmt.Sprintf("%T %s is still there (%v)", obj, obj.GetName(), err)
	})
}

// expectKept checks that an object is there, the same as before, and not about to go.
func (s *scene) expectKept(obj client.Object) {
	s.Helper()
	uid := obj.GetUID()
	s.must(s.kube.Get(s.ctx, client.ObjectKeyFromObject(obj), obj))
	if obj.GetUID() != uid || obj.GetDeletionTimestamp() != nil {
		s.Errorf("%T %s did not live on: it was %s, and is %s, deleted at %v", obj, obj.GetName(), uid, obj.GetUID(), obj.GetDeletionTimestamp())
	}
}

// awaitJuju waits until the model holds these secrets and no others, by name, with the value of the key called key.
func (s *scene) awaitJuju(want map[string]string) {
	s.Helper()
	s.await(func() string {
		held, err := juju.Secrets(s.ctx, s.model)
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
		return fmt.Sprintf("Juju has %v, want %d, each with its value", names, len(want))
	})
}

// withController are the options that make the default controller.
func (s *scene) withController() []string {
	s.Helper()
	return []string{values(s.T, map[string]any{"defaultController": map[string]any{
		"create": true, "addresses": juju.Addresses, "caCertificate": juju.CACertificate,
		"credentials":    map[string]any{"existingSecret": "juju-user"},
		"tenants":        []any{map[string]any{"namespaces": map[string]any{"matchNames": []string{s.ns}}, "models": []string{s.model.Name}}},
		"driftDetection": map[string]any{"interval": "10s"},
	}})}
}

// helm runs Helm in the release's namespace.
func (s *scene) helm(args ...string) string {
	s.Helper()
	return helm(s.T, append(args, "--namespace", s.own)...)
}

// deployment is the operator's, once it is there.
func (s *scene) deployment() (*appsv1.Deployment, error) {
	var list appsv1.DeploymentList
	err := servers.Await(s.ctx, patience, func() (string, error) {
		if err := s.kube.List(s.ctx, &list, client.InNamespace(s.own)); err != nil || len(list.Items) == 1 {
			return "", err
		}
		return fmt.Sprintf("there are %d Deployments", len(list.Items)), nil
	})
	if err != nil {
		return nil, err
	}
	return &list.Items[0], nil
}

// startPod starts the manager as the Deployment says, but for the addresses where it listens, and waits until it is ready.
func (s *scene) startPod() {
	s.Helper()
	s.must(awaitServed(kinds(s.T)))
	s.must(s.tryStartPod())
}

// awaitServed waits until the API server serves the kinds and tells so: a manager that comes before ends, and nobody starts it again.
func awaitServed(kinds []*apiextensionsv1.CustomResourceDefinition) error {
	options := envtest.CRDInstallOptions{MaxTime: patience, PollInterval: 100 * time.Millisecond}
	return envtest.WaitForCRDs(kubernetes.Config, kinds, options)
}

func (s *scene) tryStartPod() error {
	deployment, err := s.deployment()
	if err != nil {
		return err
	}
	pod := deployment.Spec.Template.Spec
	kubeconfig, err := kubernetes.KubeconfigOf(s.ctx, s.own, pod.ServiceAccountName)
	if err != nil {
		return err
	}
	var environment []string
	for _, variable := range pod.Containers[0].Env {
		environment = append(environment, variable.Name+"="+variable.Value)
	}
	probes, err := servers.FreeAddress(s.ctx)
	if err != nil {
		return err
	}
	args := slices.Concat([]string{"--leader-elect"}, pod.Containers[0].Args,
		[]string{"--kubeconfig=" + kubeconfig, "--namespace=" + s.own, "--health-probe-bind-address=" + probes})
	metrics := ""
	if slices.Contains(args, "--metrics-bind-address=:8443") {
		if metrics, err = servers.FreeAddress(s.ctx); err != nil {
			return err
		}
		args = append(args, "--metrics-bind-address="+metrics)
	}
	if s.operator, err = kubernetes.StartOperatorIn(environment, s.dir, args...); err != nil {
		return err
	}
	if err := s.awaitAnswer("http://"+probes+pod.Containers[0].ReadinessProbe.HTTPGet.Path, http.StatusOK); err != nil || metrics == "" {
		return err
	}
	// As the chart has it: not for somebody who does not say who asks.
	return s.awaitAnswer("https://"+metrics+"/metrics", http.StatusUnauthorized)
}

// awaitAnswer waits until the manager answers with a status.
func (s *scene) awaitAnswer(url string, want int) error {
	//nolint:gosec // The manager has made its certificate itself.
	asker := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	return servers.Await(s.ctx, patience, func() (string, error) {
		select {
		case <-s.operator.Ended():
			return "", fmt.Errorf("the manager ended at once: see %s", s.operator.Log)
		default:
		}
		request, err := http.NewRequestWithContext(s.ctx, http.MethodGet, url, nil)
		if err != nil {
			return "", err
		}
		response, err := asker.Do(request)
		if err != nil {
			return err.Error(), nil
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			return fmt.Sprintf("the manager answers %s with %s, want %d", url, response.Status, want), nil
		}
		return "", nil
	})
}

// stopPod ends the manager, as the end of a Deployment does.
func (s *scene) stopPod() {
	s.Helper()
	s.must(s.operator.Stop())
	s.operator = nil
}

// kinds are ours as config has them.
func kinds(t *testing.T) []*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	paths, err := filepath.Glob(path("config", "crd", "bases", "*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("found the kinds %v (%v)", paths, err)
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

// inCluster is a kind as the cluster has it.
func (s *scene) inCluster(name string) (*apiextensionsv1.CustomResourceDefinition, error) {
	obj, crd := kind(name), new(apiextensionsv1.CustomResourceDefinition)
	if err := s.kube.Get(s.ctx, client.ObjectKeyFromObject(obj), obj); err != nil {
		return crd, err
	}
	return crd, runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, crd)
}

// kind is a CustomResourceDefinition, which the tests' client does not know by its Go type.
func kind(name string) *unstructured.Unstructured {
	obj := new(unstructured.Unstructured)
	obj.SetGroupVersionKind(apiextensionsv1.SchemeGroupVersion.WithKind("CustomResourceDefinition"))
	obj.SetName(name)
	return obj
}

// removeKinds removes our kinds, and waits until they are gone.
func (s *scene) removeKinds() {
	s.Helper()
	for _, crd := range kinds(s.T) {
		obj := kind(crd.Name)
		s.must(client.IgnoreNotFound(s.kube.Delete(s.ctx, obj)))
		s.awaitGone(obj)
	}
}

// expectKinds checks that the cluster has our kinds as config has them.
func (s *scene) expectKinds() {
	s.Helper()
	for _, want := range kinds(s.T) {
		got, err := s.inCluster(want.Name)
		s.must(err)
		if got.DeletionTimestamp != nil {
			s.Errorf("the kind %s is about to go", want.Name)
		}
		got.Spec.Conversion = nil // A default.
		if diff := cmp.Diff(want.Spec, got.Spec, cmpopts.EquateEmpty()); diff != "" {
			s.Errorf("the kind %s differs (-config +cluster):\n%s", want.Name, diff)
		}
	}
}
