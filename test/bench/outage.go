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
	// outageBegins is the time for the operator to detect the outage.
	// outageLasts is the time that it is measured afterwards.
	outageBegins = 10 * time.Second
	outageLasts  = 30 * time.Second
	// longestPause is the operator's longest back-off between two attempts to
	// connect: 30 s plus 25 % jitter.
	longestPause = 37500 * time.Millisecond
)

// outage measures the operator while its Juju controller accepts connections
// but does not answer, and the time until everything is in sync afterwards.
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
	// The controller object shows that the operator detected the end of the
	// outage, even if the operator did not record the outage in every object.
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

// deadController accepts connections, does not answer, and closes them after a
// while.
type deadController struct {
	listener net.Listener

	mu      sync.Mutex
	open    map[net.Conn]bool
	highest int
}

// holds is the time until a connection is closed.
const holds = 2 * time.Second

func listenDead(ctx context.Context, address string) (*deadController, error) {
	d := &deadController{open: map[net.Conn]bool{}}
	err := servers.Await(ctx, time.Minute, func() (string, error) {
		var err error
		if d.listener, err = new(net.ListenConfig).Listen(ctx, "tcp4", address); err != nil {
			// The operator may be using the port for an outgoing connection.
			return err.Error(), nil
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

// restartCount resets the highest number of connections to the current number.
func (d *deadController) restartCount() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.highest = len(d.open)
}

// most returns the highest number of simultaneous connections.
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
