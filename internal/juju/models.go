// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/juju/juju/api"
	jujubase "github.com/juju/juju/api/base"
	"github.com/juju/juju/api/client/modelmanager"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/juju/link"
	"github.com/juju-secrets/operator/internal/juju/model"
	"github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/plan"
)

// listedModels is the last list of the models that the user may see.
type listedModels struct {
	// uuids holds the UUIDs of the last list that succeeded, by qualifier/name.
	uuids map[string]string
	// began is when the last request began, and problem why it failed.
	began   time.Time
	problem *plan.Problem
}

// lists reports whether a model is listed.
func (l listedModels) lists(uuid string) bool { return l.find(plan.ModelRef{UUID: uuid}) != "" }

// find returns the UUID of a model, empty if it is not listed.
func (l listedModels) find(ref plan.ModelRef) string {
	if ref.UUID == "" {
		return l.uuids[ref.Name]
	}
	for _, uuid := range l.uuids {
		if uuid == ref.UUID {
			return uuid
		}
	}
	return ""
}

// recentList is how old a list of models may be for an object that was not just
// changed. So many objects of a model that is not listed share a list.
const recentList = 5 * time.Second

// resolve returns the UUID of a model that the user has access to. A model that
// was listed once is not looked up again until a login to a model fails. The
// query has the UUID of the model that the object was in before.
func (c *controller) resolve(ctx context.Context, ref plan.ModelRef, query plan.Query) (string, *plan.Problem) {
	c.mu.Lock()
	uuid, listed := c.usable(ref), c.listed
	c.mu.Unlock()
	if uuid == "" {
		if query.Age != plan.AsKnown || listed.problem != nil || time.Since(listed.began) > recentList {
			listed = c.listModels(ctx)
		}
		if listed.problem != nil {
			return "", listed.problem
		}
		uuid = listed.find(ref)
	}
	before := cmp.Or(ref.UUID, query.ModelUUID)
	switch {
	case uuid != "" && (before == "" || before == uuid || listed.lists(before)):
		return uuid, nil
	case before == "" || listed.lists(before):
		return "", c.notListed(ref)
	}
	return c.resolveUnlisted(ctx, ref, uuid, before, query.Age == plan.Fresh)
}

// resolveUnlisted asks why the controller does not list the model that an
// object was in before. It returns the UUID of the model to use, if there is
// one: the model that has the name now, or the model itself if the reference
// has its UUID. A reference by name never leads to a model with another name.
func (c *controller) resolveUnlisted(
	ctx context.Context, ref plan.ModelRef, named, before string, fresh bool,
) (string, *plan.Problem) {
	switch problem := c.askModel(ctx, before, ref.String(), fresh); {
	case problem == nil && before == ref.UUID:
		return before, nil
	case problem == nil:
		if uuid := c.listModels(ctx).find(ref); uuid == before { // The access was given back meanwhile.
			return uuid, nil
		}
		return "", c.notListed(ref)
	case problem.Gone && named != "":
		return named, nil // Another model has the name now.
	default:
		return "", problem
	}
}

// usable returns the UUID of a model that is known to be usable, empty if there
// is none. The lock is held.
func (c *controller) usable(ref plan.ModelRef) string {
	if uuid := c.listed.find(ref); uuid != "" {
		return uuid
	}
	if c.models[ref.UUID] != nil { // A login succeeded although the model is not listed.
		return ref.UUID
	}
	return ""
}

// notListed returns the problem with a model that the controller does not list.
// It does not prove that the model is gone.
func (c *controller) notListed(ref plan.ModelRef) *plan.Problem {
	return &plan.Problem{Reason: v1alpha1.ReasonModelNotFound, Message: fmt.Sprintf(
		"the controller lists no model %q for user %q: correct the model, or grant the user access to it",
		ref, c.Connection.Username)}
}

// goneProblem returns the problem with a model that does not exist.
func goneProblem(uuid, name string) *plan.Problem {
	which := "with the UUID " + uuid
	if name != uuid {
		which = fmt.Sprintf("%q (%s)", name, uuid)
	}
	return &plan.Problem{Reason: v1alpha1.ReasonModelNotFound, Gone: true, Message: fmt.Sprintf(
		"the controller has no model %s: correct the model, or delete this object; a model that was removed and "+
			"created again has a new UUID, and is another model", which)}
}

// listModels returns the models that the user may see, as listed since the
// call. Callers that wait share the next request.
func (c *controller) listModels(ctx context.Context) listedModels {
	called := time.Now()
	c.listing.Lock()
	defer c.listing.Unlock()
	c.mu.Lock()
	listed := c.listed
	c.mu.Unlock()
	if listed.began.After(called) {
		return listed
	}
	listed.began = time.Now()
	uuids, problem := c.requestModels(context.WithoutCancel(ctx)) // Other callers wait for it, too.
	if listed.problem = problem; problem == nil {
		listed.uuids = uuids
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listed = listed
	for name, uuid := range uuids {
		c.names[uuid] = name
		delete(c.answers, uuid)
	}
	return listed
}

// requestModels returns the UUIDs of the models that the user may see, by
// qualifier/name.
func (c *controller) requestModels(ctx context.Context) (map[string]string, *plan.Problem) {
	conn, release, problem := c.root.Get(ctx)
	if problem != nil {
		return nil, problem
	}
	defer release()
	var models []jujubase.UserModel
	request := wire.Request{Method: "ModelManager.ListModels"}
	err := c.Ask(ctx, wire.CallTimeout, request, func(ctx context.Context) error {
		listed, err := modelmanager.NewClient(conn).ListModels(ctx, conn.AuthTag().Id())
		models = listed
		return err
	})
	if err != nil {
		return nil, wire.CallProblem(conn, err)
	}
	uuids := make(map[string]string, len(models))
	for _, m := range models {
		uuids[string(m.Qualifier)+"/"+m.Name] = m.UUID
	}
	return uuids, nil
}

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
		pingPeriod = wire.NoPings // Each listing of the model checks the connection.
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
		listed := c.listModels(ctx)
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
	listed := c.listModels(ctx)
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
		defer c.notify(plan.Change{Controller: c.Key, ModelUUID: m.UUID, All: true})
	}
	if answer := c.askModel(ctx, m.UUID, name, first); answer != nil {
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
