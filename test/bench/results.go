// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"time"
)

// results is all that was measured.
type results struct {
	sizes   []size
	details []figure // of the detailed size
	facts   facts
}

// size is what it cost to apply n JujuSecrets and n JujuSecretAccesses, each time that it was done.
type size struct {
	n              int
	bare, operator []cost
}

// cost is what one apply took.
type cost struct {
	took     time.Duration
	requests map[string]int // to Juju, by Facade.Method
	writes   int            // of the object that was written most
	events   int
}

// measure applies n JujuSecrets and n JujuSecretAccesses with the bare program and with the operator in turn. The noise of a
// busy machine averages out over two turns; with many objects one is long enough.
func (r *results) measure(ctx context.Context, n int, details bool) (err error) {
	s, err := openSite(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	turns := 2
	if n >= detailed {
		turns = 1
	}
	measured := size{n: n}
	for turn := range turns {
		if turn > 0 {
			if err := s.startOver(ctx, n); err != nil {
				return err
			}
		}
		if err := measured.add(ctx, s); err != nil {
			return err
		}
	}
	r.sizes = append(r.sizes, measured)
	if details {
		return r.detail(ctx, s, n)
	}
	return nil
}

// add measures the bare program and the operator once each.
func (s *size) add(ctx context.Context, at *site) error {
	spent, err := at.bareApply(ctx, s.n)
	if err != nil {
		return err
	}
	say("%5d: bare program: %v", s.n, spent)
	s.bare = append(s.bare, spent)
	if spent, err = at.operatorApply(ctx, s.n); err != nil {
		return err
	}
	say("%5d: operator: %v", s.n, spent)
	s.operator = append(s.operator, spent)
	return nil
}

// detail measures what else there is, on n objects of each kind that are in sync.
func (r *results) detail(ctx context.Context, s *site, n int) (err error) {
	for _, measure := range []func(context.Context, int) ([]figure, error){s.restart, s.change, s.idle, s.outage} {
		figures, err := measure(ctx, n)
		if err != nil {
			return err
		}
		r.details = append(r.details, figures...)
		for _, f := range figures {
			say("%5d: %s", n, f)
		}
	}
	r.facts, err = gatherFacts(ctx, s)
	return err
}
