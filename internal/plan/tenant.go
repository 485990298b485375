// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// Tenancy is whether an object may use its model through its controller object.
type Tenancy struct {
	// Problem is why it may not, nil if it may.
	Problem *Condition
	// Unlisted is true when the controller does not list the model, so that
	// nothing is known of the entries of the other kind. The user may have lost
	// access to the model.
	Unlisted bool
}

// Refused reports whether the object may not use its model. Otherwise it may, or
// that is not known yet.
func (t Tenancy) Refused() bool {
	return t.Problem != nil && t.Problem.Reason == v1alpha1.ReasonTenantDenied
}

// Admitted returns the tenancy of an object that may use its model.
func Admitted() Tenancy { return Tenancy{} }

// NoController returns the tenancy while the controller object does not exist.
func NoController(key ControllerKey) Tenancy {
	return Tenancy{Problem: &Condition{
		Reason:  v1alpha1.ReasonControllerNotReady,
		Message: fmt.Sprintf("%s does not exist: create it", key.Object()),
	}}
}

// ControllerDeleting returns the tenancy of a new object with a controller
// object that is being deleted. Nothing is made for the object.
func ControllerDeleting(key ControllerKey) Tenancy {
	return Tenancy{Problem: &Condition{
		Reason: v1alpha1.ReasonControllerDeleting,
		Message: fmt.Sprintf("%s is being deleted, and serves only objects that already have a secret or grants in Juju "+
			"through it: use another controller object, or create %[1]s again when it is gone", key.Object()),
	}}
}

// AnotherNamespace returns the tenancy of an object that refers to a
// JujuController of another namespace.
func AnotherNamespace(key ControllerKey) Tenancy {
	return Tenancy{Problem: &Condition{
		Reason: v1alpha1.ReasonTenantDenied,
		Message: fmt.Sprintf(
			"%s belongs to another namespace: a JujuController serves only objects of its own namespace", key.Object(),
		),
	}}
}

// NotServed returns the tenancy of an object that refers to a
// ClusterJujuController, when the operator watches only some namespaces.
func NotServed(key ControllerKey) Tenancy {
	return Tenancy{Problem: &Condition{
		Reason: v1alpha1.ReasonTenantDenied,
		Message: fmt.Sprintf("this operator runs with --watch-namespaces and cannot read %s: use a JujuController of this "+
			"namespace in controllerRef", key.Object()),
	}}
}

// AuthorizeUse returns whether an object with this reference may use a model. A
// controller object that is being deleted serves the objects that have
// something in Juju through it, and stays until the last of them is gone. It
// accepts no other object: it may already have lost its finalizer, and what is
// made then cannot be removed.
func (i Installation) AuthorizeUse(r Reference, model ModelRef) Tenancy {
	if i.MayRead(r) && r.Exists && r.Deleting && !r.Made {
		return ControllerDeleting(r.Controller)
	}
	return i.AuthorizeCleanup(r, model)
}

// AuthorizeCleanup returns whether an object with this reference may read a
// model, and remove and revoke in it. The only tenant of a JujuController is
// its own namespace, which may use every model that the Juju user may use.
func (i Installation) AuthorizeCleanup(r Reference, model ModelRef) Tenancy {
	switch {
	case r.foreign():
		return AnotherNamespace(r.Controller)
	case i.hidden(r) && !i.Serves(r):
		return Tenancy{} // The installation that serves the object decides.
	case i.hidden(r):
		return NotServed(r.Controller)
	case !r.Exists:
		return NoController(r.Controller)
	case r.Controller.Namespace() != "":
		return Tenancy{}
	}
	return Admit(r.Tenants, r.From, model, r.Listed)
}

// MayBegin reports whether the steps of a plan may be sent, given the present
// reference of the object, with what the controller lists. Its tenancy may have
// ended since the plan was made. A deletion still removes and revokes, except
// what the object adopted.
func (i Installation) MayBegin(p Plan, now Reference, deleting bool) bool {
	switch {
	case deleting && p.OnlyTakesAway() && p.Owns != Adopted:
		return true
	case !i.Serves(now), !i.claimed(now):
		return false
	case p.OnlyTakesAway():
		return i.AuthorizeCleanup(now, p.Model).Problem == nil
	}
	return i.AuthorizeUse(now, p.Model).Problem == nil
}

// Namespace is the namespace of an object that uses a controller object.
type Namespace struct {
	Name   string
	Labels map[string]string
}

// Admit returns whether the tenants of a controller object let a namespace use
// a model. A pattern of names covers a model that is referenced by its UUID,
// and a UUID covers a model that is referenced by its name, if the controller
// lists the model with both. The answer for a model that is not covered is the
// same as for a model that does not exist.
func Admit(tenants []v1alpha1.Tenant, ns Namespace, model ModelRef, listed ListedModel) Tenancy {
	patterns, served := modelsOf(tenants, ns)
	covers := func(model ModelRef) bool {
		return slices.ContainsFunc(patterns, func(pattern string) bool { return matchesModel(pattern, model) })
	}
	object := model.Controller.Object()
	switch {
	case covers(model):
		return Admitted()
	case !served:
		return tenantDenied(fmt.Sprintf("%s does not list namespace %q in spec.tenants: ask its administrator for an entry",
			object, ns.Name))
	case dependsOnList(patterns, model) && listed.Problem != nil:
		condition := unreadableModel(*listed.Problem, "the list of models of "+object)
		return Tenancy{Problem: &condition}
	case dependsOnList(patterns, model) && listed.UUID != "" &&
		(covers(ModelRef{Name: listed.Name}) || covers(ModelRef{UUID: listed.UUID})):
		return Admitted()
	}
	tenancy := tenantDenied(fmt.Sprintf("%s does not list model %q for namespace %q in spec.tenants: correct the model, "+
		"or ask its administrator for an entry", object, model, ns.Name))
	tenancy.Unlisted = dependsOnList(patterns, model) && listed.Known && listed.UUID == ""
	return tenancy
}

func tenantDenied(message string) Tenancy {
	return Tenancy{Problem: &Condition{Reason: v1alpha1.ReasonTenantDenied, Message: message}}
}

// MustIdentify reports whether the tenancy of an object with this reference
// depends on what the controller lists: its namespace is a tenant, and only
// the list says whether an entry covers the model.
func (i Installation) MustIdentify(r Reference, model ModelRef) bool {
	if !r.Exists || !i.MayRead(r) || !i.Serves(r) || r.Controller.Namespace() != "" {
		return false
	}
	patterns, _ := modelsOf(r.Tenants, r.From)
	admitted := Admit(r.Tenants, r.From, model, ListedModel{}).Problem == nil
	return !admitted && dependsOnList(patterns, model)
}

// modelsOf returns the patterns of models of all entries that select a
// namespace. Served is true when there is one.
func modelsOf(tenants []v1alpha1.Tenant, ns Namespace) (patterns []string, served bool) {
	for _, tenant := range tenants {
		if selects(tenant.Namespaces, ns) {
			patterns, served = append(patterns, tenant.Models...), true
		}
	}
	return patterns, served
}

// dependsOnList reports whether a pattern is of the other kind than the
// reference: a pattern of names for a UUID, or a UUID for a name.
func dependsOnList(patterns []string, model ModelRef) bool {
	if model.String() == "" {
		return false
	}
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		return strings.Contains(pattern, "/") == (model.Name == "")
	})
}

func selects(namespaces v1alpha1.TenantNamespaces, ns Namespace) bool {
	switch {
	case namespaces.All:
		return true
	case len(namespaces.MatchLabels) > 0:
		for key, want := range namespaces.MatchLabels {
			if got, ok := ns.Labels[key]; !ok || got != want {
				return false
			}
		}
		return true
	}
	return slices.Contains(namespaces.MatchNames, ns.Name)
}

func matchesModel(pattern string, model ModelRef) bool {
	if pattern == "*" {
		return true
	}
	if model.Name != "" && model.UUID != "" {
		return false // A reference has only one of them.
	}
	if model.Name == "" {
		return pattern == model.UUID
	}
	return matchesGlob(pattern, model.Name)
}

// matchesGlob reports whether a name matches a pattern. A * matches any
// characters except a slash. The time is bounded by the product of the lengths,
// whatever a tenant writes.
func matchesGlob(pattern, name string) bool {
	star, retry, p := -1, 0, 0 // The last * and where the name goes on after it.
	for n := 0; n < len(name); {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, retry = p, n
			p++
		case p < len(pattern) && pattern[p] == name[n]:
			p++
			n++
		case star >= 0 && name[retry] != '/':
			retry++
			p, n = star+1, retry
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
