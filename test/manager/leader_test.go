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

// leaders notes who leads the operators of a class from now on, empty for nobody, each time that this changes.
func (s *scene) leaders(class string) (soFar func() []string) {
	s.Helper()
	lease := s.lease(class)
	watch, err := s.Kube.Watch(s.Ctx, &coordinationv1.LeaseList{}, client.InNamespace(lease.Namespace),
		&client.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", lease.Name)})
	s.Must(err)
	s.Cleanup(watch.Stop)
	var seen []string
	return func() []string {
		for {
			select {
			case event, more := <-watch.ResultChan():
				if !more {
					s.Fatal("the watch of the Lease ended")
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

// pair starts two operators of which the first leads, and serves a tenant.
func (s *scene) pair() (leads, waits *operator, objs *tenant) {
	s.Helper()
	s.shared(s.ns, s.ns)
	leads = s.startOwn("the first to lead")
	s.awaitLeader(s.ns)
	waits = s.startOwn("the other")
	waits.awaitReady()
	objs = s.tenant(s.ns, "db-login", gen.Through(s.ns))
	s.Create(objs.source, objs.secret, objs.access)
	s.AwaitReady(objs.secret, objs.access)
	return leads, waits, objs
}

func TestAnotherReplicaGoesOnAtOnceWhenTheLeaderStops(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	leads, _, objs := s.pair()
	first := s.leader(s.ns)
	leaders := s.leaders(s.ns)
	leads.stop()
	next := s.awaitLeader(s.ns, first)
	s.setContent(objs, "second")
	s.awaitJuju(holding("db-login", "second", 2, "app1"))
	s.Await(func() string {
		if got := leaders(); !slices.Contains(got, next) {
			return "the watch has yet to tell of the next leader"
		}
		return ""
	})
	got := leaders()
	if got[0] == first { // The watch begins with what is.
		got = got[1:]
	}
	if !slices.Equal(got, []string{"", next}) {
		t.Errorf("%q led after %q, want nobody, as the Lease was given back, and then the other", got, first)
	}
	s.LookNow(objs.secret)
	s.expectMade(map[string]int{"CreateSecrets": 1, "UpdateSecrets": 1, "GrantSecret": 1})
}

// The one that waits does not get the Lease while the leader finishes what is under way, however long that takes.
func TestAStoppingLeaderKeepsTheLeaseUntilAllIsFinished(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	leads, _, objs := s.pair()
	first := s.leader(s.ns)
	held := s.hold("Secrets.UpdateSecrets")
	s.setContent(objs, "second")
	held.await()
	ended := leads.stopping()
	leads.awaitUnready()
	for range 2 { // For longer than the other one waits between its attempts.
		s.expectStillLeads(s.ns)
	}
	s.setContent(objs, "third")
	close(held.release)
	s.Must(<-ended)
	s.awaitLeader(s.ns, first)
	s.awaitJuju(holding("db-login", "third", 3, "app1"))
	s.LookNow(objs.secret)
	s.expectMade(map[string]int{"CreateSecrets": 1, "UpdateSecrets": 2, "GrantSecret": 1})
}

func TestAnotherReplicaGoesOnAfterALeaderThatWasKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes as long as a Lease lasts")
	}
	t.Parallel()
	s := newScene(t)
	leads, _, objs := s.pair()
	first := s.leader(s.ns)
	s.Must(leads.Kill())
	s.setContent(objs, "second")
	if next := s.leader(s.ns); next != first {
		t.Errorf("%q leads before the Lease of %q has run out", next, first)
	}
	s.awaitLeader(s.ns, first)
	s.awaitJuju(holding("db-login", "second", 2, "app1"))
	s.LookNow(objs.secret)
	s.expectMade(map[string]int{"CreateSecrets": 1, "UpdateSecrets": 1, "GrantSecret": 1})
}
