// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// TestKubectlExplainsEveryField checks the descriptions in the CRDs, which
// kubectl explain prints.
func TestKubectlExplainsEveryField(t *testing.T) {
	t.Parallel()
	fields := 0
	for _, crd := range readCRDs(t) {
		for _, version := range crd.Spec.Versions {
			fields += explain(t, crd.Spec.Names.Kind, version.Schema.OpenAPIV3Schema)
		}
	}
	if fields < 100 {
		t.Errorf("found %d fields, want at least 100", fields)
	}
}

// explain returns the number of fields below a schema, and reports each field
// without a description.
func explain(t *testing.T, path string, schema *apiextensionsv1.JSONSchemaProps) (fields int) {
	t.Helper()
	for name := range schema.Properties {
		field := schema.Properties[name]
		at := path + "." + name
		if name == "metadata" { // Described by Kubernetes.
			continue
		}
		fields++
		if text := strings.TrimSpace(field.Description); len(text) < 10 {
			t.Errorf("description of %s is %q, want at least 10 characters", at, text)
		}
		fields += explain(t, at, &field)
		if field.Items != nil && field.Items.Schema != nil {
			fields += explain(t, at+"[]", field.Items.Schema)
		}
	}
	return fields
}
