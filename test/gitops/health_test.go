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

// health is the health of an object according to both tools.
type health struct {
	Flux status.Status
	// ArgoCD is the health status that Argo CD displays.
	ArgoCD string
}

// The expected health of objects.
var (
	healthy     = health{status.CurrentStatus, "Healthy"}
	progressing = health{status.InProgressStatus, "Progressing"}
	degraded    = health{status.FailedStatus, "Degraded"}
	// Flux has no status for suspended objects. It reports whether the requested
	// state was reached, and the operator does not know that.
	suspended   = health{status.InProgressStatus, "Suspended"}
	terminating = health{status.TerminatingStatus, "Progressing"}
)

// settings is the Argo CD configuration that the documentation recommends.
var settings = filepath.Join(root, "config", "argocd", "argocd-cm.yaml")

// healthOf returns the health of objects according to both tools.
func healthOf(t *testing.T, objs ...*unstructured.Unstructured) []health {
	t.Helper()
	var healths []struct{ Status, Message string }
	argoCD(t, objs, &healths, "health", "-settings", settings)
	results := make([]health, len(objs))
	for i, obj := range objs {
		result, err := status.Compute(obj)
		if err != nil {
			t.Fatal(err)
		}
		results[i] = health{result.Status, healths[i].Status}
		if healths[i].Message == "" {
			t.Errorf("Argo CD reports no message for %s %s", obj.GetKind(), obj.GetName())
		}
	}
	return results
}

// argoCD passes an input to the Argo CD program, and decodes its answer.
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

// run runs a program, which must succeed, and returns its output.
func run(t *testing.T, in []byte, program string, args ...string) []byte {
	t.Helper()
	out, err := tryRun(t, in, program, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tryRun(t *testing.T, in []byte, program string, args ...string) ([]byte, error) {
	t.Helper()
	var out, problems bytes.Buffer
	command := exec.CommandContext(t.Context(), program, args...) //nolint:gosec // The Makefile built the program.
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(in), &out, &problems
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("%s %v: %w\n%s%s", filepath.Base(program), args, err, out.String(), problems.String())
	}
	return out.Bytes(), nil
}
