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

// lookEvery is the longest time between two looks for absent applications,
// regardless of the interval of the listings.
const lookEvery = 30 * time.Second

// noteApplications records which applications a grant found and did not find. If
// it found one that other grants had not found, it notifies their objects.
func (m *Model) noteApplications(apps []string, problems map[string]plan.Problem) {
	if m.addApplications(apps, problems) {
		m.notify(plan.Change{})
	}
}

// addApplications records the applications of a grant, and reports whether it
// found one that was absent.
func (m *Model) addApplications(apps []string, problems map[string]plan.Problem) (appeared bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.absent) == 0 {
		m.lookedForApps = time.Now() // The grant looked for them.
	}
	for _, app := range apps {
		if problems[app].Reason == v1alpha1.ReasonApplicationNotFound && names.IsValidApplication(app) {
			m.absent[app] = time.Now()
			continue
		}
		_, absent := m.absent[app]
		appeared = appeared || absent
		m.found(app)
	}
	if len(m.absent) > 0 {
		m.wake()
	}
	return appeared
}

// found records that the model has an application. The lock is held.
func (m *Model) found(app string) {
	delete(m.absent, app)
	if m.configurations.known[app].Problem != nil {
		m.configurations.doubt(app)
	}
}

// beginLook returns the applications to look for now.
func (m *Model) beginLook() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lookedForApps = time.Now()
	maps.DeleteFunc(m.absent, func(_ string, since time.Time) bool { return time.Since(since) > absentFor })
	return slices.Sorted(maps.Keys(m.absent))
}

// lookForApplications requests the applications that grants did not find. It
// notifies the waiting objects if an application was found, or if the request
// failed.
func (m *Model) lookForApplications(ctx context.Context, apps []string) {
	var args params.Entities
	for _, app := range apps {
		args.Entities = append(args.Entities, params.Entity{Tag: names.NewApplicationTag(app).String()})
	}
	var results params.ApplicationInfoResults
	what := facadeMethod{facade: applicationFacade, method: "ApplicationsInfo", timeout: wire.CallTimeout}
	problem := m.request(ctx, what, args, &results)
	appeared := problem != nil
	m.mu.Lock()
	for i, app := range apps {
		if item(results.Results, i, params.ApplicationInfoResult{Error: unanswered()}).Error == nil {
			m.found(app)
			appeared = true
		}
	}
	m.mu.Unlock()
	if appeared {
		m.notify(plan.Change{})
	}
}
