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

func TestAJujuSecretIsJudgedRightThroughItsLife(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "token", s.model.Name, gen.Through(shared), gen.FromSecret("source"))
	s.expect("just created", s.create(obj), waiting)
	s.expect("without its source", s.found(obj, v1alpha1.ReasonSourceNotFound), waiting)
	s.create(gen.Secret(s.ns, "source", map[string]string{"token": "made-up"}))
	s.expect("in Juju", s.found(obj, v1alpha1.ReasonSynced), well)
	s.expect("with a change nobody has looked at", s.change(obj, map[string]any{"info": "A token"}), waiting)
	s.expect("changed", s.found(obj, v1alpha1.ReasonSynced), well)
	s.change(obj, map[string]any{"suspend": true})
	s.expect("suspended", s.found(obj, v1alpha1.ReasonSuspended), resting)
	s.change(obj, map[string]any{"suspend": false})
	s.expect("resumed", s.found(obj, v1alpha1.ReasonSynced), well)

	s.must(stack.Juju.PauseRemovals(s.ctx, s.model))
	s.expect("deleted", s.delete(obj), leaving)
	s.expect("being removed", s.found(obj, v1alpha1.ReasonRemoving), leaving)
	s.must(stack.Juju.ResumeRemovals(s.ctx, s.model))
	s.awaitGone(s.reference(obj))
}

func TestAJujuSecretThatCannotBeMadeIsJudgedAFailure(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	_, err := stack.Juju.AddSecret(s.ctx, s.model, "taken", "", map[string]string{"token": "somebody-elses"})
	s.must(err)
	obj := gen.JujuSecret(s.ns, "taken", s.model.Name, gen.Through(shared))
	s.create(obj)
	s.expect("with a name that is taken", s.found(obj, v1alpha1.ReasonNameTaken), failed)
	s.change(obj, map[string]any{"suspend": true})
	s.expect("suspended before it was in Juju", s.found(obj, v1alpha1.ReasonSuspended), restingBefore)
}

func TestAJujuSecretAccessIsJudgedRightThroughItsLife(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	secret := gen.JujuSecret(s.ns, "token", s.model.Name, gen.Through(shared))
	obj := gen.Access(s.ns, "token", secret.Name, "app1", "coming")
	obj.Finalizers = []string{hold}
	s.expect("just created", s.create(obj), waiting)
	s.expect("without its JujuSecret", s.found(obj, v1alpha1.ReasonJujuSecretNotReady), waiting)
	s.create(secret)
	s.expect("without an application", s.found(obj, v1alpha1.ReasonApplicationNotFound), waiting)
	s.must(stack.Juju.AddApplication(s.ctx, s.model, "coming"))
	s.refresh(obj)
	s.expect("granted", s.found(obj, v1alpha1.ReasonSynced), well)
	apps := []any{map[string]any{"name": "app1"}}
	s.expect("with a change nobody has looked at", s.change(obj, map[string]any{"applications": apps}), waiting)
	s.expect("changed", s.found(obj, v1alpha1.ReasonSynced), well)
	s.expect("deleted", s.delete(obj), leaving)
	s.release(obj)
}

func TestAJujuSecretAccessThatMayNotGrantIsJudgedAFailure(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	id, err := stack.Juju.AddCharmSecret(s.ctx, s.model, "app1", "owned")
	s.must(err)
	obj := gen.DirectAccess(s.ns, "charms", v1alpha1.UserSecretReference{Model: s.model.Name, ID: id}, "app2")
	obj.Spec.Secret.ControllerRef.Name = shared
	s.create(obj)
	s.expect("of a secret that a charm owns", s.found(obj, v1alpha1.ReasonCharmOwned), failed)
}

func TestAControllerObjectIsJudgedRightThroughItsLife(t *testing.T) {
	t.Parallel()
	for _, kind := range []v1alpha1.ControllerKind{v1alpha1.KindClusterJujuController, v1alpha1.KindJujuController} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			login := gen.Secret(s.ns, s.ns, map[string]string{"username": stack.Juju.Operator.Username, "password": "wrong"})
			obj, through := s.controller(kind, login.Name, stack.Juju.Addresses[0])
			s.expect("just created", s.create(obj), waiting)
			s.expect("without credentials", s.found(obj, v1alpha1.ReasonSourceNotFound), waiting)
			s.create(login)
			s.expect("with a wrong password", s.found(obj, v1alpha1.ReasonCredentialsRejected), failed)
			right := login.DeepCopy()
			right.StringData = map[string]string{"password": stack.Juju.Operator.Password}
			s.must(s.kube.Patch(s.ctx, right, client.MergeFrom(login)))
			s.expect("connected", s.found(obj, v1alpha1.ReasonConnected), well)
			away := []any{"127.0.0.1:1"}
			s.expect("with a change nobody has looked at", s.change(obj, map[string]any{"addresses": away}), waiting)
			s.expect("with an address that nobody answers at", s.found(obj, v1alpha1.ReasonJujuUnreachable), waiting)
			s.change(obj, map[string]any{"addresses": []any{stack.Juju.Addresses[0]}})
			s.expect("connected again", s.found(obj, v1alpha1.ReasonConnected), well)

			secret := gen.JujuSecret(s.ns, "token", s.model.Name, through)
			s.create(secret)
			s.found(secret, v1alpha1.ReasonSynced)
			s.expect("deleted", s.delete(obj), leaving)
			s.expect("deleted and in use", s.found(obj, v1alpha1.ReasonInUse), leaving)
			s.must(s.kube.Delete(s.ctx, secret))
			s.awaitGone(s.reference(obj))
		})
	}
}

// controller makes a controller object with a login of the scene's namespace, and a way for a JujuSecret to go through it.
func (s *scene) controller(kind v1alpha1.ControllerKind, login, address string) (client.Object, func(*v1alpha1.JujuSecret)) {
	ca := stack.Juju.CACertificate
	if kind == v1alpha1.KindJujuController {
		return gen.LocalController(s.ns, login, address, ca), gen.Locally(login)
	}
	return gen.Controller(login, address, ca, func(c *v1alpha1.ClusterJujuController) {
		c.Spec.Credentials.UserPass.SecretRef.Namespace = s.ns
	}), gen.Through(login)
}

// refresh runs the action that Argo CD offers for an object, writes what that makes of it, and waits until the operator has
// looked.
func (s *scene) refresh(obj client.Object) {
	s.Helper()
	before := s.live(obj)
	after := new(unstructured.Unstructured)
	argoCD(s.T, []any{before}, after, "actions", "-settings", settings, "-run", "refresh")
	after.SetManagedFields(nil) // As they are, in the patch below.
	before.SetManagedFields(nil)
	s.must(s.kube.Patch(s.ctx, after.DeepCopy(), client.MergeFrom(before), client.FieldOwner("argocd-server")))
	want := after.GetAnnotations()[v1alpha1.AnnotationReconcileRequestedAt]
	s.await(func() string {
		if got, _, _ := unstructured.NestedString(s.live(obj).Object, "status", "lastHandledReconcileAt"); got != want || want == "" {
			return "the request for a look of " + want + " was not handled"
		}
		return ""
	})
}

func TestArgoCDOffersALookForEveryKind(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds() {
		for _, suspended := range []bool{false, true} {
			obj := asSeen(t, kind.name, kind.after(nil, generation, v1alpha1.ReasonSynced))
			if err := unstructured.SetNestedField(obj.Object, suspended, "spec", "suspend"); err != nil {
				t.Fatal(err)
			}
			var offered []struct {
				Name     string
				Disabled bool
			}
			argoCD(t, []any{obj}, &offered, "actions", "-settings", settings)
			if len(offered) != 1 || offered[0].Name != "refresh" || offered[0].Disabled != suspended {
				text, _ := json.Marshal(offered)
				t.Errorf("for a %s, suspended: %v, it offers %s", kind.name, suspended, text)
			}
		}
	}
}
