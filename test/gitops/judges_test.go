// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// verdict is what the tools say of an object.
type verdict struct {
	Flux status.Status
	// ArgoCD is the word that it shows.
	ArgoCD string
}

// What a person expects them to say.
var (
	well    = verdict{status.CurrentStatus, "Healthy"}
	waiting = verdict{status.InProgressStatus, "Progressing"}
	failed  = verdict{status.FailedStatus, "Degraded"}
	// resting and restingBefore are suspended: after everything was well, and before. Flux has no word for it, and says whether
	// what was asked for is there.
	resting       = verdict{status.CurrentStatus, "Suspended"}
	restingBefore = verdict{status.InProgressStatus, "Suspended"}
	leaving       = verdict{status.TerminatingStatus, "Progressing"}
)

// settings is what we ask people to give to Argo CD.
var settings = filepath.Join(root, "config", "argocd", "argocd-cm.yaml")

// judge asks both tools about objects.
func judge(t *testing.T, objs ...*unstructured.Unstructured) []verdict {
	t.Helper()
	var healths []struct{ Status, Message string }
	argoCD(t, objs, &healths, "health", "-settings", settings)
	verdicts := make([]verdict, len(objs))
	for i, obj := range objs {
		result, err := status.Compute(obj)
		if err != nil {
			t.Fatal(err)
		}
		verdicts[i] = verdict{result.Status, healths[i].Status}
		if healths[i].Message == "" {
			t.Errorf("Argo CD has no message for %s %s", obj.GetKind(), obj.GetName())
		}
	}
	return verdicts
}

// argoCD hands something to Argo CD and reads its answer.
func argoCD(t *testing.T, in, answer any, args ...string) {
	t.Helper()
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(run(t, text, os.Getenv("ARGOCD"), args...), answer); err != nil {
		t.Fatal(err)
	}
}

// run runs a program that has to succeed, and returns what it prints.
func run(t *testing.T, in []byte, program string, args ...string) []byte {
	t.Helper()
	out, err := try(t, in, program, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func try(t *testing.T, in []byte, program string, args ...string) ([]byte, error) {
	t.Helper()
	var out, problems bytes.Buffer
	command := exec.CommandContext(t.Context(), program, args...) //nolint:gosec // What the Makefile built.
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(in), &out, &problems
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("%s %v: %w\n%s%s", filepath.Base(program), args, err, out.String(), problems.String())
	}
	return out.Bytes(), nil
}
