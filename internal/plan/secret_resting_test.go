// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

func TestWhoIsSuspendedRests(t *testing.T) {
	t.Parallel()
	suspended := func(changes ...func(*plan.SecretSeen)) func(*plan.SecretSeen) {
		return func(s *plan.SecretSeen) {
			s.Want.Suspended = true
			all(changes...)(s)
		}
	}
	rests := tells(v1alpha1.ReasonSuspended, "suspended: nothing is looked at or changed in Juju until spec.suspend is false")
	removes := func(p *plan.Plan) {
		p.Steps, p.Digest = []plan.Step{plan.Remove{ID: dbID}}, ""
		p.Verdict = plan.Verdict{Reason: v1alpha1.ReasonRemoving, Message: `Juju has yet to remove the secret "db" from model "prod/app"`}
	}
	runSecretTests(t, map[string]secretTest{
		"whatever there is to do":     {suspended(func(s *plan.SecretSeen) { s.Want.Info, s.Content = "new", wanting("new") }), rests},
		"whatever is not there":       {suspended(func(s *plan.SecretSeen) { holds(&s.World, nil, nil) }), rests},
		"though nobody looked":        {suspended(func(s *plan.SecretSeen) { s.World, s.Content = plan.World{}, content.Desired{} }), rests},
		"though it is no tenant":      {suspended(func(s *plan.SecretSeen) { s.Tenancy = denied() }), rests},
		"though another has it":       {suspended(rivals(plan.Rival{SecretID: dbID, Older: true})), rests},
		"before there is anything":    {suspended(recalls(plan.Record{}), func(s *plan.SecretSeen) { s.LastID = "" }), rests},
		"in the middle of a creation": {suspended(cutOff(func(*plan.SecretSeen) {})), rests},
		"who only looks, too":         {suspended(func(s *plan.SecretSeen) { s.Want.Observe = true }), rests},
		"until it goes":               {goes(suspended()), removes},
	})
}

func TestWhoIsAbandonedGoesWithoutAskingJuju(t *testing.T) {
	t.Parallel()
	const left = `left the secret "db" in model "prod/app", should it be there, as the annotation jujusecrets.io/abandon says`
	abandoned := func(changes ...func(*plan.SecretSeen)) func(*plan.SecretSeen) {
		return func(s *plan.SecretSeen) {
			s.Want.Abandoned = true
			all(changes...)(s)
		}
	}
	nothing := func(s *plan.SecretSeen) { s.Record, s.LastID = plan.Record{Held: true}, "" }
	retained := func(s *plan.SecretSeen) { s.Want.Deletion = v1alpha1.DeletionRetain }
	runSecretTests(t, map[string]secretTest{
		"not before it goes":                     {given: abandoned()},
		"while Juju is away":                     {goes(abandoned(func(s *plan.SecretSeen) { s.World = troubled(plan.Unreachable) })), letsGo(left)},
		"while its controller object is gone":    {goes(abandoned(func(s *plan.SecretSeen) { s.Tenancy = plan.NoController("default") })), letsGo(left)},
		"also if it could be removed":            {goes(abandoned()), letsGo(left)},
		"also if that is not asked for":          {goes(abandoned(retained)), letsGo(left)},
		"also in the middle of a creation":       {goes(abandoned(cutOff(func(*plan.SecretSeen) {}))), letsGo(left)},
		"also in the middle of an adoption":      {goes(abandoned(adopts(recalls(adopting(otherID))))), letsGo(left)},
		"without a word if nothing was made":     {goes(abandoned(nothing)), letsGo("")},
		"without a word if it only looks":        {goes(abandoned(func(s *plan.SecretSeen) { s.Want.Observe = true })), letsGo("")},
		"without a word if it was let go before": {goes(abandoned(recalls(plan.Record{}))), tells(v1alpha1.ReasonRemoved, "")},
	})
}

func TestNothingIsBegunThroughAControllerThatGoes(t *testing.T) {
	t.Parallel()
	going := func(s *plan.SecretSeen) { s.Tenancy, s.World = plan.ControllerGoing("default"), plan.World{} }
	runSecretTests(t, map[string]secretTest{
		"what is there stays":     {going, tells(v1alpha1.ReasonControllerNotReady, goingMessage)},
		"what is new waits":       {adopts(going), tells(v1alpha1.ReasonControllerNotReady, goingMessage)},
		"who only looks, as well": {all(going, func(s *plan.SecretSeen) { s.Want.Observe = true }), tells(v1alpha1.ReasonControllerNotReady, goingMessage)},
	})
}
