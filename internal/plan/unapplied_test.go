// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

func TestUnappliedSecretDiffersFromWhatWasWritten(t *testing.T) {
	t.Parallel()
	away := func(changes ...func(*plan.SecretFacts)) func(*plan.SecretFacts) {
		return func(s *plan.SecretFacts) {
			s.View, s.LastDigest = unavailable(v1alpha1.ReasonJujuUnreachable), digestOf(holding("hunter2"))
			all(changes...)(s)
		}
	}
	as := func(desired content.Desired) func(*plan.SecretFacts) {
		return func(s *plan.SecretFacts) { s.Content = desired }
	}
	busy := func(s *plan.SecretFacts) { s.View = unavailable(v1alpha1.ReasonModelUnavailable) }
	observing := func(s *plan.SecretFacts) {
		s.Desired.Observe, s.LastDigest, s.Content = true, "", content.Desired{}
	}
	for name, test := range map[string]struct {
		given func(*plan.SecretFacts)
		want  bool
	}{
		"the same content":             {away(), false},
		"another content":              {away(as(wanting("new"))), true},
		"a missing source":             {away(as(content.Desired{State: content.Missing})), true},
		"an invalid content":           {away(as(content.Desired{State: content.Invalid})), true},
		"a busy model":                 {away(busy), false},
		"new content, busy model":      {away(as(wanting("new")), busy), true},
		"never written":                {away(func(s *plan.SecretFacts) { s.LastDigest = "" }), true},
		"only observed":                {away(observing), false},
		"another content, IfNotExists": {keeping(away(as(wanting("new")))), false},
		"never written, IfNotExists":   {keeping(away(func(s *plan.SecretFacts) { s.LastID, s.LastDigest = "", "" })), true},
		"another content, deleted":     {deleting(away(as(wanting("new")))), false},
		"another content, model known": {
			func(s *plan.SecretFacts) { s.Content, s.LastDigest = wanting("new"), digestOf(holding("hunter2")) }, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := secretInSync()
			test.given(&facts)
			digested(&facts)
			if got := plan.ForSecret(facts).Unapplied; got != test.want {
				t.Errorf("Unapplied is %t, want %t", got, test.want)
			}
		})
	}
}

func TestUnappliedAccessHasAnotherSecret(t *testing.T) {
	t.Parallel()
	away := func(changes ...func(*plan.AccessFacts)) func(*plan.AccessFacts) {
		return func(a *plan.AccessFacts) {
			a.View, a.LastID = unavailable(v1alpha1.ReasonJujuUnreachable), dbID
			all(changes...)(a)
		}
	}
	another := func(a *plan.AccessFacts) { a.Target.Query.ID = otherID }
	for name, test := range map[string]struct {
		given func(*plan.AccessFacts)
		want  bool
	}{
		"the same secret":         {away(), false},
		"another secret":          {away(another), true},
		"another secret, deleted": {away(another, func(a *plan.AccessFacts) { a.Deleting = true }), false},
		"a secret of a name":      {away(func(a *plan.AccessFacts) { a.Target.Query = plan.Query{Name: "db"} }), false},
		"never granted":           {away(func(a *plan.AccessFacts) { a.LastID = "" }), true},
		"the former model unreachable": {
			func(a *plan.AccessFacts) {
				a.Target.Query.ID, a.View.ByID = otherID, stranger()
				a.FormerView = unavailable(v1alpha1.ReasonJujuUnreachable)
			}, true,
		},
		"another secret, model known": {
			func(a *plan.AccessFacts) { a.LastID = otherID }, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := accessInSync()
			test.given(&facts)
			if got := plan.ForAccess(facts).Unapplied; got != test.want {
				t.Errorf("Unapplied is %t, want %t", got, test.want)
			}
		})
	}
}
