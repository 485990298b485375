// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package image tests the release. It builds a release like make release, and
// checks each file. It runs the operator from the image with the manifests of
// the release, confined as in Kubernetes, on a real Kubernetes API server and a
// real Juju API server. The tests read the image according to its format,
// without the library that wrote it.
//
// The release is built and the servers are started once, when a test first
// needs them.
package image

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/servers"
)

const (
	root = env.Root
	// version is the version of the release. It is a preview, so that the
	// release can contain uncommitted changes.
	version = "v9.8.7-test.1"
	// repository is the image name in the release, with its registry.
	repository = "registry.example.com/team/operator"
)

// shared starts the servers when a test first needs them. Its folder contains
// the releases.
var shared = env.New(env.Options{Options: servers.Options{Root: root, Juju: 1}, Lazy: true})

func TestMain(m *testing.M) {
	runConfined()
	os.Exit(shared.Main(m))
}

// builtRelease builds the release once, and returns its folder.
var builtRelease = sync.OnceValues(func() (string, error) { return makeRelease(context.Background(), "release") })

// releaseFile returns the path of a file of the release.
func releaseFile(t *testing.T, name string) string {
	t.Helper()
	dir, err := builtRelease()
	must(t, err)
	return filepath.Join(dir, name)
}

// makeRelease builds the release in a separate folder, from the source alone,
// and returns the folder.
func makeRelease(ctx context.Context, name string) (string, error) {
	return makeReleaseOf(ctx, name, version, repository)
}

func makeReleaseOf(ctx context.Context, name, version, image string) (string, error) {
	dist := filepath.Join(shared.Dir, name)
	//nolint:gosec // The Makefile of this repository.
	command := exec.CommandContext(ctx, "make", "-C", root, "--no-print-directory", "release",
		"VERSION="+version, "IMAGE="+image, "DIST="+dist, "IMAGE_BIN="+dist+"-bin")
	// Remove the settings of the make that runs the tests.
	command.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "MAKE") || strings.HasPrefix(variable, "MFLAGS")
	})
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("make release: %w: %s", err, output)
	}
	return dist, nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path) //nolint:gosec // A file of this repository or of the test.
	must(t, err)
	return content
}
