// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// inSyncWith is a model and a JujuSecret with driftPolicy: Report that are in sync.
func inSyncWith(report bool) (*juju, *plan.SecretSeen) {
	j, seen := &juju{secrets: map[string]*plan.UserSecret{}}, newObject()
	seen.Want.ReportDrift = report
	j.reconcile(seen, atTheEnd)
	return j, seen
}

func TestAnotherSpecIsAppliedHoweverManyRunsItTakes(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*plan.SecretSeen){
		"info": func(s *plan.SecretSeen) { s.Want.Info = "new" },
		"name": func(s *plan.SecretSeen) { s.Want.Name = "new" },
	} {
		for _, report := range []bool{true, false} {
			j, seen := inSyncWith(report)
			change(seen)
			seen.SameSpec = false     // The generation is another.
			j.reconcile(seen, unsent) // Juju does not answer; the status is written.
			p := j.reconcile(seen, atTheEnd)
			if p.Verdict.Reason != v1alpha1.ReasonSynced || p.Corrects {
				t.Errorf("%s, with Report %t: %+v, corrects %t", name, report, p.Verdict, p.Corrects)
			}
		}
	}
}

func TestAnotherSpecIsAppliedAfterAnOutage(t *testing.T) {
	t.Parallel()
	j, seen := inSyncWith(true)
	seen.Want.Info, seen.SameSpec = "new", false
	seen.World = troubled(plan.Unreachable)
	j.note(seen, plan.ForSecret(*seen), nil)
	if p := j.reconcile(seen, atTheEnd); p.Verdict.Reason != v1alpha1.ReasonSynced {
		t.Errorf("%+v", p.Verdict)
	}
}

func TestARenameThatWaitedIsStillTheSpecs(t *testing.T) {
	t.Parallel()
	for _, report := range []bool{true, false} {
		j, seen := inSyncWith(report)
		j.add(stranger(func(s *plan.UserSecret) { s.Name = "new" }))
		seen.Want.Name, seen.SameSpec = "new", false
		if p := j.reconcile(seen, atTheEnd); p.Verdict.Reason != v1alpha1.ReasonNameTaken {
			t.Fatalf("%+v", p.Verdict)
		}
		delete(j.secrets, otherID)
		if p := j.reconcile(seen, atTheEnd); p.Verdict.Reason != v1alpha1.ReasonSynced || p.Corrects {
			t.Errorf("with Report %t: %+v, corrects %t", report, p.Verdict, p.Corrects)
		}
	}
}

func TestAReplacedSecretIsOnlyReportedAlsoWhenItsNameIsFreeAgain(t *testing.T) {
	t.Parallel()
	j, seen := inSyncWith(true)
	delete(j.secrets, seen.LastID)
	j.add(stranger())
	if p := j.reconcile(seen, atTheEnd); p.Verdict.Reason != v1alpha1.ReasonDrifted {
		t.Fatalf("%+v", p.Verdict)
	}
	delete(j.secrets, otherID)
	if p := j.reconcile(seen, atTheEnd); len(p.Steps) > 0 {
		t.Errorf("%+v, steps %+v", p.Verdict, p.Steps)
	}
}
