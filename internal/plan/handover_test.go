// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/juju-secrets/operator/internal/plan"
)

func TestControllerObjectIsServedByOneInstallation(t *testing.T) {
	t.Parallel()
	const ours, other = "operator-edge", "operator"
	for name, row := range map[string]struct {
		facts plan.Handover
		want  plan.Service
		asks  bool
	}{
		"claimed":                     {plan.Handover{Class: "edge", ServedBy: ours}, plan.Serving, false},
		"claimed, in use":             {plan.Handover{Class: "edge", ServedBy: ours, Busy: true}, plan.Serving, false},
		"new":                         {plan.Handover{Class: "edge"}, plan.Claiming, false},
		"not released":                {plan.Handover{Class: "edge", ServedBy: other}, plan.Awaiting, true},
		"not released, other stopped": {plan.Handover{Class: "edge", ServedBy: other, Stopped: true}, plan.Claiming, false},
		"moved":                       {plan.Handover{ServedBy: ours}, plan.Releasing, false},
		"moved, in use":               {plan.Handover{ServedBy: ours, Busy: true}, plan.Draining, false},
		"moved and released":          {plan.Handover{Busy: true}, plan.Unserved, false},
		"of another installation":     {plan.Handover{ServedBy: other}, plan.Unserved, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			installation := plan.Installation{Name: ours, Class: "edge"}
			if got := installation.ServiceOf(row.facts); got != row.want {
				t.Errorf("ServiceOf returned %d, want %d", got, row.want)
			}
			if got := installation.MustAskLeader(row.facts); got != row.asks {
				t.Errorf("MustAskLeader returned %t, want %t", got, row.asks)
			}
		})
	}
}

// In each state of a controller object, two installations of different classes
// never serve it both, and one of them acts until one serves it.
func TestHandoverEndsWithOneInstallation(t *testing.T) {
	t.Parallel()
	a, b := plan.Installation{Name: "operator"}, plan.Installation{Name: "operator-edge", Class: "edge"}
	for _, class := range []string{"", "edge"} {
		for _, servedBy := range []string{"", a.Name, b.Name} {
			facts, steps := plan.Handover{Class: class, ServedBy: servedBy}, 0
			for a.ServiceOf(facts) != plan.Serving && b.ServiceOf(facts) != plan.Serving {
				if steps++; steps > 2 {
					t.Fatalf("class %q, served by %q: no installation serves it after two steps", class, servedBy)
				}
				for _, i := range []plan.Installation{a, b} {
					switch i.ServiceOf(facts) {
					case plan.Claiming:
						facts.ServedBy = i.Name
					case plan.Releasing:
						facts.ServedBy = ""
					case plan.Unserved, plan.Serving, plan.Awaiting, plan.Draining:
					}
				}
			}
			if a.ServiceOf(facts) == b.ServiceOf(facts) || (a.ServiceOf(facts) == plan.Serving) != (class == "") {
				t.Errorf("class %q: the installations do %d and %d", class, a.ServiceOf(facts), b.ServiceOf(facts))
			}
		}
	}
}
