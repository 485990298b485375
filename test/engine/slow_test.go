// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"

	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/wire"
)

// slowness is by how much a slow controller answers later.
const slowness = time.Second

func TestASlowControllerIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := newConnectedScene(t)
	listed, created := s.proxy.On(list, wire.Delay(slowness)), s.proxy.On(create, wire.Delay(slowness))
	answered := make(chan plan.World, 1)
	go func() { answered <- s.world(plan.Query{Name: "db-login"}) }()
	outcome := s.do(creating("db-login", "new"))[0]
	s.awaitMet(created)
	if outcome.Trouble != nil || outcome.Secret == nil {
		t.Fatalf("the outcome is: %+v", outcome)
	}
	s.awaitMet(listed)
	if world := <-answered; !world.Known || world.ByName != nil && world.ByName.ID != outcome.Secret.ID {
		t.Errorf("the answer is: %+v", world)
	}
	if known := s.named("db-login"); known == nil || known.ID != outcome.Secret.ID {
		t.Errorf("the Pool knows: %+v", known)
	}
	if n := s.requests(list, nil); n != 1 {
		t.Errorf("%d listings, want 1", n)
	}
}

// during carries out a step while a listing that does not show it is under way.
func (s *scene) during(age plan.Age, step plan.Step) plan.Outcome {
	s.Helper()
	before, err := s.server.AwaitAnswered(s.ctx, s.model, list, -1)
	s.must(err)
	met := s.proxy.On(list, wire.Delay(slowness))
	asked := make(chan plan.World, 1)
	go func() { asked <- s.world(plan.Query{Age: age}) }()
	s.must(errorOf(s.server.AwaitAnswered(s.ctx, s.model, list, before)))
	outcome := s.do(step)[0]
	s.awaitMet(met)
	if world := <-asked; !world.Known {
		s.Errorf("the answer is: %+v", world.Trouble)
	}
	return outcome
}

// changes are steps for a secret that is there, and what has to be known of it afterwards.
func changes() map[string]bulk {
	rows := bulks()
	delete(rows, "creates")
	rows["grants"] = bulk{
		step: func(id, _ string) plan.Step { return plan.Grant{ID: id, Applications: []string{"app1"}} },
		done: func(secret *plan.UserSecret) bool { return secret != nil && len(secret.Granted) == 1 },
	}
	return rows
}

func TestWhatIsDoneDuringAListingIsSeen(t *testing.T) {
	t.Parallel()
	for name, row := range changes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newConnectedScene(t)
			id := s.add("db-login")[0]
			s.named("db-login")
			s.checkDuring(plan.Fresh, row, id)
		})
	}
}

func TestWhatIsDoneDuringTheFirstListingIsSeen(t *testing.T) {
	t.Parallel()
	for name, row := range changes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newConnectedScene(t)
			id, err := s.server.AddSecret(s.ctx, s.model, "db-login", "", map[string]string{"key": "old"})
			s.must(err)
			s.checkDuring(plan.AsKnown, row, id)
		})
	}
}

// checkDuring checks that a change succeeds, and is known afterwards, if a listing was under way that does not show it.
func (s *scene) checkDuring(age plan.Age, row bulk, id string) {
	s.Helper()
	if outcome := s.during(age, row.step(id, "")); outcome.Trouble != nil || len(outcome.Applications) > 0 {
		s.Errorf("the outcome is: %+v, %+v", outcome.Trouble, outcome.Applications)
	}
	if known := s.named("db-login"); !row.done(known) {
		s.Errorf("afterwards the Pool knows: %+v", known)
	}
}

func TestAControllerThatSaysNothingHoldsUpNobody(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.proxy.Silence()
	began := time.Now()
	if health := s.pool.Set(s.ctx, controller, s.connection(s.server.Operator), seldom); health.Trouble == nil ||
		health.Trouble.Kind != plan.Unreachable {
		t.Errorf("the health is: %+v", health)
	}
	if took := time.Since(began); took > soon {
		t.Errorf("the first answer took %v", took)
	}
	for range 2 {
		if world := s.world(plan.Query{}); world.Known || world.Trouble.Kind != plan.Unreachable {
			t.Errorf("the answer is: %+v", world)
		}
	}
	if took := time.Since(began); took > 2*soon {
		t.Errorf("three answers took %v", took)
	}
	if open, mostOpening := s.proxy.Connections(); open != 1 || mostOpening != 1 {
		t.Errorf("%d connections are open, and %d were in their opening at once, want 1 of both", open, mostOpening)
	}
	before := len(s.seen())
	s.proxy.Speak()
	s.awaitChange(before, func(change plan.Change) bool {
		return change.Controller == controller && change.ModelUUID == ""
	})
	s.known(plan.Query{})
	s.add("db-login")
}

func TestAnEstablishedControllerThatFallsSilentIsNoticed(t *testing.T) {
	t.Parallel()
	s := newConnectedScene(t)
	s.add("db-login")
	s.named("db-login")
	before := len(s.seen())
	s.proxy.Silence()
	s.await(func() string {
		if world := s.world(plan.Query{}); world.Known || world.Trouble.Kind != plan.Unreachable {
			return "the silence is not noticed"
		}
		return ""
	})
	s.proxy.Speak()
	s.awaitChange(before, func(change plan.Change) bool { return change.ModelUUID == s.model.UUID })
	if s.named("db-login") == nil {
		t.Error("the secret is not seen after the silence")
	}
}

// This takes as long as the Pool waits for an answer, 20 seconds.
func TestAConnectionThatDoesNotAnswerIsGivenUp(t *testing.T) {
	t.Parallel()
	s := newConnectedScene(t)
	deaf := s.addModel()
	s.named("db-login")
	before := s.proxy.Requests()
	listHeld, createHeld := s.proxy.On(list, wire.Hold()), s.proxy.On(create, wire.Hold())
	asked := make(chan plan.World, 1)
	go func() { asked <- s.pool.World(s.ctx, refTo(deaf), plan.Query{}) }()
	began := time.Now()
	outcome := s.do(creating("db-login", "new"))[0]
	s.awaitMet(createHeld)
	s.awaitMet(listHeld)
	if kindOf(outcome) != plan.Unreachable {
		t.Errorf("the outcome is: %+v", outcome.Trouble)
	}
	if world := <-asked; world.Known || world.Trouble.Kind != plan.Unreachable {
		t.Errorf("the answer is: %+v", world)
	}
	if took := time.Since(began); took < 15*time.Second || took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
	if known := s.named("db-login"); known != nil {
		t.Errorf("the Pool knows: %+v", known)
	}
	s.add("db-login")
	s.await(func() string {
		if !s.pool.World(s.ctx, refTo(deaf), plan.Query{}).Known {
			return "the other model is not known"
		}
		return ""
	})
	if n := s.requests(login, before); n != 3 {
		t.Errorf("%d logins, want one more to one model, and two to the other", n)
	}
	s.await(func() string {
		if open, _ := s.proxy.Connections(); open != 3 {
			return "the connections that did not answer are open"
		}
		return ""
	})
}
