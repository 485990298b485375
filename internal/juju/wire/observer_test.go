// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"

	"github.com/juju/juju/api"
	"github.com/juju/juju/rpc"
	"github.com/juju/juju/rpc/params"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

func TestRequestCodeIsOneOfCodes(t *testing.T) {
	for name, row := range map[string]struct {
		err  error
		want string
	}{
		"success":      {nil, CodeOK},
		"a known code": {&params.Error{Code: params.CodeUpgradeInProgress}, params.CodeUpgradeInProgress},
		"a wrapped code": {
			fmt.Errorf("wrapped: %w", &params.Error{Code: params.CodeUnauthorized}), params.CodeUnauthorized,
		},
		"an unknown code":         {&params.Error{Code: "any other code"}, CodeOther},
		"an error without a code": {errors.New("failed"), CodeOther},
		"no answer in time":       {context.DeadlineExceeded, CodeTimeout},
		"a connection that ended": {rpc.ErrShutdown, CodeConnectionLost},
		"a connection that broke": {&net.OpError{Op: "read", Err: errors.New("reset")}, CodeConnectionLost},
	} {
		t.Run(name, func(t *testing.T) {
			got := codeOf(row.err)
			if got != row.want {
				t.Errorf("the code is %q, want %q", got, row.want)
			}
			if !slices.Contains(Codes(), got) {
				t.Errorf("Codes does not have %q", got)
			}
		})
	}
}

// logins is an Observer that stores the results of logins.
type logins struct {
	NoObserver

	results []*plan.Problem
}

func (l *logins) LoggedIn(_ plan.ControllerKey, problem *plan.Problem) {
	l.results = append(l.results, problem)
}

func TestLoginIsObservedOnlyIfItWasAttempted(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	refused := &plan.Problem{Reason: v1alpha1.ReasonCredentialsRejected}
	for name, row := range map[string]struct {
		ctx      context.Context
		problem  *plan.Problem
		observed int
	}{
		"success":                        {t.Context(), nil, 1},
		"refusal":                        {t.Context(), refused, 1},
		"link closed before the attempt": {t.Context(), &plan.Problem{Reason: v1alpha1.ReasonControllerNotReady}, 0},
		"link closed during the attempt": {ended, refused, 0},
	} {
		t.Run(name, func(t *testing.T) {
			observer := &logins{}
			c := &Endpoint{Observer: observer}
			_, problem := c.LogIn(row.ctx, func(context.Context) (api.Connection, *plan.Problem) {
				return nil, row.problem
			})
			if problem != row.problem || len(observer.results) != row.observed {
				t.Errorf("LogIn returns %v, and the observer got %v", problem, observer.results)
			}
		})
	}
}
