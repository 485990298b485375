// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/stage"
)

// household is all that a namespace may have of ours, with the controller object and its credentials.
type household struct {
	secret      *v1alpha1.JujuSecret
	access      *v1alpha1.JujuSecretAccess
	source      *corev1.Secret
	credentials *corev1.Secret
	controller  *v1alpha1.ClusterJujuController
}

// newHousehold makes a household in a scene's namespace, the credentials included, and waits until all is well.
func (s *scene) newHousehold() household {
	s.Helper()
	h := household{
		source:      gen.Secret(s.ns, "source", map[string]string{"key": sentinel}),
		credentials: gen.Secret(s.ns, "juju-user", map[string]string{"username": s.juju.Operator.Username, "password": s.juju.Operator.Password}),
	}
	h.controller = gen.Controller("home-"+s.ns, s.juju.Addresses[0], s.juju.CACertificate, func(c *v1alpha1.ClusterJujuController) {
		c.Spec.Credentials.UserPass.SecretRef = v1alpha1.CredentialsSecretReference{Namespace: s.ns, Name: "juju-user"}
	})
	h.secret = gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Through(h.controller.Name), gen.FromSecret("source"))
	h.access = gen.Access(s.ns, "db-access", "db-login", "app1")
	s.after = append(s.after, h.controller)
	s.Create(h.source, h.credentials, h.controller, h.secret, h.access)
	s.AwaitReady(h.controller, h.secret, h.access)
	return h
}

// An operator that ends in between may never come back, as when it is uninstalled, and would leave a Secret that nobody can delete.
func TestCredentialsAreLetGoBeforeTheirControllerObjectGoes(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	controller := gen.Controller("leaves-"+s.ns, s.juju.Addresses[0], s.juju.CACertificate)
	credentials := s.createController(controller, s.juju.Operator.Password)
	s.AwaitReady(controller)
	watch, err := s.Kube.Watch(s.Ctx, new(v1alpha1.ClusterJujuControllerList), client.MatchingFields{"metadata.name": controller.Name})
	s.Must(err)
	t.Cleanup(watch.Stop)
	s.Delete(controller)
	gone := ""
	for event := range watch.ResultChan() {
		if event.Type == apiwatch.Deleted {
			gone = event.Object.(client.Object).GetResourceVersion()
			break
		}
	}
	s.Await(func() string {
		s.Refresh(credentials)
		if len(credentials.Finalizers) > 0 {
			return "the credentials are still held"
		}
		return ""
	})
	// Both are revisions of the one etcd.
	if order, err := resourceversion.CompareResourceVersion(credentials.ResourceVersion, gone); err != nil || order >= 0 {
		t.Errorf("the credentials were let go at %s, and the controller object went at %s (%v)", credentials.ResourceVersion, gone, err)
	}
}

func TestAHouseholdGoesInWhateverOrderItIsDeleted(t *testing.T) {
	t.Parallel()
	for name, order := range map[string]func(h household, ns client.Object) []client.Object{
		"the namespace at once":       func(h household, ns client.Object) []client.Object { return []client.Object{ns, h.controller} },
		"the controller object first": func(h household, ns client.Object) []client.Object { return []client.Object{h.controller, ns} },
		"the credentials first": func(h household, _ client.Object) []client.Object {
			return []client.Object{h.credentials, h.source, h.controller, h.access, h.secret}
		},
		"the secret before its access": func(h household, _ client.Object) []client.Object {
			return []client.Object{h.controller, h.credentials, h.secret, h.access}
		},
		"the access last": func(h household, _ client.Object) []client.Object {
			return []client.Object{h.secret, h.controller, h.credentials, h.source, h.access}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			h := s.newHousehold()
			ns := gen.Namespace(s.ns, nil)
			doomed := order(h, ns)
			for _, obj := range doomed {
				s.Delete(obj)
			}
			s.AwaitGone(h.secret)
			s.AwaitGone(h.access)
			s.AwaitGone(h.controller)
			s.AwaitGone(h.credentials)
			s.expectJuju()
			if slices.Contains(doomed, client.Object(ns)) {
				s.AwaitGone(ns)
				s.gone = true
			}
		})
	}
}

func TestAHouseholdGoesWithItsCertificateWhileTheOperatorIsDown(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		in    certificateIn
		from  func(ref *v1alpha1.KeyReference) *v1alpha1.CertificateSource
		local bool
	}{
		"in a ConfigMap of the namespace":                       {inConfigMap, fromConfigMap, true},
		"in a Secret, and the controller object is deleted too": {inSecret, fromSecret, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := startOperator(t)
			s := newScene(t)
			authority, set := row.in(s.ns, "ca.crt")
			s.Create(authority)
			stage.Change(s, authority, func(client.Object) { set(s.juju.CACertificate) })
			controller, through := s.connectTo(s.juju.Addresses[0], row.local, func(spec *v1alpha1.JujuControllerSpec) {
				ref := &v1alpha1.KeyReference{Namespace: s.ns, Name: authority.GetName()}
				if row.local {
					ref.Namespace = ""
				}
				spec.CACertificateFrom, spec.ControllerClass = row.from(ref), o.class
			})
			secret := gen.JujuSecret(s.ns, "db-login", s.model.Name, through)
			access := gen.Access(s.ns, "db-access", "db-login", "app1")
			s.Create(secret, access)
			s.AwaitReady(controller, secret, access)

			o.stop()
			ns := gen.Namespace(s.ns, nil)
			s.Delete(ns)
			if !row.local {
				s.Delete(controller)
			}
			s.AwaitGone(authority)
			s.Refresh(secret)
			o.start()
			s.AwaitGone(controller)
			s.AwaitGone(ns)
			s.gone = true
			s.expectJuju()
		})
	}
}

func TestAControllerObjectIsKeptWhileItIsInUse(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	h := s.newHousehold()
	s.Delete(h.controller)
	s.AwaitReason(h.controller, v1alpha1.ReasonInUse, s.ns+"/db-")
	s.Delete(h.credentials)
	// Nothing is begun any more through a controller object that goes, and nothing is taken away.
	late := gen.JujuSecret(s.ns, "late", s.model.Name, gen.Through(h.controller.Name))
	s.Create(late)
	s.AwaitReason(late, v1alpha1.ReasonControllerNotReady, "being deleted")
	s.expectJuju(servers.UserSecret{
		Name: "db-login", Revision: 1, Content: servers.Content(map[string]string{"key": sentinel}), Granted: []string{"app1"},
	})
	s.Refresh(h.credentials)
	s.Delete(h.secret)
	s.Delete(h.access)
	s.AwaitGone(h.controller)
	s.AwaitGone(h.credentials)
	s.expectJuju()
}

func TestCredentialsAreLetGoOnceNothingNeedsThem(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	h := s.newHousehold()
	s.Delete(h.credentials)
	// They are kept, and go on serving.
	stage.Change(s, h.source, func(o *corev1.Secret) { o.Data["key"] = []byte(sentinel + " 2") })
	s.awaitJuju(servers.UserSecret{
		Name: "db-login", Revision: 2, Content: servers.Content(map[string]string{"key": sentinel + " 2"}), Granted: []string{"app1"},
	})
	s.Refresh(h.credentials)
	successor := gen.Secret(s.ns, "successor", map[string]string{"username": s.juju.Admin.Username, "password": s.juju.Admin.Password})
	s.Create(successor)
	stage.Change(s, h.controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.Credentials.UserPass.SecretRef.Name = "successor" })
	s.AwaitGone(h.credentials)
	s.AwaitReady(h.controller, h.secret)
}

func TestCredentialsThatNobodyUsesCanBeDeleted(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	controller := gen.Controller("idle-"+s.ns, s.juju.Addresses[0], s.juju.CACertificate)
	credentials := s.createController(controller, s.juju.Operator.Password)
	s.AwaitReady(controller)
	s.Delete(credentials)
	s.AwaitGone(credentials)
	s.AwaitReason(controller, v1alpha1.ReasonSourceNotFound)
	s.Delete(controller)
	s.AwaitGone(controller)
}

func TestWhatIsAbandonedGoesWithoutJuju(t *testing.T) {
	t.Parallel()
	s, controller := newFaultyScene(t)
	secret := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Through(controller.Name))
	access := gen.Access(s.ns, "db-access", "db-login", "app1")
	s.Create(secret, access)
	s.AwaitReady(secret, access)
	s.Must(s.juju.StopServing(s.Ctx))
	abandon := func(o client.Object) { stage.Annotate(o, v1alpha1.AnnotationAbandon, "true") }
	stage.Change(s, secret, func(o *v1alpha1.JujuSecret) { abandon(o) })
	s.AwaitReason(controller, v1alpha1.ReasonJujuUnreachable)
	s.Delete(access)
	s.AwaitReason(access, v1alpha1.ReasonJujuUnreachable)
	s.Refresh(secret) // Abandoned or not: it is not being deleted.
	s.Delete(secret)
	s.AwaitGone(secret)
	stage.Change(s, access, func(o *v1alpha1.JujuSecretAccess) { abandon(o) })
	s.AwaitGone(access)
	s.Must(s.juju.StartServing(s.Ctx))
	s.expectJuju(servers.UserSecret{
		Name: "db-login", Revision: 1, Content: servers.Content(map[string]string{"key": "value"}), Granted: []string{"app1"},
	})
}

func TestAnAccessLeavesAControllerObjectThatGoes(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	h := s.newHousehold()
	stage.Change(s, h.secret, func(o *v1alpha1.JujuSecret) { o.Spec.DeletionPolicy = v1alpha1.DeletionRetain })
	s.AwaitReady(h.secret)
	s.Delete(h.secret)
	s.AwaitGone(h.secret)
	s.Delete(h.controller)
	s.AwaitReason(h.controller, v1alpha1.ReasonInUse, s.ns+"/db-access")
	next := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Named("next"))
	s.Create(next)
	s.AwaitReady(next)
	s.AwaitGone(h.controller)
	s.AwaitReady(h.access)
	content := servers.Content(map[string]string{"key": sentinel})
	s.expectJuju(
		servers.UserSecret{ID: h.secret.Status.SecretID, Name: "db-login", Revision: 1, Content: content},
		servers.UserSecret{
			ID: next.Status.SecretID, Name: "next", Revision: 1, Content: servers.Content(map[string]string{"key": "value"}), Granted: []string{"app1"},
		},
	)
}
