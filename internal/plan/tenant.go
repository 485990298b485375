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
}

// Admitted is the tenancy of an object that may use its model.
func Admitted() Tenancy { return Tenancy{} }

// NoController is the tenancy while there is no controller object to ask.
func NoController(name string) Tenancy {
	return Tenancy{Verdict: &Verdict{
		Reason:  v1alpha1.ReasonControllerNotReady,
		Message: fmt.Sprintf("ClusterJujuController %q does not exist: create it, or name another in controllerRef", name),
	}}
}

// ControllerGoing is the tenancy of an object whose controller object is being deleted: nothing is begun any more.
func ControllerGoing(name string) Tenancy {
	return Tenancy{Verdict: &Verdict{
		Reason: v1alpha1.ReasonControllerNotReady,
		Message: fmt.Sprintf("ClusterJujuController %q is being deleted, and only waits for what was made through it to be removed: "+
			"delete this object, and make it again with another controller or once that is there again", name),
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
	message := fmt.Sprintf("ClusterJujuController %q does not name namespace %q in spec.tenants", model.Controller, ns.Name)
	if served {
		message = fmt.Sprintf("ClusterJujuController %q does not grant namespace %q the model %q in spec.tenants",
			model.Controller, ns.Name, model)
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
	if model.Name == "" {
		return pattern == model.UUID
	}
	expression := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `[^/]*`)
	return regexp.MustCompile(`^` + expression + `$`).MatchString(model.Name)
}
