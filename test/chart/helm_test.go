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
	// release is what the README calls it, and the operator's own namespace.
	release = "juju-secrets-operator"
	own     = "juju-secrets"
	// closed is an address at which nobody listens, for a proxy to the network.
	closed = "http://127.0.0.1:9"
)

// current is the path of the chart, previous of the one before.
var (
	current  = filepath.Join(root, "charts", "juju-secrets-operator")
	previous = filepath.Join("testdata", "previous")
)

// run runs a program that an environment variable names.
func run(ctx context.Context, variable string, args ...string) (string, error) {
	program := os.Getenv(variable)
	if program == "" {
		return "", fmt.Errorf("%s is not set: run this through the Makefile, which builds the program and sets it", variable)
	}
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // Our own programs.
	// The API server is on the loopback interface, which no proxy is asked for.
	cmd.Env = append(os.Environ(), "HOME="+home, "KUBECONFIG="+kubernetes.Kubeconfig, "HTTP_PROXY="+closed, "HTTPS_PROXY="+closed,
		"HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s %s: %w: %s", variable, strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String(), nil
}

// helm runs Helm, which has to succeed, and returns what it prints.
func helm(t *testing.T, args ...string) string {
	t.Helper()
	printed, err := run(t.Context(), "HELM", args...)
	if err != nil {
		t.Fatal(err)
	}
	return printed
}

// rendered is what Helm makes of the chart without a cluster.
func rendered(t *testing.T, args ...string) []*unstructured.Unstructured {
	t.Helper()
	return objects(t, helm(t, append([]string{"template", release, current, "--namespace", own}, args...)...))
}

// objects reads manifests.
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

// find is the one object of a kind.
func find(t *testing.T, objs []*unstructured.Unstructured, kind string) *unstructured.Unstructured {
	t.Helper()
	var found *unstructured.Unstructured
	for _, obj := range objs {
		if obj.GetKind() == kind {
			if found != nil {
				t.Fatalf("there is more than one %s", kind)
			}
			found = obj
		}
	}
	if found == nil {
		t.Fatalf("there is no %s", kind)
	}
	return found
}

// values writes a file of values, and returns the option that names it.
func values(t *testing.T, of map[string]any) string {
	t.Helper()
	text, err := yaml.Marshal(of)
	path := filepath.Join(t.TempDir(), "values.yaml")
	if err = errors.Join(err, os.WriteFile(path, text, 0o600)); err != nil {
		t.Fatal(err)
	}
	return "--values=" + path
}

// path is a file of this repository.
func path(parts ...string) string { return filepath.Join(append([]string{root}, parts...)...) }

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path) //nolint:gosec // A file of this repository.
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
