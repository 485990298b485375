// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/juju-secrets/operator/internal/plan"
)

// keeping sets updatePolicy: IfNotExists.
func keeping(change func(*plan.SecretFacts)) func(*plan.SecretFacts) {
	return func(s *plan.SecretFacts) {
		change(s)
		s.Desired.KeepContent = true
	}
}

func TestIfNotExistsKeepsContentOfOtherClients(t *testing.T) {
	t.Parallel()
	tests := map[string]secretTest{}
	for name, drift := range drifts() {
		want := func(p *plan.Plan) {
			drift.wants(p)
			p.Corrects = true
			update, isUpdate := p.Steps[0].(plan.Update)
			if !isUpdate {
				return // The secret is created again, with its content.
			}
			p.Digest, p.KeepsContent, p.Condition.Message, update.Content = "", true, inSync, nil
			p.Steps = []plan.Step{update}
			if update.Parts() == "" {
				p.Steps, p.Corrects = nil, false
			}
		}
		tests[name] = secretTest{keeping(drift.seen), want}
	}
	runSecretTests(t, tests)
}

func TestIfNotExistsNeedsSourceOnlyForCreation(t *testing.T) {
	t.Parallel()
	keeps := func(p *plan.Plan) { p.Digest, p.KeepsContent = "", true }
	otherInfo := func(s *plan.SecretFacts) { s.Desired.Info = "new" }
	runSecretTests(t, map[string]secretTest{
		"secret exists": {keeping(missingSource), keeps},
		"secret exists, another info": {
			keeping(all(missingSource, otherInfo)), all(keeps, does(plan.Update{ID: dbID, Info: new("new")})),
		},
		"secret is adopted with its content":   {keeping(adopts(missingSource)), all(keeps, takesOver(stranger()))},
		"secret was removed by another client": {keeping(all(missingSource, goneByHand)), reportsMissingSource},
		"secret does not exist": {
			keeping(all(missingSource, func(s *plan.SecretFacts) {
				s.Record, s.LastID = plan.Record{}, ""
				holds(&s.View, nil, nil)
			})),
			reportsMissingSource,
		},
		"creation was interrupted": {
			keeping(cutOff(missingSource)),
			all(keeps, func(p *plan.Plan) { p.Secret = database(firstRevision) }),
		},
	})
}
