// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/juju/juju/api"
	"github.com/juju/juju/api/base"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/juju/link"
	"github.com/juju-secrets/operator/internal/juju/snapshot"
	"github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/plan"
)

// Host is the controller of a model.
type Host interface {
	// Notify delivers a change. It does not block.
	Notify(change plan.Change)
	// InUse reports whether the model is still needed. An unused model is
	// closed.
	InUse(m *Model) bool
	// Explain returns the problem to report for a problem that may mean that
	// the model is gone, or that the user lost access to it. The problem stays
	// the same while the controller lists the model.
	Explain(ctx context.Context, m *Model, problem *plan.Problem) *plan.Problem
	// NoteLateWrite is called when a model was changed after it was closed. The
	// Model that replaced it may have listed the secrets before.
	NoteLateWrite(modelUUID string)
}

// Config configures a Model.
type Config struct {
	UUID string
	// Name returns the model's name as the controller lists it, otherwise its
	// UUID.
	Name     func() string
	Endpoint *wire.Endpoint
	Host     Host
	// LogIn tries once to log in to the model.
	LogIn func(ctx context.Context) (api.Connection, *plan.Problem)
	// MayWrite asks for the access of the user to the model, and reports whether
	// it allows changes. It is also true if that is not known.
	MayWrite func(ctx context.Context) bool
	// Interval is how often to list the model to detect external changes.
	Interval time.Duration
}

// Model is one model of a controller: one connection, one snapshot, one writer.
// The first request logs in.
type Model struct {
	Config

	link   *link.Link
	writer *writer
	// wanted wakes refreshAlways.
	wanted chan struct{}
	keep   sync.Once
	// unsummed is true when the controller's Juju lists no checksums.
	unsummed atomic.Bool

	mu       sync.Mutex
	interval time.Duration
	snapshot snapshot.Snapshot
	listings listings
	used     time.Time
	// refusal is why Juju refused the last change, if the user has no write
	// access, otherwise nil. refusedAt is when that was last asked.
	refusal   *plan.Problem
	refusedAt time.Time
	// configurations holds the options of the charms of applications.
	configurations configurations
	// absent holds the applications that a grant did not find, with the time of
	// the grant.
	absent map[string]time.Time
	// lookedForApps is when the operator last looked for these applications. If
	// it has not, it is when the first one was added.
	lookedForApps time.Time
}

// New returns a model that is not logged in to yet.
func New(config Config) *Model {
	m := &Model{
		Config: config, wanted: make(chan struct{}, 1), interval: config.Interval,
		snapshot: snapshot.New(), listings: newListings(time.Now()), used: time.Now(), absent: map[string]time.Time{},
		configurations: newConfigurations(),
	}
	m.link = link.New(link.Config{
		WaitTimeout: wire.DialTimeout, // Models exist only while the controller is connected.
		Dial:        config.LogIn,
		Lost:        m.Invalidate,
		Changed: func(up, answered bool) {
			m.notify(plan.Change{All: !up || answered})
			m.relist() // The listing shows changes that were missed.
		},
	})
	m.writer = newWriter(m.carryOut)
	return m
}

// Close closes the connection once the requests in flight have ended.
func (m *Model) Close() { m.link.Close() }

// Closed reports whether the model was closed.
func (m *Model) Closed() bool { return m.link.Closed() }

// RetryNow ends the pause before the next login.
func (m *Model) RetryNow() { _ = m.link.RetryNow() }

// Up reports whether the model is connected. refused is true when it is not,
// because the credentials were refused.
func (m *Model) Up() (up, refused bool) { return m.link.Up() }

// SetInterval sets how often to list the model to detect external changes.
func (m *Model) SetInterval(interval time.Duration) {
	m.mu.Lock()
	m.interval = interval
	m.mu.Unlock()
	m.wake()
}

// View returns the secrets of the snapshot that match a query, and the
// configurations of its applications.
func (m *Model) View(ctx context.Context, query plan.Query) plan.ModelView {
	problem := m.current(ctx, query)
	var apps map[string]plan.Application
	if problem == nil && len(query.Applications) > 0 {
		apps, problem = m.configured(ctx, query)
	}
	if problem != nil {
		return plan.ModelView{Problem: problem, ModelUUID: m.UUID}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used = time.Now()
	view := plan.ModelView{Known: true, ModelUUID: m.UUID, Applications: apps}
	view.ByID, view.ByName = m.snapshot.Find(query)
	view.CharmOwned = m.snapshot.CharmOwned(query.ID)
	if view.ByName != nil {
		m.listings.watch.add(plan.Query{ID: view.ByName.ID}, m.used) // The object may be in sync from now on.
	}
	return view
}

// LastUsed returns when View was last called with success.
func (m *Model) LastUsed() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.used
}

// LastLooked returns when the last listing that succeeded began, or the lookups
// since then. Until one has succeeded, it returns when the model was created.
func (m *Model) LastLooked() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return cmp.Or(m.listings.lookedUp, m.listings.good).began
}

// CheckedBy returns how the model is checked for changes that others made:
// plan.CheckedByListing or plan.CheckedByLookups, empty until that was decided.
func (m *Model) CheckedBy() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.listings.checkedBy
}

// MostRevisions returns the largest number of revisions of one secret in the
// last listing, of any owner.
func (m *Model) MostRevisions() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.snapshot.MostRevisions()
}

// Announce adds an announcement of steps that are about to be sent. It returns
// the number of the announcement, which Send or Withdraw ends.
func (m *Model) Announce(steps []plan.Step) int { return m.writer.announce(steps) }

// Withdraw removes an announcement of steps that will not be sent.
func (m *Model) Withdraw(announcement int) { m.writer.withdraw(announcement) }

// Send carries out announced steps in order, each only if the steps before it
// succeeded. It returns the error of ctx if ctx was cancelled before the first
// step was sent.
func (m *Model) Send(ctx context.Context, announcement int, steps []plan.Step) ([]plan.Outcome, error) {
	return m.writer.send(ctx, announcement, steps)
}

// notify delivers a change in the model.
func (m *Model) notify(change plan.Change) {
	change.Controller, change.ModelUUID, change.ModelName = m.Endpoint.Key, m.UUID, m.Name()
	m.Host.Notify(change)
}

// facadeMethod is a method of a facade to call.
type facadeMethod struct {
	facade, method string
	timeout        time.Duration
	// items is the number of secrets in a bulk change, otherwise 0.
	items int
}

// changes reports whether the method changes the model.
func (f facadeMethod) changes() bool { return accessFor(f.method) == plan.AccessWrite }

// call makes one request to the Secrets facade. Juju's client for the facade is
// not used, because it sends one item a call, cannot clear a description, and
// loses the error codes.
func (m *Model) call(ctx context.Context, timeout time.Duration, method string, args, result any) *plan.Problem {
	return m.request(ctx, facadeMethod{facade: wire.SecretsFacade, method: method, timeout: timeout}, args, result)
}

// change makes one request that changes several secrets.
func (m *Model) change(ctx context.Context, method string, items int, args, result any) *plan.Problem {
	timeout := wire.CallTimeout + time.Duration(items)*itemTimeout
	what := facadeMethod{facade: wire.SecretsFacade, method: method, timeout: timeout, items: items}
	return m.request(ctx, what, args, result)
}

// request makes one request to a facade.
func (m *Model) request(ctx context.Context, what facadeMethod, args, result any) *plan.Problem {
	conn, release, problem := m.link.Get(ctx)
	if problem != nil {
		return problem
	}
	defer release()
	_, caller := base.NewClientFacade(conn, what.facade)
	if problem := wire.Unsupported(what.facade, caller.BestAPIVersion()); problem != nil {
		return problem
	}
	if version, known := conn.ServerVersion(); known {
		m.unsummed.Store(!wire.ListsChecksums(version))
	}
	request := wire.Request{Method: what.facade + "." + what.method, Items: what.items}
	err := m.Endpoint.Ask(ctx, what.timeout, request, func(ctx context.Context) error {
		return caller.FacadeCall(ctx, what.method, args, result)
	})
	if err != nil {
		return m.failed(ctx, conn, what, err)
	}
	if what.changes() {
		m.setRefusal(nil, time.Now())
	}
	return nil
}

// failed returns the problem of a request that failed.
func (m *Model) failed(ctx context.Context, conn api.Connection, what facadeMethod, err error) *plan.Problem {
	problem := wire.CallProblem(conn, err)
	if wire.NoModel(problem) {
		// Juju also returns these errors if the model was removed or migrated
		// during the connection.
		if explained := m.Host.Explain(ctx, m, problem); explained != problem {
			return explained
		}
	}
	if problem.Reason == v1alpha1.ReasonPermissionDenied {
		problem = wire.AccessProblem(problem, m.Endpoint.UserOf(conn), accessFor(what.method), m.Name())
		if what.changes() {
			m.setRefusal(problem, time.Now())
		}
	}
	return problem
}

// accessFor returns the access to the model that a method needs.
func accessFor(method string) string {
	switch method {
	case "ListSecrets", "ApplicationsInfo", "GetConfig":
		return plan.AccessRead
	}
	return plan.AccessWrite
}
