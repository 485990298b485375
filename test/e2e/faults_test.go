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
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

// newFaulty returns a fixture with its own Juju server, which the test may
// stop, and the controller object for this server.
func newFaulty(t *testing.T) (*fixture, *v1alpha1.ClusterJujuController) {
	t.Helper()
	f := &fixture{shared.NewFixture(t)}
	juju := f.StartJuju()
	f.AddModel(f.AddTenant())
	t.Cleanup(f.checkNothingLeaked)
	t.Cleanup(func() { _ = juju.StartServing(context.Background()) }) // The cleanup needs Juju.
	controller := gen.Controller("faulty-"+f.Namespace, juju.Addresses[0], juju.CACertificate)
	f.createController(controller, juju.Operator.Password)
	f.AwaitReady(controller)
	return f, controller
}

// newProxied returns a fixture and a proxy in front of Juju.
func newProxied(t *testing.T) (*fixture, *wire.Proxy) {
	t.Helper()
	f := newFixture(t)
	return f, f.StartProxy()
}

// connectThrough creates a controller object that connects through a proxy.
func (f *fixture) connectThrough(proxy *wire.Proxy) *v1alpha1.ClusterJujuController {
	f.Helper()
	controller := gen.Controller("proxied-"+f.Namespace, proxy.Address, proxy.CACertificate)
	f.createController(controller, f.Juju.Operator.Password)
	return controller
}

func TestChangesWaitForJujuOutageToEnd(t *testing.T) {
	t.Parallel()
	f, controller := newFaulty(t)
	source := gen.Secret(f.Namespace, "source", values("before"))
	before := gen.JujuSecret(f.Namespace, "before", f.Model.Name, gen.Through(controller.Name), gen.FromSecret("source"))
	removed := gen.JujuSecret(f.Namespace, "removed", f.Model.Name, gen.Through(controller.Name))
	f.Create(source, before, removed)
	f.AwaitReady(before, removed)

	f.Must(f.Juju.StopServing(f.Ctx))
	f.AwaitReason(controller, v1alpha1.ReasonJujuUnreachable)
	f.Await(func() string {
		f.Refresh(before)
		reconciling := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionReconciling)
		switch {
		case reconciling == nil || reconciling.Reason != string(v1alpha1.ReasonJujuUnreachable):
			return "the object does not report the outage"
		case !meta.IsStatusConditionTrue(before.Status.Conditions, v1alpha1.ConditionReady):
			return "an object that was in sync does not stay Ready during the outage"
		}
		return ""
	})
	during := gen.JujuSecret(f.Namespace, "during", f.Model.Name, gen.Through(controller.Name))
	f.Create(during)
	f.AwaitReason(during, v1alpha1.ReasonJujuUnreachable)
	env.Change(f, source, func(o *corev1.Secret) { o.Data["key"] = []byte(sentinel) })
	f.Delete(removed)
	f.AwaitReason(removed, v1alpha1.ReasonJujuUnreachable)

	f.Must(f.Juju.StartServing(f.Ctx))
	f.AwaitGone(removed)
	f.AwaitReady(controller, before, during)
	f.AwaitJuju(
		servers.UserSecret{Name: "before", Revision: 2, Content: servers.Content(values(sentinel))},
		servers.UserSecret{Name: "during", Revision: 1, Content: servers.Content(values("value"))},
	)
}

func TestUnknownModelCausesNoRepeatedLogins(t *testing.T) {
	t.Parallel()
	f, controller := newFaulty(t)
	logins := func() int {
		counts, err := f.Juju.Requests(f.Ctx, servers.Model{})
		f.Must(err)
		return counts["Admin.Login"]
	}
	before := logins()
	lost := gen.JujuSecret(f.Namespace, "lost", "", gen.Through(controller.Name), func(o *v1alpha1.JujuSecret) {
		o.Spec.ModelUUID = "12345678-1234-4123-8123-123456789abc"
	})
	f.Create(lost)
	f.AwaitReason(lost, v1alpha1.ReasonModelNotFound)
	// Leave time for more logins: another object is created and deleted.
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Through(controller.Name))
	f.Create(obj)
	f.AwaitReady(obj)
	f.Delete(obj)
	f.AwaitGone(obj)
	if n := logins() - before; n > 2 {
		t.Errorf("the operator logged in %d times, want at most once to each model", n)
	}
}

func TestDroppedConnectionIsReopened(t *testing.T) {
	t.Parallel()
	f, controller := newFaulty(t)
	source := gen.Secret(f.Namespace, "source", values("before"))
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Through(controller.Name), gen.FromSecret("source"))
	f.Create(source, obj)
	f.AwaitReady(obj)
	f.Must(f.Juju.DropConnections(f.Ctx))
	env.Change(f, source, func(o *corev1.Secret) { o.Data["key"] = []byte(sentinel) })
	f.AwaitJuju(servers.UserSecret{Name: "db-login", Revision: 2, Content: servers.Content(values(sentinel))})
	f.AwaitReady(controller, obj)
}

// A bulk call has the items of many objects, so a lost connection affects all
// of them. The operator has to find out whether Juju made the changes.
func TestInterruptedBulkCallIsAppliedOnce(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func() wire.Fault{
		"before the request":  wire.CutBefore,
		"after the request":   wire.CutAfter,
		"during the response": wire.CutDuring,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, proxy := newProxied(t)
			controller := f.connectThrough(proxy)
			source := gen.Secret(f.Namespace, "source", values(sentinel))
			var objs []client.Object
			var want []servers.UserSecret
			for i := range 10 {
				name := fmt.Sprintf("secret-%d", i)
				objs = append(objs, gen.JujuSecret(
					f.Namespace, name, f.Model.Name, gen.Through(controller.Name), gen.FromSecret("source")))
				want = append(want, servers.UserSecret{
					Name: name, Revision: 1, Content: servers.Content(values(sentinel)),
				})
			}
			happened := proxy.On("Secrets.CreateSecrets", cut())
			f.Create(source)
			f.Create(objs...)
			f.AwaitReady(objs...)
			f.expectFault(happened)
			f.ExpectJuju(want...)

			happened = proxy.On("Secrets.UpdateSecrets", cut())
			env.Change(f, source, func(o *corev1.Secret) { o.Data["key"] = []byte(sentinel + " 2") })
			for i := range want {
				want[i].Revision, want[i].Content = 2, servers.Content(values(sentinel+" 2"))
			}
			f.AwaitJuju(want...)
			f.AwaitReady(objs...)
			f.expectFault(happened)
			f.ExpectJuju(want...)

			happened = proxy.On("Secrets.RemoveSecrets", cut())
			for _, obj := range objs {
				f.Delete(obj)
			}
			for _, obj := range objs {
				f.AwaitGone(obj)
			}
			f.expectFault(happened)
			f.ExpectJuju()
		})
	}
}

// expectFault checks that the proxy injected the fault.
func (f *fixture) expectFault(happened <-chan struct{}) {
	f.Helper()
	select {
	case <-happened:
	default:
		f.Error("the proxy did not inject the fault, so the test proves nothing")
	}
}

// The names are taken after the operator has listed the model, so it learns
// about them from the results of a bulk call.
func TestBulkCallReportsEachItem(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := gen.JujuSecret(f.Namespace, "first", f.Model.Name)
	f.Create(first)
	f.AwaitReady(first)
	for _, name := range []string{"taken-1", "taken-2"} {
		_, err := f.Juju.AddSecret(f.Ctx, f.Model, name, "", values("foreign"))
		f.Must(err)
	}
	var fine, taken []client.Object
	for i := range 4 {
		fine = append(fine, gen.JujuSecret(f.Namespace, fmt.Sprintf("fine-%d", i), f.Model.Name))
	}
	for i := 1; i <= 2; i++ {
		taken = append(taken, gen.JujuSecret(f.Namespace, fmt.Sprintf("taken-%d", i), f.Model.Name))
	}
	f.Create(append(taken, fine...)...)
	f.AwaitReady(fine...)
	for _, obj := range taken {
		f.AwaitReason(obj, v1alpha1.ReasonNameTaken, obj.GetName())
	}
	for _, secret := range f.InJuju() {
		if secret.Revision != 1 {
			t.Errorf("%s has revision %d, want 1", secret.Name, secret.Revision)
		}
	}
}
