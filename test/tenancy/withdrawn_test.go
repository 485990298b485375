// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenancy

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/stage"
)

func TestWithATenancyAllWritesEndAndNothingIsLost(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	ns, m := s.namespace("tenant", team("web")), s.model(town.two, "web")
	controller := s.controller("shared", town.two, town.two.Operator, labelled("web", m.Name))
	through := v1alpha1.ControllerReference{Kind: v1alpha1.KindClusterJujuController, Name: controller.Name}
	byHand := s.add(m, "by-hand")
	s.Must(m.juju.Grant(s.Ctx, m.Model, byHand, "app2"))
	source := gen.Secret(ns, "source", map[string]string{"key": "first"})
	secret := gen.JujuSecret(ns, "db-login", m.Name, gen.Through(controller.Name), gen.FromSecret("source"))
	access := gen.Access(ns, "db-login", "db-login", "app1", "app2")
	beside := directAccess(ns, "beside", through, v1alpha1.UserSecretReference{Model: m.Name, ID: byHand}, "app1")
	s.Create(source, secret, access, beside)
	s.AwaitReady(secret, access, beside)
	id := secret.Status.SecretID
	s.Must(m.juju.Grant(s.Ctx, m.Model, id, "app3"))
	asked := []client.Object{secret, access, beside}

	for name, withdraw := range map[string]func(tenant bool){
		"in the controller object": func(tenant bool) {
			stage.Change(s, controller, func(o *v1alpha1.ClusterJujuController) {
				o.Spec.Tenants = nil
				if tenant {
					o.Spec.Tenants = []v1alpha1.Tenant{labelled("web", m.Name)}
				}
			})
		},
		"by the label of the namespace": func(tenant bool) {
			stage.Change(s, gen.Namespace(ns, nil), func(o *corev1.Namespace) {
				delete(o.Labels, "team")
				if tenant {
					o.Labels["team"] = "web"
				}
			})
		},
		"of this one model": func(tenant bool) {
			stage.Change(s, controller, func(o *v1alpha1.ClusterJujuController) {
				o.Spec.Tenants[0].Models = []string{m.Name + "-2"}
				if tenant {
					o.Spec.Tenants[0].Models = []string{m.Name}
				}
			})
		},
	} {
		t.Log(name)
		before := s.inJuju(m)
		withdraw(false)
		for _, obj := range asked {
			s.AwaitReason(obj, v1alpha1.ReasonTenantDenied, controller.Name, ns)
		}
		value := "after: " + name
		stage.Change(s, source, func(o *corev1.Secret) { o.Data = map[string][]byte{"key": []byte(value)} })
		stage.Change(s, secret, func(o *v1alpha1.JujuSecret) { o.Spec.Info = value })
		for _, obj := range []*v1alpha1.JujuSecretAccess{access, beside} {
			stage.Change(s, obj, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications = gen.Applications("app1", "configurable") })
		}
		s.LookNow(asked...)
		for _, obj := range asked {
			s.AwaitReason(obj, v1alpha1.ReasonTenantDenied, controller.Name, ns)
		}
		s.expectJuju(m, before...)

		withdraw(true)
		s.AwaitReady(asked...)
		synced := held(id, "db-login", before[1].Revision+1, value, "app1", "app3", "configurable")
		synced.Info = value
		s.awaitJuju(m, synced, held(byHand, "by-hand", 1, "by hand", "app1", "app2", "configurable"))
		for _, obj := range []*v1alpha1.JujuSecretAccess{access, beside} {
			stage.Change(s, obj, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications = gen.Applications("app1") })
		}
		s.AwaitReady(asked...)
	}
}

// What was made for an object goes with it all the same, and that alone.
func TestAfterATenancyWhatWasMadeForAnObjectGoesWithIt(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	ns, m := s.namespace("tenant", nil), s.model(town.two, "web")
	controller := s.controller("shared", town.two, town.two.Operator, named(ns, "*"))
	through := v1alpha1.ControllerReference{Kind: v1alpha1.KindClusterJujuController, Name: controller.Name}
	byHand := s.add(m, "by-hand")
	s.Must(m.juju.Grant(s.Ctx, m.Model, byHand, "app2"))
	secret := gen.JujuSecret(ns, "db-login", m.Name, gen.Through(controller.Name))
	retained := gen.JujuSecret(ns, "retained", m.Name, gen.Through(controller.Name), gen.Retained)
	access := gen.Access(ns, "db-login", "db-login", "app1", "app2")
	beside := directAccess(ns, "beside", through, v1alpha1.UserSecretReference{ModelUUID: m.UUID, ID: byHand}, "app1", "app2")
	s.Create(secret, retained, access, beside)
	s.AwaitReady(secret, retained, access, beside)
	id := secret.Status.SecretID
	s.Must(m.juju.Grant(s.Ctx, m.Model, id, "app3"))

	stage.Change(s, controller, func(o *v1alpha1.ClusterJujuController) { o.Spec.Tenants = nil })
	for _, obj := range []client.Object{secret, retained, access, beside} {
		s.AwaitReason(obj, v1alpha1.ReasonTenantDenied)
	}
	hand := held(byHand, "by-hand", 1, "by hand", "app1", "app2")
	kept := held(retained.Status.SecretID, "retained", 1, "value")
	s.expectJuju(m, hand, held(id, "db-login", 1, "value", "app1", "app2", "app3"), kept)
	s.deleteAll(access)
	s.expectJuju(m, hand, held(id, "db-login", 1, "value", "app3"), kept)
	s.deleteAll(beside)
	hand.Granted = []string{"app2"}
	s.expectJuju(m, hand, held(id, "db-login", 1, "value", "app3"), kept)
	s.deleteAll(secret, retained)
	s.expectJuju(m, hand, kept)
}

func TestATenancyOfAllNamespacesIsStillOfItsModelsAlone(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	open, closed := s.model(town.one, "open"), s.model(town.one, "closed")
	controller := s.controller("all", town.one, town.one.Operator, v1alpha1.Tenant{
		Namespaces: v1alpha1.TenantNamespaces{All: true}, Models: []string{open.Name},
	})
	for _, name := range []string{"first", "later"} {
		ns := s.namespace(name, nil)
		allowed := gen.JujuSecret(ns, name, open.Name, gen.Through(controller.Name))
		forbidden := gen.JujuSecret(ns, "forbidden", closed.Name, gen.Through(controller.Name))
		s.Create(allowed, forbidden)
		s.AwaitReady(allowed)
		s.AwaitReason(forbidden, v1alpha1.ReasonTenantDenied, controller.Name, ns)
	}
	if asked := s.requests(closed); len(asked) > 0 {
		t.Errorf("Juju was asked %v about the model that is nobody's", asked)
	}
}
