// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

func TestSuspendedObjectDoesNothing(t *testing.T) {
	t.Parallel()
	suspended := func(changes ...func(*plan.SecretFacts)) func(*plan.SecretFacts) {
		return func(s *plan.SecretFacts) {
			s.Desired.Suspended = true
			all(changes...)(s)
		}
	}
	idle := reports(
		v1alpha1.ReasonSuspended,
		"suspended: the operator reads and changes nothing in Juju until spec.suspend is false",
	)
	removes := func(p *plan.Plan) {
		p.Steps, p.Digest = []plan.Step{plan.Remove{ID: dbID}}, ""
		p.Condition = plan.Condition{
			Reason:  v1alpha1.ReasonRemoving,
			Message: `waiting until Juju has removed the secret "db" from model "prod/app"`,
		}
	}
	runSecretTests(t, map[string]secretTest{
		"with changes to make": {
			suspended(func(s *plan.SecretFacts) { s.Desired.Info, s.Content = "new", wanting("new") }), idle,
		},
		"secret missing": {suspended(func(s *plan.SecretFacts) { holds(&s.View, nil, nil) }), idle},
		"model not read": {
			suspended(func(s *plan.SecretFacts) { s.View, s.Content = plan.ModelView{}, content.Desired{} }), idle,
		},
		"no tenant":              {suspended(func(s *plan.SecretFacts) { s.Tenancy = denied() }), idle},
		"another object owns it": {suspended(competitors(plan.Competitor{SecretID: dbID, Older: true})), idle},
		"new":                    {suspended(recalls(plan.Record{}), func(s *plan.SecretFacts) { s.LastID = "" }), idle},
		"creation pending":       {suspended(cutOff(func(*plan.SecretFacts) {})), idle},
		"Observe":                {suspended(func(s *plan.SecretFacts) { s.Desired.Observe = true }), idle},
		"deleting":               {deleting(suspended()), removes},
	})
}

func TestAbandonedObjectIsReleasedWithoutAskingJuju(t *testing.T) {
	t.Parallel()
	const left = `left the secret "db" in model "prod/app", if it exists: the annotation jujusecrets.io/abandon is set`
	abandoned := func(changes ...func(*plan.SecretFacts)) func(*plan.SecretFacts) {
		return func(s *plan.SecretFacts) {
			s.Desired.Abandoned = true
			all(changes...)(s)
		}
	}
	nothing := func(s *plan.SecretFacts) { s.Record, s.LastID = plan.Record{Held: true}, "" }
	retained := func(s *plan.SecretFacts) { s.Desired.Deletion = v1alpha1.DeletionRetain }
	runSecretTests(t, map[string]secretTest{
		"not deleting": {given: abandoned()},
		"Juju unreachable": {
			deleting(abandoned(func(s *plan.SecretFacts) { s.View = unavailable(v1alpha1.ReasonJujuUnreachable) })),
			releases(left),
		},
		"controller object missing": {
			deleting(abandoned(func(s *plan.SecretFacts) { s.Tenancy = plan.NoController("default") })), releases(left),
		},
		"Juju reachable":              {deleting(abandoned()), releases(left)},
		"Retain":                      {deleting(abandoned(retained)), releases(left)},
		"creation pending":            {deleting(abandoned(cutOff(func(*plan.SecretFacts) {}))), releases(left)},
		"adoption pending":            {deleting(abandoned(adopts(recalls(adopting(otherID))))), releases(left)},
		"nothing created: no message": {deleting(abandoned(nothing)), releases("")},
		"Observe: no message": {
			deleting(abandoned(func(s *plan.SecretFacts) { s.Desired.Observe = true })), releases(""),
		},
		"released: no message": {deleting(abandoned(recalls(plan.Record{}))), reports(v1alpha1.ReasonRemoved, "")},
	})
}

func TestControllerDeletionBlocksNewObjects(t *testing.T) {
	t.Parallel()
	viaDeleted := func(s *plan.SecretFacts) { s.Tenancy, s.View = plan.ControllerDeleting("default"), plan.ModelView{} }
	runSecretTests(t, map[string]secretTest{
		"creates": {viaDeleted, reports(v1alpha1.ReasonControllerDeleting, deletingMessage)},
		"adopts":  {adopts(viaDeleted), reports(v1alpha1.ReasonControllerDeleting, deletingMessage)},
	})
}
