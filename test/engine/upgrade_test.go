// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"testing"

	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

// newOwnScene makes a scene with a Juju server of its own, which the test may disturb.
func newOwnScene(t *testing.T) *scene {
	t.Helper()
	server, err := servers.StartJuju(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	s := newSceneOn(t, server)
	s.connect(seldom)
	return s
}

func TestAnUpgradeIsWaitedOut(t *testing.T) {
	t.Parallel()
	s := newOwnScene(t)
	id := s.add("db-login")[0]
	s.named("db-login")
	s.must(s.server.BeginUpgrade(s.ctx))
	s.awaitUpgrade()
	if kind := kindOf(s.do(updating(id, "new"))[0]); kind != plan.Busy && kind != plan.Unreachable {
		t.Errorf("during the upgrade the outcome is of kind %v", kind)
	}
	before := len(s.seen())
	s.must(s.server.EndUpgrade(s.ctx))
	s.awaitChange(before, func(change plan.Change) bool { return change.ModelUUID == s.model.UUID })
	if world := s.known(plan.Query{ID: id}); world.ByID == nil || world.ByID.Revision != 1 {
		t.Errorf("afterwards the Pool knows: %+v", world.ByID)
	}
	s.succeed(updating(id, "new"))
	if found := s.secrets(); len(found) != 1 || found[0].Revision != 2 {
		t.Errorf("Juju has: %+v", found)
	}
}

// awaitUpgrade waits until the Pool tells of an upgrade.
func (s *scene) awaitUpgrade() {
	s.Helper()
	s.await(func() string {
		world := s.world(plan.Query{})
		if world.Known || world.Trouble.Kind != plan.Busy {
			return "the upgrade is not noticed"
		}
		return ""
	})
}

func TestAnUpgradeIsToldOfWhileItLasts(t *testing.T) {
	t.Parallel()
	s := newOwnScene(t)
	s.named("db-login")
	s.must(s.server.BeginUpgrade(s.ctx))
	s.awaitUpgrade()
	told := map[plan.Kind]int{}
	before := s.proxy.Requests()
	s.await(func() string {
		told[s.world(plan.Query{}).Trouble.Kind]++
		if n := s.requests(login, before); n < 2 {
			return fmt.Sprintf("it was tried %d times whether the upgrade is over", n)
		}
		return ""
	})
	if told[plan.Busy] < 10*told[plan.Unreachable] || len(told) > 2 {
		t.Errorf("the answers by kind were %v, want %d, and now and then %d", told, plan.Busy, plan.Unreachable)
	}
}

func TestARestartOfTheServerIsWaitedOut(t *testing.T) {
	t.Parallel()
	s := newOwnScene(t)
	id := s.add("db-login")[0]
	s.named("db-login")
	s.must(s.server.StopServing(s.ctx))
	s.await(func() string {
		if s.world(plan.Query{}).Known {
			return "the loss is not noticed"
		}
		return ""
	})
	s.checkKinds("an update", s.do(updating(id, "new")), map[plan.Kind]int{plan.Unreachable: 1})
	before := len(s.seen())
	s.must(s.server.StartServing(s.ctx))
	s.awaitChange(before, func(change plan.Change) bool { return change.Controller == controller })
	if world := s.known(plan.Query{ID: id}); world.ByID == nil || world.ByID.Revision != 1 {
		t.Errorf("afterwards the Pool knows: %+v", world.ByID)
	}
}

func TestALostConnectionCostsOneListing(t *testing.T) {
	t.Parallel()
	s := newConnectedScene(t)
	s.add("db-login")
	s.named("db-login")
	before := s.proxy.Requests()
	s.proxy.On(list, wire.Delay(slowness)) // So that all who want one have come before its end.
	s.proxy.Silence()
	s.proxy.Speak()
	s.await(func() string {
		if s.requests(login, before) < 2 {
			return "the connections are not open again"
		}
		return ""
	})
	for range 2 { // The first answer may be from before somebody wanted another listing.
		if s.named("db-login") == nil {
			t.Error("the secret is not known any more")
		}
	}
	if n := s.requests(list, before); n != 1 {
		t.Errorf("%d listings, want 1", n)
	}
}
