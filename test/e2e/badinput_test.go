// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"net"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/stage"
)

// A source that goes bad must not cost what Juju holds already, and a source that is mended must be taken at once.
func TestContentThatJujuCannotTakeIsRefusedAndNothingIsLost(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]struct {
		data    map[string]string
		message []string
	}{
		"a key outside Juju's rule": {
			data:    map[string]string{"ok-key": sentinel, "1st": sentinel},
			message: []string{"1st", "Secret source", "items"},
		},
		"two keys with one spelling": {
			data:    map[string]string{"DB_PASSWORD": sentinel, "db-password": sentinel},
			message: []string{"db-password", "Secret source", "items"},
		},
		"more than Juju allows": {
			data:    map[string]string{"big-key": sentinel + strings.Repeat("x", 800_000)},
			message: []string{"1000000"},
		},
		"no key at all": {
			data:    map[string]string{},
			message: []string{"no key"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			source := gen.Secret(s.ns, "source", map[string]string{"key": "good"})
			obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.FromSecret("source"))
			s.Create(source, obj)
			s.AwaitReady(obj)
			good := servers.UserSecret{ID: obj.Status.SecretID, Name: "db-login", Revision: 1,
				Content: servers.Content(map[string]string{"key": "good"})}

			stage.Change(s, source, func(o *corev1.Secret) { o.Data, o.StringData = nil, bad.data })
			s.AwaitReason(obj, v1alpha1.ReasonContentInvalid, bad.message...)
			s.expectJuju(good)
			stage.Change(s, source, func(o *corev1.Secret) { o.Data, o.StringData = nil, map[string]string{"key": "mended"} })
			s.AwaitReady(obj)
			good.Revision, good.Content = 2, servers.Content(map[string]string{"key": "mended"})
			s.awaitJuju(good)
		})
	}
}

func TestTwoSourcesOfOneKeyAreRefused(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.Create(
		gen.Secret(s.ns, "one", map[string]string{"PASSWORD": sentinel}),
		gen.ConfigMap(s.ns, "two", map[string]string{"password": "x"}),
	)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.FromSecret("one"), gen.FromConfigMap("two"))
	s.Create(obj)
	s.AwaitReason(obj, v1alpha1.ReasonContentInvalid, "Secret one", "ConfigMap two", "password")
	s.expectJuju()
}

func TestAMissingSourceIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.FromSecret("later", v1alpha1.KeyToKey{Key: "password"}))
	s.Create(obj)
	s.AwaitReason(obj, v1alpha1.ReasonSourceNotFound, "Secret later")
	source := gen.Secret(s.ns, "later", map[string]string{"user": "x"})
	s.Create(source)
	s.AwaitReason(obj, v1alpha1.ReasonSourceNotFound, "Secret later", "password")
	s.expectJuju()
	stage.Change(s, source, func(o *corev1.Secret) { o.Data["password"] = []byte(sentinel) })
	s.AwaitReady(obj)
	want := servers.UserSecret{Name: "db-login", Revision: 1, Content: servers.Content(map[string]string{"password": sentinel})}
	s.expectJuju(want)

	s.Delete(source)
	s.AwaitReason(obj, v1alpha1.ReasonSourceNotFound, "Secret later")
	s.expectJuju(want)
}

func TestAnOptionalSourceIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Value(map[string]string{"key": "value"}), gen.FromSecret("maybe"))
	obj.Spec.ValueFrom[0].SecretRef.Optional = true
	s.Create(obj)
	s.AwaitReady(obj)
	s.Create(gen.Secret(s.ns, "maybe", map[string]string{"extra": "x"}))
	s.awaitJuju(servers.UserSecret{Name: "db-login", Revision: 2,
		Content: servers.Content(map[string]string{"key": "value", "extra": "x"})})
}

func TestANameThatSomebodyElseHasIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	theirs := servers.UserSecret{Name: "db-login", Revision: 1, Content: servers.Content(map[string]string{"key": "theirs"})}
	var err error
	theirs.ID, err = s.juju.AddSecret(s.Ctx, s.model, theirs.Name, "", map[string]string{"key": "theirs"})
	s.Must(err)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name)
	s.Create(obj)
	s.AwaitReason(obj, v1alpha1.ReasonNameTaken, "db-login", theirs.ID, "Observe")
	s.expectJuju(theirs)
	s.Delete(obj)
	s.AwaitGone(obj)
	s.expectJuju(theirs)
}

func TestARenameToATakenNameWaitsAndTheContentDoesNot(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "ours", s.model.Name)
	s.Create(obj)
	s.AwaitReady(obj)
	_, err := s.juju.AddSecret(s.Ctx, s.model, "theirs", "", map[string]string{"key": "theirs"})
	s.Must(err)
	stage.Change(s, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Name, o.Spec.Value["key"] = "theirs", "new value" })
	s.AwaitReason(obj, v1alpha1.ReasonNameTaken, "theirs")
	s.awaitJuju(
		servers.UserSecret{Name: "ours", Revision: 2, Content: servers.Content(map[string]string{"key": "new value"})},
		servers.UserSecret{Name: "theirs", Revision: 1, Content: servers.Content(map[string]string{"key": "theirs"})},
	)
}

func TestAnUnknownModelIsNamed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	byName := gen.JujuSecret(s.ns, "by-name", "prod/no-such-model")
	byUUID := gen.JujuSecret(s.ns, "by-uuid", "", func(o *v1alpha1.JujuSecret) {
		o.Spec.ModelUUID = "12345678-1234-4123-8123-123456789abc"
	})
	s.Create(byName, byUUID)
	s.AwaitReason(byName, v1alpha1.ReasonModelNotFound, "prod/no-such-model")
	s.AwaitReason(byUUID, v1alpha1.ReasonModelNotFound, "12345678-1234-4123-8123-123456789abc")
}

func TestAControllerThatSaysNothingHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	first := gen.JujuSecret(s.ns, "first", s.model.Name)
	s.Create(first)
	s.AwaitReady(first) // So that the other one below need not wait for the model's first listing.
	// It takes connections and never answers.
	silent, err := (&net.ListenConfig{}).Listen(s.Ctx, "tcp", "127.0.0.1:0")
	s.Must(err)
	t.Cleanup(func() { _ = silent.Close() })
	controller := gen.Controller("silent-"+s.ns, silent.Addr().String(), s.juju.CACertificate)
	s.createController(controller, s.juju.Operator.Password)
	s.AwaitReason(controller, v1alpha1.ReasonJujuUnreachable, "has not answered yet")
	for i := range 30 {
		s.Create(gen.JujuSecret(s.ns, fmt.Sprintf("stuck-%d", i), s.model.Name, gen.Through(controller.Name)))
	}
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name)
	s.Create(obj)
	s.AwaitReady(obj) // Well before the silent one is given up.
	s.Refresh(controller)
	ready := meta.FindStatusCondition(controller.Status.Conditions, v1alpha1.ConditionReady)
	if !strings.Contains(ready.Message, "has not answered yet") {
		t.Errorf("the other object was served only after the silent controller was given up: %s", ready.Message)
	}
	stage.Change(s, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.Addresses = s.juju.Addresses })
	s.AwaitReady(controller) // So that the objects can be deleted.
}

func TestAModelThatIsRemovedTakesItsSecretsWithIt(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name)
	access := gen.Access(s.ns, "db", "db-login", "app1")
	s.Create(obj, access)
	s.AwaitReady(obj, access)
	s.Must(s.juju.RemoveModel(s.Ctx, s.model))
	stage.Change(s, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Info = "Look again" })
	s.AwaitReason(obj, v1alpha1.ReasonModelNotFound)
	s.Delete(obj)
	s.AwaitGone(obj)
	s.Delete(access)
	s.AwaitGone(access)
}

func TestANamespaceThatIsNoTenantIsRefused(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	ns := gen.Namespace(s.ns, nil)
	witness := gen.JujuSecret(s.ns, "witness", s.model.Name, gen.Observed, gen.Named("absent"))
	s.Create(witness)
	s.AwaitReason(witness, v1alpha1.ReasonSecretNotFound)
	stage.Change(s, ns, func(o *corev1.Namespace) { o.Labels["tenant"] = "no" })
	s.AwaitReason(witness, v1alpha1.ReasonTenantDenied) // The operator has seen the label.
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name)
	s.Create(obj)
	s.AwaitReason(obj, v1alpha1.ReasonTenantDenied, s.ns, "default", "spec.tenants")
	s.expectJuju()
	if n := len(obj.Finalizers); n != 0 {
		t.Errorf("a refused object has %d finalizers", n)
	}
	stage.Change(s, ns, func(o *corev1.Namespace) { o.Labels["tenant"] = "true" })
	s.AwaitReady(obj)
}

func TestATenantIsRefusedAModelThatIsNotGranted(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	controller := gen.Controller("only-"+s.ns, s.juju.Addresses[0], s.juju.CACertificate, func(c *v1alpha1.ClusterJujuController) {
		c.Spec.Tenants = []v1alpha1.Tenant{{
			Namespaces: v1alpha1.TenantNamespaces{MatchNames: []string{s.ns}}, Models: []string{"prod/other-*"},
		}}
	})
	s.createController(controller, s.juju.Operator.Password)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Through(controller.Name))
	s.Create(obj)
	s.AwaitReason(obj, v1alpha1.ReasonTenantDenied, s.model.Name, controller.Name)
	stage.Change(s, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.Tenants[0].Models = []string{"prod/" + s.ns} })
	s.AwaitReady(obj)
}

// createController creates a controller object with credentials. Both are deleted after the namespace of the scene.
func (s *scene) createController(controller *v1alpha1.ClusterJujuController, password string) *corev1.Secret {
	s.Helper()
	credentials := gen.Credentials(controller.Name, s.juju.Operator.Username, password)
	s.Create(credentials, controller)
	s.after = append(s.after, controller, credentials)
	return credentials
}

func TestAWrongPasswordIsToldAndItsCorrectionTakenUp(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	controller := gen.Controller("password-"+s.ns, s.juju.Addresses[0], s.juju.CACertificate)
	credentials := s.createController(controller, sentinel)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Through(controller.Name))
	s.Create(obj)
	s.AwaitReason(controller, v1alpha1.ReasonCredentialsRejected, "credentials Secret")
	s.AwaitReason(obj, v1alpha1.ReasonCredentialsRejected)
	stage.Change(s, credentials, func(o *corev1.Secret) { o.Data["password"] = []byte(s.juju.Operator.Password) })
	s.AwaitReady(controller, obj)
	s.expectJuju(servers.UserSecret{Name: "db-login", Revision: 1, Content: servers.Content(map[string]string{"key": "value"})})
}

func TestMissingCredentialsAreWaitedFor(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	controller := gen.Controller("missing-"+s.ns, s.juju.Addresses[0], s.juju.CACertificate)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Through(controller.Name))
	s.Create(obj)
	s.AwaitReason(obj, v1alpha1.ReasonControllerNotReady, controller.Name)
	s.Create(controller)
	s.AwaitReason(controller, v1alpha1.ReasonSourceNotFound, "juju-secrets/"+controller.Name)
	credentials := gen.Credentials(controller.Name, s.juju.Operator.Username, s.juju.Operator.Password)
	s.Create(credentials)
	s.after = append(s.after, controller, credentials)
	s.AwaitReady(controller, obj)
}

func TestAnUnreachableControllerIsToldAndItsAddressCorrected(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	controller := gen.Controller("nowhere-"+s.ns, "127.0.0.1:1", s.juju.CACertificate)
	s.createController(controller, s.juju.Operator.Password)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Through(controller.Name))
	s.Create(obj)
	s.AwaitReason(controller, v1alpha1.ReasonJujuUnreachable, "refused")
	s.AwaitReason(obj, v1alpha1.ReasonJujuUnreachable)
	stage.Change(s, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.Addresses = s.juju.Addresses })
	s.AwaitReady(controller, obj)
}

func TestACertificateThatDoesNotMatchIsTold(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	// Any certificate but the server's own: that of the Kubernetes API server.
	controller := gen.Controller("stranger-"+s.ns, s.juju.Addresses[0], string(stack.Kubernetes.Config.CAData))
	s.createController(controller, s.juju.Operator.Password)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Through(controller.Name))
	s.Create(obj)
	s.AwaitReason(controller, v1alpha1.ReasonCertificateMismatch, "caCertificate")
	s.AwaitReason(obj, v1alpha1.ReasonCertificateMismatch)
	stage.Change(s, controller, func(c *v1alpha1.ClusterJujuController) {
		c.Spec.CACertificate = "-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n"
	})
	s.AwaitReason(controller, v1alpha1.ReasonCertificateMismatch, "PEM")
	stage.Change(s, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.CACertificate = s.juju.CACertificate })
	s.AwaitReady(controller, obj)
}
