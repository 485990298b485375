// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// facts holds the hardware and the versions, which a reader needs to compare
// figures.
type facts struct {
	Processor, Memory, System            string
	Golang, Kubernetes, Juju, OperatorAt string
}

func gatherFacts(ctx context.Context, s *site) (facts, error) {
	kubernetes, err := s.kubernetesVersion()
	if err != nil {
		return facts{}, err
	}
	juju, err := s.jujuVersion(ctx)
	if err != nil {
		return facts{}, err
	}
	memory, _ := strconv.Atoi(strings.TrimSuffix(lineOf("/proc/meminfo", "MemTotal:"), " kB"))
	return facts{
		Processor: fmt.Sprintf("%s, %d cores", lineOf("/proc/cpuinfo", "model name\t:"), runtime.NumCPU()),
		Memory:    fmt.Sprintf("%d GiB", (memory+1<<19)>>20),
		System: fmt.Sprintf("%s, Linux %s", strings.Trim(lineOf("/etc/os-release", "PRETTY_NAME="), `"`),
			lineOf("/proc/sys/kernel/osrelease", "")),
		Golang: runtime.Version(), Kubernetes: kubernetes, Juju: juju, OperatorAt: commit(ctx),
	}, nil
}

// kubernetesVersion returns the version of the API server's binary, because a
// binary built as a Go module does not know its version. Otherwise it returns
// the version that the API server reports.
func (s *site) kubernetesVersion() (string, error) {
	if info, err := buildinfo.ReadFile(filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), "kube-apiserver")); err == nil &&
		info.Main.Path == "k8s.io/kubernetes" && strings.HasPrefix(info.Main.Version, "v") {
		return info.Main.Version, nil
	}
	client, err := discovery.NewDiscoveryClientForConfig(s.kube.Config)
	if err != nil {
		return "", err
	}
	version, err := client.ServerVersion()
	if err != nil {
		return "", err
	}
	return version.GitVersion, nil
}

// jujuVersion returns the version of Juju that the operator found.
func (s *site) jujuVersion(ctx context.Context) (string, error) {
	var obj v1alpha1.ClusterJujuController
	err := s.kube.Client.Get(ctx, client.ObjectKey{Name: controller}, &obj)
	return obj.Status.Version, err
}

// lineOf returns the rest of the first line with a prefix in a file, or
// "unknown", for example on other systems than Linux.
func lineOf(path, beginning string) string {
	text, _ := os.ReadFile(path) //nolint:gosec // The paths are constants.
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, beginning); ok {
			return strings.TrimSpace(rest)
		}
	}
	return "unknown"
}

// commit returns the commit that is checked out, and whether files differ from
// it.
func commit(ctx context.Context) string {
	text, err := exec.CommandContext(ctx, "git", "describe", "--always", "--abbrev=12", "--dirty= with changes").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}
