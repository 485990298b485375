// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// connectOwn creates a ClusterJujuController of the operator's class and waits
// until it is Ready.
func (f *fixture) connectOwn(
	o *env.Operator, modify ...func(*v1alpha1.ClusterJujuController),
) *v1alpha1.ClusterJujuController {
	f.Helper()
	modify = append(modify, o.Serves)
	controller := gen.Controller("own-"+f.Namespace, f.Juju.Addresses[0], f.Juju.CACertificate, modify...)
	f.createController(controller, f.Juju.Operator.Password)
	f.AwaitReady(controller)
	return controller
}

// installation creates a namespace for an operator, with the right to create
// the Secret with the operator's key.
func (f *fixture) installation() (namespace string) {
	f.Helper()
	const account = "manager"
	namespace = f.Namespace + "-installation"
	there := metav1.ObjectMeta{Namespace: namespace, Name: account}
	ns := gen.Namespace(namespace, nil)
	f.Create(ns)
	f.After = append(f.After, ns)
	f.Create(
		&rbacv1.Role{ObjectMeta: there, Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"create", "get"}},
		}},
		&rbacv1.RoleBinding{
			ObjectMeta: there,
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: servers.OperatorNamespace, Name: account}},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: account},
		},
	)
	f.Await(func() string {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User: servers.Username(account),
			ResourceAttributes: &authorizationv1.ResourceAttributes{
				Namespace: namespace, Verb: "create", Resource: "secrets",
			},
		}}
		if f.Create(review); !review.Status.Allowed {
			return "the API server does not know the role in " + namespace + " yet"
		}
		return ""
	})
	return namespace
}
