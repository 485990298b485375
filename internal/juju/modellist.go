// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	jujubase "github.com/juju/juju/api/base"
	"github.com/juju/juju/api/client/modelmanager"
	"github.com/juju/juju/rpc/params"
	"github.com/juju/names/v6"

	"github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/plan"
)

// firstListRetry is the pause after a list of the models that failed. It
// doubles up to the drift interval.
const firstListRetry = 5 * time.Second

// The pause between lists for changed objects is at least shortestListPause, and
// at least listShare times the duration of a list.
const (
	shortestListPause = 250 * time.Millisecond
	listShare         = 20
)

// modelList is the last list of the models that the user may see. All objects
// of the controller share it.
type modelList struct {
	// uuids holds the UUIDs of the last list that succeeded, by qualifier/name.
	// names is the reverse. Both are nil before the first list.
	uuids, names map[string]string
	// began is when the last request began, zero if none is to be relied on.
	// took is how long it took.
	began time.Time
	took  time.Duration
	// problem is why the last request failed. The next one follows after pause.
	problem *plan.Problem
	pause   time.Duration
}

// find returns the model of a reference. It is zero if it is not listed.
func (l modelList) find(ref plan.ModelRef) plan.ListedModel {
	name, uuid := ref.Name, ref.UUID
	if name != "" {
		uuid = l.uuids[name]
	} else {
		name = l.names[uuid]
	}
	if name == "" || uuid == "" {
		return plan.ListedModel{}
	}
	return plan.ListedModel{Name: name, UUID: uuid}
}

// answer returns what the list says about a reference.
func (l modelList) answer(ref plan.ModelRef) plan.ListedModel {
	answer := l.find(ref)
	answer.Known = true
	return answer
}

// maxAge returns how old the list may be for an answer of an age. After a
// failure it is not requested again during the pause.
func (l modelList) maxAge(age plan.Age, interval time.Duration) time.Duration {
	switch {
	case age == plan.Fresh:
		return 0
	case l.problem != nil:
		return l.pause
	}
	return interval
}

// next returns the list after a request.
func (l modelList) next(
	began time.Time, took time.Duration, uuids map[string]string, problem *plan.Problem, interval time.Duration,
) modelList {
	next := modelList{uuids: l.uuids, names: l.names, began: began, took: took, problem: problem}
	if problem != nil {
		next.pause = min(max(2*l.pause, firstListRetry), max(interval, firstListRetry))
		return next
	}
	next.uuids, next.names = uuids, make(map[string]string, len(uuids))
	for name, uuid := range uuids {
		next.names[uuid] = name
	}
	return next
}

// appeared returns the names and the UUIDs of the models that an earlier list
// does not have.
func (l modelList) appeared(earlier modelList) []string {
	var found []string
	for name, uuid := range l.uuids {
		if earlier.uuids != nil && earlier.uuids[name] != uuid {
			found = append(found, name, uuid)
		}
	}
	return found
}

// lastList returns the last list of the models.
func (c *controller) lastList() modelList {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.listed
}

// lists reports whether a model is listed.
func (l modelList) lists(uuid string) bool { return l.names[uuid] != "" }

// resolve returns the UUID of a model that the user has access to. A model that
// was listed once is not looked up again until a login to a model fails. A
// model that is not listed is looked up once per interval, for all objects
// that wait for it. The query has the UUID of the model that the object was in
// before.
func (c *controller) resolve(ctx context.Context, ref plan.ModelRef, query plan.Query) (string, *plan.Problem) {
	c.mu.Lock()
	uuid := c.usable(ref)
	c.mu.Unlock()
	if uuid == "" {
		found := c.lookUp(ctx, ref, query)
		if found.Problem != nil {
			return "", found.Problem
		}
		uuid = found.UUID
	}
	listed, before := c.lastList(), cmp.Or(ref.UUID, query.ModelUUID)
	switch {
	case uuid != "" && (before == "" || before == uuid || listed.lists(before)):
		return uuid, nil
	case before == "" || listed.lists(before):
		return "", c.notListed(ref)
	}
	return c.resolveUnlisted(ctx, ref, uuid, before, query)
}

// identify returns what the controller's list of models says about a
// reference. For an answer AsKnown, it makes no request once there is a list.
// The requests that it makes do not depend on whether the model exists.
func (c *controller) identify(ctx context.Context, ref plan.ModelRef, query plan.Query) plan.ListedModel {
	if last := c.lastList(); query.Age == plan.AsKnown && last.uuids != nil {
		found := last.answer(ref)
		if found.UUID == "" {
			c.await(ref)
		}
		return found
	}
	if problem := c.unavailable(ctx); problem != nil {
		return plan.ListedModel{Problem: problem}
	}
	return c.lookUp(ctx, ref, query)
}

// lookUp returns what a list that a query accepts says about a reference. For an
// object that was just changed, the list begins after the call, because the user
// may have created the model just before the object. Such lists have pauses
// between them, so that many new objects share a few.
func (c *controller) lookUp(ctx context.Context, ref plan.ModelRef, query plan.Query) plan.ListedModel {
	called := time.Now()
	c.mu.Lock()
	last, oldest := c.listed, called.Add(-c.listed.maxAge(query.Age, c.interval))
	c.mu.Unlock()
	if query.Age == plan.Fresh && !query.Requested.IsZero() {
		oldest = query.Requested
	}
	if query.Age == plan.Recent && last.problem == nil {
		oldest = called
		select {
		case <-time.After(time.Until(last.began.Add(max(shortestListPause, listShare*last.took)))):
		case <-ctx.Done():
			return last.answer(ref)
		}
	}
	listed := c.listModels(ctx, oldest)
	if listed.problem != nil {
		return plan.ListedModel{Problem: listed.problem}
	}
	found := listed.answer(ref)
	if found.UUID == "" {
		c.await(ref)
	}
	return found
}

// listModels returns the models that the user may see, by a request that began
// after a time. Callers that wait share a request.
func (c *controller) listModels(ctx context.Context, oldest time.Time) modelList {
	if last := c.lastList(); last.began.After(oldest) {
		return last
	}
	c.listing.Lock()
	defer c.listing.Unlock()
	if last := c.lastList(); last.began.After(oldest) {
		return last
	}
	began := time.Now()
	uuids, problem := c.requestModels(context.WithoutCancel(ctx)) // Other callers wait for it, too.
	c.mu.Lock()
	earlier := c.listed
	c.listed = earlier.next(began, time.Since(began), uuids, problem, c.interval)
	listed := c.listed
	if problem == nil {
		for uuid, name := range listed.names {
			c.names[uuid] = name
			delete(c.answers, uuid)
		}
		maps.DeleteFunc(c.awaited, func(ref plan.ModelRef, _ struct{}) bool { return listed.find(ref).UUID != "" })
	}
	c.planList()
	c.mu.Unlock()
	switch appeared := listed.appeared(earlier); {
	case problem != nil:
	case earlier.problem != nil: // Objects may have got this problem.
		c.notify(plan.Change{Controller: c.Key})
	case len(appeared) > 0:
		c.notify(plan.Change{Controller: c.Key, Listed: appeared})
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

// mayWrite asks for the access of the user to a model, and reports whether it
// allows changes. It is also true if that is not known: a user who is not among
// the users of the model can have access in another way, for example as a
// superuser.
func (c *controller) mayWrite(ctx context.Context, modelUUID string) bool {
	conn, release, problem := c.root.Get(ctx)
	if problem != nil {
		return true
	}
	defer release()
	// Juju's client panics if the server sends neither a result nor an error.
	var answer struct {
		Results []struct {
			Result struct {
				Users []params.ModelUserInfo `json:"users"`
			} `json:"result"`
		} `json:"results"`
	}
	model := params.Entities{Entities: []params.Entity{{Tag: names.NewModelTag(modelUUID).String()}}}
	_, caller := jujubase.NewClientFacade(conn, "ModelManager")
	err := c.Ask(ctx, wire.CallTimeout, wire.Request{Method: "ModelManager.ModelInfo"}, func(ctx context.Context) error {
		return caller.FacadeCall(ctx, "ModelInfo", model, &answer)
	})
	if err != nil {
		return true
	}
	for _, result := range answer.Results {
		for _, user := range result.Result.Users {
			if user.UserName == conn.AuthTag().Id() && user.Access == plan.AccessRead {
				return false
			}
		}
	}
	return true
}

// await makes the models listed again after the interval, for a model that is
// not listed.
func (c *controller) await(ref plan.ModelRef) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, awaited := c.awaited[ref]; awaited {
		return
	}
	c.awaited[ref] = struct{}{}
	c.planList()
}

// nextList returns when to list the models without a caller. The lock is held.
func (c *controller) nextList() (at time.Time, wanted bool) {
	switch l := c.listed; {
	case c.closed:
		return time.Time{}, false
	case l.problem != nil:
		return l.began.Add(l.pause), true
	default:
		return l.began.Add(c.interval), len(c.awaited) > 0
	}
}

// planList sets the timer for the next list. The lock is held.
func (c *controller) planList() {
	if c.listTimer != nil {
		c.listTimer.Stop()
	}
	if at, wanted := c.nextList(); wanted {
		c.listTimer = time.AfterFunc(time.Until(at), c.listAgain)
	}
}

// listAgain lists the models when the timer ends, if that is still needed.
func (c *controller) listAgain() {
	c.mu.Lock()
	last := c.listed
	at, wanted := c.nextList()
	early := wanted && time.Now().Before(at) // Another caller has listed the models.
	if early {
		c.planList()
	}
	c.mu.Unlock()
	if wanted && !early && (last.problem != nil || c.anyAwaited()) {
		c.listModels(context.Background(), last.began) //nolint:forbidigo // A timer is given no context.
	}
}

// anyAwaited reports whether an object still waits for a model that is not
// listed. It removes the models that no object waits for.
func (c *controller) anyAwaited() bool {
	c.mu.Lock()
	refs := slices.Collect(maps.Keys(c.awaited))
	c.mu.Unlock()
	for _, ref := range refs {
		if c.isAwaited(ref) {
			return true
		}
		c.mu.Lock()
		delete(c.awaited, ref)
		c.mu.Unlock()
	}
	return false
}

// distrustList makes the next caller that misses a model list the models
// again: the connection was lost, and models may have been created meanwhile.
func (c *controller) distrustList() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listed.began, c.listed.problem, c.listed.pause = time.Time{}, nil, 0
	c.planList()
}
