// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"maps"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/stage"
	"github.com/juju-secrets/operator/test/wire"
)

// anotherUUID is not that of the Juju server.
const anotherUUID = "00000000-0000-4000-8000-000000000001"

// replaceController makes another controller answer at the address of a proxy, which has heard so much by then.
func replaceController(proxy *wire.Proxy, uuid string) (before map[string]int) {
	proxy.Silence() // Every connection is cut.
	proxy.AsController(uuid)
	before = proxy.Requests()
	proxy.Speak()
	return before
}

// expectOneLogin checks that since an earlier count nothing was asked for through a proxy but one login to the controller.
func (s *scene) expectOneLogin(proxy *wire.Proxy, before map[string]int) {
	s.Helper()
	asked := proxy.Requests()
	for method, n := range before {
		asked[method] -= n
	}
	maps.DeleteFunc(asked, func(_ string, n int) bool { return n == 0 })
	if !maps.Equal(asked, map[string]int{login: 1}) {
		s.Errorf("the other controller was asked for %v, want one login", asked)
	}
}

func TestAnotherControllerAtTheAddressIsRefusedUntilItIsAccepted(t *testing.T) {
	t.Parallel()
	s, proxy := newProxiedScene(t)
	controller := s.connectThrough(proxy)
	source := gen.Secret(s.ns, "source", map[string]string{"key": "before"})
	secret := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Through(controller.Name), gen.FromSecret("source"))
	access := gen.Access(s.ns, "db", "db-login", "app1")
	s.Create(source, secret, access)
	s.AwaitReady(controller, secret, access)
	s.awaitFound(controller, "the UUID of the first contact", func(found *v1alpha1.JujuControllerStatus) bool {
		return found.ControllerUUID == s.juju.ControllerUUID
	})
	ours := servers.UserSecret{
		ID: secret.Status.SecretID, Name: "db-login", Revision: 1, Content: servers.Content(map[string]string{"key": "before"}),
		Granted: []string{"app1"},
	}

	before := replaceController(proxy, anotherUUID)
	s.AwaitReason(controller, v1alpha1.ReasonControllerChanged, s.juju.ControllerUUID, anotherUUID, "spec.controllerUUID", "spec.addresses")
	stage.Change(s, source, func(o *corev1.Secret) { o.Data["key"] = []byte(sentinel) })
	late := gen.JujuSecret(s.ns, "late", s.model.Name, gen.Through(controller.Name))
	s.Create(late)
	s.AwaitReason(secret, v1alpha1.ReasonControllerChanged, anotherUUID)
	s.AwaitReason(access, v1alpha1.ReasonControllerChanged, anotherUUID)
	s.AwaitReason(late, v1alpha1.ReasonControllerChanged, anotherUUID)
	s.liveOnce()
	s.expectOneLogin(proxy, before)
	s.expectJuju(ours)
	if s.Refresh(controller); controller.Status.ControllerUUID != s.juju.ControllerUUID {
		t.Errorf("the UUID in the status is %s", controller.Status.ControllerUUID)
	}

	stage.Change(s, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.ControllerUUID = anotherUUID })
	s.AwaitReady(controller, secret, access, late)
	ours.Revision, ours.Content = 2, servers.Content(map[string]string{"key": sentinel})
	s.awaitJuju(ours, servers.UserSecret{Name: "late", Revision: 1, Content: servers.Content(map[string]string{"key": "value"})})
	// What was accepted once stays so.
	stage.Change(s, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.ControllerUUID = "" })
	s.AwaitReady(controller)
	if controller.Status.ControllerUUID != anotherUUID {
		t.Errorf("the UUID in the status is %s", controller.Status.ControllerUUID)
	}
}

func TestAControllerUUIDThatIsWrongFromTheStartIsRefused(t *testing.T) {
	t.Parallel()
	s, proxy := newProxiedScene(t)
	controller := gen.Controller("wrong-"+s.ns, proxy.Address, proxy.CACertificate, func(c *v1alpha1.ClusterJujuController) {
		c.Spec.ControllerUUID = anotherUUID
	})
	s.createController(controller, s.juju.Operator.Password)
	secret := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Through(controller.Name))
	s.Create(secret)
	s.AwaitReason(controller, v1alpha1.ReasonControllerChanged, s.juju.ControllerUUID, anotherUUID)
	s.AwaitReason(secret, v1alpha1.ReasonControllerChanged, s.juju.ControllerUUID)
	s.liveOnce()
	s.expectOneLogin(proxy, nil)
	stage.Change(s, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.ControllerUUID = s.juju.ControllerUUID })
	s.AwaitReady(controller, secret)
}

func TestAControllerIsStillKnownAfterARestart(t *testing.T) {
	t.Parallel()
	proxy, o := startProxy(t), startOperator(t)
	s := newScene(t)
	controller := gen.Controller("pinned-"+s.ns, proxy.Address, proxy.CACertificate, o.serves)
	s.createController(controller, s.juju.Operator.Password)
	secret := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Through(controller.Name))
	s.Create(secret)
	s.AwaitReady(controller, secret)

	o.stop()
	before := replaceController(proxy, anotherUUID)
	o.start()
	s.AwaitReason(controller, v1alpha1.ReasonControllerChanged, s.juju.ControllerUUID, anotherUUID)
	s.AwaitReason(secret, v1alpha1.ReasonControllerChanged)
	s.expectOneLogin(proxy, before)

	proxy.AsController(s.juju.ControllerUUID) // The right one is back, and nothing has changed that would tell the operator.
	s.LookNow(controller)
	s.AwaitReady(controller, secret)
}
