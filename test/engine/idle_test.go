// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/juju/juju/api"
	"github.com/juju/juju/api/client/secrets"
	coresecrets "github.com/juju/juju/core/secrets"
	"github.com/juju/names/v6"

	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/servers"
)

// often is an interval that ends during a test.
const often = 10 * time.Second

// asAPerson is Juju's own client for secrets, as the administrator, past the Proxy.
func (s *scene) asAPerson(model servers.Model) *secrets.Client {
	s.Helper()
	conn, err := api.Open(s.ctx, &api.Info{
		Addrs: slices.Clone(s.server.Addresses), CACert: s.server.CACertificate, ModelTag: names.NewModelTag(model.UUID),
		Tag: names.NewUserTag(s.server.Admin.Username), Password: s.server.Admin.Password,
	}, api.DialOpts{DialTimeout: patience, Timeout: patience})
	s.must(err)
	s.Cleanup(func() { _ = conn.Close() })
	return secrets.NewClient(conn)
}

// theirs is what others did in a model: the change that has to tell of it.
type theirs struct {
	what string
	plan.Change
}

func (d theirs) is(change plan.Change) bool {
	return change.ModelUUID == d.ModelUUID && slices.Equal(change.IDs, d.IDs) && !change.All
}

func TestWhatSomebodyElseChangesArrivesWithinAnInterval(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.connect(often)
	var done []theirs
	for what, change := range map[string]func(c *secrets.Client, model servers.Model, id string) error{
		"an update": func(c *secrets.Client, _ servers.Model, id string) error {
			return c.UpdateSecret(s.ctx, &coresecrets.URI{ID: id}, "", nil, "", "", holding("new").Encoded())
		},
		"a new name": func(c *secrets.Client, _ servers.Model, id string) error {
			return c.UpdateSecret(s.ctx, &coresecrets.URI{ID: id}, "", nil, "other", "", nil)
		},
		"a grant": func(_ *secrets.Client, model servers.Model, id string) error {
			return s.server.Grant(s.ctx, model, id, "app1")
		},
		"a removal": func(_ *secrets.Client, model servers.Model, id string) error {
			return s.server.RemoveSecret(s.ctx, model, id)
		},
	} {
		model, id := s.addLookedAt()
		s.must(change(s.asAPerson(model), model, id))
		done = append(done, theirs{what, plan.Change{ModelUUID: model.UUID, IDs: []string{id}}})
	}
	model, _ := s.addLookedAt()
	id, err := s.server.AddSecret(s.ctx, model, "new", "", map[string]string{"key": "value"})
	s.must(err)
	done = append(done, theirs{"a new secret", plan.Change{ModelUUID: model.UUID, IDs: []string{id}}})
	model, id = s.addLookedAt()
	s.must(errorOf(s.pool.Do(s.ctx, refTo(model), []plan.Step{plan.Grant{ID: id, Applications: []string{"late"}}}, atOnce, always)))
	s.must(s.server.AddApplication(s.ctx, model, "late"))
	done = append(done, theirs{"an application that was waited for", plan.Change{ModelUUID: model.UUID}})

	began := time.Now()
	for _, d := range done {
		t.Log("waiting for", d.what)
		s.awaitChange(0, d.is)
	}
	if took := time.Since(began); took > 2*often {
		t.Errorf("it took %v", took)
	}
	for _, change := range s.seen() {
		login := change.ModelUUID == "" && change.All || change.Health
		if !login && !slices.ContainsFunc(done, func(d theirs) bool { return d.is(change) }) {
			t.Errorf("nobody did anything for the change %+v", change)
		}
	}
}

// addLookedAt adds a model with two secrets, and returns it and the ID of one of them when the Pool knows both.
func (s *scene) addLookedAt() (model servers.Model, id string) {
	s.Helper()
	model = s.addModel()
	for _, name := range []string{"bystander", "db-login"} {
		var err error
		id, err = s.server.AddSecret(s.ctx, model, name, "", map[string]string{"key": "old"})
		s.must(err)
	}
	if world := s.pool.World(s.ctx, refTo(model), plan.Query{ID: id}); world.ByID == nil {
		s.Fatalf("the Pool knows: %+v", world)
	}
	return model, id
}

// This takes as long as two intervals.
func TestAModelIsListedOncePerInterval(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.connect(often)
	began := time.Now() // The interval counts from the begin of a listing.
	s.named("nothing")
	before := s.proxy.Requests()
	changes := len(s.seen())
	id := s.add("db-login")[0]
	s.succeed(updating(id, "new"))
	s.succeed(plan.Grant{ID: id, Applications: []string{"app1"}})
	if known := s.named("db-login"); known == nil || known.Revision != 2 || len(known.Granted) != 1 {
		t.Errorf("the Pool knows: %+v", known)
	}
	s.await(func() string {
		if n := s.requests(list, before); n < 2 {
			return fmt.Sprintf("there were %d listings", n)
		}
		return ""
	})
	if took := time.Since(began); took < 17*time.Second { // A busy machine may need longer, and never less.
		t.Errorf("two intervals of %v took %v", often, took)
	}
	for _, change := range s.seen()[changes:] {
		if !change.Ours && !change.Health {
			t.Errorf("an own change was delivered as %+v", change)
		}
	}
	if n := s.requests(login, before); n != 0 {
		t.Errorf("%d logins, want none", n)
	}
}
