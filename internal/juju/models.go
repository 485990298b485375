// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"fmt"
	"time"

	"github.com/juju/juju/api"
	jujubase "github.com/juju/juju/api/base"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/juju/link"
	"github.com/juju-secrets/operator/internal/juju/model"
	"github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/plan"
)

// modelTries is how often a login to a model is tried if the connection to the
// controller is lost meanwhile. The model itself may be the cause of the
// failure.
const modelTries = 3

// openModel logs in to a model. If the model refuses credentials that the
// controller accepted, the controller is logged in to again, once for all
// models, and then the model.
func (c *controller) openModel(ctx context.Context, m *model.Model) (conn api.Connection, problem *plan.Problem) {
	for range modelTries {
		var root api.Connection
		conn, root, problem = c.tryModel(ctx, m)
		if problem == nil || m.Closed() || root == nil || c.root.Has(root) {
			break
		}
	}
	return conn, problem
}

// tryModel tries once to log in to a model. While the controller cannot be
// reached it waits, because then only root tries. It returns the connection to
// the controller at the time, or nil.
func (c *controller) tryModel(ctx context.Context, m *model.Model) (conn, root api.Connection, problem *plan.Problem) {
	if !acquire(ctx, c.modelLogins) {
		return nil, nil, link.ErrReplaced
	}
	if root, problem = c.root.AwaitOpen(ctx); problem != nil {
		<-c.modelLogins
		return nil, nil, problem
	}
	conn, problem = c.LogIn(ctx, func(ctx context.Context) (api.Connection, *plan.Problem) {
		return c.loginToModel(ctx, m, root)
	})
	return conn, root, problem
}

// loginToModel logs in to a model. It releases modelLogins when the result is
// known.
func (c *controller) loginToModel(
	ctx context.Context, m *model.Model, root api.Connection,
) (api.Connection, *plan.Problem) {
	pingPeriod := api.PingPeriod
	if c.currentInterval() <= pingPeriod {
		pingPeriod = wire.NoPings // Each listing of the model, or lookup in it, checks the connection.
	}
	conn, access, problem := c.Open(ctx, m.UUID, pingPeriod, func(err error) *plan.Problem {
		defer func() { <-c.modelLogins }()
		if err == nil {
			return nil
		}
		problem := c.ModelLoginProblem(err)
		if !aboutModel(problem) {
			return problem
		}
		listed := c.listModels(ctx, time.Now())
		switch {
		case listed.problem != nil:
			return listed.problem
		case !listed.lists(m.UUID):
			problem = c.explained(m.UUID, c.nameOf(m.UUID), root, problem)
			c.keepAnswer(m.UUID, problem)
			c.mu.Lock()
			defer c.mu.Unlock()
			c.remove(m) // So that a model that comes back is found.
			return problem
		case problem.Gone: // The answers differ, so they prove nothing.
			return &plan.Problem{Reason: v1alpha1.ReasonModelUnavailable, Message: fmt.Sprintf(
				"the controller lists model %q, but answers that it does not exist", c.nameOf(m.UUID))}
		}
		return c.explained(m.UUID, c.nameOf(m.UUID), root, problem)
	})
	if problem != nil {
		return nil, problem
	}
	return c.onLogin(conn, access, m)
}

// recheckPause is the time between two rechecks. A single model that refuses
// credentials that the controller accepts must not disturb all other models.
const recheckPause = time.Minute

// recheck makes root log in again, because a model refused credentials that the
// controller had accepted on the connection root.
func (c *controller) recheck(root api.Connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.recheckedAt) >= recheckPause {
		c.recheckedAt = time.Now()
		c.root.GiveUp(root)
	}
}

// Explain implements model.Host. If the controller no longer lists the model, a
// login to the model says why. The model is removed, so that a model that comes
// back is found.
func (c *controller) Explain(ctx context.Context, m *model.Model, problem *plan.Problem) *plan.Problem {
	listed := c.listModels(ctx, time.Now())
	switch {
	case listed.problem != nil:
		return listed.problem
	case listed.lists(m.UUID):
		return problem
	}
	name := c.nameOf(m.UUID)
	c.mu.Lock()
	first := c.models[m.UUID] == m
	c.remove(m)
	c.mu.Unlock()
	if first {
		defer c.notify(plan.Change{Controller: c.Key, ModelUUID: m.UUID, ModelName: name, All: true})
	}
	var query plan.Query
	if first {
		query.Age = plan.Fresh
	}
	if answer := c.askModel(ctx, m.UUID, name, query); answer != nil {
		return answer
	}
	return problem
}

// verifyModel returns a problem if a connection to a model is not to the
// expected controller. A controller behind JAAS has another UUID than JAAS,
// which vouches for it.
func (c *controller) verifyModel(conn api.Connection) *plan.Problem {
	if problem := c.verifyIdentity(conn); c.Connection.Auth != content.ClientCredentials {
		return problem
	}
	return nil
}

// onLogin records the result of a login to a model. It returns a problem if
// another controller answered.
func (c *controller) onLogin(conn api.Connection, access wire.Access, m *model.Model) (api.Connection, *plan.Problem) {
	if problem := c.verifyModel(conn); problem != nil {
		_ = conn.Close()
		return nil, problem
	}
	_, caller := jujubase.NewClientFacade(conn, wire.SecretsFacade)
	c.mu.Lock()
	changed := c.facade != caller.BestAPIVersion() || c.access[m.UUID] != access.Model
	c.facade = caller.BestAPIVersion()
	if c.models[m.UUID] == m {
		c.access[m.UUID] = access.Model
	}
	c.mu.Unlock()
	if changed {
		c.notify(plan.Change{Controller: c.Key, ModelUUID: m.UUID, Health: true})
	}
	return conn, nil
}
