// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/stage"
	"github.com/juju-secrets/operator/test/wire"
)

// newFaultyScene makes a scene with a Juju server of its own, which the test may stop, and the controller object for it.
func newFaultyScene(t *testing.T) (*scene, *v1alpha1.ClusterJujuController) {
	t.Helper()
	juju, err := servers.StartJuju(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := juju.Stop(); err != nil {
			t.Error(err)
		}
	})
	s := newSceneOn(t, juju)
	t.Cleanup(func() { _ = juju.StartServing(context.Background()) }) // So that cleaning up works.
	controller := gen.Controller("faulty-"+s.ns, juju.Addresses[0], juju.CACertificate)
	s.createController(controller, juju.Operator.Password)
	s.AwaitReady(controller)
	return s, controller
}

// newProxiedScene makes a scene with a proxy before Juju.
func newProxiedScene(t *testing.T) (*scene, *wire.Proxy) {
	t.Helper()
	proxy := startProxy(t)
	return newScene(t), proxy
}

// startProxy starts a proxy before Juju, which is there until the scenes that are made after it are cleaned.
func startProxy(t *testing.T) *wire.Proxy {
	t.Helper()
	proxy, err := wire.Start(t.Context(), stack.Juju.Addresses[0], stack.Juju.CACertificate)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	return proxy
}

// connectThrough makes a controller object that goes through a proxy.
func (s *scene) connectThrough(proxy *wire.Proxy) *v1alpha1.ClusterJujuController {
	s.Helper()
	controller := gen.Controller("proxied-"+s.ns, proxy.Address, proxy.CACertificate)
	s.createController(controller, s.juju.Operator.Password)
	return controller
}

func TestAnOutageOfJujuIsWaitedOut(t *testing.T) {
	t.Parallel()
	s, controller := newFaultyScene(t)
	source := gen.Secret(s.ns, "source", map[string]string{"key": "before"})
	before := gen.JujuSecret(s.ns, "before", s.model.Name, gen.Through(controller.Name), gen.FromSecret("source"))
	doomed := gen.JujuSecret(s.ns, "doomed", s.model.Name, gen.Through(controller.Name))
	s.Create(source, before, doomed)
	s.AwaitReady(before, doomed)

	s.Must(s.juju.StopServing(s.Ctx))
	s.AwaitReason(controller, v1alpha1.ReasonJujuUnreachable)
	s.Await(func() string {
		s.Refresh(before)
		reconciling := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionReconciling)
		switch {
		case reconciling == nil || reconciling.Reason != string(v1alpha1.ReasonJujuUnreachable):
			return "the object does not tell of the outage"
		case !meta.IsStatusConditionTrue(before.Status.Conditions, v1alpha1.ConditionReady):
			return "an object that was in sync must stay Ready while nobody can tell"
		}
		return ""
	})
	during := gen.JujuSecret(s.ns, "during", s.model.Name, gen.Through(controller.Name))
	s.Create(during)
	s.AwaitReason(during, v1alpha1.ReasonJujuUnreachable)
	stage.Change(s, source, func(o *corev1.Secret) { o.Data["key"] = []byte(sentinel) })
	s.Delete(doomed)
	s.AwaitReason(doomed, v1alpha1.ReasonJujuUnreachable)

	s.Must(s.juju.StartServing(s.Ctx))
	s.AwaitGone(doomed)
	s.AwaitReady(controller, before, during)
	s.awaitJuju(
		servers.UserSecret{Name: "before", Revision: 2, Content: servers.Content(map[string]string{"key": sentinel})},
		servers.UserSecret{Name: "during", Revision: 1, Content: servers.Content(map[string]string{"key": "value"})},
	)
}

func TestAModelThatIsNotThereCostsNoStormOfLogins(t *testing.T) {
	t.Parallel()
	s, controller := newFaultyScene(t)
	logins := func() int {
		counts, err := s.juju.Requests(s.Ctx, servers.Model{})
		s.Must(err)
		return counts["Admin.Login"]
	}
	before := logins()
	lost := gen.JujuSecret(s.ns, "lost", "", gen.Through(controller.Name), func(o *v1alpha1.JujuSecret) {
		o.Spec.ModelUUID = "12345678-1234-4123-8123-123456789abc"
	})
	s.Create(lost)
	s.AwaitReason(lost, v1alpha1.ReasonModelNotFound)
	// Time for the storm: another object has its whole life meanwhile.
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Through(controller.Name))
	s.Create(obj)
	s.AwaitReady(obj)
	s.Delete(obj)
	s.AwaitGone(obj)
	if n := logins() - before; n > 1 {
		t.Errorf("the operator logged in %d times, want once, to the model that is there", n)
	}
}

func TestADroppedConnectionIsOpenedAgain(t *testing.T) {
	t.Parallel()
	s, controller := newFaultyScene(t)
	source := gen.Secret(s.ns, "source", map[string]string{"key": "before"})
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Through(controller.Name), gen.FromSecret("source"))
	s.Create(source, obj)
	s.AwaitReady(obj)
	s.Must(s.juju.DropConnections(s.Ctx))
	stage.Change(s, source, func(o *corev1.Secret) { o.Data["key"] = []byte(sentinel) })
	s.awaitJuju(servers.UserSecret{Name: "db-login", Revision: 2, Content: servers.Content(map[string]string{"key": sentinel})})
	s.AwaitReady(controller, obj)
}

// A bulk call has many objects' items, so a cut concerns them all. Whether Juju carried it out is for the operator to find
// out.
func TestABulkCallThatIsCutLosesNothingAndCreatesNothingTwice(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func() wire.Fault{
		"before it is sent":          wire.CutBefore,
		"after it was sent":          wire.CutAfter,
		"in the midst of the answer": wire.CutDuring,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, proxy := newProxiedScene(t)
			controller := s.connectThrough(proxy)
			source := gen.Secret(s.ns, "source", map[string]string{"key": sentinel})
			var objs []client.Object
			var want []servers.UserSecret
			for i := range 10 {
				name := fmt.Sprintf("secret-%d", i)
				objs = append(objs, gen.JujuSecret(s.ns, name, s.model.Name, gen.Through(controller.Name), gen.FromSecret("source")))
				want = append(want, servers.UserSecret{
					Name: name, Revision: 1, Content: servers.Content(map[string]string{"key": sentinel}),
				})
			}
			met := proxy.On("Secrets.CreateSecrets", cut())
			s.Create(source)
			s.Create(objs...)
			s.AwaitReady(objs...)
			s.expectMet(met)
			s.expectJuju(want...)

			met = proxy.On("Secrets.UpdateSecrets", cut())
			stage.Change(s, source, func(o *corev1.Secret) { o.Data["key"] = []byte(sentinel + " 2") })
			for i := range want {
				want[i].Revision, want[i].Content = 2, servers.Content(map[string]string{"key": sentinel + " 2"})
			}
			s.awaitJuju(want...)
			s.AwaitReady(objs...)
			s.expectMet(met)
			s.expectJuju(want...)

			met = proxy.On("Secrets.RemoveSecrets", cut())
			for _, obj := range objs {
				s.Delete(obj)
			}
			for _, obj := range objs {
				s.AwaitGone(obj)
			}
			s.expectMet(met)
			s.expectJuju()
		})
	}
}

// expectMet checks that a fault happened.
func (s *scene) expectMet(met <-chan struct{}) {
	s.Helper()
	select {
	case <-met:
	default:
		s.Error("the fault did not happen, so nothing was tested")
	}
}

// The names are taken only after the operator has looked at the model, so it finds out by the answer to a bulk call.
func TestOfABulkCallEachObjectReportsItsOwnItem(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	first := gen.JujuSecret(s.ns, "first", s.model.Name)
	s.Create(first)
	s.AwaitReady(first)
	for _, name := range []string{"taken-1", "taken-2"} {
		_, err := s.juju.AddSecret(s.Ctx, s.model, name, "", map[string]string{"key": "theirs"})
		s.Must(err)
	}
	var fine, taken []client.Object
	for i := range 4 {
		fine = append(fine, gen.JujuSecret(s.ns, fmt.Sprintf("fine-%d", i), s.model.Name))
	}
	for i := 1; i <= 2; i++ {
		taken = append(taken, gen.JujuSecret(s.ns, fmt.Sprintf("taken-%d", i), s.model.Name))
	}
	s.Create(append(taken, fine...)...)
	s.AwaitReady(fine...)
	for _, obj := range taken {
		s.AwaitReason(obj, v1alpha1.ReasonNameTaken, obj.GetName())
	}
	for _, secret := range s.inJuju() {
		if secret.Revision != 1 {
			t.Errorf("%s is at revision %d, want 1", secret.Name, secret.Revision)
		}
	}
}

func TestOtherCredentialsAreTakenUpUnderLoad(t *testing.T) {
	t.Parallel()
	s, controller := newFaultyScene(t)
	source := gen.Secret(s.ns, "source", map[string]string{"key": sentinel})
	s.Create(source)
	var objs []client.Object
	for i := range 20 {
		objs = append(objs, gen.JujuSecret(s.ns, fmt.Sprintf("secret-%02d", i), s.model.Name, gen.Through(controller.Name), gen.FromSecret("source")))
	}
	s.Create(objs...)
	credentials := gen.Credentials(controller.Name, "", "")
	stage.Change(s, credentials, func(o *corev1.Secret) {
		o.Data["username"], o.Data["password"] = []byte(s.juju.Admin.Username), []byte(s.juju.Admin.Password)
	})
	s.AwaitReady(objs...)
	stage.Change(s, source, func(o *corev1.Secret) { o.Data["key"] = []byte(sentinel + " 2") })
	var want []servers.UserSecret
	for i := range 20 {
		want = append(want, servers.UserSecret{
			Name: fmt.Sprintf("secret-%02d", i), Revision: 2, Content: servers.Content(map[string]string{"key": sentinel + " 2"}),
		})
	}
	s.awaitJuju(want...)
	s.AwaitReady(controller)
}
