// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"maps"
	"net/http"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/wire"
)

// tenant holds a source, a JujuSecret and a JujuSecretAccess.
type tenant struct {
	source *corev1.Secret
	secret *v1alpha1.JujuSecret
	access *v1alpha1.JujuSecretAccess
}

// tenant returns the objects for a secret, and creates none.
func (f *fixture) tenant(ns, name string, through func(*v1alpha1.JujuSecret)) *tenant {
	return &tenant{
		source: gen.Secret(ns, name, map[string]string{"password": "first"}),
		secret: gen.JujuSecret(ns, name, f.Model.Name, through, gen.FromSecret(name)),
		access: gen.Access(ns, name, name, "app1"),
	}
}

// setContent changes the source of the content.
func (f *fixture) setContent(t *tenant, value string) {
	f.Helper()
	env.Change(f, t.source, func(o *corev1.Secret) { o.Data["password"] = []byte(value) })
}

// held is a request with a delayed answer. Juju carries out the request, and
// the operator gets the answer when the test closes release.
type held struct {
	f        *fixture
	method   string
	answered int
	release  chan struct{}
}

func (f *fixture) hold(method string) *held {
	f.Helper()
	before, err := f.Juju.AwaitAnswered(f.Ctx, f.Model, method, -1)
	f.Must(err)
	h := &held{f, method, before, make(chan struct{})}
	f.proxy.On(method, wire.Until(h.release))
	return h
}

// await waits until Juju has carried out the request.
func (h *held) await() {
	h.f.Helper()
	_, err := h.f.Juju.AwaitAnswered(h.f.Ctx, h.f.Model, h.method, h.answered)
	h.f.Must(err)
}

// stopping stops an operator in the background. The channel returns the result.
func (op *operator) stopping() <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- op.Stop() }()
	return ended
}

// The operator waits for the answers to its requests and records them before it
// stops. The next operator finds this state and handles only later changes.
func TestShutdownFinishesRequestsInProgress(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		method string
		// before runs until all objects are in sync. then causes the request to
		// Juju.
		before, then func(f *fixture, t *tenant)
		// recorded reports whether the answer is recorded in Kubernetes.
		recorded func(f *fixture, t *tenant) bool
		made     map[string]int
		apps     []string
	}{
		"creation": {
			method: "Secrets.CreateSecrets",
			before: func(*fixture, *tenant) {},
			then:   func(f *fixture, t *tenant) { f.Create(t.secret) },
			recorded: func(f *fixture, t *tenant) bool {
				f.Refresh(t.secret)
				return t.secret.Status.SecretID != "" && t.secret.Status.Revision == 1
			},
			made: map[string]int{"CreateSecrets": 1},
		},
		"update": {
			method: "Secrets.UpdateSecrets",
			before: func(f *fixture, t *tenant) {
				f.Create(t.secret)
				f.AwaitReady(t.secret)
			},
			then: func(f *fixture, t *tenant) { f.setContent(t, "second") },
			recorded: func(f *fixture, t *tenant) bool {
				f.Refresh(t.secret)
				return t.secret.Status.Revision == 2
			},
			made: map[string]int{"CreateSecrets": 1, "UpdateSecrets": 1},
		},
		"grant": {
			method: "Secrets.GrantSecret",
			before: func(f *fixture, t *tenant) {
				f.Create(t.secret)
				f.AwaitReady(t.secret)
			},
			then: func(f *fixture, t *tenant) { f.Create(t.access) },
			recorded: func(f *fixture, t *tenant) bool {
				f.Refresh(t.access)
				return t.access.Status.Granted == "1/1"
			},
			made: map[string]int{"CreateSecrets": 1, "GrantSecret": 1},
			apps: []string{"app1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.shared(f.Namespace, f.Namespace)
			first := f.startOwn("first")
			objs := f.tenant(f.Namespace, "db-login", gen.Through(f.Namespace))
			f.Create(objs.source)
			f.awaitLeader(f.Namespace)
			row.before(f, objs)
			held := f.hold(row.method)
			row.then(f, objs)
			held.await()

			ended := first.stopping()
			first.awaitUnready()
			// This change is for the next operator.
			f.setContent(objs, "third")
			f.expectStillLeads(f.Namespace)
			first.expectHealthyButNotReady()
			select {
			case err := <-ended:
				t.Fatalf("the operator stopped before the answer, with %v", err)
			default:
			}
			close(held.release)
			f.Must(<-ended)
			if !row.recorded(f, objs) {
				t.Errorf("the operator did not record the answer: %+v %+v", objs.secret.Status, objs.access.Status)
			}
			if leader := f.leader(f.Namespace); leader != "" {
				t.Errorf("%s has stopped and kept the Lease", leader)
			}
			f.expectMade(row.made)

			f.startOwn("next")
			made := maps.Clone(row.made)
			made["UpdateSecrets"]++
			f.AwaitJuju(holding("db-login", "third", made["UpdateSecrets"]+1, row.apps...))
			f.LookNow(objs.secret)
			f.AwaitReady(objs.secret)
			f.expectMade(made)
		})
	}
}

// awaitUnready waits until the operator has received the signal to stop.
func (op *operator) awaitUnready() {
	op.f.Helper()
	op.f.Await(func() string {
		if op.probe("/readyz") == http.StatusOK {
			return "the operator " + op.Name + " is still ready after the signal to stop"
		}
		return ""
	})
}

// expectStillLeads waits until the leader renews its Lease.
func (f *fixture) expectStillLeads(class string) {
	f.Helper()
	before := f.lease(class)
	f.Await(func() string {
		now := f.lease(class)
		if now.Spec.HolderIdentity == nil {
			f.Fatal("there is no leader")
		}
		if *now.Spec.HolderIdentity != *before.Spec.HolderIdentity {
			f.Fatalf("the leader is %q, want %q", *now.Spec.HolderIdentity, *before.Spec.HolderIdentity)
		}
		if now.Spec.RenewTime.Equal(before.Spec.RenewTime) {
			return "the Lease is not renewed"
		}
		return ""
	})
}

// An operator that stops does not start work on queued objects.
func TestShutdownLeavesQueuedObjectsToNextOperator(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.shared(f.Namespace, f.Namespace)
	first := f.startOwn("first")
	f.awaitLeader(f.Namespace)
	active := f.tenant(f.Namespace, "a-active", gen.Through(f.Namespace))
	waiting := f.tenant(f.Namespace, "b-waiting", gen.Through(f.Namespace))
	f.Create(active.source, waiting.source)
	held := f.hold("Secrets.CreateSecrets")
	f.Create(active.secret)
	held.await()
	f.Create(waiting.secret)
	f.Await(func() string {
		if f.Refresh(waiting.secret); len(waiting.secret.Finalizers) == 0 {
			return "the queued object has no finalizer yet"
		}
		return ""
	})
	ended := first.stopping()
	first.awaitUnready()
	close(held.release)
	f.Must(<-ended)
	f.expectMade(map[string]int{"CreateSecrets": 1})
	if f.Refresh(waiting.secret); len(waiting.secret.Status.Conditions) > 0 {
		t.Errorf("the shutdown set conditions on the queued object: %+v", waiting.secret.Status.Conditions)
	}

	f.startOwn("next")
	f.AwaitReady(active.secret, waiting.secret)
	f.AwaitShown(active.secret, v1alpha1.ReasonSynced)
	f.AwaitShown(waiting.secret, v1alpha1.ReasonSynced)
	f.AwaitJuju(holding("a-active", "first", 1), holding("b-waiting", "first", 1))
	f.expectMade(map[string]int{"CreateSecrets": 2})
}
