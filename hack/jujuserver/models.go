// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	coremodel "github.com/juju/juju/core/model"
	applicationservice "github.com/juju/juju/domain/application/service"
	modelerrors "github.com/juju/juju/domain/model/errors"
	removalservice "github.com/juju/juju/domain/removal/service"
	secretservice "github.com/juju/juju/domain/secret/service"
	servicetesting "github.com/juju/juju/domain/services/testing"
	"github.com/juju/tc"
)

// modelServices are the services of a model that this program calls itself.
type modelServices interface {
	Application() *applicationservice.WatchableService
	Removal() *removalservice.WatchableService
	Secret() *secretservice.WatchableService
}

// model is the open store of one model.
//
// It is bound to a subtest. The suites open a store for a test and close it
// when the test ends. With a subtest for each model, the store is closed when
// the model is removed, not when the program exits.
type model struct {
	uuid     coremodel.UUID
	services modelServices
	database *sql.DB

	workers gate
	// jobs is held while removal jobs run, because a job must not run twice at
	// the same time.
	jobs sync.Mutex

	// opened is closed when services and database are ready, or when err says
	// why they are not.
	opened chan struct{}
	err    error
	// closing ends the subtest. closed is closed when it has ended.
	closing, closed chan struct{}
}

// models holds one open store for each model. The suites would open another
// store for every login.
type models struct {
	suite *servicetesting.DomainServicesSuite
	t     *testing.T
	// workers pauses all models. Each model has a gate of its own too.
	workers gate

	mu   sync.Mutex
	open map[coremodel.UUID]*model
}

// get returns a model of the controller, or modelerrors.NotFound.
func (m *models) get(ctx context.Context, uuid coremodel.UUID) (*model, error) {
	m.mu.Lock()
	found := m.open[uuid]
	m.mu.Unlock()
	if found == nil {
		// The suites create a store for any UUID, and clients may send any
		// UUID.
		var count int
		const query = "SELECT COUNT(*) FROM namespace_list WHERE namespace = ?"
		if err := m.suite.DB().QueryRowContext(ctx, query, uuid.String()).Scan(&count); err != nil {
			return nil, fmt.Errorf("cannot look up model %q: %w", uuid, err)
		}
		if count == 0 {
			return nil, fmt.Errorf("%w: %q", modelerrors.NotFound, uuid)
		}
		found = m.host(uuid)
	}
	<-found.opened
	return found, found.err
}

// host starts the subtest of a model if it has none.
func (m *models) host(uuid coremodel.UUID) *model {
	m.mu.Lock()
	defer m.mu.Unlock()
	if found := m.open[uuid]; found != nil {
		return found
	}
	hosted := &model{
		uuid:    uuid,
		opened:  make(chan struct{}),
		err:     fmt.Errorf("cannot open the store of model %q", uuid),
		closing: make(chan struct{}),
		closed:  make(chan struct{}),
	}
	m.open[uuid] = hosted
	go func() {
		defer close(hosted.closed)
		m.t.Run(uuid.String(), func(t *testing.T) {
			m.fill(&tc.C{T: t}, hosted)
			hosted.work(t.Context(), &m.workers)
		})
	}()
	return hosted
}

// fill opens the store. A failed assertion ends the subtest here with the err
// that host has set.
func (m *models) fill(c *tc.C, hosted *model) {
	defer close(hosted.opened)
	_, hosted.database = m.suite.OpenDBForNamespace(c, hosted.uuid.String(), true)
	useWriteAheadLog(c, hosted.database)
	hosted.services = m.servicesOf(c)(hosted.uuid)
	hosted.err = nil
}

func (m *models) servicesOf(c *tc.C) servicetesting.DomainServicesGetterFunc {
	return m.suite.DomainServicesGetter(c, m.suite.NoopObjectStore(c), m.suite.NoopLeaseManager(c))
}

// close closes a model and removes its store. No caller may use the model
// afterwards.
func (m *models) close(closing *model) error {
	m.mu.Lock()
	_, open := m.open[closing.uuid]
	delete(m.open, closing.uuid)
	m.mu.Unlock()
	if !open {
		return fmt.Errorf("%w: %q", modelerrors.NotFound, closing.uuid)
	}
	close(closing.closing)
	<-closing.closed
	path := filepath.Join(m.suite.DBPath(), closing.uuid.String())
	for _, file := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("cannot remove the store of model %q: %w", closing.uuid, err)
		}
	}
	return nil
}

// closeAll ends every subtest. It must run before the test that started them
// ends.
func (m *models) closeAll() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, open := range m.open {
		close(open.closing)
		<-open.closed
	}
}

// useWriteAheadLog lets requests read while another request writes. In SQLite's
// other modes they would fail as locked.
func useWriteAheadLog(c *tc.C, database *sql.DB) {
	database.SetMaxOpenConns(1)
	var mode string
	c.Assert(database.QueryRowContext(c.Context(), "PRAGMA journal_mode=WAL").Scan(&mode), tc.ErrorIsNil)
	c.Assert(mode, tc.Equals, "wal")
}

// modelGetter provides the services of open models to the API server. The type
// of the services is internal to Juju and cannot be named here, so it is a type
// parameter. The compiler infers it from the suite's own getter.
type modelGetter[S modelServices] struct {
	models *models
}

func newModelGetter[S modelServices](_ func(coremodel.UUID) S, models *models) modelGetter[S] {
	return modelGetter[S]{models: models}
}

// ServicesForModel implements the API server's getter of services.
func (g modelGetter[S]) ServicesForModel(ctx context.Context, uuid coremodel.UUID) (S, error) {
	var none S
	found, err := g.models.get(ctx, uuid)
	if err != nil {
		return none, err
	}
	return found.services.(S), nil
}
