// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

const root = "../.."

// PROJECT is written by hand, and other tools read it.
func TestProjectFileListsAllKinds(t *testing.T) {
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
		t.Errorf("kinds in config/crd/bases and in PROJECT differ (-bases +PROJECT):\n%s", diff)
	}
}
