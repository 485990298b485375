// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"time"
)

// results holds all measurements.
type results struct {
	sizes   []size
	details []figure // of the detailed size
	facts   facts
}

// size holds the costs to apply n JujuSecrets and n JujuSecretAccesses, one for
// each turn.
type size struct {
	n              int
	bare, operator []cost
}

// cost holds the cost of one apply.
type cost struct {
	took     time.Duration
	requests map[string]int // to Juju, by Facade.Method
	writes   int            // of the object with the most writes
	events   int
}

// measure applies n JujuSecrets and n JujuSecretAccesses with the bare program
// and with the operator in turn. Two turns average out the noise of a busy
// machine. With many objects one turn is long enough.
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
	progress("%5d: bare program: %v", s.n, spent)
	s.bare = append(s.bare, spent)
	if spent, err = at.operatorApply(ctx, s.n); err != nil {
		return err
	}
	progress("%5d: operator: %v", s.n, spent)
	s.operator = append(s.operator, spent)
	return nil
}

// detail measures the other figures, with n objects of each kind in sync.
func (r *results) detail(ctx context.Context, s *site, n int) (err error) {
	for _, measure := range []func(context.Context, int) ([]figure, error){s.restart, s.change, s.idle, s.outage} {
		figures, err := measure(ctx, n)
		if err != nil {
			return err
		}
		r.details = append(r.details, figures...)
		for _, f := range figures {
			progress("%5d: %s", n, f)
		}
	}
	r.facts, err = gatherFacts(ctx, s)
	return err
}
