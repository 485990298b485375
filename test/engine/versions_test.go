// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"

	coresecrets "github.com/juju/juju/core/secrets"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/juju"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/wire"
)

func TestJujuVersionsAreSupported(t *testing.T) {
	t.Parallel()
	for version, like := range map[string]func(*wire.Proxy){
		"4": func(*wire.Proxy) {}, "3.6": (*wire.Proxy).AsJuju36, "3.5": (*wire.Proxy).AsJuju35,
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			like(f.proxy)
			f.connect(longInterval)
			ids := f.add("here", "gone", "taken")
			f.named("here")
			f.removeManually(ids[1])
			outcomes := f.concurrently(noWait, updating(ids[0], "new"), updating(ids[1], "new"))
			if reasonOf(outcomes[0]) != "" || reasonOf(outcomes[1]) != v1alpha1.ReasonSecretNotFound {
				t.Errorf("updates of an existing and a missing secret: %+v, %+v",
					outcomes[0].Problem, outcomes[1].Problem)
			}
			f.succeed(plan.Remove{ID: ids[1]})
			f.succeed(plan.Revoke{ID: ids[1], Applications: []string{"app1"}})
			f.succeed(plan.Revoke{ID: ids[0], Applications: []string{"app1", "missing"}})
			granted := f.do(plan.Grant{ID: ids[1], Applications: []string{"app1"}})[0]
			if granted.Applications["app1"].Reason != v1alpha1.ReasonSecretNotFound {
				t.Errorf("grant of a missing secret: %+v, want SecretNotFound", granted)
			}
			granted = f.do(plan.Grant{ID: ids[0], Applications: []string{"app1", "missing"}})[0]
			if len(granted.Applications) != 1 || granted.Applications["missing"].Reason != v1alpha1.ReasonApplicationNotFound {
				t.Errorf("grant to a missing application: %+v, want ApplicationNotFound", granted)
			}
			name := "taken"
			taken := f.concurrently(noWait, creating(name, "new"), plan.Update{ID: ids[0], Name: &name})
			f.checkReasons("a name that is taken", taken, map[v1alpha1.Reason]int{v1alpha1.ReasonNameTaken: 2})
			known := f.named("here")
			if known == nil || known.Revision != 2 || !known.Holds(holding("new")) || len(known.Granted) != 1 {
				t.Errorf("final view of the secret: %+v", known)
			}
		})
	}
}

func TestJuju35ContentIsKnownOnlyForOwnRevisions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.proxy.AsJuju35()
	f.connect(longInterval)
	id, err := f.Juju.AddSecret(f.Ctx, f.Model, "db-login", "", map[string]string{"key": "old"})
	f.Must(err)
	// The first view comes from the pool's memory, the second from a new
	// listing.
	check := func(when, value string, holds bool) {
		t.Helper()
		for _, age := range []plan.Age{plan.AsKnown, plan.Fresh} {
			secret := f.known(plan.Query{ID: id, Age: age}).ByID
			if secret == nil || !secret.Unsummed || secret.Holds(holding(value)) != holds {
				t.Errorf("%s: view of the secret: %+v, want it to hold %q: %t", when, secret, value, holds)
			}
		}
	}
	check("after another user's creation", "old", false)
	info := "info"
	f.succeed(plan.Update{ID: id, Info: &info})
	check("after a change of the description", "old", false)
	f.succeed(updating(id, "new"))
	check("after the pool's own revision", "new", true)
	f.succeed(plan.Grant{ID: id, Applications: []string{"app1"}})
	check("after a grant", "new", true)
	f.Must(f.adminClient(f.Model).UpdateSecret(
		f.Ctx, &coresecrets.URI{ID: id}, "", nil, "", "", holding("foreign").Encoded()))
	if secret := f.known(plan.Query{ID: id, Age: plan.Fresh}).ByID; secret == nil || secret.Revision != 3 {
		t.Fatalf("view of the secret: %+v, want revision 3", secret)
	}
	check("after another user's revision", "new", false)
	check("after another user's revision", "foreign", false)
	f.succeed(updating(id, "last"))
	check("after the pool's next revision", "last", true)

	later := juju.NewPool(func(string) bool { return true }, func(plan.ModelRef) bool { return true }, nil)
	t.Cleanup(later.Close)
	go func() {
		for {
			select {
			case <-later.Changed():
			case <-f.Ctx.Done():
				return
			}
		}
	}()
	f.pool = later
	f.connect(longInterval)
	check("after a restart", "last", false)
	if found := f.secrets(); len(found) != 1 || found[0].Revision != 4 {
		t.Errorf("Juju has %+v, want one secret at revision 4", found)
	}
}
