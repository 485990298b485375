// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// inSyncWith returns a model and a JujuSecret in sync, with driftPolicy: Report
// if report is true.
func inSyncWith(report bool) (*juju, *plan.SecretFacts) {
	j, facts := &juju{secrets: map[string]*plan.UserSecret{}}, newObject()
	facts.Desired.ReportDrift = report
	j.reconcile(facts, atTheEnd)
	return j, facts
}

func TestChangedSpecIsAppliedAfterFailedRun(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*plan.SecretFacts){
		"info": func(s *plan.SecretFacts) { s.Desired.Info = "new" },
		"name": func(s *plan.SecretFacts) { s.Desired.Name = "new" },
	} {
		for _, report := range []bool{true, false} {
			j, facts := inSyncWith(report)
			change(facts)
			facts.SameSpec = false     // A new generation.
			j.reconcile(facts, unsent) // No answer. The status is written.
			p := j.reconcile(facts, atTheEnd)
			if p.Condition.Reason != v1alpha1.ReasonSynced || p.Corrects {
				t.Errorf("%s, with Report %t: %+v, corrects %t", name, report, p.Condition, p.Corrects)
			}
		}
	}
}

func TestChangedSpecIsAppliedAfterOutage(t *testing.T) {
	t.Parallel()
	j, facts := inSyncWith(true)
	facts.Desired.Info, facts.SameSpec = "new", false
	facts.View = unavailable(v1alpha1.ReasonJujuUnreachable)
	j.note(facts, plan.ForSecret(*facts), nil)
	if p := j.reconcile(facts, atTheEnd); p.Condition.Reason != v1alpha1.ReasonSynced {
		t.Errorf("%+v", p.Condition)
	}
}

func TestDelayedRenameIsNotDrift(t *testing.T) {
	t.Parallel()
	for _, report := range []bool{true, false} {
		j, facts := inSyncWith(report)
		j.add(stranger(func(s *plan.UserSecret) { s.Name = "new" }))
		facts.Desired.Name, facts.SameSpec = "new", false
		if p := j.reconcile(facts, atTheEnd); p.Condition.Reason != v1alpha1.ReasonNameTaken {
			t.Fatalf("%+v", p.Condition)
		}
		delete(j.secrets, otherID)
		if p := j.reconcile(facts, atTheEnd); p.Condition.Reason != v1alpha1.ReasonSynced || p.Corrects {
			t.Errorf("with Report %t: %+v, corrects %t", report, p.Condition, p.Corrects)
		}
	}
}

func TestReplacedSecretIsOnlyReportedAfterNameIsFree(t *testing.T) {
	t.Parallel()
	j, facts := inSyncWith(true)
	delete(j.secrets, facts.LastID)
	j.add(stranger())
	if p := j.reconcile(facts, atTheEnd); p.Condition.Reason != v1alpha1.ReasonDrifted {
		t.Fatalf("%+v", p.Condition)
	}
	delete(j.secrets, otherID)
	if p := j.reconcile(facts, atTheEnd); len(p.Steps) > 0 {
		t.Errorf("%+v, steps %+v", p.Condition, p.Steps)
	}
}
