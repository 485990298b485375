// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// calm is the time without activity after which the operator is idle. While the
// operator is busy, it starts its next action in less time.
const calm = 2 * time.Second

// settle waits until the operator has reconciled at least the given number of
// times since it started, and until the operator and the servers are idle.
// Events, for example, are written some time after their cause.
func (s *site) settle(ctx context.Context, least int) error {
	if s.operator == nil {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("the operator is not idle after %v", patience))
	defer cancel()
	ticker := time.NewTicker(calm / 10)
	defer ticker.Stop()
	last, since := -1, time.Now()
	for {
		reconciles, err := s.reconciles(ctx)
		if now := reconciles + s.tally.total(); err != nil || now != last {
			last, since = now, time.Now() // An error means that the metrics are not served yet.
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

// reconciles returns the number of reconciles since the operator started.
func (s *site) reconciles(ctx context.Context) (int, error) {
	read, err := s.samples(ctx)
	return int(read.sum("controller_runtime_reconcile_total")), err
}

// samples holds values of metrics by their series, with labels as in
// NAME{LABEL="VALUE"}.
type samples map[string]float64

// sum returns the sum of the series of a metric that have all given labels.
func (s samples) sum(name string, labels ...string) float64 {
	sum := 0.0
	for series, value := range s {
		of, has, _ := strings.Cut(series, "{")
		lacks := func(label string) bool { return !strings.Contains(has, label) }
		if of == name && !slices.ContainsFunc(labels, lacks) {
			sum += value
		}
	}
	return sum
}

// samples reads the operator's metrics.
func (s *site) samples(ctx context.Context) (samples, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.metrics+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	read := samples{}
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "#") {
			continue
		}
		end := strings.LastIndex(line, " ")
		if read[line[:max(end, 0)]], err = strconv.ParseFloat(line[end+1:], 64); err != nil {
			return nil, err
		}
	}
	return read, lines.Err()
}
