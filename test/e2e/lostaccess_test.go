// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// everyReference creates objects of each kind that refer to the model by name
// and by UUID, and waits until they are Ready. The two direct accesses refer to
// a secret that another client added.
func (f *fixture) everyReference(controller string) (objs []client.Object, foreign servers.UserSecret) {
	f.Helper()
	id, err := f.Juju.AddSecret(f.Ctx, f.Model, "foreign", "", values("foreign"))
	f.Must(err)
	through := gen.Through(controller)
	byUUID := func(o *v1alpha1.JujuSecret) { o.Spec.ModelUUID = f.Model.UUID }
	direct := func(name string, ref v1alpha1.UserSecretReference, app string) *v1alpha1.JujuSecretAccess {
		obj := gen.DirectAccess(f.Namespace, name, ref, app)
		obj.Spec.Secret.ControllerRef.Name = controller
		return obj
	}
	objs = []client.Object{
		gen.JujuSecret(f.Namespace, "by-name", f.Model.Name, through),
		gen.JujuSecret(f.Namespace, "by-uuid", "", through, byUUID),
		gen.Access(f.Namespace, "of-by-name", "by-name", "app1"),
		gen.Access(f.Namespace, "of-by-uuid", "by-uuid", "app1"),
		direct("direct-by-name", v1alpha1.UserSecretReference{Model: f.Model.Name, Name: "foreign"}, "app1"),
		direct("direct-by-uuid", v1alpha1.UserSecretReference{ModelUUID: f.Model.UUID, ID: id}, "app2"),
	}
	f.Create(objs...)
	f.AwaitReady(objs...)
	return objs, servers.UserSecret{ID: id, Name: "foreign", Revision: 1, Content: servers.Content(values("foreign"))}
}

// lookSoon requests a reconcile of objects that are being deleted.
func (f *fixture) lookSoon(objs ...client.Object) {
	f.Helper()
	now := time.Now().Format(time.RFC3339Nano)
	patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, v1alpha1.AnnotationReconcileRequestedAt, now)
	for _, obj := range objs {
		request := obj.DeepCopyObject().(client.Object)
		err := f.Kube.Patch(f.Ctx, request, client.RawPatch(types.MergePatchType, []byte(patch)))
		f.Must(client.IgnoreNotFound(err))
	}
}

func TestDeletionWaitsForLostModelAccess(t *testing.T) {
	t.Parallel()
	for when, restarts := range map[string]bool{"connection open": false, "after a restart": true} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			o := f.StartOwn("of the test")
			controller := gen.Controller("lost-"+f.Namespace, f.Juju.Addresses[0], f.Juju.CACertificate, o.Serves)
			f.createController(controller, f.Juju.Operator.Password)
			objs, foreign := f.everyReference(controller.Name)
			before := f.InJuju()
			if restarts {
				o.MustStop()
			}
			f.revokeAccess()
			if restarts {
				o.MustRestart()
			}
			f.LookNow(objs...)
			cure := "juju grant " + f.Juju.Operator.Username + " write "
			for _, obj := range objs {
				f.AwaitReason(obj, v1alpha1.ReasonPermissionDenied, cure)
			}
			f.Delete(objs...)
			f.LookNow(objs...)
			for _, obj := range objs {
				f.AwaitReason(obj, v1alpha1.ReasonPermissionDenied, cure)
				if slices.Contains(f.Events(obj), string(v1alpha1.ReasonOrphaned)) {
					t.Errorf("%s was released", obj.GetName())
				}
			}
			f.ExpectJuju(before...)
			f.grantAccess()
			f.lookSoon(objs...)
			f.AwaitGone(objs...)
			f.AwaitJuju(foreign)
		})
	}
}

// A model without access can be removed meanwhile. The answer of Juju then
// ends the deletion.
func TestDeletionEndsWhenLostModelIsRemoved(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	objs, _ := f.everyReference("default")
	f.revokeAccess()
	f.Delete(objs...)
	for _, obj := range objs {
		f.AwaitReason(obj, v1alpha1.ReasonPermissionDenied)
	}
	f.Must(f.Juju.RemoveModel(f.Ctx, f.Model))
	f.lookSoon(objs...)
	f.AwaitGone(objs...)
}

func TestMovedAccessWaitsForLostFormerModel(t *testing.T) {
	t.Parallel()
	for when, restarts := range map[string]bool{"connection open": false, "after a restart": true} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			o := f.StartOwn("of the test")
			controller := gen.Controller("moved-"+f.Namespace, f.Juju.Addresses[0], f.Juju.CACertificate, o.Serves)
			f.createController(controller, f.Juju.Operator.Password)
			through := gen.Through(controller.Name)
			former := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, through, gen.Retained)
			access := gen.Access(f.Namespace, "db-login", "db-login", "app1")
			f.Create(former, access)
			f.AwaitReady(former, access)
			id := former.Status.SecretID

			// The JujuSecret is created again for another model.
			f.Delete(former)
			f.AwaitGone(former)
			f.revokeAccess()
			if restarts {
				o.MustStop()
				o.MustRestart()
			}
			other := f.AddModel(f.Namespace + "-other")
			present := gen.JujuSecret(f.Namespace, "db-login", other.Name, through)
			f.Create(present)
			f.AwaitReady(present)
			f.AwaitReason(access, v1alpha1.ReasonPermissionDenied, "juju grant "+f.Juju.Operator.Username)
			f.LookNow(access) // The status now describes the present model.
			f.AwaitReason(access, v1alpha1.ReasonPermissionDenied)
			f.grantAccess()
			f.LookNow(access)
			f.AwaitReady(access)
			f.ExpectJuju(servers.UserSecret{ID: id, Name: "db-login", Revision: 1, Content: servers.Content(values("value"))})
			f.ExpectModel(f.Juju, other, servers.UserSecret{
				ID: present.Status.SecretID, Name: "db-login", Revision: 1, Content: servers.Content(values("value")),
				Granted: []string{"app1"},
			})
		})
	}
}

func TestReferenceReportsLostModelAccess(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.Juju.AddSecret(f.Ctx, f.Model, "foreign", "", values("foreign"))
	f.Must(err)
	obj := gen.JujuSecret(f.Namespace, "foreign", f.Model.Name, gen.Observed)
	f.Create(obj)
	f.AwaitReady(obj)
	uri := obj.Status.URI
	f.revokeAccess()
	f.LookNow(obj)
	f.AwaitReason(obj, v1alpha1.ReasonPermissionDenied, "juju grant "+f.Juju.Operator.Username+" write "+f.Model.Name)
	if obj.Status.URI != uri {
		t.Errorf("status.uri is %q, want %q", obj.Status.URI, uri)
	}
	f.grantAccess()
	f.LookNow(obj)
	f.AwaitReady(obj)
	env.Change(f, obj, gen.Suspended) // A reference is released without Juju.
	f.revokeAccess()
	f.Delete(obj)
	f.AwaitGone(obj)
}
