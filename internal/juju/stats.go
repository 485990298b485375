// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"maps"
	"time"

	"github.com/juju-secrets/operator/internal/juju/model"
	"github.com/juju-secrets/operator/internal/plan"
)

// ControllerStats holds the state of a controller for the metrics.
type ControllerStats struct {
	// Connections is the number of open connections, to the controller and to
	// its models. Refused is the number of connections that are not open
	// because the credentials were refused.
	Connections, Refused int
	// Interval is how often each model is listed.
	Interval time.Duration
	// SnapshotAge is the age of the oldest snapshot of a model in use, or 0.
	SnapshotAge time.Duration
	// MostRevisions is the largest number of revisions of one secret, of any
	// owner, in the models in use.
	MostRevisions int
	// LookedUp is the number of models in use that are checked by lookups.
	LookedUp int
}

// Stats returns the state of all controllers. It makes no request.
func (p *Pool) Stats() map[plan.ControllerKey]ControllerStats {
	p.mu.Lock()
	controllers, candidates := maps.Clone(p.controllers), maps.Clone(p.candidates)
	p.mu.Unlock()
	stats := make(map[plan.ControllerKey]ControllerStats, len(controllers))
	for key, c := range controllers {
		all := c.stats(time.Now())
		if candidate := candidates[key]; candidate != nil {
			all.count(candidate.root.Up())
		}
		stats[key] = all
	}
	return stats
}

// stats returns the state of the controller.
func (c *controller) stats(now time.Time) ControllerStats {
	c.mu.Lock()
	stats := ControllerStats{Interval: c.interval}
	models := make([]*model.Model, 0, len(c.models))
	for _, m := range c.models {
		models = append(models, m)
	}
	c.mu.Unlock()
	stats.count(c.root.Up())
	for _, m := range models {
		stats.count(m.Up())
		if c.inUse(m.UUID) {
			stats.SnapshotAge = max(stats.SnapshotAge, now.Sub(m.LastLooked()))
			stats.MostRevisions = max(stats.MostRevisions, m.MostRevisions())
			if m.CheckedBy() == plan.CheckedByLookups {
				stats.LookedUp++
			}
		}
	}
	return stats
}

// count adds one connection.
func (s *ControllerStats) count(up, refused bool) {
	switch {
	case up:
		s.Connections++
	case refused:
		s.Refused++
	}
}
