// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"bytes"
	"compress/gzip"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// chartFile is the name of the packaged chart.
var chartFile = "juju-secrets-operator-" + strings.TrimPrefix(version, "v") + ".tgz"

func TestReleaseFilesHaveChecksums(t *testing.T) {
	dir := filepath.Dir(releaseFile(t, "checksums.txt"))
	check := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", "checksums.txt")
	check.Dir = dir
	if output, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, output)
	}
	var listed, there []string
	for line := range strings.Lines(string(read(t, filepath.Join(dir, "checksums.txt")))) {
		listed = append(listed, strings.Fields(line)[1])
	}
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, entry := range entries {
		if entry.Name() != "checksums.txt" {
			there = append(there, entry.Name())
		}
	}
	want := []string{"install.yaml", chartFile, "juju-secrets-operator-" + version + ".oci.tar"}
	for architecture := range machines {
		want = append(want, billFile(architecture))
	}
	for _, names := range [][]string{want, listed, there} {
		slices.Sort(names)
	}
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Errorf("checksums.txt lists other files (-want +listed):\n%s", diff)
	}
	if diff := cmp.Diff(want, there); diff != "" {
		t.Errorf("the release has other files (-want +present):\n%s", diff)
	}
}

func TestReleaseIsReproducible(t *testing.T) {
	first := read(t, releaseFile(t, "checksums.txt"))
	dir, err := makeRelease(t.Context(), "again")
	must(t, err)
	if diff := cmp.Diff(string(first), string(read(t, filepath.Join(dir, "checksums.txt")))); diff != "" {
		t.Errorf("a second build of the same commit differs (-first +second):\n%s", diff)
	}
}

// Without a registry in the image name, an installed release could not pull its
// image.
func TestReleaseRequiresImageRegistry(t *testing.T) {
	t.Parallel()
	_, err := makeReleaseOf(t.Context(), "nowhere", "v9.8.7", "juju-secrets-operator")
	if err == nil || !strings.Contains(err.Error(), "in no registry: set IMAGE to") {
		t.Errorf("the error is %v, want it to name IMAGE", err)
	}
}

// The default image tag of the chart must be the tag of the release with the
// version of the chart.
func TestChartUsesImageOfItsRelease(t *testing.T) {
	t.Parallel()
	var chart struct{ Version, AppVersion string }
	must(t, yaml.Unmarshal(read(t, filepath.Join(root, "charts", "juju-secrets-operator", "Chart.yaml")), &chart))
	if want := "v" + chart.Version; chart.AppVersion != want {
		t.Errorf("the appVersion of the chart %s is %s, want %s", chart.Version, chart.AppVersion, want)
	}
}

// manifests returns the objects in install.yaml.
func manifests(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	text := read(t, releaseFile(t, "install.yaml"))
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), len(text))
	var objs []*unstructured.Unstructured
	for {
		obj := new(unstructured.Unstructured)
		err := decoder.Decode(obj)
		if errors.Is(err, io.EOF) {
			return objs
		}
		must(t, err)
		objs = append(objs, obj)
	}
}

// deployment returns the Deployment in install.yaml.
func deployment(t *testing.T) *appsv1.Deployment {
	t.Helper()
	for _, obj := range manifests(t) {
		if obj.GetKind() == "Deployment" {
			found := new(appsv1.Deployment)
			must(t, runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, found))
			return found
		}
	}
	t.Fatal("install.yaml has no Deployment")
	return nil
}

func TestReleaseManifestsAreValidAndNameImage(t *testing.T) {
	shared.Need(t)
	for _, obj := range manifests(t) {
		// Another field manager owns the CRDs.
		err := shared.Kubernetes.Client.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(obj),
			client.DryRunAll, client.FieldOwner("test"), client.ForceOwnership)
		if err != nil {
			t.Errorf("%s %s: %v", obj.GetKind(), obj.GetName(), err)
		}
	}
	for _, container := range deployment(t).Spec.Template.Spec.Containers {
		if want := repository + ":" + version; container.Image != want {
			t.Errorf("the container %s has the image %s, want %s", container.Name, container.Image, want)
		}
	}
}

func TestPackagedChartMatchesReleaseAndNamesImage(t *testing.T) {
	unzipped, err := gzip.NewReader(bytes.NewReader(read(t, releaseFile(t, chartFile))))
	must(t, err)
	files := map[string]string{}
	for _, file := range untar(t, unzipped) {
		files[file.header.Name] = string(file.content)
	}
	var chart struct{ Name, Version, AppVersion string }
	must(t, yaml.Unmarshal([]byte(files["juju-secrets-operator/Chart.yaml"]), &chart))
	var values struct {
		Image struct{ Repository, Tag string }
	}
	must(t, yaml.Unmarshal([]byte(files["juju-secrets-operator/values.yaml"]), &values))
	got := []string{chart.Name, chart.Version, chart.AppVersion, values.Image.Repository, values.Image.Tag}
	// Without a tag in the values, the tag is the appVersion.
	want := []string{"juju-secrets-operator", strings.TrimPrefix(version, "v"), version, repository, ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func billFile(architecture string) string {
	return "juju-secrets-operator-" + version + "-linux-" + architecture + ".cdx.json"
}

func TestBillOfMaterialsListsLinkedModules(t *testing.T) {
	for architecture, image := range readLayout(t).images(t) {
		t.Run(architecture, func(t *testing.T) {
			var bill struct {
				BOMFormat string
				Metadata  struct {
					Component struct{ Name, Version string }
				}

				Components []struct {
					Name, Version string
					Licenses      []struct{ License struct{ ID string } }
				}
			}
			must(t, json.Unmarshal(read(t, releaseFile(t, billFile(architecture))), &bill))
			if bill.BOMFormat != "CycloneDX" || bill.Metadata.Component.Name != "github.com/juju-secrets/operator" ||
				bill.Metadata.Component.Version != version {
				t.Errorf("the bill of materials has the format %s and describes %+v", bill.BOMFormat, bill.Metadata.Component)
			}
			versions, licenses := map[string]string{}, map[string]string{}
			for _, component := range bill.Components {
				versions[component.Name] = component.Version
				if len(component.Licenses) > 0 {
					licenses[component.Name] = component.Licenses[0].License.ID
				}
			}
			if got := licenses["github.com/juju/juju"]; got != "AGPL-3.0-only" {
				t.Errorf("the license of Juju's client is %q, want AGPL-3.0-only", got)
			}
			for _, path := range []string{"github.com/juju/juju", "sigs.k8s.io/controller-runtime"} {
				if want := requiredVersion(t, path); versions[path] != want {
					t.Errorf("the version of %s is %q, want %s as in go.mod", path, versions[path], want)
				}
			}
			info, err := buildinfo.Read(bytes.NewReader(image.file(t, "manager")))
			must(t, err)
			want := map[string]string{"std": info.GoVersion}
			for _, module := range info.Deps {
				if module.Replace != nil {
					module = module.Replace
				}
				want[module.Path] = module.Version
			}
			if diff := cmp.Diff(want, versions); diff != "" {
				t.Errorf("the bill of materials lists other modules (-linked +listed):\n%s", diff)
			}
		})
	}
}

// requiredVersion returns the version of a module that go.mod requires.
func requiredVersion(t *testing.T, path string) string {
	t.Helper()
	line := regexp.MustCompile(`(?m)^\t` + regexp.QuoteMeta(path) + ` (v\S+)`)
	found := line.FindSubmatch(read(t, filepath.Join(root, "go.mod")))
	if found == nil {
		t.Fatalf("go.mod does not require %s", path)
	}
	return string(found[1])
}
