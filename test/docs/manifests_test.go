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

	"github.com/juju-secrets/operator/test/gen"
)

// fileName is the first line of a manifest that is a file for the commands that follow.
var fileName = regexp.MustCompile(`^# ([a-z0-9-]+\.yaml)\n`)

// A manifest that a reader copies has to work, so every one in the samples and in the documentation is sent to the API server.
func TestEveryManifestIsAccepted(t *testing.T) {
	needServers(t)
	installForeignKinds(t)
	manifests := 0
	for at, text := range manifestTexts(t) {
		objs, err := decode(text)
		if err != nil {
			t.Errorf("%s: %v", at, err)
		}
		for _, obj := range objs {
			if obj.GetAPIVersion() == "" {
				continue // Values of a chart, or the settings of some tool.
			}
			manifests++
			if err := dryRun(t, obj); err != nil {
				t.Errorf("%s: %s %s: %v", at, obj.GetKind(), obj.GetName(), err)
			}
		}
	}
	if manifests < 30 {
		t.Errorf("found only %d manifests", manifests)
	}
}

// dryRun asks the API server what it would say to a manifest. An apply, unlike a create, fails on a field that the schema does not
// know.
func dryRun(t *testing.T, obj *unstructured.Unstructured) error {
	t.Helper()
	kube := kubernetes.Client
	if ns := obj.GetNamespace(); ns != "" {
		if err := kube.Create(t.Context(), gen.Namespace(ns, nil)); err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	return kube.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(obj), client.DryRunAll, client.FieldOwner("test"),
		client.ForceOwnership)
}

// decode reads the objects in a text, and is strict about it.
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

// manifestTexts are the YAML texts of samples and documentation, by where they stand.
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

// installForeignKinds makes the API server take manifests of the projects that the documentation speaks of, and whatever their
// specs hold.
func installForeignKinds(t *testing.T) {
	t.Helper()
	options := envtest.CRDInstallOptions{MaxTime: patience}
	for _, kind := range foreignKinds {
		options.CRDs = append(options.CRDs, kind.definition())
	}
	if _, err := envtest.InstallCRDs(kubernetes.Config, options); err != nil {
		t.Fatal(err)
	}
}

func TestAManifestThatReadersCouldNotUseIsFound(t *testing.T) {
	needServers(t)
	for name, text := range map[string]string{
		"a field that there is not": "spec: {model: prod/test, vlaue: {key: value}}",
		"a key twice":               "spec: {model: prod/test, value: {key: value}, value: {key: other}}",
		"a broken rule":             "spec: {model: test, value: {key: value}}",
	} {
		t.Run(name, func(t *testing.T) {
			objs, err := decode("apiVersion: jujusecrets.io/v1alpha1\nkind: JujuSecret\nmetadata: {name: some, namespace: default}\n" + text)
			if err == nil {
				err = dryRun(t, objs[0])
			}
			if err == nil {
				t.Error("it is accepted")
			}
		})
	}
	if _, err := decode("a: 1\n---\nb: 2\n"); err != nil {
		t.Errorf("two documents are refused: %v", err)
	}
}

// Who installs the chart with the values of the page has made what they name, by the commands of the page.
func TestWhatTheValuesOfTheChartNameIsMadeOnTheirPage(t *testing.T) {
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
		for _, made := range []string{
			"kubectl -n juju-secrets create secret generic " + values.DefaultController.Credentials.ExistingSecret + " ",
			"kubectl -n " + from.Namespace + " create configmap " + from.Name + " ",
		} {
			if !strings.Contains(commands.String(), made) {
				t.Errorf("%s has no %q", p.path, made)
			}
		}
	}
}
