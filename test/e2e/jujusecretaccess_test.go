// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/stage"
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
	s.Create(access)
	s.AwaitReason(access, v1alpha1.ReasonJujuSecretNotReady, "db-login")
	s.Create(gen.JujuSecret(s.ns, "db-login", s.model.Name))
	s.AwaitReady(access)
	s.expectJuju(ofDB("app1", "app2"))

	stage.Change(s, access, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications = gen.Applications("app2", "app3") })
	s.AwaitReady(access)
	s.expectJuju(ofDB("app2", "app3"))
	s.Delete(access)
	s.AwaitGone(access)
	s.expectJuju(ofDB())
}

func TestGrantsMadeByHandAreLeftAlone(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name)
	s.Create(obj)
	s.AwaitReady(obj)
	s.Must(s.juju.Grant(s.Ctx, s.model, obj.Status.SecretID, "app3", "configurable"))

	access := gen.Access(s.ns, "db", "db-login", "app1", "app3")
	// Without this a grant of the last five seconds would pass for the operator's own.
	access.Annotations = map[string]string{v1alpha1.AnnotationReconcileRequestedAt: "the start"}
	s.Create(access)
	s.AwaitReady(access)
	s.expectJuju(ofDB("app1", "app3", "configurable"))
	s.Delete(access)
	s.AwaitGone(access)
	s.expectJuju(ofDB("app3", "configurable"))
}

func TestAMissingApplicationHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	access := gen.Access(s.ns, "db", "db-login", "app1", "late", "app3")
	s.Create(gen.JujuSecret(s.ns, "db-login", s.model.Name), access)
	s.AwaitReason(access, v1alpha1.ReasonApplicationNotFound, "late")
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
	s.Must(s.juju.AddApplication(s.Ctx, s.model, "late"))
	s.AwaitReady(access)
	s.expectJuju(ofDB("app1", "app3", "late"))
}

func TestAnApplicationThatWasDeployedAgainIsGrantedAgain(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	access := gen.Access(s.ns, "db", "db-login", "app1", "app2")
	s.Create(gen.JujuSecret(s.ns, "db-login", s.model.Name), access)
	s.AwaitReady(access)
	s.Must(s.juju.RemoveApplication(s.Ctx, s.model, "app1"))
	s.Must(s.juju.AddApplication(s.Ctx, s.model, "app1")) // It has the name of the former one, and not its grants.
	s.awaitJuju(ofDB("app1", "app2"))
}

func TestASecretCanBeGrantedByIDAndByName(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	id, err := s.juju.AddSecret(s.Ctx, s.model, "db-login", "", map[string]string{"key": "value"})
	s.Must(err)
	byID := gen.DirectAccess(s.ns, "by-id", v1alpha1.UserSecretReference{Model: s.model.Name, ID: id}, "app1")
	byName := gen.DirectAccess(s.ns, "by-name", v1alpha1.UserSecretReference{ModelUUID: s.model.UUID, Name: "db-login"}, "app2")
	s.Create(byID, byName)
	s.AwaitReady(byID, byName)
	s.expectJuju(ofDB("app1", "app2"))
	s.Delete(byName)
	s.AwaitGone(byName)
	s.expectJuju(ofDB("app1"))
}

func TestAGrantWaitsForASecretThatIsNotThere(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	access := gen.DirectAccess(s.ns, "db", v1alpha1.UserSecretReference{Model: s.model.Name, Name: "db-login"}, "app1")
	s.Create(access)
	s.AwaitReason(access, v1alpha1.ReasonSecretNotFound, "db-login")
	_, err := s.juju.AddSecret(s.Ctx, s.model, "db-login", "", map[string]string{"key": "value"})
	s.Must(err)
	s.AwaitReady(access)
	s.expectJuju(ofDB("app1"))
}

func TestTwoAccessesDoNotRevokeEachOthersGrants(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	one := gen.Access(s.ns, "one", "db-login", "app1", "app2")
	two := gen.Access(s.ns, "two", "db-login", "app2", "app3")
	s.Create(gen.JujuSecret(s.ns, "db-login", s.model.Name), one, two)
	s.AwaitReady(one, two)
	s.expectJuju(ofDB("app1", "app2", "app3"))
	s.Delete(one)
	s.AwaitGone(one)
	s.expectJuju(ofDB("app2", "app3"))
	// Whichever of them granted app2, the last one takes it away.
	s.Delete(two)
	s.AwaitGone(two)
	s.expectJuju(ofDB())
}

func TestGrantsMoveWithTheReference(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, name := range []string{"one", "two"} {
		_, err := s.juju.AddSecret(s.Ctx, s.model, name, "", map[string]string{"key": "value"})
		s.Must(err)
	}
	content := servers.Content(map[string]string{"key": "value"})
	obj := gen.JujuSecret(s.ns, "reference", s.model.Name, gen.Named("one"), gen.Observed)
	access, other := gen.Access(s.ns, "db", "reference", "app1"), gen.Access(s.ns, "other", "reference", "app1")
	s.Create(obj, access, other)
	s.AwaitReady(obj, access, other)
	s.expectJuju(
		servers.UserSecret{Name: "one", Revision: 1, Content: content, Granted: []string{"app1"}},
		servers.UserSecret{Name: "two", Revision: 1, Content: content},
	)
	stage.Change(s, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Name = "two" })
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
	s.Create(obj, access)
	s.AwaitReady(obj, access)
	s.Delete(obj)
	s.AwaitGone(obj)
	again := gen.JujuSecret(s.ns, "db-login", s.model.Name)
	s.Create(again)
	s.AwaitReason(again, v1alpha1.ReasonNameTaken)
	s.Delete(access)
	s.AwaitGone(access)
	s.expectJuju(ofDB())
}

func TestDeletingTheSecretFirstLetsItsAccessGo(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Retained)
	access := gen.Access(s.ns, "db", "db-login", "app1")
	s.Create(obj, access)
	s.AwaitReady(obj, access)
	s.Delete(obj)
	s.AwaitGone(obj)
	s.expectJuju(ofDB("app1"))
	s.Delete(access)
	s.AwaitGone(access)
	s.expectJuju(ofDB())
}
