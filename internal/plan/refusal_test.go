// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

func TestRefusalEndsCreationUnderNewName(t *testing.T) {
	t.Parallel()
	facts := newObject()
	facts.Record = creating("old", "")
	facts.View = plan.ModelView{Known: true}
	p := plan.ForSecret(*facts)
	got := plan.Settle(p, []plan.Outcome{failed(v1alpha1.ReasonNameTaken)})
	if diff := cmp.Diff(plan.Record{Held: true}, got); diff != "" {
		t.Errorf("the record after a refusal (-want +got):\n%s", diff)
	}
}
