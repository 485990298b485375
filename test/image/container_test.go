// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// writeProgram writes what is run at once. While it is open no other test may start a program: that would have it open for a moment,
// too, and nobody could run it.
func writeProgram(path, text string) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(path, []byte(text), 0o755) //nolint:gosec // To be run.
}

// container runs hack/container.sh where there are these tools and nothing else, each of which prints its arguments.
func container(t *testing.T, tools map[string]string, environment ...string) (string, error) {
	t.Helper()
	bin := t.TempDir()
	for name, script := range tools {
		must(t, writeProgram(filepath.Join(bin, name), "#!/bin/sh\n"+script+"\n"))
	}
	command := exec.CommandContext(t.Context(), "./hack/container.sh")
	command.Dir = root
	command.Env = append([]string{"PATH=" + bin, "IMG=operator:test", "VERSION=v1.2.3", "REVISION=c0ffee"}, environment...)
	output, err := command.CombinedOutput()
	return strings.TrimSpace(string(output)), err
}

func TestTheImageIsBuiltWithTheToolThatThereIs(t *testing.T) {
	t.Parallel()
	prints := func(names ...string) map[string]string {
		tools := map[string]string{}
		for _, name := range names {
			tools[name] = "echo " + name + ` "$@"`
		}
		return tools
	}
	const arguments, both = " --build-arg VERSION=v1.2.3 --build-arg REVISION=c0ffee ", "linux/amd64,linux/arm64"
	for name, row := range map[string]struct {
		tools       map[string]string
		environment []string
		want        string
	}{
		"docker":                     {prints("docker"), nil, "docker build" + arguments + "--tag operator:test ."},
		"podman":                     {prints("podman"), nil, "podman build" + arguments + "--tag operator:test ."},
		"buildah":                    {prints("buildah"), nil, "buildah build" + arguments + "--tag operator:test ."},
		"the first of several":       {prints("buildah", "podman", "docker"), nil, "docker build" + arguments + "--tag operator:test ."},
		"the one that was asked for": {prints("buildah", "docker"), []string{"CONTAINER_TOOL=buildah"}, "buildah build" + arguments + "--tag operator:test ."},
		"docker, another platform":   {prints("docker"), []string{"PLATFORMS=linux/arm64"}, "docker build" + arguments + "--platform linux/arm64 --tag operator:test ."},
		"docker, several platforms":  {prints("docker"), []string{"PLATFORMS=" + both}, "docker buildx build" + arguments + "--platform " + both + " --tag operator:test ."},
		"podman, several platforms":  {prints("podman"), []string{"PLATFORMS=" + both}, "podman build" + arguments + "--platform " + both + " --manifest operator:test ."},
		"a choice that is empty":     {prints("podman"), []string{"CONTAINER_TOOL="}, "podman build" + arguments + "--tag operator:test ."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := container(t, row.tools, row.environment...)
			if err != nil || got != row.want {
				t.Errorf("got %q, %v, want %q", got, err, row.want)
			}
		})
	}
}

func TestWhereNoToolBuildsAnImageTheWayWithoutIsNamed(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		tools map[string]string
		want  []string
	}{
		"there is none":   {nil, []string{"none of docker, podman and buildah", "make image-oci"}},
		"it cannot build": {map[string]string{"docker": "echo no daemon; exit 1"}, []string{"no daemon", "docker could not", "make image-oci"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := container(t, row.tools)
			if err == nil {
				t.Error("it ended as if there were an image")
			}
			for _, part := range row.want {
				if !strings.Contains(got, part) {
					t.Errorf("%q is not in %q", part, got)
				}
			}
		})
	}
}

// Docker sees what .dockerignore lets it see, and compiles what the Dockerfile copies.
func TestDockerHasEveryPackageThatTheManagerIsMadeOf(t *testing.T) {
	t.Parallel()
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{if .Main}}{{$.Dir}}{{end}}{{end}}", "./cmd/manager")
	list.Dir = root
	dirs, err := list.Output()
	must(t, err)
	home, err := filepath.Abs(root)
	must(t, err)
	dockerfile, ignored := string(read(t, filepath.Join(root, "Dockerfile"))), string(read(t, filepath.Join(root, ".dockerignore")))
	folders := 0
	for dir := range strings.FieldsSeq(string(dirs)) {
		folder, err := filepath.Rel(home, dir)
		must(t, err)
		top, _, _ := strings.Cut(filepath.ToSlash(folder), "/")
		folders++
		if !regexp.MustCompile(`(?m)^!`+top+`$`).MatchString(ignored) || !strings.Contains(dockerfile, "\nCOPY "+top+"/ "+top+"/\n") {
			t.Errorf("%s is left out of the image", folder)
		}
	}
	if folders < 5 {
		t.Errorf("the manager is made of %d packages", folders)
	}
}
