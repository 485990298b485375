// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"maps"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

// anotherUUID differs from the UUID of the Juju server.
const anotherUUID = "00000000-0000-4000-8000-000000000001"

// replaceController makes another controller answer at a proxy's address. It
// returns the requests before the change.
func replaceController(proxy *wire.Proxy, uuid string) (before map[string]int) {
	proxy.Silence() // Cuts all connections.
	proxy.AsController(uuid)
	before = proxy.Requests()
	proxy.Speak()
	return before
}

// expectOneLogin checks that the only request through a proxy since an earlier
// count is one login to the controller.
func (f *fixture) expectOneLogin(proxy *wire.Proxy, before map[string]int) {
	f.Helper()
	requests := proxy.Requests()
	for method, n := range before {
		requests[method] -= n
	}
	maps.DeleteFunc(requests, func(_ string, n int) bool { return n == 0 })
	if !maps.Equal(requests, map[string]int{login: 1}) {
		f.Errorf("got requests %v to the other controller, want one login", requests)
	}
}

func TestChangedControllerIsRejectedUntilAccepted(t *testing.T) {
	t.Parallel()
	f, proxy := newProxied(t)
	controller := f.connectThrough(proxy)
	source := gen.Secret(f.Namespace, "source", values("before"))
	secret := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Through(controller.Name), gen.FromSecret("source"))
	access := gen.Access(f.Namespace, "db", "db-login", "app1")
	f.Create(source, secret, access)
	f.AwaitReady(controller, secret, access)
	f.awaitFound(controller, "the UUID of the first controller", func(found *v1alpha1.JujuControllerStatus) bool {
		return found.ControllerUUID == f.Juju.ControllerUUID
	})
	want := servers.UserSecret{
		ID: secret.Status.SecretID, Name: "db-login", Revision: 1, Content: servers.Content(values("before")),
		Granted: []string{"app1"},
	}

	before := replaceController(proxy, anotherUUID)
	f.AwaitReason(controller, v1alpha1.ReasonControllerChanged,
		f.Juju.ControllerUUID, anotherUUID, "spec.controllerUUID", "spec.addresses")
	env.Change(f, source, func(o *corev1.Secret) { o.Data["key"] = []byte(sentinel) })
	late := gen.JujuSecret(f.Namespace, "late", f.Model.Name, gen.Through(controller.Name))
	f.Create(late)
	f.AwaitReason(secret, v1alpha1.ReasonControllerChanged, anotherUUID)
	f.AwaitReason(access, v1alpha1.ReasonControllerChanged, anotherUUID)
	f.AwaitReason(late, v1alpha1.ReasonControllerChanged, anotherUUID)
	f.createAndDeleteSecret()
	f.expectOneLogin(proxy, before)
	f.ExpectJuju(want)
	if f.Refresh(controller); controller.Status.ControllerUUID != f.Juju.ControllerUUID {
		t.Errorf("got UUID %s in the status, want %s", controller.Status.ControllerUUID, f.Juju.ControllerUUID)
	}

	env.Change(f, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.ControllerUUID = anotherUUID })
	f.AwaitReady(controller, secret, access, late)
	want.Revision, want.Content = 2, servers.Content(values(sentinel))
	f.AwaitJuju(want, servers.UserSecret{Name: "late", Revision: 1, Content: servers.Content(values("value"))})
	// The accepted UUID stays in the status.
	env.Change(f, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.ControllerUUID = "" })
	f.AwaitReady(controller)
	if controller.Status.ControllerUUID != anotherUUID {
		t.Errorf("got UUID %s in the status, want %s", controller.Status.ControllerUUID, anotherUUID)
	}
}

func TestWrongControllerUUIDIsRejected(t *testing.T) {
	t.Parallel()
	f, proxy := newProxied(t)
	pinned := func(c *v1alpha1.ClusterJujuController) { c.Spec.ControllerUUID = anotherUUID }
	controller := gen.Controller("wrong-"+f.Namespace, proxy.Address, proxy.CACertificate, pinned)
	f.createController(controller, f.Juju.Operator.Password)
	secret := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Through(controller.Name))
	f.Create(secret)
	f.AwaitReason(controller, v1alpha1.ReasonControllerChanged, f.Juju.ControllerUUID, anotherUUID)
	f.AwaitReason(secret, v1alpha1.ReasonControllerChanged, f.Juju.ControllerUUID)
	f.createAndDeleteSecret()
	f.expectOneLogin(proxy, nil)
	env.Change(f, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.ControllerUUID = f.Juju.ControllerUUID })
	f.AwaitReady(controller, secret)
}

func TestRestartKeepsControllerUUID(t *testing.T) {
	t.Parallel()
	f, proxy := newProxied(t)
	o := f.StartOwn("of the test")
	controller := gen.Controller("pinned-"+f.Namespace, proxy.Address, proxy.CACertificate, o.Serves)
	f.createController(controller, f.Juju.Operator.Password)
	secret := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Through(controller.Name))
	f.Create(secret)
	f.AwaitReady(controller, secret)

	o.MustStop()
	before := replaceController(proxy, anotherUUID)
	o.MustRestart()
	f.AwaitReason(controller, v1alpha1.ReasonControllerChanged, f.Juju.ControllerUUID, anotherUUID)
	f.AwaitReason(secret, v1alpha1.ReasonControllerChanged)
	f.expectOneLogin(proxy, before)

	// No event reports the return of the right controller to the operator.
	proxy.AsController(f.Juju.ControllerUUID)
	f.LookNow(controller)
	f.AwaitReady(controller, secret)
}
