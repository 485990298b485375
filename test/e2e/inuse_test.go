// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"cmp"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// inventory holds one object of each kind: a JujuSecret with its source, an
// access, and the controller object with its credentials.
type inventory struct {
	secret      *v1alpha1.JujuSecret
	access      *v1alpha1.JujuSecretAccess
	source      *corev1.Secret
	credentials *corev1.Secret
	controller  *v1alpha1.ClusterJujuController
}

// newInventory creates an inventory and waits until its objects are Ready. All
// namespaced objects, including the credentials, are in the fixture's
// namespace.
func (f *fixture) newInventory() inventory {
	f.Helper()
	inv := inventory{
		source:      gen.Secret(f.Namespace, "source", values(sentinel)),
		credentials: gen.Login(f.Namespace, "juju-user", f.Juju.Operator.Username, f.Juju.Operator.Password),
	}
	credentials := func(c *v1alpha1.ClusterJujuController) {
		c.Spec.Credentials.UserPass.SecretRef = v1alpha1.CredentialsSecretReference{Namespace: f.Namespace, Name: "juju-user"}
	}
	inv.controller = gen.Controller("inventory-"+f.Namespace, f.Juju.Addresses[0], f.Juju.CACertificate, credentials)
	inv.secret = gen.JujuSecret(
		f.Namespace, "db-login", f.Model.Name, gen.Through(inv.controller.Name), gen.FromSecret("source"))
	inv.access = gen.Access(f.Namespace, "db-access", "db-login", "app1")
	f.After = append(f.After, inv.controller)
	f.Create(inv.source, inv.credentials, inv.controller, inv.secret, inv.access)
	f.AwaitReady(inv.controller, inv.secret, inv.access)
	return inv
}

// The operator may stop between the two steps and never start again, for
// example when it is uninstalled. Its finalizer must not block the deletion of
// the credentials then.
func TestDeletionOfControllerReleasesCredentialsFirst(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	controller := gen.Controller("deleted-"+f.Namespace, f.Juju.Addresses[0], f.Juju.CACertificate)
	credentials := f.createController(controller, f.Juju.Operator.Password)
	f.AwaitReady(controller)
	watch, err := f.Kube.Watch(f.Ctx, new(v1alpha1.ClusterJujuControllerList),
		client.MatchingFields{"metadata.name": controller.Name})
	f.Must(err)
	t.Cleanup(watch.Stop)
	f.Delete(controller)
	gone := ""
	for event := range watch.ResultChan() {
		if event.Type == apiwatch.Deleted {
			gone = event.Object.(client.Object).GetResourceVersion()
			break
		}
	}
	f.Await(func() string {
		f.Refresh(credentials)
		if len(credentials.Finalizers) > 0 {
			return "the credentials still have a finalizer"
		}
		return ""
	})
	// Both are revisions of the same etcd.
	if order, err := resourceversion.CompareResourceVersion(credentials.ResourceVersion, gone); err != nil || order >= 0 {
		t.Errorf("the credentials were released at %s, want before the deletion of the controller object at %s (%v)",
			credentials.ResourceVersion, gone, err)
	}
}

func TestDeletionInAnyOrder(t *testing.T) {
	t.Parallel()
	for name, order := range map[string]func(inv inventory, ns client.Object) []client.Object{
		"namespace first": func(inv inventory, ns client.Object) []client.Object {
			return []client.Object{ns, inv.controller}
		},
		"controller object first": func(inv inventory, ns client.Object) []client.Object {
			return []client.Object{inv.controller, ns}
		},
		"credentials first": func(inv inventory, _ client.Object) []client.Object {
			return []client.Object{inv.credentials, inv.source, inv.controller, inv.access, inv.secret}
		},
		"secret before access": func(inv inventory, _ client.Object) []client.Object {
			return []client.Object{inv.controller, inv.credentials, inv.secret, inv.access}
		},
		"access last": func(inv inventory, _ client.Object) []client.Object {
			return []client.Object{inv.secret, inv.controller, inv.credentials, inv.source, inv.access}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			inv := f.newInventory()
			ns := gen.Namespace(f.Namespace, nil)
			deleted := order(inv, ns)
			for _, obj := range deleted {
				f.Delete(obj)
			}
			f.AwaitGone(inv.secret)
			f.AwaitGone(inv.access)
			f.AwaitGone(inv.controller)
			f.AwaitGone(inv.credentials)
			f.ExpectJuju()
			if slices.Contains(deleted, client.Object(ns)) {
				f.AwaitGone(ns)
			}
		})
	}
}

func TestDeletionOfTheCertificateWhileTheOperatorIsDown(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		in    certificateIn
		from  func(ref *v1alpha1.KeyReference) *v1alpha1.CertificateSource
		local bool
	}{
		"JujuController, ConfigMap":                         {inConfigMap, fromConfigMap, true},
		"ClusterJujuController that is deleted too, Secret": {inSecret, fromSecret, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			o := f.StartOwn("of the test")
			authority, set := row.in(f.Namespace, "ca.crt")
			f.Create(authority)
			env.Change(f, authority, func(client.Object) { set(f.Juju.CACertificate) })
			controller, through := f.connectTo(f.Juju.Addresses[0], row.local, func(spec *v1alpha1.JujuControllerSpec) {
				ref := &v1alpha1.KeyReference{Namespace: f.Namespace, Name: authority.GetName()}
				if row.local {
					ref.Namespace = ""
				}
				spec.CACertificateFrom, spec.ControllerClass = row.from(ref), o.Class
			})
			secret := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, through)
			access := gen.Access(f.Namespace, "db-access", "db-login", "app1")
			f.Create(secret, access)
			f.AwaitReady(controller, secret, access)

			o.MustStop()
			ns := gen.Namespace(f.Namespace, nil)
			f.Delete(ns)
			if !row.local {
				f.Delete(controller)
			}
			f.AwaitGone(authority)
			f.Refresh(secret)
			o.MustRestart()
			f.AwaitGone(controller)
			f.AwaitGone(ns)
			f.ExpectJuju()
		})
	}
}

// An operator with --watch-namespaces cannot read that the namespace is being
// deleted.
func TestDeletionOfAWatchedNamespaceCompletes(t *testing.T) {
	t.Parallel()
	for name, down := range map[string]bool{"operator runs": false, "operator is down": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			o := f.StartOwn("of the test", "--watch-namespaces="+f.Namespace)
			controller, through := f.connectTo(f.Juju.Addresses[0], true, func(spec *v1alpha1.JujuControllerSpec) {
				spec.CACertificate, spec.ControllerClass = f.Juju.CACertificate, o.Class
			})
			secret := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, through)
			access := gen.Access(f.Namespace, "db-access", "db-login", "app1")
			f.Create(secret, access)
			f.AwaitReady(controller, secret, access)
			if down {
				f.Must(o.Kill())
			}
			ns := gen.Namespace(f.Namespace, nil)
			f.Delete(ns)
			if down {
				o.MustRestart()
			}
			f.AwaitGone(ns)
			f.ExpectJuju()
		})
	}
}

func TestDeletionOfControllerWaitsForItsObjects(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	inv := f.newInventory()
	f.Delete(inv.controller)
	f.AwaitReason(inv.controller, v1alpha1.ReasonInUse, f.Namespace+"/db-")
	f.Delete(inv.credentials)
	f.AwaitReady(inv.secret, inv.access)
	f.ExpectJuju(servers.UserSecret{
		Name: "db-login", Revision: 1, Content: servers.Content(values(sentinel)), Granted: []string{"app1"},
	})
	f.Refresh(inv.credentials)
	f.Delete(inv.secret)
	f.Delete(inv.access)
	f.AwaitGone(inv.controller)
	f.AwaitGone(inv.credentials)
	f.ExpectJuju()
}

func TestControllerServesItsObjectsWhileItIsDeleted(t *testing.T) {
	t.Parallel()
	for name, local := range map[string]bool{"ClusterJujuController": false, "JujuController": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			foreign, err := f.Juju.AddSecret(f.Ctx, f.Model, "foreign", "", values("of Juju"))
			f.Must(err)
			controller, through := f.connectTo(f.Juju.Addresses[0], local, func(spec *v1alpha1.JujuControllerSpec) {
				spec.CACertificate = f.Juju.CACertificate
			})
			changed := gen.JujuSecret(f.Namespace, "changed", f.Model.Name, through)
			removed := gen.JujuSecret(f.Namespace, "removed", f.Model.Name, through)
			observed := gen.JujuSecret(f.Namespace, "foreign", f.Model.Name, through, gen.Observed)
			access := gen.Access(f.Namespace, "changed", "changed", "app1")
			f.Create(changed, removed, observed, access)
			f.AwaitReady(controller, changed, removed, observed, access)

			f.Delete(controller)
			f.AwaitReason(controller, v1alpha1.ReasonInUse, "remove its finalizer")
			f.Must(f.Juju.RemoveSecret(f.Ctx, f.Model, removed.Status.SecretID))
			env.Change(f, changed, func(s *v1alpha1.JujuSecret) { s.Spec.Value = values("changed") })
			env.Change(f, access, func(a *v1alpha1.JujuSecretAccess) {
				a.Spec.Applications = gen.Applications("app1", "app2")
			})
			f.AwaitJuju(
				servers.UserSecret{
					Name: "changed", Revision: 2, Content: servers.Content(values("changed")),
					Granted: []string{"app1", "app2"},
				},
				servers.UserSecret{Name: "removed", Revision: 1, Content: servers.Content(values("value"))},
				servers.UserSecret{ID: foreign, Name: "foreign", Revision: 1, Content: servers.Content(values("of Juju"))},
			)
			// A new reference makes nothing in Juju. Other new objects would keep the
			// controller object.
			reference := gen.JujuSecret(f.Namespace, "reference", f.Model.Name, through, gen.Observed, gen.Named("foreign"))
			late := gen.JujuSecret(f.Namespace, "late", f.Model.Name, through)
			grants := gen.Access(f.Namespace, "late", "changed", "app2")
			f.Create(reference, late, grants)
			f.AwaitReady(reference)
			for _, obj := range []client.Object{late, grants} {
				f.AwaitReason(obj, v1alpha1.ReasonControllerDeleting, "use another controller object")
			}
			f.LookNow(changed, removed, observed, access)
			f.AwaitReady(changed, removed, observed, access)

			f.Delete(changed, removed, access)
			f.AwaitGone(controller)
			f.AwaitReason(late, v1alpha1.ReasonControllerNotReady)
			f.ExpectJuju(
				servers.UserSecret{ID: foreign, Name: "foreign", Revision: 1, Content: servers.Content(values("of Juju"))})
		})
	}
}

func TestDeletedControllerThatIsCreatedAgainChangesNothingInJuju(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	inv := f.newInventory()
	manifest := gen.Controller(inv.controller.Name, f.Juju.Addresses[0], f.Juju.CACertificate)
	manifest.Spec = inv.controller.Spec
	f.Delete(inv.controller)
	f.AwaitReason(inv.controller, v1alpha1.ReasonInUse, "remove its finalizer and apply its manifest again")
	env.Change(f, inv.controller, func(c *v1alpha1.ClusterJujuController) { c.Finalizers = nil })
	f.AwaitGone(inv.controller)
	f.AwaitReason(inv.secret, v1alpha1.ReasonControllerNotReady)
	f.AwaitReason(inv.access, v1alpha1.ReasonControllerNotReady)
	f.Create(manifest)
	f.AwaitReady(manifest, inv.secret, inv.access)
	f.ExpectJuju(servers.UserSecret{
		ID: inv.secret.Status.SecretID, Name: "db-login", Revision: 1, Content: servers.Content(values(sentinel)),
		Granted: []string{"app1"},
	})
	f.Refresh(inv.credentials)
	if !slices.Contains(inv.credentials.Finalizers, "jujusecrets.io/finalizer") {
		t.Errorf("the credentials have the finalizers %v", inv.credentials.Finalizers)
	}
}

// A tool like kubectl replace --force deletes a Secret, waits until it is gone,
// and creates it again.
func TestCredentialsInUseCanBeDeletedAndCreatedAgain(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ local, restarts bool }{
		"ClusterJujuController": {},
		"JujuController":        {local: true},
		"JujuController, the operator restarts in between":        {local: true, restarts: true},
		"ClusterJujuController, the operator restarts in between": {restarts: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			o := f.StartOwn("of the test")
			controller, through := f.connectTo(f.Juju.Addresses[0], row.local, func(spec *v1alpha1.JujuControllerSpec) {
				spec.CACertificate, spec.ControllerClass = f.Juju.CACertificate, o.Class
			})
			secret := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, through)
			f.Create(secret)
			f.AwaitReady(controller, secret)
			ref := controller.ConnectionSpec().Credentials.UserPass.SecretRef
			credentials := gen.Login(cmp.Or(ref.Namespace, f.Namespace), ref.Name,
				f.Juju.Operator.Username, f.Juju.Operator.Password)

			f.Delete(credentials)
			f.AwaitGone(credentials.DeepCopy())
			f.AwaitReason(controller, v1alpha1.ReasonSourceNotFound, ref.Name)
			value := "value"
			if row.restarts {
				o.MustStop()
				o.MustRestart()
				f.AwaitReason(secret, v1alpha1.ReasonControllerNotReady)
			} else { // The open connection still serves the objects.
				value = "changed"
				env.Change(f, secret, func(s *v1alpha1.JujuSecret) { s.Spec.Value = values(value) })
				f.AwaitJuju(servers.UserSecret{Name: "db-login", Revision: 2, Content: servers.Content(values(value))})
				f.AwaitReady(secret)
			}
			f.Create(credentials)
			f.AwaitReady(controller, secret)
			f.Await(func() string {
				if f.Refresh(credentials); !slices.Contains(credentials.Finalizers, "jujusecrets.io/finalizer") {
					return "the new credentials have no finalizer"
				}
				return ""
			})
			f.Delete(controller, secret)
			f.AwaitGone(controller, secret)
			f.ExpectJuju()
		})
	}
}

func TestCredentialsThatAreReplacedByAnotherSecretAreReleased(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	inv := f.newInventory()
	f.Create(gen.Login(f.Namespace, "replacement", f.Juju.Admin.Username, f.Juju.Admin.Password))
	f.Delete(inv.credentials)
	env.Change(f, inv.controller, func(c *v1alpha1.ClusterJujuController) {
		c.Spec.Credentials.UserPass.SecretRef.Name = "replacement"
	})
	f.AwaitGone(inv.credentials)
	f.AwaitReady(inv.controller, inv.secret)
	env.Change(f, inv.source, func(o *corev1.Secret) { o.Data["key"] = []byte(sentinel + " 2") })
	f.AwaitJuju(servers.UserSecret{
		Name: "db-login", Revision: 2, Content: servers.Content(values(sentinel + " 2")), Granted: []string{"app1"},
	})
}

func TestDeletionOfUnusedCredentials(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	controller := gen.Controller("idle-"+f.Namespace, f.Juju.Addresses[0], f.Juju.CACertificate)
	credentials := f.createController(controller, f.Juju.Operator.Password)
	f.AwaitReady(controller)
	f.Delete(credentials)
	f.AwaitGone(credentials)
	f.AwaitReason(controller, v1alpha1.ReasonSourceNotFound)
	f.Delete(controller)
	f.AwaitGone(controller)
}

func TestDeletionOfAbandonedObjectsNeedsNoJuju(t *testing.T) {
	t.Parallel()
	f, controller := newFaulty(t)
	secret := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Through(controller.Name))
	access := gen.Access(f.Namespace, "db-access", "db-login", "app1")
	f.Create(secret, access)
	f.AwaitReady(secret, access)
	f.Must(f.Juju.StopServing(f.Ctx))
	abandon := func(o client.Object) { env.Annotate(o, v1alpha1.AnnotationAbandon, "true") }
	env.Change(f, secret, func(o *v1alpha1.JujuSecret) { abandon(o) })
	f.AwaitReason(controller, v1alpha1.ReasonJujuUnreachable)
	f.Delete(access)
	f.AwaitReason(access, v1alpha1.ReasonJujuUnreachable)
	f.Refresh(secret) // Without a deletion the annotation has no effect.
	f.Delete(secret)
	f.AwaitGone(secret)
	env.Change(f, access, func(o *v1alpha1.JujuSecretAccess) { abandon(o) })
	f.AwaitGone(access)
	f.Must(f.Juju.StartServing(f.Ctx))
	f.ExpectJuju(servers.UserSecret{
		Name: "db-login", Revision: 1, Content: servers.Content(values("value")), Granted: []string{"app1"},
	})
}

func TestDeletionOfControllerWaitsUntilAccessMoves(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	inv := f.newInventory()
	env.Change(f, inv.secret, func(o *v1alpha1.JujuSecret) { o.Spec.DeletionPolicy = v1alpha1.DeletionRetain })
	f.AwaitReady(inv.secret)
	f.Delete(inv.secret)
	f.AwaitGone(inv.secret)
	f.Delete(inv.controller)
	f.AwaitReason(inv.controller, v1alpha1.ReasonInUse, f.Namespace+"/db-access")
	next := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Named("next"))
	f.Create(next)
	f.AwaitReady(next)
	f.AwaitGone(inv.controller)
	f.AwaitReady(inv.access)
	content := servers.Content(values(sentinel))
	f.ExpectJuju(
		servers.UserSecret{ID: inv.secret.Status.SecretID, Name: "db-login", Revision: 1, Content: content},
		servers.UserSecret{
			ID: next.Status.SecretID, Name: "next", Revision: 1, Content: servers.Content(values("value")),
			Granted: []string{"app1"},
		},
	)
}
