// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenancy

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
)

// noSuchUUID is the UUID of no model.
const noSuchUUID = "12345678-1234-4123-8123-123456789abc"

// byUUID makes a JujuSecret name its model by UUID.
func byUUID(uuid string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.Spec.Model, s.Spec.ModelUUID = "", uuid }
}

// A namespace must not find out which models exist.
func TestTenantDenialDoesNotShowWhetherModelExists(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ns := f.namespace("tenant", nil)
	hidden := f.model(shared.Juju, "hidden")
	controller := f.controller("shared", shared.Juju, shared.Juju.Operator, named(ns, "prod/"+f.prefix+"mine-*"))
	exists := gen.JujuSecret(ns, "exists", "", gen.Through(controller.Name), byUUID(hidden.UUID))
	missing := gen.JujuSecret(ns, "missing", "", gen.Through(controller.Name), byUUID(noSuchUUID))
	messages := map[string]bool{}
	look := func() {
		for _, obj := range []*v1alpha1.JujuSecret{exists, missing} {
			f.AwaitReason(obj, v1alpha1.ReasonTenantDenied, obj.Spec.ModelUUID, ns)
			ready := meta.FindStatusCondition(obj.Status.Conditions, v1alpha1.ConditionReady)
			messages[strings.ReplaceAll(ready.Message, obj.Spec.ModelUUID, "MODEL")] = true
			if obj.Status.ModelUUID != "" {
				t.Errorf("the status of %s names the model", obj.Name)
			}
		}
	}
	f.Create(exists, missing)
	look()
	for _, obj := range []*v1alpha1.JujuSecret{exists, missing} {
		before := f.requests(model{juju: shared.Juju})[listModels]
		f.LookNow(obj)
		if n := f.requests(model{juju: shared.Juju})[listModels] - before; n == 0 {
			t.Errorf("no list of models for the object %q, want one", obj.Name)
		}
	}
	look()
	if len(messages) != 1 {
		t.Errorf("the messages differ: %v", messages)
	}
	f.expectJuju(hidden)
}

// The model becomes visible to the operator's user after the object was denied.
// Only the list of models wakes the object.
func TestTenantMayUseUUIDOfModelThatAppears(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ns, m := f.namespace("tenant", nil), f.model(shared.Juju, "mine-later")
	user := f.user(shared.Juju, "limited", nil)
	controller := f.controller("limited", shared.Juju, user, named(ns, "prod/"+f.prefix+"mine-*"))
	id := f.add(m, "by-hand")
	through := v1alpha1.ControllerReference{Kind: v1alpha1.KindClusterJujuController, Name: controller.Name}
	secret := gen.JujuSecret(ns, "db-login", "", gen.Through(controller.Name), byUUID(m.UUID))
	direct := directAccess(ns, "direct", through, v1alpha1.UserSecretReference{ModelUUID: m.UUID, ID: id}, "app1")
	f.Create(secret, direct)
	f.AwaitReason(secret, v1alpha1.ReasonTenantDenied, m.UUID)
	f.AwaitReason(direct, v1alpha1.ReasonTenantDenied, m.UUID)

	f.Must(shared.Juju.GrantModel(f.Ctx, m.Model, user.Username, "admin"))
	f.AwaitReady(secret, direct)
	f.expectJuju(m,
		held(id, "by-hand", 1, "by hand", "app1"), held(secret.Status.SecretID, "db-login", 1, "value"))
	f.deleteAll(secret, direct)
	f.expectJuju(m, held(id, "by-hand", 1, "by hand"))
}

// The entry names the UUID of a model. Another model that gets the name of the
// model is not covered.
func TestTenantOfUUIDLosesModelThatIsCreatedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ns, m := f.namespace("tenant", nil), f.model(second(), "web")
	controller := f.controller("shared", second(), second().Operator, named(ns, m.UUID))
	secret := gen.JujuSecret(ns, "db-login", m.Name, gen.Through(controller.Name))
	access := gen.Access(ns, "db-login", "db-login", "app1")
	f.Create(secret, access)
	f.AwaitReady(secret, access)

	f.Must(m.juju.RemoveModel(f.Ctx, m.Model))
	again := f.model(second(), "web")
	if again.Name != m.Name || again.UUID == m.UUID {
		t.Fatalf("the model %+v was created again as %+v, want the same name and another UUID", m, again)
	}
	f.AwaitReason(secret, v1alpha1.ReasonTenantDenied, m.Name, ns)
	f.AwaitReason(access, v1alpha1.ReasonTenantDenied, m.Name, ns)
	f.LookNow(secret, access)
	f.AwaitReason(secret, v1alpha1.ReasonTenantDenied, m.Name, ns)
	f.expectJuju(again)
	f.deleteAll(secret, access) // The secret was removed with its model.
	f.expectJuju(again)
}

// While the controller is not connected, the list of models is not known.
func TestTenancyOfUUIDWaitsForConnection(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ns, other := f.namespace("tenant", nil), f.namespace("other", nil)
	controller := gen.Controller(f.prefix+"down", "127.0.0.1:1", shared.Juju.CACertificate,
		func(c *v1alpha1.ClusterJujuController) { c.Spec.Tenants = []v1alpha1.Tenant{named(ns, "prod/*")} })
	credentials := gen.Credentials(controller.Name, shared.Juju.Operator.Username, shared.Juju.Operator.Password)
	f.Create(credentials, controller)
	f.After = append(f.After, controller, credentials)
	waits := gen.JujuSecret(ns, "waits", "", gen.Through(controller.Name), byUUID(noSuchUUID))
	denied := gen.JujuSecret(other, "denied", "", gen.Through(controller.Name), byUUID(noSuchUUID))
	f.Create(waits, denied)
	f.AwaitReason(controller, v1alpha1.ReasonJujuUnreachable)
	f.AwaitReason(waits, v1alpha1.ReasonJujuUnreachable)
	f.AwaitReason(denied, v1alpha1.ReasonTenantDenied, other)
}

// A deletion removes what was made for the object, although the UUID is no
// longer covered.
func TestTenantWithdrawalOfUUIDLeavesDeletion(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ns, m := f.namespace("tenant", nil), f.model(shared.Juju, "mine-web")
	controller := f.controller("shared", shared.Juju, shared.Juju.Operator, named(ns, "prod/"+f.prefix+"mine-*"))
	secret := gen.JujuSecret(ns, "db-login", "", gen.Through(controller.Name), byUUID(m.UUID))
	access := gen.Access(ns, "db-login", "db-login", "app1")
	f.Create(secret, access)
	f.AwaitReady(secret, access)
	id := secret.Status.SecretID
	f.tenants(controller, named(ns, "prod/"+f.prefix+"other-*"))
	f.AwaitReason(secret, v1alpha1.ReasonTenantDenied, m.UUID)
	f.AwaitReason(access, v1alpha1.ReasonTenantDenied, m.UUID)
	f.expectJuju(m, held(id, "db-login", 1, "value", "app1"))
	f.deleteAll(access)
	f.expectJuju(m, held(id, "db-login", 1, "value"))
	f.deleteAll(secret)
	f.awaitJuju(m)
}

// tenants sets the tenants of a controller object.
func (f *fixture) tenants(controller *v1alpha1.ClusterJujuController, tenants ...v1alpha1.Tenant) {
	f.Helper()
	env.Change(f, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.Tenants = tenants })
}
