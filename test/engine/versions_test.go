// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"

	coresecrets "github.com/juju/juju/core/secrets"

	"github.com/juju-secrets/operator/internal/juju"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/wire"
)

func TestEveryVersionOfJujuIsUnderstood(t *testing.T) {
	t.Parallel()
	for version, like := range map[string]func(*wire.Proxy){
		"4": func(*wire.Proxy) {}, "3.6": (*wire.Proxy).AsJuju36, "3.5": (*wire.Proxy).AsJuju35,
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			like(s.proxy)
			s.connect(seldom)
			ids := s.add("here", "gone", "taken")
			s.named("here")
			s.removeAsAPerson(ids[1])
			outcomes := s.concurrently(atOnce, updating(ids[0], "new"), updating(ids[1], "new"))
			if kindOf(outcomes[0]) != 0 || kindOf(outcomes[1]) != plan.SecretNotFound {
				t.Errorf("updates of a secret that is there and of one that is not: %+v, %+v",
					outcomes[0].Trouble, outcomes[1].Trouble)
			}
			s.succeed(plan.Remove{ID: ids[1]})
			s.succeed(plan.Revoke{ID: ids[1], Applications: []string{"app1"}})
			s.succeed(plan.Revoke{ID: ids[0], Applications: []string{"app1", "nobody"}})
			granted := s.do(plan.Grant{ID: ids[1], Applications: []string{"app1"}})[0]
			if granted.Applications["app1"].Kind != plan.SecretNotFound {
				t.Errorf("a grant of a secret that is not there: %+v", granted)
			}
			granted = s.do(plan.Grant{ID: ids[0], Applications: []string{"app1", "nobody"}})[0]
			if len(granted.Applications) != 1 || granted.Applications["nobody"].Kind != plan.ApplicationNotFound {
				t.Errorf("a grant to an application that is not there: %+v", granted)
			}
			name := "taken"
			taken := s.concurrently(atOnce, creating(name, "new"), plan.Update{ID: ids[0], Name: &name})
			s.checkKinds("a name that is taken", taken, map[plan.Kind]int{plan.NameTaken: 2})
			known := s.named("here")
			if known == nil || known.Revision != 2 || !known.Holds(holding("new")) || len(known.Granted) != 1 {
				t.Errorf("in the end the Pool knows: %+v", known)
			}
		})
	}
}

func TestBefore36ContentIsKnownOfOwnRevisionsAlone(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.proxy.AsJuju35()
	s.connect(seldom)
	id, err := s.server.AddSecret(s.ctx, s.model, "db-login", "", map[string]string{"key": "old"})
	s.must(err)
	// The first look is at what was noted, the second at what Juju lists.
	check := func(when, value string, holds bool) {
		t.Helper()
		for _, age := range []plan.Age{plan.AsKnown, plan.Fresh} {
			secret := s.known(plan.Query{ID: id, Age: age}).ByID
			if secret == nil || !secret.Unsummed || secret.Holds(holding(value)) != holds {
				t.Errorf("%s the Pool knows: %+v", when, secret)
			}
		}
	}
	check("of what somebody else made", "old", false)
	info := "info"
	s.succeed(plan.Update{ID: id, Info: &info})
	check("after a change of the description", "old", false)
	s.succeed(updating(id, "new"))
	check("of its own revision", "new", true)
	s.succeed(plan.Grant{ID: id, Applications: []string{"app1"}})
	check("after a grant", "new", true)
	s.must(s.asAPerson(s.model).UpdateSecret(
		s.ctx, &coresecrets.URI{ID: id}, "", nil, "", "", holding("theirs").Encoded()))
	if secret := s.known(plan.Query{ID: id, Age: plan.Fresh}).ByID; secret == nil || secret.Revision != 3 {
		t.Fatalf("the Pool knows: %+v", secret)
	}
	check("after somebody else's revision", "new", false)
	check("after somebody else's revision", "theirs", false)
	s.succeed(updating(id, "last"))
	check("of its next revision", "last", true)

	later := juju.NewPool(func(string) bool { return true }, nil)
	t.Cleanup(later.Close)
	go func() {
		for {
			select {
			case <-later.Changed():
			case <-s.ctx.Done():
				return
			}
		}
	}()
	s.pool = later
	s.connect(seldom)
	check("after a restart", "last", false)
	if found := s.secrets(); len(found) != 1 || found[0].Revision != 4 {
		t.Errorf("Juju has: %+v", found)
	}
}
