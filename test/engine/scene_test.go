// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/juju/juju/rpc/params"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/juju"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

const (
	// patience bounds every wait, on a machine that is busy with other tests.
	patience = 60 * time.Second
	// seldom is an interval that does not end during a test.
	seldom = time.Hour
	// controller is the name under which a Pool knows the server.
	controller = "controller"
	// method names, as the Proxy counts them.
	login, list               = "Admin.Login", "Secrets.ListSecrets"
	create, update, remove    = "Secrets.CreateSecrets", "Secrets.UpdateSecrets", "Secrets.RemoveSecrets"
	grantSecret, revokeSecret = "Secrets.GrantSecret", "Secrets.RevokeSecret"
)

// scene is a Pool of a test's own and a model of its own, with a Proxy of its own between them.
type scene struct {
	*testing.T

	ctx    context.Context
	server *servers.Juju
	proxy  *wire.Proxy
	model  servers.Model
	pool   *juju.Pool
	heard  *heard

	mu      sync.Mutex
	changes []plan.Change
}

// newScene makes a scene whose Pool knows nobody yet.
func newScene(t *testing.T) *scene {
	t.Helper()
	return newSceneOn(t, shared)
}

// newSceneOn makes a scene with a model on a Juju server of the test's own.
func newSceneOn(t *testing.T, server *servers.Juju) *scene {
	t.Helper()
	s := &scene{T: t, ctx: t.Context(), server: server}
	s.model = s.addModel()
	var err error
	s.proxy, err = wire.Start(s.ctx, server.Addresses[0], server.CACertificate)
	s.must(err)
	s.Cleanup(s.proxy.Close)
	s.heard = new(heard)
	s.pool = juju.NewPool(func(string) bool { return true }, s.heard)
	s.Cleanup(s.pool.Close)
	changed := s.pool.Changed()
	go func() {
		for {
			select {
			case change := <-changed:
				s.mu.Lock()
				s.changes = append(s.changes, change)
				s.mu.Unlock()
			case <-s.ctx.Done():
				return
			}
		}
	}()
	return s
}

// newConnectedScene makes a scene whose Pool is logged in to the controller.
func newConnectedScene(t *testing.T) *scene {
	t.Helper()
	s := newScene(t)
	s.connect(seldom)
	return s
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *scene) addModel() servers.Model {
	s.Helper()
	model, err := s.server.AddModel(s.ctx, "engine-"+strings.ToLower(rand.Text()))
	s.must(err)
	return model
}

// connection is what it takes to log in as a user, through the Proxy.
func (s *scene) connection(as servers.Account) content.Connection {
	return content.Connection{
		Addresses: []string{s.proxy.Address}, CACertificate: s.proxy.CACertificate,
		Username: as.Username, Password: content.Seal(as.Password),
	}
}

// set makes the Pool log in as a user.
func (s *scene) set(as servers.Account, interval time.Duration) plan.Health {
	s.Helper()
	return s.logIn(s.connection(as), interval)
}

// logIn makes the Pool log in, and waits until the first attempt has ended, which the Pool itself does not wait for long.
func (s *scene) logIn(connection content.Connection, interval time.Duration) (health plan.Health) {
	s.Helper()
	s.must(servers.Await(s.ctx, patience, func() (string, error) {
		health = s.pool.Set(s.ctx, controller, connection, interval)
		if health.Trouble != nil && health.Trouble.Kind == plan.Unreachable {
			return health.Trouble.Message, nil
		}
		return "", nil
	}))
	return health
}

func (s *scene) connect(interval time.Duration) {
	s.Helper()
	if health := s.set(s.server.Operator, interval); health.Trouble != nil {
		s.Fatalf("cannot log in: %+v", health.Trouble)
	}
}

func (s *scene) ref() plan.ModelRef { return refTo(s.model) }

func refTo(model servers.Model) plan.ModelRef {
	return plan.ModelRef{Controller: controller, UUID: model.UUID}
}

// world asks once.
func (s *scene) world(query plan.Query) plan.World { return s.pool.World(s.ctx, s.ref(), query) }

// known asks until there is an answer.
func (s *scene) known(query plan.Query) plan.World {
	s.Helper()
	var world plan.World
	s.must(servers.Await(s.ctx, patience, func() (string, error) {
		if world = s.world(query); !world.Known {
			return fmt.Sprintf("the model is not known: %+v", *world.Trouble), nil
		}
		return "", nil
	}))
	return world
}

// named is what the Pool knows of the secret of a name, or nil.
func (s *scene) named(name string) *plan.UserSecret {
	s.Helper()
	return s.known(plan.Query{Name: name}).ByName
}

// atOnce is for a Do that need not wait for anything.
func atOnce(context.Context) error { return nil }

// always is for a Do that nothing forbids.
func always(context.Context) bool { return true }

// do carries out steps of one object.
func (s *scene) do(steps ...plan.Step) []plan.Outcome {
	s.Helper()
	return s.doReady(atOnce, steps...)
}

func (s *scene) doReady(ready func(context.Context) error, steps ...plan.Step) []plan.Outcome {
	s.Helper()
	outcomes, err := s.pool.Do(s.ctx, s.ref(), steps, ready, always)
	if err != nil || len(outcomes) != len(steps) {
		s.Errorf("%d outcomes of %d steps, error %v", len(outcomes), len(steps), err)
		return make([]plan.Outcome, len(steps))
	}
	return outcomes
}

// together carries out each step for an object of its own, all of which are ready at the same time.
func (s *scene) together(steps ...plan.Step) []plan.Outcome {
	s.Helper()
	var announced sync.WaitGroup
	announced.Add(len(steps))
	return s.concurrently(func(context.Context) error {
		announced.Done()
		announced.Wait()
		return nil
	}, steps...)
}

// concurrently carries out each step for an object of its own.
func (s *scene) concurrently(ready func(context.Context) error, steps ...plan.Step) []plan.Outcome {
	s.Helper()
	outcomes := make([]plan.Outcome, len(steps))
	var running sync.WaitGroup
	for i, step := range steps {
		running.Go(func() { outcomes[i] = s.doReady(ready, step)[0] })
	}
	running.Wait()
	return outcomes
}

// succeed carries out steps together, and fails the test unless all succeed.
func (s *scene) succeed(steps ...plan.Step) []plan.Outcome {
	s.Helper()
	outcomes := s.together(steps...)
	for i, outcome := range outcomes {
		if outcome.Trouble != nil || len(outcome.Applications) > 0 {
			s.Fatalf("step %d, %T: %+v, %+v", i, steps[i], outcome.Trouble, outcome.Applications)
		}
	}
	return outcomes
}

// holding is the content of the tests' secrets.
func holding(value string) content.Content { return servers.Content(map[string]string{"key": value}) }

// creating is the step that creates a secret.
func creating(name, value string) plan.Create {
	return plan.Create{Name: name, Content: holding(value)}
}

// updating is the step that gives a secret another content.
func updating(id, value string) plan.Update {
	content := holding(value)
	return plan.Update{ID: id, Content: &content}
}

// add creates secrets through the Pool, and returns their IDs.
func (s *scene) add(names ...string) []string {
	s.Helper()
	var steps []plan.Step
	for _, name := range names {
		steps = append(steps, creating(name, "old"))
	}
	var ids []string
	for _, outcome := range s.succeed(steps...) {
		ids = append(ids, outcome.Secret.ID)
	}
	return ids
}

// numbered are the names of a number of secrets, in alphabetical order.
func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("secret-%03d", i)
	}
	return names
}

// secrets asks Juju itself.
func (s *scene) secrets() []servers.UserSecret {
	s.Helper()
	var found []servers.UserSecret
	s.must(servers.Await(s.ctx, patience, func() (string, error) {
		var err error
		found, err = s.server.Secrets(s.ctx, s.model)
		if params.ErrCode(err) == params.CodeSecretNotFound {
			return "one secret goes while Juju lists them", nil
		}
		return "", err
	}))
	return found
}

// removeAsAPerson removes secrets past the Pool, and returns when Juju has removed them.
func (s *scene) removeAsAPerson(ids ...string) {
	s.Helper()
	for _, id := range ids {
		s.must(s.server.RemoveSecret(s.ctx, s.model, id))
	}
	s.await(func() string {
		for _, secret := range s.secrets() {
			if slices.Contains(ids, secret.ID) {
				return "Juju has not removed " + secret.Name
			}
		}
		return ""
	})
}

// requests is how often a method was called since an earlier count.
func (s *scene) requests(method string, since map[string]int) int {
	return s.proxy.Requests()[method] - since[method]
}

// await waits until nothing is missing.
func (s *scene) await(missing func() string) {
	s.Helper()
	s.must(servers.Await(s.ctx, patience, func() (string, error) { return missing(), nil }))
}

// awaitMet waits until a fault has happened.
func (s *scene) awaitMet(met <-chan struct{}) {
	s.Helper()
	s.must(arrives(s.ctx, met))
}

// arrives waits until a channel has something, or is closed.
func arrives[T any](ctx context.Context, channel <-chan T) error {
	select {
	case <-channel:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(patience):
		return errors.New("waited in vain")
	}
}

// seen are the changes that the Pool has delivered.
func (s *scene) seen() []plan.Change {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.changes)
}

// awaitChange waits for a change that was delivered after the first so many.
func (s *scene) awaitChange(after int, is func(plan.Change) bool) {
	s.Helper()
	s.await(func() string {
		if seen := s.seen(); !slices.ContainsFunc(seen[after:], is) {
			return fmt.Sprintf("what is waited for is not among the changes %+v", seen[after:])
		}
		return ""
	})
}

// kinds counts the kinds of the outcomes' troubles; 0 stands for success.
func kinds(outcomes []plan.Outcome) map[plan.Kind]int {
	counts := map[plan.Kind]int{}
	for _, outcome := range outcomes {
		counts[kindOf(outcome)]++
	}
	return counts
}

// kindOf is the kind of an outcome's trouble, or 0.
func kindOf(outcome plan.Outcome) plan.Kind {
	if outcome.Trouble == nil {
		return 0
	}
	return outcome.Trouble.Kind
}

// checkKinds fails the test unless the outcomes have exactly these kinds.
func (s *scene) checkKinds(what string, outcomes []plan.Outcome, want map[plan.Kind]int) {
	s.Helper()
	if got := kinds(outcomes); !maps.Equal(got, want) {
		s.Errorf("%s: outcomes by kind of trouble are %v, want %v; one is %+v", what, got, want, outcomes[0].Trouble)
	}
}
