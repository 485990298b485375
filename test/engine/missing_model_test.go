// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/wire"
)

// everySecond is a short refresh interval. Several of them end during a test.
const everySecond = time.Second

// missing returns n references to models that do not exist, by name and by
// UUID.
func missing(n int) []plan.ModelRef {
	refs := make([]plan.ModelRef, n)
	for i := range refs {
		refs[i] = plan.ModelRef{Controller: controller, Name: fmt.Sprintf("prod/missing-%d", i)}
		if i%50 == 1 { // Each UUID needs a login of its own.
			refs[i] = plan.ModelRef{Controller: controller, UUID: fmt.Sprintf("12345678-1234-4123-8123-%012d", i)}
		}
	}
	return refs
}

// viewAll views models at the same time, and fails the test unless all views
// have the reason.
func (f *fixture) viewAll(refs []plan.ModelRef, age plan.Age, want v1alpha1.Reason) {
	f.Helper()
	views := make([]plan.ModelView, len(refs))
	var running sync.WaitGroup
	for i, ref := range refs {
		running.Go(func() { views[i] = f.pool.View(f.Ctx, ref, plan.Query{Age: age}) })
	}
	running.Wait()
	for i, view := range views {
		if view.Known || view.Problem == nil || view.Problem.Reason != want {
			f.Errorf("view of %s: %+v, want %s", refs[i], view.Problem, want)
		}
	}
}

// lists returns whether a change is a list with a model that is new.
func lists(model string) func(plan.Change) bool {
	return func(c plan.Change) bool { return slices.Contains(c.Listed, model) }
}

func TestMissingModelsShareOneListPerInterval(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.connect(everySecond)
	before, began := f.proxy.Requests(), time.Now()
	f.Await(func() string {
		f.viewAll(missing(500), plan.AsKnown, v1alpha1.ReasonModelNotFound)
		if n := f.requests(listModels, before); n < 4 {
			return fmt.Sprintf("%d lists of models, want 4", n)
		}
		return ""
	})
	atMost := 1 + int(time.Since(began)/everySecond)
	if n := f.requests(listModels, before); n > atMost {
		t.Errorf("%d lists of models, want at most %d", n, atMost)
	}
}

func TestNoListOfModelsWhileNoObjectWaits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.connect(everySecond)
	f.unawaited.Store(true)
	f.known(plan.Query{})
	f.viewAll(missing(10), plan.AsKnown, v1alpha1.ReasonModelNotFound)
	before := f.proxy.Requests()
	f.Await(func() string { // Three intervals pass.
		if n := f.requests(list, before); n < 3 {
			return fmt.Sprintf("%d listings of the model that is in use, want 3", n)
		}
		return ""
	})
	if n := f.requests(listModels, before); n != 0 {
		t.Errorf("%d lists of models, want none", n)
	}
}

// A user often creates a model and then the objects for it.
func TestNewObjectsFindNewModelBeforeTheInterval(t *testing.T) {
	t.Parallel()
	for name, age := range map[string]plan.Age{
		"changed objects": plan.Recent, "objects with a reconcile request": plan.Fresh,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newConnected(t)
			before := f.proxy.Requests()
			f.viewAll(missing(500), plan.Recent, v1alpha1.ReasonModelNotFound)
			if n := f.requests(listModels, before); n < 1 || n > 4 {
				t.Errorf("%d lists of models for 500 new objects, want 1 to 4", n)
			}
			name := "engine-" + strings.ToLower(rand.Text())
			model := f.AddModel(name)
			ref := plan.ModelRef{Controller: controller, Name: model.Name}
			if view := f.pool.View(f.Ctx, ref, plan.Query{Age: age}); !view.Known || view.ModelUUID != model.UUID {
				t.Errorf("the first view of the new model: %+v", view.Problem)
			}
			f.awaitChange(0, lists(model.Name))
			f.awaitChange(0, lists(model.UUID))
		})
	}
}

func TestModelIsFoundByTheNextListForAllObjects(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.connect(everySecond)
	f.viewAll(missing(10), plan.AsKnown, v1alpha1.ReasonModelNotFound)
	seen := len(f.seen())
	name := "engine-" + strings.ToLower(rand.Text())
	model := f.AddModel(name)
	f.awaitChange(seen, lists(model.Name))
	for _, change := range f.seen()[seen:] {
		if len(change.Listed) > 0 && slices.Contains(change.Listed, f.Model.Name) {
			t.Errorf("the change names a model that was listed before: %+v", change)
		}
	}
}

func TestFailedListOfModelsIsSharedAndRetried(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	f.proxy.On(listModels, wire.Fail("", "broken")) // Only the first list fails. The proxy does not count it.
	before := f.proxy.Requests()
	for range 3 {
		f.viewAll(missing(50), plan.AsKnown, v1alpha1.ReasonFailed)
	}
	f.awaitChange(0, func(c plan.Change) bool { // All objects that are not settled are reconciled.
		return c.Controller == controller && c.ModelUUID == "" && !c.All && !c.Health && len(c.Listed) == 0
	})
	f.viewAll(missing(50), plan.AsKnown, v1alpha1.ReasonModelNotFound)
	if n := f.requests(listModels, before); n != 1 {
		t.Errorf("%d lists of models after the failure, want 1", n)
	}
}

// The answer about a model that a namespace may not use must not depend on
// whether the model exists, and neither must the requests.
func TestIdentifyAsksTheSameForMissingModels(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		age  plan.Age
		asks int
	}{
		"as known": {plan.AsKnown, 0},
		"recent":   {plan.Recent, 1},
		"fresh":    {plan.Fresh, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newConnected(t)
			nowhere := missing(2)[1]
			if first := f.pool.Identify(f.Ctx, nowhere, plan.Query{}); !first.Known || first.UUID != "" {
				t.Fatalf("the missing model is %+v", first)
			}
			for _, ref := range []plan.ModelRef{f.ref(), nowhere} {
				before := f.proxy.Requests()
				found := f.pool.Identify(f.Ctx, ref, plan.Query{Age: row.age})
				want := plan.ListedModel{Known: true}
				if ref == f.ref() {
					want.Name, want.UUID = f.Model.Name, f.Model.UUID
				}
				if found != want {
					t.Errorf("%s is listed as %+v, want %+v", ref, found, want)
				}
				if n := f.requests(listModels, before); n != row.asks {
					t.Errorf("%d lists of models for %s, want %d", n, ref, row.asks)
				}
			}
		})
	}
}
