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

// shortInterval is a refresh interval that ends during a test.
const shortInterval = 10 * time.Second

// adminClient returns Juju's own client for secrets. It logs in as the
// administrator and bypasses the proxy.
func (f *fixture) adminClient(model servers.Model) *secrets.Client {
	f.Helper()
	conn, err := api.Open(f.Ctx, &api.Info{
		Addrs: slices.Clone(f.Juju.Addresses), CACert: f.Juju.CACertificate, ModelTag: names.NewModelTag(model.UUID),
		Tag: names.NewUserTag(f.Juju.Admin.Username), Password: f.Juju.Admin.Password,
	}, api.DialOpts{DialTimeout: patience, Timeout: patience})
	f.Must(err)
	f.Cleanup(func() { _ = conn.Close() })
	return secrets.NewClient(conn)
}

// manualChange is a manual change in a model, with the change that the pool
// must report.
type manualChange struct {
	what string
	plan.Change
}

func (d manualChange) is(change plan.Change) bool {
	return change.ModelUUID == d.ModelUUID && slices.Equal(change.IDs, d.IDs) && !change.All
}

func TestDriftIsReportedWithinInterval(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.connect(shortInterval)
	var done []manualChange
	for what, change := range map[string]func(c *secrets.Client, model servers.Model, id string) error{
		"an update": func(c *secrets.Client, _ servers.Model, id string) error {
			return c.UpdateSecret(f.Ctx, &coresecrets.URI{ID: id}, "", nil, "", "", holding("new").Encoded())
		},
		"a new name": func(c *secrets.Client, _ servers.Model, id string) error {
			return c.UpdateSecret(f.Ctx, &coresecrets.URI{ID: id}, "", nil, "other", "", nil)
		},
		"a grant": func(_ *secrets.Client, model servers.Model, id string) error {
			return f.Juju.Grant(f.Ctx, model, id, "app1")
		},
		"a removal": func(_ *secrets.Client, model servers.Model, id string) error {
			return f.Juju.RemoveSecret(f.Ctx, model, id)
		},
	} {
		model, id := f.addObserved()
		f.Must(change(f.adminClient(model), model, id))
		done = append(done, manualChange{what, plan.Change{ModelUUID: model.UUID, IDs: []string{id}}})
	}
	model, _ := f.addObserved()
	id, err := f.Juju.AddSecret(f.Ctx, model, "new", "", map[string]string{"key": "value"})
	f.Must(err)
	done = append(done, manualChange{"a new secret", plan.Change{ModelUUID: model.UUID, IDs: []string{id}}})
	model, id = f.addObserved()
	late := f.pool.Announce(refTo(model), []plan.Step{plan.Grant{ID: id, Applications: []string{"late"}}})
	f.Must(errorOf(late.Send(f.Ctx)))
	f.Must(f.Juju.AddApplication(f.Ctx, model, "late"))
	done = append(done, manualChange{"the application of a waiting grant", plan.Change{ModelUUID: model.UUID}})

	began := time.Now()
	for _, d := range done {
		t.Log("waiting for", d.what)
		f.awaitChange(0, d.is)
	}
	if took := time.Since(began); took > 2*shortInterval {
		t.Errorf("the changes took %v to arrive, want at most %v", took, 2*shortInterval)
	}
	for _, change := range f.seen() {
		// Each new model needs a list of the models.
		expected := change.ModelUUID == "" && change.All || change.Health || len(change.Listed) > 0
		if !expected && !slices.ContainsFunc(done, func(d manualChange) bool { return d.is(change) }) {
			t.Errorf("unexpected change %+v", change)
		}
	}
}

// addObserved adds a model with two secrets. It returns the model and the ID of
// one secret when the pool knows both.
func (f *fixture) addObserved() (model servers.Model, id string) {
	f.Helper()
	model = f.addModel()
	for _, name := range []string{"bystander", "db-login"} {
		var err error
		id, err = f.Juju.AddSecret(f.Ctx, model, name, "", map[string]string{"key": "old"})
		f.Must(err)
	}
	if view := f.pool.View(f.Ctx, refTo(model), plan.Query{ID: id}); view.ByID == nil {
		f.Fatalf("view of the model: %+v, want the secret", view)
	}
	return model, id
}

// This test takes two intervals.
func TestModelIsListedOncePerInterval(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.connect(shortInterval)
	began := time.Now() // The interval starts when a listing starts.
	f.named("nothing")
	before := f.proxy.Requests()
	changes := len(f.seen())
	id := f.add("db-login")[0]
	f.succeed(updating(id, "new"))
	f.succeed(plan.Grant{ID: id, Applications: []string{"app1"}})
	if known := f.named("db-login"); known == nil || known.Revision != 2 || len(known.Granted) != 1 {
		t.Errorf("view of the secret: %+v, want revision 2 and one grant", known)
	}
	f.Await(func() string {
		if n := f.requests(list, before); n < 2 {
			return fmt.Sprintf("there were %d listings", n)
		}
		return ""
	})
	if took := time.Since(began); took < 17*time.Second { // A busy machine only makes this longer.
		t.Errorf("two listings with an interval of %v took only %v", shortInterval, took)
	}
	for _, change := range f.seen()[changes:] {
		if change.Own == 0 && !change.Health {
			t.Errorf("the operator's own write was delivered as drift: %+v", change)
		}
	}
	if n := f.requests(login, before); n != 0 {
		t.Errorf("%d logins, want none", n)
	}
}
