// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/juju/juju/api"

	"github.com/juju-secrets/operator/internal/plan"
)

// addressesInterval is the time between two tries of all addresses of a controller that has several. Nothing hangs on it but
// what a person is told.
const addressesInterval = 10 * time.Minute

// tryAddresses finds out which of the controller's addresses answer, for as long as a connection lasts. If there is but one, the
// connection tells.
func (c *controller) tryAddresses(ctx context.Context, conn api.Connection) {
	for len(c.connection.Addresses) > 1 {
		c.noteReachable(c.reach(ctx))
		select {
		case <-time.After(addressesInterval):
		case <-conn.Broken():
			return
		case <-c.root.closing:
			return
		}
	}
}

// reach connects to each address without a login.
func (c *controller) reach(ctx context.Context) []string {
	answers := make([]bool, len(c.connection.Addresses))
	var tries sync.WaitGroup
	for i, address := range c.connection.Addresses {
		tries.Go(func() {
			info := c.info(address)
			info.SkipLogin = true
			conn, err := api.Open(ctx, info, c.dialOpts(noPings))
			if answers[i] = err == nil; answers[i] {
				_ = conn.Close()
			}
		})
	}
	tries.Wait()
	reachable := []string{}
	for i, address := range c.connection.Addresses {
		if answers[i] {
			reachable = append(reachable, address)
		}
	}
	return reachable
}

// noteReachable notes which addresses answer, nil if nobody knows, and tells of it if it is news.
func (c *controller) noteReachable(addresses []string) {
	c.mu.Lock()
	news := addresses != nil && !slices.Equal(c.reachable, addresses)
	c.reachable = addresses
	c.mu.Unlock()
	if news {
		c.notify(plan.Change{Controller: c.key, Health: true})
	}
}
