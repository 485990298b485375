// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"strings"
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/wire"
)

func TestModelRemovalEndsPendingSteps(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	ids := f.add(numbered(10)...)
	f.named("secret-000")
	release := make(chan struct{})
	_, first := f.startCreation("in flight", wire.Until(release))
	var steps []plan.Step
	for _, id := range ids {
		steps = append(steps,
			creating("another-"+id, "new"), updating(id, "new"), plan.Remove{ID: id},
			plan.Grant{ID: id, Applications: []string{"app1"}}, plan.Revoke{ID: id, Applications: []string{"app1"}})
	}
	others := make(chan []plan.Outcome, 1)
	go func() { others <- f.together(steps...) }()
	f.Must(f.Juju.RemoveModel(f.Ctx, f.Model))
	close(release)
	if reason := reasonOf(<-first); reason != "" {
		t.Errorf("reason of the creation in flight: %q, want success", reason)
	}
	for i, outcome := range <-others {
		if reason := reasonOf(outcome); reason != v1alpha1.ReasonModelNotFound && reason != v1alpha1.ReasonJujuUnreachable {
			t.Errorf("problem of %T: %+v, want ModelNotFound or JujuUnreachable", steps[i], outcome.Problem)
		}
	}
	f.Await(func() string {
		view := f.view(plan.Query{})
		switch {
		case view.Known:
			return "the model is still known"
		case view.Problem.Reason == v1alpha1.ReasonJujuUnreachable:
			return "the pool is still asking the controller"
		case view.Problem.Reason != v1alpha1.ReasonModelNotFound:
			t.Errorf("problem of the model: %+v, want ModelNotFound", view.Problem)
		}
		return ""
	})
	if reason := reasonOf(f.do(creating("late", "new"))[0]); reason != v1alpha1.ReasonModelNotFound {
		t.Errorf("reason of a creation in a removed model: %q, want ModelNotFound", reason)
	}
}

func TestModelCreatedAgainIsFoundByName(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	ref := plan.ModelRef{Controller: controller, Name: f.Model.Name}
	if view := f.pool.View(f.Ctx, ref, plan.Query{}); !view.Known || view.ModelUUID != f.Model.UUID {
		t.Fatalf("view of the model: %+v", view)
	}
	f.Must(f.Juju.RemoveModel(f.Ctx, f.Model))
	f.Await(func() string {
		view := f.pool.View(f.Ctx, ref, plan.Query{Age: plan.Fresh})
		if view.Known || view.Problem.Reason != v1alpha1.ReasonModelNotFound {
			return "the pool has not noticed that the model is gone"
		}
		return ""
	})
	_, name, _ := strings.Cut(f.Model.Name, "/")
	again, err := f.Juju.AddModel(f.Ctx, name)
	f.Must(err)
	if view := f.pool.View(f.Ctx, ref, plan.Query{Age: plan.Fresh}); !view.Known || view.ModelUUID != again.UUID {
		t.Errorf("view of the new model: %+v", view)
	}
}

// Another model can have the name of a removed model, and can belong to another
// tenant.
func TestStepsAreNotSentToModelThatReplacedTheirs(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	ref := plan.ModelRef{Controller: controller, Name: f.Model.Name}
	if view := f.pool.View(f.Ctx, ref, plan.Query{}); !view.Known {
		t.Fatalf("view of the model: %+v", view.Problem)
	}
	ticket := f.pool.Announce(ref, []plan.Step{creating("db-login", "value")})
	f.Must(f.Juju.RemoveModel(f.Ctx, f.Model))
	_, name, _ := strings.Cut(f.Model.Name, "/")
	again, err := f.Juju.AddModel(f.Ctx, name)
	f.Must(err)
	f.Model = again
	f.Await(func() string {
		view := f.pool.View(f.Ctx, ref, plan.Query{Age: plan.Fresh})
		if !view.Known || view.ModelUUID != again.UUID {
			return fmt.Sprintf("the pool has not found the new model: %+v", view)
		}
		return ""
	})
	outcomes, err := ticket.Send(f.Ctx)
	if err != nil || reasonOf(outcomes[0]) != v1alpha1.ReasonModelNotFound {
		t.Errorf("outcomes %+v, error %v, want ModelNotFound", outcomes, err)
	}
	if found := f.secrets(); len(found) != 0 {
		t.Errorf("the new model has the secrets %+v, want none", found)
	}
}
