// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/juju/juju/api"
	"github.com/juju/juju/api/client/modelmanager"
	"github.com/juju/names/v6"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// controller is one Juju controller as one user.
type controller struct {
	name       string
	connection content.Connection
	notify     func(plan.Change)
	// root is logged in to the controller alone. It finds models, and proves that one is gone.
	root *link

	mu     sync.Mutex
	models map[string]*model // by UUID
	uuids  map[string]string // by qualifier/name
	closed bool
}

func newController(name string, connection content.Connection, notify func(plan.Change)) *controller {
	c := &controller{
		name: name, connection: connection, notify: notify,
		models: map[string]*model{}, uuids: map[string]string{},
	}
	c.root = newLink(func(ctx context.Context) (api.Connection, *plan.Trouble) {
		conn, err := c.open(ctx, "")
		if err != nil {
			return nil, loginTrouble(err)
		}
		return conn, nil
	}, func() { notify(plan.Change{Controller: name}) })
	return c
}

func (c *controller) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.root.close()
	for _, m := range c.models {
		m.link.close()
	}
}

// open connects and logs in, to a model or, without a UUID, to the controller alone.
func (c *controller) open(ctx context.Context, modelUUID string) (api.Connection, error) {
	info := &api.Info{
		Addrs:    c.connection.Addresses,
		CACert:   c.connection.CACertificate,
		Tag:      names.NewUserTag(c.connection.Username),
		Password: c.connection.Password.Open(),
	}
	if modelUUID != "" {
		info.ModelTag = names.NewModelTag(modelUUID)
	}
	opts := api.DialOpts{DialAddressInterval: 50 * time.Millisecond, DialTimeout: dialTimeout, Timeout: dialTimeout}
	// A server that takes the connection and says nothing can hold Juju's dialer beyond its timeout.
	type result struct {
		conn api.Connection
		err  error
	}
	opened := make(chan result, 1)
	go func() {
		conn, err := api.Open(ctx, info, opts)
		opened <- result{conn, err}
	}()
	select {
	case r := <-opened:
		return r.conn, r.err
	case <-time.After(dialTimeout):
		go func() {
			if r := <-opened; r.err == nil {
				_ = r.conn.Close()
			}
		}()
		return nil, api.ConnectionOpenTimedOut
	}
}

// health tells how the operator stands with the controller, and logs in first if nobody has.
func (c *controller) health(ctx context.Context) plan.Health {
	if !names.IsValidUser(c.connection.Username) {
		return plan.Health{Trouble: &plan.Trouble{
			Kind:    plan.CredentialsRejected,
			Message: "the username in the credentials Secret is not one that Juju allows: correct it",
		}}
	}
	conn, trouble := c.root.connection(ctx)
	if trouble != nil {
		return plan.Health{Trouble: trouble}
	}
	health := plan.Health{ControllerUUID: conn.ControllerTag().Id()}
	if version, ok := conn.ServerVersion(); ok {
		health.Version = version.String()
	}
	return health
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
	return &plan.Trouble{Kind: plan.ModelNotFound, Message: fmt.Sprintf(
		"the controller lists no model %q for user %q: correct the model, or give the user access to it",
		model, c.connection.Username)}
}

// listModels asks the controller for the models that the user may see, and remembers them: UUIDs by qualifier/name.
func (c *controller) listModels(ctx context.Context) (map[string]string, *plan.Trouble) {
	conn, trouble := c.root.connection(ctx)
	if trouble != nil {
		return nil, trouble
	}
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	models, err := modelmanager.NewClient(conn).ListModels(call, c.connection.Username)
	if err != nil {
		return nil, c.root.callTrouble(ctx, conn, err)
	}
	uuids := make(map[string]string, len(models))
	for _, m := range models {
		uuids[string(m.Qualifier)+"/"+m.Name] = m.UUID
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.uuids = uuids
	return uuids, nil
}

// openModel logs in to a model.
func (c *controller) openModel(ctx context.Context, m *model) (api.Connection, *plan.Trouble) {
	conn, err := c.open(ctx, m.uuid)
	if err == nil {
		return conn, nil
	}
	trouble := loginTrouble(err)
	if trouble.Kind == plan.CredentialsRejected || trouble.Kind == plan.ModelNotFound {
		// Juju refuses a login to a model that is gone with the same words as a wrong password.
		trouble = c.checkListed(ctx, m, trouble)
	}
	return nil, trouble
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
	if c.models[m.uuid] == m {
		delete(c.models, m.uuid) // Whoever asks next begins anew, so that a model which comes back is found.
		m.link.close()
	}
	return c.modelNotFound(m.uuid)
}
