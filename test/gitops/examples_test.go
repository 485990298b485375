// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	helmv2 "github.com/fluxcd/helm-controller/api/v2"
	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/ssa/utils"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// documents returns the YAML documents of a file in config/.
func documents(t *testing.T, path ...string) [][]byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{root, "config"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, document)
	}
}

// fluxObjects decodes the objects in one of the example files with Flux's
// types, by kind and name. An unknown field fails the test.
func fluxObjects(t *testing.T, file string) map[string]client.Object {
	t.Helper()
	scheme := runtime.NewScheme()
	err := errors.Join(sourcev1.AddToScheme(scheme), kustomizev1.AddToScheme(scheme), helmv2.AddToScheme(scheme))
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme,
		json.SerializerOptions{Yaml: true, Strict: true})
	objs := map[string]client.Object{}
	for _, text := range documents(t, "flux", file) {
		decoded, gvk, err := decoder.Decode(text, nil, nil)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		obj := decoded.(client.Object)
		objs[gvk.Kind+" "+obj.GetName()] = obj
	}
	return objs
}

func TestFluxExamplesAreConsistent(t *testing.T) {
	t.Parallel()
	operator, objects := fluxObjects(t, "operator.yaml"), fluxObjects(t, "objects.yaml")
	helm := fluxObjects(t, "helm.yaml")
	for _, file := range []map[string]client.Object{operator, objects} {
		for name, obj := range file {
			k, ok := obj.(*kustomizev1.Kustomization)
			if !ok {
				continue
			}
			if file[k.Spec.SourceRef.Kind+" "+k.Spec.SourceRef.Name] == nil {
				t.Errorf("%s references the source %s, which does not exist", name, k.Spec.SourceRef.String())
			}
			for _, other := range k.Spec.DependsOn {
				if operator["Kustomization "+other.Name] == nil {
					t.Errorf("%s depends on %s, which does not exist", name, other.Name)
				}
			}
			if !k.Spec.Wait || !k.Spec.Prune {
				t.Errorf("%s: wait is %t and prune is %t, want both true", name, k.Spec.Wait, k.Spec.Prune)
			}
		}
	}
	release := helm["HelmRelease juju-secrets-operator"].(*helmv2.HelmRelease)
	if ref := release.Spec.ChartRef; helm[ref.Kind+" "+ref.Name] == nil {
		t.Errorf("the release references the chart source %s %s, which does not exist", ref.Kind, ref.Name)
	}
	// The release must equal the result of helm install in the how-to guide.
	// Flux must not install a version that may require manual steps.
	ref := helm["OCIRepository juju-secrets-operator"].(*sourcev1.OCIRepository).Spec.Reference
	got := []string{release.GetReleaseName(), release.GetReleaseNamespace(), release.GetStorageNamespace(), ref.SemVer}
	if diff := cmp.Diff([]string{"juju-secrets-operator", "juju-secrets", "juju-secrets", "0.1.x"}, got); diff != "" {
		t.Errorf("name, namespace, storage namespace or version of the release (-want +got):\n%s", diff)
	}
	k := operator["Kustomization juju-secrets-operator"].(*kustomizev1.Kustomization)
	expectCRDAnnotations(t, k.Spec.Path, k.Spec.Patches, map[string]string{
		"kustomize.toolkit.fluxcd.io/prune": "disabled",
	})
}

// application holds the checked fields of an Application.
type application struct {
	Metadata struct{ Name string }
	Spec     struct {
		Source struct {
			Path      string
			Kustomize struct {
				Images  []string
				Patches []kustomize.Patch
			}
		}
		SyncPolicy struct {
			Automated   struct{ Prune, SelfHeal bool }
			SyncOptions []string
		}
	}
}

func TestArgoCDExamplesAreConsistent(t *testing.T) {
	t.Parallel()
	apps := map[string]application{}
	for _, text := range documents(t, "argocd", "application.yaml") {
		var app application
		if err := yaml.Unmarshal(run(t, text, os.Getenv("ARGOCD"), "decode"), &app); err != nil {
			t.Fatal(err)
		}
		if policy := app.Spec.SyncPolicy; !policy.Automated.Prune || !policy.Automated.SelfHeal {
			t.Errorf("%s: prune or selfHeal is off: %+v", app.Metadata.Name, policy)
		}
		apps[app.Metadata.Name] = app
	}
	operator := apps["juju-secrets-operator"].Spec.Source
	expectCRDAnnotations(t, operator.Path, operator.Kustomize.Patches, map[string]string{
		"argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
	})
	if len(apps) != 2 {
		t.Errorf("there are %d Applications, want 2", len(apps))
	}
}

// expectCRDAnnotations checks that the manifests of a folder have these
// annotations on each CRD, with the patches applied.
func expectCRDAnnotations(t *testing.T, path string, patches []kustomize.Patch, want map[string]string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	source, err := filepath.Abs(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	if source, err = filepath.Rel(dir, source); err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(map[string]any{"resources": []string{source}, "patches": patches})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	objs, err := utils.ReadObjects(bytes.NewReader(run(t, nil, os.Getenv("KUSTOMIZE"), "build", dir)))
	if err != nil {
		t.Fatal(err)
	}
	kinds := 0
	for _, obj := range objs {
		if obj.GetKind() != "CustomResourceDefinition" {
			continue
		}
		kinds++
		got := map[string]string{}
		for key, value := range obj.GetAnnotations() {
			if !strings.HasPrefix(key, "controller-gen.") {
				got[key] = value
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("annotations of %s (-want +got):\n%s", obj.GetName(), diff)
		}
	}
	if kinds != 4 {
		t.Errorf("found %d CRDs, want 4", kinds)
	}
}
