// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// calm is how long nothing must happen before everything counts as done. Nothing that the operator does by itself while it
// is busy takes it as long to begin.
const calm = 2 * time.Second

// settle waits until the operator has reconciled so many times since it started, and nothing happens any more, in the servers either:
// events, for instance, are written some time after what they tell of.
func (s *site) settle(ctx context.Context, least int) error {
	if s.operator == nil {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("the operator did not come to rest within %v", patience))
	defer cancel()
	ticker := time.NewTicker(calm / 10)
	defer ticker.Stop()
	last, since := -1, time.Now()
	for {
		reconciles, err := s.reconciles(ctx)
		if now := reconciles + s.tally.total(); err != nil || now != last {
			last, since = now, time.Now() // An error: it does not serve them yet.
		}
		if reconciles >= least && time.Since(since) >= calm {
			return rest(ctx)
		}
		if err := s.alive(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
}

// reconciles is how many times the operator has looked at an object since it started.
func (s *site) reconciles(ctx context.Context) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.metrics+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	sum := 0.0
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if !strings.HasPrefix(lines.Text(), "controller_runtime_reconcile_total{") {
			continue
		}
		fields := strings.Fields(lines.Text())
		count, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		if err != nil {
			return 0, err
		}
		sum += count
	}
	return int(sum), lines.Err()
}
