// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

// users records who logs in from now on.
func (s *scene) users() (all func() []string) {
	var (
		mu    sync.Mutex
		users []string
	)
	s.proxy.Rewrite(login, func(answer *wire.Answer) {
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

// replace makes the Pool log in as another user while a creation is under way, once Juju has done it. Met is closed when it
// is answered, and outcome is that of the creation.
func (s *scene) replace(name string) (met <-chan struct{}, outcome <-chan plan.Outcome) {
	s.Helper()
	met, outcome = s.underWay(name, wire.Delay(slowness))
	s.become(s.server.Admin)
	return met, outcome
}

// underWay begins a creation that is answered late, and returns once Juju has done it.
func (s *scene) underWay(name string, late wire.Fault) (met <-chan struct{}, outcome <-chan plan.Outcome) {
	s.Helper()
	done, err := s.server.AwaitAnswered(s.ctx, s.model, create, -1)
	s.must(err)
	met = s.proxy.On(create, late)
	ended := make(chan plan.Outcome, 1)
	go func() { ended <- s.do(creating(name, "old"))[0] }()
	s.must(errorOf(s.server.AwaitAnswered(s.ctx, s.model, create, done)))
	return met, ended
}

// become replaces the session by that of another user.
func (s *scene) become(user servers.Account) {
	s.Helper()
	if health := s.set(user, seldom); health.Trouble != nil {
		s.Fatalf("cannot log in: %+v", health.Trouble)
	}
}

func TestARequestUnderWayOutlivesItsSession(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	users := s.users()
	s.connect(seldom)
	_, ended := s.replace("first")
	outcome := <-ended
	if outcome.Trouble != nil || outcome.Secret == nil {
		t.Fatalf("the outcome is: %+v", outcome.Trouble)
	}
	s.add("second")
	found := s.secrets()
	if len(found) != 2 || found[0].ID != outcome.Secret.ID || found[0].Revision != 1 {
		t.Errorf("Juju has: %+v", found)
	}
	want := []string{"user-operator", "user-operator", "user-admin", "user-admin"}
	if got := users(); !slices.Equal(got, want) {
		t.Errorf("those who logged in are %v, want %v", got, want)
	}
	s.await(func() string {
		if open, _ := s.proxy.Connections(); open != 2 {
			return "the old connections are open"
		}
		return ""
	})
}

func TestWhatWaitsForASessionThatIsReplacedGoesToTheNextOne(t *testing.T) {
	t.Parallel()
	rows := changes()
	rows["creates"] = bulks()["creates"]
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newConnectedScene(t)
			id := s.add("db-login")[0]
			s.named("db-login")
			_, first := s.underWay("under way", wire.Delay(slowness))
			ready, second := make(chan struct{}), make(chan plan.Outcome, 1)
			go func() {
				second <- s.doReady(func(context.Context) error {
					close(ready)
					return nil
				}, row.step(id, "waits"))[0]
			}()
			s.awaitMet(ready)
			s.become(s.server.Admin)
			for what, outcome := range map[string]plan.Outcome{"under way": <-first, "waiting": <-second} {
				if outcome.Trouble != nil || len(outcome.Applications) > 0 {
					t.Errorf("the outcome of what was %s is: %+v, %+v", what, outcome.Trouble, outcome.Applications)
				}
			}
		})
	}
}

func TestWhatTheOldSessionDidIsSeenByTheNewOne(t *testing.T) {
	t.Parallel()
	s := newConnectedScene(t)
	met, outcome := s.replace("db-login")
	// As if Juju did what the old session asks for after the new one has listed the model.
	s.proxy.Rewrite(list, func(answer *wire.Answer) {
		select {
		case <-met:
		default:
			answer.Response["results"] = []any{}
		}
	})
	s.known(plan.Query{})
	created := <-outcome
	if created.Trouble != nil {
		t.Fatalf("the outcome is: %+v", created.Trouble)
	}
	if known := s.named("db-login"); known == nil || known.ID != created.Secret.ID {
		t.Errorf("afterwards the Pool knows: %+v", known)
	}
}
