// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"
	"time"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

func TestContentUpdatesOfASecretAreGathered(t *testing.T) {
	t.Parallel()
	updated := func(ago time.Duration, changes ...func(*plan.SecretFacts)) func(*plan.SecretFacts) {
		return func(s *plan.SecretFacts) {
			s.SinceUpdate, s.Content = &ago, wanting("new")
			all(changes...)(s)
		}
	}
	waits := func(rest time.Duration) func(*plan.Plan) {
		return func(p *plan.Plan) { p.Wait, p.Condition, p.Digest = rest, plan.Condition{}, "" }
	}
	sends := does(plan.Update{ID: dbID, Content: new(holding("new"))})
	const just = 300 * time.Millisecond
	runSecretTests(t, map[string]secretTest{
		"the first update at once":      {func(s *plan.SecretFacts) { s.Content = wanting("new") }, sends},
		"after a moment":                {updated(just), waits(700 * time.Millisecond)},
		"after no time":                 {updated(0), waits(time.Second)},
		"after a second":                {updated(time.Second), sends},
		"after an hour":                 {updated(time.Hour), sends},
		"at most a second, clock back":  {updated(-time.Hour), waits(time.Second)},
		"without a difference":          {updated(just, func(s *plan.SecretFacts) { s.Content = wanting("hunter2") }), nil},
		"the status was not restored":   {updated(just, func(s *plan.SecretFacts) { s.Restored = true }), sends},
		"a source is missing meanwhile": {updated(just, missingSource), reportsMissingSource},
		"the info does not wait": {
			updated(just, func(s *plan.SecretFacts) { s.Desired.Info = "new" }),
			all(waits(700*time.Millisecond), does(plan.Update{ID: dbID, Info: new("new")})),
		},
		"only the info": {
			updated(just, func(s *plan.SecretFacts) { s.Content, s.Desired.Info = wanting("hunter2"), "new" }),
			does(plan.Update{ID: dbID, Info: new("new")}),
		},
		"the name does not wait": {
			updated(just, renamed(nil, func(*plan.SecretFacts) {})),
			all(waits(700*time.Millisecond), does(plan.Update{ID: dbID, Name: new("db")})),
		},
		"a reverted change waits": {
			updated(just, alter(func(s *plan.UserSecret) { s.Revision, s.Checksum = 4, holding("by hand").Checksum() }),
				func(s *plan.SecretFacts) {
					s.Content, s.SameSpec, s.LastDigest = wanting("hunter2"), true, digestOf(holding("hunter2"))
				}),
			waits(700 * time.Millisecond),
		},
		"a removal does not wait": {
			deleting(updated(just)), all(does(plan.Remove{ID: dbID}), func(p *plan.Plan) {
				p.Digest = ""
				p.Condition = plan.Condition{
					Reason:  v1alpha1.ReasonRemoving,
					Message: `waiting until Juju has removed the secret "db" from model "prod/app"`,
				}
			}),
		},
	})
}

// missingSource sets a content with a source that does not exist.
func missingSource(s *plan.SecretFacts) {
	s.Content = content.Desired{State: content.Missing, Problem: "Secret db does not exist"}
}

func reportsMissingSource(p *plan.Plan) {
	p.Condition = plan.Condition{Reason: v1alpha1.ReasonSourceNotFound, Message: "Secret db does not exist"}
}
