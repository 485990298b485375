// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/juju/juju/api"

	"github.com/juju-secrets/operator/internal/plan"
)

const (
	// dialTimeout bounds one attempt to connect and log in. Juju's own default is ten minutes.
	dialTimeout = 30 * time.Second
	// callTimeout bounds one request on an open connection.
	callTimeout = 20 * time.Second
	// patience is how long somebody who asks waits for an attempt that is under way. After that they are told later.
	patience = 2 * time.Second

	firstRetry = 500 * time.Millisecond
	lastRetry  = 30 * time.Second
	// refusedRetry is the pause after a login that the controller refused: trying hard does not help, and locks
	// accounts. A change of the credentials does not wait for it.
	refusedRetry = 5 * time.Minute
)

// link is one connection to a controller or to one of its models, kept open. It begins to dial when it is first asked for
// a connection; from then on it opens a lost one again by itself, ever more slowly, and everybody who asks while that
// fails gets the answer of the last attempt without waiting.
type link struct {
	dial func(ctx context.Context) (api.Connection, *plan.Trouble)
	// changed is called when the link answers otherwise than it last did.
	changed func()
	// closing is closed when the link ends for good.
	closing chan struct{}
	begin   sync.Once
	end     sync.Once

	mu      sync.Mutex
	conn    api.Connection
	trouble *plan.Trouble
	// settled is open during the first attempt, and during the first one after a loss: who asks then may wait for it.
	settled chan struct{}
	// promised tells that somebody has to be told how the attempt ends, whatever that is.
	promised bool
}

func newLink(dial func(ctx context.Context) (api.Connection, *plan.Trouble), changed func()) *link {
	return &link{dial: dial, changed: changed, closing: make(chan struct{}), settled: make(chan struct{})}
}

// close ends the link for good, without waiting for a dial that is under way.
func (l *link) close() { l.end.Do(func() { close(l.closing) }) }

func (l *link) closed() bool {
	select {
	case <-l.closing:
		return true
	default:
		return false
	}
}

// replaced is the answer of a link that was closed. Whoever gets it shall ask the pool again.
func replaced() *plan.Trouble {
	return &plan.Trouble{Kind: plan.NotConnected, Message: "the connection to the controller was replaced or closed"}
}

// connection is the open connection, or why there is none.
func (l *link) connection(ctx context.Context) (api.Connection, *plan.Trouble) {
	l.begin.Do(func() { go l.run(context.WithoutCancel(ctx)) }) // The link outlives the one who asks first.
	l.mu.Lock()
	settled := l.settled
	l.mu.Unlock()
	select {
	case <-settled:
	case <-l.closing:
	case <-ctx.Done():
	case <-time.After(patience):
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed():
		if l.trouble != nil {
			return nil, l.trouble // That it ended for, such as a model that is gone.
		}
		return nil, replaced()
	case l.conn == nil && l.trouble == nil:
		l.promised = true
		return nil, &plan.Trouble{Kind: plan.Unreachable, Message: "the controller has not answered yet"}
	}
	return l.conn, l.trouble
}

// run keeps the link open until it is closed.
func (l *link) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		<-l.closing
		cancel()
	}()
	var pause time.Duration
	for !l.closed() {
		conn, trouble := l.dial(ctx)
		l.settle(conn, trouble)
		began := time.Now()
		if conn != nil {
			select {
			case <-l.closing:
			case <-conn.Broken():
			}
			l.lose()
			_ = conn.Close()
		}
		if conn != nil && time.Since(began) > lastRetry {
			pause = 0 // It was a good connection, so the next attempt need not wait.
			continue
		}
		pause = min(max(2*pause, firstRetry), lastRetry)
		l.rest(conn, trouble, pause)
	}
	l.mu.Lock()
	promised := l.promised
	l.mu.Unlock()
	if promised {
		l.changed() // Whoever was promised an answer gets it from who comes after this link.
	}
}

// rest waits before the next attempt. The first one after a loss comes almost at once; each pause differs a little, so
// that many operators do not return in step.
func (l *link) rest(conn api.Connection, trouble *plan.Trouble, pause time.Duration) {
	switch {
	case trouble != nil && trouble.Kind == plan.CredentialsRejected:
		pause = refusedRetry
	case conn != nil && pause == firstRetry:
		pause /= 10
	}
	select {
	case <-l.closing:
	case <-time.After(pause + rand.N(pause/4)):
	}
}

// settle notes how an attempt ended, and tells whoever acts on another answer.
func (l *link) settle(conn api.Connection, trouble *plan.Trouble) {
	l.mu.Lock()
	// The words of one kind of trouble may differ from attempt to attempt, which is no news.
	same := l.trouble != nil && trouble != nil && l.trouble.Kind == trouble.Kind
	tell := l.promised || l.trouble != nil && !same
	if !same {
		l.conn, l.trouble = conn, trouble
	}
	l.promised = false
	select {
	case <-l.settled:
	default:
		close(l.settled)
	}
	l.mu.Unlock()
	if tell {
		l.changed()
	}
}

// lose notes that the connection broke.
func (l *link) lose() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn, l.promised = nil, true // Everybody shall look again, as nobody knows what they missed.
	l.settled = make(chan struct{})
}

// callTrouble is why a request on a connection failed. A connection that did not answer is given up: nobody knows what
// became of the request, nor of the next.
func (l *link) callTrouble(ctx context.Context, conn api.Connection, err error) *plan.Trouble {
	result := trouble(err)
	switch {
	case result.Kind == plan.Unreachable && ctx.Err() != nil:
		result.Message = "the request was given up before it was answered" // By the one who asked: the connection is good.
	case result.Kind == plan.Unreachable:
		result.Message = "the connection to the controller broke; it is being opened again"
		go func() { _ = conn.Close() }() // Waits for the reader, which may be stuck; run sees it as broken.
	}
	return result
}
