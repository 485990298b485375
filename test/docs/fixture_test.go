// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs tests the documentation. Each link must have a target, each path
// and make target in a page must exist, and a real API server must accept each
// manifest. The commands of each page run one after the other, with a
// Kubernetes control plane, a Juju API server, the operator, kubectl and the
// juju command. They must do what the page says.
//
// The tests read a page as follows:
//
//   - A block of sh is run. It must exit with the status 0.
//   - A block of text directly after it is the expected output. A word with a
//     digit that is not a whole number may differ, and a line of three dots
//     matches any lines.
//   - A block of yaml that starts with the line "# NAME.yaml" is that file for
//     the commands that follow.
//   - The comment "<!-- not run: REASON -->" in the line before a block of sh
//     or yaml excludes the block. Its paths and make targets are still checked.
//
// Addresses, certificates and the login juju-user in manifests are examples.
// The tests replace them with values of their Juju.
package docs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/servers"
)

const root = env.Root

// shared starts the servers that all pages share when a test first needs them,
// so that the other tests need no servers. Each page has a separate Juju.
var shared = env.New(env.Options{Options: servers.Options{Root: root, Operator: true}, Lazy: true})

func TestMain(m *testing.M) { os.Exit(shared.Main(m)) }

// builtIn lists the namespaces that every cluster has.
var builtIn = []string{"default", "kube-system", "kube-public", "kube-node-lease"}

// sharedNamespace is the namespace of most pages. It is cleared but not
// deleted, because Kubernetes takes long to delete a namespace.
const sharedNamespace = "team-a"

// fixture holds what the reader of a page has at the start: the operator, a
// Juju with the unused model prod/test, the ClusterJujuController default with
// the namespace team-a as its tenant, kubectl and juju.
type fixture struct {
	*env.Fixture

	// dir is the working directory of the commands. It looks like the root of
	// the repository.
	dir         string
	environment []string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{Fixture: shared.NewFixture(t), dir: t.TempDir()}
	f.Namespaces = []string{metav1.NamespaceAll} // A failure prints all objects and the whole log.
	f.CleanUp = f.removeAll
	f.StartJuju()
	f.prepareDir()
	output, err := f.run("kubectl apply --server-side -f config/samples/controller.yaml && " +
		"kubectl wait --for=condition=Ready clusterjujucontroller/default")
	if err != nil {
		f.Fatalf("%v\n%s", err, output)
	}
	return f
}

// prepareDir creates the working directory of the commands, and their
// environment.
func (f *fixture) prepareDir() {
	f.Helper()
	entries, err := os.ReadDir(root)
	f.Must(err)
	above, err := filepath.Abs(root)
	f.Must(err)
	for _, entry := range entries {
		if name := entry.Name(); name != "config" && name != ".git" {
			f.Must(os.Symlink(filepath.Join(above, name), filepath.Join(f.dir, name)))
		}
	}
	f.Must(os.CopyFS(filepath.Join(f.dir, "config"), os.DirFS(filepath.Join(root, "config"))))
	sample := filepath.Join("config", "samples", "controller.yaml")
	text, err := os.ReadFile(filepath.Join(root, sample)) //nolint:gosec // A file of this repository.
	f.Must(err)
	f.write(sample, string(text))

	programs, data := f.TempDir(), f.TempDir()
	for name, variable := range map[string]string{
		"kubectl": "KUBECTL", "juju": "JUJU", "kustomize": "KUSTOMIZE", "helm": "HELM",
	} {
		program := os.Getenv(variable)
		if program == "" {
			f.Fatalf("%s is not set: run this test with make, which builds the program and sets the variable", variable)
		}
		f.Must(os.Symlink(program, filepath.Join(programs, name)))
	}
	f.Must(f.Juju.WriteClient(data))
	f.environment = []string{
		"PATH=" + programs + ":" + os.Getenv("PATH"), "HOME=" + f.dir,
		"KUBECONFIG=" + shared.Kubernetes.Kubeconfig, "JUJU_DATA=" + data,
		"SHELL_STATE=" + filepath.Join(programs, "state"),
	}
}

// write writes manifests to a file in the working directory. It replaces the
// examples with the values of the Juju of the fixture.
func (f *fixture) write(name, manifests string) {
	f.Helper()
	objs, err := decode(manifests)
	f.Must(err)
	var filled bytes.Buffer
	for _, obj := range objs {
		f.Must(f.Juju.FillIn(obj))
		text, err := yaml.Marshal(obj.Object)
		f.Must(err)
		filled.WriteString("---\n" + string(text))
	}
	f.Must(os.WriteFile(filepath.Join(f.dir, name), filled.Bytes(), 0o600))
}

// removeAll deletes all objects that a page created, in Kubernetes and in Juju.
// The operator must remove their finalizers.
func (f *fixture) removeAll() error {
	var errs []error
	for _, list := range []client.ObjectList{
		&v1alpha1.JujuSecretAccessList{}, &v1alpha1.JujuSecretList{},
		&v1alpha1.JujuControllerList{}, &v1alpha1.ClusterJujuControllerList{},
	} {
		errs = append(errs, f.removeKind(list, func(client.Object) bool { return true }))
	}
	for _, list := range []client.ObjectList{&corev1.SecretList{}, &corev1.ConfigMapList{}, &eventsv1.EventList{}} {
		errs = append(errs, f.removeKind(list, func(obj client.Object) bool {
			return !slices.Contains(builtIn, obj.GetNamespace()) && obj.GetName() != "juju-secrets-operator-key"
		}))
	}
	errs = append(errs, f.removeKind(&corev1.NamespaceList{}, func(obj client.Object) bool {
		return !slices.Contains(append(builtIn, servers.OperatorNamespace, sharedNamespace), obj.GetName())
	}))
	return errors.Join(errs...)
}

// removeKind deletes the objects of a kind that selected accepts, and waits
// until they are gone.
func (f *fixture) removeKind(list client.ObjectList, selected func(client.Object) bool) error {
	deleted := map[string]bool{}
	return servers.Await(f.Ctx, env.Patience, func() (string, error) {
		if err := f.Kube.List(f.Ctx, list); err != nil {
			return "", err
		}
		missing := ""
		err := meta.EachListItem(list, func(item runtime.Object) error {
			obj := item.(client.Object)
			if !selected(obj) {
				return nil
			}
			missing = fmt.Sprintf("%T %s/%s still exists", obj, obj.GetNamespace(), obj.GetName())
			if deleted[string(obj.GetUID())] {
				return nil
			}
			deleted[string(obj.GetUID())] = true
			return client.IgnoreNotFound(f.Kube.Delete(f.Ctx, obj))
		})
		return missing, err
	})
}
