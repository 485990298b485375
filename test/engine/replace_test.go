// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"sync"
	"testing"

	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

// users records the users of later logins.
func (f *fixture) users() (all func() []string) {
	var (
		mu    sync.Mutex
		users []string
	)
	f.proxy.Rewrite(login, func(answer *wire.Answer) {
		info, _ := answer.Response["user-info"].(map[string]any)
		name, _ := info["identity"].(string)
		mu.Lock()
		defer mu.Unlock()
		users = append(users, name)
	})
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(users)
	}
}

// replace makes the pool log in as another user while a creation is in flight.
// Juju has executed the creation, and the proxy delays its answer. The channel
// met is closed when the answer is delivered.
func (f *fixture) replace(name string) (met <-chan struct{}, outcome <-chan plan.Outcome) {
	f.Helper()
	met, outcome = f.startCreation(name, wire.Delay(slowDelay))
	f.switchUser(f.Juju.Admin)
	return met, outcome
}

// startCreation starts a creation with a late answer, and returns once Juju has
// executed it.
func (f *fixture) startCreation(name string, late wire.Fault) (met <-chan struct{}, outcome <-chan plan.Outcome) {
	f.Helper()
	done, err := f.Juju.AwaitAnswered(f.Ctx, f.Model, create, -1)
	f.Must(err)
	met = f.proxy.On(create, late)
	ended := make(chan plan.Outcome, 1)
	go func() { ended <- f.do(creating(name, "old"))[0] }()
	f.Must(errorOf(f.Juju.AwaitAnswered(f.Ctx, f.Model, create, done)))
	return met, ended
}

// switchUser replaces the session with a session of another user.
func (f *fixture) switchUser(user servers.Account) {
	f.Helper()
	if health := f.set(user, longInterval); health.Problem != nil {
		f.Fatalf("cannot log in: %+v", health.Problem)
	}
}

func TestRequestInFlightOutlivesSession(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	users := f.users()
	f.connect(longInterval)
	_, ended := f.replace("first")
	outcome := <-ended
	if outcome.Problem != nil || outcome.Secret == nil {
		t.Fatalf("problem of the creation: %+v", outcome.Problem)
	}
	f.add("second")
	found := f.secrets()
	if len(found) != 2 || found[0].ID != outcome.Secret.ID || found[0].Revision != 1 {
		t.Errorf("Juju has %+v, want two secrets", found)
	}
	want := []string{"user-operator", "user-operator", "user-admin", "user-admin"}
	if got := users(); !slices.Equal(got, want) {
		t.Errorf("logins by %v, want %v", got, want)
	}
	f.Await(func() string {
		if open, _ := f.proxy.Connections(); open != 2 {
			return "the old connections are still open"
		}
		return ""
	})
}

func TestWaitingStepsMoveToNewSession(t *testing.T) {
	t.Parallel()
	rows := changes()
	rows["creates"] = bulks()["creates"]
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newConnected(t)
			id := f.add("db-login")[0]
			f.named("db-login")
			_, first := f.startCreation("in flight", wire.Delay(slowDelay))
			ready, second := make(chan struct{}), make(chan plan.Outcome, 1)
			go func() {
				second <- f.doReady(func() { close(ready) }, row.step(id, "waits"))[0]
			}()
			f.awaitFault(ready)
			f.switchUser(f.Juju.Admin)
			for what, outcome := range map[string]plan.Outcome{"in flight": <-first, "waiting": <-second} {
				if outcome.Problem != nil || len(outcome.Applications) > 0 {
					t.Errorf("the step %s: %+v, %+v, want success", what, outcome.Problem, outcome.Applications)
				}
			}
		})
	}
}

func TestNewSessionSeesWritesOfOldSession(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	met, outcome := f.replace("db-login")
	// As if Juju executed the request of the old session after the new session
	// has listed the model.
	f.proxy.Rewrite(list, func(answer *wire.Answer) {
		select {
		case <-met:
		default:
			answer.Response["results"] = []any{}
		}
	})
	f.known(plan.Query{})
	created := <-outcome
	if created.Problem != nil {
		t.Fatalf("problem of the creation: %+v", created.Problem)
	}
	if known := f.named("db-login"); known == nil || known.ID != created.Secret.ID {
		t.Errorf("view of the secret: %+v, want ID %s", known, created.Secret.ID)
	}
}
