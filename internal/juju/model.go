// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/juju/juju/api"
	"github.com/juju/juju/api/base"

	"github.com/juju-secrets/operator/internal/plan"
)

// idleAfter is how long the connection to a model is kept that nobody asks about any more.
const idleAfter = 10 * time.Minute

// model is one model of a controller: one connection, one snapshot, one writer.
type model struct {
	controller *controller
	uuid       string
	link       *link
	writer     *writer
	// wanted wakes whoever refreshes the snapshot.
	wanted chan struct{}
	keep   sync.Once
	// userAccess is what the user may do in the model, as of the last login. The controller's lock guards it.
	userAccess string
	// unsummed tells that the controller's Juju does not tell checksums.
	unsummed atomic.Bool

	mu       sync.Mutex
	snapshot snapshot
	listings listings
	used     time.Time
	// absent are the applications that a grant did not find, and when that was.
	absent map[string]time.Time
	// lookedForApps is when they were asked for last.
	lookedForApps time.Time
}

func newModel(c *controller, uuid string) *model {
	m := &model{
		controller: c, uuid: uuid, wanted: make(chan struct{}, 1),
		snapshot: newSnapshot(), listings: newListings(time.Now()), used: time.Now(), absent: map[string]time.Time{},
	}
	m.link = newLink(linkSetup{
		patience: dialTimeout, // The controller itself is there, or nobody gets here.
		dial:     func(ctx context.Context) (api.Connection, *plan.Trouble) { return c.openModel(ctx, m) },
		lost:     m.distrust,
		changed: func(up, told bool) {
			m.notify(plan.Change{All: !up || told})
			m.tryAgain() // What was missed is found by comparing.
		},
	})
	m.writer = newWriter(m.send)
	return m
}

// notify tells that something in the model changed.
func (m *model) notify(change plan.Change) {
	change.Controller, change.ModelUUID = m.controller.key, m.uuid
	m.controller.notify(change)
}

// world looks for the secrets of a query in the snapshot.
func (m *model) world(ctx context.Context, query plan.Query) plan.World {
	if trouble := m.current(ctx, query.Age); trouble != nil {
		return plan.World{Trouble: trouble, ModelUUID: m.uuid}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used = time.Now()
	world := plan.World{Known: true, ModelUUID: m.uuid}
	world.ByID, world.ByName = m.snapshot.find(query)
	world.CharmOwned = m.snapshot.charms[query.ID]
	return world
}

func (m *model) lastUsed() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.used
}

// question is what to ask a facade, without the arguments.
type question struct {
	facade, method string
	timeout        time.Duration
	// items is how many secrets a bulk change has, 0 for all else.
	items int
}

// call makes one request to the Secrets facade. The facade is called directly, not through Juju's client for it, which
// sends one item a call, cannot clear a description, and loses the codes of errors.
func (m *model) call(ctx context.Context, timeout time.Duration, method string, args, result any) *plan.Trouble {
	return m.request(ctx, question{facade: secretsFacade, method: method, timeout: timeout}, args, result)
}

// change makes one request that changes so many secrets.
func (m *model) change(ctx context.Context, method string, items int, args, result any) *plan.Trouble {
	timeout := callTimeout + time.Duration(items)*itemTimeout
	return m.request(ctx, question{facade: secretsFacade, method: method, timeout: timeout, items: items}, args, result)
}

func (m *model) request(ctx context.Context, what question, args, result any) *plan.Trouble {
	conn, release, trouble := m.link.connection(ctx)
	if trouble != nil {
		return trouble
	}
	defer release()
	_, caller := base.NewClientFacade(conn, what.facade)
	if trouble := tooOld(what.facade, caller.BestAPIVersion()); trouble != nil {
		return trouble
	}
	if version, known := conn.ServerVersion(); known {
		m.unsummed.Store(!tellsChecksums(version))
	}
	request := Request{Method: what.facade + "." + what.method, Items: what.items}
	err := m.controller.ask(ctx, what.timeout, request, func(ctx context.Context) error {
		return caller.FacadeCall(ctx, what.method, args, result)
	})
	if err != nil {
		trouble := callTrouble(conn, err)
		if trouble.Kind == plan.PermissionDenied || trouble.Kind == plan.ModelNotFound {
			// The words for a model that was removed under an open connection, too.
			return m.controller.checkListed(ctx, m, trouble)
		}
		return trouble
	}
	return nil
}

// bounded makes a call end with its context. Juju's client looks at it only once the request is written, which a peer that
// reads nothing can hold up for ever.
func bounded(ctx context.Context, call func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- call() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
