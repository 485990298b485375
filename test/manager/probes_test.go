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

	"github.com/juju-secrets/operator/test/servers"
)

// probe is what a probe answers, 0 if nobody does.
func (op *operator) probe(path string) int {
	request, err := http.NewRequestWithContext(op.s.Ctx, http.MethodGet, op.probes+path, nil)
	op.s.Must(err)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// awaitReady waits until the operator says that it is ready.
func (op *operator) awaitReady() {
	op.s.Helper()
	op.s.Await(func() string {
		if got := op.probe("/readyz"); got != http.StatusOK {
			return fmt.Sprintf("the operator %s is not ready: %d", op.name, got)
		}
		return ""
	})
}

// expectHealthyButNotReady checks that the operator lives, and says that it does not work.
func (op *operator) expectHealthyButNotReady() {
	op.s.Helper()
	healthy, ready := op.probe("/healthz"), op.probe("/readyz")
	if healthy != http.StatusOK || ready != http.StatusInternalServerError {
		op.s.Errorf("the operator %s answers /healthz with %d and /readyz with %d", op.name, healthy, ready)
	}
}

// rights are the operator's, as config/rbac has them.
func (s *scene) rights() servers.Rights {
	s.Helper()
	objs, err := servers.Manifests(s.Kube.Scheme(), filepath.Join(root, "config", "rbac", "role.yaml"))
	s.Must(err)
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

// without are rules that do not let see a kind.
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

// An operator that cannot see all that it has to is alive and not ready, does not take the lead from one that can, and stops when
// it is told to. Once it may it is ready.
func TestAnOperatorThatMayNotSeeAKindIsNotReady(t *testing.T) {
	t.Parallel()
	for _, resource := range []string{
		"clusterjujucontrollers", "jujucontrollers", "jujusecrets", "jujusecretaccesses", "secrets", "configmaps", "namespaces",
	} {
		t.Run(resource, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			rights := s.rights()
			all := rights.Everywhere
			rights.Everywhere = without(all, resource)
			kubeconfig, err := kubernetes.Admit(s.Ctx, s.ns, rights)
			s.Must(err)
			start := func(name string) *operator {
				op := s.startOwn(name, "--kubeconfig="+kubeconfig)
				s.Await(func() string {
					if !strings.Contains(op.log(), resource+" is forbidden") && !strings.Contains(op.log(), resource+`.jujusecrets.io is forbidden`) {
						return "the operator was not refused to see " + resource
					}
					return ""
				})
				op.expectHealthyButNotReady()
				return op
			}
			start("to be stopped").stop()
			op := start("to be helped")
			if leader := s.leader(s.ns); leader != "" {
				t.Errorf("%s leads, and cannot work", leader)
			}
			role := &rbacv1.ClusterRole{}
			role.Name = s.ns
			s.Must(s.Kube.Get(s.Ctx, client.ObjectKeyFromObject(role), role))
			role.Rules = all
			s.Must(s.Kube.Update(s.Ctx, role))
			op.awaitReady()
			op.stop()
		})
	}
}
