// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/juju/juju/api"
	"github.com/juju/juju/rpc/params"

	"github.com/juju-secrets/operator/internal/plan"
)

// Observer is told what a Pool does. Its methods are called from many goroutines, and have to return at once.
type Observer interface {
	// Known tells that a controller is known from now on. It may have been before.
	Known(controller plan.ControllerKey)
	// Forgotten tells that it is not any more. What is told of it afterwards was under way before.
	Forgotten(controller plan.ControllerKey)
	// Asked tells of a request that has ended, one way or another.
	Asked(controller plan.ControllerKey, request Request)
	// LoggedIn tells how an attempt to connect and log in ended, to the controller or to one of its models.
	LoggedIn(controller plan.ControllerKey, trouble *plan.Trouble)
}

// Request is a request to Juju that has ended.
type Request struct {
	// Method is Facade.Method.
	Method string
	// Code is how it ended: one of Codes.
	Code string
	// Items is how many secrets a bulk change has, 0 for all else.
	Items int
	Took  time.Duration
}

// How a request ended if Juju's answer has no code of its own.
const (
	// CodeOK: it was answered. Single items of a bulk change may have failed.
	CodeOK = "ok"
	// CodeTimeout: there was no answer in time.
	CodeTimeout = "timeout"
	// CodeConnectionLost: the connection broke before there was an answer.
	CodeConnectionLost = "connection lost"
	// CodeOther: any other answer.
	CodeOther = "other"
)

// Codes are all that Request.Code can be.
func Codes() []string {
	codes := []string{CodeOK, CodeTimeout, CodeConnectionLost, CodeOther}
	for _, row := range Answers() {
		if !slices.Contains(codes, row.Code) {
			codes = append(codes, row.Code)
		}
	}
	return codes
}

// codeOf tells how a request ended.
func codeOf(err error) string {
	if err == nil {
		return CodeOK
	}
	code := params.ErrCode(err)
	switch {
	case slices.Contains(Codes(), code):
		return code
	case code != "":
		return CodeOther
	case errors.Is(err, context.DeadlineExceeded):
		return CodeTimeout
	case broken(err):
		return CodeConnectionLost
	}
	return CodeOther
}

// nobody is an Observer that does not listen.
type nobody struct{}

func (nobody) Known(plan.ControllerKey)                   {}
func (nobody) Forgotten(plan.ControllerKey)               {}
func (nobody) Asked(plan.ControllerKey, Request)          {}
func (nobody) LoggedIn(plan.ControllerKey, *plan.Trouble) {}

// ask makes a request that has to be answered within a time, and tells of it.
func (c *controller) ask(ctx context.Context, timeout time.Duration, request Request, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	began := time.Now()
	err := bounded(ctx, func() error { return call(ctx) })
	request.Code, request.Took = codeOf(err), time.Since(began)
	c.observer.Asked(c.key, request)
	return err
}

// logIn opens a connection, and tells how that went unless it came to no attempt.
func (c *controller) logIn(ctx context.Context, open func(context.Context) (api.Connection, *plan.Trouble)) (api.Connection, *plan.Trouble) {
	conn, trouble := open(ctx)
	gone := trouble != nil && trouble.Kind == plan.ModelNotFound // Which ends the link.
	if gone || ctx.Err() == nil && (trouble == nil || trouble.Kind != plan.NotConnected) {
		c.observer.LoggedIn(c.key, trouble)
	}
	return conn, trouble
}

// Standing is how a controller stands at a moment.
type Standing struct {
	// Connections is how many are open, to the controller and to its models, Refused how many cannot be opened since the credentials
	// are refused.
	Connections, Refused int
	// Interval is how often each model is looked at.
	Interval time.Duration
	// SnapshotAge is the age of the oldest snapshot of a model in use, which is 0 if no model is.
	SnapshotAge time.Duration
}

// Standings tells how all controllers stand. It makes no request.
func (p *Pool) Standings() map[plan.ControllerKey]Standing {
	p.mu.Lock()
	controllers := make([]*controller, 0, len(p.controllers))
	for _, c := range p.controllers {
		controllers = append(controllers, c)
	}
	p.mu.Unlock()
	standings := make(map[plan.ControllerKey]Standing, len(controllers))
	for _, c := range controllers {
		standings[c.key] = c.standing(time.Now())
	}
	return standings
}

func (c *controller) standing(now time.Time) Standing {
	c.mu.Lock()
	found := Standing{Interval: c.interval}
	models := make([]*model, 0, len(c.models))
	for _, m := range c.models {
		models = append(models, m)
	}
	c.mu.Unlock()
	links := []*link{c.root}
	for _, m := range models {
		links = append(links, m.link)
		if c.inUse(m.uuid) {
			found.SnapshotAge = max(found.SnapshotAge, now.Sub(m.lastListed()))
		}
	}
	for _, l := range links {
		switch up, refused := l.standing(); {
		case up:
			found.Connections++
		case refused:
			found.Refused++
		}
	}
	return found
}

// lastListed is when the last listing began that succeeded, or when the model was first asked for while none has.
func (m *model) lastListed() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.listings.listedAt
}

// standing tells whether the link has a connection, or has none since the credentials were refused.
func (l *link) standing() (up, refused bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conn != nil, l.trouble != nil && l.trouble.Kind == plan.CredentialsRejected
}
