// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// usage is a client with one namespace, in which a JujuSecret uses every
// controller object if inUse is true.
type usage struct {
	client.Client

	inUse, deleting bool
}

func (u usage) List(_ context.Context, into client.ObjectList, _ ...client.ListOption) error {
	if secrets, ok := into.(*v1alpha1.JujuSecretList); ok && u.inUse {
		secrets.Items = []v1alpha1.JujuSecret{*named("db")}
	}
	return nil
}

func (u usage) Get(_ context.Context, _ client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	if u.deleting {
		into.SetDeletionTimestamp(new(metav1.Now()))
	}
	return nil
}

func TestCredentialsAreInLastUseWhenTheyCannotBeReplaced(t *testing.T) {
	t.Parallel()
	deletedAt := metav1.Unix(1_000_000_000, 0)
	kept, deleted := &v1alpha1.JujuController{}, &v1alpha1.JujuController{}
	deleted.DeletionTimestamp = &deletedAt
	all := func(controllers ...v1alpha1.ControllerObject) []v1alpha1.ControllerObject { return controllers }
	for name, row := range map[string]struct {
		named   []v1alpha1.ControllerObject
		objects usage
		scope   Scope
		want    plan.CredentialsFacts
	}{
		"not named":           {nil, usage{inUse: true}, Scope{}, plan.CredentialsFacts{}},
		"controller not used": {all(kept), usage{}, Scope{}, plan.CredentialsFacts{Named: true}},
		"deleted controller not used": {
			all(deleted), usage{deleting: true}, Scope{}, plan.CredentialsFacts{Named: true},
		},
		"controller used": {all(kept), usage{inUse: true}, Scope{}, plan.CredentialsFacts{Named: true, InUse: true}},
		"one of two controllers deleted": {
			all(deleted, kept), usage{inUse: true}, Scope{},
			plan.CredentialsFacts{Named: true, InUse: true, LastUse: true},
		},
		"namespace deleted": {
			all(kept), usage{inUse: true, deleting: true}, Scope{},
			plan.CredentialsFacts{Named: true, InUse: true, LastUse: true},
		},
		"namespace deleted, which the operator cannot read": {
			all(kept), usage{inUse: true, deleting: true}, Scope{Namespaces: []string{"team-a"}},
			plan.CredentialsFacts{Named: true, InUse: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := func() time.Time { return deletedAt.Add(3 * time.Second) }
			r := NewCredentialsReconciler(Options{Client: row.objects, Now: now, Scope: row.scope}, nil)
			secret := metadataOf(kindSecret)
			secret.DeletionTimestamp = &deletedAt
			got, err := r.observe(t.Context(), secret, row.named)
			if err != nil {
				t.Fatal(err)
			}
			row.want.Deleting, row.want.Age = true, 3*time.Second
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}

// Otherwise each change of an object would look for users.
func TestCredentialsLookForUsersOnlyWhileDeleted(t *testing.T) {
	t.Parallel()
	r := NewCredentialsReconciler(Options{Client: usage{inUse: true}, Now: time.Now}, nil)
	got, err := r.observe(t.Context(), metadataOf(kindSecret), []v1alpha1.ControllerObject{&v1alpha1.JujuController{}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plan.CredentialsFacts{Named: true}, got); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}
