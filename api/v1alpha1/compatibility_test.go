// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// snapshot is the file that records the API that users rely on. Each line is a
// path, a facet and a value.
const snapshot = "testdata/api.txt"

var update = flag.Bool("update", false, "record the current API in "+snapshot)

// TestAPIKeepsItsPromises compares the CRDs and the reasons with the recorded
// snapshot. Decision 0009 has the rules.
func TestAPIKeepsItsPromises(t *testing.T) {
	t.Parallel()
	lines := slices.Sorted(slices.Values(slices.Concat(schemaLines(t), reasonLines(t))))
	if *update {
		if err := os.WriteFile(snapshot, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(snapshot)
	if err != nil {
		t.Fatal(err)
	}
	breaking, other := compare(strings.Split(strings.TrimSpace(string(text)), "\n"), lines)
	if len(breaking) > 0 {
		t.Errorf("breaking changes of manifests, stored objects or clients: undo them, or see docs/decisions/0009:\n%s",
			strings.Join(breaking, "\n"))
	}
	if len(other) > 0 {
		t.Errorf("compatible changes: record them with go test ./api/... -run APIKeepsItsPromises -update:\n%s",
			strings.Join(other, "\n"))
	}
}

// TestServedVersionsShareOneSchema ensures that no conversion webhook is needed.
func TestServedVersionsShareOneSchema(t *testing.T) {
	t.Parallel()
	for _, crd := range readCRDs(t) {
		if c := crd.Spec.Conversion; c != nil && c.Strategy != apiextensionsv1.NoneConverter {
			t.Errorf("%s: conversion strategy is %s, want None", crd.Name, c.Strategy)
		}
		first := crd.Spec.Versions[0]
		for _, version := range crd.Spec.Versions[1:] {
			breaking, other := compare(describe("", first.Schema.OpenAPIV3Schema), describe("", version.Schema.OpenAPIV3Schema))
			if diff := slices.Concat(breaking, other); len(diff) > 0 {
				t.Errorf("%s: %s and %s differ:\n%s", crd.Name, first.Name, version.Name, strings.Join(diff, "\n"))
			}
		}
	}
}

func TestComparisonFindsBreakingChanges(t *testing.T) {
	t.Parallel()
	recorded := []string{
		"K type object", "K.a type string", "K.a enum Never", "K.a default Never", "K.a maxLength 5", "K.b type string",
		"reasons type string", "reasons enum Synced",
	}
	for name, test := range map[string]struct {
		change   func([]string) []string
		breaking bool
	}{
		"field removed":                    {without("K.b type string"), true},
		"field with another type":          {replaced("K.b type string", "K.b type integer"), true},
		"enum value removed":               {without("K.a enum Never"), true},
		"default removed":                  {without("K.a default Never"), true},
		"default added":                    {with("K.b default x"), true},
		"field made required":              {with("K.b required true"), true},
		"limit added":                      {with("K.b maxLength 9"), true},
		"reason removed":                   {without("reasons enum Synced"), true},
		"required field added":             {with("K.c type string", "K.c required true"), true},
		"optional field added":             {with("K.c type string", "K.c maxLength 9", "K.c default x"), false},
		"object with required field added": {with("K.c type object", "K.c.d type string", "K.c.d required true"), false},
		"limit lowered":                    {replaced("K.a maxLength 5", "K.a maxLength 4"), true},
		"limit raised":                     {replaced("K.a maxLength 5", "K.a maxLength 6"), false},
		"limit removed":                    {without("K.a maxLength 5"), false},
		"enum value added":                 {with("K.a enum Adopt"), false},
		"reason added":                     {with("reasons enum Granted"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			breaking, other := compare(recorded, test.change(slices.Clone(recorded)))
			if len(breaking)+len(other) == 0 || (len(breaking) > 0) != test.breaking {
				t.Errorf("breaking: %q, compatible: %q", breaking, other)
			}
		})
	}
}

func with(lines ...string) func([]string) []string {
	return func(old []string) []string { return append(old, lines...) }
}

func without(line string) func([]string) []string {
	return func(old []string) []string { return slices.DeleteFunc(old, func(l string) bool { return l == line }) }
}

func replaced(line, by string) func([]string) []string {
	return func(old []string) []string { return append(without(line)(old), by) }
}

// compare returns the differences between two descriptions of the API, breaking
// and compatible ones separately.
func compare(recorded, current []string) (breaking, other []string) {
	for _, line := range recorded {
		if slices.Contains(current, line) {
			continue
		}
		if path, facet, _ := split(line); isLimit(facet) && slices.ContainsFunc(current, declares(path)) {
			other = append(other, "- "+line)
		} else {
			breaking = append(breaking, "- "+line)
		}
	}
	for _, line := range current {
		switch {
		case slices.Contains(recorded, line):
		case tightens(recorded, line):
			breaking = append(breaking, "+ "+line)
		default:
			other = append(other, "+ "+line)
		}
	}
	return breaking, other
}

// tightens reports whether a line that is not recorded can refuse what was valid
// before, or change its meaning.
func tightens(recorded []string, line string) bool {
	path, facet, value := split(line)
	switch {
	case facet == "required": // A limit of the object that has the field.
		path = path[:strings.LastIndex(path, ".")]
	case facet == "enum":
		return slices.ContainsFunc(recorded, declares(path)) && !slices.ContainsFunc(recorded, has(path, facet))
	case strings.HasPrefix(facet, "max"), strings.HasPrefix(facet, "min"):
		if i := slices.IndexFunc(recorded, has(path, facet)); i >= 0 {
			_, _, before := split(recorded[i])
			return (number(value) < number(before)) == strings.HasPrefix(facet, "max")
		}
	}
	return (isLimit(facet) || facet == "default") && slices.ContainsFunc(recorded, declares(path))
}

func split(line string) (path, facet, value string) {
	path, rest, _ := strings.Cut(line, " ")
	facet, value, _ = strings.Cut(rest, " ")
	return path, facet, value
}

func number(text string) float64 {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return n
}

// isLimit reports whether a facet refuses values. Limits may be removed and must
// not be added.
func isLimit(facet string) bool {
	return !slices.Contains([]string{"type", "enum", "default", "listType", "listMapKey"}, facet)
}

func has(path, facet string) func(string) bool {
	return func(line string) bool { return strings.HasPrefix(line, path+" "+facet+" ") }
}

func declares(path string) func(string) bool { return has(path, "type") }

func reasonLines(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("reasons.go")
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{"reasons type string"}
	for _, match := range regexp.MustCompile(`(?m)^\tReason\w+ +Reason += "(\w+)"`).FindAllSubmatch(text, -1) {
		lines = append(lines, "reasons enum "+string(match[1]))
	}
	return lines
}

func schemaLines(t *testing.T) []string {
	t.Helper()
	var lines []string
	for _, crd := range readCRDs(t) {
		for _, version := range crd.Spec.Versions {
			lines = append(lines, describe(version.Name+"."+crd.Spec.Names.Kind, version.Schema.OpenAPIV3Schema)...)
		}
	}
	return lines
}

// describe returns the facets of a schema and its descendants, one on each line.
func describe(path string, schema *apiextensionsv1.JSONSchemaProps) []string {
	var lines []string
	add := func(facet string, value any) { lines = append(lines, fmt.Sprintf("%s %s %v", path, facet, value)) }
	add("type", schema.Type)
	for _, value := range schema.Enum {
		add("enum", string(value.Raw))
	}
	if schema.Default != nil {
		add("default", string(schema.Default.Raw))
	}
	if schema.XListType != nil {
		add("listType", *schema.XListType)
	}
	for _, key := range schema.XListMapKeys {
		add("listMapKey", key)
	}
	for facet, limit := range map[string]*int64{
		"minLength": schema.MinLength, "maxLength": schema.MaxLength,
		"minItems": schema.MinItems, "maxItems": schema.MaxItems,
		"minProperties": schema.MinProperties, "maxProperties": schema.MaxProperties,
	} {
		if limit != nil {
			add(facet, *limit)
		}
	}
	if schema.Minimum != nil {
		add("minimum", *schema.Minimum)
	}
	if schema.Maximum != nil {
		add("maximum", *schema.Maximum)
	}
	if schema.Format != "" {
		add("format", schema.Format)
	}
	if schema.Pattern != "" {
		add("pattern", schema.Pattern)
	}
	for _, rule := range schema.XValidations {
		add("rule", rule.Rule)
	}
	for name := range schema.Properties {
		child := schema.Properties[name]
		lines = append(lines, describe(path+"."+name, &child)...)
		if slices.Contains(schema.Required, name) {
			lines = append(lines, path+"."+name+" required true")
		}
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		lines = append(lines, describe(path+"[]", schema.Items.Schema)...)
	}
	if schema.AdditionalProperties != nil && schema.AdditionalProperties.Schema != nil {
		lines = append(lines, describe(path+"{}", schema.AdditionalProperties.Schema)...)
	}
	return lines
}

func readCRDs(t *testing.T) []apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "config", "crd", "bases", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("found %v: %v", files, err)
	}
	crds := make([]apiextensionsv1.CustomResourceDefinition, len(files))
	for i, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // A file of this repository.
		if err == nil {
			err = yaml.UnmarshalStrict(bytes.TrimSpace(text), &crds[i])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return crds
}
