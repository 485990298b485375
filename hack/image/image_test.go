// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// fixture is a folder with a licence file and with programs, all of them plain
// text.
type fixture struct {
	*testing.T

	dir string
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	t.Setenv("DOCKER_CONFIG", t.TempDir()) // Use no login of the user who runs the test.
	s := fixture{t, t.TempDir()}
	for _, name := range []string{"LICENSE", "amd64", "arm64"} {
		s.write(name, "this is "+name)
	}
	return s
}

func (s fixture) write(name, content string) {
	s.Helper()
	s.must(os.WriteFile(s.path(name), []byte(content), 0o600))
}

func (s fixture) read(name string) []byte {
	s.Helper()
	content, err := os.ReadFile(s.path(name))
	s.must(err)
	return content
}

func (s fixture) path(name string) string { return filepath.Join(s.dir, name) }

func (s fixture) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// image runs the program and returns its output.
func (s fixture) image(args ...string) (string, error) {
	var out strings.Builder
	err := run(s.Context(), args, &out)
	return strings.TrimSpace(out.String()), err
}

// build builds the image of two platforms and returns its digest.
func (s fixture) build(tarName string) string {
	s.Helper()
	digest, err := s.image("build", "-version=v1.2.3", "-revision=c0ffee",
		"-license="+s.path("LICENSE"), "-o="+s.path(tarName),
		"linux/amd64="+s.path("amd64"), "linux/arm64="+s.path("arm64"))
	s.must(err)
	return digest
}

func TestBuildIsReproducible(t *testing.T) {
	s := newFixture(t)
	first, second := s.build("1.oci.tar"), s.build("2.oci.tar")
	if first != second || !bytes.Equal(s.read("1.oci.tar"), s.read("2.oci.tar")) {
		t.Errorf("the same input has the digests %s and %s, or the files differ", first, second)
	}
	s.write("arm64", "another program")
	if third := s.build("3.oci.tar"); third == first {
		t.Error("another program has the same digest")
	}
}

// serve starts a registry on loopback and returns its address.
func (s fixture) serve() string {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	s.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func TestPushKeepsDigestAndFiles(t *testing.T) {
	s := newFixture(t)
	built := s.build("image.oci.tar")
	reference := s.serve() + "/team/operator:v1.2.3"
	pushed, err := s.image("push", s.path("image.oci.tar"), reference)
	s.must(err)
	if want := strings.TrimSuffix(reference, ":v1.2.3") + "@" + built; pushed != want {
		t.Errorf("pushed %s, want %s", pushed, want)
	}
	for _, text := range []string{reference, pushed} {
		target, err := name.ParseReference(text)
		s.must(err)
		index, err := remote.Index(target, remote.WithContext(t.Context()))
		s.must(err)
		s.must(validate.Index(index))
		digest, err := index.Digest()
		s.must(err)
		if digest.String() != built {
			t.Errorf("%s is %s, want %s", text, digest, built)
		}
	}
	target, err := name.ParseReference(reference)
	s.must(err)
	for _, architecture := range []string{"amd64", "arm64"} {
		image, err := remote.Image(target, remote.WithContext(t.Context()),
			remote.WithPlatform(v1.Platform{OS: "linux", Architecture: architecture}))
		s.must(err)
		want := map[string]string{"LICENSE": "this is LICENSE", "manager": "this is " + architecture}
		if diff := cmp.Diff(want, s.files(image)); diff != "" {
			t.Errorf("wrong files in the image for %s (-want +got):\n%s", architecture, diff)
		}
	}
}

// files returns the files of an image by name.
func (s fixture) files(image v1.Image) map[string]string {
	s.Helper()
	layers, err := image.Layers()
	s.must(err)
	files := map[string]string{}
	for _, layer := range layers {
		content, err := layer.Uncompressed()
		s.must(err)
		packed := tar.NewReader(content)
		for {
			header, err := packed.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			s.must(err)
			text, err := io.ReadAll(packed)
			s.must(err)
			files[header.Name] = string(text)
		}
	}
	return files
}

func TestDockerWritesRequestedPlatform(t *testing.T) {
	s := newFixture(t)
	s.build("image.oci.tar")
	_, err := s.image("docker", "-platform=linux/arm64", "-o="+s.path("docker.tar"),
		s.path("image.oci.tar"), "operator:v1.2.3")
	s.must(err)
	tag, err := name.NewTag("operator:v1.2.3")
	s.must(err)
	image, err := tarball.ImageFromPath(s.path("docker.tar"), &tag)
	s.must(err)
	if got := s.files(image)["manager"]; got != "this is arm64" {
		t.Errorf("the program is %q", got)
	}
	config, err := image.ConfigFile()
	s.must(err)
	if config.Architecture != "arm64" || config.Config.User != user {
		t.Errorf("the image is for %s and runs as %s", config.Architecture, config.Config.User)
	}
}

func TestInvalidInputFails(t *testing.T) {
	s := newFixture(t)
	s.build("image.oci.tar")
	whole := string(s.read("image.oci.tar"))
	s.write("cut.oci.tar", whole[:len(whole)/2])
	s.write("changed.oci.tar", strings.Replace(whole, `"architecture":"amd64"`, `"architecture":"amd46"`, 1))
	license, tar, nowhere := "-license="+s.path("LICENSE"), s.path("image.oci.tar"), s.serve()+"/team/operator"
	for name, row := range map[string]struct {
		args []string
		want string
	}{
		"no command":               {nil, "want build"},
		"unknown command":          {[]string{"pull"}, "want build"},
		"no program":               {[]string{"build", license, "-o=" + s.path("none.tar")}, "no program"},
		"program without platform": {[]string{"build", license, s.path("amd64")}, "PLATFORM=FILE"},
		"incomplete platform":      {[]string{"build", license, "linux=" + s.path("amd64")}, "no platform"},
		"truncated tar":            {[]string{"push", s.path("cut.oci.tar"), nowhere + ":v1"}, "cut.oci.tar"},
		"changed tar":              {[]string{"push", s.path("changed.oci.tar"), nowhere + ":v1"}, "is damaged"},
		"invalid image name":       {[]string{"push", tar, "Not A Name"}, "could not parse reference"},
		"image without a tag":      {[]string{"push", tar, nowhere}, "could not parse reference"},
		"platform not built":       {[]string{"docker", "-platform=linux/riscv64", tar, "operator:v1"}, "linux/riscv64"},
		"missing output folder": {
			[]string{"docker", "-platform=linux/amd64", "-o=" + s.path("none/of.tar"), tar, "operator:v1"}, "none",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := s.image(row.args...); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("the error is %v, want it to contain %q", err, row.want)
			}
		})
	}
	left, err := filepath.Glob(s.path(".*"))
	s.must(err)
	if len(left) > 0 {
		t.Errorf("temporary files remain: %s", left)
	}
}

// chart packs one file as Helm does.
func (s fixture) chart(tgzName string, when time.Time, owner string) {
	s.Helper()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	zipped.Comment, zipped.Extra, zipped.ModTime = "Helm", []byte("magic"), when
	writer := tar.NewWriter(zipped)
	content := "name: operator"
	s.must(writer.WriteHeader(&tar.Header{
		Name: "operator/Chart.yaml", Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(content)),
		Uname: owner, ModTime: when,
	}))
	_, err := fmt.Fprint(writer, content)
	s.must(errors.Join(err, writer.Close(), zipped.Close()))
	s.write(tgzName, packed.String())
}

func TestRepackRemovesTimeAndOwner(t *testing.T) {
	s := newFixture(t)
	s.chart("1.tgz", time.Unix(1_500_000_000, 0), "me")
	s.chart("2.tgz", time.Unix(1_600_000_000, 0), "you")
	for _, name := range []string{"1.tgz", "2.tgz"} {
		_, err := s.image("repack", s.path(name))
		s.must(err)
	}
	if !bytes.Equal(s.read("1.tgz"), s.read("2.tgz")) {
		t.Error("the same chart has two different archives")
	}
	zipped, err := gzip.NewReader(bytes.NewReader(s.read("1.tgz")))
	s.must(err)
	if zipped.Comment != "Helm" || string(zipped.Extra) != "magic" {
		t.Errorf("Helm's comment and extra field are %q, %q", zipped.Comment, zipped.Extra)
	}
	packed := tar.NewReader(zipped)
	header, err := packed.Next()
	s.must(err)
	content, err := io.ReadAll(packed)
	s.must(err)
	if header.Name != "operator/Chart.yaml" || string(content) != "name: operator" {
		t.Errorf("%s is %q", header.Name, content)
	}
}
