// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// Tenancy is whether an object may use its model through its controller object.
type Tenancy struct {
	// Problem is why it may not, nil if it may.
	Problem *Condition
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

// ControllerDeleting returns the tenancy of an object with a controller object
// that is being deleted. It begins no change.
func ControllerDeleting(key ControllerKey) Tenancy {
	return Tenancy{Problem: &Condition{
		Reason: v1alpha1.ReasonControllerDeleting,
		Message: fmt.Sprintf("%s is being deleted, and waits until every object that uses it is deleted: to keep the "+
			"secret or the grants in Juju, set deletionPolicy: Retain; then delete this object, and create it again with "+
			"another controllerRef or once the controller object exists again", key.Object()),
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
// controller object that is being deleted allows only clean-up.
func (i Installation) AuthorizeUse(r Reference, model ModelRef) Tenancy {
	if i.MayRead(r) && r.Exists && r.Deleting {
		return ControllerDeleting(r.Controller)
	}
	return i.AuthorizeCleanup(r, model)
}

// AuthorizeCleanup returns whether an object with this reference may remove and
// revoke in a model. The only tenant of a JujuController is its own namespace,
// which may use every model that the Juju user may use.
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
	return Admit(r.Tenants, r.From, model)
}

// MayBegin reports whether the steps of a plan may be sent, given the present
// reference of the object. Its tenancy may have ended since the plan was made.
// A deletion still removes and revokes, except what the object adopted.
func (i Installation) MayBegin(p Plan, now Reference, deleting bool) bool {
	switch {
	case deleting && p.OnlyTakesAway() && p.Owns != Adopted:
		return true
	case !i.Serves(now):
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
// a model.
func Admit(tenants []v1alpha1.Tenant, ns Namespace, model ModelRef) Tenancy {
	served := false
	var names []string
	for _, tenant := range tenants {
		if !selects(tenant.Namespaces, ns) {
			continue
		}
		served = true
		names = append(names, slices.DeleteFunc(slices.Clone(tenant.Models), isUUIDPattern)...)
		if slices.ContainsFunc(tenant.Models, func(pattern string) bool { return matchesModel(pattern, model) }) {
			return Admitted()
		}
	}
	object := model.Controller.Object()
	message := fmt.Sprintf("%s does not list namespace %q in spec.tenants", object, ns.Name)
	switch {
	case served && model.Name == "" && len(names) > 0:
		message = fmt.Sprintf("%s does not list modelUUID %q for namespace %q in spec.tenants, and patterns of names do "+
			"not match a UUID: use spec.model (qualifier/name) instead of spec.modelUUID, which is allowed if the name "+
			"matches %s, or",
			object, model, ns.Name, listed(names))
	case served:
		message = fmt.Sprintf("%s does not list model %q for namespace %q in spec.tenants:", object, model, ns.Name)
	default:
		message += ":"
	}
	return Tenancy{Problem: &Condition{
		Reason:  v1alpha1.ReasonTenantDenied,
		Message: message + " ask its administrator for an entry",
	}}
}

// isUUIDPattern reports whether a pattern of models is no pattern of names.
func isUUIDPattern(pattern string) bool { return !strings.Contains(pattern, "/") }

// listed returns the first patterns for a message. They depend only on the
// tenants of the namespace, so they do not show which models exist.
func listed(patterns []string) string {
	var quoted []string
	for _, pattern := range patterns[:min(len(patterns), maxListed)] {
		quoted = append(quoted, strconv.Quote(pattern))
	}
	if more := len(patterns) - maxListed; more > 0 {
		quoted = append(quoted, fmt.Sprintf("and %d more patterns", more))
	}
	return strings.Join(quoted, ", ")
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
