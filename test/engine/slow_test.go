// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/wire"
)

// slowDelay is the delay of the answers of a slow controller.
const slowDelay = time.Second

func TestSlowControllerIsWaitedFor(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	listed, created := f.proxy.On(list, wire.Delay(slowDelay)), f.proxy.On(create, wire.Delay(slowDelay))
	answered := make(chan plan.ModelView, 1)
	go func() { answered <- f.view(plan.Query{Name: "db-login"}) }()
	outcome := f.do(creating("db-login", "new"))[0]
	f.awaitFault(created)
	if outcome.Problem != nil || outcome.Secret == nil {
		t.Fatalf("outcome of the creation: %+v, want success", outcome)
	}
	f.awaitFault(listed)
	if view := <-answered; !view.Known || view.ByName != nil && view.ByName.ID != outcome.Secret.ID {
		t.Errorf("view of the model: %+v", view)
	}
	if known := f.named("db-login"); known == nil || known.ID != outcome.Secret.ID {
		t.Errorf("view of the secret: %+v", known)
	}
	if n := f.requests(list, nil); n != 1 {
		t.Errorf("%d listings, want 1", n)
	}
}

// during executes a step during a listing that does not show it.
func (f *fixture) during(age plan.Age, step plan.Step) plan.Outcome {
	f.Helper()
	before, err := f.Juju.AwaitAnswered(f.Ctx, f.Model, list, -1)
	f.Must(err)
	met := f.proxy.On(list, wire.Delay(slowDelay))
	asked := make(chan plan.ModelView, 1)
	go func() { asked <- f.view(plan.Query{Age: age}) }()
	f.Must(errorOf(f.Juju.AwaitAnswered(f.Ctx, f.Model, list, before)))
	outcome := f.do(step)[0]
	f.awaitFault(met)
	if view := <-asked; !view.Known {
		f.Errorf("view of the model: %+v, want it known", view.Problem)
	}
	return outcome
}

// changes returns steps for an existing secret, with the expected view
// afterwards.
func changes() map[string]bulk {
	rows := bulks()
	delete(rows, "creates")
	rows["grants"] = bulk{
		step: func(id, _ string) plan.Step { return plan.Grant{ID: id, Applications: []string{"app1"}} },
		done: func(secret *plan.UserSecret) bool { return secret != nil && len(secret.Granted) == 1 },
	}
	return rows
}

func TestChangeDuringListingIsSeen(t *testing.T) {
	t.Parallel()
	for name, row := range changes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newConnected(t)
			id := f.add("db-login")[0]
			f.named("db-login")
			f.checkDuring(plan.Fresh, row, id)
		})
	}
}

func TestChangeDuringFirstListingIsSeen(t *testing.T) {
	t.Parallel()
	for name, row := range changes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newConnected(t)
			id, err := f.Juju.AddSecret(f.Ctx, f.Model, "db-login", "", map[string]string{"key": "old"})
			f.Must(err)
			f.checkDuring(plan.AsKnown, row, id)
		})
	}
}

// checkDuring checks that a change during a listing succeeds, and that the pool
// knows it although the listing does not show it.
func (f *fixture) checkDuring(age plan.Age, row bulk, id string) {
	f.Helper()
	if outcome := f.during(age, row.step(id, "")); outcome.Problem != nil || len(outcome.Applications) > 0 {
		f.Errorf("the change failed: %+v, %+v", outcome.Problem, outcome.Applications)
	}
	if known := f.named("db-login"); !row.done(known) {
		f.Errorf("view of the secret after the change: %+v", known)
	}
}

func TestSilentControllerBlocksNoCaller(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.proxy.Silence()
	began := time.Now()
	if health := f.pool.Set(f.Ctx, controller, f.connection(f.Juju.Operator), longInterval); health.Problem == nil ||
		health.Problem.Reason != v1alpha1.ReasonJujuUnreachable {
		t.Errorf("health of the silent controller: %+v, want JujuUnreachable", health)
	}
	if took := time.Since(began); took > answerTimeout {
		t.Errorf("the first answer took %v, want at most %v", took, answerTimeout)
	}
	for range 2 {
		if view := f.view(plan.Query{}); view.Known || view.Problem.Reason != v1alpha1.ReasonJujuUnreachable {
			t.Errorf("view of the model: %+v", view)
		}
	}
	if took := time.Since(began); took > 2*answerTimeout {
		t.Errorf("three answers took %v, want at most %v", took, 2*answerTimeout)
	}
	if open, mostOpening := f.proxy.Connections(); open != 1 || mostOpening != 1 {
		t.Errorf("%d connections are open, at most %d were logging in at once, want 1 and 1", open, mostOpening)
	}
	before := len(f.seen())
	f.proxy.Speak()
	f.awaitChange(before, func(change plan.Change) bool {
		return change.Controller == controller && change.ModelUUID == ""
	})
	f.known(plan.Query{})
	f.add("db-login")
}

func TestSilentControllerIsNoticedAfterLogin(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	f.add("db-login")
	f.named("db-login")
	before := len(f.seen())
	f.proxy.Silence()
	f.Await(func() string {
		if view := f.view(plan.Query{}); view.Known || view.Problem.Reason != v1alpha1.ReasonJujuUnreachable {
			return "the pool has not noticed the silence"
		}
		return ""
	})
	f.proxy.Speak()
	f.awaitChange(before, func(change plan.Change) bool { return change.ModelUUID == f.Model.UUID })
	if f.named("db-login") == nil {
		t.Error("the secret is not known after the silence")
	}
}

// This test takes 20 seconds, the time limit of the pool for an answer.
func TestUnansweredRequestTimesOut(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	silent := f.addModel()
	f.named("db-login")
	before := f.proxy.Requests()
	listHeld, createHeld := f.proxy.On(list, wire.Hold()), f.proxy.On(create, wire.Hold())
	asked := make(chan plan.ModelView, 1)
	go func() { asked <- f.pool.View(f.Ctx, refTo(silent), plan.Query{}) }()
	began := time.Now()
	outcome := f.do(creating("db-login", "new"))[0]
	f.awaitFault(createHeld)
	f.awaitFault(listHeld)
	if reasonOf(outcome) != v1alpha1.ReasonJujuUnreachable {
		t.Errorf("problem of the creation: %+v, want JujuUnreachable", outcome.Problem)
	}
	if view := <-asked; view.Known || view.Problem.Reason != v1alpha1.ReasonJujuUnreachable {
		t.Errorf("view of the model: %+v", view)
	}
	if took := time.Since(began); took < 15*time.Second || took > 30*time.Second {
		t.Errorf("the time limit was %v, want 15 to 30 seconds", took)
	}
	if known := f.named("db-login"); known != nil {
		t.Errorf("view of the secret: %+v", known)
	}
	f.add("db-login")
	f.Await(func() string {
		if !f.pool.View(f.Ctx, refTo(silent), plan.Query{}).Known {
			return "the other model is not known"
		}
		return ""
	})
	if n := f.requests(login, before); n != 3 {
		t.Errorf("%d logins, want 3: one more to the first model and two to the other", n)
	}
	f.Await(func() string {
		if open, _ := f.proxy.Connections(); open != 3 {
			return "the unanswered connections are still open"
		}
		return ""
	})
}
