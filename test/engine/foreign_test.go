// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	coresecrets "github.com/juju/juju/core/secrets"

	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/wire"
)

const (
	// foreignSecrets is the number of secrets of others in a model that is
	// large enough for lookups.
	foreignSecrets = 400
	// foreignInterval is so short that a listing takes a large share of it.
	foreignInterval = 500 * time.Millisecond
)

// looks counts the listings of a large model and the lookups in it, with the
// length of their answers.
type looks struct{ listings, lookups, listed, lookedUp atomic.Int64 }

// newForeign returns a fixture whose model has foreignSecrets, and a count of
// the looks through its proxy. The pool checks the model often.
func newForeign(t *testing.T) (*fixture, *looks) {
	t.Helper()
	f, counts := newFixture(t), new(looks)
	client := f.adminClient(f.Model)
	for i := range foreignSecrets {
		f.Must(errorOf(client.CreateSecret(f.Ctx, fmt.Sprintf("foreign-%03d", i), "", holding("foreign").Encoded())))
	}
	f.proxy.Rewrite(list, func(answer *wire.Answer) {
		text, err := json.Marshal(answer)
		if err != nil {
			t.Error(err)
		}
		number, length := &counts.lookups, &counts.lookedUp
		if len(answer.Items("results")) >= foreignSecrets {
			number, length = &counts.listings, &counts.listed
		}
		number.Add(1)
		length.Add(int64(len(text)))
	})
	f.connect(foreignInterval)
	return f, counts
}

// awaitLookups waits until the pool checks the model by lookups.
func (f *fixture) awaitLookups() {
	f.Helper()
	f.Await(func() string {
		if f.pool.Stats()[controller].LookedUp == 0 {
			return "the model is listed at each interval"
		}
		return ""
	})
	health := f.set(f.Juju.Operator, foreignInterval).Models[f.Model.UUID]
	if health.CheckedBy != plan.CheckedByLookups {
		f.Errorf("the model is %+v, want it checked by lookups", health)
	}
}

func TestDriftIsFoundWithoutListingForeignSecrets(t *testing.T) {
	t.Parallel()
	f, counts := newForeign(t)
	ids := f.add("updated", "renamed", "granted", "removed")
	f.awaitLookups()
	client := f.adminClient(f.Model)
	listings, lookups, listed, lookedUp := counts.listings.Load(), counts.lookups.Load(), counts.listed.Load(),
		counts.lookedUp.Load()
	for i, change := range []func() error{
		func() error {
			return client.UpdateSecret(f.Ctx, &coresecrets.URI{ID: ids[0]}, "", nil, "", "", holding("new").Encoded())
		},
		func() error {
			return client.UpdateSecret(f.Ctx, &coresecrets.URI{ID: ids[1]}, "", nil, "other", "", nil)
		},
		func() error { return f.Juju.Grant(f.Ctx, f.Model, ids[2], "app1") },
		func() error { return f.Juju.RemoveSecret(f.Ctx, f.Model, ids[3]) },
	} {
		before := len(f.seen())
		f.Must(change())
		f.awaitChange(before, func(change plan.Change) bool { return slices.Contains(change.IDs, ids[i]) })
	}
	listings, lookups = counts.listings.Load()-listings, counts.lookups.Load()-lookups
	t.Logf("%d listings of %d bytes, %d lookups of %d bytes", listings, counts.listed.Load()-listed, lookups,
		counts.lookedUp.Load()-lookedUp)
	if lookups < 4 || listings > lookups/4 {
		t.Errorf("%d listings and %d lookups, want mostly lookups", listings, lookups)
	}
	f.named("foreign-007") // The snapshot still has the secrets of others.
	if view := f.known(plan.Query{ID: ids[1], Name: "renamed"}); view.ByName != nil || view.ByID.Name != "other" {
		t.Errorf("view of the renamed secret: %+v and %+v", view.ByID, view.ByName)
	}
}

func TestNewForeignSecretIsFoundByLookup(t *testing.T) {
	t.Parallel()
	f, counts := newForeign(t)
	f.add("ours")
	f.awaitLookups()
	if found := f.known(plan.Query{Name: "wanted", Age: plan.Fresh}).ByName; found != nil {
		t.Errorf("the view is %+v, want no secret", found)
	}
	id, err := f.Juju.AddSecret(f.Ctx, f.Model, "wanted", "", map[string]string{"key": "theirs"})
	f.Must(err)
	listings := counts.listings.Load()
	byName := f.known(plan.Query{Name: "wanted", Age: plan.Fresh}).ByName
	byID := f.known(plan.Query{ID: id, Age: plan.Fresh}).ByID
	if byName == nil || byID == nil || byName.ID != id || byID.Name != "wanted" {
		t.Errorf("the views are %+v and %+v, want %s", byName, byID, id)
	}
	if n := counts.listings.Load() - listings; n > 1 {
		t.Errorf("%d listings, want lookups", n)
	}
}

func TestRemovalIsAwaitedByLookups(t *testing.T) {
	t.Parallel()
	f, counts := newForeign(t)
	ids := f.add("ours", "doomed")
	f.awaitLookups()
	listings, before := counts.listings.Load(), len(f.seen())
	f.succeed(plan.Remove{ID: ids[1]})
	f.awaitChange(before, func(change plan.Change) bool {
		return slices.Equal(change.IDs, ids[1:]) && change.Own == 0
	})
	if n := counts.listings.Load() - listings; n > 1 {
		t.Errorf("%d listings, want lookups", n)
	}
}

func TestLookupProblemIsReportedByListing(t *testing.T) {
	t.Parallel()
	f, counts := newForeign(t)
	f.add("ours")
	f.awaitLookups()
	listings := counts.listings.Load()
	f.proxy.Rewrite(list, func(answer *wire.Answer) {
		if len(answer.Items("results")) == 1 {
			answer.Response = map[string]any{"results": "not a list"}
		}
	})
	f.Await(func() string {
		if counts.listings.Load() < listings+2 {
			return "lookups that fail are not replaced by listings"
		}
		return ""
	})
	f.named("ours")
}
