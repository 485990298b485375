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
)

// drifts are what somebody may do to a secret that the operator manages.
func drifts() map[string]func(s *scene, id string) error {
	return map[string]func(s *scene, id string) error{
		"content": func(s *scene, id string) error {
			return s.juju.UpdateSecret(s.ctx, s.model, id, "", "", map[string]string{"key": "theirs"})
		},
		"name": func(s *scene, id string) error {
			return s.juju.UpdateSecret(s.ctx, s.model, id, "theirs", "", nil)
		},
		"info": func(s *scene, id string) error {
			return s.juju.UpdateSecret(s.ctx, s.model, id, "", "Theirs", nil)
		},
		"removed": func(s *scene, id string) error {
			return s.juju.RemoveSecret(s.ctx, s.model, id)
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
			s.create(obj, other, access)
			s.awaitReady(obj, other, access)
			untouched := other.ResourceVersion
			s.must(change(s, obj.Status.SecretID))

			s.await(func() string {
				got := s.inJuju()
				if len(got) != 2 {
					return "there are not two secrets"
				}
				got[0].ID, got[0].Revision = "", 0
				return diffSecrets([]servers.UserSecret{
					{Name: "db-login", Info: "Ours", Content: servers.Content(map[string]string{"key": sentinel}), Granted: []string{"app1"}},
				}, got[:1])
			})
			s.awaitReady(obj, access)
			s.awaitEvent(obj, v1alpha1.ReasonCorrected)
			if s.refresh(other); other.ResourceVersion != untouched {
				t.Error("the operator wrote to an object whose secret nobody touched")
			}
		})
	}
}

func TestAGrantThatSomebodyRevokedIsGivenAgain(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj, access := gen.JujuSecret(s.ns, "db-login", s.model.Name), gen.Access(s.ns, "db", "db-login", "app1", "app2")
	s.create(obj, access)
	s.awaitReady(obj, access)
	s.must(s.juju.Revoke(s.ctx, s.model, obj.Status.SecretID, "app1"))
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
			s.create(source, obj)
			s.awaitReady(obj)
			s.must(disturb(s, obj.Status.SecretID))
			s.awaitReason(obj, v1alpha1.ReasonDrifted, name, obj.Status.SecretID, "Correct")
			theirs := s.inJuju()
			s.lookNow(obj)
			s.awaitReason(obj, v1alpha1.ReasonDrifted)
			s.expectJuju(theirs...)

			// A change of a source is applied as ever, and with it all that the manifest says.
			change(s, source, func(o *corev1.Secret) { o.Data["key"] = []byte(sentinel + " 2") })
			s.awaitReady(obj)
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
	id, err := s.juju.AddSecret(s.ctx, s.model, "theirs", "", map[string]string{"key": "first"})
	s.must(err)
	obj := gen.JujuSecret(s.ns, "reference", s.model.Name, gen.Named("theirs"), gen.Observed)
	s.create(obj)
	s.awaitReady(obj)
	s.must(s.juju.UpdateSecret(s.ctx, s.model, id, "", "", map[string]string{"key": "second"}))
	s.await(func() string {
		if s.refresh(obj); obj.Status.Revision != 2 {
			return "the status does not tell of the new revision"
		}
		return ""
	})
	s.must(s.juju.RemoveSecret(s.ctx, s.model, id))
	s.awaitReason(obj, v1alpha1.ReasonSecretNotFound)
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
	s.create(obj)
	s.awaitReady(obj)
	s.awaitCondition(obj, func(ready metav1.Condition) string {
		if !strings.Contains(ready.Message, "Before 3.6") {
			return "the status does not tell that drift in content is seen by its revision alone: " + ready.Message
		}
		return ""
	})
	s.lookNow(obj)
	change(s, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Info = "Changed" })
	s.awaitReady(obj)
	withInfo := ours(1)
	withInfo.Info = "Changed"
	s.expectJuju(withInfo)

	s.must(s.juju.UpdateSecret(s.ctx, s.model, obj.Status.SecretID, "", "", map[string]string{"key": "theirs"}))
	withInfo.Revision = 3
	s.awaitJuju(withInfo)
	s.awaitEvent(obj, v1alpha1.ReasonCorrected)
}
