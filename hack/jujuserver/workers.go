// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync"
	"time"

	coremodel "github.com/juju/juju/core/model"
)

// workInterval bounds how long a removal stays visible. A controller is woken
// by a change, but the suites' store has no change stream.
const workInterval = 100 * time.Millisecond

// gate lets tests pause workers.
type gate struct {
	mu     sync.RWMutex
	closed bool
}

// set returns when no worker is running, so that no removal follows a pause.
func (g *gate) set(closed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = closed
}

func (g *gate) pass(do func()) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if !g.closed {
		do()
	}
}

// holdRemovals pauses or resumes the workers of one model, or of all models if
// uuid is empty.
func (m *models) holdRemovals(ctx context.Context, uuid coremodel.UUID, hold bool) error {
	if uuid == "" {
		m.workers.set(hold)
		return nil
	}
	held, err := m.get(ctx, uuid)
	if err != nil {
		return err
	}
	held.workers.set(hold)
	return nil
}

// work does the work of a controller's removal and pruning workers until the
// model is closed.
func (m *model) work(ctx context.Context, allWorkers *gate) {
	ticker := time.NewTicker(workInterval)
	defer ticker.Stop()
	var lastErr string
	for {
		select {
		case <-m.closing:
			return
		case <-ticker.C:
		}
		allWorkers.pass(func() {
			m.workers.pass(func() {
				err := errors.Join(m.prune(ctx), m.executeJobs(ctx, everyEntity))
				if err == nil {
					lastErr = ""
				} else if err.Error() != lastErr {
					// A failing job is retried at every tick. Log its error
					// once.
					lastErr = err.Error()
					log.Printf("model %s: %v", m.uuid, err)
				}
			})
		})
	}
}

func everyEntity(string) bool { return true }

// executeJobs runs the due removal jobs of the selected entities, given by
// UUID.
func (m *model) executeJobs(ctx context.Context, selected func(entity string) bool) error {
	m.jobs.Lock()
	defer m.jobs.Unlock()
	jobs, err := m.services.Removal().GetAllJobs(ctx)
	if err != nil {
		return fmt.Errorf("cannot list removal jobs: %w", err)
	}
	var failed []error
	for _, job := range jobs {
		if !selected(job.EntityUUID) || job.ScheduledFor.After(time.Now()) {
			continue
		}
		if err := m.services.Removal().ExecuteJob(ctx, job); err != nil {
			failed = append(failed, fmt.Errorf("cannot execute removal job %s: %w", job.UUID, err))
		}
	}
	return errors.Join(failed...)
}

// prune schedules the removal of the revisions that auto-prune leaves to the
// controller. It queries first, because scheduling writes to the store even if
// there is nothing to remove.
func (m *model) prune(ctx context.Context) error {
	const query = `
SELECT EXISTS (
    SELECT 1
    FROM   secret_metadata AS m
    JOIN   secret_revision AS r ON r.secret_id = m.secret_id
    JOIN   secret_revision_obsolete AS o ON o.revision_uuid = r.uuid
    WHERE  m.auto_prune AND o.obsolete
)`
	var obsolete bool
	if err := m.database.QueryRowContext(ctx, query).Scan(&obsolete); err != nil {
		return fmt.Errorf("cannot look for obsolete revisions: %w", err)
	}
	if !obsolete {
		return nil
	}
	if err := m.services.Secret().DeleteObsoleteUserSecretRevisions(ctx); err != nil {
		return fmt.Errorf("cannot prune: %w", err)
	}
	return nil
}
