// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// all returns the objects of a kind, as their Go type, by their name.
func all[T any](t *testing.T, objs []*unstructured.Unstructured, kind string) map[string]T {
	t.Helper()
	found := map[string]T{}
	for _, obj := range objs {
		if obj.GetKind() != kind {
			continue
		}
		if _, twice := found[obj.GetName()]; twice {
			t.Errorf("there are two objects of kind %s with the name %s", kind, obj.GetName())
		}
		found[obj.GetName()] = typed[T](t, obj)
	}
	return found
}

// typed returns an object as a Go type with the same fields.
func typed[T any](t *testing.T, obj *unstructured.Unstructured) T {
	t.Helper()
	var as T
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, &as); err != nil {
		t.Fatal(err)
	}
	return as
}

// shards returns the Helm option for a release of three operators.
func shards(t *testing.T, more map[string]any) string {
	t.Helper()
	of := map[string]any{
		"shards": []any{
			map[string]any{"controllerClass": "eu"},
			map[string]any{
				"controllerClass": "us", "replicas": 2, "resources": map[string]any{"limits": map[string]any{"memory": "1Gi"}},
			},
		},
		"networkPolicy": map[string]any{"enabled": true},
		"metrics": map[string]any{
			"serviceMonitor": map[string]any{"enabled": true}, "prometheusRule": map[string]any{"enabled": true},
		},
	}
	for key, value := range more {
		of[key] = value
	}
	return values(t, of)
}

func TestEachShardIsAnOperatorOfItsClass(t *testing.T) {
	t.Parallel()
	objs := rendered(t, shards(t, nil))
	type operator struct {
		Class, Memory string
		Replicas      int32
	}
	got := map[string]operator{}
	for name, deployment := range all[appsv1.Deployment](t, objs, "Deployment") {
		container, class := deployment.Spec.Template.Spec.Containers[0], ""
		for _, arg := range container.Args {
			if value, found := strings.CutPrefix(arg, "--controller-class="); found {
				class = value
			}
		}
		got[name] = operator{class, container.Resources.Limits.Memory().String(), *deployment.Spec.Replicas}
		if container.Resources.Requests.Cpu().IsZero() {
			t.Errorf("%s requests no CPU, want the request of the release", name)
		}
	}
	want := map[string]operator{
		release: {"", "256Mi", 1}, release + "-eu": {"eu", "256Mi", 1}, release + "-us": {"us", "1Gi", 2},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("operators (-want +got):\n%s", diff)
	}
}

// A selector that matches Pods of two operators would break their rollouts,
// evictions and metrics.
func TestSelectorsOfShardMatchOnlyItsPods(t *testing.T) {
	t.Parallel()
	objs := rendered(t, shards(t, nil))
	deployments := all[appsv1.Deployment](t, objs, "Deployment")
	fields := map[string][]string{
		"Deployment":          {"spec", "selector", "matchLabels"},
		"PodDisruptionBudget": {"spec", "selector", "matchLabels"},
		"NetworkPolicy":       {"spec", "podSelector", "matchLabels"},
		"Service":             {"spec", "selector"},
		"ServiceMonitor":      {"spec", "selector", "matchLabels"},
	}
	seen := map[string]int{}
	for _, obj := range objs {
		field, ok := fields[obj.GetKind()]
		if !ok {
			continue
		}
		seen[obj.GetKind()]++
		selected, _, err := unstructured.NestedStringMap(obj.Object, field...)
		if err != nil || len(selected) == 0 {
			t.Fatalf("%s %s selects %v, error %v", obj.GetKind(), obj.GetName(), selected, err)
		}
		var names []string
		for name, deployment := range deployments {
			if labels.SelectorFromSet(selected).Matches(labels.Set(deployment.Spec.Template.Labels)) {
				names = append(names, name)
			}
		}
		if want := []string{strings.TrimSuffix(obj.GetName(), "-metrics")}; !slices.Equal(names, want) {
			t.Errorf("%s %s selects the Pods of %v, want %v", obj.GetKind(), obj.GetName(), names, want)
		}
	}
	for kind := range fields {
		if seen[kind] != len(deployments) {
			t.Errorf("there are %d objects of kind %s, want %d", seen[kind], kind, len(deployments))
		}
	}
}

// Each operator has its own service account with the roles of the release.
func TestShardsHaveBoundServiceAccounts(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		more map[string]any
		// bindings is the number of bindings of each service account.
		bindings int
		accounts []string
	}{
		"cluster": {nil, 2, []string{release, release + "-eu", release + "-us"}},
		"namespaces": {
			map[string]any{"watchNamespaces": []string{"team-a", "team-b"}, "metrics": map[string]any{"secure": false}},
			3, []string{release, release + "-eu", release + "-us"},
		},
		"named account": {
			map[string]any{"serviceAccount": map[string]any{"name": "secrets"}}, 2,
			[]string{"secrets", "secrets-eu", "secrets-us"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objs := rendered(t, shards(t, row.more))
			roles, bound := map[string]bool{}, map[string]int{}
			for _, obj := range objs {
				roles[obj.GetKind()+" "+obj.GetNamespace()+"/"+obj.GetName()] = true
			}
			for _, obj := range objs {
				if !strings.HasSuffix(obj.GetKind(), "RoleBinding") {
					continue
				}
				binding := typed[rbacv1.RoleBinding](t, obj) // Both kinds have the same fields.
				if !roles[binding.RoleRef.Kind+" "+obj.GetNamespace()+"/"+binding.RoleRef.Name] {
					t.Errorf("%s %s refers to the %s %s, which does not exist", obj.GetKind(), obj.GetName(),
						binding.RoleRef.Kind, binding.RoleRef.Name)
				}
				bound[binding.Subjects[0].Name]++
			}
			want := map[string]int{}
			for _, account := range row.accounts {
				want[account] = row.bindings
			}
			if diff := cmp.Diff(want, bound); diff != "" {
				t.Errorf("bindings by service account (-want +got):\n%s", diff)
			}
			accounts := all[corev1.ServiceAccount](t, objs, "ServiceAccount")
			for deployment, d := range all[appsv1.Deployment](t, objs, "Deployment") {
				account := d.Spec.Template.Spec.ServiceAccountName
				if _, ok := accounts[account]; !ok || bound[account] == 0 {
					t.Errorf("%s uses the service account %s, which exists: %t, and has %d bindings", deployment, account, ok,
						bound[account])
				}
			}
		})
	}
}

// The name of a Service has at most 63 characters.
func TestShardNamesFitLimits(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a-very-long-name", 4)[:53]
	class := strings.Repeat("c", 20)
	text := helm(t, "template", long, current, "--set", "shards[0].controllerClass="+class,
		"--set", "shards[1].controllerClass=eu")
	services := all[corev1.Service](t, objects(t, text), "Service")
	if len(services) != 3 {
		t.Errorf("there are %d Services, want 3", len(services))
	}
	for name, service := range services {
		if len(name) > 63 {
			t.Errorf("the Service %s has %d characters", name, len(name))
		}
		if value := service.Spec.Selector["app.kubernetes.io/instance"]; len(value) > 63 {
			t.Errorf("the label %s has %d characters", value, len(value))
		}
	}
}
