// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/stage"
)

func TestASecretIsAddedFromAllItsSources(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.Create(
		gen.Secret(s.ns, "login", map[string]string{"DB_USER": "mattermost", "DB_PASSWORD": sentinel, "unused": "x"}),
		gen.Secret(s.ns, "tls", map[string]string{"tls.crt": "a certificate", "CA_BUNDLE": "a bundle"}),
		gen.ConfigMap(s.ns, "settings", map[string]string{"host": "db.example.com"}),
	)
	obj := gen.JujuSecret(s.ns, "db", s.model.Name, gen.Named("db-password"), gen.Info("Login of the database"),
		gen.Value(map[string]string{"port": "5432"}),
		gen.FromSecret("login", v1alpha1.KeyToKey{Key: "DB_USER", As: "username"}, v1alpha1.KeyToKey{Key: "DB_PASSWORD"}),
		gen.FromSecret("tls"),
		gen.FromConfigMap("settings"))
	s.Create(obj)
	s.AwaitReady(obj)
	s.expectJuju(servers.UserSecret{
		ID: obj.Status.SecretID, Name: "db-password", Info: "Login of the database", Revision: 1,
		Content: servers.Content(map[string]string{
			"port": "5432", "username": "mattermost", "db-password": sentinel,
			"tls-crt": "a certificate", "ca-bundle": "a bundle", "host": "db.example.com",
		}),
	})
	if obj.Status.URI != "secret:"+obj.Status.SecretID || obj.Status.Revision != 1 || obj.Status.ModelUUID != s.model.UUID {
		t.Errorf("the status is %+v, want URI, revision 1 and model %s", obj.Status, s.model.UUID)
	}
}

func TestAModelCanBeNamedByUUID(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "by-uuid", "", func(o *v1alpha1.JujuSecret) { o.Spec.ModelUUID = s.model.UUID })
	s.Create(obj)
	s.AwaitReady(obj)
	s.expectJuju(servers.UserSecret{Name: "by-uuid", Revision: 1, Content: servers.Content(map[string]string{"key": "value"})})
}

func TestAChangedSourceIsANewRevision(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	source := gen.Secret(s.ns, "db", map[string]string{"password": "first"})
	settings := gen.ConfigMap(s.ns, "db", map[string]string{"host": "here"})
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.FromSecret("db"), gen.FromConfigMap("db"))
	s.Create(source, settings, obj)
	s.AwaitReady(obj)
	id := obj.Status.SecretID

	stage.Change(s, source, func(o *corev1.Secret) { o.Data["password"] = []byte(sentinel) })
	s.awaitJuju(servers.UserSecret{ID: id, Name: "db-login", Revision: 2,
		Content: servers.Content(map[string]string{"password": sentinel, "host": "here"})})
	stage.Change(s, settings, func(o *corev1.ConfigMap) { o.Data["host"] = "there" })
	s.awaitJuju(servers.UserSecret{ID: id, Name: "db-login", Revision: 3,
		Content: servers.Content(map[string]string{"password": sentinel, "host": "there"})})
	s.Await(func() string {
		if s.Refresh(obj); obj.Status.Revision != 3 {
			return "the status does not tell of revision 3"
		}
		return ""
	})
}

func TestNameAndInfoChangeInPlace(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "db", s.model.Name, gen.Named("old-name"), gen.Info("Old words"))
	access := gen.Access(s.ns, "db", "db", "app1")
	s.Create(obj, access)
	s.AwaitReady(obj, access)
	want := servers.UserSecret{
		ID: obj.Status.SecretID, Name: "new-name", Info: "New words", Revision: 1,
		Content: servers.Content(map[string]string{"key": "value"}), Granted: []string{"app1"},
	}

	stage.Change(s, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Name, o.Spec.Info = "new-name", "New words" })
	s.AwaitReady(obj)
	s.expectJuju(want)
	stage.Change(s, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Info = "" })
	s.AwaitReady(obj)
	want.Info = ""
	s.expectJuju(want)
}

func TestAnObjectInSyncIsNotWrittenAnywhere(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	source := gen.Secret(s.ns, "db", map[string]string{"password": sentinel, "other": sentinel})
	only := func(key string) v1alpha1.KeyToKey { return v1alpha1.KeyToKey{Key: key} }
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.FromSecret("db", only("password")))
	witness := gen.JujuSecret(s.ns, "witness", s.model.Name, gen.FromSecret("db", only("other")))
	access := gen.Access(s.ns, "db", "db-login", "app1", "app2")
	s.Create(source, obj, witness, access)
	s.AwaitReady(obj, witness, access)
	version, accessVersion := obj.ResourceVersion, access.ResourceVersion
	before := s.requests()

	// Each change wakes both objects, and makes a difference to the witness alone.
	for round := range 3 {
		stage.Change(s, source, func(o *corev1.Secret) { o.Data["other"] = fmt.Appendf(nil, "%s %d", sentinel, round) })
		s.Await(func() string {
			if s.Refresh(witness); witness.Status.Revision != round+2 {
				return "the witness was not updated"
			}
			return ""
		})
	}

	s.Refresh(obj)
	s.Refresh(access)
	if obj.ResourceVersion != version || access.ResourceVersion != accessVersion {
		t.Error("the operator wrote to an object that was in sync")
	}
	after := s.requests()
	for method, allowed := range map[string]int{
		"CreateSecrets": 0, "UpdateSecrets": 3, "RemoveSecrets": 0, "GrantSecret": 0, "RevokeSecret": 0,
	} {
		if made := after["Secrets."+method] - before["Secrets."+method]; made != allowed {
			t.Errorf("the operator called %s %d times, want %d, for the witness", method, made, allowed)
		}
	}
}

func TestTwoWritesTakeAnObjectToReady(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	first := gen.JujuSecret(s.ns, "first", s.model.Name)
	s.Create(first)
	s.AwaitReady(first) // A model that is slow to be listed for the first time is told of, which is one more write.
	writes := s.countWrites(&v1alpha1.JujuSecretList{})
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name)
	s.Create(obj)
	s.AwaitReady(obj)
	s.Create(gen.JujuSecret(s.ns, "marker", s.model.Name))
	if got := writes("db-login", "marker"); got != 2 {
		t.Errorf("the operator wrote %d times to take an object to Ready, want 2", got)
	}
}

func TestDeletionWaitsUntilJujuHasRemovedTheSecret(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "doomed", s.model.Name)
	s.Create(obj)
	s.AwaitReady(obj)
	id := obj.Status.SecretID
	s.Must(s.juju.PauseRemovals(s.Ctx, s.model))

	s.Delete(obj)
	s.AwaitReason(obj, v1alpha1.ReasonRemoving, "doomed")
	s.expectJuju(servers.UserSecret{ID: id, Name: "doomed", Revision: 1, Content: servers.Content(map[string]string{"key": "value"})})
	s.Must(s.juju.ResumeRemovals(s.Ctx, s.model))
	s.AwaitGone(obj)
	s.expectJuju()
}

func TestASecretCanBeDeletedAndAppliedAgain(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "phoenix", s.model.Name)
	s.Create(obj)
	s.AwaitReady(obj)
	first := obj.Status.SecretID

	s.Delete(obj)
	s.AwaitGone(obj)
	again := gen.JujuSecret(s.ns, "phoenix", s.model.Name, gen.Value(map[string]string{"key": "another"}))
	s.Create(again)
	s.AwaitReady(again)
	s.expectJuju(servers.UserSecret{
		ID: again.Status.SecretID, Name: "phoenix", Revision: 1, Content: servers.Content(map[string]string{"key": "another"}),
	})
	if again.Status.SecretID == first {
		t.Error("the new object took up the secret that was removed")
	}
}

func TestAReplacedObjectKeepsItsSecret(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name)
	s.Create(obj)
	s.AwaitReady(obj)
	id := obj.Status.SecretID

	// kubectl replace, and Argo CD where it is told to replace, send the manifest as it is: without what the operator keeps.
	replacement := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Value(map[string]string{"key": sentinel}))
	replacement.ResourceVersion = obj.ResourceVersion
	s.Must(s.Kube.Update(s.Ctx, replacement))
	s.AwaitReady(replacement)
	s.awaitJuju(servers.UserSecret{
		ID: id, Name: "db-login", Revision: 2, Content: servers.Content(map[string]string{"key": sentinel}),
	})
	s.Delete(replacement)
	s.AwaitGone(replacement)
	s.awaitJuju()
}

func TestACopyOfAnObjectDoesNotPassForIt(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "original", s.model.Name, gen.Named("db-login"))
	s.Create(obj)
	s.AwaitReady(obj)

	// As kubectl get -o yaml, an editor and kubectl create make it: everything the operator keeps in the metadata comes along.
	duplicate := gen.JujuSecret(s.ns, "copy", s.model.Name, gen.Named("db-login"))
	duplicate.Annotations, duplicate.Finalizers = obj.Annotations, obj.Finalizers
	s.Create(duplicate)
	s.AwaitReason(duplicate, v1alpha1.ReasonConflict, s.ns+"/original")
	s.Delete(duplicate)
	s.AwaitGone(duplicate)
	s.expectJuju(servers.UserSecret{
		ID: obj.Status.SecretID, Name: "db-login", Revision: 1, Content: servers.Content(map[string]string{"key": "value"}),
	})
}

func TestARetainedSecretStaysInJuju(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "keepsake", s.model.Name, gen.Retained)
	s.Create(obj)
	s.AwaitReady(obj)
	s.Delete(obj)
	s.AwaitGone(obj)
	s.expectJuju(servers.UserSecret{Name: "keepsake", Revision: 1, Content: servers.Content(map[string]string{"key": "value"})})
}

func TestASecretRemovedByHandIsMadeAgain(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name)
	access := gen.Access(s.ns, "db", "db-login", "app1")
	s.Create(obj, access)
	s.AwaitReady(obj, access)
	first := obj.Status.SecretID
	s.Must(s.juju.RemoveSecret(s.Ctx, s.model, first))
	s.awaitNotInJuju(first)

	stage.Change(s, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Info = "Look again" })
	s.AwaitReady(obj)
	s.awaitJuju(servers.UserSecret{
		ID: obj.Status.SecretID, Name: "db-login", Info: "Look again", Revision: 1,
		Content: servers.Content(map[string]string{"key": "value"}), Granted: []string{"app1"},
	})
}

func TestALatestRevisionRemovedByHandIsRestored(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Value(map[string]string{"key": "first"}))
	s.Create(obj)
	s.AwaitReady(obj)
	stage.Change(s, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Value["key"] = sentinel })
	s.AwaitReady(obj)
	s.Must(s.juju.RemoveRevision(s.Ctx, s.model, obj.Status.SecretID, 2))

	// Juju still lists the checksum of the revision that is gone, and would take the same content for no change. The operator
	// sees it within the interval.
	s.Await(func() string {
		if s.Refresh(obj); obj.Status.Revision <= 2 {
			return "the revision was not restored"
		}
		return ""
	})
	s.AwaitReady(obj)
	s.expectJuju(servers.UserSecret{
		ID: obj.Status.SecretID, Name: "db-login", Revision: obj.Status.Revision,
		Content: servers.Content(map[string]string{"key": sentinel}),
	})
}

func TestAnExternallyManagedSecretIsReferencedAndNeverWritten(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	theirs := servers.UserSecret{
		Name: "their_secret", Info: "Made by hand", Revision: 1, Content: servers.Content(map[string]string{"key": sentinel}),
	}
	var err error
	theirs.ID, err = s.juju.AddSecret(s.Ctx, s.model, theirs.Name, theirs.Info, map[string]string{"key": sentinel})
	s.Must(err)

	obj := gen.JujuSecret(s.ns, "reference", s.model.Name, gen.Named(theirs.Name), gen.Observed)
	access := gen.Access(s.ns, "reference", "reference", "app2")
	s.Create(obj, access)
	s.AwaitReady(obj, access)
	if obj.Status.SecretID != theirs.ID || obj.Status.Revision != 1 {
		t.Errorf("the status is %+v, want ID %s and revision 1", obj.Status, theirs.ID)
	}
	if len(obj.Finalizers) != 0 {
		t.Errorf("the object has the finalizers %v though there is nothing to clean up", obj.Finalizers)
	}
	theirs.Granted = []string{"app2"}
	s.expectJuju(theirs)

	s.Delete(access)
	s.AwaitGone(access)
	s.Delete(obj)
	s.AwaitGone(obj)
	theirs.Granted = nil
	s.expectJuju(theirs)
}

func TestAReferenceWaitsForItsSecret(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "reference", s.model.Name, gen.Named("not-yet"), gen.Observed)
	s.Create(obj)
	s.AwaitReason(obj, v1alpha1.ReasonSecretNotFound, "not-yet", s.model.Name)
	id, err := s.juju.AddSecret(s.Ctx, s.model, "not-yet", "", map[string]string{"key": "value"})
	s.Must(err)
	s.AwaitReady(obj)
	if obj.Status.SecretID != id {
		t.Errorf("the reference is to %q, want %q", obj.Status.SecretID, id)
	}
}

func TestConditionsFollowKstatus(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.FromSecret("later"))
	s.Create(obj)
	s.AwaitReason(obj, v1alpha1.ReasonSourceNotFound)
	if !meta.IsStatusConditionTrue(obj.Status.Conditions, v1alpha1.ConditionReconciling) {
		t.Error("an object that waits is not Reconciling")
	}
	s.Create(gen.Secret(s.ns, "later", map[string]string{"a": "a key that Juju does not take"}))
	s.AwaitReason(obj, v1alpha1.ReasonContentInvalid)
	if !meta.IsStatusConditionTrue(obj.Status.Conditions, v1alpha1.ConditionStalled) ||
		meta.FindStatusCondition(obj.Status.Conditions, v1alpha1.ConditionReconciling) != nil {
		t.Error("an object that a person has to mend is not Stalled, or is Reconciling too")
	}
	stage.Change(s, obj, func(o *v1alpha1.JujuSecret) {
		o.Spec.ValueFrom[0].Items = []v1alpha1.KeyToKey{{Key: "a", As: "better-key"}}
	})
	s.AwaitReady(obj)
	if len(obj.Status.Conditions) != 1 || obj.Status.ObservedGeneration != obj.Generation {
		t.Errorf("an object in sync has the conditions %v and observed generation %d of %d",
			obj.Status.Conditions, obj.Status.ObservedGeneration, obj.Generation)
	}
}
