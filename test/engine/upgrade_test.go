// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/wire"
)

func TestUpgradeIsWaitedOut(t *testing.T) {
	t.Parallel()
	f := newOwn(t)
	id := f.add("db-login")[0]
	f.named("db-login")
	f.Must(f.Juju.BeginUpgrade(f.Ctx))
	f.awaitUpgrade()
	reason := reasonOf(f.do(updating(id, "new"))[0])
	if reason != v1alpha1.ReasonModelUnavailable && reason != v1alpha1.ReasonJujuUnreachable {
		t.Errorf("reason of an update during the upgrade: %q, want ModelUnavailable or JujuUnreachable", reason)
	}
	before := len(f.seen())
	f.Must(f.Juju.EndUpgrade(f.Ctx))
	f.awaitChange(before, func(change plan.Change) bool { return change.ModelUUID == f.Model.UUID })
	if view := f.known(plan.Query{ID: id}); view.ByID == nil || view.ByID.Revision != 1 {
		t.Errorf("view of the secret afterwards: %+v, want revision 1", view.ByID)
	}
	f.succeed(updating(id, "new"))
	if found := f.secrets(); len(found) != 1 || found[0].Revision != 2 {
		t.Errorf("Juju has %+v, want one secret at revision 2", found)
	}
}

// awaitUpgrade waits until the pool reports an upgrade.
func (f *fixture) awaitUpgrade() {
	f.Helper()
	f.Await(func() string {
		view := f.view(plan.Query{})
		if view.Known || view.Problem.Reason != v1alpha1.ReasonModelUnavailable {
			return "the pool has not noticed the upgrade"
		}
		return ""
	})
}

func TestUpgradeIsReportedWhileItLasts(t *testing.T) {
	t.Parallel()
	f := newOwn(t)
	f.named("db-login")
	f.Must(f.Juju.BeginUpgrade(f.Ctx))
	f.awaitUpgrade()
	reported := map[v1alpha1.Reason]int{}
	before := f.proxy.Requests()
	f.Await(func() string {
		reported[f.view(plan.Query{}).Problem.Reason]++
		if n := f.requests(login, before); n < 2 {
			return fmt.Sprintf("the pool has tried to log in %d times, want 2", n)
		}
		return ""
	})
	if reported[v1alpha1.ReasonModelUnavailable] < 10*reported[v1alpha1.ReasonJujuUnreachable] || len(reported) > 2 {
		t.Errorf("views by reason: %v, want ModelUnavailable and at most one in 11 JujuUnreachable", reported)
	}
}

func TestServerRestartIsWaitedOut(t *testing.T) {
	t.Parallel()
	f := newOwn(t)
	id := f.add("db-login")[0]
	f.named("db-login")
	f.Must(f.Juju.StopServing(f.Ctx))
	f.Await(func() string {
		if f.view(plan.Query{}).Known {
			return "the pool has not noticed that the server is gone"
		}
		return ""
	})
	f.checkReasons("an update", f.do(updating(id, "new")), map[v1alpha1.Reason]int{v1alpha1.ReasonJujuUnreachable: 1})
	before := len(f.seen())
	f.Must(f.Juju.StartServing(f.Ctx))
	f.awaitChange(before, func(change plan.Change) bool { return change.Controller == controller })
	if view := f.known(plan.Query{ID: id}); view.ByID == nil || view.ByID.Revision != 1 {
		t.Errorf("view of the secret afterwards: %+v, want revision 1", view.ByID)
	}
}

func TestReconnectCostsOneListing(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	f.add("db-login")
	f.named("db-login")
	before := f.proxy.Requests()
	f.proxy.On(list, wire.Delay(slowDelay)) // All callers arrive before the listing ends.
	f.proxy.Silence()
	f.proxy.Speak()
	f.Await(func() string {
		if f.requests(login, before) < 2 {
			return "the pool has not connected again"
		}
		return ""
	})
	for range 2 { // The first view can predate the request for another listing.
		if f.named("db-login") == nil {
			t.Error("the secret is no longer known")
		}
	}
	if n := f.requests(list, before); n != 1 {
		t.Errorf("%d listings, want 1", n)
	}
}
