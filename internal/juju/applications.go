// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/juju/juju/rpc/params"
	"github.com/juju/names/v6"

	"github.com/juju-secrets/operator/internal/plan"
)

// absentFor is how long an application that a grant did not find is looked for. Whoever still wants it tries more often
// than that.
const absentFor = 10 * time.Minute

// noteApplications remembers which applications a grant found, and which it did not.
func (m *model) noteApplications(apps []string, troubles map[string]plan.Trouble) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, app := range apps {
		if troubles[app].Kind == plan.ApplicationNotFound && names.IsValidApplication(app) {
			m.absent[app] = time.Now()
		} else {
			delete(m.absent, app)
		}
	}
}

// lookForApplications asks for all applications that grants did not find, in one request and once per interval, and tells
// whoever waits if one is there now. If Juju does not say, they try for themselves.
func (m *model) lookForApplications(ctx context.Context) {
	interval := m.controller.currentInterval()
	m.mu.Lock()
	maps.DeleteFunc(m.absent, func(_ string, since time.Time) bool { return time.Since(since) > absentFor })
	apps := slices.Sorted(maps.Keys(m.absent))
	due := len(apps) > 0 && time.Since(m.lookedForApps) > interval*3/4
	if due {
		m.lookedForApps = time.Now()
	}
	m.mu.Unlock()
	if !due {
		return
	}
	var args params.Entities
	for _, app := range apps {
		args.Entities = append(args.Entities, params.Entity{Tag: names.NewApplicationTag(app).String()})
	}
	var results params.ApplicationInfoResults
	trouble := m.request(ctx, question{facade: "Application", method: "ApplicationsInfo", timeout: callTimeout}, args, &results)
	appeared := trouble != nil
	m.mu.Lock()
	for i, app := range apps {
		if item(results.Results, i, params.ApplicationInfoResult{Error: unanswered()}).Error == nil {
			delete(m.absent, app)
			appeared = true
		}
	}
	m.mu.Unlock()
	if appeared {
		m.notify(plan.Change{})
	}
}
