// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// TestKubectlExplainsEveryField walks the CRDs, which are what kubectl explain reads.
func TestKubectlExplainsEveryField(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "..", "config", "crd", "bases", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	fields := 0
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // A file of this repository.
		if err != nil {
			t.Fatal(err)
		}
		var crd apiextensionsv1.CustomResourceDefinition
		if err := yaml.UnmarshalStrict(text, &crd); err != nil {
			t.Fatal(err)
		}
		for _, version := range crd.Spec.Versions {
			fields += explain(t, crd.Spec.Names.Kind, version.Schema.OpenAPIV3Schema)
		}
	}
	if fields < 100 {
		t.Errorf("found only %d fields in %v", fields, files)
	}
}

// explain fails for each field below one that has no text. It counts them.
func explain(t *testing.T, path string, schema *apiextensionsv1.JSONSchemaProps) (fields int) {
	t.Helper()
	for name := range schema.Properties {
		field := schema.Properties[name]
		at := path + "." + name
		if name == "metadata" { // Kubernetes has the text.
			continue
		}
		fields++
		if text := strings.TrimSpace(field.Description); len(text) < 10 {
			t.Errorf("%s is explained by %q", at, text)
		}
		fields += explain(t, at, &field)
		if field.Items != nil && field.Items.Schema != nil {
			fields += explain(t, at+"[]", field.Items.Schema)
		}
	}
	return fields
}
