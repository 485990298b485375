// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/juju/juju/api"
	"github.com/juju/juju/rpc"
	"github.com/juju/juju/rpc/params"

	"github.com/juju-secrets/operator/internal/plan"
)

const (
	// dialTimeout bounds one attempt to connect and log in. Juju's own default is ten minutes.
	dialTimeout = 30 * time.Second
	// callTimeout bounds one request on an open connection.
	callTimeout = 20 * time.Second
	// patience is how long somebody who asks waits for a controller that may be away. After that they are told later.
	patience = 2 * time.Second
	// firstPatience is how long, from the very first attempt on, everybody waits for its end. After a start all objects ask, and
	// that there is no answer yet would be news of nothing in the status of each.
	firstPatience = 5 * time.Second

	firstRetry = 500 * time.Millisecond
	lastRetry  = 30 * time.Second
	// refusedRetry is the pause after a login that the controller refused, which doubles up to lastRefusedRetry: trying hard does
	// not help, and locks accounts. A change of the credentials does not wait for it.
	refusedRetry     = 5 * time.Minute
	lastRefusedRetry = time.Hour
)

// link is one connection to a controller or to one of its models, kept open. It begins to dial when it is first asked for
// a connection; from then on it opens a lost one again by itself, ever more slowly, and everybody who asks while that
// fails gets the answer of the last attempt without waiting.
type link struct {
	linkSetup

	// closing is closed when the link ends for good.
	closing chan struct{}
	// hurried ends the pause before the next attempt.
	hurried chan struct{}
	begin   sync.Once
	end     sync.Once
	// calls are the requests under way, which a link that ends waits for.
	calls sync.WaitGroup

	mu sync.Mutex
	// began is when the first attempt did, tried tells that it has ended.
	began   time.Time
	tried   bool
	conn    api.Connection
	trouble *plan.Trouble
	// settled is open during the first attempt, and during the first one after a loss: who asks then may wait for it.
	settled chan struct{}
	// news is closed, and replaced, when a connection is made or lost, and when an attempt has failed.
	news chan struct{}
	// givenUp is a connection that is being closed, though it may still seem to be open.
	givenUp api.Connection
	// broke tells that a connection was lost since the last attempt ended, told that somebody was answered that there is
	// none.
	broke, told bool
}

// linkSetup is what differs between links. The functions are called without a lock.
type linkSetup struct {
	// patience is how long somebody who asks waits for an attempt that is under way. If firstPatience is given the very first one is
	// waited for until it is so old, and then no longer.
	patience, firstPatience time.Duration
	// dial tries once to connect and log in.
	dial func(ctx context.Context) (api.Connection, *plan.Trouble)
	// lost is called when a connection is over, before anybody gets another.
	lost func()
	// changed is called when the link answers otherwise than it last did, and after a loss: up tells whether there is a
	// connection now, told whether anybody was answered that there is none.
	changed func(up, told bool)
}

func newLink(setup linkSetup) *link {
	return &link{
		linkSetup: setup, closing: make(chan struct{}), hurried: make(chan struct{}, 1),
		settled: make(chan struct{}), news: make(chan struct{}),
	}
}

// close ends the link for good, once the requests under way are over. It does not wait for that, nor for a dial.
func (l *link) close() { l.end.Do(func() { close(l.closing) }) }

// hurry makes the next attempt come now, or right after the one that is under way, unless that succeeds.
func (l *link) hurry() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil && l.conn != l.givenUp {
		return
	}
	select {
	case l.hurried <- struct{}{}:
	default:
	}
}

func (l *link) closed() bool { return isClosed(l.closing) }

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// replaced is the answer of a link that was closed. Whoever gets it shall ask the pool again.
func replaced() *plan.Trouble {
	return &plan.Trouble{Kind: plan.NotConnected, Message: "the connection to the controller was replaced or closed"}
}

// connection is the open connection, or why there is none. The connection stays open until release is called, unless it
// breaks.
func (l *link) connection(ctx context.Context) (conn api.Connection, release func(), trouble *plan.Trouble) {
	l.begin.Do(func() {
		l.mu.Lock()
		l.began = time.Now()
		l.mu.Unlock()
		go l.run(context.WithoutCancel(ctx)) // The link outlives the one who asks first.
	})
	l.mu.Lock()
	settled, wait := l.settled, l.patience
	if !l.tried && l.firstPatience > 0 {
		wait = time.Until(l.began.Add(l.firstPatience))
	}
	l.mu.Unlock()
	select {
	case <-settled:
	case <-l.closing:
	case <-ctx.Done():
	case <-time.After(wait):
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed():
		return nil, nil, l.endedFor()
	case l.trouble != nil:
		l.told = true
		return nil, nil, l.trouble
	case l.conn == nil:
		l.told = true
		return nil, nil, &plan.Trouble{Kind: plan.Unreachable, Message: "the controller has not answered yet"}
	}
	l.calls.Add(1)
	return l.conn, l.calls.Done, nil
}

// ended is the answer of a link that is closed.
func (l *link) ended() *plan.Trouble {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.endedFor()
}

func (l *link) endedFor() *plan.Trouble {
	if l.trouble != nil {
		return l.trouble // That it ended for, such as a model that is gone.
	}
	return replaced()
}

// awaitOpen returns when there is a connection that answers, or why there will be none: the link is closed, or the credentials are
// refused. A connection that is dead may not have been noticed yet, as when a controller goes and takes all connections to it along:
// that is given up here.
func (l *link) awaitOpen(ctx context.Context) (api.Connection, *plan.Trouble) {
	for {
		l.mu.Lock()
		conn, givenUp, trouble, news := l.conn, l.givenUp, l.trouble, l.news
		l.mu.Unlock()
		switch {
		case refused(trouble):
			return nil, trouble
		case conn == nil || conn == givenUp:
		case answers(ctx, conn):
			return conn, nil
		case ctx.Err() == nil && !l.closed(): // Otherwise the silence says nothing of the connection.
			l.giveUp(conn)
		}
		select {
		case <-news:
		case <-l.closing:
			return nil, l.ended()
		case <-ctx.Done():
			return nil, replaced()
		}
	}
}

// giveUp makes the link open its connection anew, if it is still this one.
func (l *link) giveUp(conn api.Connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == conn && l.givenUp != conn {
		l.givenUp = conn
		abandon(conn)
	}
}

// stands tells whether a connection is still the link's, as far as is known.
func (l *link) stands(conn api.Connection) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conn == conn && l.givenUp != conn
}

// abandon closes a connection without waiting for its reader, which may be stuck. Its link sees it as broken.
func abandon(conn api.Connection) {
	go func() { _ = conn.Close() }()
}

// answers tells whether a connection is alive, by a ping.
func answers(ctx context.Context, conn api.Connection) bool {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return bounded(ctx, func() error {
		if conn.IsBroken(ctx) {
			return rpc.ErrShutdown
		}
		return nil
	}) == nil
}

// run keeps the link open until it is closed.
func (l *link) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		<-l.closing
		cancel()
	}()
	var pauses pauses
	for !l.closed() {
		select {
		case <-l.hurried: // This is the attempt.
		default:
		}
		conn, trouble := l.dial(ctx)
		l.settle(conn, trouble)
		began := time.Now()
		if conn != nil {
			l.hold(conn)
		}
		if conn != nil && time.Since(began) > lastRetry {
			pauses.failed, pauses.refused = 0, 0 // It was a good connection, so the next attempt need not wait.
			continue
		}
		l.rest(pauses.after(conn, trouble))
	}
	l.mu.Lock()
	told := l.told && l.trouble == nil
	l.mu.Unlock()
	if told {
		l.changed(false, true) // Who was told to wait gets an answer from who comes after this link.
	}
}

// hold keeps a connection until it breaks or the link ends. Requests under way at the end are waited for: cut off, nobody
// would know what became of them.
func (l *link) hold(conn api.Connection) {
	broke := false
	select {
	case <-conn.Broken():
		broke = true
	case <-l.closing:
		l.mu.Lock() // Whoever is about to get the connection has it after this, and nobody else will.
		l.mu.Unlock()
		l.calls.Wait()
	}
	l.lose(broke)
	_ = conn.Close()
}

// rest waits before the next attempt. Each pause differs a little, so that many operators do not return in step.
func (l *link) rest(pause time.Duration) {
	select {
	case <-l.closing:
	case <-l.hurried:
	case <-time.After(pause + rand.N(pause/4)):
	}
}

// pauses are those between attempts: ever longer while these fail.
type pauses struct{ failed, refused time.Duration }

// after is the pause after an attempt that ended so. The first one after a loss is almost none.
func (p *pauses) after(conn api.Connection, trouble *plan.Trouble) time.Duration {
	if refused(trouble) {
		p.refused = min(max(2*p.refused, refusedRetry), lastRefusedRetry)
		return p.refused
	}
	p.refused = 0
	p.failed = min(max(2*p.failed, firstRetry), lastRetry)
	if conn != nil && p.failed == firstRetry {
		return firstRetry / 10
	}
	return p.failed
}

// refused tells that trying again is of no use until somebody has changed something.
func refused(trouble *plan.Trouble) bool {
	return trouble != nil && (trouble.Kind == plan.CredentialsRejected || trouble.Kind == plan.AnotherController)
}

// settle notes how an attempt ended, and tells whoever acts on another answer.
func (l *link) settle(conn api.Connection, trouble *plan.Trouble) {
	l.mu.Lock()
	// The words of one kind of trouble may differ from attempt to attempt, which is no news.
	same := l.trouble != nil && trouble != nil && l.trouble.Kind == trouble.Kind
	told := l.told
	tell := l.broke || told && l.trouble == nil || l.trouble != nil && !same
	if !same {
		l.conn, l.trouble = conn, trouble
	}
	l.broke, l.tried = false, true
	if conn != nil {
		l.told = false
	}
	l.tell()
	if !isClosed(l.settled) {
		close(l.settled)
	}
	l.mu.Unlock()
	if tell {
		l.changed(conn != nil, told)
	}
}

// lose notes that the connection is over. If it broke, somebody has to be told how the next attempt ends.
func (l *link) lose(broke bool) {
	l.mu.Lock()
	l.conn, l.givenUp, l.broke = nil, nil, broke
	l.settled = make(chan struct{})
	l.tell()
	l.mu.Unlock()
	l.lost()
}

// tell wakes those who wait for news. The lock is held.
func (l *link) tell() {
	close(l.news)
	l.news = make(chan struct{})
}

// callTrouble is why a request on a connection failed. A connection that did not answer is given up: nobody knows what
// became of the request, nor of the next.
func callTrouble(conn api.Connection, err error) *plan.Trouble {
	result := trouble(err)
	switch {
	case result.Kind == plan.Unreachable:
		result.Message = "the connection to the controller broke; it is being opened again"
	case params.ErrCode(err) == params.CodeUpgradeInProgress:
		// Juju decides at login what a connection may do, and one from during an upgrade stays as it is.
	default:
		return result
	}
	abandon(conn)
	return result
}
