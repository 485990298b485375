// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package link keeps a connection to a controller, or to one of its models,
// open: it dials when the connection is first needed, reconnects when it is
// lost, and backs off while that fails, longer after a refused login. The
// packages juju and model decide how to dial and how to handle a loss.
package link

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/juju/juju/api"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/plan"
)

const (
	// WaitTimeout is how long a caller waits for the connection. After that it
	// is notified when the connection is there.
	WaitTimeout = 2 * time.Second
	// FirstWaitTimeout is how long all callers wait for the very first attempt,
	// counted from its begin. After a start all objects need the connection,
	// and each object would report in its status that there is no answer yet.
	FirstWaitTimeout = 5 * time.Second

	// FirstRetry is the pause after the first attempt that failed. It doubles
	// up to LastRetry.
	FirstRetry = 500 * time.Millisecond
	// LastRetry is the longest pause.
	LastRetry = 30 * time.Second
	// refusedRetry is the pause after a login that the controller refused,
	// after the earlyRetries. It doubles up to lastRefusedRetry, because
	// retrying a refused login does not help and locks accounts. New
	// credentials do not wait for it.
	refusedRetry     = 5 * time.Minute
	lastRefusedRetry = time.Hour
)

// earlyRetries returns the pauses after the first refusals of credentials that
// were never accepted. The user may be about to change the password in Juju.
func earlyRetries() []time.Duration {
	return []time.Duration{10 * time.Second, 30 * time.Second, time.Minute}
}

// Link is one connection to a controller or to one of its models. The first Get
// dials. After that the link reconnects when the connection is lost, and backs
// off. While that fails, callers get the problem of the last attempt without
// waiting.
//
// The goroutine run dials and holds the connection. It publishes the result for
// callers as a state.
type Link struct {
	config Config

	// closing is closed by Close.
	closing chan struct{}
	// retry ends the pause before the next attempt.
	retry chan struct{}
	// check requests a login beside the connection.
	check chan struct{}
	begin sync.Once
	end   sync.Once

	mu    sync.Mutex
	state state
	// answered is true when a caller was informed that there is no connection.
	answered bool
	// begun and ended count the attempts. progress is closed, and replaced,
	// when an attempt ends.
	begun, ended int
	progress     chan struct{}
}

// state is the result that callers of a link get. Only run replaces it.
type state struct {
	// conn is the open connection, and problem the reason why there is none.
	// Both are nil during the very first attempt and during the first attempt
	// after a loss. Callers then wait.
	conn    api.Connection
	problem *plan.Problem
	// calls counts the requests in flight on conn. They end before it is
	// closed.
	calls *sync.WaitGroup
	// checking is true while the link logs in beside conn, and refusal is why
	// this was refused, or nil.
	checking bool
	refusal  *plan.Problem
	// dying is true when conn is being closed, although it may still seem open.
	dying bool
	// waitUntil is when callers stop waiting for the very first attempt,
	// otherwise zero.
	waitUntil time.Time
	// replaced is closed when another state replaces this one.
	replaced chan struct{}
}

// accepted reports whether there is a connection with credentials that were not
// refused since.
func (s state) accepted() bool { return s.conn != nil && !s.dying && !s.checking && s.refusal == nil }

// Config configures a link. The functions are called without a lock.
type Config struct {
	// WaitTimeout is how long a caller waits for an attempt in progress.
	// If FirstWaitTimeout is set, callers wait for the very first attempt until
	// it has taken that long.
	WaitTimeout, FirstWaitTimeout time.Duration
	// Dial tries once to connect and log in.
	Dial func(ctx context.Context) (api.Connection, *plan.Problem)
	// Lost is called when a connection is over, before callers get another one.
	Lost func()
	// Changed is called when callers get another result than before, and after
	// a loss. up is true when there is a connection, answered when a caller was
	// informed that there was none.
	Changed func(up, answered bool)
}

// New returns a link that is not opened yet.
func New(config Config) *Link {
	return &Link{
		config: config, closing: make(chan struct{}), retry: make(chan struct{}, 1), check: make(chan struct{}, 1),
		state: state{replaced: make(chan struct{})}, progress: make(chan struct{}),
	}
}

// Close closes the link once the requests in flight have ended. It does not
// wait.
func (l *Link) Close() { l.end.Do(func() { close(l.closing) }) }

// Closed reports whether the link was closed.
func (l *Link) Closed() bool { return isClosed(l.closing) }

// Closing returns a channel that Close closes.
func (l *Link) Closing() <-chan struct{} { return l.closing }

// isClosed reports whether a channel is closed.
func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// RetryNow ends the pause before the next attempt. If an attempt is in progress
// and fails, the next one follows immediately. RetryNow returns the number of
// this attempt for Tried, 0 if there is a connection with credentials that were
// not refused since.
func (l *Link) RetryNow() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state.accepted() {
		return 0
	}
	select {
	case l.retry <- struct{}{}:
	default:
	}
	return l.begun + 1
}

// Tried reports whether an attempt has ended, or is not needed because there is
// a connection. It waits for the end for at most WaitTimeout.
func (l *Link) Tried(ctx context.Context, attempt int) bool {
	timeout := time.After(WaitTimeout)
	for {
		l.mu.Lock()
		tried, progress := l.ended >= attempt || l.state.accepted(), l.progress
		l.mu.Unlock()
		if tried {
			return true
		}
		select {
		case <-progress:
		case <-l.closing:
			return false
		case <-timeout:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// ErrReplaced is the problem of a link that was closed. Nothing was sent, so
// the caller can retry on the connection that replaced it. It is compared by
// identity, like io.EOF.
var ErrReplaced = &plan.Problem{ //nolint:gochecknoglobals // A sentinel, which problems cannot have as a constant.
	Reason: v1alpha1.ReasonControllerNotReady, Message: "the connection to the controller was replaced or closed",
}

// current returns the state.
func (l *Link) current() state {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

// publish replaces the state.
func (l *Link) publish(next state) {
	next.replaced = make(chan struct{})
	if next.calls == nil {
		next.calls = new(sync.WaitGroup)
	}
	close(l.state.replaced)
	l.state = next
}

// Get returns the open connection, or the problem why there is none. The
// connection stays open until release is called, unless it breaks.
func (l *Link) Get(ctx context.Context) (conn api.Connection, release func(), problem *plan.Problem) {
	l.begin.Do(func() {
		if l.config.FirstWaitTimeout > 0 {
			l.mu.Lock()
			l.state.waitUntil = time.Now().Add(l.config.FirstWaitTimeout)
			l.mu.Unlock()
		}
		go l.run(context.WithoutCancel(ctx)) // It outlives the first caller.
	})
	if state := l.current(); state.conn == nil && state.problem == nil {
		timeout := l.config.WaitTimeout
		if !state.waitUntil.IsZero() {
			timeout = time.Until(state.waitUntil)
		}
		select {
		case <-state.replaced:
		case <-l.closing:
		case <-ctx.Done():
		case <-time.After(timeout):
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.Closed():
		return nil, nil, l.state.ended()
	case l.state.problem != nil:
		l.answered = true
		return nil, nil, l.state.problem
	case l.state.conn == nil:
		l.answered = true
		return nil, nil, &plan.Problem{
			Reason: v1alpha1.ReasonJujuUnreachable, Message: "the controller has not answered yet",
		}
	}
	l.state.calls.Add(1)
	return l.state.conn, l.state.calls.Done, nil
}

// Ended returns the problem of a link that is closed.
func (l *Link) Ended() *plan.Problem { return l.current().ended() }

func (s state) ended() *plan.Problem {
	if s.problem != nil {
		return s.problem // The reason for the end, such as a model that is gone.
	}
	return ErrReplaced
}

// AwaitOpen waits for a connection that answers a ping. It returns a problem if
// the link is closed or the credentials are refused, even if they are refused
// only for new connections. It abandons a connection that does not answer,
// because the link may not have noticed yet that it is dead.
func (l *Link) AwaitOpen(ctx context.Context) (api.Connection, *plan.Problem) {
	for {
		state := l.current()
		switch {
		case Refused(state.problem):
			return nil, state.problem
		case state.conn == nil || state.dying || state.checking:
		case state.refusal != nil:
			return nil, state.refusal
		case wire.Ping(ctx, state.conn):
			return state.conn, nil
		case ctx.Err() == nil && !l.Closed(): // Otherwise the failed ping proves nothing.
			l.abandon(state.conn)
		}
		select {
		case <-state.replaced:
		case <-l.closing:
			return nil, l.Ended()
		case <-ctx.Done():
			return nil, ErrReplaced
		}
	}
}

// GiveUp makes the link replace its connection with a new login, if it is still
// this one. If the login fails, the connection stays: Juju keeps connections
// open when a password changes. AwaitOpen then returns the refusal.
func (l *Link) GiveUp(conn api.Connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state.conn == conn && !l.state.dying && !l.state.checking {
		l.state.checking = true
		select {
		case l.check <- struct{}{}:
		default: // The connection before it broke before its check.
		}
	}
}

// Refusal returns why a login beside the open connection was refused, nil if
// none was.
func (l *Link) Refusal() *plan.Problem { return l.current().refusal }

// abandon makes the link replace a dead connection, if it is still this one.
func (l *Link) abandon(conn api.Connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state.conn == conn && !l.state.dying {
		l.state.dying = true
		wire.Abandon(conn)
	}
}

// Has reports whether a connection is still the connection of the link, as far
// as is known.
func (l *Link) Has(conn api.Connection) bool {
	state := l.current()
	return state.conn == conn && !state.dying && !state.checking
}

// run keeps the link open until it is closed.
func (l *Link) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		<-l.closing
		cancel()
	}()
	var pauses pauses
	var login attempt // In progress, otherwise nil.
	broke := false
	for !l.Closed() {
		if login == nil {
			login = l.dial(ctx)
		}
		conn, problem := login.wait()
		login = nil
		l.settle(conn, problem, broke)
		began := time.Now()
		pauses.accepted = pauses.accepted || conn != nil
		broke = false
		if conn != nil {
			broke, login = l.hold(ctx, conn, &pauses)
		}
		switch {
		case conn != nil && time.Since(began) > LastRetry:
			pauses.failed, pauses.refused = 0, 0 // After a good connection, reconnect without a pause.
		case login == nil:
			l.rest(pauses.after(conn, problem))
		}
	}
	l.mu.Lock()
	waiting := l.answered && l.state.problem == nil
	l.mu.Unlock()
	if waiting {
		l.config.Changed(false, true) // Callers that wait get their result from the next link.
	}
	if login == nil {
		return
	}
	if conn, _ := login.wait(); conn != nil {
		_ = conn.Close()
	}
}

// result is the result of an attempt.
type result struct {
	conn    api.Connection
	problem *plan.Problem
}

// attempt is an attempt to connect. It delivers one result.
type attempt <-chan result

func (a attempt) wait() (api.Connection, *plan.Problem) {
	r := <-a
	return r.conn, r.problem
}

// dial begins an attempt. The caller calls finish with the result.
func (l *Link) dial(ctx context.Context) attempt {
	l.mu.Lock()
	l.begun++
	select {
	case <-l.retry: // This attempt is the retry.
	default:
	}
	l.mu.Unlock()
	ended := make(chan result, 1)
	go func() {
		conn, problem := l.config.Dial(ctx)
		ended <- result{conn, problem}
	}()
	return ended
}

// finish notes that the attempt has ended. The lock is held.
func (l *Link) finish() {
	l.ended = l.begun
	close(l.progress)
	l.progress = make(chan struct{})
}

// hold keeps a connection until it breaks or the link ends. It reports whether
// the connection broke, and returns the login beside it that is in progress, or
// nil. Before it closes the connection it waits for the requests in flight,
// because the outcome of an interrupted request is unknown.
func (l *Link) hold(ctx context.Context, conn api.Connection, pauses *pauses) (broke bool, login attempt) {
	next := renewal{check: l.check}
	for held := true; held; {
		begins := true
		select {
		case <-conn.Broken():
			broke, held, begins = true, false, false
		case <-l.closing:
			held, begins = false, false
		case r := <-login:
			login, begins = nil, false
			conn, next = l.renewed(conn, r, pauses)
		case <-next.check:
		case <-next.due:
		case <-next.retry:
		}
		if begins {
			login, next = l.dial(ctx), renewal{}
		}
	}
	l.mu.Lock()
	calls := l.state.calls
	l.publish(state{}) // From now on no caller gets the connection.
	l.mu.Unlock()
	if !broke {
		calls.Wait()
	}
	l.config.Lost()
	_ = conn.Close()
	return broke, login
}

// renewal is when to log in beside a connection. Channels are nil if this is not
// needed.
type renewal struct {
	check <-chan struct{}
	due   <-chan time.Time
	retry <-chan struct{}
}

// renewed adds the result of a login beside a connection, and returns the
// connection to hold: the new one if the login succeeded.
func (l *Link) renewed(conn api.Connection, r result, pauses *pauses) (held api.Connection, next renewal) {
	renewed, problem := r.conn, r.problem
	l.mu.Lock()
	last := l.state
	kept := state{conn: conn, calls: last.calls, dying: last.dying, refusal: last.refusal}
	if Refused(problem) {
		kept.refusal = problem
	}
	if renewed != nil {
		kept = state{conn: renewed}
	}
	l.publish(kept)
	l.finish()
	l.mu.Unlock()
	switch {
	case renewed != nil:
		pauses.refused = 0
		go func() {
			last.calls.Wait()
			_ = conn.Close()
		}()
		if last.refusal != nil {
			l.config.Changed(true, false)
		}
		return renewed, renewal{check: l.check}
	case kept.refusal != nil:
		return conn, renewal{l.check, time.After(pauses.after(nil, problem)), l.retry}
	}
	return conn, renewal{check: l.check}
}

// rest waits before the next attempt. Each pause has jitter, so that many
// operators do not reconnect at the same time.
func (l *Link) rest(pause time.Duration) {
	select {
	case <-l.closing:
	case <-l.retry:
	case <-time.After(pause + rand.N(pause/4)):
	}
}

// pauses holds the pauses between attempts. They grow while attempts fail.
type pauses struct {
	failed, refused time.Duration
	// early is the number of earlyRetries that were used.
	early int
	// accepted is true when the credentials were accepted once.
	accepted bool
}

// after returns the pause after an attempt with this result. The first pause
// after a loss is short.
func (p *pauses) after(conn api.Connection, problem *plan.Problem) time.Duration {
	early := earlyRetries()
	switch {
	case rejected(problem) && !p.accepted && p.early < len(early):
		p.early++
		return early[p.early-1]
	case Refused(problem):
		p.refused = min(max(2*p.refused, refusedRetry), lastRefusedRetry)
		return p.refused
	}
	p.refused = 0
	p.failed = min(max(2*p.failed, FirstRetry), LastRetry)
	if conn != nil && p.failed == FirstRetry {
		return FirstRetry / 10
	}
	return p.failed
}

// rejected reports whether the credentials were refused.
func rejected(problem *plan.Problem) bool {
	return problem != nil && problem.Reason == v1alpha1.ReasonCredentialsRejected
}

// Refused reports whether another attempt is useless until the user changes the
// credentials or the controller object.
func Refused(problem *plan.Problem) bool {
	return rejected(problem) || problem != nil && problem.Reason == v1alpha1.ReasonControllerChanged
}

// settle publishes the result of an attempt. It notifies if callers get another
// result than before, or if a connection broke before the attempt.
func (l *Link) settle(conn api.Connection, problem *plan.Problem, broke bool) {
	l.mu.Lock()
	last, answered := l.state.problem, l.answered
	// Problems with the same reason count as equal, because their messages can
	// differ between attempts.
	if same := last != nil && problem != nil && last.Reason == problem.Reason; !same {
		l.publish(state{conn: conn, problem: problem})
		broke = broke || last != nil
	}
	if conn != nil {
		l.answered = false
	}
	l.finish()
	l.mu.Unlock()
	if broke || answered && last == nil {
		l.config.Changed(conn != nil, answered)
	}
}

// Up reports whether there is a connection, and refused whether there is none
// because the credentials were refused.
func (l *Link) Up() (up, refused bool) {
	state := l.current()
	return state.conn != nil, rejected(state.problem)
}
