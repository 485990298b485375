// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// ofDB returns the secret that these tests grant.
func ofDB(granted ...string) servers.UserSecret {
	return servers.UserSecret{
		Name: "db-login", Revision: 1, Content: servers.Content(values("value")), Granted: granted,
	}
}

func TestAccessGrantsAndRevokes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	access := gen.Access(f.Namespace, "db", "db-login", "app2", "app1")
	f.Create(access)
	f.AwaitReason(access, v1alpha1.ReasonJujuSecretNotReady, "db-login")
	f.Create(gen.JujuSecret(f.Namespace, "db-login", f.Model.Name))
	f.AwaitReady(access)
	f.ExpectJuju(ofDB("app1", "app2"))

	env.Change(f, access, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications = gen.Applications("app2", "app3") })
	f.AwaitReady(access)
	f.ExpectJuju(ofDB("app2", "app3"))
	f.Delete(access)
	f.AwaitGone(access)
	f.ExpectJuju(ofDB())
}

func TestManualGrantsAreKept(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name)
	f.Create(obj)
	f.AwaitReady(obj)
	f.Must(f.Juju.Grant(f.Ctx, f.Model, obj.Status.SecretID, "app3", "configurable"))

	access := gen.Access(f.Namespace, "db", "db-login", "app1", "app3")
	// Makes the operator look at Juju first. Otherwise it takes the grants of the
	// last five seconds for its own.
	access.Annotations = map[string]string{v1alpha1.AnnotationReconcileRequestedAt: "the start"}
	f.Create(access)
	f.AwaitReady(access)
	f.ExpectJuju(ofDB("app1", "app3", "configurable"))
	f.Delete(access)
	f.AwaitGone(access)
	f.ExpectJuju(ofDB("app3", "configurable"))
}

func TestMissingApplicationDelaysNoOtherGrant(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	access := gen.Access(f.Namespace, "db", "db-login", "app1", "late", "app3")
	f.Create(gen.JujuSecret(f.Namespace, "db-login", f.Model.Name), access)
	f.AwaitReason(access, v1alpha1.ReasonApplicationNotFound, "late")
	f.ExpectJuju(ofDB("app1", "app3"))
	for _, app := range access.Status.Applications {
		want := v1alpha1.ApplicationGranted
		if app.Name == "late" {
			want = v1alpha1.ApplicationPending
		}
		if app.State != want {
			t.Errorf("%s is %s, want %s", app.Name, app.State, want)
		}
	}
	if access.Status.Granted != "2/3" {
		t.Errorf("got granted %q, want 2/3", access.Status.Granted)
	}
	f.Must(f.Juju.AddApplication(f.Ctx, f.Model, "late"))
	f.AwaitReady(access)
	f.ExpectJuju(ofDB("app1", "app3", "late"))
}

func TestRedeployedApplicationIsGrantedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	access := gen.Access(f.Namespace, "db", "db-login", "app1", "app2")
	f.Create(gen.JujuSecret(f.Namespace, "db-login", f.Model.Name), access)
	f.AwaitReady(access)
	f.Must(f.Juju.RemoveApplication(f.Ctx, f.Model, "app1"))
	f.Must(f.Juju.AddApplication(f.Ctx, f.Model, "app1")) // It has the name but not the grants of the removed application.
	f.AwaitJuju(ofDB("app1", "app2"))
}

func TestAccessBySecretIDAndName(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id, err := f.Juju.AddSecret(f.Ctx, f.Model, "db-login", "", values("value"))
	f.Must(err)
	byID := gen.DirectAccess(f.Namespace, "by-id",
		v1alpha1.UserSecretReference{Model: f.Model.Name, ID: "secret:" + id}, "app1")
	byName := gen.DirectAccess(f.Namespace, "by-name",
		v1alpha1.UserSecretReference{ModelUUID: f.Model.UUID, Name: "db-login"}, "app2")
	f.Create(byID, byName)
	f.AwaitReady(byID, byName)
	f.ExpectJuju(ofDB("app1", "app2"))
	f.Delete(byName)
	f.AwaitGone(byName)
	f.ExpectJuju(ofDB("app1"))
}

func TestAccessWaitsForMissingSecret(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	access := gen.DirectAccess(f.Namespace, "db",
		v1alpha1.UserSecretReference{Model: f.Model.Name, Name: "db-login"}, "app1")
	f.Create(access)
	f.AwaitReason(access, v1alpha1.ReasonSecretNotFound, "db-login")
	_, err := f.Juju.AddSecret(f.Ctx, f.Model, "db-login", "", values("value"))
	f.Must(err)
	f.AwaitReady(access)
	f.ExpectJuju(ofDB("app1"))
}

func TestDeletionOfAccessKeepsGrantsOfAnotherAccess(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	one := gen.Access(f.Namespace, "one", "db-login", "app1", "app2")
	two := gen.Access(f.Namespace, "two", "db-login", "app2", "app3")
	f.Create(gen.JujuSecret(f.Namespace, "db-login", f.Model.Name), one, two)
	f.AwaitReady(one, two)
	f.ExpectJuju(ofDB("app1", "app2", "app3"))
	f.Delete(one)
	f.AwaitGone(one)
	f.ExpectJuju(ofDB("app2", "app3"))
	// The last access revokes app2, even if the other one granted it.
	f.Delete(two)
	f.AwaitGone(two)
	f.ExpectJuju(ofDB())
}

func TestGrantsMoveWithTheReference(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, name := range []string{"one", "two"} {
		_, err := f.Juju.AddSecret(f.Ctx, f.Model, name, "", values("value"))
		f.Must(err)
	}
	content := servers.Content(values("value"))
	obj := gen.JujuSecret(f.Namespace, "reference", f.Model.Name, gen.Named("one"), gen.Observed)
	access := gen.Access(f.Namespace, "db", "reference", "app1")
	other := gen.Access(f.Namespace, "other", "reference", "app1")
	f.Create(obj, access, other)
	f.AwaitReady(obj, access, other)
	f.ExpectJuju(
		servers.UserSecret{Name: "one", Revision: 1, Content: content, Granted: []string{"app1"}},
		servers.UserSecret{Name: "two", Revision: 1, Content: content},
	)
	env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Name = "two" })
	f.AwaitJuju(
		servers.UserSecret{Name: "one", Revision: 1, Content: content},
		servers.UserSecret{Name: "two", Revision: 1, Content: content, Granted: []string{"app1"}},
	)
}

func TestDeletionOfAccessRevokesWhenJujuSecretIsNotReady(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Retained)
	access := gen.Access(f.Namespace, "db", "db-login", "app1")
	f.Create(obj, access)
	f.AwaitReady(obj, access)
	f.Delete(obj)
	f.AwaitGone(obj)
	again := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name)
	f.Create(again)
	f.AwaitReason(again, v1alpha1.ReasonNameTaken)
	f.Delete(access)
	f.AwaitGone(access)
	f.ExpectJuju(ofDB())
}

func TestDeletionOfSecretBeforeAccess(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Retained)
	access := gen.Access(f.Namespace, "db", "db-login", "app1")
	f.Create(obj, access)
	f.AwaitReady(obj, access)
	f.Delete(obj)
	f.AwaitGone(obj)
	f.ExpectJuju(ofDB("app1"))
	f.Delete(access)
	f.AwaitGone(access)
	f.ExpectJuju(ofDB())
}

// exclusively makes an access the exclusive one of its secret.
func exclusively(o *v1alpha1.JujuSecretAccess) { o.Spec.Exclusive = true }

// awaitOtherGrants waits for the applications that no access lists, by the
// status of an access.
func (f *fixture) awaitOtherGrants(access *v1alpha1.JujuSecretAccess, want ...string) {
	f.Helper()
	f.Await(func() string {
		f.Refresh(access)
		return cmp.Diff(want, access.Status.OtherGrants, cmpopts.EquateEmpty())
	})
}

func TestExclusiveAccessRevokesGrantsThatNoAccessLists(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj, _ := f.uri("db-login")
	f.Must(f.Juju.Grant(f.Ctx, f.Model, obj.Status.SecretID, "app2", "app3", configured))
	access := gen.Access(f.Namespace, "db", "db-login", "app1")
	access.Annotations = map[string]string{v1alpha1.AnnotationReconcileRequestedAt: "the start"}
	f.Create(access)
	f.AwaitReady(access)
	f.awaitOtherGrants(access, "app2", "app3", configured)
	other := gen.Access(f.Namespace, "other", "db-login", "app2")
	f.Create(other)
	f.AwaitReady(other)
	f.awaitOtherGrants(access, "app3", configured)
	f.awaitOtherGrants(other, "app3", configured)
	f.ExpectJuju(ofDB("app1", "app2", "app3", configured))

	env.Change(f, access, exclusively)
	f.AwaitReady(access)
	f.ExpectJuju(ofDB("app1", "app2"))
	f.AwaitEvent(access, v1alpha1.ReasonRevoked)
	f.awaitOtherGrants(access)
	f.awaitOtherGrants(other)

	// A grant that is made later is revoked too.
	f.Must(f.Juju.Grant(f.Ctx, f.Model, obj.Status.SecretID, "app3"))
	f.LookNow(other)
	f.AwaitJuju(ofDB("app1", "app2"))
	f.awaitOtherGrants(other)
	// The other access did not make this grant, so its deletion leaves the grant.
	f.Delete(other)
	f.AwaitGone(other)
	f.AwaitJuju(ofDB("app1"))
	f.Delete(access)
	f.AwaitGone(access)
	f.ExpectJuju(ofDB())
}

func TestExclusiveAccessKeepsGrantsOfNewAccesses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj, _ := f.uri("db-login")
	f.Must(f.Juju.Grant(f.Ctx, f.Model, obj.Status.SecretID, "app2", "app3"))
	f.LookNow(obj)
	access := gen.Access(f.Namespace, "db", "db-login", "app1")
	exclusively(access)
	byName := gen.DirectAccess(f.Namespace, "by-name",
		v1alpha1.UserSecretReference{Model: f.Model.Name, Name: "db-login"}, "app2")
	f.Create(access, byName)
	f.AwaitReady(access, byName)
	f.ExpectJuju(ofDB("app1", "app2"))
}

func TestConflictOfExclusiveAccesses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj, _ := f.uri("db-login")
	first, second := gen.Access(f.Namespace, "a", "db-login", "app1"), gen.Access(f.Namespace, "b", "db-login", "app2")
	exclusively(first)
	exclusively(second)
	f.Create(first)
	f.AwaitReady(first)
	f.Create(second)
	f.AwaitReason(second, v1alpha1.ReasonConflict, f.Namespace+"/a", "set exclusive on one of the two objects only")
	f.ExpectJuju(ofDB("app1", "app2"))
	f.Delete(first)
	f.AwaitGone(first)
	f.AwaitReady(second)
	f.ExpectJuju(ofDB("app2"))
	f.Must(f.Juju.Grant(f.Ctx, f.Model, obj.Status.SecretID, "app3"))
	f.LookNow(second)
	f.AwaitJuju(ofDB("app2"))
}
