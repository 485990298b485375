// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"slices"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/placement"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

// migrate makes a proxy answer as if the fixture's model had been migrated. The
// controller of the model is then the server itself, where the model has the
// same UUID and its secrets have the same IDs.
func (f *fixture) migrate(from *wire.Proxy) {
	f.Helper()
	f.migrateTo(from, "12345678-1234-4123-8123-123456789abc")
}

// migrateTo migrates the fixture's model to a controller with a UUID.
func (f *fixture) migrateTo(from *wire.Proxy, controllerUUID string) {
	f.Helper()
	f.Must(from.Migrate(f.Model.UUID, wire.Redirect{
		Address: f.Juju.Addresses[0], CACertificate: f.Juju.CACertificate,
		ControllerUUID: controllerUUID, Controller: "new-controller",
	}))
}

// follow sets the controllerRef of objects that have one.
func (f *fixture) follow(controller string, objs ...client.Object) {
	f.Helper()
	for _, obj := range objs {
		switch obj := obj.(type) {
		case *v1alpha1.JujuSecret:
			env.Change(f, obj, gen.Through(controller))
		case *v1alpha1.JujuSecretAccess:
			if obj.Spec.Secret != nil {
				env.Change(f, obj, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Secret.ControllerRef.Name = controller })
			}
		}
	}
}

func TestMigratedModelIsFollowedByControllerRef(t *testing.T) {
	t.Parallel()
	for when, restarts := range map[string]bool{"connection open": false, "after a restart": true} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			f, proxy := newProxied(t)
			o := f.StartOwn("of the test")
			former := gen.Controller("former-"+f.Namespace, proxy.Address, proxy.CACertificate, o.Serves)
			present := gen.Controller("present-"+f.Namespace, f.Juju.Addresses[0], f.Juju.CACertificate, o.Serves)
			f.createController(former, f.Juju.Operator.Password)
			f.createController(present, f.Juju.Operator.Password)
			objs, foreign := f.everyReference(former.Name)
			doomed := gen.JujuSecret(f.Namespace, "doomed", f.Model.Name, gen.Through(former.Name))
			grants := gen.DirectAccess(f.Namespace, "doomed",
				v1alpha1.UserSecretReference{Model: f.Model.Name, ID: foreign.ID}, "app1", "app2")
			grants.Spec.Secret.ControllerRef.Name = former.Name
			f.Create(doomed, grants)
			f.AwaitReady(doomed, grants)
			before := f.InJuju()

			if restarts {
				o.MustStop()
			}
			f.migrate(proxy)
			if restarts {
				o.MustRestart()
			}
			all := append(slices.Clone(objs), doomed, grants)
			f.LookNow(all...)
			for _, obj := range all {
				f.AwaitReason(obj, v1alpha1.ReasonModelMigrated, "controllerRef", "new-controller", f.Juju.Addresses[0],
					"12345678-1234-4123-8123-123456789abc")
			}
			byName := objs[0].(*v1alpha1.JujuSecret)
			env.Change(f, byName, gen.Value(values(sentinel)))
			f.Delete(doomed, grants)
			f.LookNow(all...)
			for _, obj := range all {
				f.AwaitReason(obj, v1alpha1.ReasonModelMigrated)
			}
			f.ExpectJuju(before...)

			f.follow(present.Name, all...)
			f.AwaitGone(doomed, grants)
			f.AwaitReady(objs...)
			var want []servers.UserSecret
			for _, secret := range before {
				switch secret.Name {
				case "doomed":
					continue
				case "by-name":
					secret.Revision, secret.Content = 2, servers.Content(values(sentinel))
				}
				want = append(want, secret)
			}
			f.AwaitJuju(want...)

			// Nothing needs the former controller object any longer.
			f.Delete(former)
			f.AwaitGone(former)
			f.LookNow(objs...)
			f.AwaitReady(objs...)
			f.ExpectJuju(want...)
			f.Delete(objs...)
			f.AwaitGone(objs...)
			f.AwaitJuju(foreign)
		})
	}
}

// Without its JujuSecret, nothing names the controller object of an access with
// jujuSecretRef. Juju's answer names the controller.
func TestDeletedAccessWithoutItsJujuSecretFollowsMigratedModel(t *testing.T) {
	t.Parallel()
	f, proxy := newProxied(t)
	former := f.connectThrough(proxy)
	secret := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Through(former.Name), gen.Retained)
	access := gen.Access(f.Namespace, "db-login", "db-login", "app1")
	f.Create(secret, access)
	f.AwaitReady(secret, access)
	left := servers.UserSecret{
		ID: secret.Status.SecretID, Name: "db-login", Revision: 1, Content: servers.Content(values("value")),
		Granted: []string{"app1"},
	}
	f.migrateTo(proxy, anotherUUID)
	f.Delete(secret)
	f.AwaitGone(secret)
	f.Delete(access)
	f.AwaitReason(access, v1alpha1.ReasonModelMigrated, "create a controller object", anotherUUID,
		v1alpha1.AnnotationAbandon)
	f.ExpectJuju(left)

	to := f.StartProxy()
	to.AsController(anotherUUID)
	present := gen.Controller("present-"+f.Namespace, to.Address, to.CACertificate)
	f.createController(present, f.Juju.Operator.Password)
	f.AwaitReady(present)
	f.lookSoon(access)
	f.AwaitGone(access)
	left.Granted = nil
	f.AwaitJuju(left)
}

// A model that is being migrated accepts no changes for a while.
func TestMigrationInProgressIsWaitedFor(t *testing.T) {
	t.Parallel()
	f, proxy := newProxied(t)
	controller := f.connectThrough(proxy)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Through(controller.Name))
	f.Create(obj)
	f.AwaitReady(obj)
	id := obj.Status.SecretID
	proxy.On("Secrets.UpdateSecrets", wire.Fail("model migration in progress", "model migration in progress"))
	env.Change(f, obj, gen.Value(values(sentinel)))
	f.AwaitEvent(obj, v1alpha1.ReasonModelUnavailable)
	f.AwaitJuju(servers.UserSecret{ID: id, Name: "db-login", Revision: 2, Content: servers.Content(values(sentinel))})
	f.AwaitReady(obj)
}

// Without a migration too, a record counts at another controller object that
// leads to the same model.
func TestControllerRefToTheSameModelChangesNothing(t *testing.T) {
	t.Parallel()
	f, proxy := newProxied(t)
	controller := f.connectThrough(proxy)
	objs, _ := f.everyReference(controller.Name)
	before := f.InJuju()
	f.follow("default", objs...)
	for _, obj := range objs {
		f.Await(func() string { // The access of a JujuSecret follows the JujuSecret.
			if f.Refresh(obj); !f.usesOnly(obj, "default") {
				return obj.GetName() + " still has a record for the former controller object"
			}
			return ""
		})
	}
	f.AwaitReady(objs...)
	f.ExpectJuju(before...)
	f.Delete(controller)
	f.AwaitGone(controller)
}

// usesOnly reports whether the record of an object names a controller object.
func (f *fixture) usesOnly(obj client.Object, controller string) bool {
	f.Helper()
	recorded, ok := obj.(v1alpha1.RecordedObject)
	if !ok {
		return false
	}
	state := rowFixture{fixture: f}.keeper().Read(recorded, modelInSpec(obj))
	return string(state.Controller) == controller || string(state.Model.Controller) == controller
}

// modelInSpec returns the model of a JujuSecret, and none for an access.
func modelInSpec(obj client.Object) plan.ModelRef {
	if secret, ok := obj.(*v1alpha1.JujuSecret); ok {
		return placement.ModelOfSecret(secret)
	}
	return plan.ModelRef{}
}
