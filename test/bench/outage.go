// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net"
	"os"
	"sync"
	"time"

	"github.com/juju-secrets/operator/test/servers"
)

const (
	// outageBegins is what the operator gets to notice the outage, outageLasts how long it is watched from then on.
	outageBegins = 10 * time.Second
	outageLasts  = 30 * time.Second
	// longestPause is the operator's longest pause between two attempts to connect: 30 s, and up to a quarter more.
	longestPause = 37500 * time.Millisecond
)

// outage measures what the operator does while its Juju controller takes connections and says nothing, and how soon
// everything is in sync again after that.
func (s *site) outage(ctx context.Context, n int) ([]figure, error) {
	if err := s.juju.StopServing(ctx); err != nil {
		return nil, err
	}
	dead, err := listenDead(ctx, s.juju.Addresses[0])
	if err != nil {
		return nil, err
	}
	figures, err := s.watchOutage(ctx, dead)
	dead.close()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := s.juju.StartServing(ctx); err != nil {
		return nil, err
	}
	// The object of the controller tells that the end was noticed, even by an operator that did not note the outage in
	// every object.
	if err := s.awaitConnected(ctx); err != nil {
		return nil, err
	}
	if err := s.awaitSynced(ctx, n); err != nil {
		return nil, err
	}
	return append(figures, figure{"return-in-backoffs", time.Since(began).Seconds() / longestPause.Seconds(), 1}), nil
}

func (s *site) watchOutage(ctx context.Context, dead *deadController) ([]figure, error) {
	if err := pass(ctx, outageBegins); err != nil {
		return nil, err
	}
	dead.restartCount()
	before, err := cpuTime(os.Getenv("MANAGER"))
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := pass(ctx, outageLasts); err != nil {
		return nil, err
	}
	after, err := cpuTime(os.Getenv("MANAGER"))
	share := 100 * (after - before).Seconds() / time.Since(began).Seconds()
	return []figure{
		{"dead-logins-at-a-time", float64(dead.most()), 1},
		{"dead-cpu-percent", share, 5},
	}, err
}

// deadController takes connections, says nothing, and closes them after a while.
type deadController struct {
	listener net.Listener

	mu      sync.Mutex
	open    map[net.Conn]bool
	highest int
}

// holds is how long a connection is held.
const holds = 2 * time.Second

func listenDead(ctx context.Context, address string) (*deadController, error) {
	d := &deadController{open: map[net.Conn]bool{}}
	err := servers.Await(ctx, time.Minute, func() (string, error) {
		var err error
		if d.listener, err = new(net.ListenConfig).Listen(ctx, "tcp4", address); err != nil {
			return err.Error(), nil // The operator may be using the port at this moment, to connect to it.
		}
		return "", nil
	})
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			conn, err := d.listener.Accept()
			if err != nil {
				return
			}
			d.hold(conn)
		}
	}()
	return d, nil
}

func (d *deadController) hold(conn net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open[conn] = true
	d.highest = max(d.highest, len(d.open))
	time.AfterFunc(holds, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.open, conn)
		_ = conn.Close()
	})
}

// restartCount forgets how many connections were open before.
func (d *deadController) restartCount() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.highest = len(d.open)
}

// most is how many connections were open at the same time.
func (d *deadController) most() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.highest
}

func (d *deadController) close() {
	_ = d.listener.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	for conn := range d.open {
		_ = conn.Close()
	}
}
