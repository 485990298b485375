// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/juju/juju/api"
	jujubase "github.com/juju/juju/api/base"
	"github.com/juju/juju/rpc/params"
	"github.com/juju/names/v6"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// noPings is a period so long that it never comes.
const noPings = 365 * 24 * time.Hour

// connectsAs tells whether another connection would change nothing. What the controller's UUID must be is part of that, as far
// as it is told.
func (c *controller) connectsAs(other content.Connection) bool {
	c.mu.Lock()
	identity := c.identity
	c.mu.Unlock()
	own := c.connection
	return slices.Equal(own.Addresses, other.Addresses) && own.CACertificate == other.CACertificate &&
		own.ServiceAccount == other.ServiceAccount && own.Username == other.Username &&
		own.Password.Open() == other.Password.Open() && (other.ControllerUUID == "" || other.ControllerUUID == identity)
}

// open connects and logs in, to a model or, without a UUID, to the controller alone. It tries all addresses at once. Besides it
// tells what the user may do there. How the attempt ended is for judge to say, which may be after open has returned: a server that
// takes the connection and says nothing can hold Juju's dialer beyond its timeout.
func (c *controller) open(
	ctx context.Context, modelUUID string, pingPeriod time.Duration, judge func(error) *plan.Trouble,
) (api.Connection, access, *plan.Trouble) {
	info := c.info(c.connection.Addresses...)
	if modelUUID != "" {
		info.ModelTag = names.NewModelTag(modelUUID)
	}
	provider := &listener{LoginProvider: c.loginProvider()}
	opts := c.dialOpts(pingPeriod)
	opts.LoginProvider = provider
	type result struct {
		conn    api.Connection
		trouble *plan.Trouble
	}
	opened := make(chan result, 1)
	go func() {
		conn, err := api.Open(ctx, info, opts)
		opened <- result{conn, judge(err)}
	}()
	select {
	case r := <-opened:
		if r.trouble != nil {
			return nil, access{}, r.trouble
		}
		return careful{r.conn}, provider.heard, nil
	case <-time.After(dialTimeout):
		go func() {
			if r := <-opened; r.trouble == nil {
				_ = r.conn.Close()
			}
		}()
		return nil, access{}, c.loginTrouble(api.ConnectionOpenTimedOut)
	}
}

// takeTurn waits for a turn to log in, which ends when something is read from turns. Attempts of which nobody knows the end would pile
// up otherwise.
func takeTurn(ctx context.Context, turns chan struct{}) bool {
	select {
	case turns <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// info is how to reach the controller at some of its addresses.
func (c *controller) info(addresses ...string) *api.Info {
	return &api.Info{Addrs: slices.Clone(addresses), CACert: c.connection.CACertificate} // Juju shuffles the addresses.
}

func (c *controller) dialOpts(pingPeriod time.Duration) api.DialOpts {
	return api.DialOpts{
		DialWebsocket:       c.dialWebsocket,
		DialAddressInterval: 50 * time.Millisecond, DialTimeout: dialTimeout, Timeout: dialTimeout, PingPeriod: &pingPeriod,
	}
}

// loginProvider is how to log in with the credentials of the connection.
func (c *controller) loginProvider() api.LoginProvider {
	name, password := c.connection.Username, c.connection.Password.Open()
	if c.connection.ServiceAccount {
		return api.NewClientCredentialsLoginProvider(name, password)
	}
	// The URL is for cookies, of which a login with a password has none.
	return api.NewLegacyLoginProvider(names.NewUserTag(name), password, "", nil, &url.URL{Scheme: "https", Host: "juju", Path: "/"})
}

// access is what the user may do, as Juju tells at a login.
type access struct{ controller, model string }

// listener overhears what Juju tells at a login and its client keeps to itself.
type listener struct {
	api.LoginProvider

	heard access
}

// Login implements api.LoginProvider. What answers may be anything, and Juju's client logs in on a goroutine of its own, where a
// panic would be the end of the program.
func (l *listener) Login(ctx context.Context, caller jujubase.APICaller) (result *api.LoginResultParams, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			result, err = nil, errors.New("the answer to the login makes no sense")
		}
	}()
	return l.LoginProvider.Login(ctx, overheard{caller, &l.heard})
}

// overheard passes requests on.
type overheard struct {
	jujubase.APICaller

	heard *access
}

// APICall implements base.APICaller.
func (o overheard) APICall(ctx context.Context, objType string, version int, id, request string, args, response any) error {
	err := carefully(ctx, o.APICaller, objType, version, id, request, args, response)
	result, isLogin := response.(*params.LoginResult)
	if !isLogin || err != nil {
		return err
	}
	if result.DischargeRequired != nil || result.BakeryDischargeRequired != nil {
		// Juju's client would ask for one wherever the answer says, which is for nobody else to choose.
		return &params.Error{Code: params.CodeDischargeRequired, Message: "macaroon discharge required"}
	}
	if result.UserInfo != nil {
		*o.heard = access{result.UserInfo.ControllerAccess, result.UserInfo.ModelAccess}
	}
	return nil
}

// openRoot logs in to the controller alone.
func (c *controller) openRoot(ctx context.Context) (api.Connection, *plan.Trouble) {
	if !takeTurn(ctx, c.rootLogin) {
		return nil, replaced()
	}
	conn, access, trouble := c.open(ctx, "", api.PingPeriod, func(err error) *plan.Trouble {
		defer func() { <-c.rootLogin }()
		if err == nil {
			return nil
		}
		return c.loginTrouble(err)
	})
	if trouble != nil {
		if trouble.Kind == plan.Unreachable || trouble.Kind == plan.CertificateMismatch {
			c.noteReachable([]string{})
		}
		return nil, trouble
	}
	trouble = c.recognise(conn)
	if conn.AuthTag() == nil {
		trouble = &plan.Trouble{Kind: plan.Failed, Message: "the controller does not say who is logged in"}
	}
	if trouble != nil {
		_ = conn.Close()
		return nil, trouble
	}
	c.mu.Lock()
	c.superuser = access.controller == plan.AccessSuperuser
	if one := c.connection.Addresses; len(one) == 1 {
		c.reachable = one
	}
	c.mu.Unlock()
	go c.tryAddresses(ctx, conn)
	return conn, nil
}

// welcome notes what a login to a model told, unless another controller answered: then that is the trouble.
func (c *controller) welcome(conn api.Connection, access access, m *model) (api.Connection, *plan.Trouble) {
	// The controller behind a JAAS has a UUID of its own, and JAAS vouches for it.
	if trouble := c.recognise(conn); trouble != nil && !c.connection.ServiceAccount {
		_ = conn.Close()
		return nil, trouble
	}
	_, caller := jujubase.NewClientFacade(conn, secretsFacade)
	c.mu.Lock()
	news := c.facade != caller.BestAPIVersion() || m.userAccess != access.model
	c.facade, m.userAccess = caller.BestAPIVersion(), access.model
	c.mu.Unlock()
	if news {
		m.notify(plan.Change{Health: true})
	}
	return conn, nil
}

// recognise tells whether a connection is to the controller that is expected. The first one there is is that.
func (c *controller) recognise(conn api.Connection) *plan.Trouble {
	found := conn.ControllerTag().Id()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.identity == "" {
		c.identity = found
	}
	if c.identity == found {
		return nil
	}
	return &plan.Trouble{Kind: plan.AnotherController, Message: fmt.Sprintf(
		"the controller at these addresses has the UUID %s, and not %s as expected: correct spec.addresses, or accept the other controller "+
			"by writing its UUID into spec.controllerUUID", found, c.identity)}
}

// health tells how the operator stands with the controller, and logs in first if nobody has.
func (c *controller) health(ctx context.Context) plan.Health {
	if !c.connection.ServiceAccount && !names.IsValidUser(c.connection.Username) {
		return plan.Health{Trouble: &plan.Trouble{
			Kind:    plan.CredentialsRejected,
			Message: "the username in the credentials Secret is not one that Juju allows: correct it",
		}}
	}
	conn, release, trouble := c.root.connection(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if trouble != nil {
		return plan.Health{Trouble: trouble, Reachable: c.reachable}
	}
	defer release()
	health := plan.Health{
		ControllerUUID: conn.ControllerTag().Id(), User: conn.AuthTag().Id(), SecretsFacade: c.facade, Reachable: c.reachable,
		Models: map[string]plan.ModelHealth{},
	}
	if version, ok := conn.ServerVersion(); ok {
		health.Version = version.String()
	}
	for name, uuid := range c.uuids {
		if m := c.models[uuid]; m != nil && m.userAccess != "" {
			health.Models[uuid] = plan.ModelHealth{Name: name, Access: m.userAccess}
			if c.superuser {
				health.Models[uuid] = plan.ModelHealth{Name: name, Access: plan.AccessSuperuser}
			}
		}
	}
	return health
}
