// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"time"

	"github.com/juju/juju/api"
	"github.com/juju/juju/rpc"
	"github.com/juju/juju/rpc/params"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

const (
	// DialTimeout bounds one attempt to connect and log in. Juju's own default
	// is ten minutes.
	DialTimeout = 30 * time.Second
	// CallTimeout bounds one request on an open connection.
	CallTimeout = 20 * time.Second
)

// Ask makes a request with a timeout, and notifies the observer.
func (e *Endpoint) Ask(
	ctx context.Context, timeout time.Duration, request Request, call func(context.Context) error,
) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	began := time.Now()
	err := bounded(ctx, func() error { return call(ctx) })
	request.Code, request.Took = codeOf(err), time.Since(began)
	e.Observer.Asked(e.Key, request)
	return err
}

// bounded waits for a call or for the end of the context. Juju's client
// observes the context only after it has written the request, and a server that
// reads nothing can block the write indefinitely.
func bounded(ctx context.Context, call func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- call() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Ping reports whether a connection answers.
func Ping(ctx context.Context, conn api.Connection) bool {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	return bounded(ctx, func() error {
		if conn.IsBroken(ctx) {
			return rpc.ErrShutdown
		}
		return nil
	}) == nil
}

// Abandon closes a connection without waiting for its reader, which may hang.
// The owner of the connection is notified that it is broken.
func Abandon(conn api.Connection) {
	go func() { _ = conn.Close() }()
}

// CallProblem returns the problem of a request that failed. It abandons a
// connection that did not answer, because the outcome of the next request would
// be unknown too.
func CallProblem(conn api.Connection, err error) *plan.Problem {
	result := ProblemOf(err)
	switch {
	case result.Reason == v1alpha1.ReasonJujuUnreachable:
		result.Message = "the connection to the controller broke; the operator is reconnecting"
	case params.ErrCode(err) == params.CodeUpgradeInProgress:
		// Juju decides at login what a connection may do. A connection that was
		// opened during an upgrade stays limited.
	default:
		return result
	}
	Abandon(conn)
	return result
}
