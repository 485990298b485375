// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// overlay returns the objects that kustomize builds from a directory of config.
func overlay(t *testing.T, folder string) []*unstructured.Unstructured {
	t.Helper()
	return build(t, filepath.Join(root, "config", folder))
}

// build returns the objects that kustomize builds from a directory.
func build(t *testing.T, folder string) []*unstructured.Unstructured {
	t.Helper()
	kustomize := os.Getenv("KUSTOMIZE")
	if kustomize == "" {
		t.Fatal("KUSTOMIZE is not set: run this test with make, which builds kustomize and sets the variable")
	}
	//nolint:gosec // A program that make built.
	text, err := exec.CommandContext(t.Context(), kustomize, "build", folder).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("%v: %s", err, exit.Stderr)
	}
	expect(t, err, nil)
	var objs []*unstructured.Unstructured
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), len(text))
	for {
		obj := new(unstructured.Unstructured)
		err := decoder.Decode(obj)
		if errors.Is(err, io.EOF) {
			return objs
		}
		expect(t, err, nil)
		objs = append(objs, obj)
	}
}

// of returns the objects of a kind, as their Go type.
func of[T any](t *testing.T, objs []*unstructured.Unstructured, kind string) []T {
	t.Helper()
	var found []T
	for _, obj := range objs {
		if obj.GetKind() == kind {
			var typed T
			expect(t, runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, &typed), nil)
			found = append(found, typed)
		}
	}
	return found
}

func TestOverlaysAreAccepted(t *testing.T) {
	t.Parallel()
	for folder, namespaces := range map[string][]string{"default": nil, "namespaced": watched(t), "shard": nil} {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			for _, ns := range append(namespaces, servers.OperatorNamespace) {
				expect(t, client.IgnoreAlreadyExists(shared.Kubernetes.Client.Create(t.Context(), gen.Namespace(ns, nil))), nil)
			}
			for _, obj := range overlay(t, folder) {
				// Another owner has created the CRDs.
				err := shared.Kubernetes.Client.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(obj), client.DryRunAll,
					client.FieldOwner("test"), client.ForceOwnership)
				if err != nil {
					t.Errorf("%s %s: %v", obj.GetKind(), obj.GetName(), err)
				}
			}
		})
	}
}

// Both overlays deploy the same operator. Only the watched namespaces differ.
func TestOverlaysDifferOnlyInWatchedNamespaces(t *testing.T) {
	t.Parallel()
	everywhere, namespaced := overlay(t, "default"), overlay(t, "namespaced")
	expectSame(t, of[rbacv1.ClusterRole](t, namespaced, "ClusterRole"), nil)
	expectSame(t, of[rbacv1.ClusterRoleBinding](t, namespaced, "ClusterRoleBinding"), nil)

	namespaced = slices.DeleteFunc(namespaced, func(obj *unstructured.Unstructured) bool {
		return slices.Contains(watched(t), obj.GetNamespace()) // Roles for the watched namespaces.
	})
	everywhere = slices.DeleteFunc(everywhere, func(obj *unstructured.Unstructured) bool {
		return strings.HasPrefix(obj.GetKind(), "ClusterRole") || obj.GetKind() == "Service" // The Service is for metrics.
	})
	expectSame(t, bare(t, namespaced), bare(t, everywhere))
}

// A shard is the operator of config/default with a class. Neither selects Pods
// of the other.
func TestShardOverlayIsSeparateFromDefault(t *testing.T) {
	t.Parallel()
	byDefault, shard := overlay(t, "default"), overlay(t, "shard")
	selects := func(objs []*unstructured.Unstructured, pod map[string]string) map[string]bool {
		service, deployment := of[corev1.Service](t, objs, "Service")[0], of[appsv1.Deployment](t, objs, "Deployment")[0]
		budget := of[policyv1.PodDisruptionBudget](t, objs, "PodDisruptionBudget")[0]
		return map[string]bool{
			"Service":             labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(pod)),
			"Deployment":          labels.SelectorFromSet(deployment.Spec.Selector.MatchLabels).Matches(labels.Set(pod)),
			"PodDisruptionBudget": labels.SelectorFromSet(budget.Spec.Selector.MatchLabels).Matches(labels.Set(pod)),
		}
	}
	all := func(selected bool) map[string]bool {
		return map[string]bool{"Service": selected, "Deployment": selected, "PodDisruptionBudget": selected}
	}
	one := of[appsv1.Deployment](t, byDefault, "Deployment")[0].Spec.Template
	two := of[appsv1.Deployment](t, shard, "Deployment")[0].Spec.Template
	expectSame(t, selects(byDefault, one.Labels), all(true))
	expectSame(t, selects(byDefault, two.Labels), all(false))
	expectSame(t, selects(shard, two.Labels), all(true))
	expectSame(t, selects(shard, one.Labels), all(false))
	expectSame(t, two.Spec.Containers[0].Args, append(one.Spec.Containers[0].Args, "--controller-class=edge"))
	for _, obj := range shard {
		if slices.ContainsFunc(byDefault, func(other *unstructured.Unstructured) bool {
			return obj.GetKind() == other.GetKind() && obj.GetName() == other.GetName()
		}) {
			t.Errorf("both overlays have %s %s", obj.GetKind(), obj.GetName())
		}
	}
}

// bare returns the objects without the flag for watched namespaces and without
// metrics, which need cluster-wide permissions.
func bare(t *testing.T, objs []*unstructured.Unstructured) []*unstructured.Unstructured {
	t.Helper()
	for _, obj := range objs {
		if obj.GetKind() == "Deployment" {
			containers, _, err := unstructured.NestedSlice(obj.Object, "spec", "template", "spec", "containers")
			expect(t, err, nil)
			manager := containers[0].(map[string]any)
			manager["args"] = slices.DeleteFunc(manager["args"].([]any), func(arg any) bool {
				return strings.HasPrefix(arg.(string), watchFlag) || strings.HasPrefix(arg.(string), "--metrics-")
			})
			manager["ports"] = slices.DeleteFunc(manager["ports"].([]any), func(port any) bool {
				return port.(map[string]any)["name"] == "metrics"
			})
			expect(t, unstructured.SetNestedSlice(obj.Object, containers, "spec", "template", "spec", "containers"), nil)
		}
	}
	return objs
}

// The ServiceAccount of the operator's Pod has the Role in each watched namespace.
func TestEachWatchedNamespaceBindsTheRole(t *testing.T) {
	t.Parallel()
	namespaced := overlay(t, "namespaced")
	var bound []string
	account := of[corev1.ServiceAccount](t, namespaced, "ServiceAccount")[0]
	roles := of[rbacv1.Role](t, namespaced, "Role")
	for _, binding := range of[rbacv1.RoleBinding](t, namespaced, "RoleBinding") {
		expectSame(t, binding.Subjects, []rbacv1.Subject{{
			Kind: rbacv1.ServiceAccountKind, Namespace: account.Namespace, Name: account.Name,
		}})
		if !slices.ContainsFunc(roles, func(r rbacv1.Role) bool {
			return r.Namespace == binding.Namespace && r.Name == binding.RoleRef.Name
		}) {
			t.Errorf("Role %s/%s does not exist, but a RoleBinding refers to it", binding.Namespace, binding.RoleRef.Name)
		}
		if binding.Namespace != servers.OperatorNamespace {
			bound = append(bound, binding.Namespace)
		}
	}
	expectSame(t, bound, watched(t))
	deployment := of[appsv1.Deployment](t, namespaced, "Deployment")[0]
	expectSame(t, deployment.Spec.Template.Spec.ServiceAccountName, account.Name)
}

const watchFlag = "--watch-namespaces="

// watched returns the namespaces that the operator of config/namespaced watches.
func watched(t *testing.T) []string {
	t.Helper()
	for _, deployment := range of[appsv1.Deployment](t, overlay(t, "namespaced"), "Deployment") {
		for _, arg := range deployment.Spec.Template.Spec.Containers[0].Args {
			if names, ok := strings.CutPrefix(arg, watchFlag); ok {
				return strings.Split(names, ",")
			}
		}
	}
	t.Fatal("the operator of config/namespaced watches all namespaces")
	return nil
}

func expectSame[T any](t *testing.T, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
