// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

func TestSecretMergesAllSources(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.Create(
		gen.Secret(f.Namespace, "login", map[string]string{"DB_USER": "mattermost", "DB_PASSWORD": sentinel, "unused": "x"}),
		gen.Secret(f.Namespace, "tls", map[string]string{"tls.crt": "a certificate", "CA_BUNDLE": "a bundle"}),
		gen.ConfigMap(f.Namespace, "settings", map[string]string{"host": "db.example.com"}),
	)
	obj := gen.JujuSecret(f.Namespace, "db", f.Model.Name, gen.Named("db-password"), gen.Info("Login of the database"),
		gen.Value(map[string]string{"port": "5432"}),
		gen.FromSecret("login", v1alpha1.KeyToKey{Key: "DB_USER", As: "username"}, v1alpha1.KeyToKey{Key: "DB_PASSWORD"}),
		gen.FromSecret("tls"),
		gen.FromConfigMap("settings"))
	f.Create(obj)
	f.AwaitReady(obj)
	f.ExpectJuju(servers.UserSecret{
		ID: obj.Status.SecretID, Name: "db-password", Info: "Login of the database", Revision: 1,
		Content: servers.Content(map[string]string{
			"port": "5432", "username": "mattermost", "db-password": sentinel,
			"tls-crt": "a certificate", "ca-bundle": "a bundle", "host": "db.example.com",
		}),
	})
	if obj.Status.URI != "secret:"+obj.Status.SecretID || obj.Status.Revision != 1 ||
		obj.Status.ModelUUID != f.Model.UUID {
		t.Errorf("got status %+v, want URI, revision 1 and model %s", obj.Status, f.Model.UUID)
	}
}

func TestModelUUIDSelectsModel(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "by-uuid", "", func(o *v1alpha1.JujuSecret) { o.Spec.ModelUUID = f.Model.UUID })
	f.Create(obj)
	f.AwaitReady(obj)
	f.ExpectJuju(servers.UserSecret{Name: "by-uuid", Revision: 1, Content: servers.Content(values("value"))})
}

func TestSourceChangeCreatesRevision(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	source := gen.Secret(f.Namespace, "db", map[string]string{"password": "first"})
	settings := gen.ConfigMap(f.Namespace, "db", map[string]string{"host": "here"})
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.FromSecret("db"), gen.FromConfigMap("db"))
	f.Create(source, settings, obj)
	f.AwaitReady(obj)
	id := obj.Status.SecretID

	env.Change(f, source, func(o *corev1.Secret) { o.Data["password"] = []byte(sentinel) })
	f.AwaitJuju(servers.UserSecret{ID: id, Name: "db-login", Revision: 2,
		Content: servers.Content(map[string]string{"password": sentinel, "host": "here"})})
	env.Change(f, settings, func(o *corev1.ConfigMap) { o.Data["host"] = "there" })
	f.AwaitJuju(servers.UserSecret{ID: id, Name: "db-login", Revision: 3,
		Content: servers.Content(map[string]string{"password": sentinel, "host": "there"})})
	f.Await(func() string {
		if f.Refresh(obj); obj.Status.Revision != 3 {
			return "the status does not report revision 3"
		}
		return ""
	})
}

func TestNameAndInfoChangeInPlace(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "db", f.Model.Name, gen.Named("old-name"), gen.Info("Old info"))
	access := gen.Access(f.Namespace, "db", "db", "app1")
	f.Create(obj, access)
	f.AwaitReady(obj, access)
	want := servers.UserSecret{
		ID: obj.Status.SecretID, Name: "new-name", Info: "New info", Revision: 1,
		Content: servers.Content(values("value")), Granted: []string{"app1"},
	}

	env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Name, o.Spec.Info = "new-name", "New info" })
	f.AwaitReady(obj)
	f.ExpectJuju(want)
	env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Info = "" })
	f.AwaitReady(obj)
	want.Info = ""
	f.ExpectJuju(want)
}

func TestSyncedObjectCausesNoWrites(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	source := gen.Secret(f.Namespace, "db", map[string]string{"password": sentinel, "other": sentinel})
	only := func(key string) v1alpha1.KeyToKey { return v1alpha1.KeyToKey{Key: key} }
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.FromSecret("db", only("password")))
	witness := gen.JujuSecret(f.Namespace, "witness", f.Model.Name, gen.FromSecret("db", only("other")))
	access := gen.Access(f.Namespace, "db", "db-login", "app1", "app2")
	f.Create(source, obj, witness, access)
	f.AwaitReady(obj, witness, access)
	version, accessVersion := obj.ResourceVersion, access.ResourceVersion
	before := f.Requests()

	// Each change wakes both objects and changes only the content of the witness.
	for round := range 3 {
		env.Change(f, source, func(o *corev1.Secret) { o.Data["other"] = fmt.Appendf(nil, "%s %d", sentinel, round) })
		f.Await(func() string {
			if f.Refresh(witness); witness.Status.Revision != round+2 {
				return "the witness was not updated"
			}
			return ""
		})
	}

	f.Refresh(obj)
	f.Refresh(access)
	if obj.ResourceVersion != version || access.ResourceVersion != accessVersion {
		t.Error("the operator wrote to an object that was in sync")
	}
	after := f.Requests()
	for method, allowed := range map[string]int{
		"CreateSecrets": 0, "UpdateSecrets": 3, "RemoveSecrets": 0, "GrantSecret": 0, "RevokeSecret": 0,
	} {
		if made := after["Secrets."+method] - before["Secrets."+method]; made != allowed {
			t.Errorf("the operator called %s %d times, want %d for the witness", method, made, allowed)
		}
	}
}

// The events of later changes show that no event of the first success is still
// on its way.
func TestNewObjectIsReadyAfterTwoWrites(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := gen.JujuSecret(f.Namespace, "first", f.Model.Name)
	f.Create(first)
	f.AwaitReady(first) // A slow first list of the model would cause one more write.
	secretWrites := f.countWrites(&v1alpha1.JujuSecretList{})
	accessWrites := f.countWrites(&v1alpha1.JujuSecretAccessList{})
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name)
	access := gen.Access(f.Namespace, "db-login", "db-login", "app1")
	f.Create(obj)
	f.AwaitReady(obj)
	f.Create(access)
	f.AwaitReady(access)
	f.Create(gen.JujuSecret(f.Namespace, "marker", f.Model.Name), gen.Access(f.Namespace, "marker", "marker", "app1"))
	writes := [2]int{secretWrites("db-login", "marker"), accessWrites("db-login", "marker")}
	if writes != [2]int{2, 2} {
		t.Errorf("got %d writes until both objects are Ready, want 2 to each", writes)
	}

	env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Info = "changed" })
	env.Change(f, access, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications = gen.Applications("app1", "app2") })
	f.AwaitEvent(obj, v1alpha1.ReasonUpdated)
	f.AwaitEvent(access, v1alpha1.ReasonGranted)
	got := [][]string{f.Events(obj), f.Events(access)}
	if diff := cmp.Diff([][]string{{"Updated"}, {"Granted"}}, got); diff != "" {
		t.Errorf("events of the JujuSecret and of the JujuSecretAccess (-want +got):\n%s", diff)
	}
}

// The cache of the operator does not hold this annotation, which kubectl apply
// writes.
func TestLastAppliedConfigurationIsKept(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const applied = `{"kind":"JujuSecret"}`
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Value(values(sentinel)), gen.Retained)
	obj.Annotations = map[string]string{corev1.LastAppliedConfigAnnotation: applied}
	obj.Finalizers = []string{testFinalizer}
	expect := func(when string) {
		t.Helper()
		f.Refresh(obj)
		if got := obj.Annotations[corev1.LastAppliedConfigAnnotation]; got != applied || obj.Spec.Value["key"] != sentinel {
			t.Errorf("%s, the annotation is %q and the content is kept: %t", when, got, obj.Spec.Value["key"] == sentinel)
		}
	}
	f.Create(obj)
	f.AwaitReady(obj)
	expect("after the record was written")
	f.Delete(obj)
	f.Await(func() string {
		if f.Refresh(obj); len(obj.Finalizers) > 1 {
			return "the operator has not released the object"
		}
		return ""
	})
	expect("after the record was removed")
	env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Finalizers = nil })
	f.AwaitGone(obj)
}

func TestDeletionWaitsForJuju(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name)
	f.Create(obj)
	f.AwaitReady(obj)
	id := obj.Status.SecretID
	f.Must(f.Juju.PauseRemovals(f.Ctx, f.Model))

	f.Delete(obj)
	f.AwaitReason(obj, v1alpha1.ReasonRemoving, "db-login")
	f.LookNow(obj)
	f.AwaitReason(obj, v1alpha1.ReasonRemoving, "db-login")
	if n := f.Requests()["Secrets.RemoveSecrets"]; n != 1 {
		t.Errorf("got %d requests to remove the secret, want 1", n)
	}
	f.ExpectJuju(servers.UserSecret{ID: id, Name: "db-login", Revision: 1, Content: servers.Content(values("value"))})
	f.Must(f.Juju.ResumeRemovals(f.Ctx, f.Model))
	f.AwaitGone(obj)
	f.ExpectJuju()
}

func TestDeletionAllowsNewSecretOfSameName(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name)
	f.Create(obj)
	f.AwaitReady(obj)
	first := obj.Status.SecretID

	f.Delete(obj)
	f.AwaitGone(obj)
	again := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Value(values("another")))
	f.Create(again)
	f.AwaitReady(again)
	f.ExpectJuju(servers.UserSecret{
		ID: again.Status.SecretID, Name: "db-login", Revision: 1, Content: servers.Content(values("another")),
	})
	if again.Status.SecretID == first {
		t.Error("the new object has the ID of the removed secret")
	}
}

func TestDeletionRetainsSecret(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "retained", f.Model.Name, gen.Retained)
	f.Create(obj)
	f.AwaitReady(obj)
	f.Delete(obj)
	f.AwaitGone(obj)
	f.ExpectJuju(servers.UserSecret{Name: "retained", Revision: 1, Content: servers.Content(values("value"))})
}

func TestRemovedSecretIsRecreated(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name)
	access := gen.Access(f.Namespace, "db", "db-login", "app1")
	f.Create(obj, access)
	f.AwaitReady(obj, access)
	first := obj.Status.SecretID
	f.Must(f.Juju.RemoveSecret(f.Ctx, f.Model, first))
	f.awaitNotInJuju(first)

	env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Info = "Changed" })
	f.AwaitReady(obj)
	f.AwaitJuju(servers.UserSecret{
		ID: obj.Status.SecretID, Name: "db-login", Info: "Changed", Revision: 1,
		Content: servers.Content(values("value")), Granted: []string{"app1"},
	})
}

// expectUpdates checks how many updates of the secret have reached Juju.
func (f *fixture) expectUpdates(obj *v1alpha1.JujuSecret, want int) {
	f.Helper()
	if n := f.Requests()["Secrets.UpdateSecrets"]; n != want {
		f.Errorf("%d updates of %s, want %d", n, obj.Name, want)
	}
}

func TestRemovedLatestRevisionIsRestored(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Value(values("first")))
	f.Create(obj)
	f.AwaitReady(obj)
	env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Value["key"] = sentinel })
	f.AwaitReady(obj)
	f.Must(f.Juju.RemoveRevision(f.Ctx, f.Model, obj.Status.SecretID, 2))

	// Juju still lists the checksum of the removed revision, and would treat the
	// same content as no change. The operator detects the removal within the
	// interval. Juju reuses the number of the revision.
	restored := servers.UserSecret{
		ID: obj.Status.SecretID, Name: "db-login", Revision: 2, Content: servers.Content(values(sentinel)),
	}
	f.AwaitJuju(restored)
	f.expectUpdates(obj, 2)
	f.LookNow(obj)
	f.AwaitReady(obj)
	f.expectUpdates(obj, 2) // The other checksum is no difference.

	f.Must(f.Juju.RemoveRevision(f.Ctx, f.Model, obj.Status.SecretID, 2))
	f.LookNow(obj)
	f.AwaitJuju(restored)
	f.expectUpdates(obj, 3)
	env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Value["key"] = "third" })
	f.AwaitRevision(obj, 3)
	restored.Revision, restored.Content = 3, servers.Content(values("third"))
	f.AwaitJuju(restored)
	f.expectUpdates(obj, 4)
}

func TestReferenceNeverChangesItsSecret(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	foreign := servers.UserSecret{
		Name: "foreign_secret", Info: "Made by hand", Revision: 1, Content: servers.Content(values(sentinel)),
	}
	var err error
	foreign.ID, err = f.Juju.AddSecret(f.Ctx, f.Model, foreign.Name, foreign.Info, values(sentinel))
	f.Must(err)

	obj := gen.JujuSecret(f.Namespace, "reference", f.Model.Name, gen.Named(foreign.Name), gen.Observed)
	access := gen.Access(f.Namespace, "reference", "reference", "app2")
	f.Create(obj, access)
	f.AwaitReady(obj, access)
	if obj.Status.SecretID != foreign.ID || obj.Status.Revision != 1 {
		t.Errorf("got status %+v, want ID %s and revision 1", obj.Status, foreign.ID)
	}
	if len(obj.Finalizers) != 0 {
		t.Errorf("got finalizers %v, want none for a reference", obj.Finalizers)
	}
	foreign.Granted = []string{"app2"}
	f.ExpectJuju(foreign)

	f.Delete(access)
	f.AwaitGone(access)
	f.Delete(obj)
	f.AwaitGone(obj)
	foreign.Granted = nil
	f.ExpectJuju(foreign)
}

func TestReferenceWaitsForItsSecret(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "reference", f.Model.Name, gen.Named("not-yet"), gen.Observed)
	f.Create(obj)
	f.AwaitReason(obj, v1alpha1.ReasonSecretNotFound, "not-yet", f.Model.Name)
	id, err := f.Juju.AddSecret(f.Ctx, f.Model, "not-yet", "", values("value"))
	f.Must(err)
	f.AwaitReady(obj)
	if obj.Status.SecretID != id {
		t.Errorf("the reference has the ID %q, want %q", obj.Status.SecretID, id)
	}
}

func TestConditionsFollowKstatus(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.FromSecret("later"))
	f.Create(obj)
	f.AwaitReason(obj, v1alpha1.ReasonSourceNotFound)
	if !meta.IsStatusConditionTrue(obj.Status.Conditions, v1alpha1.ConditionReconciling) {
		t.Error("a waiting object is not Reconciling")
	}
	f.Create(gen.Secret(f.Namespace, "later", map[string]string{"a": "Juju rejects this key"}))
	f.AwaitReason(obj, v1alpha1.ReasonInvalidContent)
	if !meta.IsStatusConditionTrue(obj.Status.Conditions, v1alpha1.ConditionStalled) ||
		meta.FindStatusCondition(obj.Status.Conditions, v1alpha1.ConditionReconciling) != nil {
		t.Error("an object that needs a user is not Stalled, or is Reconciling")
	}
	env.Change(f, obj, func(o *v1alpha1.JujuSecret) {
		o.Spec.ValueFrom[0].Items = []v1alpha1.KeyToKey{{Key: "a", As: "better-key"}}
	})
	f.AwaitReady(obj)
	if len(obj.Status.Conditions) != 1 || obj.Status.ObservedGeneration != obj.Generation {
		t.Errorf("a synced object has the conditions %v and the observed generation %d, want only Ready and %d",
			obj.Status.Conditions, obj.Status.ObservedGeneration, obj.Generation)
	}
}
