// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
)

// fileName matches the first line of a manifest that is a file for the commands
// that follow.
var fileName = regexp.MustCompile(`^# ([a-z0-9-]+\.yaml)\n`)

// A manifest that a reader copies must work. The test sends each manifest of
// the samples and of the documentation to the API server.
func TestManifestsAreAccepted(t *testing.T) {
	shared.Need(t)
	installForeignKinds(t)
	manifests := 0
	for at, text := range manifestTexts(t) {
		objs, err := decode(text)
		if err != nil {
			t.Errorf("%s: %v", at, err)
		}
		for _, obj := range objs {
			if obj.GetAPIVersion() == "" {
				continue // For example the values of a chart.
			}
			manifests++
			if err := dryRun(t, obj); err != nil {
				t.Errorf("%s: %s %s: %v", at, obj.GetKind(), obj.GetName(), err)
			}
		}
	}
	if manifests < 30 {
		t.Errorf("found only %d manifests, want at least 30", manifests)
	}
}

// dryRun sends a manifest to the API server as a dry run. It uses apply because
// apply, unlike create, fails on a field that is not in the schema.
func dryRun(t *testing.T, obj *unstructured.Unstructured) error {
	t.Helper()
	kube := shared.Kubernetes.Client
	if ns := obj.GetNamespace(); ns != "" {
		if err := kube.Create(t.Context(), gen.Namespace(ns, nil)); err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	return kube.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(obj), client.DryRunAll,
		client.FieldOwner("test"), client.ForceOwnership)
}

// decode parses the objects in a text strictly.
func decode(text string) ([]*unstructured.Unstructured, error) {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	var objs []*unstructured.Unstructured
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objs, nil
		}
		obj := new(unstructured.Unstructured)
		if err == nil {
			err = yaml.UnmarshalStrict(document, &obj.Object)
		}
		if err != nil {
			return nil, err
		}
		if len(obj.Object) > 0 {
			objs = append(objs, obj)
		}
	}
}

// manifestTexts returns the YAML texts of the samples and the documentation by
// their location.
func manifestTexts(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, p := range pages(t, everywhere...) {
		for _, b := range p.blocks {
			if b.language == "yaml" && !b.marked {
				texts[b.at] = b.text
			}
		}
	}
	samples, err := filepath.Glob(filepath.Join(root, "config", "samples", "*.yaml"))
	if err != nil || len(samples) == 0 {
		t.Fatalf("there are no samples: %v", err)
	}
	for _, sample := range samples {
		text, err := os.ReadFile(sample) //nolint:gosec // A file of this repository.
		if err != nil {
			t.Fatal(err)
		}
		texts[sample] = string(text)
	}
	return texts
}

// installForeignKinds installs CRDs for the manifests of other projects. The
// CRDs accept any spec.
func installForeignKinds(t *testing.T) {
	t.Helper()
	options := envtest.CRDInstallOptions{MaxTime: env.Patience}
	for _, kind := range foreignKinds {
		options.CRDs = append(options.CRDs, kind.definition())
	}
	if _, err := envtest.InstallCRDs(shared.Kubernetes.Config, options); err != nil {
		t.Fatal(err)
	}
}

func TestInvalidManifestsAreDetected(t *testing.T) {
	shared.Need(t)
	for name, text := range map[string]string{
		"unknown field":          "spec: {model: prod/test, vlaue: {key: value}}",
		"duplicate key":          "spec: {model: prod/test, value: {key: value}, value: {key: other}}",
		"failed validation rule": "spec: {model: test, value: {key: value}}",
	} {
		t.Run(name, func(t *testing.T) {
			objs, err := decode("apiVersion: jujusecrets.io/v1alpha1\nkind: JujuSecret\n" +
				"metadata: {name: some, namespace: default}\n" + text)
			if err == nil {
				err = dryRun(t, objs[0])
			}
			if err == nil {
				t.Error("the manifest is accepted, want an error")
			}
		})
	}
	if _, err := decode("a: 1\n---\nb: 2\n"); err != nil {
		t.Errorf("a file with two documents is rejected: %v", err)
	}
}

// The commands on the install page must create the objects that the chart
// values on the page reference.
func TestInstallPageCreatesObjectsOfChartValues(t *testing.T) {
	for _, p := range pages(t, "docs/how-to/install.md") {
		var values struct {
			DefaultController struct {
				CACertificateFrom struct {
					ConfigMapRef struct{ Namespace, Name string }
				}
				Credentials struct{ ExistingSecret string }
			}
		}
		var commands strings.Builder
		for _, b := range p.blocks {
			switch {
			case b.language == "sh":
				commands.WriteString(b.text)
			case strings.Contains(b.text, "defaultController:"):
				if err := yaml.Unmarshal([]byte(b.text), &values); err != nil {
					t.Fatalf("%s: %v", b.at, err)
				}
			}
		}
		from := values.DefaultController.CACertificateFrom.ConfigMapRef
		for _, command := range []string{
			"kubectl -n juju-secrets create secret generic " + values.DefaultController.Credentials.ExistingSecret + " ",
			"kubectl -n " + from.Namespace + " create configmap " + from.Name + " ",
		} {
			if !strings.Contains(commands.String(), command) {
				t.Errorf("%s lacks the command %q", p.path, command)
			}
		}
	}
}
