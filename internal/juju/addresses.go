// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"slices"
	"time"

	"github.com/juju/juju/api"

	"github.com/juju-secrets/operator/internal/plan"
)

// addressesInterval is the time between two tries of all addresses of a
// controller. The result is only shown in the status.
const addressesInterval = 10 * time.Minute

// tryAddresses checks periodically which addresses of the controller answer,
// until the connection breaks. With a single address there is nothing to check.
func (c *controller) tryAddresses(ctx context.Context, conn api.Connection) {
	for len(c.Connection.Addresses) > 1 {
		c.noteReachable(c.Reachable(ctx))
		select {
		case <-time.After(addressesInterval):
		case <-conn.Broken():
			return
		case <-c.root.Closing():
			return
		}
	}
}

// noteReachable sets which addresses answer, nil if unknown, and notifies of a
// change.
func (c *controller) noteReachable(addresses []string) {
	c.mu.Lock()
	changed := addresses != nil && !slices.Equal(c.reachable, addresses)
	c.reachable = addresses
	c.mu.Unlock()
	if changed {
		c.notify(plan.Change{Controller: c.Key, Health: true})
	}
}
