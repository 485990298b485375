// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/juju/juju/rpc/params"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/juju"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/wire"
)

// byName returns a reference to the model by its name, and a query of an object
// that was in the model before.
func (f *fixture) byName() (plan.ModelRef, plan.Query) {
	return plan.ModelRef{Controller: controller, Name: f.Model.Name}, plan.Query{ModelUUID: f.Model.UUID}
}

// awaitProblem waits until the model has a problem with a reason, and returns
// the problem.
func (f *fixture) awaitProblem(ref plan.ModelRef, query plan.Query, want v1alpha1.Reason) *plan.Problem {
	f.Helper()
	var view plan.ModelView
	f.Await(func() string {
		if view = f.pool.View(f.Ctx, ref, query); view.Known || view.Problem.Reason != want {
			return fmt.Sprintf("model known: %t, problem %+v, want %s", view.Known, view.Problem, want)
		}
		return ""
	})
	return view.Problem
}

// restart replaces the pool with a new one, which has no connection.
func (f *fixture) restart() {
	f.Helper()
	pool := juju.NewPool(func(string) bool { return true }, func(plan.ModelRef) bool { return true }, nil)
	f.Cleanup(pool.Close)
	go func() {
		for {
			select {
			case <-pool.Changed():
			case <-f.Ctx.Done():
				return
			}
		}
	}()
	f.pool = pool
	f.connect(longInterval)
}

func (f *fixture) revokeAccess() {
	f.Helper()
	f.Must(f.Juju.RevokeModel(f.Ctx, f.Model, f.Juju.Operator.Username, "read"))
}

func (f *fixture) grantAccess() {
	f.Helper()
	f.Must(f.Juju.GrantModel(f.Ctx, f.Model, f.Juju.Operator.Username, "write"))
}

func TestLostModelAccessIsNotARemovedModel(t *testing.T) {
	t.Parallel()
	for version, like := range map[string]func(*wire.Proxy){
		"4": func(*wire.Proxy) {}, "3.6": (*wire.Proxy).AsJuju36, "3.5": (*wire.Proxy).AsJuju35,
	} {
		for when, restarts := range map[string]bool{"connection open": false, "after a restart": true} {
			t.Run(version+", "+when, func(t *testing.T) {
				t.Parallel()
				f := newFixture(t)
				like(f.proxy)
				f.connect(longInterval)
				f.add("db-login")
				ref, query := f.byName()
				if view := f.pool.View(f.Ctx, ref, query); !view.Known {
					t.Fatalf("view of the model: %+v", view.Problem)
				}
				f.revokeAccess()
				if restarts {
					f.restart()
				}
				query.Age = plan.Fresh
				for _, ref := range []plan.ModelRef{ref, f.ref()} {
					problem := f.awaitProblem(ref, query, v1alpha1.ReasonPermissionDenied)
					cure := fmt.Sprintf("juju grant %s write ", f.Juju.Operator.Username)
					if problem.Gone || !strings.Contains(problem.Message, cure) {
						t.Errorf("problem of the model: %+v, want a message with %q", problem, cure)
					}
				}
				f.grantAccess()
				for _, ref := range []plan.ModelRef{ref, f.ref()} {
					f.Await(func() string {
						if view := f.pool.View(f.Ctx, ref, query); !view.Known {
							return fmt.Sprintf("the model is not known: %+v", view.Problem)
						}
						return ""
					})
				}
				f.Must(f.Juju.RemoveModel(f.Ctx, f.Model))
				for _, ref := range []plan.ModelRef{ref, f.ref()} {
					if problem := f.awaitProblem(ref, query, v1alpha1.ReasonModelNotFound); !problem.Gone {
						t.Errorf("problem of a removed model: %+v, want Gone", problem)
					}
				}
			})
		}
	}
}

func TestModelRemovedWithoutAccessIsGone(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	ref, query := f.byName()
	f.known(query)
	f.revokeAccess()
	query.Age = plan.Fresh
	f.awaitProblem(ref, query, v1alpha1.ReasonPermissionDenied)
	f.Must(f.Juju.RemoveModel(f.Ctx, f.Model))
	if problem := f.awaitProblem(ref, query, v1alpha1.ReasonModelNotFound); !problem.Gone {
		t.Errorf("problem of a removed model: %+v, want Gone", problem)
	}
}

// Each object retries its steps every minute. The operator asks for the access
// instead of repeating the steps.
func TestRefusedChangesAreNotRepeatedWithoutWriteAccess(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	f.known(plan.Query{})
	f.Must(f.Juju.RevokeModel(f.Ctx, f.Model, f.Juju.Operator.Username, "write")) // The user can still read.
	var steps []plan.Step
	for _, name := range numbered(50) {
		steps = append(steps, creating(name, "new"))
	}
	all := map[v1alpha1.Reason]int{v1alpha1.ReasonPermissionDenied: len(steps)}
	f.checkReasons("creations without access", f.together(steps...), all)
	before := f.proxy.Requests()
	f.Await(func() string { // An answer counts for a moment.
		f.checkReasons("creations that are repeated", f.together(steps...), all)
		if f.requests(modelInfo, before) == 0 {
			return "the operator has not asked for its access"
		}
		return ""
	})
	if n := f.requests(create, before); n > 0 {
		t.Errorf("%d creations were repeated without access", n)
	}
	if n := f.requests(modelInfo, before); n != 1 {
		t.Errorf("%d requests for the access of the user for %d objects, want 1", n, len(steps))
	}
	f.grantAccess()
	f.Await(func() string {
		if outcome := f.do(creating("granted", "new"))[0]; outcome.Problem != nil {
			return outcome.Problem.Message
		}
		return ""
	})
}

// An object looks again and again while its model has a problem. A reconcile
// request that stays pending meanwhile is one request.
func TestPendingRequestListsTheModelsOnce(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	ref, query := f.byName()
	f.known(query)
	f.revokeAccess()
	query.Age = plan.Fresh
	f.awaitProblem(ref, query, v1alpha1.ReasonPermissionDenied)
	for range 2 { // The second request is a new one.
		query.Requested = time.Now()
		before := f.proxy.Requests()
		for range 5 {
			f.awaitProblem(ref, query, v1alpha1.ReasonPermissionDenied)
		}
		lists, logins := f.requests(listModels, before), f.requests(login, before)
		if lists != 1 || logins != 1 {
			t.Errorf("%d lists of models and %d logins for a pending request, want 1 of each", lists, logins)
		}
	}
	f.grantAccess()
	query.Requested = time.Now()
	f.known(query)
}

func TestUnlistedModelIsAskedOnceForAllObjects(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.revokeAccess()
	f.connect(longInterval)
	ref, query := f.byName()
	before := f.proxy.Requests()
	var callers sync.WaitGroup
	for i := range 50 {
		callers.Go(func() {
			ref, query := ref, query
			if i%2 == 0 {
				ref, query = f.ref(), plan.Query{}
			}
			if problem := f.pool.View(f.Ctx, ref, query).Problem; problem.Reason != v1alpha1.ReasonPermissionDenied {
				t.Errorf("problem of the model: %+v, want PermissionDenied", problem)
			}
		})
	}
	callers.Wait()
	if n := f.requests(login, before); n != 1 {
		t.Errorf("%d logins for 50 objects, want 1", n)
	}
}

func TestNameOfUnknownModelProvesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.revokeAccess()
	f.connect(longInterval)
	ref, _ := f.byName()
	before := f.proxy.Requests()
	problem := f.awaitProblem(ref, plan.Query{}, v1alpha1.ReasonModelNotFound)
	if problem.Gone || f.requests(login, before) != 0 {
		t.Errorf("problem %+v after %d logins, want no login and no proof", problem, f.requests(login, before))
	}
}

// A query has the UUID from the status of an object, which users may be able to
// write.
func TestReferenceByNameLeadsToNoOtherModel(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	other := f.addModel()
	ref := plan.ModelRef{Controller: controller, Name: "prod/none"}
	if view := f.pool.View(f.Ctx, ref, plan.Query{ModelUUID: other.UUID}); view.Known || view.Problem.Gone {
		t.Errorf("view of a model that does not exist: %+v, problem %+v", view, view.Problem)
	}
}

// Juju 3.6 answers a login to a migrated model, by a user without access to it
// at the time, like a wrong password.
func TestRefusedLoginToUnlistedModelProvesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.proxy.AsJuju36()
	f.connect(longInterval)
	f.known(plan.Query{})
	f.revokeAccess()
	f.restart()
	met := f.proxy.On(login, wire.Fail(params.CodeUnauthorized, "invalid entity name or password"))
	_, query := f.byName()
	view := f.pool.View(f.Ctx, plan.ModelRef{Controller: controller, Name: f.Model.Name}, query)
	f.awaitFault(met)
	if view.Known || view.Problem.Gone || view.Problem.Reason != v1alpha1.ReasonCredentialsRejected {
		t.Errorf("view of the model: %+v, problem %+v, want CredentialsRejected", view, view.Problem)
	}
}

func TestMigratedModelIsNotARemovedModel(t *testing.T) {
	t.Parallel()
	for version, like := range map[string]func(*wire.Proxy){"3.6": (*wire.Proxy).AsJuju36, "3.5": (*wire.Proxy).AsJuju35} {
		for when, restarts := range map[string]bool{"connection open": false, "after a restart": true} {
			t.Run(version+", "+when, func(t *testing.T) {
				t.Parallel()
				f := newFixture(t)
				like(f.proxy)
				f.connect(longInterval)
				f.add("db-login")
				f.Must(f.proxy.Migrate(f.Model.UUID, wire.Redirect{
					Address: "10.0.0.9:17070", CACertificate: f.Juju.CACertificate,
					ControllerUUID: "12345678-1234-4123-8123-123456789abc", Controller: "new-controller",
				}))
				if restarts {
					f.restart()
				}
				ref, query := f.byName()
				query.Age = plan.Fresh
				for _, ref := range []plan.ModelRef{ref, f.ref()} {
					problem := f.awaitProblem(ref, query, v1alpha1.ReasonModelMigrated)
					for _, part := range []string{"new-controller", "10.0.0.9:17070", "12345678-1234-4123-8123-123456789abc"} {
						if problem.Gone || !strings.Contains(problem.Message, part) {
							t.Errorf("problem of the model: %+v, want a message with %q", problem, part)
						}
					}
				}
				if reason := reasonOf(f.do(creating("late", "new"))[0]); reason != v1alpha1.ReasonModelMigrated {
					t.Errorf("reason of a creation in a migrated model: %q, want ModelMigrated", reason)
				}
			})
		}
	}
}
