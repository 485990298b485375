// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenancy

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
)

func TestTenantWithdrawalStopsWritesAndLosesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ns, m := f.namespace("tenant", team("web")), f.model(second(), "web")
	controller := f.controller("shared", second(), second().Operator, labelled("web", m.Name))
	through := v1alpha1.ControllerReference{Kind: v1alpha1.KindClusterJujuController, Name: controller.Name}
	byHand := f.add(m, "by-hand")
	f.Must(m.juju.Grant(f.Ctx, m.Model, byHand, "app2"))
	source := gen.Secret(ns, "source", map[string]string{"key": "first"})
	secret := gen.JujuSecret(ns, "db-login", m.Name, gen.Through(controller.Name), gen.FromSecret("source"))
	access := gen.Access(ns, "db-login", "db-login", "app1", "app2")
	direct := directAccess(ns, "direct", through, v1alpha1.UserSecretReference{Model: m.Name, ID: byHand}, "app1")
	f.Create(source, secret, access, direct)
	f.AwaitReady(secret, access, direct)
	id := secret.Status.SecretID
	f.Must(m.juju.Grant(f.Ctx, m.Model, id, "app3"))
	asked := []client.Object{secret, access, direct}

	for name, withdraw := range map[string]func(tenant bool){
		"tenant removed from the controller object": func(tenant bool) {
			env.Change(f, controller, func(o *v1alpha1.ClusterJujuController) {
				o.Spec.Tenants = nil
				if tenant {
					o.Spec.Tenants = []v1alpha1.Tenant{labelled("web", m.Name)}
				}
			})
		},
		"label removed from the namespace": func(tenant bool) {
			env.Change(f, gen.Namespace(ns, nil), func(o *corev1.Namespace) {
				delete(o.Labels, "team")
				if tenant {
					o.Labels["team"] = "web"
				}
			})
		},
		"model removed from the tenant": func(tenant bool) {
			env.Change(f, controller, func(o *v1alpha1.ClusterJujuController) {
				o.Spec.Tenants[0].Models = []string{m.Name + "-2"}
				if tenant {
					o.Spec.Tenants[0].Models = []string{m.Name}
				}
			})
		},
	} {
		t.Log(name)
		before := f.InModel(m.juju, m.Model)
		withdraw(false)
		for _, obj := range asked {
			f.AwaitReason(obj, v1alpha1.ReasonTenantDenied, controller.Name, ns)
		}
		value := "after: " + name
		env.Change(f, source, func(o *corev1.Secret) { o.Data = map[string][]byte{"key": []byte(value)} })
		env.Change(f, secret, func(o *v1alpha1.JujuSecret) { o.Spec.Info = value })
		for _, obj := range []*v1alpha1.JujuSecretAccess{access, direct} {
			env.Change(f, obj, func(o *v1alpha1.JujuSecretAccess) {
				o.Spec.Applications = gen.Applications("app1", "configurable")
			})
		}
		f.LookNow(asked...)
		for _, obj := range asked {
			f.AwaitReason(obj, v1alpha1.ReasonTenantDenied, controller.Name, ns)
		}
		f.expectJuju(m, before...)

		withdraw(true)
		f.AwaitReady(asked...)
		synced := held(id, "db-login", before[1].Revision+1, value, "app1", "app3", "configurable")
		synced.Info = value
		f.awaitJuju(m, synced, held(byHand, "by-hand", 1, "by hand", "app1", "app2", "configurable"))
		for _, obj := range []*v1alpha1.JujuSecretAccess{access, direct} {
			env.Change(f, obj, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications = gen.Applications("app1") })
		}
		f.AwaitReady(asked...)
	}
}

// After the withdrawal, a deletion still removes what the object owns in Juju,
// and nothing else.
func TestTenantWithdrawalLeavesDeletionOfOwnedSecrets(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ns, m := f.namespace("tenant", nil), f.model(second(), "web")
	controller := f.controller("shared", second(), second().Operator, named(ns, "*"))
	through := v1alpha1.ControllerReference{Kind: v1alpha1.KindClusterJujuController, Name: controller.Name}
	byHand := f.add(m, "by-hand")
	f.Must(m.juju.Grant(f.Ctx, m.Model, byHand, "app2"))
	secret := gen.JujuSecret(ns, "db-login", m.Name, gen.Through(controller.Name))
	retained := gen.JujuSecret(ns, "retained", m.Name, gen.Through(controller.Name), gen.Retained)
	access := gen.Access(ns, "db-login", "db-login", "app1", "app2")
	direct := directAccess(ns, "direct", through,
		v1alpha1.UserSecretReference{ModelUUID: m.UUID, ID: byHand}, "app1", "app2")
	other := f.add(m, "other")
	f.Must(m.juju.Grant(f.Ctx, m.Model, other, "app2"))
	adopting := directAccess(ns, "adopting", through,
		v1alpha1.UserSecretReference{ModelUUID: m.UUID, ID: other}, "app1", "app2")
	adopting.Spec.AdoptionPolicy = v1alpha1.AdoptionAdopt
	f.Create(secret, retained, access, direct, adopting)
	f.AwaitReady(secret, retained, access, direct, adopting)
	f.AwaitEvent(adopting, v1alpha1.ReasonAdopted)
	beside := directAccess(ns, "beside", through, v1alpha1.UserSecretReference{ModelUUID: m.UUID, ID: other}, "app2")
	f.Create(beside) // Without adoptionPolicy.
	f.AwaitReady(beside)
	id := secret.Status.SecretID
	f.Must(m.juju.Grant(f.Ctx, m.Model, id, "app3"))

	env.Change(f, controller, func(o *v1alpha1.ClusterJujuController) { o.Spec.Tenants = nil })
	for _, obj := range []client.Object{secret, retained, access, direct, adopting, beside} {
		f.AwaitReason(obj, v1alpha1.ReasonTenantDenied)
	}
	// An adopted grant stays, like an adopted secret. It stays adopted for every
	// object that lists its application.
	f.deleteAll(adopting, beside)
	taken := held(other, "other", 1, "by hand", "app2")
	hand := held(byHand, "by-hand", 1, "by hand", "app1", "app2")
	kept := held(retained.Status.SecretID, "retained", 1, "value")
	f.expectJuju(m, taken, hand, held(id, "db-login", 1, "value", "app1", "app2", "app3"), kept)
	f.deleteAll(access)
	f.expectJuju(m, taken, hand, held(id, "db-login", 1, "value", "app3"), kept)
	f.deleteAll(direct)
	hand.Granted = []string{"app2"}
	f.expectJuju(m, taken, hand, held(id, "db-login", 1, "value", "app3"), kept)
	f.deleteAll(secret, retained)
	f.expectJuju(m, taken, hand, kept)
}

func TestTenantOfAllNamespacesIsLimitedToItsModels(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	open, closed := f.model(shared.Juju, "open"), f.model(shared.Juju, "closed")
	controller := f.controller("all", shared.Juju, shared.Juju.Operator, v1alpha1.Tenant{
		Namespaces: v1alpha1.TenantNamespaces{All: true}, Models: []string{open.Name},
	})
	for _, name := range []string{"first", "later"} {
		ns := f.namespace(name, nil)
		allowed := gen.JujuSecret(ns, name, open.Name, gen.Through(controller.Name))
		forbidden := gen.JujuSecret(ns, "forbidden", closed.Name, gen.Through(controller.Name))
		f.Create(allowed, forbidden)
		f.AwaitReady(allowed)
		f.AwaitReason(forbidden, v1alpha1.ReasonTenantDenied, controller.Name, ns)
	}
	if asked := f.requests(closed); len(asked) > 0 {
		t.Errorf("Juju got the requests %v to the denied model", asked)
	}
}
