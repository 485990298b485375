// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/wire"
)

// bulk is a bulk call of one method.
type bulk struct {
	method string
	// exist is true when the call needs existing secrets, with the content
	// "old".
	exist bool
	// step returns the step for one secret.
	step func(id, name string) plan.Step
	// done reports whether the pool's view of a secret shows the step as done.
	done func(secret *plan.UserSecret) bool
	// left and leftOver are the revision and the value that each secret has in
	// Juju at the end. A left of 0 means that the secret is gone.
	left     int
	leftOver string
}

// bulks returns the calls that batch the steps of many objects.
func bulks() map[string]bulk {
	return map[string]bulk{
		"creates": {
			method: create, left: 1, leftOver: "new",
			step: func(_, name string) plan.Step { return creating(name, "new") },
			done: func(secret *plan.UserSecret) bool {
				return secret != nil && secret.Revision == 1 && secret.Holds(holding("new"))
			},
		},
		"updates": {
			method: update, exist: true, left: 2, leftOver: "new",
			step: func(id, _ string) plan.Step { return updating(id, "new") },
			done: func(secret *plan.UserSecret) bool {
				return secret != nil && secret.Revision == 2 && secret.Holds(holding("new"))
			},
		},
		"removals": {
			method: remove, exist: true,
			step: func(id, _ string) plan.Step { return plan.Remove{ID: id} },
			done: func(secret *plan.UserSecret) bool { return secret == nil || secret.Removing },
		},
	}
}

func TestLostConnectionBatchIsFinishedAfterwards(t *testing.T) {
	t.Parallel()
	for name, row := range bulks() {
		for phase, cut := range map[string]struct {
			fault wire.Fault
			// arrived is true when Juju receives and executes the call.
			arrived bool
		}{
			"cut before": {fault: wire.CutBefore()},
			"cut after":  {fault: wire.CutAfter(), arrived: true},
			"cut during": {fault: wire.CutDuring(), arrived: true},
		} {
			t.Run(name+" "+phase, func(t *testing.T) {
				t.Parallel()
				f := newConnected(t)
				f.cutAndFinish(row, cut.fault, cut.arrived)
			})
		}
	}
}

// cutAndFinish sends the steps of many objects in one call that meets a fault.
// It then sends the steps that are missing.
func (f *fixture) cutAndFinish(row bulk, fault wire.Fault, arrived bool) {
	f.Helper()
	names := numbered(20)
	ids := make([]string, len(names))
	if row.exist {
		ids = f.add(names...)
	}
	var steps []plan.Step
	for i, name := range names {
		steps = append(steps, row.step(ids[i], name))
	}
	before := f.proxy.Requests()
	met := f.proxy.On(row.method, fault)
	f.checkReasons("the interrupted call", f.together(steps...), map[v1alpha1.Reason]int{
		v1alpha1.ReasonJujuUnreachable: len(steps),
	})
	f.awaitFault(met)
	want := 0
	if arrived {
		want = 1
	}
	if n := f.requests(row.method, before); n != want {
		f.Errorf("%d calls reached Juju, want %d", n, want)
	}
	if arrived && row.left == 0 {
		f.awaitLeft(names, row) // Juju removes asynchronously, and can list secrets that it is about to remove.
		f.known(plan.Query{Age: plan.Fresh})
	}

	var missing []plan.Step
	for i, name := range names {
		view := f.known(plan.Query{Name: name})
		if !row.done(view.ByName) {
			missing = append(missing, row.step(ids[i], name))
		}
	}
	if arrived && len(missing) > 0 || !arrived && len(missing) != len(steps) {
		f.Errorf("%d of %d steps are missing; the call reached Juju: %t", len(missing), len(steps), arrived)
	}
	if len(missing) > 0 {
		f.succeed(missing...)
	}
	for _, name := range names {
		if known := f.named(name); !row.done(known) {
			f.Errorf("final view of %s: %+v", name, known)
		}
	}
	f.awaitLeft(names, row)
}

// awaitLeft waits until Juju has exactly the secrets that the call leaves.
func (f *fixture) awaitLeft(names []string, row bulk) {
	f.Helper()
	f.Await(func() string {
		found := f.secrets()
		if row.left == 0 {
			if len(found) > 0 {
				return "Juju still has secrets"
			}
			return ""
		}
		if len(found) != len(names) {
			return fmt.Sprintf("Juju has %d secrets, want %d", len(found), len(names))
		}
		for i, secret := range found {
			if secret.Name != names[i] || secret.Revision != row.left || !secret.Content.Equal(holding(row.leftOver)) {
				f.Fatalf("Juju has %+v, want %s at revision %d", secret, names[i], row.left)
			}
		}
		return ""
	})
}
