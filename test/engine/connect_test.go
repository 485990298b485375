// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/juju/juju/rpc/params"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

// earlyRetries is how often a refused login is retried in the first minutes.
const earlyRetries = 3

// answerTimeout is the time limit for an answer that a caller waits for.
const answerTimeout = 10 * time.Second

// listen opens a port and accepts no connection. The kernel completes the
// handshake, so clients connect and receive nothing.
func (f *fixture) listen() net.Listener {
	f.Helper()
	listener, err := (&net.ListenConfig{}).Listen(f.Ctx, "tcp", "127.0.0.1:0")
	f.Must(err)
	f.Cleanup(func() { _ = listener.Close() })
	return listener
}

func TestLoginNeedsOneWorkingAddress(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	silent, closed := f.listen(), f.listen()
	f.Must(closed.Close())
	connection := f.connection(f.Juju.Operator)
	connection.Addresses = []string{closed.Addr().String(), silent.Addr().String(), f.proxy.Address}
	began := time.Now()
	if health := f.logIn(connection, longInterval); health.Problem != nil {
		t.Fatalf("cannot log in: %+v", health.Problem)
	}
	f.add("db-login")
	if took := time.Since(began); took > answerTimeout {
		t.Errorf("login and creation took %v, want at most %v", took, answerTimeout)
	}
}

func TestLoginRefusedPasswordIsNotTriedPerCaller(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	wrong := f.Juju.Operator
	wrong.Password = "wrong"
	if health := f.set(wrong, longInterval); !isRejected(health.Problem) {
		t.Errorf("problem with a wrong password: %+v, want CredentialsRejected", health.Problem)
	}
	var callers sync.WaitGroup
	for range 50 {
		callers.Go(func() {
			if view := f.view(plan.Query{}); view.Known || view.Problem.Reason != v1alpha1.ReasonCredentialsRejected {
				t.Errorf("view of the model: %+v, want CredentialsRejected", view)
			}
			if got := reasonOf(f.do(creating("db-login", "new"))[0]); got != v1alpha1.ReasonCredentialsRejected {
				t.Errorf("reason of the creation: %q, want CredentialsRejected", got)
			}
		})
	}
	callers.Wait()
	f.set(wrong, longInterval)
	if n := f.requests(login, nil); n > 1+earlyRetries {
		t.Errorf("%d logins, want one, and at most %d retries", n, earlyRetries)
	}
	f.connect(longInterval) // The correct password does not wait for the end of the back-off.
	f.add("db-login")
}

// Juju keeps open connections when a password changes. The connections to the
// controller and to the model in use stay open, and other models are refused.
func TestLoginChangedPasswordIsNotTriedPerModel(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	user := f.addUser()
	var models []servers.Model
	for len(models) < 12 {
		model := f.addModel()
		f.Must(f.Juju.GrantModel(f.Ctx, model, user.Username, "write"))
		models = append(models, model)
	}
	if health := f.set(user, longInterval); health.Problem != nil {
		t.Fatalf("cannot log in: %+v", health.Problem)
	}
	// List the models now, so that no later login to the controller does it.
	f.pool.View(f.Ctx, plan.ModelRef{Controller: controller, Name: "unknown/none"}, plan.Query{Age: plan.Fresh})
	id := f.add("db-login")[0]
	before := f.proxy.Requests()
	f.Must(f.Juju.SetPassword(f.Ctx, user.Username, "another"))
	var callers sync.WaitGroup
	for _, model := range models {
		callers.Go(func() {
			view := f.pool.View(f.Ctx, refTo(model), plan.Query{})
			if view.Known || view.Problem.Reason != v1alpha1.ReasonCredentialsRejected {
				t.Errorf("model known: %v, problem %+v, want CredentialsRejected", view.Known, view.Problem)
			}
		})
	}
	callers.Wait()
	// Up to four models log in at a time. After the first refusals the pool logs
	// in to the controller once more.
	if n := f.requests(login, before); n < 2 || n > 4+1 {
		t.Errorf("%d logins for %d models, want 2 to 5", n, len(models))
	}
	if health := f.set(user, longInterval); !isRejected(health.Problem) ||
		!strings.Contains(health.Problem.Message, "still uses the connection that it opened before") {
		t.Errorf("problem with the old password: %+v, want CredentialsRejected", health.Problem)
	}
	f.succeed(updating(id, "new"))
	if n := f.requests(list, before); n != 0 {
		t.Errorf("%d listings, want none: the connection to the model was replaced", n)
	}
	f.Must(f.Juju.SetPassword(f.Ctx, user.Username, user.Password))
	f.pool.Retry(controller, "now")
	for _, model := range models {
		f.Await(func() string {
			if view := f.pool.View(f.Ctx, refTo(model), plan.Query{}); !view.Known {
				return fmt.Sprintf("the model is not known: %+v", view.Problem)
			}
			return ""
		})
	}
}

// One node of a highly available controller can be behind the others for a
// while. When a model refuses a login, the pool checks the credentials with the
// controller. If the controller accepts them, the pool tries the model once
// more, and not again. It does not check with the controller for every model.
func TestLoginRefusedByOneModelLeavesOthers(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	f.add("db-login")
	refuse := wire.Fail(params.CodeUnauthorized, "invalid entity name or password")
	pass := wire.Delay(0)
	var refused []servers.Model
	// The proxy answers refused logins itself, so the server does not count
	// them.
	checkRefused := func(logins int, faults ...wire.Fault) {
		t.Helper()
		var last <-chan struct{}
		model, before := f.addModel(), f.proxy.Requests()
		// Listing the models makes the pool know the new one.
		f.pool.View(f.Ctx, plan.ModelRef{Controller: controller, Name: "unknown/none"}, plan.Query{Age: plan.Fresh})
		for _, fault := range faults {
			last = f.proxy.On(login, fault)
		}
		if view := f.pool.View(f.Ctx, refTo(model), plan.Query{}); view.Known || !isRejected(view.Problem) {
			t.Errorf("model known: %v, problem %+v, want CredentialsRejected", view.Known, view.Problem)
		}
		f.awaitFault(last)
		refused = append(refused, model)
		if n := f.requests(login, before); n != logins {
			t.Errorf("%d logins reached the server, want %d", n, logins)
		}
		if f.named("db-login") == nil {
			t.Error("the secret in the other model is not known")
		}
	}
	checkRefused(1, refuse, pass, refuse) // The model refuses, the controller accepts, the model refuses again.
	checkRefused(0, refuse)
	if health := f.set(f.Juju.Operator, longInterval); health.Problem != nil {
		t.Errorf("problem of the controller: %+v, want none", health.Problem)
	}
	f.pool.Retry(controller, "now")
	for _, model := range refused {
		f.Await(func() string {
			if view := f.pool.View(f.Ctx, refTo(model), plan.Query{}); !view.Known {
				return fmt.Sprintf("the pool has not tried the model again: %+v", view.Problem)
			}
			return ""
		})
	}
}

func TestForgetClosesConnections(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	f.add("db-login")
	if open, _ := f.proxy.Connections(); open != 2 {
		t.Errorf("%d connections are open, want 2: one to the controller and one to the model", open)
	}
	f.pool.Forget(controller)
	f.Await(func() string {
		if open, _ := f.proxy.Connections(); open > 0 {
			return "a connection is still open"
		}
		return ""
	})
	f.connect(longInterval)
	if f.named("db-login") == nil {
		t.Error("the secret is not known after the controller was added again")
	}
}

// connectProxy is an HTTP proxy that supports only CONNECT. It counts the
// requests by target host.
type connectProxy struct {
	url    string
	server *http.Server
	count  sync.Map // Of *atomic.Int32.
}

func startConnectProxy(ctx context.Context) (*connectProxy, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &connectProxy{url: "http://" + listener.Addr().String()}
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: patience}
	go func() { _ = p.server.Serve(listener) }()
	return p, nil
}

func (p *connectProxy) close() { _ = p.server.Close() }

// connects returns the number of CONNECT requests for a host.
func (p *connectProxy) connects(host string) int {
	count, _ := p.count.LoadOrStore(host, &atomic.Int32{})
	return int(count.(*atomic.Int32).Load())
}

// ServeHTTP implements http.Handler.
func (p *connectProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		http.Error(w, "only CONNECT is supported", http.StatusMethodNotAllowed)
		return
	}
	count, _ := p.count.LoadOrStore(r.Host, &atomic.Int32{})
	count.(*atomic.Int32).Add(1)
	there, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", r.Host)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	here, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = there.Close()
		return
	}
	_, _ = here.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n"))
	pass := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		_, _ = to.Close(), from.Close()
	}
	go pass(there, here)
	pass(here, there)
}

func TestConnectionUsesProxyFromEnvironment(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	// Juju's client uses no proxy for loopback addresses. It does not treat
	// 0.0.0.0 as one.
	address := strings.Replace(f.Juju.Addresses[0], "127.0.0.1", "0.0.0.0", 1)
	before, operator := envProxy.connects(address), f.Juju.Operator
	health := f.logIn(content.Connection{
		Addresses: []string{address}, CACertificate: f.Juju.CACertificate,
		Username: operator.Username, Password: content.Seal(operator.Password),
	}, longInterval)
	if health.Problem != nil {
		t.Fatalf("cannot log in: %+v", health.Problem)
	}
	f.add("db-login")
	if n := envProxy.connects(address) - before; n != 2 {
		t.Errorf("%d connections went through the proxy, want 2: one to the controller and one to the model", n)
	}
	if found := f.secrets(); len(found) != 1 {
		t.Errorf("Juju has %+v, want one secret", found)
	}
}

func TestCertificateBundleTrustsEveryCertificate(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	connection := f.connection(f.Juju.Operator)
	connection.CACertificate = f.Juju.CACertificate + "\n" + f.proxy.CACertificate
	if problem := f.logIn(connection, longInterval).Problem; problem != nil {
		t.Errorf("login with the second certificate of the bundle: %+v", problem)
	}
}
