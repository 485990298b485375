// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

const nameReferences = "config/components/name-references"

// referencing has all kinds of references. The names of the objects differ, so
// that each reference can refer to one object only.
const referencing = `
apiVersion: jujusecrets.io/v1alpha1
kind: JujuController
metadata: {name: juju}
spec:
  addresses: ["10.0.0.5:17070"]
  caCertificateFrom: {configMapRef: {name: authority}}
  credentials: {userPass: {secretRef: {name: juju-user}}}
---
apiVersion: jujusecrets.io/v1alpha1
kind: JujuController
metadata: {name: jaas}
spec:
  addresses: ["10.0.0.6:17070"]
  caCertificateFrom: {secretRef: {name: authority-secret}}
  credentials: {clientCredentials: {secretRef: {name: account}}}
---
apiVersion: jujusecrets.io/v1alpha1
kind: JujuSecret
metadata: {name: db}
spec:
  controllerRef: {kind: JujuController, name: juju}
  model: prod/db
  name: db-password
  valueFrom:
  - secretRef: {name: login}
  - configMapRef: {name: settings}
  - secretRef: {name: juju-user}
    items: [{key: password, as: juju}]
---
apiVersion: jujusecrets.io/v1alpha1
kind: JujuSecretAccess
metadata: {name: db-access}
spec:
  jujuSecretRef: {name: db}
  applications: [{name: db}]
---
apiVersion: jujusecrets.io/v1alpha1
kind: JujuSecretAccess
metadata: {name: direct}
spec:
  secret:
    controllerRef: {kind: JujuController, name: jaas}
    model: prod/db
    name: db
  applications: [{name: db}]
`

// generators are the generators of the sources in referencing. Their names get a
// hash.
const generators = `
resources: [objects.yaml]
secretGenerator:
- {name: juju-user, literals: [username=operator, password=x]}
- {name: account, literals: [client-id=x, client-secret=x]}
- {name: authority-secret, literals: [ca.crt=x]}
- {name: login, literals: [password=x]}
configMapGenerator:
- {name: authority, literals: [ca.crt=x]}
- {name: settings, literals: [host=x]}
`

// kustomization writes a kustomization with the component, and returns its
// folder.
func kustomization(t *testing.T, folder, text string, files map[string]string) string {
	t.Helper()
	here, err := filepath.Abs(root)
	expect(t, err, nil)
	component, err := filepath.Rel(folder, filepath.Join(here, nameReferences))
	expect(t, err, nil)
	expect(t, os.MkdirAll(folder, 0o700), nil)
	for name, text := range files {
		expect(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600), nil)
	}
	text += fmt.Sprintf("\ncomponents: [%q]\n", component)
	expect(t, os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte(text), 0o600), nil)
	return folder
}

// references returns the references between objects as "kind/name field:
// kind/name".
func references(t *testing.T, objs []*unstructured.Unstructured) []string {
	t.Helper()
	var found []string
	for _, obj := range objs {
		spec, _ := obj.Object["spec"].(map[string]any)
		found = append(found, referencesIn(obj.GetKind()+"/"+obj.GetName(), spec)...)
	}
	slices.Sort(found)
	return found
}

func referencesIn(at string, value any) (found []string) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			found = append(found, referencesIn(at, item)...)
		}
	case map[string]any:
		for field, child := range value {
			ref, ok := child.(map[string]any)
			if !ok || !strings.HasSuffix(field, "Ref") {
				found = append(found, referencesIn(at, child)...)
				continue
			}
			kind := map[string]string{"secretRef": "Secret", "configMapRef": "ConfigMap", "jujuSecretRef": "JujuSecret"}[field]
			if field == "controllerRef" {
				kind = ref["kind"].(string)
			}
			found = append(found, fmt.Sprintf("%s %s: %s/%s", at, field, kind, ref["name"]))
		}
	}
	return found
}

// expectResolved checks that each reference refers to an object of the same
// build, and that the API server accepts the objects.
func expectResolved(t *testing.T, objs []*unstructured.Unstructured, count int) {
	t.Helper()
	exists := map[string]bool{}
	for _, obj := range objs {
		exists[obj.GetKind()+"/"+obj.GetName()] = true
	}
	refs := references(t, objs)
	for _, ref := range refs {
		if _, to, _ := strings.Cut(ref, ": "); !exists[to] {
			t.Errorf("%s does not exist", ref)
		}
	}
	if len(refs) != count {
		t.Errorf("got references %q, want %d", refs, count)
	}
	for _, obj := range objs {
		if obj.GetNamespace() == "" {
			obj.SetNamespace("default") // The API server ignores it in a ClusterJujuController.
		}
		err := shared.Kubernetes.Client.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(obj), client.DryRunAll,
			client.FieldOwner("test"), client.ForceOwnership)
		expect(t, err, nil)
	}
}

const inReferencing = 10 // References in referencing.

func TestKustomizeUpdatesReferences(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"generated names":           "",
		"namePrefix":                "namePrefix: staging-",
		"nameSuffix":                "nameSuffix: -staging",
		"namePrefix and nameSuffix": "namePrefix: a-\nnameSuffix: -b",
		"namespace":                 "namespace: default\nnamePrefix: staging-",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			files := map[string]string{"objects.yaml": referencing}
			// The component can be in the same kustomization, and in the base or in
			// the overlay only.
			expectResolved(t, build(t, kustomization(t, dir, generators+change, files)), inReferencing)

			base := kustomization(t, filepath.Join(dir, "base"), generators, files)
			overlay := filepath.Join(dir, "overlay")
			expect(t, os.MkdirAll(overlay, 0o700), nil)
			text := []byte("resources: [../base]\n" + change)
			expect(t, os.WriteFile(filepath.Join(overlay, "kustomization.yaml"), text, 0o600), nil)
			expectResolved(t, build(t, overlay), inReferencing)

			expect(t, os.WriteFile(filepath.Join(base, "kustomization.yaml"), []byte(generators), 0o600), nil)
			kustomization(t, overlay, string(text), nil)
			expectResolved(t, build(t, overlay), inReferencing)
		})
	}
}

// Two environments in one namespace must not refer to each other's objects.
func TestKustomizeKeepsEnvironmentsApart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	kustomization(t, filepath.Join(dir, "base"), generators, map[string]string{"objects.yaml": referencing})
	for _, env := range []string{"staging", "production"} {
		kustomization(t, filepath.Join(dir, env), "resources: [../base]\nnamePrefix: "+env+"-", nil)
	}
	both := kustomization(t, filepath.Join(dir, "both"), "namespace: default\nresources: [../staging, ../production]", nil)
	objs := build(t, both)
	expectResolved(t, objs, 2*inReferencing)
	for _, ref := range references(t, objs) {
		from, to, _ := strings.Cut(ref, ": ")
		_, from, _ = strings.Cut(from, "/")
		_, to, _ = strings.Cut(to, "/")
		if from, to := strings.Split(from, "-")[0], strings.Split(to, "-")[0]; from != to {
			t.Errorf("%s refers from %s to %s", ref, from, to)
		}
	}
}

// Kustomize knows neither that a ClusterJujuController has no namespace, nor the
// kind in a controllerRef.
func TestKustomizeUpdatesReferencesOfClusterControllersInOneNamespace(t *testing.T) {
	t.Parallel()
	const objects = `
apiVersion: jujusecrets.io/v1alpha1
kind: ClusterJujuController
metadata: {name: juju}
spec:
  addresses: ["10.0.0.5:17070"]
  caCertificateFrom: {configMapRef: {namespace: default, name: authority}}
  credentials: {userPass: {secretRef: {namespace: default, name: juju-user}}}
---
apiVersion: jujusecrets.io/v1alpha1
kind: JujuSecret
metadata: {name: db}
spec:
  controllerRef: {kind: ClusterJujuController, name: juju}
  model: prod/db
  valueFrom: [{secretRef: {name: login}}]
`
	const common = generators + "namePrefix: staging-\nnamespace: default\n"
	expectResolved(t, build(t, kustomization(t, t.TempDir(), common, map[string]string{"objects.yaml": objects})), 4)
}

// The component has a path for each reference in the schemas.
func TestNameReferencesAreComplete(t *testing.T) {
	t.Parallel()
	var config struct {
		NameReference []struct {
			Kind       string
			FieldSpecs []struct{ Group, Kind, Path string }
		}
	}
	text, err := os.ReadFile(filepath.Join(root, nameReferences, "references.yaml"))
	expect(t, err, nil)
	expect(t, yaml.Unmarshal(text, &config), nil)
	listed := map[string]bool{}
	for _, reference := range config.NameReference {
		for _, spec := range reference.FieldSpecs {
			listed[spec.Kind+" "+strings.TrimSuffix(spec.Path, "/name")+": "+reference.Kind] = true
		}
	}
	existing := map[string]bool{}
	paths, err := filepath.Glob(filepath.Join(root, "config", "crd", "bases", "*.yaml"))
	expect(t, err, nil)
	for _, path := range paths {
		var crd apiextensionsv1.CustomResourceDefinition
		text, err := os.ReadFile(path) //nolint:gosec // A file of this repository.
		expect(t, err, nil)
		expect(t, yaml.Unmarshal(bytes.TrimSpace(text), &crd), nil)
		for _, version := range crd.Spec.Versions {
			spec := version.Schema.OpenAPIV3Schema.Properties["spec"]
			for _, at := range referenceFields("spec", &spec) {
				existing[crd.Spec.Names.Kind+" "+at] = true
			}
		}
	}
	expectSame(t, slices.Sorted(maps.Keys(listed)), slices.Sorted(maps.Keys(existing)))
}

// referenceFields returns the references in a schema as "path: kind".
func referenceFields(at string, schema *apiextensionsv1.JSONSchemaProps) (found []string) {
	if schema.Items != nil {
		return referenceFields(at, schema.Items.Schema)
	}
	kinds := map[string][]string{
		"secretRef": {"Secret"}, "configMapRef": {"ConfigMap"}, "jujuSecretRef": {"JujuSecret"},
		"controllerRef": {"JujuController", "ClusterJujuController"},
	}
	for name, field := range schema.Properties {
		path := at + "/" + name
		if !strings.HasSuffix(name, "Ref") {
			found = append(found, referenceFields(path, &field)...)
			continue
		}
		if len(kinds[name]) == 0 {
			found = append(found, path+": unknown")
		}
		for _, kind := range kinds[name] {
			found = append(found, path+": "+kind)
		}
	}
	return found
}
