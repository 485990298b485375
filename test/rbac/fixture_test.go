// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rbac tests that the generated roles are exactly what the operator
// needs. With the roles the operator does all its work. Without any single verb
// on any single resource the API server denies it a request. All tests run the
// same scenario, so a rule without a use fails here.
//
// Each operator has its own service account, namespace and model. Only one
// operator runs at a time, because it may serve the whole cluster. Each test
// ends as soon as the expected request is denied, which takes less than a
// second.
package rbac

import (
	"os"
	"regexp"
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

var shared = env.New(env.Options{Options: servers.Options{Root: env.Root, Juju: 1}})

func TestMain(m *testing.M) { os.Exit(shared.Main(m)) }

// fixture holds an operator with its own service account, and the tenant
// namespace that it serves.
type fixture struct {
	*env.Fixture

	mode     mode
	operator *env.Operator
	// own is the operator's own namespace and the name of its service account.
	own string
	// controller is the controller object of the scenario.
	controller client.Object
	// metrics is the address of the metrics endpoint.
	metrics string
}

// newFixture starts an operator with exactly these roles.
func newFixture(t *testing.T, m mode, granted roles, environment ...string) *fixture {
	t.Helper()
	f := &fixture{Fixture: shared.NewTenant(t), mode: m, metrics: env.FreeAddress(t)}
	f.CleanUp = f.Clear // This operator may not have the right to release objects.
	f.own = f.AddNamespace(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "own-"}})
	f.controller = m.controller(f, credentials)
	f.After = append(f.After, f.controller)
	kubeconfig, err := f.Env.Kubernetes.Admit(f.Ctx, f.own, granted.rights(f.own, f.Namespace))
	f.Must(err)
	f.operator = f.StartOperatorIn(environment, m.name, append(m.args(f.Namespace),
		"--kubeconfig="+kubeconfig, "--operator-namespace="+f.own, "--leader-elect", "--metrics-bind-address="+f.metrics)...)
	return f
}

// localController returns a JujuController in the fixture's namespace.
func (f *fixture) localController(credentials string) client.Object {
	modify := func(c *v1alpha1.JujuController) { c.Spec.Credentials.UserPass.SecretRef.Name = credentials }
	return gen.LocalController(f.Namespace, "local", f.Juju.Addresses[0], f.Juju.CACertificate, modify)
}

// denial matches the API server's message about a denied request.
var denial = regexp.MustCompile(`User "([^"]*)" cannot (\w+ resource "[^"]*" in API group "[^"]*")`)

// denials returns the denied requests so far, each once, in the API server's
// words.
func (f *fixture) denials() map[string]bool {
	f.Helper()
	found := map[string]bool{}
	log := strings.ReplaceAll(f.operator.Log(), `\`, "") // The log escapes quotes.
	for _, match := range denial.FindAllStringSubmatch(log, -1) {
		if user := match[1]; user != servers.Username(f.own) {
			f.Fatalf("the user of the operator is %s, want %s", user, servers.Username(f.own))
		}
		found[match[2]] = true
	}
	return found
}

// lease returns the spec of the Lease for leader election.
func (f *fixture) lease() coordinationv1.LeaseSpec {
	f.Helper()
	var leases coordinationv1.LeaseList
	f.Must(f.Kube.List(f.Ctx, &leases, client.InNamespace(f.own)))
	if len(leases.Items) == 0 {
		return coordinationv1.LeaseSpec{}
	}
	return leases.Items[0].Spec // The namespace has only this Lease.
}
