// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// Tenancy is whether an object may use its model through its controller object.
type Tenancy struct {
	// Verdict is nil if it may.
	Verdict *Verdict
	// Unseen tells that the controller object cannot be seen. Another installation of the operator may serve it.
	Unseen bool
	// Elsewhere tells that another installation of the operator serves the controller object, and so this object too. Verdict is
	// as it would be for that one.
	Elsewhere bool
}

// leftTo tells that the object is left alone, not a word said: another installation of the operator has it, or has it for all that
// is known, as its finalizer is there.
func (t Tenancy) leftTo(record Record, abandoned bool) bool {
	return (t.Elsewhere || t.Unseen && record.Held) && !abandoned
}

// Admitted is the tenancy of an object that may use its model.
func Admitted() Tenancy { return Tenancy{} }

// NoController is the tenancy while there is no controller object to ask.
func NoController(key ControllerKey) Tenancy {
	return Tenancy{Verdict: &Verdict{
		Reason:  v1alpha1.ReasonControllerNotReady,
		Message: fmt.Sprintf("%s does not exist: create it, or name another in controllerRef", key.Object()),
	}}
}

// ControllerGoing is the tenancy of an object whose controller object is being deleted: nothing is begun any more.
func ControllerGoing(key ControllerKey) Tenancy {
	return Tenancy{Verdict: &Verdict{
		Reason: v1alpha1.ReasonControllerNotReady,
		Message: fmt.Sprintf("%s is being deleted, and only waits for what was made through it to be removed: "+
			"delete this object, and make it again with another controller or once that is there again", key.Object()),
	}}
}

// AnotherNamespace is the tenancy of an object that has got hold of the name of another namespace's JujuController.
func AnotherNamespace(key ControllerKey) Tenancy {
	return Tenancy{Verdict: &Verdict{
		Reason:  v1alpha1.ReasonTenantDenied,
		Message: fmt.Sprintf("%s is that of another namespace: a JujuController is for the objects of its own", key.Object()),
	}}
}

// NotServed is the tenancy of an object that goes through a ClusterJujuController, where the operator sees but some namespaces.
func NotServed(key ControllerKey) Tenancy {
	return Tenancy{Unseen: true, Verdict: &Verdict{
		Reason: v1alpha1.ReasonTenantDenied,
		Message: fmt.Sprintf("this operator was started with --watch-namespaces and cannot see %s: name a JujuController of this "+
			"namespace in controllerRef", key.Object()),
	}}
}

// Namespace is the namespace of an object that wants to use a controller.
type Namespace struct {
	Name   string
	Labels map[string]string
}

// Admit asks the tenants of a controller object whether a namespace may use a model.
func Admit(tenants []v1alpha1.Tenant, ns Namespace, model ModelRef) Tenancy {
	served := false
	for _, tenant := range tenants {
		if !selects(tenant.Namespaces, ns) {
			continue
		}
		served = true
		if slices.ContainsFunc(tenant.Models, func(pattern string) bool { return matchesModel(pattern, model) }) {
			return Admitted()
		}
	}
	message := fmt.Sprintf("%s does not name namespace %q in spec.tenants", model.Controller.Object(), ns.Name)
	if served {
		message = fmt.Sprintf("%s does not grant namespace %q the model %q in spec.tenants",
			model.Controller.Object(), ns.Name, model)
	}
	return Tenancy{Verdict: &Verdict{
		Reason:  v1alpha1.ReasonTenantDenied,
		Message: message + ": ask whoever manages it for an entry",
	}}
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
		return false // It is one of two, and nobody says which.
	}
	if model.Name == "" {
		return pattern == model.UUID
	}
	expression := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `[^/]*`)
	return regexp.MustCompile(`^` + expression + `$`).MatchString(model.Name)
}
