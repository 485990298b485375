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
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

const root = "../.."

// place is where a role is bound.
type place string

const (
	everywhere         place = "everywhere"
	inOwnNamespace     place = "in its own namespace"
	inWatchedNamespace place = "in the namespace it watches"
)

// roles are rules by where they are bound.
type roles map[place][]rbacv1.PolicyRule

// mode is a way to deploy the operator.
type mode struct {
	name  string
	roles roles
	// args are the manager's, so that it serves a namespace.
	args func(ns string) []string
	// controller makes the controller object that serves a scene, with its credentials in the Secret of a name in the
	// scene's namespace.
	controller func(s *scene, credentials string) client.Object
	// through makes a JujuSecret go through that.
	through func(controller string) func(*v1alpha1.JujuSecret)
	// scraped tells that the roles are enough to let somebody scrape, which is a right for the whole cluster.
	scraped bool
}

// modes are all that are tested.
func modes(t *testing.T) []mode {
	t.Helper()
	return []mode{clusterWide(t), watching(t)}
}

// clusterWide is the mode of config/default.
func clusterWide(t *testing.T) mode {
	t.Helper()
	return mode{
		name:    "cluster-wide",
		roles:   readRoles(t, "role.yaml"),
		args:    func(string) []string { return nil },
		through: gen.Through,
		scraped: true,
		controller: func(s *scene, credentials string) client.Object {
			return gen.Controller(s.ns, juju.Addresses[0], juju.CACertificate, func(c *v1alpha1.ClusterJujuController) {
				c.Spec.Credentials.UserPass.SecretRef = v1alpha1.CredentialsSecretReference{Namespace: s.ns, Name: credentials}
			})
		},
	}
}

// watching is the mode of config/namespaced: the operator may do nothing outside of namespaces, and in no others than its own
// and the one that it watches.
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
		controller: func(s *scene, credentials string) client.Object { return s.localController(credentials) },
	}
}

// readRoles reads generated roles. A Role that names no namespace is for those that are watched.
func readRoles(t *testing.T, path string) roles {
	t.Helper()
	objs, err := servers.Manifests(kubernetes.Client.Scheme(), filepath.Join(root, "config", "rbac", path))
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
			t.Fatalf("%s has a %T, and nobody gives the operator that", path, obj)
		}
	}
	return found
}

// grant is one verb on one resource that a rule allows in a place.
type grant struct {
	place
	verb, resource, group string
	// rule is the rule, of no more than this.
	rule rbacv1.PolicyRule
}

func (g grant) String() string {
	return fmt.Sprintf("%s %s %s", g.verb, schema.GroupResource{Group: g.group, Resource: g.resource}, g.place)
}

// asked is what the operator asks for with a grant, in the words in which the API server refuses it.
func (g grant) asked() string {
	return fmt.Sprintf("%s resource %q in API group %q", g.verb, g.resource, g.group)
}

// needed are the grants without which something is refused: not those for the own namespace that are for everywhere, too. They
// are for a mode that has none for everywhere.
func (r roles) needed() []grant {
	all := r.grants()
	return slices.DeleteFunc(slices.Clone(all), func(g grant) bool {
		return g.place == inOwnNamespace && slices.ContainsFunc(all, func(other grant) bool {
			return other.place == everywhere && other.asked() == g.asked()
		})
	})
}

// grants takes the rules apart. What two rules allow is there twice.
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

// without is the roles but for one grant. Another rule may still allow the same.
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

// rights are the roles, bound for an operator with an own namespace, and another one to serve.
func (r roles) rights(own, served string) servers.Rights {
	return servers.Rights{
		Everywhere: r[everywhere],
		In:         map[string][]rbacv1.PolicyRule{own: r[inOwnNamespace], served: r[inWatchedNamespace]},
	}
}
