// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rbac

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// place is where a role is bound.
type place string

const (
	everywhere         place = "everywhere"
	inOwnNamespace     place = "in its own namespace"
	inWatchedNamespace place = "in the namespace it watches"
)

// roles holds the rules of each place.
type roles map[place][]rbacv1.PolicyRule

// mode is a way to deploy the operator.
type mode struct {
	name  string
	roles roles
	// args returns the manager's arguments for serving a namespace.
	args func(ns string) []string
	// controller returns the controller object that serves the fixture. Its
	// credentials are in the named Secret in the fixture's namespace.
	controller func(f *fixture, credentials string) client.Object
	// through makes a JujuSecret use the controller object.
	through func(controller string) func(*v1alpha1.JujuSecret)
	// scraped is true when the roles allow users to scrape metrics, which needs
	// cluster-wide permissions.
	scraped bool
}

// modes returns all tested modes.
func modes(t *testing.T) []mode {
	t.Helper()
	return []mode{clusterWide(t), watching(t)}
}

// clusterWide returns the mode of config/default.
func clusterWide(t *testing.T) mode {
	t.Helper()
	return mode{
		name:    "cluster-wide",
		roles:   readRoles(t, "role.yaml"),
		args:    func(string) []string { return nil },
		through: gen.Through,
		scraped: true,
		controller: func(f *fixture, credentials string) client.Object {
			modify := func(c *v1alpha1.ClusterJujuController) {
				c.Spec.Credentials.UserPass.SecretRef = v1alpha1.CredentialsSecretReference{
					Namespace: f.Namespace, Name: credentials,
				}
			}
			return gen.Controller(f.Namespace, f.Juju.Addresses[0], f.Juju.CACertificate, modify)
		},
	}
}

// watching returns the mode of config/namespaced. The operator has permissions
// only in its own namespace and in the watched namespace, and none at cluster
// scope.
func watching(t *testing.T) mode {
	t.Helper()
	return mode{
		name: "watching",
		roles: roles{
			inOwnNamespace:     readRoles(t, "role.yaml")[inOwnNamespace],
			inWatchedNamespace: readRoles(t, filepath.Join("watched", "role.yaml"))[inWatchedNamespace],
		},
		args:       func(ns string) []string { return []string{"--watch-namespaces=" + ns} },
		through:    gen.Locally,
		controller: func(f *fixture, credentials string) client.Object { return f.localController(credentials) },
	}
}

// readRoles reads generated roles. A Role without a namespace is for the
// watched namespaces.
func readRoles(t *testing.T, path string) roles {
	t.Helper()
	objs, err := servers.Manifests(shared.Kubernetes.Client.Scheme(), filepath.Join(env.Root, "config", "rbac", path))
	if err != nil {
		t.Fatal(err)
	}
	found := roles{}
	for _, obj := range objs {
		switch obj := obj.(type) {
		case *rbacv1.ClusterRole:
			found[everywhere] = obj.Rules
		case *rbacv1.Role:
			if obj.Namespace == "" {
				found[inWatchedNamespace] = obj.Rules
			} else {
				found[inOwnNamespace] = obj.Rules
			}
		default:
			t.Fatalf("%s has a %T, want only roles", path, obj)
		}
	}
	return found
}

// grant is one verb on one resource in one place.
type grant struct {
	place
	verb, resource, group string
	// rule is a rule with only this grant.
	rule rbacv1.PolicyRule
}

func (g grant) String() string {
	return fmt.Sprintf("%s %s %s", g.verb, schema.GroupResource{Group: g.group, Resource: g.resource}, g.place)
}

// request returns the request that needs the grant, in the words of the API
// server's denial.
func (g grant) request() string {
	return fmt.Sprintf("%s resource %q in API group %q", g.verb, g.resource, g.group)
}

// needed returns the grants that are tested. It leaves out grants in the own
// namespace that also exist at cluster scope. A mode without roles at cluster
// scope needs them.
func (r roles) needed() []grant {
	all := r.grants()
	return slices.DeleteFunc(slices.Clone(all), func(g grant) bool {
		return g.place == inOwnNamespace && slices.ContainsFunc(all, func(other grant) bool {
			return other.place == everywhere && other.request() == g.request()
		})
	})
}

// grants splits the rules into single grants. A grant of two rules is returned
// twice.
func (r roles) grants() []grant {
	var found []grant
	for place, rules := range r {
		for _, rule := range rules {
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					for _, verb := range rule.Verbs {
						one := *rule.DeepCopy()
						one.APIGroups, one.Resources, one.Verbs = []string{group}, []string{resource}, []string{verb}
						found = append(found, grant{place: place, verb: verb, resource: resource, group: group, rule: one})
					}
				}
			}
		}
	}
	slices.SortFunc(found, func(a, b grant) int { return strings.Compare(a.String(), b.String()) })
	return found
}

// without returns the roles without one grant. Another rule may still allow the
// same.
func (r roles) without(lacking grant) roles {
	rest, found := roles{}, false
	for _, g := range r.grants() {
		if !found && reflect.DeepEqual(g, lacking) {
			found = true
			continue
		}
		rest[g.place] = append(rest[g.place], g.rule)
	}
	return rest
}

// rights returns the roles, bound for an operator with its own namespace and a
// served namespace.
func (r roles) rights(own, served string) servers.Rights {
	return servers.Rights{
		Everywhere: r[everywhere],
		In:         map[string][]rbacv1.PolicyRule{own: r[inOwnNamespace], served: r[inWatchedNamespace]},
	}
}
