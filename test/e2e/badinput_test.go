// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"net"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// Invalid content leaves the secret in Juju unchanged. Corrected content is
// applied at once.
func TestInvalidContentKeepsLastRevision(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		data    map[string]string
		message []string
	}{
		"invalid key": {
			data:    map[string]string{"ok-key": sentinel, "1st": sentinel},
			message: []string{"1st", "Secret source", "items"},
		},
		"two keys with the same mapped name": {
			data:    map[string]string{"DB_PASSWORD": sentinel, "db-password": sentinel},
			message: []string{"db-password", "Secret source", "items"},
		},
		"content too large": {
			data:    map[string]string{"big-key": sentinel + strings.Repeat("x", 800_000)},
			message: []string{"1000000"},
		},
		"no keys": {
			data:    map[string]string{},
			message: []string{"no key"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			source := gen.Secret(f.Namespace, "source", values("good"))
			obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.FromSecret("source"))
			f.Create(source, obj)
			f.AwaitReady(obj)
			good := servers.UserSecret{ID: obj.Status.SecretID, Name: "db-login", Revision: 1,
				Content: servers.Content(values("good"))}

			env.Change(f, source, func(o *corev1.Secret) { o.Data, o.StringData = nil, row.data })
			f.AwaitReason(obj, v1alpha1.ReasonInvalidContent, row.message...)
			f.ExpectJuju(good)
			env.Change(f, source, func(o *corev1.Secret) { o.Data, o.StringData = nil, values("corrected") })
			f.AwaitReady(obj)
			good.Revision, good.Content = 2, servers.Content(values("corrected"))
			f.AwaitJuju(good)
		})
	}
}

func TestSourcesWithTheSameKeyAreRejected(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.Create(
		gen.Secret(f.Namespace, "one", map[string]string{"PASSWORD": sentinel}),
		gen.ConfigMap(f.Namespace, "two", map[string]string{"password": "x"}),
	)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.FromSecret("one"), gen.FromConfigMap("two"))
	f.Create(obj)
	f.AwaitReason(obj, v1alpha1.ReasonInvalidContent, "Secret one", "ConfigMap two", "password")
	f.ExpectJuju()
}

func TestSecretWaitsForMissingSource(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name,
		gen.FromSecret("later", v1alpha1.KeyToKey{Key: "password"}))
	f.Create(obj)
	f.AwaitReason(obj, v1alpha1.ReasonSourceNotFound, "Secret later")
	source := gen.Secret(f.Namespace, "later", map[string]string{"user": "x"})
	f.Create(source)
	f.AwaitReason(obj, v1alpha1.ReasonSourceNotFound, "Secret later", "password")
	f.ExpectJuju()
	env.Change(f, source, func(o *corev1.Secret) { o.Data["password"] = []byte(sentinel) })
	f.AwaitReady(obj)
	want := servers.UserSecret{
		Name: "db-login", Revision: 1, Content: servers.Content(map[string]string{"password": sentinel}),
	}
	f.ExpectJuju(want)

	f.Delete(source)
	f.AwaitReason(obj, v1alpha1.ReasonSourceNotFound, "Secret later")
	f.ExpectJuju(want)
}

func TestSecretIgnoresMissingOptionalSource(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Value(values("value")), gen.FromSecret("maybe"))
	obj.Spec.ValueFrom[0].SecretRef.Optional = true
	f.Create(obj)
	f.AwaitReady(obj)
	f.Create(gen.Secret(f.Namespace, "maybe", map[string]string{"extra": "x"}))
	f.AwaitJuju(servers.UserSecret{Name: "db-login", Revision: 2,
		Content: servers.Content(map[string]string{"key": "value", "extra": "x"})})
}

func TestNameTakenLeavesForeignSecretUnchanged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	foreign := servers.UserSecret{Name: "db-login", Revision: 1, Content: servers.Content(values("foreign"))}
	var err error
	foreign.ID, err = f.Juju.AddSecret(f.Ctx, f.Model, foreign.Name, "", values("foreign"))
	f.Must(err)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name)
	f.Create(obj)
	f.AwaitReason(obj, v1alpha1.ReasonNameTaken, "db-login", foreign.ID, "Observe")
	f.ExpectJuju(foreign)
	f.Delete(obj)
	f.AwaitGone(obj)
	f.ExpectJuju(foreign)
}

func TestRenameToTakenNameWaitsAndContentIsUpdated(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "own", f.Model.Name)
	f.Create(obj)
	f.AwaitReady(obj)
	_, err := f.Juju.AddSecret(f.Ctx, f.Model, "taken-name", "", values("foreign"))
	f.Must(err)
	env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Name, o.Spec.Value["key"] = "taken-name", "new value" })
	f.AwaitReason(obj, v1alpha1.ReasonNameTaken, "taken-name")
	f.AwaitJuju(
		servers.UserSecret{Name: "own", Revision: 2, Content: servers.Content(values("new value"))},
		servers.UserSecret{Name: "taken-name", Revision: 1, Content: servers.Content(values("foreign"))},
	)
}

func TestUnknownModelIsReported(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	byName := gen.JujuSecret(f.Namespace, "by-name", "prod/no-such-model")
	byUUID := gen.JujuSecret(f.Namespace, "by-uuid", "", func(o *v1alpha1.JujuSecret) {
		o.Spec.ModelUUID = "12345678-1234-4123-8123-123456789abc"
	})
	f.Create(byName, byUUID)
	f.AwaitReason(byName, v1alpha1.ReasonModelNotFound, "prod/no-such-model")
	f.AwaitReason(byUUID, v1alpha1.ReasonModelNotFound, "12345678-1234-4123-8123-123456789abc")
}

func TestDeletionAfterModelIsRemoved(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name)
	access := gen.Access(f.Namespace, "db", "db-login", "app1")
	f.Create(obj, access)
	f.AwaitReady(obj, access)
	id := obj.Status.SecretID
	f.Must(f.Juju.RemoveModel(f.Ctx, f.Model))
	env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Info = "Changed" })
	f.AwaitReason(obj, v1alpha1.ReasonModelNotFound)
	if obj.Status.SecretID != id || !obj.Status.Managed {
		t.Errorf("got status %+v, want managed with ID %q", obj.Status, id)
	}
	f.Delete(obj)
	f.AwaitGone(obj)
	f.Delete(access)
	f.AwaitGone(access)
}

// createController creates a controller object and its credentials. Both are
// deleted after the fixture's namespace.
func (f *fixture) createController(controller *v1alpha1.ClusterJujuController, password string) *corev1.Secret {
	f.Helper()
	credentials := gen.Credentials(controller.Name, f.Juju.Operator.Username, password)
	f.Create(credentials, controller)
	f.After = append(f.After, controller, credentials)
	return credentials
}

func TestLoginWaitsForCredentials(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	controller := gen.Controller("missing-"+f.Namespace, f.Juju.Addresses[0], f.Juju.CACertificate)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Through(controller.Name))
	f.Create(obj)
	f.AwaitReason(obj, v1alpha1.ReasonControllerNotReady, controller.Name)
	f.Create(controller)
	f.AwaitReason(controller, v1alpha1.ReasonSourceNotFound, "juju-secrets/"+controller.Name)
	credentials := gen.Credentials(controller.Name, f.Juju.Operator.Username, f.Juju.Operator.Password)
	f.Create(credentials)
	f.After = append(f.After, controller, credentials)
	f.AwaitReady(controller, obj)
}

func TestUnreachableControllerRecoversWithCorrectAddress(t *testing.T) {
	t.Parallel()
	// This server accepts connections and never answers.
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	for address, message := range map[string]string{
		"127.0.0.1:1": "refused", silent.Addr().String(): "has not answered yet",
	} {
		f := newFixture(t)
		controller := gen.Controller("unreachable-"+f.Namespace, address, f.Juju.CACertificate)
		f.createController(controller, f.Juju.Operator.Password)
		obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Through(controller.Name))
		f.Create(obj)
		f.AwaitReason(controller, v1alpha1.ReasonJujuUnreachable, message)
		f.AwaitReason(obj, v1alpha1.ReasonJujuUnreachable)
		env.Change(f, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.Addresses = f.Juju.Addresses })
		f.AwaitReady(controller, obj)
	}
}

func TestCertificateMismatchIsReported(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	controller := gen.Controller("mismatch-"+f.Namespace, f.Juju.Addresses[0], wrongCertificate())
	f.createController(controller, f.Juju.Operator.Password)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Through(controller.Name))
	f.Create(obj)
	f.AwaitReason(controller, v1alpha1.ReasonCertificateMismatch, "caCertificate")
	f.AwaitReason(obj, v1alpha1.ReasonCertificateMismatch)
	env.Change(f, controller, func(c *v1alpha1.ClusterJujuController) {
		c.Spec.CACertificate = "-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n"
	})
	f.AwaitReason(controller, v1alpha1.ReasonCertificateMismatch, "PEM")
	env.Change(f, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.CACertificate = f.Juju.CACertificate })
	f.AwaitReady(controller, obj)
}
