// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/plan"
)

// alone returns a controller without a pool.
func alone(inUse func(string) bool) *controller {
	return newController(&wire.Endpoint{Key: "default", Observer: wire.NoObserver{}}, environment{
		notify: func(plan.Change) {}, inUse: inUse, isAwaited: func(plan.ModelRef) bool { return true },
		replacement: func(plan.ControllerKey) *controller { return nil },
	})
}

func TestIdleModelConnectionIsClosed(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		inUse bool
		asked time.Duration // since the last request
		kept  bool
	}{
		"an object uses the model":                  {true, 2 * idleAfter, true},
		"no object uses it, but it was requested":   {false, time.Second, true},
		"no object uses it, and no request is made": {false, 2 * idleAfter, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := alone(func(string) bool { return row.inUse })
				m := c.newModel("12345678-1234-4123-8123-123456789abc")
				c.models[m.UUID] = m
				<-time.After(row.asked)
				if kept := c.InUse(m); kept != row.kept {
					t.Errorf("the model is kept: %t, want %t", kept, row.kept)
				}
				if closed := m.Closed(); closed == row.kept {
					t.Errorf("the connection is closed: %t, want %t", closed, !row.kept)
				}
				if known := c.models[m.UUID] == m; known != row.kept {
					t.Errorf("the model is known: %t, want %t", known, row.kept)
				}
			})
		})
	}
}

func TestSnapshotAgeIsOfTheOldestModelInUse(t *testing.T) {
	t.Parallel()
	const first, second, idle = "first", "second", "idle"
	synctest.Test(t, func(t *testing.T) {
		c := alone(func(uuid string) bool { return uuid != idle })
		c.interval = time.Minute
		for _, uuid := range []string{idle, second, first} { // Each an hour older than the next.
			c.models[uuid] = c.newModel(uuid)
			<-time.After(time.Hour)
		}
		want := ControllerStats{Interval: time.Minute, SnapshotAge: 2 * time.Hour}
		if got := c.stats(time.Now()); got != want {
			t.Errorf("the stats are %+v, want %+v", got, want)
		}
	})
}
