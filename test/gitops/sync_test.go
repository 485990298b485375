// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"bytes"
	"context"
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
	"github.com/juju-secrets/operator/test/servers"
)

// tool applies manifests as one of the tools does.
type tool struct {
	// manager is the name under which it owns what it applies.
	manager string
	apply   func(*rollout)
	// drift tells what it would change by applying the same again, in its own words, or nothing.
	drift func(*rollout) string
	// prune deletes everything, and waits for nothing.
	prune func(*rollout)
}

// rollout is the manifests on their way through a tool.
type rollout struct {
	*scene

	manifests []*unstructured.Unstructured
}

func tools() map[string]tool {
	return map[string]tool{
		"Flux": {"kustomize-controller", (*rollout).applyByFlux, (*rollout).driftForFlux, (*rollout).pruneByFlux},
		"Argo CD, client-side": {
			"argocd-controller", func(s *rollout) { s.applyByArgoCD("client") }, func(s *rollout) string { return s.driftForArgoCD("two-way") }, func(s *rollout) {
				s.deleteAll(s.manifests, metav1.DeletePropagationForeground)
			},
		},
		"Argo CD, server-side": {
			"argocd-controller", func(s *rollout) { s.applyByArgoCD("server") }, func(s *rollout) string {
				return s.driftForArgoCD("structured") + s.driftForArgoCD("server")
			}, func(s *rollout) {
				reversed := slices.Clone(s.manifests)
				slices.Reverse(reversed)
				s.deleteAll(reversed, metav1.DeletePropagationForeground)
			},
		},
		"kubectl, client-side": {
			"kubectl-client-side-apply", func(s *rollout) { s.kubectl("apply") }, func(s *rollout) string { return s.driftForKubectl() }, func(s *rollout) {
				// What others need goes first.
				credentialsFirst := slices.SortedStableFunc(slices.Values(s.manifests), func(a, b *unstructured.Unstructured) int {
					return -strings.Compare(a.GetKind(), b.GetKind())
				})
				s.deleteAll(credentialsFirst, metav1.DeletePropagationBackground)
			},
		},
		"kubectl, server-side": {
			"kubectl", func(s *rollout) { s.kubectl("apply", "--server-side") }, func(s *rollout) string { return s.driftForKubectl("--server-side") },
			func(s *rollout) {
				s.shuffle()
				s.kubectl("delete", "--wait=false", "--ignore-not-found")
			},
		},
	}
}

// Each tool applies the samples, as they are. The operator works on the objects, and the tool has to find nothing that it would
// change. When everything is deleted, in another order by each, nothing is left in Juju but what was there before.
func TestWhatTheOperatorWritesIsNoDriftToAnyTool(t *testing.T) { //nolint:tparallel // The tools apply the same objects.
	t.Parallel()
	model := stack.Juju.Models[slices.IndexFunc(stack.Juju.Models, func(m servers.Model) bool { return m.Name == "prod/test" })]
	_, err := stack.Juju.AddSecret(t.Context(), model, "license", "", map[string]string{"key": "sample"})
	if err != nil {
		t.Fatal(err)
	}
	before := inJuju(t, model)
	for name, tool := range tools() {
		passed := t.Run(name, func(t *testing.T) {
			s := &rollout{scene: &scene{T: t, ctx: t.Context(), kube: stack.Kubernetes.Client, model: model}, manifests: samples(t)}
			t.Cleanup(s.clean)
			tool.apply(s)
			s.awaitWell()
			for _, obj := range s.ours() {
				s.refresh(obj) // So that the operator and a person have written into each.
			}
			s.awaitWell()
			s.ownsNothingOf(tool.manager)
			if drift := tool.drift(s); drift != "" {
				t.Errorf("it finds drift:\n%s", drift)
			}
			written := s.written()
			tool.apply(s)
			if diff := cmp.Diff(written, s.written()); diff != "" {
				t.Errorf("applying the same again wrote something (-before +after):\n%s", diff)
			}
			// Which would not say much if it never found any.
			s.change(asked(v1alpha1.GroupVersion.String(), "JujuSecret", "team-a", "db"), map[string]any{"info": "By hand"})
			if tool.drift(s) == "" {
				t.Error("it does not see what a person changed")
			}
			tool.prune(s)
			for _, obj := range s.manifests {
				s.awaitGone(asked(obj.GetAPIVersion(), obj.GetKind(), obj.GetNamespace(), obj.GetName()))
			}
			if diff := cmp.Diff(before, inJuju(t, model)); diff != "" {
				t.Errorf("Juju holds something else than before (-before +after):\n%s", diff)
			}
		})
		if !passed {
			t.Fatal("the others would meet what is left")
		}
	}
}

// clean leaves nothing to the next tool.
func (s *rollout) clean() {
	s.ctx = context.Background() // The test's own context is over.
	s.explain()
	for _, obj := range s.manifests {
		if err := client.IgnoreNotFound(s.kube.Delete(s.ctx, obj)); err != nil {
			s.Error(err)
		}
	}
	for _, obj := range s.manifests {
		s.awaitGone(asked(obj.GetAPIVersion(), obj.GetKind(), obj.GetNamespace(), obj.GetName()))
	}
}

// samples are the manifests of the samples, but for the update of one, and what they lack, with this Juju in them.
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

// fillIn puts the Juju server where the manifest has an example.
func fillIn(obj *unstructured.Unstructured) {
	juju := stack.Juju
	spec, _ := obj.Object["spec"].(map[string]any)
	switch {
	case strings.HasSuffix(obj.GetKind(), string(v1alpha1.KindJujuController)):
		spec["addresses"] = []any{juju.Addresses[0]}
		if spec["caCertificate"] != nil {
			spec["caCertificate"] = juju.CACertificate
		}
	case obj.GetKind() == "Secret" && strings.HasPrefix(obj.GetName(), "juju-"):
		obj.Object["stringData"] = map[string]any{"username": juju.Operator.Username, "password": juju.Operator.Password}
	case obj.GetName() == "juju-ca":
		obj.Object["data"] = map[string]any{"ca.crt": juju.CACertificate}
	}
}

// held is what Juju holds, without what it says.
type held struct {
	Name    string
	Granted []string
}

func inJuju(t *testing.T, model servers.Model) []held {
	t.Helper()
	secrets, err := stack.Juju.Secrets(t.Context(), model)
	if err != nil {
		t.Fatal(err)
	}
	var all []held
	for _, secret := range secrets {
		all = append(all, held{secret.Name, secret.Granted})
	}
	return all
}

// ours are the objects of our kinds among the manifests.
func (s *rollout) ours() []*unstructured.Unstructured {
	var ours []*unstructured.Unstructured
	for _, obj := range s.manifests {
		if obj.GroupVersionKind().GroupVersion() == v1alpha1.GroupVersion {
			ours = append(ours, obj)
		}
	}
	return ours
}

// awaitWell waits until both judges are content with every object of ours.
func (s *rollout) awaitWell() {
	s.Helper()
	s.must(s.flux().Wait(s.ours(), ssa.WaitOptions{Interval: 100 * time.Millisecond, Timeout: patience}))
	for _, obj := range s.ours() {
		s.expect("which Flux waited for", s.live(obj), well)
	}
}

// written are the objects of our kinds without what the operator may write at any time, which is the status.
func (s *rollout) written() map[string]*unstructured.Unstructured {
	s.Helper()
	all := map[string]*unstructured.Unstructured{}
	for _, obj := range s.ours() {
		live := s.live(obj)
		delete(live.Object, "status")
		live.SetResourceVersion("")
		live.SetManagedFields(slices.DeleteFunc(live.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
			return entry.Subresource == "status"
		}))
		all[obj.GetKind()+" "+obj.GetName()] = live
	}
	return all
}

// ownsNothingOf checks that of what a manifest can say only the tool owns anything.
func (s *rollout) ownsNothingOf(manager string) {
	s.Helper()
	for _, obj := range s.ours() {
		for _, entry := range s.live(obj).GetManagedFields() {
			if fields := entry.FieldsV1.GetRawString(); entry.Manager != manager && strings.Contains(fields, `"f:spec"`) {
				s.Errorf("%s owns of the spec of %s %s: %s", entry.Manager, obj.GetKind(), obj.GetName(), fields)
			}
		}
	}
}

// flux is what Flux's kustomize-controller applies with.
func (s *rollout) flux() *ssa.ResourceManager {
	poller := polling.NewStatusPoller(s.kube, s.kube.RESTMapper(), polling.Options{})
	return ssa.NewResourceManager(s.kube, poller, ssa.Owner{Field: "kustomize-controller", Group: "kustomize.toolkit.fluxcd.io"})
}

// copies are the manifests as Flux prepares them.
func (s *rollout) copies() []*unstructured.Unstructured {
	s.Helper()
	var all []*unstructured.Unstructured
	for _, obj := range s.manifests {
		all = append(all, obj.DeepCopy())
	}
	s.must(normalize.UnstructuredList(all))
	s.flux().SetOwnerLabels(all, "juju-secrets", "flux-system")
	return all
}

func (s *rollout) applyByFlux() {
	s.Helper()
	_, err := s.flux().ApplyAllStaged(s.ctx, s.copies(), ssa.DefaultApplyOptions())
	s.must(err)
}

func (s *rollout) driftForFlux() string {
	s.Helper()
	var drift strings.Builder
	for _, obj := range s.copies() {
		entry, live, merged, err := s.flux().Diff(s.ctx, obj, ssa.DefaultDiffOptions())
		s.must(err)
		if entry.Action != ssa.UnchangedAction {
			fmt.Fprintf(&drift, "%s (-live +applied):\n%s", entry.Subject, cmp.Diff(live, merged))
		}
		if utils.IsSecret(obj) {
			continue // Flux applies it with force, for the sake of stringData.
		}
		// Nobody else owns what it applies, so that there is nothing to force.
		err = s.kube.Apply(s.ctx, client.ApplyConfigurationFromUnstructured(obj), client.DryRunAll, client.FieldOwner("kustomize-controller"))
		if err != nil {
			fmt.Fprintf(&drift, "%s: %v\n", entry.Subject, err)
		}
	}
	return drift.String()
}

func (s *rollout) pruneByFlux() {
	s.Helper()
	_, err := s.flux().DeleteAll(s.ctx, s.copies(), ssa.DefaultDeleteOptions())
	s.must(err)
}

func (s *rollout) applyByArgoCD(side string) {
	s.Helper()
	argoCD(s.T, s.manifests, new(any), "apply", "-kubeconfig", stack.Kubernetes.Kubeconfig, "-sync", side)
}

func (s *rollout) driftForArgoCD(way string) string {
	s.Helper()
	var differences [][]string
	argoCD(s.T, s.manifests, &differences, "diff", "-settings", settings, "-kubeconfig", stack.Kubernetes.Kubeconfig, "-compare", way)
	var drift strings.Builder
	for i, paths := range differences {
		if len(paths) > 0 {
			fmt.Fprintf(&drift, "compared %s, %s %s: %v\n", way, s.manifests[i].GetKind(), s.manifests[i].GetName(), paths)
		}
	}
	return drift.String()
}

func (s *rollout) kubectl(verb string, args ...string) {
	s.Helper()
	_, err := s.tryKubectl(verb, args...)
	s.must(err)
}

// driftForKubectl is what kubectl diff says; it fails if there is a difference.
func (s *rollout) driftForKubectl(args ...string) string {
	s.Helper()
	if _, err := s.tryKubectl("diff", args...); err != nil {
		return err.Error()
	}
	return ""
}

func (s *rollout) tryKubectl(verb string, args ...string) ([]byte, error) {
	s.Helper()
	text, err := utils.ObjectsToYAML(s.manifests)
	s.must(err)
	return try(s.T, []byte(text), os.Getenv("KUBECTL"), append([]string{"--kubeconfig", stack.Kubernetes.Kubeconfig, verb, "-f", "-"}, args...)...)
}

func (s *rollout) deleteAll(objs []*unstructured.Unstructured, propagation metav1.DeletionPropagation) {
	s.Helper()
	for _, obj := range objs {
		s.must(client.IgnoreNotFound(s.kube.Delete(s.ctx, obj, client.PropagationPolicy(propagation))))
	}
}

func (s *rollout) shuffle() {
	seed := uint64(time.Now().UnixNano())
	s.Log("seed:", seed)
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(s.manifests), func(i, j int) { //nolint:gosec // It is no secret.
		s.manifests[i], s.manifests[j] = s.manifests[j], s.manifests[i]
	})
}
