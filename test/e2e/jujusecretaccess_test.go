// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// ofDB is the secret that these tests grant.
func ofDB(granted ...string) servers.UserSecret {
	return servers.UserSecret{
		Name: "db-login", Revision: 1, Content: servers.Content(map[string]string{"key": "value"}), Granted: granted,
	}
}

func TestApplicationsAreGrantedAndRevoked(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	access := gen.Access(s.ns, "db", "db-login", "app2", "app1")
	s.create(access)
	s.awaitReason(access, v1alpha1.ReasonJujuSecretNotReady, "db-login")
	s.create(gen.JujuSecret(s.ns, "db-login", s.model.Name))
	s.awaitReady(access)
	s.expectJuju(ofDB("app1", "app2"))

	change(s, access, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications = gen.Applications("app2", "app3") })
	s.awaitReady(access)
	s.expectJuju(ofDB("app2", "app3"))
	s.delete(access)
	s.awaitGone(access)
	s.expectJuju(ofDB())
}

func TestGrantsMadeByHandAreLeftAlone(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name)
	s.create(obj)
	s.awaitReady(obj)
	s.must(s.juju.Grant(s.ctx, s.model, obj.Status.SecretID, "app3", "configurable"))

	access := gen.Access(s.ns, "db", "db-login", "app1", "app3")
	// Without this a grant of the last five seconds would pass for the operator's own.
	access.Annotations = map[string]string{v1alpha1.AnnotationReconcileRequestedAt: "the start"}
	s.create(access)
	s.awaitReady(access)
	s.expectJuju(ofDB("app1", "app3", "configurable"))
	s.delete(access)
	s.awaitGone(access)
	s.expectJuju(ofDB("app3", "configurable"))
}

func TestAMissingApplicationHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	access := gen.Access(s.ns, "db", "db-login", "app1", "late", "app3")
	s.create(gen.JujuSecret(s.ns, "db-login", s.model.Name), access)
	s.awaitReason(access, v1alpha1.ReasonApplicationNotFound, "late")
	s.expectJuju(ofDB("app1", "app3"))
	for _, app := range access.Status.Applications {
		want := v1alpha1.ApplicationGranted
		if app.Name == "late" {
			want = v1alpha1.ApplicationPending
		}
		if app.State != want {
			t.Errorf("the state of %s is %s, want %s", app.Name, app.State, want)
		}
	}
	if access.Status.Granted != "2/3" {
		t.Errorf("granted is %q, want 2/3", access.Status.Granted)
	}
	s.must(s.juju.AddApplication(s.ctx, s.model, "late"))
	s.awaitReady(access)
	s.expectJuju(ofDB("app1", "app3", "late"))
}

func TestAnApplicationThatWasDeployedAgainIsGrantedAgain(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	access := gen.Access(s.ns, "db", "db-login", "app1", "app2")
	s.create(gen.JujuSecret(s.ns, "db-login", s.model.Name), access)
	s.awaitReady(access)
	s.must(s.juju.RemoveApplication(s.ctx, s.model, "app1"))
	s.must(s.juju.AddApplication(s.ctx, s.model, "app1")) // It has the name of the former one, and not its grants.
	s.awaitJuju(ofDB("app1", "app2"))
}

func TestASecretCanBeGrantedByIDAndByName(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	id, err := s.juju.AddSecret(s.ctx, s.model, "db-login", "", map[string]string{"key": "value"})
	s.must(err)
	byID := gen.DirectAccess(s.ns, "by-id", v1alpha1.UserSecretReference{Model: s.model.Name, ID: id}, "app1")
	byName := gen.DirectAccess(s.ns, "by-name", v1alpha1.UserSecretReference{ModelUUID: s.model.UUID, Name: "db-login"}, "app2")
	s.create(byID, byName)
	s.awaitReady(byID, byName)
	s.expectJuju(ofDB("app1", "app2"))
	s.delete(byName)
	s.awaitGone(byName)
	s.expectJuju(ofDB("app1"))
}

func TestAGrantWaitsForASecretThatIsNotThere(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	access := gen.DirectAccess(s.ns, "db", v1alpha1.UserSecretReference{Model: s.model.Name, Name: "db-login"}, "app1")
	s.create(access)
	s.awaitReason(access, v1alpha1.ReasonSecretNotFound, "db-login")
	_, err := s.juju.AddSecret(s.ctx, s.model, "db-login", "", map[string]string{"key": "value"})
	s.must(err)
	s.awaitReady(access)
	s.expectJuju(ofDB("app1"))
}

func TestTwoAccessesDoNotRevokeEachOthersGrants(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	one := gen.Access(s.ns, "one", "db-login", "app1", "app2")
	two := gen.Access(s.ns, "two", "db-login", "app2", "app3")
	s.create(gen.JujuSecret(s.ns, "db-login", s.model.Name), one, two)
	s.awaitReady(one, two)
	s.expectJuju(ofDB("app1", "app2", "app3"))
	s.delete(one)
	s.awaitGone(one)
	s.expectJuju(ofDB("app2", "app3"))
	// Whichever of them granted app2, the last one takes it away.
	s.delete(two)
	s.awaitGone(two)
	s.expectJuju(ofDB())
}

func TestGrantsMoveWithTheReference(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, name := range []string{"one", "two"} {
		_, err := s.juju.AddSecret(s.ctx, s.model, name, "", map[string]string{"key": "value"})
		s.must(err)
	}
	content := servers.Content(map[string]string{"key": "value"})
	obj := gen.JujuSecret(s.ns, "reference", s.model.Name, gen.Named("one"), gen.Observed)
	access, other := gen.Access(s.ns, "db", "reference", "app1"), gen.Access(s.ns, "other", "reference", "app1")
	s.create(obj, access, other)
	s.awaitReady(obj, access, other)
	s.expectJuju(
		servers.UserSecret{Name: "one", Revision: 1, Content: content, Granted: []string{"app1"}},
		servers.UserSecret{Name: "two", Revision: 1, Content: content},
	)
	change(s, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Name = "two" })
	s.awaitJuju(
		servers.UserSecret{Name: "one", Revision: 1, Content: content},
		servers.UserSecret{Name: "two", Revision: 1, Content: content, Granted: []string{"app1"}},
	)
}

func TestAnAccessRevokesThoughItsJujuSecretHasNothingToShow(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Retained)
	access := gen.Access(s.ns, "db", "db-login", "app1")
	s.create(obj, access)
	s.awaitReady(obj, access)
	s.delete(obj)
	s.awaitGone(obj)
	again := gen.JujuSecret(s.ns, "db-login", s.model.Name)
	s.create(again)
	s.awaitReason(again, v1alpha1.ReasonNameTaken)
	s.delete(access)
	s.awaitGone(access)
	s.expectJuju(ofDB())
}

func TestDeletingTheSecretFirstLetsItsAccessGo(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Retained)
	access := gen.Access(s.ns, "db", "db-login", "app1")
	s.create(obj, access)
	s.awaitReady(obj, access)
	s.delete(obj)
	s.awaitGone(obj)
	s.expectJuju(ofDB("app1"))
	s.delete(access)
	s.awaitGone(access)
	s.expectJuju(ofDB())
}
