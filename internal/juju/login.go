// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"fmt"
	"slices"

	"github.com/juju/juju/api"
	"github.com/juju/names/v6"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/juju/link"
	"github.com/juju-secrets/operator/internal/plan"
)

// connectsAs reports whether another connection is equivalent. The expected
// UUID of the controller is compared only if the other connection has one.
func (c *controller) connectsAs(other content.Connection) bool {
	c.mu.Lock()
	identity := c.identity
	c.mu.Unlock()
	own := c.Connection
	return slices.Equal(own.Addresses, other.Addresses) && own.CACertificate == other.CACertificate &&
		own.Auth == other.Auth && own.Username == other.Username &&
		own.Password.Open() == other.Password.Open() && (other.ControllerUUID == "" || other.ControllerUUID == identity)
}

// excludedBy reports whether a connection expects another controller than the
// connected one.
func (c *controller) excludedBy(connection content.Connection) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return connection.ControllerUUID != "" && connection.ControllerUUID != c.identity
}

// acquire waits for a slot to log in. Receiving from slots releases it. Without
// a bound, attempts that hang would accumulate.
func acquire(ctx context.Context, slots chan struct{}) bool {
	select {
	case slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// openRoot logs in to the controller only.
func (c *controller) openRoot(ctx context.Context) (api.Connection, *plan.Problem) {
	if !acquire(ctx, c.rootLogin) {
		return nil, link.ErrReplaced
	}
	conn, access, problem := c.Open(ctx, "", api.PingPeriod, func(err error) *plan.Problem {
		defer func() { <-c.rootLogin }()
		if err == nil {
			return nil
		}
		return c.LoginProblem(err)
	})
	if problem != nil {
		unreachable := problem.Reason == v1alpha1.ReasonJujuUnreachable ||
			problem.Reason == v1alpha1.ReasonCertificateMismatch
		if unreachable && !c.isOpen() { // The login may be one beside an open connection.
			c.noteReachable([]string{})
		}
		return nil, problem
	}
	problem = c.verifyIdentity(conn)
	if conn.AuthTag() == nil {
		problem = &plan.Problem{
			Reason: v1alpha1.ReasonFailed, Message: "the controller did not report the name of the user",
		}
	}
	if problem != nil {
		_ = conn.Close()
		return nil, problem
	}
	c.mu.Lock()
	c.superuser = access.Controller == plan.AccessSuperuser
	if one := c.Connection.Addresses; len(one) == 1 {
		c.reachable = one
	}
	c.mu.Unlock()
	go c.tryAddresses(ctx, conn)
	return conn, nil
}

// verifyIdentity returns a problem if a connection is not to the expected
// controller. Without an expected UUID, the first controller sets it.
func (c *controller) verifyIdentity(conn api.Connection) *plan.Problem {
	found := conn.ControllerTag().Id()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.identity == "" {
		c.identity = found
	}
	if c.identity == found {
		return nil
	}
	return &plan.Problem{Reason: v1alpha1.ReasonControllerChanged, Message: fmt.Sprintf(
		"the controller at these addresses has the UUID %s instead of %s: correct spec.addresses, or set "+
			"spec.controllerUUID to the new UUID to accept this controller", found, c.identity)}
}

// invalidUser returns the problem with a user name that Juju cannot have, nil
// if there is none.
func (c *controller) invalidUser() *plan.Problem {
	if c.Connection.Auth != content.UserPass || names.IsValidUser(c.Connection.Username) {
		return nil
	}
	return &plan.Problem{
		Reason:  v1alpha1.ReasonCredentialsRejected,
		Message: "the username in the credentials Secret is not a valid Juju user name: correct it",
	}
}

// open returns the connection to the controller, or why there is none. It logs
// in first if no login was tried.
func (c *controller) open(ctx context.Context) (conn api.Connection, release func(), problem *plan.Problem) {
	if problem := c.invalidUser(); problem != nil {
		return nil, nil, problem
	}
	return c.root.Get(ctx)
}

// unavailable returns why there is no connection to the controller, nil if
// there is one.
func (c *controller) unavailable(ctx context.Context) *plan.Problem {
	_, release, problem := c.open(ctx)
	if problem == nil {
		release()
	}
	return problem
}

// health returns the state of the connection to the controller.
func (c *controller) health(ctx context.Context) plan.Health {
	conn, release, problem := c.open(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if problem != nil {
		return plan.Health{Problem: problem, Reachable: c.reachable}
	}
	defer release()
	health := plan.Health{
		ControllerUUID: conn.ControllerTag().Id(), User: conn.AuthTag().Id(),
		SecretsFacade: c.facade, Reachable: c.reachable,
		Models: map[string]plan.ModelHealth{},
	}
	if version, ok := conn.ServerVersion(); ok {
		health.Version = version.String()
	}
	for uuid, access := range c.access {
		if name := c.listed.names[uuid]; name != "" && access != "" {
			if c.superuser {
				access = plan.AccessSuperuser
			}
			health.Models[uuid] = plan.ModelHealth{Name: name, Access: access}
			if m := c.models[uuid]; m != nil {
				health.Models[uuid] = plan.ModelHealth{Name: name, Access: access, CheckedBy: m.CheckedBy()}
			}
		}
	}
	return health
}
