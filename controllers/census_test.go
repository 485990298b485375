// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// population is a cache of all kinds.
type population struct {
	client.Reader

	shared   []v1alpha1.ClusterJujuController
	local    []v1alpha1.JujuController
	secrets  []v1alpha1.JujuSecret
	accesses []v1alpha1.JujuSecretAccess
}

func (p population) List(_ context.Context, into client.ObjectList, _ ...client.ListOption) error {
	switch into := into.(type) {
	case *v1alpha1.ClusterJujuControllerList:
		if p.shared == nil {
			return errors.New("nobody watches ClusterJujuControllers")
		}
		into.Items = p.shared
	case *v1alpha1.JujuControllerList:
		into.Items = p.local
	case *v1alpha1.JujuSecretList:
		into.Items = p.secrets
	case *v1alpha1.JujuSecretAccessList:
		into.Items = p.accesses
	}
	return nil
}

// goesThrough makes a secret go through a controller object.
func goesThrough(kind v1alpha1.ControllerKind, name string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) {
		s.Spec.ControllerRef = v1alpha1.ControllerReference{Kind: kind, Name: name}
	}
}

func accessOf(name, secret string) v1alpha1.JujuSecretAccess {
	return v1alpha1.JujuSecretAccess{
		ObjectMeta: metav1.ObjectMeta{Namespace: "team-a", Name: name},
		Spec:       v1alpha1.JujuSecretAccessSpec{SecretRef: &v1alpha1.JujuSecretReference{Name: secret}},
	}
}

func everyObject() population {
	shared := func(name, class string) v1alpha1.ClusterJujuController {
		obj := v1alpha1.ClusterJujuController{ObjectMeta: metav1.ObjectMeta{Name: name}}
		obj.Spec.ControllerClass = class
		return obj
	}
	local := func(name, class string) v1alpha1.JujuController {
		obj := v1alpha1.JujuController{ObjectMeta: metav1.ObjectMeta{Namespace: "team-a", Name: name}}
		obj.Spec.ControllerClass = class
		return obj
	}
	return population{
		shared: []v1alpha1.ClusterJujuController{shared("default", ""), shared("edge", "edge")},
		local:  []v1alpha1.JujuController{local("own", ""), local("own-edge", "edge")},
		secrets: []v1alpha1.JujuSecret{
			*named("new"),
			*named("well", isReady(metav1.ConditionTrue, v1alpha1.ReasonSynced)),
			*named("odd", isReady("Perhaps", "SomebodyWroteThis")),
			*named("elsewhere", goesThrough("", "edge")),
			*named("local", goesThrough(v1alpha1.KindJujuController, "own")),
			*named("local-elsewhere", goesThrough(v1alpha1.KindJujuController, "own-edge")),
			*named("lost", goesThrough("", "missing")),
		},
		accesses: []v1alpha1.JujuSecretAccess{
			accessOf("for-well", "well"), accessOf("for-elsewhere", "elsewhere"), accessOf("for-local-elsewhere", "local-elsewhere"),
			accessOf("for-nobody", "missing"),
		},
	}
}

func TestObjectsAreCountedByTheInstallationThatServesThem(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		scope Scope
		want  []string
	}{
		"of no class": {Scope{}, []string{
			"ClusterJujuController /default Unknown None", "JujuController team-a/own Unknown None",
			"JujuSecret team-a/local Unknown None", "JujuSecret team-a/lost Unknown None", "JujuSecret team-a/new Unknown None",
			"JujuSecret team-a/odd Unknown Other", "JujuSecret team-a/well True Synced",
			"JujuSecretAccess team-a/for-nobody Unknown None", "JujuSecretAccess team-a/for-well Unknown None",
		}},
		"of a class": {Scope{Class: "edge"}, []string{
			"ClusterJujuController /edge Unknown None", "JujuController team-a/own-edge Unknown None",
			"JujuSecret team-a/elsewhere Unknown None", "JujuSecret team-a/local-elsewhere Unknown None", "JujuSecret team-a/lost Unknown None",
			"JujuSecretAccess team-a/for-elsewhere Unknown None", "JujuSecretAccess team-a/for-local-elsewhere Unknown None",
			"JujuSecretAccess team-a/for-nobody Unknown None",
		}},
		"of a namespace and a class": {Scope{Class: "edge", Namespaces: []string{"team-a"}}, []string{
			"JujuController team-a/own-edge Unknown None", "JujuSecret team-a/local-elsewhere Unknown None",
			"JujuSecretAccess team-a/for-local-elsewhere Unknown None", "JujuSecretAccess team-a/for-nobody Unknown None",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := everyObject()
			if row.scope.limited() {
				all.shared = nil
			}
			var got []string
			err := Census{Cached: all, Scope: row.scope}.Take(t.Context(), func(c Counted) {
				got = append(got, fmt.Sprintf("%s %s/%s %s %s", c.Kind, c.Namespace, c.Name, c.Status, c.Reason))
			})
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(got)
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
