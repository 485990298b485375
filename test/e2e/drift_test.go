// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/stage"
)

// drifts are what somebody may do to a secret that the operator manages.
func drifts() map[string]func(s *scene, id string) error {
	return map[string]func(s *scene, id string) error{
		"content": func(s *scene, id string) error {
			return s.juju.UpdateSecret(s.Ctx, s.model, id, "", "", map[string]string{"key": "theirs"})
		},
		"name": func(s *scene, id string) error {
			return s.juju.UpdateSecret(s.Ctx, s.model, id, "theirs", "", nil)
		},
		"info": func(s *scene, id string) error {
			return s.juju.UpdateSecret(s.Ctx, s.model, id, "", "Theirs", nil)
		},
		"removed": func(s *scene, id string) error {
			return s.juju.RemoveSecret(s.Ctx, s.model, id)
		},
	}
}

func TestWhatSomebodyChangesInJujuIsPutBackByItself(t *testing.T) {
	t.Parallel()
	for name, change := range drifts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Info("Ours"), gen.Value(map[string]string{"key": sentinel}))
			other := gen.JujuSecret(s.ns, "other", s.model.Name)
			access := gen.Access(s.ns, "db", "db-login", "app1")
			s.Create(obj, other, access)
			s.AwaitReady(obj, other, access)
			untouched := other.ResourceVersion
			s.Must(change(s, obj.Status.SecretID))

			s.Await(func() string {
				got := s.inJuju()
				if len(got) != 2 {
					return "there are not two secrets"
				}
				got[0].ID, got[0].Revision = "", 0
				return diffSecrets([]servers.UserSecret{
					{Name: "db-login", Info: "Ours", Content: servers.Content(map[string]string{"key": sentinel}), Granted: []string{"app1"}},
				}, got[:1])
			})
			s.AwaitReady(obj, access)
			s.awaitEvent(obj, v1alpha1.ReasonCorrected)
			if s.Refresh(other); other.ResourceVersion != untouched {
				t.Error("the operator wrote to an object whose secret nobody touched")
			}
		})
	}
}

func TestAGrantThatSomebodyRevokedIsGivenAgain(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj, access := gen.JujuSecret(s.ns, "db-login", s.model.Name), gen.Access(s.ns, "db", "db-login", "app1", "app2")
	s.Create(obj, access)
	s.AwaitReady(obj, access)
	s.Must(s.juju.Revoke(s.Ctx, s.model, obj.Status.SecretID, "app1"))
	s.awaitJuju(ofDB("app1", "app2"))
}

func TestDriftIsOnlyToldIfThePolicySaysSo(t *testing.T) {
	t.Parallel()
	for name, disturb := range drifts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			source := gen.Secret(s.ns, "source", map[string]string{"key": sentinel})
			obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Info("Ours"), gen.Reporting, gen.FromSecret("source"))
			s.Create(source, obj)
			s.AwaitReady(obj)
			s.Must(disturb(s, obj.Status.SecretID))
			s.AwaitReason(obj, v1alpha1.ReasonDrifted, name, obj.Status.SecretID, "Correct")
			theirs := s.inJuju()
			s.LookNow(obj)
			s.AwaitReason(obj, v1alpha1.ReasonDrifted)
			s.expectJuju(theirs...)

			// A change of a source is applied as ever, and with it all that the manifest says.
			stage.Change(s, source, func(o *corev1.Secret) { o.Data["key"] = []byte(sentinel + " 2") })
			s.AwaitReady(obj)
			s.expectJuju(servers.UserSecret{
				ID: obj.Status.SecretID, Name: "db-login", Info: "Ours", Revision: obj.Status.Revision,
				Content: servers.Content(map[string]string{"key": sentinel + " 2"}),
			})
		})
	}
}

func TestAReferenceFollowsWhatItRefersTo(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	id, err := s.juju.AddSecret(s.Ctx, s.model, "theirs", "", map[string]string{"key": "first"})
	s.Must(err)
	obj := gen.JujuSecret(s.ns, "reference", s.model.Name, gen.Named("theirs"), gen.Observed)
	s.Create(obj)
	s.AwaitReady(obj)
	s.Must(s.juju.UpdateSecret(s.Ctx, s.model, id, "", "", map[string]string{"key": "second"}))
	s.Await(func() string {
		if s.Refresh(obj); obj.Status.Revision != 2 {
			return "the status does not tell of the new revision"
		}
		return ""
	})
	s.Must(s.juju.RemoveSecret(s.Ctx, s.model, id))
	s.AwaitReason(obj, v1alpha1.ReasonSecretNotFound)
}

// Juju before 3.6 does not tell checksums, so only the number of a revision shows that somebody made it.
func TestBefore36WhatSomebodyChangesIsPutBackToo(t *testing.T) {
	t.Parallel()
	s, proxy := newProxiedScene(t)
	proxy.AsJuju35()
	controller := s.connectThrough(proxy)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Through(controller.Name), gen.Value(map[string]string{"key": sentinel}))
	ours := func(revision int) servers.UserSecret {
		return servers.UserSecret{
			ID: obj.Status.SecretID, Name: "db-login", Revision: revision,
			Content: servers.Content(map[string]string{"key": sentinel}),
		}
	}
	s.Create(obj)
	s.AwaitReady(obj)
	s.AwaitCondition(obj, func(ready metav1.Condition) string {
		if !strings.Contains(ready.Message, "Before 3.6") {
			return "the status does not tell that drift in content is seen by its revision alone: " + ready.Message
		}
		return ""
	})
	s.LookNow(obj)
	stage.Change(s, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Info = "Changed" })
	s.AwaitReady(obj)
	withInfo := ours(1)
	withInfo.Info = "Changed"
	s.expectJuju(withInfo)

	s.Must(s.juju.UpdateSecret(s.Ctx, s.model, obj.Status.SecretID, "", "", map[string]string{"key": "theirs"}))
	withInfo.Revision = 3
	s.awaitJuju(withInfo)
	s.awaitEvent(obj, v1alpha1.ReasonCorrected)
}
