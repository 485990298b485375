// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/internal/plan"
)

func TestARefusalEndsACreationUnderANewName(t *testing.T) {
	t.Parallel()
	seen := newObject()
	seen.Record = creating("old", "")
	seen.World = plan.World{Known: true}
	p := plan.ForSecret(*seen)
	got := plan.Settle(p, []plan.Outcome{failed(plan.NameTaken)})
	if diff := cmp.Diff(plan.Record{Held: true}, got); diff != "" {
		t.Errorf("the record after a refusal (-want +got):\n%s", diff)
	}
}
