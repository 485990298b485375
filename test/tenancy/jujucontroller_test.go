// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenancy

import (
	"fmt"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
)

func TestDeletionOfNamespaceWithJujuController(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]func(controller, credentials, secret, access client.Object) []client.Object{
		"all at once": func(_, _, _, _ client.Object) []client.Object { return nil },
		"controller first": func(controller, credentials, _, _ client.Object) []client.Object {
			return []client.Object{controller, credentials}
		},
		"credentials first": func(controller, credentials, _, access client.Object) []client.Object {
			return []client.Object{credentials, access, controller}
		},
		"secret first": func(controller, _, secret, _ client.Object) []client.Object {
			return []client.Object{secret, controller}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			tenant, stranger := f.namespace("tenant", nil), f.namespace("stranger", nil)
			m := f.model(second(), "tenant")
			user := f.user(second(), "keeper", map[model]string{m: "write"})
			controller := f.localController(tenant, "local", second(), user)
			secret := gen.JujuSecret(tenant, "db-login", m.Name, gen.Locally("local"))
			access := gen.Access(tenant, "db-login", "db-login", "app1")
			f.Create(secret, access)
			f.AwaitReady(secret, access)
			f.expectJuju(m, held(secret.Status.SecretID, "db-login", 1, "value", "app1"))

			uses := gen.JujuSecret(stranger, "uses", m.Name, gen.Locally("local"))
			through := v1alpha1.ControllerReference{Kind: v1alpha1.KindJujuController, Name: "local"}
			grants := directAccess(stranger, "grants", through,
				v1alpha1.UserSecretReference{Model: m.Name, ID: secret.Status.SecretID}, "app2")
			f.Create(uses, grants)
			for _, obj := range []client.Object{uses, grants} {
				f.AwaitReason(obj, v1alpha1.ReasonControllerNotReady, `JujuController "local" does not exist`)
			}

			for _, obj := range first(controller, gen.Secret(tenant, "local", nil), secret, access) {
				f.Must(f.Kube.Delete(f.Ctx, obj))
			}
			f.deleteAll(gen.Namespace(tenant, nil))
			f.awaitJuju(m)
		})
	}
}

// A namespace with a JujuController has exactly the permissions of its Juju
// user in the model. Objects of other namespaces do not change them. As with
// the juju command, it may adopt, change and remove any user secret. The claims
// of its objects do not take the secret from the victim, which uses a
// ClusterJujuController.
func TestJujuControllerTakesNothingFromOtherTenants(t *testing.T) {
	t.Parallel()
	i := newIntrusion(t)
	user := i.user(shared.Juju, "intruder", map[model]string{i.theirs: "write"})
	i.localController(i.attacker, "local", shared.Juju, user)
	// The object is older and wants to adopt any secret with the name.
	older := gen.JujuSecret(i.attacker, "a-older", i.theirs.Name,
		gen.Locally("local"), gen.Named("db-login"), gen.Suspended)
	claims := gen.JujuSecret(i.attacker, "b-claims", i.theirs.Name,
		gen.Locally("local"), gen.Named("elsewhere"), gen.Suspended, gen.Retained)
	through := v1alpha1.ControllerReference{Kind: v1alpha1.KindJujuController, Name: "local"}
	grants := directAccess(i.attacker, "grants", through,
		v1alpha1.UserSecretReference{Model: i.theirs.Name, Name: "db-login"}, "app1", "app2")
	i.Create(older, claims, grants)
	i.AwaitReason(grants, v1alpha1.ReasonSecretNotFound)
	for _, obj := range []*v1alpha1.JujuSecret{older, claims} {
		i.AwaitReason(obj, v1alpha1.ReasonSuspended)
	}
	h := i.grantedSecret()
	env.ChangeStatus(i, claims, func(o *v1alpha1.JujuSecret) {
		o.Status.Managed, o.Status.SecretID, o.Status.ModelUUID = true, h.secret.Status.SecretID, i.theirs.UUID
	})
	i.forgeRecord(older, fmt.Sprintf(`"adopting":%q`, h.secret.Status.SecretID))
	i.LookNow(grants)
	i.AwaitReady(grants) // It records the existing grants, because its spec wants them too.
	i.LookNow(h.secret, h.access)
	i.AwaitReady(h.secret, h.access)

	i.deleteAll(claims, older)
	i.LookNow(h.secret)
	i.expectJuju(i.theirs, held(h.secret.Status.SecretID, "db-login", 1, "value", "app1", "app2"))
	i.deleteAll(grants)
	i.expectUnaffected(h)
}

// With write access in Juju the attacker's object adopts the victim's secret,
// like juju update-secret. The victim's object corrects the change. Unless one
// of them only reports drift, both keep correcting each other. If the
// attacker's object removes the secret, the victim's object creates a new one.
// Neither object reports a conflict with the other.
func TestAdoptionThroughJujuControllerFollowsJujuPermissions(t *testing.T) {
	t.Parallel()
	i := newIntrusion(t)
	h := i.grantedSecret()
	id := h.secret.Status.SecretID
	for name, access := range map[string]string{"reader": "read", "writer": "write"} {
		i.localController(i.attacker, name, shared.Juju, i.user(shared.Juju, name, map[model]string{i.theirs: access}))
	}
	stolen := gen.Value(map[string]string{"key": "stolen"})
	reads := gen.JujuSecret(i.attacker, "reads", i.theirs.Name,
		gen.Locally("reader"), gen.Named("db-login"), gen.Adopting, stolen)
	i.Create(reads)
	i.AwaitReason(reads, v1alpha1.ReasonPermissionDenied, "Juju answered: ")
	i.deleteAll(reads)
	i.expectJuju(i.theirs, held(id, "db-login", 1, "value", "app1", "app2"))

	makes := gen.JujuSecret(i.attacker, "makes", i.theirs.Name,
		gen.Locally("writer"), gen.Named("db-login"), stolen)
	i.Create(makes)
	i.AwaitReason(makes, v1alpha1.ReasonNameTaken, id) // The reason does not name the victim.
	i.deleteAll(makes)
	adopts := gen.JujuSecret(i.attacker, "adopts", i.theirs.Name,
		gen.Locally("writer"), gen.Named("db-login"), gen.Adopting, gen.Reporting, stolen)
	i.Create(adopts)
	i.Await(func() string {
		if i.Refresh(adopts); adopts.Status.SecretID != id || !adopts.Status.Adopted {
			return "the secret is not adopted"
		}
		return ""
	})
	i.LookNow(h.secret)
	i.AwaitReady(h.secret)
	i.awaitJuju(i.theirs, held(id, "db-login", 3, "value", "app1", "app2"))
	env.Change(i, adopts, func(o *v1alpha1.JujuSecret) { o.Spec.DeletionPolicy = v1alpha1.DeletionDelete })
	i.deleteAll(adopts)
	i.LookNow(h.secret, h.access)
	i.AwaitReady(h.secret, h.access)
	i.awaitJuju(i.theirs, held("", "db-login", 1, "value", "app1", "app2"))
	i.expectUnaffected(h)
}
