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

// remakeModel removes the scene's model with all that is in it, and makes another one of its name.
func (s *scene) remakeModel() (former servers.Model) {
	s.Helper()
	former = s.model
	s.Must(s.juju.RemoveModel(s.Ctx, former))
	again, err := s.juju.AddModel(s.Ctx, s.ns)
	s.Must(err)
	if again.Name != former.Name || again.UUID == former.UUID {
		s.Fatalf("the model %+v was made again as %+v", former, again)
	}
	s.model = again
	return former
}

// modelUsers are those who go to a model by its name, and by its UUID.
type modelUsers struct {
	byName, reporting, byUUID *v1alpha1.JujuSecret
	grant, grantByUUID        *v1alpha1.JujuSecretAccess
}

// useModel makes all that may go to the scene's model, through a controller object, and waits until it is there.
func (s *scene) useModel(controller string) modelUsers {
	s.Helper()
	through, byUUID := gen.Through(controller), func(o *v1alpha1.JujuSecret) { o.Spec.ModelUUID = s.model.UUID }
	u := modelUsers{
		byName:      gen.JujuSecret(s.ns, "by-name", s.model.Name, through, gen.Value(map[string]string{"key": sentinel})),
		reporting:   gen.JujuSecret(s.ns, "reporting", s.model.Name, through, gen.Reporting),
		byUUID:      gen.JujuSecret(s.ns, "by-uuid", "", through, byUUID),
		grant:       gen.Access(s.ns, "by-name", "by-name", "app1", "app2"),
		grantByUUID: gen.Access(s.ns, "by-uuid", "by-uuid", "app1"),
	}
	s.Create(u.byName, u.reporting, u.byUUID, u.grant, u.grantByUUID)
	s.AwaitReady(u.byName, u.reporting, u.byUUID, u.grant, u.grantByUUID)
	return u
}

// expectMoved waits until all that goes by the name is in the model that was made again, and the rest is told that theirs is gone.
func (s *scene) expectMoved(u modelUsers, former servers.Model) {
	s.Helper()
	s.awaitEvent(u.byName, v1alpha1.ReasonModelReplaced)
	s.awaitEvent(u.reporting, v1alpha1.ReasonModelReplaced)
	s.awaitEvent(u.grant, v1alpha1.ReasonModelReplaced)
	want := []servers.UserSecret{
		{Name: "by-name", Revision: 1, Content: servers.Content(map[string]string{"key": sentinel}), Granted: []string{"app1", "app2"}},
		{Name: "reporting", Revision: 1, Content: servers.Content(map[string]string{"key": "value"})},
	}
	s.awaitJuju(want...)
	for _, obj := range []*v1alpha1.JujuSecret{u.byName, u.reporting} {
		s.Await(func() string { // The event comes before the status.
			if s.Refresh(obj); obj.Status.ModelUUID != s.model.UUID {
				return fmt.Sprintf("the status of %s has the model %s, want %s", obj.Name, obj.Status.ModelUUID, s.model.UUID)
			}
			return ""
		})
	}
	s.AwaitReady(u.byName, u.reporting, u.grant)
	s.AwaitReason(u.byUUID, v1alpha1.ReasonModelNotFound, former.UUID, "made again", "is another model")
	s.AwaitReason(u.grantByUUID, v1alpha1.ReasonModelNotFound, former.UUID)
	s.LookNow(u.byUUID)
	s.AwaitReason(u.byUUID, v1alpha1.ReasonModelNotFound)
	want[0].ID, want[1].ID = u.byName.Status.SecretID, u.reporting.Status.SecretID
	s.expectJuju(want...)
}

func TestAModelThatWasMadeAgainIsFilledAgainForThoseWhoGoByItsName(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	u := s.useModel("default")
	former := s.remakeModel()
	s.expectMoved(u, former)
	// What was in the former model went with it.
	s.Delete(u.grantByUUID)
	s.AwaitGone(u.grantByUUID)
	s.Delete(u.byUUID)
	s.AwaitGone(u.byUUID)
}

func TestAModelThatWasMadeAgainDuringAStopIsFilledAgain(t *testing.T) {
	t.Parallel()
	o := startOperator(t)
	s := newScene(t)
	controller := gen.Controller("models-"+s.ns, s.juju.Addresses[0], s.juju.CACertificate, o.serves)
	s.createController(controller, s.juju.Operator.Password)
	u := s.useModel(controller.Name)
	o.stop()
	former := s.remakeModel()
	o.start()
	s.expectMoved(u, former)
	s.awaitFound(controller, "the model that was made again", func(found *v1alpha1.JujuControllerStatus) bool {
		return slices.Contains(found.Models, v1alpha1.ModelStatus{UUID: s.model.UUID, Name: s.model.Name, Access: "write", Objects: 3})
	})
}
