// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/servers"
)

// patience is how long a test waits for what should come true in a moment, on a machine that is busy with other tests.
const patience = 40 * time.Second

// builtIn are the namespaces that a cluster has from the beginning.
var builtIn = []string{"default", "kube-system", "kube-public", "kube-node-lease"}

// everyPages is the namespace in which most pages play. It is emptied and not removed, for which Kubernetes takes its time.
const everyPages = "team-a"

// scene is what the reader of a page has before it: the operator, a Juju with the model prod/test that nobody has used, the
// ClusterJujuController default with the namespace team-a as its tenant, kubectl and juju.
type scene struct {
	*testing.T

	ctx  context.Context
	kube client.Client
	juju *servers.Juju
	// dir is where the commands run. It looks like the root of the repository.
	dir         string
	environment []string
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{T: t, ctx: t.Context(), kube: kubernetes.Client, dir: t.TempDir()}
	var err error
	s.juju, err = servers.StartJuju(s.ctx, dir)
	s.must(err)
	t.Cleanup(s.clean)
	s.furnish()
	output, err := s.run("kubectl apply --server-side -f config/samples/controller.yaml && " +
		"kubectl wait --for=condition=Ready clusterjujucontroller/default")
	if err != nil {
		s.Fatalf("%v\n%s", err, output)
	}
	return s
}

// furnish makes the folder that the commands run in, and their environment.
func (s *scene) furnish() {
	s.Helper()
	entries, err := os.ReadDir(root)
	s.must(err)
	above, err := filepath.Abs(root)
	s.must(err)
	for _, entry := range entries {
		if name := entry.Name(); name != "config" && name != ".git" {
			s.must(os.Symlink(filepath.Join(above, name), filepath.Join(s.dir, name)))
		}
	}
	s.must(os.CopyFS(filepath.Join(s.dir, "config"), os.DirFS(filepath.Join(root, "config"))))
	sample := filepath.Join("config", "samples", "controller.yaml")
	text, err := os.ReadFile(filepath.Join(root, sample)) //nolint:gosec // A file of this repository.
	s.must(err)
	s.write(sample, string(text))

	programs, data := s.TempDir(), s.TempDir()
	for name, variable := range map[string]string{"kubectl": "KUBECTL", "juju": "JUJU", "kustomize": "KUSTOMIZE", "helm": "HELM"} {
		program := os.Getenv(variable)
		if program == "" {
			s.Fatalf("%s is not set: run this through the Makefile, which builds the program and sets it", variable)
		}
		s.must(os.Symlink(program, filepath.Join(programs, name)))
	}
	s.must(s.juju.WriteClient(data))
	s.environment = []string{
		"PATH=" + programs + ":" + os.Getenv("PATH"), "HOME=" + s.dir, "KUBECONFIG=" + kubernetes.Kubeconfig, "JUJU_DATA=" + data,
		"SHELL_STATE=" + filepath.Join(programs, "state"),
	}
}

// write makes a file of manifests in the scene's folder, with the scene's Juju in the place of examples.
func (s *scene) write(name, manifests string) {
	s.Helper()
	objs, err := decode(manifests)
	s.must(err)
	var filled bytes.Buffer
	for _, obj := range objs {
		s.must(s.juju.FillIn(obj))
		text, err := yaml.Marshal(obj.Object)
		s.must(err)
		filled.WriteString("---\n" + string(text))
	}
	s.must(os.WriteFile(filepath.Join(s.dir, name), filled.Bytes(), 0o600))
}

// clean removes all that a page made, in Kubernetes and in Juju. Where the operator has to let go of something it has to do so.
func (s *scene) clean() {
	s.ctx = context.Background() // The test's own context is over.
	if s.Failed() {
		s.explain()
	}
	for _, list := range []client.ObjectList{
		&v1alpha1.JujuSecretAccessList{}, &v1alpha1.JujuSecretList{}, &v1alpha1.JujuControllerList{}, &v1alpha1.ClusterJujuControllerList{},
	} {
		s.awaitNone(list, func(client.Object) bool { return true })
	}
	for _, list := range []client.ObjectList{&corev1.SecretList{}, &corev1.ConfigMapList{}, &eventsv1.EventList{}} {
		s.awaitNone(list, func(obj client.Object) bool {
			return !slices.Contains(builtIn, obj.GetNamespace()) && obj.GetName() != "juju-secrets-operator-key"
		})
	}
	s.awaitNone(&corev1.NamespaceList{}, func(obj client.Object) bool {
		return !slices.Contains(append(builtIn, servers.OperatorNamespace, everyPages), obj.GetName())
	})
	if err := s.juju.Stop(); err != nil {
		s.Error(err)
	}
}

// awaitNone deletes objects, and waits until there are none.
func (s *scene) awaitNone(list client.ObjectList, mine func(client.Object) bool) {
	s.Helper()
	deleted := map[string]bool{}
	err := servers.Await(s.ctx, patience, func() (string, error) {
		if err := s.kube.List(s.ctx, list); err != nil {
			return "", err
		}
		missing := ""
		err := meta.EachListItem(list, func(item runtime.Object) error {
			obj := item.(client.Object)
			if !mine(obj) {
				return nil
			}
			missing = fmt.Sprintf("%T %s/%s is still there", obj, obj.GetNamespace(), obj.GetName())
			if deleted[string(obj.GetUID())] {
				return nil
			}
			deleted[string(obj.GetUID())] = true
			return client.IgnoreNotFound(s.kube.Delete(s.ctx, obj))
		})
		return missing, err
	})
	if err != nil {
		s.Error(err)
	}
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// explain prints what it takes to understand a failure. Values are not printed.
func (s *scene) explain() {
	for _, list := range []client.ObjectList{
		&v1alpha1.JujuSecretList{}, &v1alpha1.JujuSecretAccessList{}, &v1alpha1.JujuControllerList{}, &v1alpha1.ClusterJujuControllerList{},
		&eventsv1.EventList{},
	} {
		if err := s.kube.List(s.ctx, list); err != nil {
			s.Log(err)
		}
		_ = meta.EachListItem(list, func(item runtime.Object) error {
			item.(client.Object).SetManagedFields(nil)
			return nil
		})
		text, _ := yaml.Marshal(list)
		s.Logf("%T:\n%s", list, text)
	}
	log, err := os.ReadFile(operator.Log)
	s.Logf("the operator's log (%v):\n%s", err, log)
}
