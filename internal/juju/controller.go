// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/juju/juju/api"
	jujubase "github.com/juju/juju/api/base"
	"github.com/juju/juju/api/client/modelmanager"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// parallelLogins is how many models are logged in to at a time. A login costs the controller twenty times as much as a change.
const parallelLogins = 4

// controller is one Juju controller as one user.
type controller struct {
	key        plan.ControllerKey
	connection content.Connection
	surroundings
	// root is logged in to the controller alone. It finds models, and proves that one is gone.
	root *link
	// rootLogin and modelLogins bound how many logins are tried at a time. While the controller cannot be reached root tries
	// alone.
	rootLogin, modelLogins chan struct{}
	// refused tells that the last answer to a login of root was a refusal, or that one came before and no login has succeeded since.
	refused atomic.Bool
	// asking is held by the one who lists the models, for everybody who waits for it.
	asking sync.Mutex

	mu       sync.Mutex
	interval time.Duration     // between two looks at a model
	models   map[string]*model // by UUID
	uuids    map[string]string // by qualifier/name
	askedAt  time.Time         // when the models were asked for last
	askedFor *plan.Trouble     // why that failed
	closed   bool
	// doubtedAt is when a model's refusal last made the controller be asked anew.
	doubtedAt time.Time
	// identity is the UUID that the controller must have: that of the connection, or else of the first login. It is empty before.
	identity string
	// superuser tells that the user may do everything in every model.
	superuser bool
	// facade is the version of the Secrets facade that the models speak, 0 while none was connected.
	facade int
	// reachable are the addresses that answered when they were last tried, nil while that is not known.
	reachable []string
}

// surroundings is what a controller and its models need of the pool.
type surroundings struct {
	// notify delivers a change without making the one who noticed it wait.
	notify func(plan.Change)
	// inUse tells whether any object stands for something in a model.
	inUse func(modelUUID string) bool
	// successor is who is known by the name of a controller now; nil for nobody.
	successor func(key plan.ControllerKey) *controller
	observer  Observer
}

func newController(key plan.ControllerKey, connection content.Connection, around surroundings) *controller {
	c := &controller{
		key: key, connection: connection, surroundings: around, rootLogin: make(chan struct{}, 1), modelLogins: make(chan struct{}, parallelLogins),
		models: map[string]*model{}, uuids: map[string]string{}, identity: connection.ControllerUUID,
	}
	c.root = newLink(linkSetup{
		patience: patience, firstPatience: firstPatience,
		dial: func(ctx context.Context) (api.Connection, *plan.Trouble) {
			conn, trouble := c.logIn(ctx, c.openRoot)
			if refused(trouble) {
				c.refused.Store(true)
			}
			return conn, trouble
		},
		lost: func() { c.noteReachable(nil) },
		changed: func(up, told bool) {
			if up && c.refused.Swap(false) {
				c.hurryModels() // They rest as long as those who are refused do.
			}
			c.notify(plan.Change{Controller: key, All: !up || told})
		},
	})
	return c
}

// close ends all connections, once the requests under way are over.
func (c *controller) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.root.close()
	for _, m := range c.models {
		m.link.close()
	}
}

// hurry makes the next attempt to log in, to the controller and to each model, come now.
func (c *controller) hurry() {
	c.mu.Lock()
	c.doubtedAt = time.Time{}
	c.mu.Unlock()
	c.root.hurry()
	c.hurryModels() // Any member of the controller may have refused one.
}

func (c *controller) hurryModels() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.models {
		m.link.hurry()
	}
}

// setInterval says how often to look at each model for what somebody else changed.
func (c *controller) setInterval(interval time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interval = interval
	for _, m := range c.models {
		m.wake()
	}
}

func (c *controller) currentInterval() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.interval
}

// model finds a model, by name if need be. It does not log in to it.
func (c *controller) model(ctx context.Context, ref plan.ModelRef) (*model, *plan.Trouble) {
	if trouble := c.health(ctx).Trouble; trouble != nil {
		return nil, trouble
	}
	uuid, trouble := c.resolve(ctx, ref)
	if trouble != nil {
		return nil, trouble
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, replaced()
	}
	m := c.models[uuid]
	if m == nil {
		m = newModel(c, uuid)
		c.models[uuid] = m
	}
	return m, nil
}

// resolve finds the UUID of a model that the controller lists. What was listed is remembered until a login to a model
// fails.
func (c *controller) resolve(ctx context.Context, ref plan.ModelRef) (string, *plan.Trouble) {
	c.mu.Lock()
	uuid := listed(c.uuids, ref)
	c.mu.Unlock()
	if uuid != "" {
		return uuid, nil
	}
	uuids, trouble := c.listModels(ctx)
	if trouble != nil {
		return "", trouble
	}
	if uuid = listed(uuids, ref); uuid == "" {
		return "", c.modelNotFound(ref.String())
	}
	return uuid, nil
}

// listed is the UUID of a model in a list of UUIDs by qualifier/name, empty if it is not there.
func listed(uuids map[string]string, ref plan.ModelRef) string {
	if ref.UUID == "" {
		return uuids[ref.Name]
	}
	for _, uuid := range uuids {
		if uuid == ref.UUID {
			return uuid
		}
	}
	return ""
}

func (c *controller) modelNotFound(model string) *plan.Trouble {
	another := ""
	if !strings.Contains(model, "/") {
		another = "; one that was removed and made again has another UUID, and is another model"
	}
	return &plan.Trouble{Kind: plan.ModelNotFound, Message: fmt.Sprintf(
		"the controller lists no model %q for user %q: correct the model, or give the user access to it%s",
		model, c.connection.Username, another)}
}

// listModels are the models that the user may see, as listed since the call: UUIDs by qualifier/name. Who calls while
// others wait shares their listing.
func (c *controller) listModels(ctx context.Context) (map[string]string, *plan.Trouble) {
	called := time.Now()
	c.asking.Lock()
	defer c.asking.Unlock()
	c.mu.Lock()
	uuids, trouble, askedAt := c.uuids, c.askedFor, c.askedAt
	c.mu.Unlock()
	if !askedAt.After(called) {
		askedAt = time.Now()
		uuids, trouble = c.askForModels(context.WithoutCancel(ctx)) // Others wait for it, too.
		c.mu.Lock()
		defer c.mu.Unlock()
		c.askedFor, c.askedAt = trouble, askedAt
		if trouble == nil {
			c.uuids = uuids
		}
	}
	if trouble != nil {
		return nil, trouble
	}
	return uuids, nil
}

func (c *controller) askForModels(ctx context.Context) (map[string]string, *plan.Trouble) {
	conn, release, trouble := c.root.connection(ctx)
	if trouble != nil {
		return nil, trouble
	}
	defer release()
	var models []jujubase.UserModel
	err := c.ask(ctx, callTimeout, Request{Method: "ModelManager.ListModels"}, func(ctx context.Context) error {
		listed, err := modelmanager.NewClient(conn).ListModels(ctx, conn.AuthTag().Id())
		models = listed
		return err
	})
	if err != nil {
		return nil, callTrouble(conn, err)
	}
	uuids := make(map[string]string, len(models))
	for _, m := range models {
		uuids[string(m.Qualifier)+"/"+m.Name] = m.UUID
	}
	return uuids, nil
}

// modelTries is how often a model is tried while the connection to the controller goes, which may be for other reasons as well.
const modelTries = 3

// openModel logs in to a model. If credentials are refused here though the controller took them, it is asked anew, once for all
// models, and the model once more if it takes them again.
func (c *controller) openModel(ctx context.Context, m *model) (conn api.Connection, trouble *plan.Trouble) {
	for range modelTries {
		var root api.Connection
		conn, root, trouble = c.tryModel(ctx, m)
		if trouble == nil || trouble.Kind == plan.ModelNotFound || root == nil || c.root.stands(root) {
			break
		}
	}
	return conn, trouble
}

// tryModel tries once to log in to a model. While the controller itself cannot be reached it waits: then one link tries for all. Root
// is the connection to the controller at the time, nil if there is none.
func (c *controller) tryModel(ctx context.Context, m *model) (conn, root api.Connection, trouble *plan.Trouble) {
	if !takeTurn(ctx, c.modelLogins) {
		return nil, nil, replaced()
	}
	if root, trouble = c.root.awaitOpen(ctx); trouble != nil {
		<-c.modelLogins
		return nil, nil, trouble
	}
	conn, trouble = c.logIn(ctx, func(ctx context.Context) (api.Connection, *plan.Trouble) { return c.enter(ctx, m, root) })
	return conn, root, trouble
}

// enter logs in to a model in a turn, which is over when it is known how that ended.
func (c *controller) enter(ctx context.Context, m *model, root api.Connection) (api.Connection, *plan.Trouble) {
	pingPeriod := api.PingPeriod
	if c.currentInterval() <= pingPeriod {
		pingPeriod = noPings // Each look at the model shows as much.
	}
	conn, access, trouble := c.open(ctx, m.uuid, pingPeriod, func(err error) *plan.Trouble {
		defer func() { <-c.modelLogins }()
		if err == nil {
			return nil
		}
		trouble := c.loginTrouble(err)
		if trouble.Kind == plan.CredentialsRejected || trouble.Kind == plan.ModelNotFound {
			// Juju refuses a login to a model that is gone with the same words as a wrong password.
			trouble = c.checkListed(ctx, m, trouble)
		}
		if trouble.Kind == plan.CredentialsRejected {
			c.doubt(root) // Before the next one has its turn.
		}
		return trouble
	})
	if trouble != nil {
		return nil, trouble
	}
	return c.welcome(conn, access, m)
}

// doubtPause is how long after a model's refusal another one is no reason to ask the controller anew. A model that alone refuses what
// the controller takes must not keep all others from their work.
const doubtPause = time.Minute

// doubt makes the controller be asked anew, since a model refused what it had taken on a connection.
func (c *controller) doubt(root api.Connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.doubtedAt) >= doubtPause {
		c.doubtedAt = time.Now()
		c.root.giveUp(root)
	}
}

// checkListed finds out whether a trouble with a model is that the model is gone, which only a controller that lists
// models without it can prove. If the model is there the trouble stays what it is.
func (c *controller) checkListed(ctx context.Context, m *model, trouble *plan.Trouble) *plan.Trouble {
	uuids, listTrouble := c.listModels(ctx)
	if listTrouble != nil {
		return listTrouble
	}
	if listed(uuids, plan.ModelRef{UUID: m.uuid}) != "" {
		return trouble
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(m) // Whoever asks next begins anew, so that a model which comes back is found.
	return c.modelNotFound(m.uuid)
}

// leave tells whoever took over a model that something was still changed here.
func (c *controller) leave(modelUUID string) {
	next := c.successor(c.key)
	if next == nil {
		return
	}
	next.mu.Lock()
	m := next.models[modelUUID]
	next.mu.Unlock()
	if m != nil {
		m.distrust()
	}
}

// forget closes the connection to a model. The lock is held.
func (c *controller) forget(m *model) {
	if c.models[m.uuid] == m {
		delete(c.models, m.uuid)
		m.link.close()
	}
}

// keeps tells whether a model is still of use. The connection to one that no object stands for, and that nobody has asked
// about for long, is closed.
func (c *controller) keeps(m *model) bool {
	if c.inUse(m.uuid) || time.Since(m.lastUsed()) < idleAfter {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(m)
	return false
}
