// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// notified is a Host that counts notifications.
type notified struct {
	host

	count int
}

func (n *notified) Notify(plan.Change) { n.count++ }

// Objects that wait for an application do not retry their grants soon, so the
// first grant that finds the application must wake them.
func TestGrantThatFindsAbsentApplicationNotifiesOthers(t *testing.T) {
	t.Parallel()
	missing := map[string]plan.Problem{"app1": {Reason: v1alpha1.ReasonApplicationNotFound}}
	m, waiting := newModel(), new(notified)
	m.Host = waiting
	for _, step := range []struct {
		what     string
		problems map[string]plan.Problem
		want     int
	}{
		{"not found", missing, 0},
		{"not found again", missing, 0},
		{"found", nil, 1},
		{"found again", nil, 1},
	} {
		m.noteApplications([]string{"app1", "app2"}, step.problems)
		if waiting.count != step.want {
			t.Errorf("%s: %d notifications, want %d", step.what, waiting.count, step.want)
		}
	}
}
