// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// drifts returns changes that another client makes to a managed secret.
func drifts() map[string]func(f *fixture, id string) error {
	return map[string]func(f *fixture, id string) error{
		"content": func(f *fixture, id string) error {
			return f.Juju.UpdateSecret(f.Ctx, f.Model, id, "", "", values("foreign"))
		},
		"name": func(f *fixture, id string) error {
			return f.Juju.UpdateSecret(f.Ctx, f.Model, id, "foreign", "", nil)
		},
		"info": func(f *fixture, id string) error {
			return f.Juju.UpdateSecret(f.Ctx, f.Model, id, "", "Foreign", nil)
		},
		"removed": func(f *fixture, id string) error {
			return f.Juju.RemoveSecret(f.Ctx, f.Model, id)
		},
	}
}

func TestDriftIsCorrected(t *testing.T) {
	t.Parallel()
	for name, change := range drifts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Info("Own"), gen.Value(values(sentinel)))
			other := gen.JujuSecret(f.Namespace, "other", f.Model.Name)
			access := gen.Access(f.Namespace, "db", "db-login", "app1")
			f.Create(obj, other, access)
			f.AwaitReady(obj, other, access)
			untouched := other.ResourceVersion
			f.Must(change(f, obj.Status.SecretID))

			f.Await(func() string {
				got := f.InJuju()
				if len(got) != 2 {
					return "Juju does not hold two secrets"
				}
				got[0].ID, got[0].Revision = "", 0
				return env.DiffSecrets([]servers.UserSecret{
					{Name: "db-login", Info: "Own", Content: servers.Content(values(sentinel)), Granted: []string{"app1"}},
				}, got[:1])
			})
			f.AwaitReady(obj, access)
			f.AwaitEvent(obj, v1alpha1.ReasonCorrected)
			if f.Refresh(other); other.ResourceVersion != untouched {
				t.Error("the operator wrote to an object without drift")
			}
		})
	}
}

func TestIfNotExistsLeavesContentToOtherClients(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(
		f.Namespace, "db-login", f.Model.Name, gen.KeepingContent, gen.Info("Own"), gen.FromSecret("login"))
	source := gen.Secret(f.Namespace, "login", values(sentinel))
	f.Create(source, obj)
	f.AwaitReady(obj)
	id := obj.Status.SecretID
	f.Must(f.Juju.UpdateSecret(f.Ctx, f.Model, id, "foreign", "", values("foreign")))
	f.AwaitEvent(obj, v1alpha1.ReasonCorrected)
	f.AwaitReady(obj)
	f.ExpectJuju(servers.UserSecret{
		ID: id, Name: "db-login", Info: "Own", Revision: 2, Content: servers.Content(values("foreign")),
	})

	f.Delete(source)
	env.Change(f, obj, func(s *v1alpha1.JujuSecret) { s.Spec.Info = "Changed" })
	f.AwaitReady(obj)
	f.ExpectJuju(servers.UserSecret{
		ID: id, Name: "db-login", Info: "Changed", Revision: 2, Content: servers.Content(values("foreign")),
	})
}

func TestDriftOfGrantIsCorrected(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name)
	access := gen.Access(f.Namespace, "db", "db-login", "app1", "app2")
	f.Create(obj, access)
	f.AwaitReady(obj, access)
	f.Must(f.Juju.Revoke(f.Ctx, f.Model, obj.Status.SecretID, "app1"))
	f.AwaitJuju(ofDB("app1", "app2"))
}

// Another client undoes each correction. After three corrections the operator
// makes no further revision until the end of the pause.
func TestContestedContentIsNotCorrectedAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Value(values(sentinel)))
	f.Create(obj)
	f.AwaitReady(obj)
	id := obj.Status.SecretID
	held := func(revision int, value string) servers.UserSecret {
		return servers.UserSecret{ID: id, Name: "db-login", Revision: revision, Content: servers.Content(values(value))}
	}
	undo := func() { f.Must(f.Juju.UpdateSecret(f.Ctx, f.Model, id, "", "", values("foreign"))) }
	for correction := range 3 {
		undo()
		f.LookNow(obj)
		f.AwaitJuju(held(3+2*correction, sentinel))
		f.AwaitReady(obj)
	}
	undo()
	f.AwaitReason(obj, v1alpha1.ReasonDrifted, "content", "3 corrections in a row", "2m0s", "driftPolicy: Report")
	f.AwaitEvent(obj, v1alpha1.ReasonDrifted)
	for range 3 {
		f.LookNow(obj)
		f.AwaitReason(obj, v1alpha1.ReasonDrifted)
	}
	f.ExpectJuju(held(8, "foreign"))

	env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Info = "Own" })
	f.AwaitReady(obj)
	own := held(9, sentinel)
	own.Info = "Own"
	f.ExpectJuju(own)
	undo() // The corrections are counted from zero.
	own.Revision = 11
	f.LookNow(obj)
	f.AwaitJuju(own)
	f.AwaitReady(obj)
}

func TestContestedGrantIsNotMadeAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name)
	access := gen.Access(f.Namespace, "db", "db-login", "app1", "app2")
	f.Create(obj, access)
	f.AwaitReady(obj, access)
	undo := func() { f.Must(f.Juju.Revoke(f.Ctx, f.Model, obj.Status.SecretID, "app1")) }
	for range 3 {
		undo()
		f.LookNow(access)
		f.AwaitJuju(ofDB("app1", "app2"))
		f.AwaitReady(access)
	}
	undo()
	f.AwaitReason(access, v1alpha1.ReasonDrifted, "app1", "3 corrections in a row", "2m0s", "remove the application")
	if got := access.Status.Granted; got != "1/2" {
		t.Errorf("got granted %q, want 1/2", got)
	}
	f.LookNow(access)
	f.AwaitReason(access, v1alpha1.ReasonDrifted)
	f.ExpectJuju(ofDB("app2"))

	env.Change(f, access, func(o *v1alpha1.JujuSecretAccess) { o.Spec.DeletionPolicy = v1alpha1.GrantsRevoke })
	f.AwaitReady(access)
	f.ExpectJuju(ofDB("app1", "app2"))
}

func TestDriftIsOnlyReported(t *testing.T) {
	t.Parallel()
	for name, change := range drifts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			source := gen.Secret(f.Namespace, "source", values(sentinel))
			obj := gen.JujuSecret(
				f.Namespace, "db-login", f.Model.Name, gen.Info("Own"), gen.Reporting, gen.FromSecret("source"))
			f.Create(source, obj)
			f.AwaitReady(obj)
			f.Must(change(f, obj.Status.SecretID))
			f.AwaitReason(obj, v1alpha1.ReasonDrifted, name, obj.Status.SecretID, "Correct")
			drifted := f.InJuju()
			f.LookNow(obj)
			f.AwaitReason(obj, v1alpha1.ReasonDrifted)
			f.ExpectJuju(drifted...)

			// A source change is applied, together with the whole manifest.
			env.Change(f, source, func(o *corev1.Secret) { o.Data["key"] = []byte(sentinel + " 2") })
			f.AwaitReady(obj)
			f.ExpectJuju(servers.UserSecret{
				ID: obj.Status.SecretID, Name: "db-login", Info: "Own", Revision: obj.Status.Revision,
				Content: servers.Content(values(sentinel + " 2")),
			})
		})
	}
}

func TestReferenceFollowsItsSecret(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id, err := f.Juju.AddSecret(f.Ctx, f.Model, "foreign", "", values("first"))
	f.Must(err)
	obj := gen.JujuSecret(f.Namespace, "reference", f.Model.Name, gen.Named("foreign"), gen.Observed)
	f.Create(obj)
	f.AwaitReady(obj)
	f.Must(f.Juju.UpdateSecret(f.Ctx, f.Model, id, "", "", values("second")))
	f.Await(func() string {
		if f.Refresh(obj); obj.Status.Revision != 2 {
			return "the status does not report the new revision"
		}
		return ""
	})
	f.Must(f.Juju.RemoveSecret(f.Ctx, f.Model, id))
	f.AwaitReason(obj, v1alpha1.ReasonSecretNotFound)
}

// Juju before 3.6 does not report checksums. The operator detects drift in
// content only by a new revision number.
func TestDriftIsCorrectedBeforeJuju36(t *testing.T) {
	t.Parallel()
	f, proxy := newProxied(t)
	proxy.AsJuju35()
	controller := f.connectThrough(proxy)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Through(controller.Name), gen.Value(values(sentinel)))
	want := func(revision int) servers.UserSecret {
		return servers.UserSecret{
			ID: obj.Status.SecretID, Name: "db-login", Revision: revision,
			Content: servers.Content(values(sentinel)),
		}
	}
	f.Create(obj)
	f.AwaitReady(obj)
	f.AwaitCondition(obj, func(ready metav1.Condition) string {
		if !strings.Contains(ready.Message, "Before 3.6") {
			return "the message does not say that only the revision shows drift in content: " + ready.Message
		}
		return ""
	})
	f.LookNow(obj)
	env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Info = "Changed" })
	f.AwaitReady(obj)
	withInfo := want(1)
	withInfo.Info = "Changed"
	f.ExpectJuju(withInfo)

	f.Must(f.Juju.UpdateSecret(f.Ctx, f.Model, obj.Status.SecretID, "", "", values("foreign")))
	withInfo.Revision = 3
	f.AwaitJuju(withInfo)
	f.AwaitEvent(obj, v1alpha1.ReasonCorrected)
}
