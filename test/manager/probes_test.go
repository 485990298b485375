// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/servers"
)

// probe returns the status code of a probe, or 0 if there is no answer.
func (op *operator) probe(path string) int {
	status, _ := env.Get(op.f.Ctx, op.probes+path, "")
	return status
}

// awaitReady waits until the operator reports that it is ready.
func (op *operator) awaitReady() {
	op.f.Helper()
	op.f.Await(func() string {
		if got := op.probe("/readyz"); got != http.StatusOK {
			return fmt.Sprintf("the operator %s is not ready: %d", op.Name, got)
		}
		return ""
	})
}

// expectHealthyButNotReady checks that the operator is alive and not ready.
func (op *operator) expectHealthyButNotReady() {
	op.f.Helper()
	healthy, ready := op.probe("/healthz"), op.probe("/readyz")
	if healthy != http.StatusOK || ready != http.StatusInternalServerError {
		op.f.Errorf("the operator %s answers /healthz with %d and /readyz with %d, want 200 and 500",
			op.Name, healthy, ready)
	}
}

// rights returns the operator's permissions from config/rbac.
func (f *fixture) rights() servers.Rights {
	f.Helper()
	objs, err := servers.Manifests(f.Kube.Scheme(), filepath.Join(env.Root, "config", "rbac", "role.yaml"))
	f.Must(err)
	var rights servers.Rights
	for _, obj := range objs {
		switch obj := obj.(type) {
		case *rbacv1.ClusterRole:
			rights.Everywhere = obj.Rules
		case *rbacv1.Role:
			rights.In = map[string][]rbacv1.PolicyRule{servers.OperatorNamespace: obj.Rules}
		}
	}
	return rights
}

// without returns the rules without a resource.
func without(rules []rbacv1.PolicyRule, resource string) []rbacv1.PolicyRule {
	var rest []rbacv1.PolicyRule
	for _, rule := range rules {
		rule.Resources = slices.DeleteFunc(slices.Clone(rule.Resources), func(r string) bool { return r == resource })
		if len(rule.Resources) > 0 {
			rest = append(rest, rule)
		}
	}
	return rest
}

// An operator without access to one of its kinds is alive and not ready. It
// does not become the leader, and it can be stopped. Once it has the
// permission, it becomes ready.
func TestReadinessRequiresAccessToAllKinds(t *testing.T) {
	t.Parallel()
	for _, resource := range []string{
		"clusterjujucontrollers", "jujucontrollers", "jujusecrets", "jujusecretaccesses",
		"secrets", "configmaps", "namespaces",
	} {
		t.Run(resource, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			rights := f.rights()
			all := rights.Everywhere
			rights.Everywhere = without(all, resource)
			kubeconfig, err := f.Env.Kubernetes.Admit(f.Ctx, f.Namespace, rights)
			f.Must(err)
			start := func(name string) *operator {
				op := f.startOwn(name, "--kubeconfig="+kubeconfig)
				f.Await(func() string {
					log := op.Log()
					if !strings.Contains(log, resource+" is forbidden") &&
						!strings.Contains(log, resource+`.jujusecrets.io is forbidden`) {
						return "the operator was not denied access to " + resource
					}
					return ""
				})
				op.expectHealthyButNotReady()
				return op
			}
			start("stopped without access").MustStop()
			op := start("given access later")
			if leader := f.leader(f.Namespace); leader != "" {
				t.Errorf("%s is the leader without access to %s", leader, resource)
			}
			role := &rbacv1.ClusterRole{}
			role.Name = f.Namespace
			f.Must(f.Kube.Get(f.Ctx, client.ObjectKeyFromObject(role), role))
			role.Rules = all
			f.Must(f.Kube.Update(f.Ctx, role))
			op.awaitReady()
			op.MustStop()
		})
	}
}
