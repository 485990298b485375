// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"path/filepath"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/servers"
)

// watchedRights returns the permissions from config/rbac of an operator that
// watches only the fixture's namespace.
func (f *fixture) watchedRights() servers.Rights {
	f.Helper()
	rights := servers.Rights{In: map[string][]rbacv1.PolicyRule{}}
	for ns, file := range map[string]string{
		servers.OperatorNamespace: "role.yaml",
		f.Namespace:               filepath.Join("watched", "role.yaml"),
	} {
		objs, err := servers.Manifests(f.Kube.Scheme(), filepath.Join(env.Root, "config", "rbac", file))
		f.Must(err)
		for _, obj := range objs {
			if role, ok := obj.(*rbacv1.Role); ok {
				rights.In[ns] = role.Rules
			}
		}
	}
	return rights
}

// bindingOf returns a binding that allows an account to review tokens and
// accesses. The role exists in every cluster.
func bindingOf(account string) *rbacv1.ClusterRoleBinding {
	return &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: account + "-auth-delegator"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: servers.OperatorNamespace, Name: account}},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "system:auth-delegator"},
	}
}
