// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
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

func TestFailingReplacementKeepsConnection(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change func(*content.Connection)
		reason v1alpha1.Reason
	}{
		"password": {
			func(c *content.Connection) { c.Password = content.Seal("another") }, v1alpha1.ReasonCredentialsRejected,
		},
		"user": {
			func(c *content.Connection) { c.Username = "unknown" }, v1alpha1.ReasonCredentialsRejected,
		},
		"invalid user name": {
			func(c *content.Connection) { c.Username = "not valid" }, v1alpha1.ReasonCredentialsRejected,
		},
		"kind of credentials": {
			func(c *content.Connection) { c.Auth = content.ClientCredentials }, v1alpha1.ReasonCredentialsRejected,
		},
		"address": {
			func(c *content.Connection) { c.Addresses = []string{"127.0.0.1:1"} }, v1alpha1.ReasonJujuUnreachable,
		},
		"CA certificate": { // Of the server behind the proxy.
			func(c *content.Connection) { c.CACertificate = shared.Juju.CACertificate },
			v1alpha1.ReasonCertificateMismatch,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newConnected(t)
			id := f.add("db-login")[0]
			before, changes := f.proxy.Requests(), len(f.seen())
			connection := f.connection(f.Juju.Operator)
			row.change(&connection)
			for range 2 {
				problem := f.pool.Set(f.Ctx, controller, connection, longInterval).Problem
				if problem == nil || problem.Reason != row.reason ||
					!strings.Contains(problem.Message, "still uses the former connection and the former credentials") {
					t.Errorf("problem of the replacement: %+v, want %s", problem, row.reason)
				}
			}
			if known := f.view(plan.Query{ID: id}); known.ByID == nil {
				t.Errorf("view of the secret: %+v", known)
			}
			f.succeed(updating(id, "new"))
			if n := f.requests(list, before); n != 0 {
				t.Errorf("%d listings, want none: the connection was replaced", n)
			}
			for _, change := range f.seen()[changes:] {
				if change.All {
					t.Errorf("change %+v concerns objects that still have their connection", change)
				}
			}

			f.connect(longInterval) // The former connection is asked for again.
			f.add("another")
			if n := f.requests(list, before); n != 0 {
				t.Errorf("%d listings after the change was taken back, want none", n)
			}
			f.Await(func() string {
				if open, _ := f.proxy.Connections(); open != 2 {
					return fmt.Sprintf("%d connections are open, want those to the controller and to the model", open)
				}
				return ""
			})
		})
	}
}

// addUser adds a user with write access to the model.
func (f *fixture) addUser() servers.Account {
	f.Helper()
	user, err := f.Juju.AddUser(f.Ctx, "user-"+strings.ToLower(rand.Text()))
	f.Must(err)
	f.Must(f.Juju.GrantModel(f.Ctx, f.Model, user.Username, "write"))
	return user
}

// awaitReplaced waits until only the connections of a new session are open.
func (f *fixture) awaitReplaced(since map[string]int) {
	f.Helper()
	f.Await(func() string {
		open, _ := f.proxy.Connections()
		if n := f.requests(list, since); n == 0 || open != 2 {
			f.view(plan.Query{})
			return fmt.Sprintf("%d listings, %d open connections, want a new session with two", n, open)
		}
		return ""
	})
}

// The pool itself tries the new password again.
func TestPasswordChangedInKubernetesFirstKeepsConnection(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	user := f.addUser()
	f.switchUser(user)
	id := f.add("db-login")[0]
	before := f.proxy.Requests()
	user.Password = "another"
	if health := f.set(user, longInterval); !isRejected(health.Problem) {
		t.Fatalf("problem with the new password: %+v, want CredentialsRejected", health.Problem)
	}
	f.succeed(updating(id, "new"))
	f.Must(f.Juju.SetPassword(f.Ctx, user.Username, user.Password))
	f.succeed(updating(id, "newer"))
	f.awaitReplaced(before)
	if health := f.set(user, longInterval); health.Problem != nil {
		t.Errorf("problem with the new password: %+v, want none", health.Problem)
	}
	f.succeed(updating(id, "newest"))
}

func TestPasswordChangedInJujuFirstKeepsConnection(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	user := f.addUser()
	f.switchUser(user)
	id := f.add("db-login")[0]
	before := f.proxy.Requests()
	user.Password = "another"
	f.Must(f.Juju.SetPassword(f.Ctx, user.Username, user.Password))
	f.succeed(updating(id, "new"))
	if n := f.requests(login, before); n != 0 {
		t.Errorf("%d logins before the new password is known, want none", n)
	}
	f.switchUser(user)
	f.succeed(updating(id, "newer"))
	f.awaitReplaced(before)
	if n := f.requests(login, before); n != 2 {
		t.Errorf("%d logins, want one to the controller and one to the model", n)
	}
}

// The former credentials are not used for another login to the controller.
func TestBrokenConnectionFallsToRefusedReplacement(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	user := f.addUser()
	users := f.users()
	f.switchUser(user)
	id := f.add("db-login")[0]
	password := user.Password
	user.Password = "another"
	if health := f.set(user, longInterval); !isRejected(health.Problem) {
		t.Fatalf("problem with the new password: %+v, want CredentialsRejected", health.Problem)
	}
	f.proxy.Silence() // Cuts all connections.
	f.proxy.Speak()
	f.Await(func() string {
		if view := f.view(plan.Query{ID: id}); view.Known || !isRejected(view.Problem) {
			return fmt.Sprintf("the model is known: %v, problem %+v, want CredentialsRejected", view.Known, view.Problem)
		}
		return ""
	})
	if health := f.set(user, longInterval); !isRejected(health.Problem) ||
		strings.Contains(health.Problem.Message, "former") {
		t.Errorf("problem of the controller: %+v, want CredentialsRejected without a former connection", health.Problem)
	}
	accepted := slices.DeleteFunc(users(), func(name string) bool { return name == "" })
	if len(accepted) != 2 {
		t.Errorf("accepted logins by %v, want two with the former password", accepted)
	}
	user.Password = password
	f.switchUser(user)
	f.succeed(updating(id, "new"))
}

// A user who expects another controller distrusts the present one.
func TestConnectionToUnexpectedControllerIsClosed(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	f.add("db-login")
	connection := f.connection(f.Juju.Operator)
	connection.ControllerUUID = "6d0a9b1c-6f0e-4c1f-8a76-0d2f5c3b7e11"
	health := f.pool.Set(f.Ctx, controller, connection, longInterval)
	if health.Problem == nil || health.Problem.Reason != v1alpha1.ReasonControllerChanged ||
		strings.Contains(health.Problem.Message, "former") {
		t.Errorf("problem %+v, want ControllerChanged", health.Problem)
	}
	if view := f.view(plan.Query{}); view.Known || view.Problem.Reason != v1alpha1.ReasonControllerChanged {
		t.Errorf("model known: %v, problem %+v, want ControllerChanged", view.Known, view.Problem)
	}
	f.Await(func() string {
		if open, _ := f.proxy.Connections(); open > 0 {
			return "a connection is still open"
		}
		return ""
	})
}

// After a restart the former credentials are gone.
func TestRefusedLoginSucceedsSoonAfterPasswordChange(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	user := f.addUser()
	user.Password = "another"
	if health := f.set(user, longInterval); !isRejected(health.Problem) {
		t.Fatalf("problem with the new password: %+v, want CredentialsRejected", health.Problem)
	}
	f.Must(f.Juju.SetPassword(f.Ctx, user.Username, user.Password))
	f.known(plan.Query{})
}
