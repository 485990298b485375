// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"

	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/wire"
)

// bulk is one kind of call for many secrets.
type bulk struct {
	method string
	// exist tells that there have to be secrets before, of content "old".
	exist bool
	// step is what is to be done for one.
	step func(id, name string) plan.Step
	// done tells whether that is done already, by what the Pool knows of the secret.
	done func(secret *plan.UserSecret) bool
	// left is what Juju has in the end of each secret: the number of its revision and its value. 0 is none.
	left     int
	leftOver string
}

// bulks are the calls that take the steps of many objects.
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

func TestACallThatIsCutIsFinishedAfterwards(t *testing.T) {
	t.Parallel()
	for name, row := range bulks() {
		for phase, cut := range map[string]struct {
			fault wire.Fault
			// arrived tells whether Juju does what it was asked for.
			arrived bool
		}{
			"cut before": {fault: wire.CutBefore()},
			"cut after":  {fault: wire.CutAfter(), arrived: true},
			"cut during": {fault: wire.CutDuring(), arrived: true},
		} {
			t.Run(name+" "+phase, func(t *testing.T) {
				t.Parallel()
				s := newConnectedScene(t)
				s.cutAndFinish(row, cut.fault, cut.arrived)
			})
		}
	}
}

// cutAndFinish sends steps of many objects in one call that a fault befalls, and then what is missing.
func (s *scene) cutAndFinish(row bulk, fault wire.Fault, arrived bool) {
	s.Helper()
	names := numbered(20)
	ids := make([]string, len(names))
	if row.exist {
		ids = s.add(names...)
	}
	var steps []plan.Step
	for i, name := range names {
		steps = append(steps, row.step(ids[i], name))
	}
	before := s.proxy.Requests()
	met := s.proxy.On(row.method, fault)
	s.checkKinds("the call that was cut", s.together(steps...), map[plan.Kind]int{plan.Unreachable: len(steps)})
	s.awaitMet(met)
	want := 0
	if arrived {
		want = 1
	}
	if n := s.requests(row.method, before); n != want {
		s.Errorf("%d calls came to Juju, want %d", n, want)
	}
	if arrived && row.left == 0 {
		s.awaitLeft(names, row) // Juju takes its time, and may have listed what it was about to remove.
		s.known(plan.Query{Age: plan.Fresh})
	}

	var missing []plan.Step
	for i, name := range names {
		world := s.known(plan.Query{Name: name})
		if !row.done(world.ByName) {
			missing = append(missing, row.step(ids[i], name))
		}
	}
	if arrived && len(missing) > 0 || !arrived && len(missing) != len(steps) {
		s.Errorf("of %d steps, %d seem to be missing although the call came to Juju: %t", len(steps), len(missing), arrived)
	}
	if len(missing) > 0 {
		s.succeed(missing...)
	}
	for _, name := range names {
		if known := s.named(name); !row.done(known) {
			s.Errorf("in the end the Pool knows of %s: %+v", name, known)
		}
	}
	s.awaitLeft(names, row)
}

// awaitLeft waits until Juju has exactly what a kind of call leaves.
func (s *scene) awaitLeft(names []string, row bulk) {
	s.Helper()
	s.await(func() string {
		found := s.secrets()
		if row.left == 0 {
			if len(found) > 0 {
				return "some secrets are left"
			}
			return ""
		}
		if len(found) != len(names) {
			return "there are not as many secrets as there should be"
		}
		for i, secret := range found {
			if secret.Name != names[i] || secret.Revision != row.left || !secret.Content.Equal(holding(row.leftOver)) {
				s.Fatalf("in the end Juju has %+v", secret)
			}
		}
		return ""
	})
}
