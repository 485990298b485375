// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/juju/juju/rpc/params"

	"github.com/juju-secrets/operator/internal/plan"
)

// Observer is notified of requests and logins to controllers. Its methods are
// called from many goroutines, and must not block.
type Observer interface {
	// Known is called when a controller becomes known. It may have been known
	// before.
	Known(controller plan.ControllerKey)
	// Forgotten is called when a controller is no longer known. Requests under
	// way may still end afterwards.
	Forgotten(controller plan.ControllerKey)
	// Asked is called when a request has ended, with or without success.
	Asked(controller plan.ControllerKey, request Request)
	// LoggedIn is called when an attempt to connect and log in to a controller,
	// or to one of its models, has ended. The problem is nil if it succeeded.
	LoggedIn(controller plan.ControllerKey, problem *plan.Problem)
}

// Request is a request to Juju that has ended.
type Request struct {
	// Method is Facade.Method.
	Method string
	// Code is the result of the request: one of Codes.
	Code string
	// Items is the number of secrets of a bulk change, otherwise 0.
	Items int
	Took  time.Duration
}

// The codes of requests without an error code from Juju.
const (
	// CodeOK means success. Single items of a bulk change may have failed.
	CodeOK = "ok"
	// CodeTimeout means that there was no answer in time.
	CodeTimeout = "timeout"
	// CodeConnectionLost means that the connection broke before the answer.
	CodeConnectionLost = "connection lost"
	// CodeOther means any other error.
	CodeOther = "other"
)

// Codes returns the values of Request.Code.
func Codes() []string {
	codes := []string{CodeOK, CodeTimeout, CodeConnectionLost, CodeOther}
	for _, row := range ErrorTable() {
		if !slices.Contains(codes, row.Code) {
			codes = append(codes, row.Code)
		}
	}
	return codes
}

// codeOf returns the code of a request that ended with an error or nil.
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

// NoObserver is an Observer that does nothing.
type NoObserver struct{}

// Known implements Observer.
func (NoObserver) Known(plan.ControllerKey) {}

// Forgotten implements Observer.
func (NoObserver) Forgotten(plan.ControllerKey) {}

// Asked implements Observer.
func (NoObserver) Asked(plan.ControllerKey, Request) {}

// LoggedIn implements Observer.
func (NoObserver) LoggedIn(plan.ControllerKey, *plan.Problem) {}
