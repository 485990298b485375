// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"os"

	appv1 "github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/lua"
	"github.com/argoproj/argo-cd/v3/util/settings"
	"github.com/argoproj/gitops-engine/pkg/health"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes/fake"
	"sigs.k8s.io/yaml"
)

// overrides returns the settings of kinds, read as Argo CD reads them from its
// namespace.
func overrides(ctx context.Context, path string) (map[string]appv1.ResourceOverride, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var patch corev1.ConfigMap
	if err := yaml.UnmarshalStrict(text, &patch); err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", path, err)
	}
	const namespace = "argocd"
	labels := map[string]string{"app.kubernetes.io/part-of": "argocd"}
	return settings.NewSettingsManager(ctx, fake.NewClientset(
		&corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: patch.Name, Labels: labels}, Data: patch.Data,
		},
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "argocd-secret", Labels: labels}},
	), namespace).GetResourceOverrides()
}

func healthOf(ctx context.Context, o options, objs []*unstructured.Unstructured) ([]health.HealthStatus, error) {
	custom, err := overrides(ctx, o.settings)
	if err != nil {
		return nil, err
	}
	var statuses []health.HealthStatus
	for _, obj := range objs {
		status, err := health.GetResourceHealth(obj, lua.ResourceHealthOverrides(custom))
		if err != nil {
			return nil, err
		}
		if status == nil {
			status = new(health.HealthStatus) // Argo CD has no health check for the kind.
		}
		statuses = append(statuses, *status)
	}
	return statuses, nil
}

// actionsOf returns the actions of an object, or runs one and returns the
// object that Argo CD would write.
func actionsOf(ctx context.Context, o options, objs []*unstructured.Unstructured) (any, error) {
	if len(objs) != 1 {
		return nil, fmt.Errorf("got %d objects, want one", len(objs))
	}
	custom, err := overrides(ctx, o.settings)
	if err != nil {
		return nil, err
	}
	vm := lua.VM{ResourceOverrides: custom}
	if o.run == "" {
		scripts, err := vm.GetResourceActionDiscovery(objs[0])
		if err != nil {
			return nil, err
		}
		return vm.ExecuteResourceActionDiscovery(objs[0], scripts)
	}
	action, err := vm.GetResourceAction(objs[0], o.run)
	if err != nil {
		return nil, err
	}
	impacted, err := vm.ExecuteResourceAction(objs[0], action.ActionLua, nil)
	if err != nil {
		return nil, err
	}
	if len(impacted) != 1 || impacted[0].K8SOperation != lua.PatchOperation {
		return nil, fmt.Errorf("the action must patch its object and do nothing else, got %+v", impacted)
	}
	return impacted[0].UnstructuredObj, nil
}

// decode reads an Application and rejects unknown fields.
func decode(in io.Reader) (*appv1.Application, error) {
	text, err := io.ReadAll(in)
	if err != nil {
		return nil, err
	}
	app := new(appv1.Application)
	return app, yaml.UnmarshalStrict(text, app)
}
