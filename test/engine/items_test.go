// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/servers"
)

func TestNameConflictsFailAlone(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	names := numbered(10)
	existing := map[string]string{}
	for _, name := range names[:3] {
		id, err := f.Juju.AddSecret(f.Ctx, f.Model, name, "", map[string]string{"key": "existing"})
		f.Must(err)
		existing[name] = id
	}
	var steps []plan.Step
	for _, name := range names {
		steps = append(steps, creating(name, "ours"))
	}
	outcomes := f.together(steps...)
	if n := f.requests(create, nil); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
	f.checkReasons("taken names", outcomes[:3], map[v1alpha1.Reason]int{v1alpha1.ReasonNameTaken: 3})
	f.checkReasons("free names", outcomes[3:], map[v1alpha1.Reason]int{"": 7})

	found := f.secrets()
	if len(found) != len(names) {
		t.Fatalf("Juju has %d secrets, want %d", len(found), len(names))
	}
	for i, name := range names {
		secret, taken := found[i], i < 3
		if secret.Name != name || secret.Revision != 1 || secret.Content.Equal(holding("ours")) == taken {
			t.Errorf("Juju has %+v", secret)
		}
		if known := f.named(name); known == nil || known.ID != secret.ID || taken && known.ID != existing[name] {
			t.Errorf("view of %s: %+v", name, known)
		}
	}
}

func TestMissingSecretsFailAlone(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	names := numbered(10)
	ids := f.add(names...)
	f.named(names[0]) // The pool now has a snapshot of the model.
	f.removeManually(ids[:3]...)
	var updates, removals []plan.Step
	for _, id := range ids {
		updates = append(updates, updating(id, "new"))
		removals = append(removals, plan.Remove{ID: id})
	}
	outcomes := f.together(updates...)
	if n := f.requests(update, nil); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
	f.checkReasons("updates of missing secrets", outcomes[:3], map[v1alpha1.Reason]int{v1alpha1.ReasonSecretNotFound: 3})
	f.checkReasons("updates of existing secrets", outcomes[3:], map[v1alpha1.Reason]int{"": 7})
	for i, name := range names {
		view := f.known(plan.Query{ID: ids[i]})
		if gone := i < 3; (view.ByID == nil) != gone {
			t.Errorf("view of %s: %+v", name, view.ByID)
		} else if !gone && (view.ByID.Revision != 2 || !view.ByID.Holds(holding("new"))) {
			t.Errorf("view of %s: %+v", name, view.ByID)
		}
	}
	for _, secret := range f.secrets() {
		if secret.Revision != 2 || !secret.Content.Equal(holding("new")) {
			t.Errorf("Juju has %+v", secret)
		}
	}

	f.succeed(removals...) // Also for the missing secrets.
	f.Await(func() string {
		if len(f.secrets()) > 0 {
			return "Juju still has secrets"
		}
		return ""
	})
}

func TestGrantToUnknownApplicationFailsAlone(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	id := f.add("db-login")[0]
	outcome := f.do(plan.Grant{ID: id, Applications: []string{"app2", "missing", "app1"}})[0]
	if outcome.Problem != nil || len(outcome.Applications) != 1 ||
		outcome.Applications["missing"].Reason != v1alpha1.ReasonApplicationNotFound {
		t.Errorf("problem %+v, applications %+v, want only ApplicationNotFound", outcome.Problem, outcome.Applications)
	}
	want := []string{"app1", "app2"}
	if known := f.named("db-login"); known == nil || !slices.Equal(known.Granted, want) {
		t.Errorf("view of the secret: %+v, want grants to %v", known, want)
	}
	if found := f.secrets(); len(found) != 1 || !slices.Equal(found[0].Granted, want) {
		t.Errorf("Juju has %+v", found)
	}

	f.succeed(plan.Revoke{ID: id, Applications: []string{"app2", "missing"}})
	f.Must(f.Juju.AddApplication(f.Ctx, f.Model, "missing"))
	f.succeed(plan.Grant{ID: id, Applications: []string{"missing"}})
	want = []string{"app1", "missing"}
	if found := f.secrets(); len(found) != 1 || !slices.Equal(found[0].Granted, want) {
		t.Errorf("Juju has %+v", found)
	}
}

// The interval of the listings does not delay an access that waits for an
// application. One request serves all accesses of the model.
func TestAbsentApplicationsAreLookedForWithLongInterval(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.connect(24 * time.Hour)
	ids := f.add(numbered(10)...)
	for _, id := range ids {
		f.do(plan.Grant{ID: id, Applications: []string{"late", "never"}})
	}
	changes, before := len(f.seen()), f.proxy.Requests()
	f.Must(f.Juju.AddApplication(f.Ctx, f.Model, "late"))
	f.awaitChange(changes, func(change plan.Change) bool {
		return change.ModelUUID == f.Model.UUID && len(change.IDs) == 0 && !change.All && !change.Health
	})
	if n := f.requests("Application.ApplicationsInfo", before); n != 1 {
		t.Errorf("%d requests for the applications of %d grants, want 1", n, len(ids))
	}
	if n := f.requests(list, before); n != 0 {
		t.Errorf("%d listings, want none: they do not contain applications", n)
	}
}

func TestStepsAfterFailureAreNotTried(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	id := f.add("taken", "other")[1]
	name := "taken"
	outcomes := f.do(plan.Update{ID: id, Name: &name}, plan.Grant{ID: id, Applications: []string{"app1"}})
	if reasonOf(outcomes[0]) != v1alpha1.ReasonNameTaken || !outcomes[1].NotTried {
		t.Errorf("outcomes %+v, want NameTaken and then NotTried", outcomes)
	}
	for _, secret := range f.secrets() {
		if len(secret.Granted) > 0 || secret.ID == id && secret.Name != "other" {
			t.Errorf("Juju has %+v", secret)
		}
	}
}

func TestEmptyModelIsKnown(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	view := f.known(plan.Query{ID: "cq0o2imt7qkc7b0ofo10", Name: "nothing"})
	if view.ByID != nil || view.ByName != nil || view.ModelUUID != f.Model.UUID {
		t.Errorf("view of the empty model: %+v", view)
	}
	byName := f.pool.View(f.Ctx, plan.ModelRef{Controller: controller, Name: f.Model.Name}, plan.Query{})
	if !byName.Known || byName.ModelUUID != f.Model.UUID {
		t.Errorf("view of the model by name: %+v", byName.Problem)
	}
	nowhere := f.pool.View(f.Ctx, refTo(servers.Model{UUID: "12345678-1234-4123-8123-123456789abc"}), plan.Query{})
	if nowhere.Known || !nowhere.Problem.Gone {
		t.Errorf("view of a missing model: %+v, problem %+v, want Gone", nowhere, nowhere.Problem)
	}
}

func TestDeletionIsWatchedUntilJujuIsDone(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	ids := f.add("doomed", "other")
	f.named("doomed")
	f.Must(f.Juju.PauseRemovals(f.Ctx, f.Model))
	f.succeed(plan.Remove{ID: ids[0]})
	for _, age := range []plan.Age{plan.AsKnown, plan.Fresh} {
		if known := f.known(plan.Query{ID: ids[0], Age: age}).ByID; known == nil || !known.Removing {
			t.Errorf("view of a secret that Juju is removing: %+v", known)
		}
	}
	before := len(f.seen())
	f.Must(f.Juju.ResumeRemovals(f.Ctx, f.Model))
	f.awaitChange(before, func(change plan.Change) bool {
		return change.ModelUUID == f.Model.UUID && slices.Equal(change.IDs, ids[:1]) && change.Own == 0
	})
	if view := f.known(plan.Query{ID: ids[0], Name: "doomed"}); view.ByID != nil || view.ByName != nil {
		t.Errorf("view of a removed secret: %+v, %+v, want none", view.ByID, view.ByName)
	}
	f.add("doomed") // The name is free again.
}
