// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/juju-secrets/operator/test/servers"
)

// listRequest is the request that lists the secrets of a model.
const listRequest = "Secrets.ListSecrets"

// measureApply measures an apply of all objects, from the first request until the
// operator is idle again. The time ends when all objects are in sync.
func (f *fleet) measureApply(ctx context.Context) ([]figure, error) {
	before, err := f.usage(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := f.create(ctx); err != nil {
		return nil, err
	}
	if err := f.awaitSynced(ctx, f.n); err != nil {
		return nil, err
	}
	took := time.Since(began)
	if _, err := f.awaitIdle(ctx); err != nil {
		return nil, err
	}
	spent, err := f.usage(ctx)
	if err != nil {
		return nil, err
	}
	spent = spent.since(before)
	progress("%5d: Juju: %v", f.n, spent.requests)
	n := float64(f.n)
	return []figure{
		{"apply-seconds", took.Seconds(), 0.03 * n},
		{"apply-cpu-seconds", spent.cpu.Seconds(), 0.006 * n},
		{"apply-cpu-seconds-per-1000", spent.cpu.Seconds() / n * 1000, 6},
		{"apply-allocated-mib", spent.allocated / mib, 0.4 * n},
		{"apply-reconciles", spent.reconciles, 3 * n},
		{"apply-writes", spent.writes, 4*n + 500},
		{"apply-writes-per-object", float64(f.tally.most()), 2},
		{"apply-juju-requests", float64(work(spent.requests)), n + max(20*models, 0.06*n)},
		{"apply-peak-mib", spent.memory.peak / mib, 240},
	}, nil
}

// measureIdle measures the costs of the operator while nothing changes, at the
// default interval of drift detection.
func (f *fleet) measureIdle(ctx context.Context) ([]figure, error) {
	before, err := f.usage(ctx)
	if err != nil {
		return nil, err
	}
	if err := pass(ctx, quietIntervals*time.Minute); err != nil {
		return nil, err
	}
	spent, err := f.usage(ctx)
	if err != nil {
		return nil, err
	}
	spent = spent.since(before)
	size, err := f.listingBytes(ctx)
	if err != nil {
		return nil, err
	}
	f.settled = spent.memory.now
	return []figure{
		{"settled-mib", f.settled / mib, 200},
		{"settled-heap-mib", spent.heap / mib, 150},
		{"idle-cpu-percent", 100 * spent.cpu.Seconds() / (quietIntervals * time.Minute).Seconds(), 1},
		{"idle-writes", spent.writes, 0},
		{"idle-listings-per-interval", float64(spent.requests[listRequest]) / quietIntervals, 1.2 * models},
		{"idle-listing-mib-per-interval", size / mib, 0.001 * float64(f.n)},
	}, nil
}

// quietIntervals is the number of intervals of drift detection that the operator
// is measured without a change.
const quietIntervals = 2

// measureRestart measures a restart of the operator while everything is in sync.
func (f *fleet) measureRestart(ctx context.Context) ([]figure, error) {
	requests, err := f.juju.Requests(ctx, servers.Model{})
	if err != nil {
		return nil, err
	}
	written := f.tally.total()
	if err := f.operator.Stop(); err != nil {
		return nil, err
	}
	probes, err := servers.FreeAddress(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := f.operator.Restart("--health-probe-bind-address=" + probes); err != nil {
		return nil, err
	}
	if err := f.awaitReady(ctx, probes); err != nil {
		return nil, err
	}
	ready := time.Since(began)
	idle, err := f.awaitIdle(ctx)
	if err != nil {
		return nil, err
	}
	spent, err := f.usage(ctx)
	if err != nil {
		return nil, err
	}
	if spent.reconciles < float64(2*f.n) {
		return nil, fmt.Errorf("the operator is idle after %.0f reconciles of %d objects", spent.reconciles, 2*f.n)
	}
	listings := spent.requests[listRequest] - requests[listRequest]
	return []figure{
		{"restart-writes", float64(f.tally.total() - written), 0},
		{"restart-listings-per-model", float64(listings) / models, 1},
		{"restart-ready-seconds", ready.Seconds(), 15},
		{"restart-idle-seconds", idle.Sub(began).Seconds(), 15},
		{"restart-cpu-seconds", spent.cpu.Seconds(), max(3, 0.0015*float64(f.n))},
		{"restart-peak-mib", spent.memory.peak / mib, 240},
		{"restart-peak-over-settled", spent.memory.peak / f.settled, 1.3},
	}, nil
}

// awaitReady waits until the readiness probe of the operator passes.
func (f *fleet) awaitReady(ctx context.Context, probes string) error {
	return servers.Await(ctx, patience, func() (string, error) {
		if err := f.alive(); err != nil {
			return "", err
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+probes+"/readyz", nil)
		if err != nil {
			return "", err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err.Error(), nil
		}
		defer func() { _ = response.Body.Close() }()
		if response.StatusCode != http.StatusOK {
			return response.Status, nil
		}
		return "", nil
	})
}

// usage is what the operator has used since it started.
type usage struct {
	cpu        time.Duration
	memory     memory
	heap       float64 // in use, in bytes
	allocated  float64 // bytes
	reconciles float64
	writes     float64 // to Kubernetes, of any object
	requests   map[string]int
}

// usage reads what the operator has used. A scrape of the metrics has costs
// too, so call it seldom.
func (f *fleet) usage(ctx context.Context) (usage, error) {
	manager := os.Getenv("MANAGER")
	cpu, err := cpuTime(manager)
	if err != nil {
		return usage{}, err
	}
	resident, err := memoryOf(manager)
	if err != nil {
		return usage{}, err
	}
	read, err := f.samples(ctx)
	if err != nil {
		return usage{}, err
	}
	requests, err := f.juju.Requests(ctx, servers.Model{})
	if err != nil {
		return usage{}, err
	}
	used := usage{
		cpu: cpu, memory: resident, requests: requests,
		heap: read.sum("go_memstats_heap_inuse_bytes"), allocated: read.sum("go_memstats_alloc_bytes_total"),
		reconciles: read.sum("controller_runtime_reconcile_total"),
	}
	for _, method := range []string{http.MethodPatch, http.MethodPost, http.MethodPut, http.MethodDelete} {
		used.writes += read.sum("rest_client_requests_total", `method="`+method+`"`)
	}
	return used, nil
}

// since returns what was used since a moment. The memory is the present one.
func (u usage) since(before usage) usage {
	u.cpu -= before.cpu
	u.allocated -= before.allocated
	u.reconciles -= before.reconciles
	u.writes -= before.writes
	for method, count := range before.requests {
		u.requests[method] -= count
	}
	return u
}

const (
	// idleWindow is how long the operator must be idle.
	idleWindow = 2 * time.Second
	// busyShare is the share of a core from which on the operator is busy.
	busyShare = 0.1
)

// awaitIdle waits until the operator uses almost no CPU time, and returns when
// it was last busy. It does not scrape the operator's metrics, which would be
// work for the operator.
func (f *fleet) awaitIdle(ctx context.Context) (since time.Time, err error) {
	const step = idleWindow / 10
	deadline := time.Now().Add(patience)
	since = time.Now()
	last, err := cpuTime(os.Getenv("MANAGER"))
	for err == nil && time.Since(since) < idleWindow {
		if err := pass(ctx, step); err != nil {
			return since, err
		}
		var now time.Duration
		if now, err = cpuTime(os.Getenv("MANAGER")); err == nil {
			err = f.alive()
		}
		if (now - last).Seconds() > busyShare*step.Seconds() {
			since = time.Now()
		}
		if last = now; time.Now().After(deadline) {
			return since, fmt.Errorf("the operator is not idle after %v", patience)
		}
	}
	return since, err
}
