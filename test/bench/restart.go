// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import "context"

// restart measures the cost of a restart of the operator while everything is in
// sync.
func (s *site) restart(ctx context.Context, n int) ([]figure, error) {
	before, err := s.requests(ctx, nil)
	if err != nil {
		return nil, err
	}
	written := s.tally.total()
	if err := s.operator.Stop(); err != nil {
		return nil, err
	}
	if err := s.startOperator(ctx); err != nil {
		return nil, err
	}
	if err := s.settle(ctx, 2*n); err != nil {
		return nil, err
	}
	requests, err := s.requests(ctx, before)
	return []figure{
		{"restart-writes", float64(s.tally.total() - written), 0},
		{"restart-listings", float64(requests["Secrets.ListSecrets"]), 1},
	}, err
}
