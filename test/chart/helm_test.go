// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

const (
	// release is the name of the release in the README, and
	// operatorNamespace is the namespace of the operator.
	release           = "juju-secrets-operator"
	operatorNamespace = "juju-secrets"
	// closedAddress is the address of a proxy that accepts no connection, so
	// that Helm and kustomize cannot reach the network.
	closedAddress = "http://127.0.0.1:9"
)

// current is the path of the chart, and previous the path of the previous
// chart.
var (
	current  = filepath.Join(root, "charts", "juju-secrets-operator")
	previous = filepath.Join("testdata", "previous")
)

// run runs the program that an environment variable names, and returns its
// standard output.
func run(ctx context.Context, variable string, args ...string) (string, error) {
	program := os.Getenv(variable)
	if program == "" {
		return "", fmt.Errorf("%s is not set: run this test with make, which builds the program and sets the variable",
			variable)
	}
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // The Makefile built the program.
	// No proxy is used for the loopback interface, which the API server listens
	// on.
	cmd.Env = append(os.Environ(), "HOME="+shared.Dir, "KUBECONFIG="+shared.Kubernetes.Kubeconfig,
		"HTTP_PROXY="+closedAddress, "HTTPS_PROXY="+closedAddress,
		"HELM_CACHE_HOME="+shared.Dir, "HELM_CONFIG_HOME="+shared.Dir, "HELM_DATA_HOME="+shared.Dir)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s %s: %w: %s", variable, strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String(), nil
}

// helm runs Helm, which must succeed, and returns its output.
func helm(t *testing.T, args ...string) string {
	t.Helper()
	printed, err := run(t.Context(), "HELM", args...)
	if err != nil {
		t.Fatal(err)
	}
	return printed
}

// rendered returns the objects that Helm renders from the chart without a
// cluster.
func rendered(t *testing.T, args ...string) []*unstructured.Unstructured {
	t.Helper()
	template := []string{"template", release, current, "--namespace", operatorNamespace}
	return objects(t, helm(t, append(template, args...)...))
}

// objects parses manifests.
func objects(t *testing.T, text string) []*unstructured.Unstructured {
	t.Helper()
	var objs []*unstructured.Unstructured
	decoder := utilyaml.NewYAMLOrJSONDecoder(strings.NewReader(text), len(text))
	for {
		obj := new(unstructured.Unstructured)
		err := decoder.Decode(obj)
		if errors.Is(err, io.EOF) {
			return objs
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(obj.Object) > 0 {
			objs = append(objs, obj)
		}
	}
}

// find returns the only object of a kind.
func find(t *testing.T, objs []*unstructured.Unstructured, kind string) *unstructured.Unstructured {
	t.Helper()
	var found *unstructured.Unstructured
	for _, obj := range objs {
		if obj.GetKind() == kind {
			if found != nil {
				t.Fatalf("there are several objects of kind %s, want one", kind)
			}
			found = obj
		}
	}
	if found == nil {
		t.Fatalf("there is no object of kind %s", kind)
	}
	return found
}

// values writes a values file, and returns the Helm option that names it.
func values(t *testing.T, of map[string]any) string {
	t.Helper()
	text, err := yaml.Marshal(of)
	path := filepath.Join(t.TempDir(), "values.yaml")
	if err = errors.Join(err, os.WriteFile(path, text, 0o600)); err != nil {
		t.Fatal(err)
	}
	return "--values=" + path
}

// path returns the path of a file in this repository.
func path(parts ...string) string { return filepath.Join(append([]string{root}, parts...)...) }

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path) //nolint:gosec // A file of this repository.
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
