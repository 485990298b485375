// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// TestValidationMessagesNameTheField ensures that the message of a CEL rule names
// the field of the rule, or a field of its object.
func TestValidationMessagesNameTheField(t *testing.T) {
	t.Parallel()
	rules := 0
	for _, crd := range readCRDs(t) {
		for _, version := range crd.Spec.Versions {
			root := version.Schema.OpenAPIV3Schema
			rules += checkMessages(t, crd.Spec.Names.Kind, []string{"metadata.name", "spec."}, root)
		}
	}
	if rules < 40 {
		t.Errorf("found %d rules, want at least 40", rules)
	}
}

// checkMessages reports each rule of a schema and its descendants with a message
// that has none of the names. It returns the number of rules.
func checkMessages(t *testing.T, path string, names []string, schema *apiextensionsv1.JSONSchemaProps) (rules int) {
	t.Helper()
	for _, rule := range schema.XValidations {
		rules++
		if !slices.ContainsFunc(names, func(name string) bool { return mentions(rule.Message, name) }) {
			t.Errorf("message of %s is %q, want one of %q in it", path, rule.Message, names)
		}
		if rule.MessageExpression == "" {
			continue
		}
		if strings.Contains(rule.MessageExpression, "[k]") {
			t.Errorf("messageExpression of %s reads the value of a key: %s", path, rule.MessageExpression)
		}
	}
	for name, child := range schema.Properties {
		own := []string{name}
		if child.Type == "object" && len(child.Properties) > 0 {
			own = slices.AppendSeq(own, maps.Keys(child.Properties))
		}
		rules += checkMessages(t, path+"."+name, own, &child)
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		items := schema.Items.Schema
		rules += checkMessages(t, path+"[]", slices.AppendSeq(names, maps.Keys(items.Properties)), items)
	}
	return rules
}

// mentions reports whether a message has a name as a word, or as the start of a
// path.
func mentions(message, name string) bool {
	return regexp.MustCompile(`(^|[^A-Za-z])`+regexp.QuoteMeta(name)+`([^A-Za-z]|$)`).MatchString(message) ||
		strings.HasSuffix(name, ".") && strings.Contains(message, name)
}

// TestValidationMessagesAreNotHidden ensures that no length limit and no format
// refuses a value that a rule with a better message refuses. The API server
// evaluates no rule while a value is too long or has the wrong format.
func TestValidationMessagesAreNotHidden(t *testing.T) {
	t.Parallel()
	const pasted = 256 // The longest input that a user can reasonably confuse with an ID or UUID.
	for _, crd := range readCRDs(t) {
		for _, version := range crd.Spec.Versions {
			checkLimits(t, crd.Spec.Names.Kind, version.Schema.OpenAPIV3Schema, pasted)
		}
	}
}

func checkLimits(t *testing.T, path string, schema *apiextensionsv1.JSONSchemaProps, atLeast int64) {
	t.Helper()
	formatted := slices.ContainsFunc(schema.XValidations, func(rule apiextensionsv1.ValidationRule) bool {
		return strings.Contains(rule.Rule, "self.matches('^[0-9a-f]{8}") || strings.Contains(rule.Rule, "[0-9a-v]{20}")
	})
	if schema.Format != "" && len(schema.XValidations) > 0 {
		t.Errorf("%s has the format %s, which hides the messages of its rules", path, schema.Format)
	}
	if formatted && schema.MaxLength != nil && *schema.MaxLength < atLeast {
		t.Errorf("maxLength of %s is %d, want at least %d to show the message of its rule", path, *schema.MaxLength, atLeast)
	}
	for name, child := range schema.Properties {
		checkLimits(t, path+"."+name, &child, atLeast)
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		checkLimits(t, path+"[]", schema.Items.Schema, atLeast)
	}
}
