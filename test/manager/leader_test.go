// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"slices"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/fields"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/test/gen"
)

// leaders records each change of the leader of a class from now on. The entry
// is empty when there is no leader.
func (f *fixture) leaders(class string) (soFar func() []string) {
	f.Helper()
	lease := f.lease(class)
	watch, err := f.Kube.Watch(f.Ctx, &coordinationv1.LeaseList{}, client.InNamespace(lease.Namespace),
		&client.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", lease.Name)})
	f.Must(err)
	f.Cleanup(watch.Stop)
	var seen []string
	return func() []string {
		for {
			select {
			case event, more := <-watch.ResultChan():
				if !more {
					f.Fatal("the watch of the Lease ended")
				}
				if lease, ok := event.Object.(*coordinationv1.Lease); ok && lease.Spec.HolderIdentity != nil {
					seen = append(seen, *lease.Spec.HolderIdentity)
				}
			default:
				seen = slices.Compact(seen)
				return seen
			}
		}
	}
}

// pair starts two operators and creates objects for a tenant. The first
// operator is the leader.
func (f *fixture) pair() (leader, standby *operator, objs *tenant) {
	f.Helper()
	f.shared(f.Namespace, f.Namespace)
	leader = f.startOwn("leader")
	f.awaitLeader(f.Namespace)
	standby = f.startOwn("standby")
	standby.awaitReady()
	objs = f.tenant(f.Namespace, "db-login", gen.Through(f.Namespace))
	f.Create(objs.source, objs.secret, objs.access)
	f.AwaitReady(objs.secret, objs.access)
	return leader, standby, objs
}

func TestLeaderElectionHandsOverWhenLeaderStops(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	leader, _, objs := f.pair()
	first := f.leader(f.Namespace)
	leaders := f.leaders(f.Namespace)
	leader.MustStop()
	next := f.awaitLeader(f.Namespace, first)
	f.setContent(objs, "second")
	f.AwaitJuju(holding("db-login", "second", 2, "app1"))
	f.Await(func() string {
		if got := leaders(); !slices.Contains(got, next) {
			return "the watch has not reported the next leader yet"
		}
		return ""
	})
	got := leaders()
	if got[0] == first { // The watch starts with the current state.
		got = got[1:]
	}
	if !slices.Equal(got, []string{"", next}) {
		t.Errorf("after %[2]q the holders are %[1]q, want none and then the standby, because the leader releases the Lease",
			got, first)
	}
	f.LookNow(objs.secret)
	f.expectMade(map[string]int{"CreateSecrets": 1, "UpdateSecrets": 1, "GrantSecret": 1})
}

// The standby does not get the Lease while the leader finishes its requests,
// however long they take.
func TestLeaderElectionKeepsLeaseUntilShutdownCompletes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	leader, _, objs := f.pair()
	first := f.leader(f.Namespace)
	held := f.hold("Secrets.UpdateSecrets")
	f.setContent(objs, "second")
	held.await()
	ended := leader.stopping()
	leader.awaitUnready()
	for range 2 { // This takes longer than the standby waits between two attempts.
		f.expectStillLeads(f.Namespace)
	}
	f.setContent(objs, "third")
	close(held.release)
	f.Must(<-ended)
	f.awaitLeader(f.Namespace, first)
	f.AwaitJuju(holding("db-login", "third", 3, "app1"))
	f.LookNow(objs.secret)
	f.expectMade(map[string]int{"CreateSecrets": 1, "UpdateSecrets": 2, "GrantSecret": 1})
}

func TestLeaderElectionRecoversWhenLeaderIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("the test waits until a Lease expires")
	}
	t.Parallel()
	f := newFixture(t)
	leader, _, objs := f.pair()
	first := f.leader(f.Namespace)
	f.Must(leader.Kill())
	f.setContent(objs, "second")
	if next := f.leader(f.Namespace); next != first {
		t.Errorf("%q is the leader before the Lease of %q has expired", next, first)
	}
	f.awaitLeader(f.Namespace, first)
	f.AwaitJuju(holding("db-login", "second", 2, "app1"))
	f.LookNow(objs.secret)
	f.expectMade(map[string]int{"CreateSecrets": 1, "UpdateSecrets": 1, "GrantSecret": 1})
}
