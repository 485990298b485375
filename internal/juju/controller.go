// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/juju/juju/api"

	"github.com/juju-secrets/operator/internal/juju/link"
	"github.com/juju-secrets/operator/internal/juju/model"
	"github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/plan"
)

// parallelLogins is how many models are logged in to at a time. A login costs
// the controller twenty times as much as a change.
const parallelLogins = 4

// idleAfter is how long the connection to an unused model stays open.
const idleAfter = 10 * time.Minute

// controller is one Juju controller as one user. It is the model.Host of its
// models.
type controller struct {
	*wire.Endpoint
	environment

	// root is logged in to the controller only. It finds models.
	root *link.Link
	// rootLogin and modelLogins bound how many logins are tried at a time.
	// While the controller cannot be reached, only root tries.
	rootLogin, modelLogins chan struct{}
	// refused is true when a login of root was refused and none has succeeded
	// since.
	refused atomic.Bool
	// listing is held while the models are listed, for all callers that wait.
	listing sync.Mutex

	mu       sync.Mutex
	interval time.Duration           // between listings of a model
	models   map[string]*model.Model // by UUID
	access   map[string]string       // what the user may do in a model, as of the last login, by UUID
	listed   modelList
	names    map[string]string  // of models that were listed, by UUID
	answers  map[string]*answer // of models that are not listed, by UUID
	// awaited holds the models that objects wait for and that are not listed.
	awaited map[plan.ModelRef]struct{}
	// listTimer ends when the models are to be listed without a caller.
	listTimer *time.Timer
	closed    bool
	// recheckedAt is when the refusal of a model last made root log in again.
	recheckedAt time.Time
	// request is the last request of Retry, and attempt the login of root that
	// answers it.
	request string
	attempt int
	// identity is the UUID that the controller must have: the UUID of the
	// connection, otherwise the UUID at the first login. It is empty before.
	identity string
	// superuser is true when the user may do everything in every model.
	superuser bool
	// facade is the version of the Secrets facade, 0 until a model was
	// connected.
	facade int
	// reachable holds the addresses that answered the last attempt, or nil.
	reachable []string
}

// environment is what a controller needs of the pool.
type environment struct {
	// notify delivers a change without blocking.
	notify func(plan.Change)
	// inUse reports whether an object uses a model.
	inUse func(modelUUID string) bool
	// isAwaited reports whether an object waits for a model that is not listed.
	isAwaited func(plan.ModelRef) bool
	// replacement returns the controller that has a key now, or nil.
	replacement func(key plan.ControllerKey) *controller
	// lost is called when the connection to the controller is over.
	lost func(*controller)
	// changed is called when a login has another result than before, see
	// link.Config.
	changed func(c *controller, up, answered bool)
}

// newController returns a controller that is not connected yet.
func newController(endpoint *wire.Endpoint, env environment) *controller {
	c := &controller{
		Endpoint: endpoint, environment: env,
		rootLogin: make(chan struct{}, 1), modelLogins: make(chan struct{}, parallelLogins),
		models: map[string]*model.Model{}, access: map[string]string{}, names: map[string]string{},
		answers: map[string]*answer{},
		awaited: map[plan.ModelRef]struct{}{}, identity: endpoint.Connection.ControllerUUID,
	}
	c.root = link.New(link.Config{
		WaitTimeout: link.WaitTimeout, FirstWaitTimeout: link.FirstWaitTimeout,
		Dial: func(ctx context.Context) (api.Connection, *plan.Problem) {
			conn, problem := c.LogIn(ctx, c.openRoot)
			if link.Refused(problem) {
				c.refused.Store(true)
				c.notify(plan.Change{Controller: c.Key, Health: true}) // The connection may stay open.
			}
			return conn, problem
		},
		Lost: func() {
			c.noteReachable(nil)
			c.lost(c)
		},
		Changed: func(up, answered bool) {
			if up && c.refused.Swap(false) {
				c.forgetAnswers() // They may be refusals of the former password.
				c.retryModels()   // They back off as long as refused logins do.
			}
			if up {
				c.distrustList()
			}
			c.changed(c, up, answered)
		},
	})
	return c
}

// close closes all connections once the requests in flight have ended.
func (c *controller) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.planList()
	c.root.Close()
	for _, m := range c.models {
		m.Close()
	}
}

// isOpen reports whether the controller is connected, as far as is known.
func (c *controller) isOpen() bool {
	up, _ := c.root.Up()
	return up
}

// retryNow ends the pauses before the next logins to the controller and to its
// models, unless it did for the same request.
func (c *controller) retryNow(request string) {
	c.mu.Lock()
	known := c.request == request
	if !known {
		c.recheckedAt = time.Time{}
		c.answers = map[string]*answer{}
		c.request, c.attempt = request, c.root.RetryNow()
	}
	c.mu.Unlock()
	if !known {
		c.retryModels() // Any server of the controller may have refused a login.
	}
}

// tried reports whether the login for a request has ended. A controller that
// is newer than the request answers it with its first login.
func (c *controller) tried(ctx context.Context, request string) bool {
	if c.invalidUser() != nil {
		return true // Nothing is sent.
	}
	c.mu.Lock()
	if c.request != request {
		c.request, c.attempt = request, 1
	}
	attempt := c.attempt
	c.mu.Unlock()
	return c.root.Tried(ctx, attempt)
}

// retryModels ends the pauses before the next logins to the models.
func (c *controller) retryModels() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.models {
		m.RetryNow()
	}
}

// setInterval sets how often to list each model for changes that others made.
func (c *controller) setInterval(interval time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interval = interval
	c.planList()
	for _, m := range c.models {
		m.SetInterval(interval)
	}
}

// currentInterval returns how often each model is listed.
func (c *controller) currentInterval() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.interval
}

// model returns a model, and looks it up if it is not known. It does not connect
// to the model. The query has the UUID of the model that the object was in
// before.
func (c *controller) model(
	ctx context.Context, ref plan.ModelRef, query plan.Query,
) (*model.Model, *plan.Problem) {
	if problem := c.unavailable(ctx); problem != nil {
		return nil, problem
	}
	uuid, problem := c.resolve(ctx, ref, query)
	if problem != nil {
		return nil, problem
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, link.ErrReplaced
	}
	m := c.models[uuid]
	if m == nil {
		m = c.newModel(uuid)
		c.models[uuid] = m
	}
	return m, nil
}

// view returns the secrets of a model that match a query.
func (c *controller) view(ctx context.Context, ref plan.ModelRef, query plan.Query) plan.ModelView {
	var view plan.ModelView
	if m, problem := c.model(ctx, ref, query); problem != nil {
		view.Problem = problem
	} else {
		view = m.View(ctx, query)
	}
	if view.Known || view.Problem != nil && view.Problem.Gone {
		c.mu.Lock()
		view.ControllerUUID = c.identity
		c.mu.Unlock()
	}
	return view
}

// newModel returns a model that is not connected yet.
func (c *controller) newModel(uuid string) *model.Model {
	var m *model.Model
	m = model.New(model.Config{
		UUID: uuid, Name: func() string { return c.nameOf(uuid) }, Endpoint: c.Endpoint, Host: c, Interval: c.interval,
		LogIn:    func(ctx context.Context) (api.Connection, *plan.Problem) { return c.openModel(ctx, m) },
		MayWrite: func(ctx context.Context) bool { return c.mayWrite(ctx, uuid) },
	})
	return m
}

// knownModel returns a model that was used before, or nil. It makes no request.
func (c *controller) knownModel(ref plan.ModelRef) *model.Model {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.models[c.usable(ref)]
}

// Notify implements model.Host.
func (c *controller) Notify(change plan.Change) { c.notify(change) }

// InUse implements model.Host. It removes a model that no object uses and that
// nothing has asked for in idleAfter.
func (c *controller) InUse(m *model.Model) bool {
	if c.inUse(m.UUID) || time.Since(m.LastUsed()) < idleAfter {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(m)
	return false
}

// nameOf returns the name of a model that was listed, otherwise its UUID.
func (c *controller) nameOf(modelUUID string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return cmp.Or(c.names[modelUUID], modelUUID)
}

// NoteLateWrite implements model.Host.
func (c *controller) NoteLateWrite(modelUUID string) {
	next := c.replacement(c.Key)
	if next == nil {
		return
	}
	next.mu.Lock()
	m := next.models[modelUUID]
	next.mu.Unlock()
	if m != nil {
		m.Invalidate()
	}
}

// remove removes and closes a model. The lock is held.
func (c *controller) remove(m *model.Model) {
	if c.models[m.UUID] == m {
		delete(c.models, m.UUID)
		delete(c.access, m.UUID)
		m.Close()
	}
}
