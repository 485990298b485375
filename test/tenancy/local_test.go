// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenancy

import (
	"fmt"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/stage"
)

func TestANamespaceKeepsHouseWithAJujuControllerOfItsOwn(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]func(controller, credentials, secret, access client.Object) []client.Object{
		"and goes as a whole": func(_, _, _, _ client.Object) []client.Object { return nil },
		"and goes, the controller first": func(controller, credentials, _, _ client.Object) []client.Object {
			return []client.Object{controller, credentials}
		},
		"and goes, the credentials first": func(controller, credentials, _, access client.Object) []client.Object {
			return []client.Object{credentials, access, controller}
		},
		"and goes, the secret first": func(controller, _, secret, _ client.Object) []client.Object {
			return []client.Object{secret, controller}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			house, stranger, m := s.namespace("house", nil), s.namespace("stranger", nil), s.model(town.two, "house")
			user := s.user(town.two, "keeper", map[model]string{m: "write"})
			controller := s.localController(house, "local", town.two, user)
			secret, access := gen.JujuSecret(house, "db-login", m.Name, gen.Locally("local")), gen.Access(house, "db-login", "db-login", "app1")
			s.Create(secret, access)
			s.AwaitReady(secret, access)
			s.expectJuju(m, held(secret.Status.SecretID, "db-login", 1, "value", "app1"))

			uses := gen.JujuSecret(stranger, "uses", m.Name, gen.Locally("local"))
			grants := directAccess(stranger, "grants", v1alpha1.ControllerReference{Kind: v1alpha1.KindJujuController, Name: "local"},
				v1alpha1.UserSecretReference{Model: m.Name, ID: secret.Status.SecretID}, "app2")
			s.Create(uses, grants)
			for _, obj := range []client.Object{uses, grants} {
				s.AwaitReason(obj, v1alpha1.ReasonControllerNotReady, `JujuController "local" does not exist`)
			}

			for _, obj := range first(controller, gen.Secret(house, "local", nil), secret, access) {
				s.Must(s.Kube.Delete(s.Ctx, obj))
			}
			s.deleteAll(gen.Namespace(house, nil))
			s.awaitJuju(m)
		})
	}
}

// Who has a JujuController to a model has there what its Juju user has, and not more nor less by what others have in Kubernetes:
// it may take over, change and remove any user secret of the model, as with juju itself. What its objects claim does not make the
// secret any less the victim's, who goes through a ClusterJujuController.
func TestAJujuControllerTakesNothingFromTheObjectsOfOthers(t *testing.T) {
	t.Parallel()
	i := newIntrusion(t)
	user := i.user(town.one, "intruder", map[model]string{i.theirs: "write"})
	i.localController(i.attacker, "local", town.one, user)
	// Older, of the same name, and about to take over whatever there is of that name.
	older := gen.JujuSecret(i.attacker, "a-older", i.theirs.Name, gen.Locally("local"), gen.Named("db-login"), gen.Suspended)
	claims := gen.JujuSecret(i.attacker, "b-claims", i.theirs.Name, gen.Locally("local"), gen.Named("elsewhere"), gen.Suspended, gen.Retained)
	grants := directAccess(i.attacker, "grants", v1alpha1.ControllerReference{Kind: v1alpha1.KindJujuController, Name: "local"},
		v1alpha1.UserSecretReference{Model: i.theirs.Name, Name: "db-login"}, "app1", "app2")
	i.Create(older, claims, grants)
	i.AwaitReason(grants, v1alpha1.ReasonSecretNotFound)
	for _, obj := range []*v1alpha1.JujuSecret{older, claims} {
		i.AwaitReason(obj, v1alpha1.ReasonSuspended)
	}
	h := i.household()
	forge(i.scene, claims, func(o *v1alpha1.JujuSecret) {
		o.Status.Managed, o.Status.SecretID, o.Status.ModelUUID = true, h.secret.Status.SecretID, i.theirs.UUID
	})
	i.forgeRecord(older, fmt.Sprintf(`"adopting":%q`, h.secret.Status.SecretID))
	i.LookNow(grants)
	i.AwaitReady(grants) // It takes on record what is there: by its words it wants it, too.
	i.LookNow(h.secret, h.access)
	i.AwaitReady(h.secret, h.access)

	i.deleteAll(claims, older)
	i.LookNow(h.secret)
	i.expectJuju(i.theirs, held(h.secret.Status.SecretID, "db-login", 1, "value", "app1", "app2"))
	i.deleteAll(grants)
	i.goesOn(h)
}

// With write access in Juju the attacker's object takes the victim's secret over, as juju update-secret would, and the victim's
// corrects that: unless one only reports drift, they go on so for ever. If the attacker's removes it, the victim's makes another.
// Neither is in conflict with the other by what it says.
func TestWhatAJujuControllerAdoptsIsDecidedByJujuAlone(t *testing.T) {
	t.Parallel()
	i := newIntrusion(t)
	h := i.household()
	id := h.secret.Status.SecretID
	for name, access := range map[string]string{"reader": "read", "writer": "write"} {
		i.localController(i.attacker, name, town.one, i.user(town.one, name, map[model]string{i.theirs: access}))
	}
	stolen := gen.Value(map[string]string{"key": "stolen"})
	reads := gen.JujuSecret(i.attacker, "reads", i.theirs.Name, gen.Locally("reader"), gen.Named("db-login"), gen.Adopting, stolen)
	i.Create(reads)
	i.AwaitReason(reads, v1alpha1.ReasonPermissionDenied, "Juju answered: ")
	i.deleteAll(reads)
	i.expectJuju(i.theirs, held(id, "db-login", 1, "value", "app1", "app2"))

	makes := gen.JujuSecret(i.attacker, "makes", i.theirs.Name, gen.Locally("writer"), gen.Named("db-login"), stolen)
	i.Create(makes)
	i.AwaitReason(makes, v1alpha1.ReasonNameTaken, id) // That it is the victim's, and whose that is, is not told.
	i.deleteAll(makes)
	adopts := gen.JujuSecret(i.attacker, "adopts", i.theirs.Name, gen.Locally("writer"), gen.Named("db-login"), gen.Adopting, gen.Reporting, stolen)
	i.Create(adopts)
	i.Await(func() string {
		if i.Refresh(adopts); adopts.Status.SecretID != id || !adopts.Status.Adopted {
			return "it was not taken over"
		}
		return ""
	})
	i.LookNow(h.secret)
	i.AwaitReady(h.secret)
	i.awaitJuju(i.theirs, held(id, "db-login", 3, "value", "app1", "app2"))
	stage.Change(i.scene, adopts, func(o *v1alpha1.JujuSecret) { o.Spec.DeletionPolicy = v1alpha1.DeletionDelete })
	i.deleteAll(adopts)
	i.LookNow(h.secret, h.access)
	i.AwaitReady(h.secret, h.access)
	i.awaitJuju(i.theirs, held("", "db-login", 1, "value", "app1", "app2"))
	i.goesOn(h)
}
