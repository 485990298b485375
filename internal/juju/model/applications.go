// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/juju/juju/rpc/params"
	"github.com/juju/names/v6"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/plan"
)

// absentFor is how long to look for an application that a grant did not find.
// An object that still needs the application retries the grant earlier.
const absentFor = 10 * time.Minute

// noteApplications records which applications a grant found and did not find.
func (m *Model) noteApplications(apps []string, problems map[string]plan.Problem) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, app := range apps {
		if problems[app].Reason == v1alpha1.ReasonApplicationNotFound && names.IsValidApplication(app) {
			m.absent[app] = time.Now()
		} else {
			delete(m.absent, app)
		}
	}
}

// lookForApplications requests the applications that grants did not find, at
// most once per interval. It notifies the waiting objects if an application was
// found, or if the request failed.
func (m *Model) lookForApplications(ctx context.Context) {
	m.mu.Lock()
	maps.DeleteFunc(m.absent, func(_ string, since time.Time) bool { return time.Since(since) > absentFor })
	apps := slices.Sorted(maps.Keys(m.absent))
	due := len(apps) > 0 && time.Since(m.lookedForApps) > m.interval*3/4
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
	what := facadeMethod{facade: "Application", method: "ApplicationsInfo", timeout: wire.CallTimeout}
	problem := m.request(ctx, what, args, &results)
	appeared := problem != nil
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
