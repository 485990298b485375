// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/juju/juju/api"
	jujubase "github.com/juju/juju/api/base"
	"github.com/juju/juju/rpc/params"
	"github.com/juju/names/v6"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// NoPings is a ping period so long that no ping is sent.
const NoPings = 365 * 24 * time.Hour

// Endpoint is one controller as one user: how to reach it and how to log in.
type Endpoint struct {
	// Key identifies the controller to the observer. Controllers of a namespace
	// have lower limits.
	Key        plan.ControllerKey
	Connection content.Connection
	Observer   Observer
}

// Access holds the user's access levels, as Juju reports them at a login.
type Access struct{ Controller, Model string }

// Open connects and logs in to a model or, without a UUID, to the controller
// only. It tries all addresses at once. judge converts the error of the attempt
// into a problem. It is called when the attempt ends, which may be after Open
// returned: a server that accepts the connection and sends nothing can block
// Juju's dialer longer than its timeout.
func (e *Endpoint) Open(
	ctx context.Context, modelUUID string, pingPeriod time.Duration, judge func(error) *plan.Problem,
) (api.Connection, Access, *plan.Problem) {
	info := e.info(e.Connection.Addresses...)
	if modelUUID != "" {
		info.ModelTag = names.NewModelTag(modelUUID)
	}
	provider := &loginCapture{LoginProvider: e.loginProvider()}
	opts := e.dialOpts(pingPeriod)
	opts.LoginProvider = provider
	type result struct {
		conn    api.Connection
		problem *plan.Problem
	}
	opened := make(chan result, 1)
	go func() {
		conn, err := api.Open(ctx, info, opts)
		opened <- result{conn, judge(err)}
	}()
	select {
	case r := <-opened:
		if r.problem != nil {
			return nil, Access{}, r.problem
		}
		return limitedConn{r.conn}, provider.access, nil
	case <-time.After(DialTimeout):
		go func() {
			if r := <-opened; r.problem == nil {
				_ = r.conn.Close()
			}
		}()
		return nil, Access{}, e.LoginProblem(api.ConnectionOpenTimedOut)
	}
}

// LogIn calls open, and notifies the observer unless no attempt was made.
func (e *Endpoint) LogIn(
	ctx context.Context, open func(context.Context) (api.Connection, *plan.Problem),
) (api.Connection, *plan.Problem) {
	conn, problem := open(ctx)
	attempted := problem == nil || problem.Reason != v1alpha1.ReasonControllerNotReady
	if attempted && (ctx.Err() == nil || NoModel(problem)) {
		e.Observer.LoggedIn(e.Key, problem)
	}
	return conn, problem
}

// NoModel reports whether Juju answered that there is no model for the user. The
// answer to a login also ends the connection to the model, and its context.
func NoModel(problem *plan.Problem) bool {
	return problem != nil && slices.Contains([]v1alpha1.Reason{
		v1alpha1.ReasonModelNotFound, v1alpha1.ReasonPermissionDenied, v1alpha1.ReasonModelMigrated,
	}, problem.Reason)
}

// Reachable connects to each address without a login, and returns the addresses
// that answer.
func (e *Endpoint) Reachable(ctx context.Context) []string {
	answers := make([]bool, len(e.Connection.Addresses))
	var attempts sync.WaitGroup
	for i, address := range e.Connection.Addresses {
		attempts.Go(func() {
			info := e.info(address)
			info.SkipLogin = true
			conn, err := api.Open(ctx, info, e.dialOpts(NoPings))
			if answers[i] = err == nil; answers[i] {
				_ = conn.Close()
			}
		})
	}
	attempts.Wait()
	reachable := []string{}
	for i, address := range e.Connection.Addresses {
		if answers[i] {
			reachable = append(reachable, address)
		}
	}
	return reachable
}

// info returns the parameters to connect to some addresses of the controller.
func (e *Endpoint) info(addresses ...string) *api.Info {
	// Juju shuffles the addresses.
	return &api.Info{Addrs: slices.Clone(addresses), CACert: e.Connection.CACertificate}
}

// dialOpts returns the options to dial.
func (e *Endpoint) dialOpts(pingPeriod time.Duration) api.DialOpts {
	return api.DialOpts{
		DialWebsocket:       e.dialWebsocket,
		DialAddressInterval: 50 * time.Millisecond,
		DialTimeout:         DialTimeout, Timeout: DialTimeout, PingPeriod: &pingPeriod,
	}
}

// loginProvider returns Juju's login provider for the credentials.
func (e *Endpoint) loginProvider() api.LoginProvider {
	name, password := e.Connection.Username, e.Connection.Password.Open()
	if e.Connection.Auth == content.ClientCredentials {
		return api.NewClientCredentialsLoginProvider(name, password)
	}
	// The URL is for cookies. A login with a password has none.
	cookieURL := &url.URL{Scheme: "https", Host: "juju", Path: "/"}
	return api.NewLegacyLoginProvider(names.NewUserTag(name), password, "", nil, cookieURL)
}

// loginCapture captures the answer to a login. Juju's client exposes only a
// part of it.
type loginCapture struct {
	api.LoginProvider

	access Access
}

// Login implements api.LoginProvider. The server can send any answer. Juju's
// client logs in on a separate goroutine, where a panic would crash the
// operator.
func (l *loginCapture) Login(
	ctx context.Context, caller jujubase.APICaller,
) (result *api.LoginResultParams, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			result, err = nil, errors.New("the answer to the login is malformed")
		}
	}()
	return l.LoginProvider.Login(ctx, capturingCaller{caller, &l.access})
}

// capturingCaller forwards requests, and captures the answer to a login.
type capturingCaller struct {
	jujubase.APICaller

	access *Access
}

// APICall implements base.APICaller.
func (c capturingCaller) APICall(
	ctx context.Context, objType string, version int, id, request string, args, response any,
) error {
	err := limitedCall(ctx, c.APICaller, objType, version, id, request, args, response)
	result, isLogin := response.(*params.LoginResult)
	if !isLogin || err != nil {
		return err
	}
	if result.DischargeRequired != nil || result.BakeryDischargeRequired != nil {
		// Juju's client would request a discharge from any address in the
		// answer.
		return &params.Error{Code: params.CodeDischargeRequired, Message: "macaroon discharge required"}
	}
	if result.UserInfo != nil {
		*c.access = Access{result.UserInfo.ControllerAccess, result.UserInfo.ModelAccess}
	}
	return nil
}
