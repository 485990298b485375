// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"slices"
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// recreateModel removes the fixture's model with its secrets, and adds a new
// model with the same name. It returns the removed model.
func (f *fixture) recreateModel() (former servers.Model) {
	f.Helper()
	former = f.Model
	f.Must(f.Juju.RemoveModel(f.Ctx, former))
	again := f.AddModel(f.Namespace)
	if again.Name != former.Name || again.UUID == former.UUID {
		f.Fatalf("the model %+v was recreated as %+v, want the same name and another UUID", former, again)
	}
	f.Model = again
	return former
}

// modelUsers holds objects that refer to a model by its name or by its UUID.
type modelUsers struct {
	byName, reporting, byUUID *v1alpha1.JujuSecret
	grant, grantByUUID        *v1alpha1.JujuSecretAccess
}

// createModelUsers creates objects in the fixture's model, and waits until they
// are Ready.
func (f *fixture) createModelUsers(controller string) modelUsers {
	f.Helper()
	through := gen.Through(controller)
	byUUID := func(o *v1alpha1.JujuSecret) { o.Spec.ModelUUID = f.Model.UUID }
	u := modelUsers{
		byName:      gen.JujuSecret(f.Namespace, "by-name", f.Model.Name, through, gen.Value(values(sentinel))),
		reporting:   gen.JujuSecret(f.Namespace, "reporting", f.Model.Name, through, gen.Reporting),
		byUUID:      gen.JujuSecret(f.Namespace, "by-uuid", "", through, byUUID),
		grant:       gen.Access(f.Namespace, "by-name", "by-name", "app1", "app2"),
		grantByUUID: gen.Access(f.Namespace, "by-uuid", "by-uuid", "app1"),
	}
	f.Create(u.byName, u.reporting, u.byUUID, u.grant, u.grantByUUID)
	f.AwaitReady(u.byName, u.reporting, u.byUUID, u.grant, u.grantByUUID)
	return u
}

// expectMoved waits until the objects that refer to the model by name are in
// the recreated model, and the other objects report ModelNotFound.
func (f *fixture) expectMoved(u modelUsers, former servers.Model) {
	f.Helper()
	f.AwaitEvent(u.byName, v1alpha1.ReasonModelReplaced)
	f.AwaitEvent(u.reporting, v1alpha1.ReasonModelReplaced)
	f.AwaitEvent(u.grant, v1alpha1.ReasonModelReplaced)
	want := []servers.UserSecret{
		{Name: "by-name", Revision: 1, Content: servers.Content(values(sentinel)), Granted: []string{"app1", "app2"}},
		{Name: "reporting", Revision: 1, Content: servers.Content(values("value"))},
	}
	f.AwaitJuju(want...)
	for _, obj := range []*v1alpha1.JujuSecret{u.byName, u.reporting} {
		f.Await(func() string { // The event comes before the status.
			if f.Refresh(obj); obj.Status.ModelUUID != f.Model.UUID {
				return fmt.Sprintf("the status of %s has model %s, want %s", obj.Name, obj.Status.ModelUUID, f.Model.UUID)
			}
			return ""
		})
	}
	f.AwaitReady(u.byName, u.reporting, u.grant)
	f.AwaitReason(u.byUUID, v1alpha1.ReasonModelNotFound, former.UUID, "created again", "is another model")
	f.AwaitReason(u.grantByUUID, v1alpha1.ReasonModelNotFound, former.UUID)
	f.LookNow(u.byUUID)
	f.AwaitReason(u.byUUID, v1alpha1.ReasonModelNotFound)
	want[0].ID, want[1].ID = u.byName.Status.SecretID, u.reporting.Status.SecretID
	f.ExpectJuju(want...)
}

func TestRecreatedModelIsFilledByName(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.createModelUsers("default")
	former := f.recreateModel()
	f.expectMoved(u, former)
	// Their secrets were removed with the former model.
	f.Delete(u.grantByUUID)
	f.AwaitGone(u.grantByUUID)
	f.Delete(u.byUUID)
	f.AwaitGone(u.byUUID)
}

func TestModelRecreatedWhileOperatorIsDown(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	o := f.StartOwn("of the test")
	controller := gen.Controller("models-"+f.Namespace, f.Juju.Addresses[0], f.Juju.CACertificate, o.Serves)
	f.createController(controller, f.Juju.Operator.Password)
	u := f.createModelUsers(controller.Name)
	o.MustStop()
	former := f.recreateModel()
	o.MustRestart()
	f.expectMoved(u, former)
	f.awaitFound(controller, "the recreated model", func(found *v1alpha1.JujuControllerStatus) bool {
		return slices.Contains(found.Models, modelStatus(f.Model, "write", 3))
	})
}
