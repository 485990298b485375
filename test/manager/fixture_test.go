// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package manager tests the startup, leader election, probes and shutdown of
// the operator. It also tests the flags that select the objects that the
// operator serves.
//
// All tests share the servers and start their own operators. Most operators
// have their own class, so that tests do not affect each other.
package manager

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

var shared = env.New(env.Options{Options: servers.Options{Root: env.Root, Juju: 1}})

func TestMain(m *testing.M) { os.Exit(shared.Main(m)) }

// slots limits the number of tests that run at a time. Each test starts up to
// three operators at once.
var slots = make(chan struct{}, 5)

// fixture holds a tenant namespace, a model and a proxy for one test. The test
// starts its own operators.
type fixture struct {
	*env.Fixture

	proxy *wire.Proxy
}

// newFixture waits for a free slot.
func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{Fixture: shared.NewFixture(t)}
	f.CleanUp = f.Clear
	slots <- struct{}{}
	f.AtEnd(func() { <-slots })
	f.AddModel(f.tenantNamespace())
	f.proxy = f.StartProxy()
	return f
}

// tenantNamespace creates a tenant namespace with credentials.
func (f *fixture) tenantNamespace() string {
	f.Helper()
	ns := f.AddTenant()
	f.Create(f.login(ns, "login"))
	return ns
}

func (f *fixture) login(ns, name string) *corev1.Secret {
	return gen.Login(ns, name, f.Juju.Operator.Username, f.Juju.Operator.Password)
}

// shared creates a ClusterJujuController of a class. Its credentials are in the
// fixture's namespace.
func (f *fixture) shared(name, class string) *v1alpha1.ClusterJujuController {
	f.Helper()
	f.Create(f.login(f.Namespace, name))
	obj := gen.Controller(name, f.proxy.Address, f.proxy.CACertificate, func(c *v1alpha1.ClusterJujuController) {
		c.Spec.ControllerClass = class
		c.Spec.Credentials.UserPass.SecretRef = v1alpha1.CredentialsSecretReference{Namespace: f.Namespace, Name: name}
	})
	f.Create(obj)
	f.After = append(f.After, obj)
	return obj
}

// local creates a JujuController of a class.
func (f *fixture) local(ns, name, class string) *v1alpha1.JujuController {
	f.Helper()
	obj := gen.LocalController(ns, name, f.proxy.Address, f.proxy.CACertificate, func(c *v1alpha1.JujuController) {
		c.Spec.ControllerClass = class
		c.Spec.Credentials.UserPass.SecretRef.Name = "login"
	})
	f.Create(obj)
	return obj
}

// holding returns a secret in Juju with a password.
func holding(name, password string, revision int, apps ...string) servers.UserSecret {
	return servers.UserSecret{
		Name: name, Revision: revision, Granted: apps, Content: servers.Content(map[string]string{"password": password}),
	}
}

// made counts the requests of all operators that wrote to Juju.
func (f *fixture) made() map[string]int {
	made := map[string]int{}
	for method, times := range f.proxy.Requests() {
		for _, verb := range []string{"Create", "Update", "Remove", "Grant", "Revoke"} {
			if strings.HasPrefix(method, "Secrets."+verb) {
				made[strings.TrimPrefix(method, "Secrets.")] = times
			}
		}
	}
	return made
}

func (f *fixture) expectMade(want map[string]int) {
	f.Helper()
	if diff := cmp.Diff(want, f.made(), cmpopts.EquateEmpty()); diff != "" {
		f.Errorf("write requests to Juju (-want +got):\n%s", diff)
	}
}

// expectUntouched checks that no operator wrote to the objects since the test
// last read or created them.
func (f *fixture) expectUntouched(objs ...client.Object) {
	f.Helper()
	for _, obj := range objs {
		now := obj.DeepCopyObject().(client.Object)
		f.Refresh(now)
		if diff := cmp.Diff(obj, now); diff != "" {
			f.Errorf("an operator changed %T %s (-before +after):\n%s", obj, obj.GetName(), diff)
		}
	}
}

// leaseName returns the name of the Lease of the operators of a class.
func leaseName(class string) string {
	if class == "" {
		return "juju-secrets-operator"
	}
	return "juju-secrets-operator-" + class
}

// lease returns the Lease of the operators of a class.
func (f *fixture) lease(class string) *coordinationv1.Lease {
	lease := new(coordinationv1.Lease)
	key := client.ObjectKey{Namespace: servers.OperatorNamespace, Name: leaseName(class)}
	f.Must(client.IgnoreNotFound(f.Kube.Get(f.Ctx, key, lease)))
	return lease
}

// leader returns the holder of the Lease of a class. It is empty if there is
// none.
func (f *fixture) leader(class string) string {
	if holder := f.lease(class).Spec.HolderIdentity; holder != nil {
		return *holder
	}
	return ""
}

// awaitLeader waits until an operator other than these is the leader of a
// class.
func (f *fixture) awaitLeader(class string, others ...string) (leader string) {
	f.Helper()
	f.Await(func() string {
		if leader = f.leader(class); leader == "" || slices.Contains(others, leader) {
			return fmt.Sprintf("the leader is %q", leader)
		}
		return ""
	})
	return leader
}

// operator is an operator with leader election and the URL of its probes.
type operator struct {
	*env.Operator

	f      *fixture
	probes string
}

func (f *fixture) start(name string, args ...string) *operator {
	f.Helper()
	probes := env.FreeAddress(f.T)
	args = append([]string{"--leader-elect", "--health-probe-bind-address=" + probes}, args...)
	started := f.StartOperator(name, args...)
	return &operator{started, f, "http://" + probes}
}

// startOwn starts an operator of the fixture's own class.
func (f *fixture) startOwn(name string, args ...string) *operator {
	f.Helper()
	return f.start(name, append([]string{"--controller-class=" + f.Namespace}, args...)...)
}
