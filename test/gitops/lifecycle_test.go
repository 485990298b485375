// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"encoding/json"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
)

func TestJujuSecretHealthFromCreationToDeletion(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "token", f.Model.Name, gen.Through(sharedName), gen.FromSecret("source"))
	f.expect("just created", f.create(obj), progressing)
	f.expect("without its source Secret", f.awaitReason(obj, v1alpha1.ReasonSourceNotFound), progressing)
	f.create(gen.Secret(f.Namespace, "source", map[string]string{"token": "made-up"}))
	f.expect("in Juju", f.awaitReason(obj, v1alpha1.ReasonSynced), healthy)
	f.expect("with a change not yet reconciled", f.change(obj, map[string]any{"info": "A token"}), progressing)
	f.expect("changed", f.awaitReason(obj, v1alpha1.ReasonSynced), healthy)
	f.change(obj, map[string]any{"suspend": true})
	f.expect("suspended", f.awaitReason(obj, v1alpha1.ReasonSuspended), suspended)
	f.change(obj, map[string]any{"info": "Another token"})
	f.expect("suspended with a change", f.awaitReason(obj, v1alpha1.ReasonSuspended), suspended)
	f.change(obj, map[string]any{"suspend": false})
	f.expect("resumed", f.awaitReason(obj, v1alpha1.ReasonSynced), healthy)

	f.Must(shared.Juju.PauseRemovals(f.Ctx, f.Model))
	f.expect("deleted", f.delete(obj), terminating)
	f.expect("being removed", f.awaitReason(obj, v1alpha1.ReasonRemoving), terminating)
	f.Must(shared.Juju.ResumeRemovals(f.Ctx, f.Model))
	f.AwaitGone(f.reference(obj))
}

func TestJujuSecretWithTakenNameIsDegraded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := shared.Juju.AddSecret(f.Ctx, f.Model, "taken", "", map[string]string{"token": "another-owners"})
	f.Must(err)
	obj := gen.JujuSecret(f.Namespace, "taken", f.Model.Name, gen.Through(sharedName))
	f.create(obj)
	f.expect("with a taken name", f.awaitReason(obj, v1alpha1.ReasonNameTaken), degraded)
	f.change(obj, map[string]any{"suspend": true})
	f.expect("suspended before its creation in Juju", f.awaitReason(obj, v1alpha1.ReasonSuspended), suspended)
}

func TestJujuSecretAccessHealthFromCreationToDeletion(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	secret := gen.JujuSecret(f.Namespace, "token", f.Model.Name, gen.Through(sharedName))
	obj := gen.Access(f.Namespace, "token", secret.Name, "app1", "coming")
	obj.Finalizers = []string{testFinalizer}
	f.expect("just created", f.create(obj), progressing)
	f.expect("without its JujuSecret", f.awaitReason(obj, v1alpha1.ReasonJujuSecretNotReady), progressing)
	f.create(secret)
	f.expect("without an application", f.awaitReason(obj, v1alpha1.ReasonApplicationNotFound), progressing)
	f.Must(shared.Juju.AddApplication(f.Ctx, f.Model, "coming"))
	f.refresh(obj)
	f.expect("granted", f.awaitReason(obj, v1alpha1.ReasonSynced), healthy)
	apps := []any{map[string]any{"name": "app1"}}
	f.expect("with a change not yet reconciled", f.change(obj, map[string]any{"applications": apps}), progressing)
	f.expect("changed", f.awaitReason(obj, v1alpha1.ReasonSynced), healthy)
	f.expect("deleted", f.delete(obj), terminating)
	f.removeFinalizer(obj)
}

func TestJujuSecretAccessToCharmSecretIsDegraded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id, err := shared.Juju.AddCharmSecret(f.Ctx, f.Model, "app1", "owned")
	f.Must(err)
	obj := gen.DirectAccess(f.Namespace, "charms", v1alpha1.UserSecretReference{Model: f.Model.Name, ID: id}, "app2")
	obj.Spec.Secret.ControllerRef.Name = sharedName
	f.create(obj)
	f.expect("for a secret of a charm", f.awaitReason(obj, v1alpha1.ReasonCharmOwned), degraded)
}

func TestControllerHealthFromCreationToDeletion(t *testing.T) {
	t.Parallel()
	for _, kind := range []v1alpha1.ControllerKind{v1alpha1.KindClusterJujuController, v1alpha1.KindJujuController} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			login := gen.Secret(f.Namespace, f.Namespace, map[string]string{
				"username": shared.Juju.Operator.Username, "password": "wrong",
			})
			obj, through := f.controller(kind, login.Name, shared.Juju.Addresses[0])
			f.expect("just created", f.create(obj), progressing)
			f.expect("without credentials", f.awaitReason(obj, v1alpha1.ReasonSourceNotFound), progressing)
			f.create(login)
			f.expect("with an invalid password", f.awaitReason(obj, v1alpha1.ReasonCredentialsRejected), degraded)
			right := login.DeepCopy()
			right.StringData = map[string]string{"password": shared.Juju.Operator.Password}
			f.Must(f.Kube.Patch(f.Ctx, right, client.MergeFrom(login)))
			f.expect("connected", f.awaitReason(obj, v1alpha1.ReasonConnected), healthy)
			away := []any{"127.0.0.1:1"}
			f.expect("with a change not yet reconciled", f.change(obj, map[string]any{"addresses": away}), progressing)
			f.expect("with an unreachable address", f.awaitReason(obj, v1alpha1.ReasonJujuUnreachable), progressing)
			f.change(obj, map[string]any{"addresses": []any{shared.Juju.Addresses[0]}})
			f.expect("connected again", f.awaitReason(obj, v1alpha1.ReasonConnected), healthy)

			secret := gen.JujuSecret(f.Namespace, "token", f.Model.Name, through)
			f.create(secret)
			f.awaitReason(secret, v1alpha1.ReasonSynced)
			f.expect("deleted", f.delete(obj), terminating)
			f.expect("deleted and in use", f.awaitReason(obj, v1alpha1.ReasonInUse), terminating)
			f.Delete(secret)
			f.AwaitGone(f.reference(obj))
		})
	}
}

// controller returns a controller object with a login in the namespace of the
// fixture, and a modifier that sets the object as the controller of a
// JujuSecret.
func (f *fixture) controller(
	kind v1alpha1.ControllerKind, login, address string,
) (client.Object, func(*v1alpha1.JujuSecret)) {
	ca := shared.Juju.CACertificate
	if kind == v1alpha1.KindJujuController {
		return gen.LocalController(f.Namespace, login, address, ca), gen.Locally(login)
	}
	return gen.Controller(login, address, ca, func(c *v1alpha1.ClusterJujuController) {
		c.Spec.Credentials.UserPass.SecretRef.Namespace = f.Namespace
	}), gen.Through(login)
}

// refresh runs the refresh action of Argo CD on an object, patches the object
// with the result, and waits until the operator has handled the request.
func (f *fixture) refresh(obj client.Object) {
	f.Helper()
	before := f.live(obj)
	after := new(unstructured.Unstructured)
	argoCD(f.T, []any{before}, after, "actions", "-settings", settings, "-run", "refresh")
	after.SetManagedFields(nil) // The patch must not contain the managed fields.
	before.SetManagedFields(nil)
	f.Must(f.Kube.Patch(f.Ctx, after.DeepCopy(), client.MergeFrom(before), client.FieldOwner("argocd-server")))
	want := after.GetAnnotations()[v1alpha1.AnnotationReconcileRequestedAt]
	f.Await(func() string {
		got, _, _ := unstructured.NestedString(f.live(obj).Object, "status", "lastHandledReconcileAt")
		if got != want || want == "" {
			return "the reconcile request of " + want + " was not handled"
		}
		return ""
	})
}

func TestArgoCDOffersRefreshForAllKinds(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds() {
		for _, isSuspended := range []bool{false, true} {
			obj := toUnstructured(t, kind.name, kind.after(nil, generation, v1alpha1.ReasonSynced))
			if err := unstructured.SetNestedField(obj.Object, isSuspended, "spec", "suspend"); err != nil {
				t.Fatal(err)
			}
			var offered []struct {
				Name     string
				Disabled bool
			}
			argoCD(t, []any{obj}, &offered, "actions", "-settings", settings)
			if len(offered) != 1 || offered[0].Name != "refresh" || offered[0].Disabled != isSuspended {
				text, _ := json.Marshal(offered)
				t.Errorf("for a %s, suspended: %t, Argo CD offers the actions %s", kind.name, isSuspended, text)
			}
		}
	}
}
