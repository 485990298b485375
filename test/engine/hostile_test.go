// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/wire"
)

// A user with the right to create a JujuController chooses the server. The
// answers in this file are hostile: no real server gives them.

// Juju's own client fetches a discharge from the location in the answer, and
// panics on some responses.
func TestLoginIgnoresMacaroonDischarge(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = w.Write([]byte("{}"))
	}))
	t.Cleanup(elsewhere.Close)
	f := newFixture(t)
	f.proxy.Rewrite(login, func(answer *wire.Answer) {
		macaroon := map[string]any{
			"location": "juju", "identifier": "login", "signature": strings.Repeat("00", 32),
			"caveats": []any{map[string]any{"cid": "who", "vid": "dmlk", "cl": elsewhere.URL}},
		}
		answer.Response = map[string]any{"discharge-required": macaroon, "discharge-required-error": "who are you?"}
	})
	health := f.set(f.Juju.Operator, longInterval)
	if health.Problem == nil || health.Problem.Reason != v1alpha1.ReasonCredentialsRejected {
		t.Errorf("problem %+v, want CredentialsRejected", health.Problem)
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the other server received %d requests for a discharge, want none", n)
	}
}

func TestMessageOverLimitIsRejected(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	f.proxy.Rewrite(list, func(answer *wire.Answer) { answer.Response["padding"] = strings.Repeat("x", 33<<20) })
	ref := plan.ModelRef{Controller: controller, Name: f.Model.Name}
	view := f.pool.View(f.Ctx, ref, plan.Query{Name: "any"})
	if view.Known || !strings.Contains(view.Problem.Message, "more than 32 MiB") {
		t.Errorf("model known: %t, problem %+v, want the message limit", view.Known, view.Problem)
	}
}

// A real server needs hours to make so many revisions.
func TestSecretWithManyRevisionsKeepsTheModelUsable(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	const many = 20_000 // Five values each, so more than 65,536.
	f.add(numbered(2)...)
	f.proxy.Rewrite(list, func(answer *wire.Answer) {
		for _, listed := range answer.Items("results") {
			if revisions, ok := listed["revisions"].([]any); ok && listed["label"] == "secret-001" {
				listed["revisions"] = slices.Repeat(revisions, many)
			}
		}
	})
	if first := f.known(plan.Query{Name: "secret-000", Age: plan.Fresh}).ByName; first == nil || first.Revisions != 1 {
		t.Errorf("the view of the other secret is %+v, want one revision", first)
	}
	if second := f.known(plan.Query{Name: "secret-001"}).ByName; second == nil || second.Revisions != many {
		t.Errorf("the view is %+v, want %d revisions", second, many)
	}
	if most := f.pool.Stats()[controller].MostRevisions; most != many {
		t.Errorf("the statistics have %d revisions, want %d", most, many)
	}
}

// The documentation promises this capacity to namespaces with their own
// controllers.
func TestTenantControllerMessageHoldsTenThousandSecrets(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	const few, many, most = 20, 10_000, 8 << 20
	var grants []plan.Step
	for _, id := range f.add(numbered(few)...) {
		grants = append(grants, plan.Grant{ID: id, Applications: []string{"app1"}})
	}
	f.succeed(grants...)
	var length atomic.Int64
	f.proxy.Rewrite(list, func(answer *wire.Answer) {
		text, err := json.Marshal(answer)
		if err != nil {
			t.Error(err)
		}
		length.Store(int64(len(text)))
	})
	first := f.known(plan.Query{Name: "secret-000", Age: plan.Fresh}).ByName
	if first == nil || len(first.Granted) != 1 {
		t.Errorf("view of the first secret: %+v, want one grant", first)
	}
	each := length.Load() / few
	if each < 100 || each*many > most {
		t.Errorf("a secret with a grant takes %d bytes of a listing: %d secrets take %d bytes, want at most %d",
			each, many, each*many, most)
	}
}
