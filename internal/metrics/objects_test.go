// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

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

// cacheOf is a cache with objects of all kinds.
type cacheOf struct {
	client.Reader

	shared   []v1alpha1.ClusterJujuController
	local    []v1alpha1.JujuController
	secrets  []v1alpha1.JujuSecret
	accesses []v1alpha1.JujuSecretAccess
}

func (c cacheOf) List(_ context.Context, into client.ObjectList, _ ...client.ListOption) error {
	switch into := into.(type) {
	case *v1alpha1.ClusterJujuControllerList:
		if c.shared == nil {
			return errors.New("ClusterJujuControllers are not watched")
		}
		into.Items = c.shared
	case *v1alpha1.JujuControllerList:
		into.Items = c.local
	case *v1alpha1.JujuSecretList:
		into.Items = c.secrets
	case *v1alpha1.JujuSecretAccessList:
		into.Items = c.accesses
	}
	return nil
}

func secretOf(
	name string, kind v1alpha1.ControllerKind, controller string, conditions ...metav1.Condition,
) v1alpha1.JujuSecret {
	secret := v1alpha1.JujuSecret{ObjectMeta: metav1.ObjectMeta{Namespace: "team-a", Name: name}}
	secret.Spec.ControllerRef = v1alpha1.ControllerReference{Kind: kind, Name: controller}
	secret.Status.Conditions = conditions
	return secret
}

func accessTo(name, secret string) v1alpha1.JujuSecretAccess {
	access := v1alpha1.JujuSecretAccess{ObjectMeta: metav1.ObjectMeta{Namespace: "team-a", Name: name}}
	access.Spec.JujuSecretRef = &v1alpha1.JujuSecretReference{Name: secret}
	return access
}

// grantedThrough returns an access with a controller object in its status.
func grantedThrough(controller string, access v1alpha1.JujuSecretAccess) v1alpha1.JujuSecretAccess {
	access.Status.Controller = controller
	return access
}

// accessBy returns an access with a controller object in its spec.
func accessBy(name string, kind v1alpha1.ControllerKind, controller string) v1alpha1.JujuSecretAccess {
	access := v1alpha1.JujuSecretAccess{ObjectMeta: metav1.ObjectMeta{Namespace: "team-a", Name: name}}
	access.Spec.Secret = &v1alpha1.UserSecretReference{
		ControllerRef: v1alpha1.ControllerReference{Kind: kind, Name: controller},
	}
	return access
}

func ready(status metav1.ConditionStatus, reason v1alpha1.Reason) metav1.Condition {
	return metav1.Condition{Type: v1alpha1.ConditionReady, Status: status, Reason: string(reason)}
}

func everyObject() cacheOf {
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
	return cacheOf{
		shared: []v1alpha1.ClusterJujuController{shared("default", ""), shared("edge", "edge")},
		local:  []v1alpha1.JujuController{local("own", ""), local("own-edge", "edge")},
		secrets: []v1alpha1.JujuSecret{
			secretOf("new", "", "default"),
			secretOf("well", "", "default", ready(metav1.ConditionTrue, v1alpha1.ReasonSynced)),
			secretOf("odd", "", "default", ready("Perhaps", "WrittenByHand")),
			secretOf("elsewhere", "", "edge"),
			secretOf("local", v1alpha1.KindJujuController, "own"),
			secretOf("local-elsewhere", v1alpha1.KindJujuController, "own-edge"),
			secretOf("lost", "", "missing"),
		},
		accesses: []v1alpha1.JujuSecretAccess{
			accessTo("for-well", "well"), accessTo("for-elsewhere", "elsewhere"),
			accessTo("for-local-elsewhere", "local-elsewhere"),
			accessTo("for-nothing", "missing"), grantedThrough("edge", accessTo("for-removed", "missing")),
			grantedThrough("edge", accessTo("moving", "well")), accessBy("own", v1alpha1.KindJujuController, "own"),
		},
	}
}

func TestObjectsAreCollectedByTheInstallationThatServesThem(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		class   string
		limited bool
		want    []string
	}{
		"of no class": {"", false, []string{
			"ClusterJujuController /default Unknown None", "JujuController team-a/own Unknown None",
			"JujuSecret team-a/local Unknown None", "JujuSecret team-a/lost Unknown None",
			"JujuSecret team-a/new Unknown None",
			"JujuSecret team-a/odd Unknown Other", "JujuSecret team-a/well True Synced",
			"JujuSecretAccess team-a/for-nothing Unknown None", "JujuSecretAccess team-a/for-well Unknown None",
			"JujuSecretAccess team-a/moving Unknown None", "JujuSecretAccess team-a/own Unknown None",
		}},
		"of a class": {"edge", false, []string{
			"ClusterJujuController /edge Unknown None", "JujuController team-a/own-edge Unknown None",
			"JujuSecret team-a/elsewhere Unknown None", "JujuSecret team-a/local-elsewhere Unknown None",
			"JujuSecret team-a/lost Unknown None",
			"JujuSecretAccess team-a/for-elsewhere Unknown None",
			"JujuSecretAccess team-a/for-local-elsewhere Unknown None",
			"JujuSecretAccess team-a/for-nothing Unknown None", "JujuSecretAccess team-a/for-removed Unknown None",
			"JujuSecretAccess team-a/moving Unknown None",
		}},
		"of a namespace and a class": {"edge", true, []string{
			"JujuController team-a/own-edge Unknown None", "JujuSecret team-a/local-elsewhere Unknown None",
			"JujuSecretAccess team-a/for-local-elsewhere Unknown None",
			"JujuSecretAccess team-a/for-nothing Unknown None",
		}},
		"of a namespace": {"", true, []string{
			"JujuController team-a/own Unknown None",
			"JujuSecret team-a/elsewhere Unknown None", "JujuSecret team-a/local Unknown None",
			"JujuSecret team-a/lost Unknown None", "JujuSecret team-a/new Unknown None",
			"JujuSecret team-a/odd Unknown Other", "JujuSecret team-a/well True Synced",
			"JujuSecretAccess team-a/for-elsewhere Unknown None", "JujuSecretAccess team-a/for-nothing Unknown None",
			"JujuSecretAccess team-a/for-removed Unknown None", "JujuSecretAccess team-a/for-well Unknown None",
			"JujuSecretAccess team-a/moving Unknown None", "JujuSecretAccess team-a/own Unknown None",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := everyObject()
			if row.limited {
				all.shared = nil
			}
			var got []string
			collector := ObjectCollector{Cache: all, Class: row.class, Limited: row.limited}
			err := collector.Collect(t.Context(), func(s ObjectState) {
				got = append(got, fmt.Sprintf("%s %s/%s %s %s", s.Kind, s.Namespace, s.Name, s.Status, s.Reason))
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

// A user can write the annotation of the record. It must not move an object to
// another installation.
func TestForgedRecordDoesNotMoveAnAccessToAnotherInstallation(t *testing.T) {
	t.Parallel()
	access := grantedThrough("default", accessTo("forged", "well"))
	access.UID = "uid"
	access.Annotations = map[string]string{
		"jujusecrets.io/record": `{"uid": "uid", "grants": ` +
			`{"controller": "edge", "model": "prod/db", "secretID": "one", "granted": ["app"]}}`,
	}
	all := everyObject()
	all.accesses = []v1alpha1.JujuSecretAccess{access}
	err := ObjectCollector{Cache: all, Class: "edge"}.Collect(t.Context(), func(s ObjectState) {
		if s.Name == "forged" {
			t.Error("the access is collected by the installation that its annotation names")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}
