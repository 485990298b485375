// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// writeProgram writes a program that the test runs. No other test may start a
// process while the file is open, because that process would inherit the open
// file and the program could not be executed.
func writeProgram(path, text string) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(path, []byte(text), 0o755) //nolint:gosec // It must be executable.
}

// runContainerScript runs hack/container.sh with these tools only. In most
// tests each tool prints its arguments.
func runContainerScript(t *testing.T, tools map[string]string, environment ...string) (string, error) {
	t.Helper()
	bin := t.TempDir()
	for name, script := range tools {
		must(t, writeProgram(filepath.Join(bin, name), "#!/bin/sh\n"+script+"\n"))
	}
	command := exec.CommandContext(t.Context(), "./hack/container.sh")
	command.Dir = root
	command.Env = slices.Concat([]string{
		"PATH=" + bin, "IMG=operator:test", "VERSION=v1.2.3", "REVISION=c0ffee",
	}, environment)
	output, err := command.CombinedOutput()
	return strings.TrimSpace(string(output)), err
}

func TestImageBuildUsesAvailableContainerTool(t *testing.T) {
	t.Parallel()
	prints := func(names ...string) map[string]string {
		tools := map[string]string{}
		for _, name := range names {
			tools[name] = "echo " + name + ` "$@"`
		}
		return tools
	}
	const (
		arguments = " --build-arg VERSION=v1.2.3 --build-arg REVISION=c0ffee "
		tag       = "--tag operator:test ."
		both      = "linux/amd64,linux/arm64"
	)
	for name, row := range map[string]struct {
		tools       map[string]string
		environment []string
		want        string
	}{
		"docker":  {prints("docker"), nil, "docker build" + arguments + tag},
		"podman":  {prints("podman"), nil, "podman build" + arguments + tag},
		"buildah": {prints("buildah"), nil, "buildah build" + arguments + tag},
		"docker preferred": {
			prints("buildah", "podman", "docker"), nil, "docker build" + arguments + tag,
		},
		"requested tool": {
			prints("buildah", "docker"), []string{"CONTAINER_TOOL=buildah"}, "buildah build" + arguments + tag,
		},
		"docker, another platform": {
			prints("docker"), []string{"PLATFORMS=linux/arm64"},
			"docker build" + arguments + "--platform linux/arm64 " + tag,
		},
		"docker, several platforms": {
			prints("docker"), []string{"PLATFORMS=" + both},
			"docker buildx build" + arguments + "--platform " + both + " " + tag,
		},
		"podman, several platforms": {
			prints("podman"), []string{"PLATFORMS=" + both},
			"podman build" + arguments + "--platform " + both + " --manifest operator:test .",
		},
		"empty CONTAINER_TOOL": {
			prints("podman"), []string{"CONTAINER_TOOL="}, "podman build" + arguments + tag,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := runContainerScript(t, row.tools, row.environment...)
			if err != nil || got != row.want {
				t.Errorf("got %q, %v, want %q", got, err, row.want)
			}
		})
	}
}

func TestContainerToolErrorNamesAlternative(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		tools map[string]string
		want  []string
	}{
		"no tool": {nil, []string{"none of docker, podman and buildah", "make image-oci"}},
		"tool fails": {
			map[string]string{"docker": "echo no daemon; exit 1"},
			[]string{"no daemon", "docker could not", "make image-oci"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := runContainerScript(t, row.tools)
			if err == nil {
				t.Error("the script succeeded, want an error")
			}
			for _, part := range row.want {
				if !strings.Contains(got, part) {
					t.Errorf("the output is %q, want it to contain %q", got, part)
				}
			}
		})
	}
}

// .dockerignore must include, and the Dockerfile must copy, each folder with a
// package of the manager.
func TestDockerfileCopiesAllPackagesOfManager(t *testing.T) {
	t.Parallel()
	const directoryOfMainModule = "{{with .Module}}{{if .Main}}{{$.Dir}}{{end}}{{end}}"
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", directoryOfMainModule, "./cmd/manager")
	list.Dir = root
	dirs, err := list.Output()
	must(t, err)
	home, err := filepath.Abs(root)
	must(t, err)
	dockerfile := string(read(t, filepath.Join(root, "Dockerfile")))
	ignored := string(read(t, filepath.Join(root, ".dockerignore")))
	folders := 0
	for dir := range strings.FieldsSeq(string(dirs)) {
		folder, err := filepath.Rel(home, dir)
		must(t, err)
		top, _, _ := strings.Cut(filepath.ToSlash(folder), "/")
		folders++
		visible := regexp.MustCompile(`(?m)^!` + top + `$`).MatchString(ignored)
		if !visible || !strings.Contains(dockerfile, "\nCOPY "+top+"/ "+top+"/\n") {
			t.Errorf("the Dockerfile does not copy %s", folder)
		}
	}
	if folders < 5 {
		t.Errorf("the manager has %d packages, want at least 5", folders)
	}
}
