// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/wire"
)

// Whoever may make a JujuController decides what answers there. No real server can be brought to answer like this.

// Juju's client would go and fetch a discharge wherever the answer says, and panics over some of what it may get there.
func TestALoginThatAsksForAMacaroonIsNotFollowed(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = w.Write([]byte("{}"))
	}))
	t.Cleanup(elsewhere.Close)
	s := newScene(t)
	s.proxy.Rewrite(login, func(answer *wire.Answer) {
		macaroon := map[string]any{
			"location": "juju", "identifier": "login", "signature": strings.Repeat("00", 32),
			"caveats": []any{map[string]any{"cid": "who", "vid": "dmlk", "cl": elsewhere.URL}},
		}
		answer.Response = map[string]any{"discharge-required": macaroon, "discharge-required-error": "who are you?"}
	})
	health := s.set(s.server.Operator, seldom)
	if health.Trouble == nil || health.Trouble.Kind != plan.CredentialsRejected {
		t.Errorf("the trouble is %+v, want the credentials rejected", health.Trouble)
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("somebody else was asked for a discharge %d times", n)
	}
}

func TestAMessageThatIsTooLongIsNotTaken(t *testing.T) {
	t.Parallel()
	s := newConnectedScene(t)
	s.proxy.Rewrite(list, func(answer *wire.Answer) { answer.Response["padding"] = strings.Repeat("x", 33<<20) })
	ref := plan.ModelRef{Controller: controller, Name: s.model.Name}
	world := s.pool.World(s.ctx, ref, plan.Query{Name: "any"})
	if world.Known || !strings.Contains(world.Trouble.Message, "more than 32 MiB") {
		t.Errorf("the world is known: %t, with %+v, want it told that the message is too long", world.Known, world.Trouble)
	}
}

// The docs promise as much to namespaces with controllers of their own.
func TestTenThousandSecretsFitIntoAMessageOfATenantsController(t *testing.T) {
	t.Parallel()
	s := newConnectedScene(t)
	const few, many, most = 20, 10_000, 8 << 20
	var grants []plan.Step
	for _, id := range s.add(numbered(few)...) {
		grants = append(grants, plan.Grant{ID: id, Applications: []string{"app1"}})
	}
	s.succeed(grants...)
	var length atomic.Int64
	s.proxy.Rewrite(list, func(answer *wire.Answer) {
		text, err := json.Marshal(answer)
		if err != nil {
			t.Error(err)
		}
		length.Store(int64(len(text)))
	})
	if world := s.known(plan.Query{Name: "secret-000", Age: plan.Fresh}); world.ByName == nil || len(world.ByName.Granted) != 1 {
		t.Errorf("the listing shows %+v", world.ByName)
	}
	each := length.Load() / few
	if each < 100 || each*many > most {
		t.Errorf("a secret with a grant takes %d bytes of a listing, so that %d take %d of %d bytes", each, many, each*many, most)
	}
}
