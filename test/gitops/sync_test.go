// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/polling"
	"github.com/fluxcd/pkg/ssa"
	"github.com/fluxcd/pkg/ssa/normalize"
	"github.com/fluxcd/pkg/ssa/utils"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/servers"
)

// tool applies manifests as one of the tools does.
type tool struct {
	// manager is the field manager of the tool.
	manager string
	apply   func(*rollout)
	// drift returns the changes that another apply would make, as the tool
	// reports them, or an empty string.
	drift func(*rollout) string
	// prune deletes all objects without waiting.
	prune func(*rollout)
}

// rollout holds the manifests that a tool applies.
type rollout struct {
	*fixture

	manifests []*unstructured.Unstructured
}

func tools() map[string]tool {
	return map[string]tool{
		"Flux": {"kustomize-controller", (*rollout).applyByFlux, (*rollout).driftForFlux, (*rollout).pruneByFlux},
		"Argo CD, client-side": {
			"argocd-controller",
			func(f *rollout) { f.applyByArgoCD("client") },
			func(f *rollout) string { return f.driftForArgoCD("two-way") },
			func(f *rollout) { f.deleteAll(f.manifests, metav1.DeletePropagationForeground) },
		},
		"Argo CD, server-side": {
			"argocd-controller",
			func(f *rollout) { f.applyByArgoCD("server") },
			func(f *rollout) string { return f.driftForArgoCD("structured") + f.driftForArgoCD("server") },
			func(f *rollout) {
				reversed := slices.Clone(f.manifests)
				slices.Reverse(reversed)
				f.deleteAll(reversed, metav1.DeletePropagationForeground)
			},
		},
		"kubectl, client-side": {
			"kubectl-client-side-apply",
			func(f *rollout) { f.kubectl("apply") },
			func(f *rollout) string { return f.driftForKubectl() },
			func(f *rollout) {
				// Delete the objects that others reference first.
				byKind := func(a, b *unstructured.Unstructured) int { return -strings.Compare(a.GetKind(), b.GetKind()) }
				credentialsFirst := slices.SortedStableFunc(slices.Values(f.manifests), byKind)
				f.deleteAll(credentialsFirst, metav1.DeletePropagationBackground)
			},
		},
		"kubectl, server-side": {
			"kubectl",
			func(f *rollout) { f.kubectl("apply", "--server-side") },
			func(f *rollout) string { return f.driftForKubectl("--server-side") },
			func(f *rollout) {
				f.shuffle()
				f.kubectl("delete", "--wait=false", "--ignore-not-found")
			},
		},
	}
}

// Each tool applies the unchanged samples. After the operator has reconciled
// the objects, the tool must find no drift. Each tool deletes the objects in
// another order, and Juju must then contain what it contained before.
func TestOperatorWritesAreNotDrift(t *testing.T) { //nolint:tparallel // The tools apply the same objects.
	t.Parallel()
	isSampleModel := func(m servers.Model) bool { return m.Name == "prod/test" }
	model := shared.Juju.Models[slices.IndexFunc(shared.Juju.Models, isSampleModel)]
	_, err := shared.Juju.AddSecret(t.Context(), model, "license", "", map[string]string{"key": "sample"})
	if err != nil {
		t.Fatal(err)
	}
	before := inJuju(t, model)
	for name, tool := range tools() {
		passed := t.Run(name, func(t *testing.T) {
			f := &rollout{&fixture{shared.NewFixture(t)}, samples(t)}
			f.Model = model
			f.Namespaces = []string{metav1.NamespaceAll} // A failure prints all objects and the whole log.
			f.CleanUp = f.removeAll
			tool.apply(f)
			f.awaitHealthy()
			for _, obj := range f.ours() {
				f.refresh(obj) // The operator and a user have then written each object.
			}
			f.awaitHealthy()
			f.expectSpecOwner(tool.manager)
			if drift := tool.drift(f); drift != "" {
				t.Errorf("the tool finds drift:\n%s", drift)
			}
			written := f.withoutStatus()
			tool.apply(f)
			if diff := cmp.Diff(written, f.withoutStatus()); diff != "" {
				t.Errorf("applying the manifests again changed objects (-before +after):\n%s", diff)
			}
			// The tool must find real drift, otherwise the check above proves
			// nothing.
			obj := newReference(v1alpha1.GroupVersion.String(), "JujuSecret", "team-a", "db")
			f.change(obj, map[string]any{"info": "By hand"})
			if tool.drift(f) == "" {
				t.Error("the tool does not find a manual change")
			}
			tool.prune(f)
			for _, obj := range f.manifests {
				f.AwaitGone(newReference(obj.GetAPIVersion(), obj.GetKind(), obj.GetNamespace(), obj.GetName()))
			}
			if diff := cmp.Diff(before, inJuju(t, model)); diff != "" {
				t.Errorf("the secrets in Juju differ (-before +after):\n%s", diff)
			}
		})
		if !passed {
			t.Fatal("the next tool would find the remaining objects")
		}
	}
}

// removeAll deletes the objects, so that the next tool starts without them.
func (f *rollout) removeAll() error {
	var objs []client.Object
	for _, obj := range f.manifests {
		if err := client.IgnoreNotFound(f.Kube.Delete(f.Ctx, obj)); err != nil {
			return err
		}
		objs = append(objs, newReference(obj.GetAPIVersion(), obj.GetKind(), obj.GetNamespace(), obj.GetName()))
	}
	return f.WaitGone(objs...)
}

// samples returns the manifests of the samples, and further manifests that the
// samples require, with the values of this Juju. It leaves out the sample that
// updates another one.
func samples(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	paths := []string{filepath.Join("testdata", "more.yaml")}
	for _, name := range []string{"access", "remove", "add", "reference", "controller"} {
		paths = append(paths, filepath.Join(root, "config", "samples", name+".yaml"))
	}
	slices.Reverse(paths) // The namespaces come first.
	var all []*unstructured.Unstructured
	for _, path := range paths {
		text, err := os.ReadFile(path) //nolint:gosec // A file of this repository.
		if err != nil {
			t.Fatal(err)
		}
		objs, err := utils.ReadObjects(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, objs...)
	}
	for _, obj := range all {
		fillIn(obj)
	}
	return all
}

// fillIn replaces the examples in a manifest with the values of the Juju
// server.
func fillIn(obj *unstructured.Unstructured) {
	juju := shared.Juju
	spec, _ := obj.Object["spec"].(map[string]any)
	switch {
	case strings.HasSuffix(obj.GetKind(), string(v1alpha1.KindJujuController)):
		spec["addresses"] = []any{juju.Addresses[0]}
		if spec["caCertificate"] != nil {
			spec["caCertificate"] = juju.CACertificate
		}
	case obj.GetKind() == "Secret" && strings.HasPrefix(obj.GetName(), "juju-"):
		obj.Object["stringData"] = map[string]any{
			"username": juju.Operator.Username, "password": juju.Operator.Password,
		}
	case obj.GetName() == "juju-ca":
		obj.Object["data"] = map[string]any{"ca.crt": juju.CACertificate}
	}
}

// held is a secret in Juju without its content.
type held struct {
	Name    string
	Granted []string
}

func inJuju(t *testing.T, model servers.Model) []held {
	t.Helper()
	secrets, err := shared.Juju.Secrets(t.Context(), model)
	if err != nil {
		t.Fatal(err)
	}
	var all []held
	for _, secret := range secrets {
		all = append(all, held{secret.Name, secret.Granted})
	}
	return all
}

// ours returns the manifests of the operator's kinds.
func (f *rollout) ours() []*unstructured.Unstructured {
	var ours []*unstructured.Unstructured
	for _, obj := range f.manifests {
		if obj.GroupVersionKind().GroupVersion() == v1alpha1.GroupVersion {
			ours = append(ours, obj)
		}
	}
	return ours
}

// awaitHealthy waits until both tools report that all objects of the operator's
// kinds are healthy.
func (f *rollout) awaitHealthy() {
	f.Helper()
	f.Must(f.flux().Wait(f.ours(), ssa.WaitOptions{Interval: 100 * time.Millisecond, Timeout: env.Patience}))
	for _, obj := range f.ours() {
		f.expect("after the wait of Flux", f.live(obj), healthy)
	}
}

// withoutStatus returns the objects of the operator's kinds without their
// status, which the operator may write at any time.
func (f *rollout) withoutStatus() map[string]*unstructured.Unstructured {
	f.Helper()
	all := map[string]*unstructured.Unstructured{}
	for _, obj := range f.ours() {
		live := f.live(obj)
		delete(live.Object, "status")
		live.SetResourceVersion("")
		live.SetManagedFields(slices.DeleteFunc(live.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
			return entry.Subresource == "status"
		}))
		all[obj.GetKind()+" "+obj.GetName()] = live
	}
	return all
}

// expectSpecOwner checks that only one field manager owns fields of the specs.
func (f *rollout) expectSpecOwner(manager string) {
	f.Helper()
	for _, obj := range f.ours() {
		for _, entry := range f.live(obj).GetManagedFields() {
			fields := entry.FieldsV1.GetRawString()
			if entry.Manager != manager && strings.Contains(fields, `"f:spec"`) {
				f.Errorf("%s owns fields in the spec of %s %s: %s", entry.Manager, obj.GetKind(), obj.GetName(), fields)
			}
		}
	}
}

// flux returns the resource manager of Flux's kustomize-controller.
func (f *rollout) flux() *ssa.ResourceManager {
	poller := polling.NewStatusPoller(f.Kube, f.Kube.RESTMapper(), polling.Options{})
	owner := ssa.Owner{Field: "kustomize-controller", Group: "kustomize.toolkit.fluxcd.io"}
	return ssa.NewResourceManager(f.Kube, poller, owner)
}

// fluxManifests returns copies of the manifests as Flux prepares them.
func (f *rollout) fluxManifests() []*unstructured.Unstructured {
	f.Helper()
	var all []*unstructured.Unstructured
	for _, obj := range f.manifests {
		all = append(all, obj.DeepCopy())
	}
	f.Must(normalize.UnstructuredList(all))
	f.flux().SetOwnerLabels(all, "juju-secrets", "flux-system")
	return all
}

func (f *rollout) applyByFlux() {
	f.Helper()
	_, err := f.flux().ApplyAllStaged(f.Ctx, f.fluxManifests(), ssa.DefaultApplyOptions())
	f.Must(err)
}

func (f *rollout) driftForFlux() string {
	f.Helper()
	var drift strings.Builder
	for _, obj := range f.fluxManifests() {
		entry, live, merged, err := f.flux().Diff(f.Ctx, obj, ssa.DefaultDiffOptions())
		f.Must(err)
		if entry.Action != ssa.UnchangedAction {
			fmt.Fprintf(&drift, "%s (-live +applied):\n%s", entry.Subject, cmp.Diff(live, merged))
		}
		if utils.IsSecret(obj) {
			continue // Flux applies Secrets with force because of stringData.
		}
		// No other field manager owns the applied fields, so the apply needs no
		// force.
		err = f.Kube.Apply(f.Ctx, client.ApplyConfigurationFromUnstructured(obj), client.DryRunAll,
			client.FieldOwner("kustomize-controller"))
		if err != nil {
			fmt.Fprintf(&drift, "%s: %v\n", entry.Subject, err)
		}
	}
	return drift.String()
}

func (f *rollout) pruneByFlux() {
	f.Helper()
	_, err := f.flux().DeleteAll(f.Ctx, f.fluxManifests(), ssa.DefaultDeleteOptions())
	f.Must(err)
}

func (f *rollout) applyByArgoCD(side string) {
	f.Helper()
	argoCD(f.T, f.manifests, new(any), "apply", "-kubeconfig", shared.Kubernetes.Kubeconfig, "-sync", side)
}

func (f *rollout) driftForArgoCD(way string) string {
	f.Helper()
	var differences [][]string
	argoCD(f.T, f.manifests, &differences, "diff", "-settings", settings,
		"-kubeconfig", shared.Kubernetes.Kubeconfig, "-compare", way)
	var drift strings.Builder
	for i, paths := range differences {
		if len(paths) > 0 {
			obj := f.manifests[i]
			fmt.Fprintf(&drift, "compared %s, %s %s: %v\n", way, obj.GetKind(), obj.GetName(), paths)
		}
	}
	return drift.String()
}

func (f *rollout) kubectl(verb string, args ...string) {
	f.Helper()
	_, err := f.tryKubectl(verb, args...)
	f.Must(err)
}

// driftForKubectl returns the output of kubectl diff, which fails if there is a
// difference.
func (f *rollout) driftForKubectl(args ...string) string {
	f.Helper()
	if _, err := f.tryKubectl("diff", args...); err != nil {
		return err.Error()
	}
	return ""
}

func (f *rollout) tryKubectl(verb string, args ...string) ([]byte, error) {
	f.Helper()
	text, err := utils.ObjectsToYAML(f.manifests)
	f.Must(err)
	command := []string{"--kubeconfig", shared.Kubernetes.Kubeconfig, verb, "-f", "-"}
	return tryRun(f.T, []byte(text), os.Getenv("KUBECTL"), append(command, args...)...)
}

func (f *rollout) deleteAll(objs []*unstructured.Unstructured, propagation metav1.DeletionPropagation) {
	f.Helper()
	for _, obj := range objs {
		f.Must(client.IgnoreNotFound(f.Kube.Delete(f.Ctx, obj, client.PropagationPolicy(propagation))))
	}
}

func (f *rollout) shuffle() {
	seed := uint64(time.Now().UnixNano())
	f.Log("seed:", seed)
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(f.manifests), func(i, j int) { //nolint:gosec // The order is not a secret.
		f.manifests[i], f.manifests[j] = f.manifests[j], f.manifests[i]
	})
}
