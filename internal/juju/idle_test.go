// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"testing"
	"time"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

func TestTheConnectionToAModelIsClosedWhenNobodyNeedsIt(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		inUse bool
		asked time.Duration // ago
		kept  bool
	}{
		"an object stands for something in it":          {true, 2 * idleAfter, true},
		"no object does, and somebody asked just now":   {false, time.Second, true},
		"no object does, and nobody has asked for long": {false, 2 * idleAfter, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newController("default", content.Connection{}, surroundings{
				notify: func(plan.Change) {}, inUse: func(string) bool { return row.inUse },
			})
			m := newModel(c, "12345678-1234-4123-8123-123456789abc")
			m.used = time.Now().Add(-row.asked)
			c.models[m.uuid] = m
			if kept := c.keeps(m); kept != row.kept {
				t.Errorf("it is kept: %t, want %t", kept, row.kept)
			}
			if closed := m.link.closed(); closed == row.kept {
				t.Errorf("its connection is closed: %t, want %t", closed, !row.kept)
			}
			if known := c.models[m.uuid] == m; known != row.kept {
				t.Errorf("it is known: %t, want %t", known, row.kept)
			}
		})
	}
}
