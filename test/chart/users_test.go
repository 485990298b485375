// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// The built-in ClusterRoles view, edit and admin must cover the kinds after
// Kubernetes aggregates them. None of them may write ClusterJujuControllers or
// the status, because both affect other users.
func TestUserRolesCoverAllKinds(t *testing.T) {
	const ns = "users"
	var (
		kinds = []string{"jujusecrets", "jujusecretaccesses", "jujucontrollers"}
		reads = []string{"get", "list", "watch"}
		edits = []string{"create", "delete", "deletecollection", "patch", "update"}
	)
	create(t, gen.Namespace(ns, nil))
	for _, obj := range rendered(t, "--show-only", "templates/user-roles.yaml") {
		create(t, obj)
	}
	for role, allowed := range map[string][]string{
		"view": reads, "edit": slices.Concat(reads, edits), "admin": slices.Concat(reads, edits),
	} {
		t.Run(role, func(t *testing.T) {
			user := "user-with-" + role
			create(t, &rbacv1.RoleBinding{
				ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: role},
				RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
				Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
			})
			may := func(ns, verb, resource string) bool {
				resource, subresource, _ := strings.Cut(resource, "/")
				review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
					User: user,
					ResourceAttributes: &authorizationv1.ResourceAttributes{
						Namespace: ns, Verb: verb, Group: "jujusecrets.io", Resource: resource, Subresource: subresource,
					},
				}}
				create(t, review)
				return review.Status.Allowed
			}
			for _, kind := range kinds {
				for _, verb := range allowed {
					err := servers.Await(t.Context(), patience, func() (string, error) {
						if may(ns, verb, kind) {
							return "", nil
						}
						return fmt.Sprintf("%s may not %s %s", role, verb, kind), nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			}
			for _, verb := range slices.Concat(reads, edits) {
				for _, kind := range kinds {
					if may(ns, verb, kind) != slices.Contains(allowed, verb) {
						t.Errorf("%s may %s %s: want %t", role, verb, kind, slices.Contains(allowed, verb))
					}
					if may("default", verb, kind) {
						t.Errorf("%s may %s %s in another namespace", role, verb, kind)
					}
					if slices.Contains(edits, verb) && may(ns, verb, kind+"/status") {
						t.Errorf("%s may %s the status of %s, which records the owner of a secret", role, verb, kind)
					}
				}
				if may("", verb, "clusterjujucontrollers") {
					t.Errorf("%s may %s clusterjujucontrollers, which are for cluster administrators", role, verb)
				}
			}
		})
	}
	// The rules of the roles themselves, not only their effect in a namespace.
	for _, name := range []string{"edit", "admin"} {
		var role rbacv1.ClusterRole
		if err := shared.Kubernetes.Client.Get(t.Context(), client.ObjectKey{Name: name}, &role); err != nil {
			t.Fatal(err)
		}
		for _, rule := range role.Rules {
			if slices.Contains(rule.Resources, "clusterjujucontrollers") && !subset(rule.Verbs, reads) {
				t.Errorf("%s may %v clusterjujucontrollers", name, rule.Verbs)
			}
		}
	}
}

func subset(some, all []string) bool {
	return !slices.ContainsFunc(some, func(one string) bool { return !slices.Contains(all, one) })
}

// create creates objects, and deletes them after the test.
func create(t *testing.T, objs ...client.Object) {
	t.Helper()
	for _, obj := range objs {
		if err := shared.Kubernetes.Client.Create(t.Context(), obj); err != nil {
			t.Fatal(err)
		}
		if obj.GetName() == "" { // A review is not stored.
			continue
		}
		t.Cleanup(func() {
			if err := client.IgnoreNotFound(shared.Kubernetes.Client.Delete(cleanupContext(), obj)); err != nil {
				t.Error(err)
			}
		})
	}
}
