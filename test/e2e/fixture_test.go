// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package e2e tests the operator as users run it: the manager's binary with its
// deployed roles, a real Kubernetes API server and a real Juju API server. The
// tests read the secrets in Juju with Juju's own client. Each test has its own
// namespace and model, so the tests run in parallel.
package e2e

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/servers"
)

// shared holds the servers, the operator and the ClusterJujuController default,
// which most tests use.
var shared = env.New(env.Options{
	Options:   servers.Options{Root: env.Root, Juju: 1, Operator: true},
	Prepare:   func(ctx context.Context, e *env.Environment) error { return e.Connect(ctx, "default") },
	Forbidden: leaks,
})

func TestMain(m *testing.M) { os.Exit(shared.Main(m)) }

// fixture holds the tenant namespace and the model of one test.
type fixture struct{ *env.Fixture }

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{shared.NewTenant(t)}
	t.Cleanup(f.checkNothingLeaked) // Before the namespace and its events are deleted.
	return f
}

// awaitNotInJuju waits until Juju does not hold the secret. Other secrets may
// appear meanwhile.
func (f *fixture) awaitNotInJuju(id string) {
	f.Helper()
	f.Await(func() string {
		if slices.ContainsFunc(f.InJuju(), func(secret servers.UserSecret) bool { return secret.ID == id }) {
			return "Juju still holds the secret " + id
		}
		return ""
	})
}

// awaitFound waits until reports is true for the status of a controller object.
func (f *fixture) awaitFound(
	obj v1alpha1.ControllerObject, what string, reports func(*v1alpha1.JujuControllerStatus) bool,
) {
	f.Helper()
	f.Await(func() string {
		if f.Refresh(obj); reports(obj.GetStatus()) {
			return ""
		}
		found := obj.GetStatus().DeepCopy()
		for i := range found.Conditions {
			found.Conditions[i].LastTransitionTime = metav1.Time{}
		}
		text, _ := yaml.Marshal(found)
		return fmt.Sprintf("the status of %s does not report %s:\n%s", obj.GetName(), what, text)
	})
}
