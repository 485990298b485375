// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"crypto/rand"
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

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

// soon is within how long an answer has to come that somebody waits for.
const soon = 10 * time.Second

// listen opens a port. Nobody accepts, so that the system lets clients connect, and they hear nothing.
func (s *scene) listen() net.Listener {
	s.Helper()
	listener, err := (&net.ListenConfig{}).Listen(s.ctx, "tcp", "127.0.0.1:0")
	s.must(err)
	s.Cleanup(func() { _ = listener.Close() })
	return listener
}

func TestOneAddressThatAnswersIsEnough(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	silent, closed := s.listen(), s.listen()
	s.must(closed.Close())
	connection := s.connection(s.server.Operator)
	connection.Addresses = []string{closed.Addr().String(), silent.Addr().String(), s.proxy.Address}
	began := time.Now()
	if health := s.logIn(connection, seldom); health.Trouble != nil {
		t.Fatalf("cannot log in: %+v", health.Trouble)
	}
	s.add("db-login")
	if took := time.Since(began); took > soon {
		t.Errorf("it took %v", took)
	}
}

func TestARefusedPasswordIsTriedOnce(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	wrong := s.server.Operator
	wrong.Password = "wrong"
	if health := s.set(wrong, seldom); health.Trouble == nil || health.Trouble.Kind != plan.CredentialsRejected {
		t.Errorf("the health is: %+v", health.Trouble)
	}
	var asking sync.WaitGroup
	for range 50 {
		asking.Go(func() {
			if world := s.world(plan.Query{}); world.Known || world.Trouble.Kind != plan.CredentialsRejected {
				t.Errorf("the answer is: %+v", world)
			}
			if got := kindOf(s.do(creating("db-login", "new"))[0]); got != plan.CredentialsRejected {
				t.Errorf("the outcome is of kind %v", got)
			}
		})
	}
	asking.Wait()
	s.set(wrong, seldom)
	if n := s.requests(login, nil); n != 1 {
		t.Errorf("%d logins, want 1", n)
	}
	s.connect(seldom) // The right one does not wait for the end of the pause.
	s.add("db-login")
}

// Juju leaves open connections as they are when a password changes.
func TestAPasswordThatWasChangedIsNotTriedAtEveryModel(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	user, err := s.server.AddUser(s.ctx, "user-"+strings.ToLower(rand.Text()))
	s.must(err)
	models := []servers.Model{s.model}
	for len(models) < 12 {
		models = append(models, s.addModel())
	}
	for _, model := range models {
		s.must(s.server.GrantModel(s.ctx, model, user.Username, "write"))
	}
	if health := s.set(user, seldom); health.Trouble != nil {
		t.Fatalf("cannot log in: %+v", health.Trouble)
	}
	// The models are listed now, not while the controller is asked anew.
	s.pool.World(s.ctx, plan.ModelRef{Controller: controller, Name: "nobody/none"}, plan.Query{})
	s.must(s.server.SetPassword(s.ctx, user.Username, "another"))
	var asking sync.WaitGroup
	for _, model := range models {
		asking.Go(func() {
			world := s.pool.World(s.ctx, refTo(model), plan.Query{})
			if world.Known || world.Trouble.Kind != plan.CredentialsRejected {
				t.Errorf("the model is known: %v, the trouble is %+v", world.Known, world.Trouble)
			}
		})
	}
	asking.Wait()
	// That to the controller before, and after the first refusals once more. Four models log in at a time.
	if n := s.requests(login, nil); n < 3 || n > 1+4+1 {
		t.Errorf("%d logins, however many models there are", n)
	}
	if health := s.set(user, seldom); health.Trouble == nil || health.Trouble.Kind != plan.CredentialsRejected {
		t.Errorf("the health is: %+v", health.Trouble)
	}
	s.must(s.server.SetPassword(s.ctx, user.Username, user.Password))
	s.pool.Retry(controller)
	for _, model := range models {
		s.await(func() string {
			if world := s.pool.World(s.ctx, refTo(model), plan.Query{}); !world.Known {
				return fmt.Sprintf("the model is not known: %+v", world.Trouble)
			}
			return ""
		})
	}
}

// A member of the controller may be of another mind for a while. A model that is refused is tried once more when the controller has
// taken the credentials again, and then no more; and the controller is not asked for each.
func TestAModelThatAloneRefusesALoginLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	s := newConnectedScene(t)
	s.add("db-login")
	refuse := wire.Fail(params.CodeUnauthorized, "invalid entity name or password")
	pass := wire.Delay(0)
	// Those that are refused the server never hears of.
	checkRefused := func(logins int, faults ...wire.Fault) {
		t.Helper()
		var last <-chan struct{}
		model, before := s.addModel(), s.proxy.Requests()
		s.pool.World(s.ctx, plan.ModelRef{Controller: controller, Name: "nobody/none"}, plan.Query{}) // Lists the new one.
		for _, fault := range faults {
			last = s.proxy.On(login, fault)
		}
		if world := s.pool.World(s.ctx, refTo(model), plan.Query{}); world.Known || world.Trouble.Kind != plan.CredentialsRejected {
			t.Errorf("the model is known: %v, the trouble is %+v", world.Known, world.Trouble)
		}
		s.awaitMet(last)
		if n := s.requests(login, before); n != logins {
			t.Errorf("%d other logins, want %d", n, logins)
		}
		if s.named("db-login") == nil {
			t.Error("another model does not answer")
		}
	}
	checkRefused(1, refuse, pass, refuse) // By the model, not by the controller, and by the model.
	checkRefused(0, refuse)
	if health := s.set(s.server.Operator, seldom); health.Trouble != nil {
		t.Errorf("the health is: %+v", health.Trouble)
	}
}

func TestAForgottenControllerHasNoConnections(t *testing.T) {
	t.Parallel()
	s := newConnectedScene(t)
	s.add("db-login")
	if open, _ := s.proxy.Connections(); open != 2 {
		t.Errorf("%d connections are open, want that to the controller and that to the model", open)
	}
	s.pool.Forget(controller)
	s.await(func() string {
		if open, _ := s.proxy.Connections(); open > 0 {
			return "a connection is still open"
		}
		return ""
	})
	s.connect(seldom)
	if s.named("db-login") == nil {
		t.Error("the secret is not seen by who comes back")
	}
}

// connectProxy is an HTTP proxy that knows CONNECT alone, and counts it by the host that was asked for.
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

// connects is how many connections to a host were asked for.
func (p *connectProxy) connects(host string) int {
	count, _ := p.count.LoadOrStore(host, &atomic.Int32{})
	return int(count.(*atomic.Int32).Load())
}

// ServeHTTP implements http.Handler.
func (p *connectProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		http.Error(w, "CONNECT alone", http.StatusMethodNotAllowed)
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

func TestTheProxyOfTheEnvironmentIsUsed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	// To Juju's client this address is not of this machine, which it would never use a proxy for.
	address := strings.Replace(s.server.Addresses[0], "127.0.0.1", "0.0.0.0", 1)
	before, operator := tunnels.connects(address), s.server.Operator
	health := s.logIn(content.Connection{
		Addresses: []string{address}, CACertificate: s.server.CACertificate,
		Username: operator.Username, Password: content.Seal(operator.Password),
	}, seldom)
	if health.Trouble != nil {
		t.Fatalf("cannot log in: %+v", health.Trouble)
	}
	s.add("db-login")
	if n := tunnels.connects(address) - before; n != 2 {
		t.Errorf("%d connections went through the proxy, want that to the controller and that to the model", n)
	}
	if found := s.secrets(); len(found) != 1 {
		t.Errorf("Juju has: %+v", found)
	}
}

func TestEveryCertificateOfABundleCounts(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	connection := s.connection(s.server.Operator)
	connection.CACertificate = s.server.CACertificate + "\n" + s.proxy.CACertificate
	if trouble := s.logIn(connection, seldom).Trouble; trouble != nil {
		t.Errorf("the second certificate is not trusted: %+v", trouble)
	}
}
