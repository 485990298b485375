// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"testing"

	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/servers"
)

func TestNamesThatAreTakenFailAlone(t *testing.T) {
	t.Parallel()
	s := newConnectedScene(t)
	names := numbered(10)
	theirs := map[string]string{}
	for _, name := range names[:3] {
		id, err := s.server.AddSecret(s.ctx, s.model, name, "", map[string]string{"key": "theirs"})
		s.must(err)
		theirs[name] = id
	}
	var steps []plan.Step
	for _, name := range names {
		steps = append(steps, creating(name, "ours"))
	}
	outcomes := s.together(steps...)
	if n := s.requests(create, nil); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
	s.checkKinds("taken names", outcomes[:3], map[plan.Kind]int{plan.NameTaken: 3})
	s.checkKinds("free names", outcomes[3:], map[plan.Kind]int{0: 7})

	found := s.secrets()
	if len(found) != len(names) {
		t.Fatalf("Juju has %d secrets, want %d", len(found), len(names))
	}
	for i, name := range names {
		secret, taken := found[i], i < 3
		if secret.Name != name || secret.Revision != 1 || secret.Content.Equal(holding("ours")) == taken {
			t.Errorf("Juju has: %+v", secret)
		}
		if known := s.named(name); known == nil || known.ID != secret.ID || taken && known.ID != theirs[name] {
			t.Errorf("the Pool knows of %s: %+v", name, known)
		}
	}
}

func TestSecretsThatAreGoneFailAlone(t *testing.T) {
	t.Parallel()
	s := newConnectedScene(t)
	names := numbered(10)
	ids := s.add(names...)
	s.named(names[0]) // From here on the Pool believes that it knows the model.
	s.removeAsAPerson(ids[:3]...)
	var updates, removals []plan.Step
	for _, id := range ids {
		updates = append(updates, updating(id, "new"))
		removals = append(removals, plan.Remove{ID: id})
	}
	outcomes := s.together(updates...)
	if n := s.requests(update, nil); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
	s.checkKinds("updates of secrets that are gone", outcomes[:3], map[plan.Kind]int{plan.SecretNotFound: 3})
	s.checkKinds("updates of secrets that are there", outcomes[3:], map[plan.Kind]int{0: 7})
	for i, name := range names {
		world := s.known(plan.Query{ID: ids[i]})
		if gone := i < 3; (world.ByID == nil) != gone {
			t.Errorf("the Pool knows of %s: %+v", name, world.ByID)
		} else if !gone && (world.ByID.Revision != 2 || !world.ByID.Holds(holding("new"))) {
			t.Errorf("the Pool knows of %s: %+v", name, world.ByID)
		}
	}
	for _, secret := range s.secrets() {
		if secret.Revision != 2 || !secret.Content.Equal(holding("new")) {
			t.Errorf("Juju has: %+v", secret)
		}
	}

	s.succeed(removals...) // Those that are gone included.
	s.await(func() string {
		if len(s.secrets()) > 0 {
			return "some secrets are left"
		}
		return ""
	})
}

func TestAnUnknownApplicationFailsAlone(t *testing.T) {
	t.Parallel()
	s := newConnectedScene(t)
	id := s.add("db-login")[0]
	outcome := s.do(plan.Grant{ID: id, Applications: []string{"app2", "nobody", "app1"}})[0]
	if outcome.Trouble != nil || len(outcome.Applications) != 1 ||
		outcome.Applications["nobody"].Kind != plan.ApplicationNotFound {
		t.Errorf("the outcome is %+v, %+v", outcome.Trouble, outcome.Applications)
	}
	want := []string{"app1", "app2"}
	if known := s.named("db-login"); known == nil || !slices.Equal(known.Granted, want) {
		t.Errorf("the Pool knows: %+v", known)
	}
	if found := s.secrets(); len(found) != 1 || !slices.Equal(found[0].Granted, want) {
		t.Errorf("Juju has: %+v", found)
	}

	s.succeed(plan.Revoke{ID: id, Applications: []string{"app2", "nobody"}})
	s.must(s.server.AddApplication(s.ctx, s.model, "nobody"))
	s.succeed(plan.Grant{ID: id, Applications: []string{"nobody"}})
	want = []string{"app1", "nobody"}
	if found := s.secrets(); len(found) != 1 || !slices.Equal(found[0].Granted, want) {
		t.Errorf("Juju has: %+v", found)
	}
}

func TestAStepAfterOneThatFailedIsNotTried(t *testing.T) {
	t.Parallel()
	s := newConnectedScene(t)
	id := s.add("taken", "other")[1]
	name := "taken"
	outcomes := s.do(plan.Update{ID: id, Name: &name}, plan.Grant{ID: id, Applications: []string{"app1"}})
	if kindOf(outcomes[0]) != plan.NameTaken || !outcomes[1].NotTried {
		t.Errorf("the outcomes are: %+v", outcomes)
	}
	for _, secret := range s.secrets() {
		if len(secret.Granted) > 0 || secret.ID == id && secret.Name != "other" {
			t.Errorf("Juju has: %+v", secret)
		}
	}
}

func TestAnEmptyModelIsKnown(t *testing.T) {
	t.Parallel()
	s := newConnectedScene(t)
	world := s.known(plan.Query{ID: "cq0o2imt7qkc7b0ofo10", Name: "nothing"})
	if world.ByID != nil || world.ByName != nil || world.ModelUUID != s.model.UUID {
		t.Errorf("the Pool knows: %+v", world)
	}
	byName := s.pool.World(s.ctx, plan.ModelRef{Controller: controller, Name: s.model.Name}, plan.Query{})
	if !byName.Known || byName.ModelUUID != s.model.UUID {
		t.Errorf("by its name: %+v", byName.Trouble)
	}
	nowhere := s.pool.World(s.ctx, refTo(servers.Model{UUID: "12345678-1234-4123-8123-123456789abc"}), plan.Query{})
	if nowhere.Known || nowhere.Trouble.Kind != plan.ModelNotFound {
		t.Errorf("a model that there is not: %+v", nowhere)
	}
}

func TestARemovalIsFollowedToItsEnd(t *testing.T) {
	t.Parallel()
	s := newConnectedScene(t)
	ids := s.add("doomed", "other")
	s.named("doomed")
	s.must(s.server.PauseRemovals(s.ctx, s.model))
	s.succeed(plan.Remove{ID: ids[0]})
	for _, age := range []plan.Age{plan.AsKnown, plan.Fresh} {
		if known := s.known(plan.Query{ID: ids[0], Age: age}).ByID; known == nil || !known.Removing {
			t.Errorf("before Juju has removed it the Pool knows: %+v", known)
		}
	}
	before := len(s.seen())
	s.must(s.server.ResumeRemovals(s.ctx, s.model))
	s.awaitChange(before, func(change plan.Change) bool {
		return change.ModelUUID == s.model.UUID && slices.Equal(change.IDs, ids[:1]) && !change.Ours
	})
	if world := s.known(plan.Query{ID: ids[0], Name: "doomed"}); world.ByID != nil || world.ByName != nil {
		t.Errorf("afterwards the Pool knows: %+v, %+v", world.ByID, world.ByName)
	}
	s.add("doomed") // The name is free.
}
