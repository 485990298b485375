// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"strings"
	"testing"

	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/wire"
)

func TestAModelThatIsRemovedKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	s := newConnectedScene(t)
	ids := s.add(numbered(10)...)
	s.named("secret-000")
	release := make(chan struct{})
	_, first := s.underWay("under way", wire.Until(release))
	var steps []plan.Step
	for _, id := range ids {
		steps = append(steps,
			creating("another-"+id, "new"), updating(id, "new"), plan.Remove{ID: id},
			plan.Grant{ID: id, Applications: []string{"app1"}}, plan.Revoke{ID: id, Applications: []string{"app1"}})
	}
	others := make(chan []plan.Outcome, 1)
	go func() { others <- s.together(steps...) }()
	s.must(s.server.RemoveModel(s.ctx, s.model))
	close(release)
	if kind := kindOf(<-first); kind != 0 {
		t.Errorf("the outcome of what was under way is of kind %v", kind)
	}
	for i, outcome := range <-others {
		if kind := kindOf(outcome); kind != plan.ModelNotFound && kind != plan.Unreachable {
			t.Errorf("the outcome of %T is: %+v", steps[i], outcome.Trouble)
		}
	}
	s.await(func() string {
		world := s.world(plan.Query{})
		switch {
		case world.Known:
			return "the model is still known"
		case world.Trouble.Kind == plan.Unreachable:
			return "the controller is asked"
		case world.Trouble.Kind != plan.ModelNotFound:
			t.Errorf("the answer is: %+v", world.Trouble)
		}
		return ""
	})
	s.checkKinds("afterwards", s.do(creating("late", "new")), map[plan.Kind]int{plan.ModelNotFound: 1})
}

func TestAModelThatComesBackIsFoundByItsName(t *testing.T) {
	t.Parallel()
	s := newConnectedScene(t)
	ref := plan.ModelRef{Controller: controller, Name: s.model.Name}
	if world := s.pool.World(s.ctx, ref, plan.Query{}); !world.Known || world.ModelUUID != s.model.UUID {
		t.Fatalf("the answer is: %+v", world)
	}
	s.must(s.server.RemoveModel(s.ctx, s.model))
	s.await(func() string {
		world := s.pool.World(s.ctx, ref, plan.Query{Age: plan.Fresh})
		if world.Known || world.Trouble.Kind != plan.ModelNotFound {
			return "the loss is not noticed"
		}
		return ""
	})
	_, name, _ := strings.Cut(s.model.Name, "/")
	again, err := s.server.AddModel(s.ctx, name)
	s.must(err)
	if world := s.pool.World(s.ctx, ref, plan.Query{}); !world.Known || world.ModelUUID != again.UUID {
		t.Errorf("the answer is: %+v", world)
	}
}
