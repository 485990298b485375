// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package engine tests internal/juju against a real Juju API server, through a
// proxy that simulates network faults. The tests check the secrets in Juju with
// Juju's own client, which bypasses the proxy. Each test has its own model,
// proxy and pool, so all tests run in parallel.
package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/juju/juju/rpc/params"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/juju"
	jujuwire "github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

const (
	// patience bounds every wait.
	patience = env.Patience
	// longInterval is a refresh interval that does not end during a test.
	longInterval = time.Hour
	// controller is the key of the server in a pool.
	controller = "controller"
	// The methods have the names under which the proxy counts them.
	login, list               = "Admin.Login", "Secrets.ListSecrets"
	listModels                = "ModelManager.ListModels"
	modelInfo                 = "ModelManager.ModelInfo"
	create, update, remove    = "Secrets.CreateSecrets", "Secrets.UpdateSecrets", "Secrets.RemoveSecrets"
	grantSecret, revokeSecret = "Secrets.GrantSecret", "Secrets.RevokeSecret"
)

var (
	// shared holds the Juju server of all tests that do not disturb it.
	shared = env.New(env.Options{Options: servers.Options{Juju: 1}})
	// envProxy is the HTTP proxy in the environment of this process.
	envProxy *connectProxy
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if envProxy, err = startConnectProxy(context.Background()); err == nil {
			defer envProxy.close()
			err = useProxy(envProxy.url)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "cannot set the HTTP proxy of this process:", err)
			return 1
		}
		return shared.Main(m)
	}())
}

// useProxy makes the Juju client of this process use a proxy for all hosts
// except loopback. It removes the variables again, because the servers inherit
// the environment.
func useProxy(url string) error {
	const variable = "HTTPS_PROXY"
	for _, other := range []string{"https_proxy", "http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"} {
		_ = os.Unsetenv(other)
	}
	return errors.Join(os.Setenv(variable, url), jujuwire.UseProxies(), os.Unsetenv(variable))
}

// fixture holds a pool and a model of one test, with a proxy between them.
type fixture struct {
	*env.Fixture

	proxy    *wire.Proxy
	pool     *juju.Pool
	recorder *recorder
	// unawaited is true when no object waits for a missing model.
	unawaited atomic.Bool

	mu      sync.Mutex
	changes []plan.Change
}

// newFixture returns a fixture with a pool that knows no controller yet.
func newFixture(t *testing.T) *fixture {
	t.Helper()
	return connectPool(shared.NewFixture(t))
}

// newOwn returns a fixture with its own Juju server, which the test may
// disturb. The pool is logged in to that server.
func newOwn(t *testing.T) *fixture {
	t.Helper()
	base := shared.NewFixture(t)
	base.StartJuju()
	f := connectPool(base)
	f.connect(longInterval)
	return f
}

func connectPool(base *env.Fixture) *fixture {
	base.Helper()
	f := &fixture{Fixture: base, recorder: new(recorder)}
	f.addModel()
	f.proxy = f.StartProxy()
	f.pool = juju.NewPool(
		func(string) bool { return true }, func(plan.ModelRef) bool { return !f.unawaited.Load() }, f.recorder,
	)
	f.Cleanup(f.pool.Close)
	changed := f.pool.Changed()
	go func() {
		for {
			select {
			case change := <-changed:
				f.mu.Lock()
				f.changes = append(f.changes, change)
				f.mu.Unlock()
			case <-base.T.Context().Done():
				return
			}
		}
	}()
	return f
}

// newConnected returns a fixture with a pool that is logged in to the
// controller.
func newConnected(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t)
	f.connect(longInterval)
	return f
}

func (f *fixture) addModel() servers.Model {
	f.Helper()
	return f.AddModel("engine-" + strings.ToLower(rand.Text()))
}

// connection returns the login of a user through the proxy.
func (f *fixture) connection(as servers.Account) content.Connection {
	return content.Connection{
		Addresses: []string{f.proxy.Address}, CACertificate: f.proxy.CACertificate,
		Username: as.Username, Password: content.Seal(as.Password),
	}
}

// set makes the pool log in as a user.
func (f *fixture) set(as servers.Account, interval time.Duration) plan.Health {
	f.Helper()
	return f.logIn(f.connection(as), interval)
}

// logIn makes the pool log in, and waits for the first attempt to end. The pool
// itself waits only briefly.
func (f *fixture) logIn(connection content.Connection, interval time.Duration) (health plan.Health) {
	f.Helper()
	f.Must(servers.Await(f.Ctx, patience, func() (string, error) {
		health = f.pool.Set(f.Ctx, controller, connection, interval)
		if health.Problem != nil && health.Problem.Reason == v1alpha1.ReasonJujuUnreachable {
			return health.Problem.Message, nil
		}
		return "", nil
	}))
	return health
}

func (f *fixture) connect(interval time.Duration) {
	f.Helper()
	if health := f.set(f.Juju.Operator, interval); health.Problem != nil {
		f.Fatalf("cannot log in: %+v", health.Problem)
	}
}

func (f *fixture) ref() plan.ModelRef { return refTo(f.Model) }

func refTo(model servers.Model) plan.ModelRef {
	return plan.ModelRef{Controller: controller, UUID: model.UUID}
}

// view returns the pool's view of the model, which can be unknown.
func (f *fixture) view(query plan.Query) plan.ModelView { return f.pool.View(f.Ctx, f.ref(), query) }

// known waits until the pool knows the model, and returns its view.
func (f *fixture) known(query plan.Query) plan.ModelView {
	f.Helper()
	var view plan.ModelView
	f.Must(servers.Await(f.Ctx, patience, func() (string, error) {
		if view = f.view(query); !view.Known {
			return fmt.Sprintf("the model is not known: %+v", *view.Problem), nil
		}
		return "", nil
	}))
	return view
}

// named returns the pool's view of the secret with a name, or nil.
func (f *fixture) named(name string) *plan.UserSecret {
	f.Helper()
	return f.known(plan.Query{Name: name}).ByName
}

// noWait sends steps directly after their announcement.
func noWait() {}

// do executes the steps of one object.
func (f *fixture) do(steps ...plan.Step) []plan.Outcome {
	f.Helper()
	return f.doReady(noWait, steps...)
}

// doReady announces steps, and sends them after ready has returned.
func (f *fixture) doReady(ready func(), steps ...plan.Step) []plan.Outcome {
	f.Helper()
	ticket := f.pool.Announce(f.ref(), steps)
	ready()
	outcomes, err := ticket.Send(f.Ctx)
	if err != nil || len(outcomes) != len(steps) {
		f.Errorf("%d outcomes of %d steps, error %v", len(outcomes), len(steps), err)
		return make([]plan.Outcome, len(steps))
	}
	return outcomes
}

// together executes each step for a different object. All steps are announced
// before any is sent. Like a reconciler, it views the model first: only a known
// model waits for announced steps.
func (f *fixture) together(steps ...plan.Step) []plan.Outcome {
	f.Helper()
	f.view(plan.Query{})
	var announced sync.WaitGroup
	announced.Add(len(steps))
	return f.concurrently(func() {
		announced.Done()
		announced.Wait()
	}, steps...)
}

// concurrently executes each step for a different object.
func (f *fixture) concurrently(ready func(), steps ...plan.Step) []plan.Outcome {
	f.Helper()
	outcomes := make([]plan.Outcome, len(steps))
	var running sync.WaitGroup
	for i, step := range steps {
		running.Go(func() { outcomes[i] = f.doReady(ready, step)[0] })
	}
	running.Wait()
	return outcomes
}

// succeed executes steps together, and fails the test unless all succeed.
func (f *fixture) succeed(steps ...plan.Step) []plan.Outcome {
	f.Helper()
	outcomes := f.together(steps...)
	for i, outcome := range outcomes {
		if outcome.Problem != nil || len(outcome.Applications) > 0 {
			f.Fatalf("step %d, %T: %+v, %+v", i, steps[i], outcome.Problem, outcome.Applications)
		}
	}
	return outcomes
}

// holding returns the content of a secret with one value.
func holding(value string) content.Content { return servers.Content(map[string]string{"key": value}) }

// creating returns the step that creates a secret.
func creating(name, value string) plan.Create {
	return plan.Create{Name: name, Content: holding(value)}
}

// updating returns the step that changes the content of a secret.
func updating(id, value string) plan.Update {
	content := holding(value)
	return plan.Update{ID: id, Content: &content}
}

// add creates secrets through the pool, and returns their IDs.
func (f *fixture) add(names ...string) []string {
	f.Helper()
	var steps []plan.Step
	for _, name := range names {
		steps = append(steps, creating(name, "old"))
	}
	var ids []string
	for _, outcome := range f.succeed(steps...) {
		ids = append(ids, outcome.Secret.ID)
	}
	return ids
}

// numbered returns n names of secrets, in alphabetical order.
func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("secret-%03d", i)
	}
	return names
}

// secrets lists the secrets of the model with Juju's own client.
func (f *fixture) secrets() []servers.UserSecret {
	f.Helper()
	var found []servers.UserSecret
	f.Must(servers.Await(f.Ctx, patience, func() (string, error) {
		var err error
		found, err = f.Juju.Secrets(f.Ctx, f.Model)
		if params.ErrCode(err) == params.CodeSecretNotFound {
			return "a secret was removed while Juju listed them", nil
		}
		return "", err
	}))
	return found
}

// removeManually removes secrets without the pool, and waits until Juju has
// removed them.
func (f *fixture) removeManually(ids ...string) {
	f.Helper()
	for _, id := range ids {
		f.Must(f.Juju.RemoveSecret(f.Ctx, f.Model, id))
	}
	f.Await(func() string {
		for _, secret := range f.secrets() {
			if slices.Contains(ids, secret.ID) {
				return "Juju has not removed " + secret.Name
			}
		}
		return ""
	})
}

// requests returns the number of calls of a method since an earlier count.
func (f *fixture) requests(method string, since map[string]int) int {
	return f.proxy.Requests()[method] - since[method]
}

// awaitFault waits until a fault has happened.
func (f *fixture) awaitFault(met <-chan struct{}) {
	f.Helper()
	f.Must(receive(f.Ctx, met))
}

// receive waits until a channel has a value, or is closed.
func receive[T any](ctx context.Context, channel <-chan T) error {
	select {
	case <-channel:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(patience):
		return errors.New("timed out")
	}
}

// seen returns the changes that the pool has delivered.
func (f *fixture) seen() []plan.Change {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.changes)
}

// awaitChange waits for a matching change, and skips the first changes.
func (f *fixture) awaitChange(after int, is func(plan.Change) bool) {
	f.Helper()
	f.Await(func() string {
		if seen := f.seen(); !slices.ContainsFunc(seen[after:], is) {
			return fmt.Sprintf("no change matches among %+v", seen[after:])
		}
		return ""
	})
}

// countReasons counts outcomes by reason. Success has the empty reason.
func countReasons(outcomes []plan.Outcome) map[v1alpha1.Reason]int {
	counts := map[v1alpha1.Reason]int{}
	for _, outcome := range outcomes {
		counts[reasonOf(outcome)]++
	}
	return counts
}

// reasonOf returns the reason of an outcome's problem. Without a problem the
// reason is empty.
func reasonOf(outcome plan.Outcome) v1alpha1.Reason {
	if outcome.Problem == nil {
		return ""
	}
	return outcome.Problem.Reason
}

// isRejected reports whether a problem is about rejected credentials.
func isRejected(problem *plan.Problem) bool {
	return problem != nil && problem.Reason == v1alpha1.ReasonCredentialsRejected
}

// checkReasons fails the test unless the outcomes have exactly these reasons.
func (f *fixture) checkReasons(what string, outcomes []plan.Outcome, want map[v1alpha1.Reason]int) {
	f.Helper()
	if got := countReasons(outcomes); !maps.Equal(got, want) {
		f.Errorf("%s: outcomes by reason: %v, want %v; the first is %+v", what, got, want, outcomes[0].Problem)
	}
}
