// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/juju-secrets/operator/test/gen"
)

const root = "../.."

// yamlBlock finds the YAML in Markdown.
var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```")

// A manifest that a reader copies has to work, so every one in the samples and in the documentation is sent to the API
// server.
func TestEveryManifestInTheDocumentationIsAccepted(t *testing.T) {
	t.Parallel()
	expect(t, kubernetes.Client.Create(t.Context(), gen.Namespace("team-a", nil)), nil)
	manifests := 0
	for path, text := range manifestTexts(t) {
		decoder := utilyaml.NewYAMLOrJSONDecoder(strings.NewReader(text), len(text))
		for {
			obj := new(unstructured.Unstructured)
			err := decoder.Decode(obj)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Errorf("%s: %v", path, err)
				break
			}
			if obj.GetAPIVersion() == "" || obj.GetKind() == "Namespace" {
				continue // A part of a manifest, or what the test has made itself.
			}
			manifests++
			// An apply, unlike a create, fails on a field that the schema does not know.
			err = kubernetes.Client.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(obj), client.DryRunAll,
				client.FieldOwner("test"))
			if err != nil {
				t.Errorf("%s: %s %s: %v", path, obj.GetKind(), obj.GetName(), err)
			}
		}
	}
	if manifests < 10 {
		t.Errorf("found only %d manifests", manifests)
	}
}

// manifestTexts are the YAML texts of samples and documentation, by path and, for Markdown, place.
func manifestTexts(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	read := func(path string) error {
		text, err := os.ReadFile(path) //nolint:gosec // A file of this repository.
		if strings.HasSuffix(path, ".yaml") {
			texts[path] = string(text)
		}
		for i, block := range yamlBlock.FindAllSubmatch(text, -1) {
			texts[path+" block "+string(rune('1'+i))] = string(block[1])
		}
		return err
	}
	err := read(filepath.Join(root, "README.md"))
	for _, dir := range []string{"docs", filepath.Join("config", "samples")} {
		err = errors.Join(err, filepath.WalkDir(filepath.Join(root, dir), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			return read(path)
		}))
	}
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// PROJECT is kept by hand, and other tools believe it.
func TestTheProjectFileListsTheKindsThatExist(t *testing.T) {
	t.Parallel()
	var project struct {
		Resources []struct {
			Group, Kind, Version string
			API                  struct{ Namespaced bool }
		}
	}
	text, err := os.ReadFile(filepath.Join(root, "PROJECT"))
	if err == nil {
		err = yaml.Unmarshal(text, &project)
	}
	if err != nil {
		t.Fatal(err)
	}
	type kind struct {
		Name, Version string
		Namespaced    bool
	}
	var listed, existing []kind
	for _, r := range project.Resources {
		listed = append(listed, kind{r.Kind, r.Version, r.API.Namespaced})
	}
	paths, err := filepath.Glob(filepath.Join(root, "config", "crd", "bases", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		var crd apiextensionsv1.CustomResourceDefinition
		text, err := os.ReadFile(path) //nolint:gosec // A file of this repository.
		if err == nil {
			err = yaml.Unmarshal(bytes.TrimSpace(text), &crd)
		}
		if err != nil {
			t.Fatal(err)
		}
		namespaced := crd.Spec.Scope == apiextensionsv1.NamespaceScoped
		existing = append(existing, kind{crd.Spec.Names.Kind, crd.Spec.Versions[0].Name, namespaced})
	}
	byName := func(a, b kind) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(listed, byName)
	slices.SortFunc(existing, byName)
	if diff := cmp.Diff(existing, listed); diff != "" {
		t.Errorf("PROJECT lists other kinds than config/crd/bases (-exist +listed):\n%s", diff)
	}
}
