// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package image tests what is handed out: it makes a release as make release does, looks into every file of it, and runs the operator
// from the image, confined as Kubernetes would, with the manifests of the release, on a real Kubernetes API server and a real
// Juju API server. The image is read here by what its format says, and not by the library that wrote it.
//
// The release and the servers are made once, when a test first needs them.
package image

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/juju-secrets/operator/test/servers"
)

const (
	root = "../.."
	// version is that of the release. As a preview it may be of a tree with changes.
	version = "v9.8.7-test.1"
	// place is where the image is said to be.
	place = "registry.example.com/team/operator"
)

// site is what tests share.
type site struct {
	// dir has everything in it.
	dir        string
	kubernetes *servers.Kubernetes
	juju       *servers.Juju
}

var shared site

func TestMain(m *testing.M) {
	runConfined()
	os.Exit(func() int {
		var err error
		if shared.dir, err = os.MkdirTemp("", "image-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
		go func() {
			<-signals
			_ = shared.stop()
			os.Exit(1)
		}()
		code := m.Run()
		if err := shared.stop(); err != nil {
			fmt.Fprintln(os.Stderr, "cannot stop the servers in order:", err)
			return 1
		}
		return code
	}())
}

func (s *site) stop() error {
	var errs []error
	if s.juju != nil {
		errs = append(errs, s.juju.Stop())
	}
	if s.kubernetes != nil {
		errs = append(errs, s.kubernetes.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// started starts the servers.
var started = sync.OnceValue(func() error {
	var parts errgroup.Group
	parts.Go(func() (err error) {
		shared.kubernetes, err = servers.StartKubernetes(context.Background(), root, shared.dir)
		return err
	})
	parts.Go(func() (err error) {
		shared.juju, err = servers.StartJuju(context.Background(), shared.dir)
		return err
	})
	return parts.Wait()
})

func startServers(t *testing.T) (*servers.Kubernetes, *servers.Juju) {
	t.Helper()
	must(t, started())
	return shared.kubernetes, shared.juju
}

// made makes the release, and returns its folder.
var made = sync.OnceValues(func() (string, error) { return makeRelease(context.Background(), "release") })

// releaseFile is the path of a file of the release.
func releaseFile(t *testing.T, name string) string {
	t.Helper()
	dir, err := made()
	must(t, err)
	return filepath.Join(dir, name)
}

// makeRelease makes the release in a folder of its own, from the source alone, and returns it.
func makeRelease(ctx context.Context, name string) (string, error) {
	return makeReleaseOf(ctx, name, version, place)
}

func makeReleaseOf(ctx context.Context, name, version, image string) (string, error) {
	dist := filepath.Join(shared.dir, name)
	//nolint:gosec // Our own Makefile.
	command := exec.CommandContext(ctx, "make", "-C", root, "--no-print-directory", "release",
		"VERSION="+version, "IMAGE="+image, "DIST="+dist, "IMAGE_BIN="+dist+"-bin")
	// This one is told nothing by a make that runs the tests.
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
	content, err := os.ReadFile(path) //nolint:gosec // A file of this repository, or of our own making.
	must(t, err)
	return content
}
