// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/juju/juju/api"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/juju/link"
	"github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/plan"
)

// Juju lists a model only if it exists and the user has access to it. The
// answer to a login distinguishes a model that is gone, a model without access
// and a model that moved to another controller. This file asks for that answer
// once for all objects of the model.

const (
	// keepDefinite is how long an answer counts. A model that is accessible
	// again is listed, so a kept answer does not delay it.
	keepDefinite = 5 * time.Minute
	// keepOther is how long a failed login without a definite answer counts.
	keepOther = 10 * time.Second
	// keepFresh is how long an answer counts for a caller that asks for a new
	// one without a reconcile request.
	keepFresh = 5 * time.Second
	// answerTimeout is how long a caller waits for an answer.
	answerTimeout = 10 * time.Second
)

// answer is the answer to a login to a model that the controller does not list.
type answer struct {
	began time.Time
	// done is closed when there is an answer. problem is set then. It is nil if
	// the login succeeded.
	done    chan struct{}
	problem *plan.Problem
	// awaited is true when a caller stopped waiting and must be notified.
	awaited bool
}

// counts reports whether an answer is new enough, or is still to come.
func (a *answer) counts() bool {
	select {
	case <-a.done:
	default:
		return true
	}
	keep := keepOther
	if a.problem != nil && a.problem.Definite() {
		keep = keepDefinite
	}
	return time.Since(a.began) < keep
}

// beganBefore reports whether the login began before a time. A login that has
// not begun yet, because it waits for another one, begins later.
func (a *answer) beganBefore(at time.Time) bool { return !a.began.IsZero() && a.began.Before(at) }

// freshSince returns when the login of a new answer must have begun.
func freshSince(query plan.Query) time.Time {
	if !query.Requested.IsZero() {
		return query.Requested
	}
	return time.Now().Add(-keepFresh)
}

// askModel returns why the controller does not list a model, nil if a login to
// the model succeeds. Concurrent callers share a login. For a query with the
// age Fresh, the answer is a new one.
func (c *controller) askModel(ctx context.Context, uuid, name string, query plan.Query) *plan.Problem {
	fresh := query.Age == plan.Fresh
	c.mu.Lock()
	current := c.answers[uuid]
	if current == nil || !current.counts() || fresh && current.beganBefore(freshSince(query)) {
		maps.DeleteFunc(c.answers, func(_ string, old *answer) bool { return !old.counts() })
		previous := current
		current = &answer{done: make(chan struct{})}
		c.answers[uuid] = current
		go c.ask(context.WithoutCancel(ctx), uuid, name, current, previous) // Other callers wait for it, too.
	}
	c.mu.Unlock()
	select {
	case <-current.done:
		return current.problem
	case <-ctx.Done():
	case <-time.After(answerTimeout):
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-current.done: // Just now.
		return current.problem
	default:
	}
	current.awaited = true
	return &plan.Problem{
		Reason: v1alpha1.ReasonJujuUnreachable, Message: "the controller has not answered a login to the model yet",
	}
}

// ask logs in to a model once, after the previous login to it has ended, and
// sets the answer.
func (c *controller) ask(ctx context.Context, uuid, name string, current, previous *answer) {
	if previous != nil {
		<-previous.done
	}
	c.mu.Lock()
	current.began = time.Now()
	c.mu.Unlock()
	current.problem = c.tryUnlisted(ctx, uuid, name)
	c.mu.Lock()
	close(current.done)
	awaited := current.awaited
	c.mu.Unlock()
	change := plan.Change{Controller: c.Key, ModelUUID: uuid, ModelName: c.nameOf(uuid), All: true}
	if awaited {
		c.notify(change)
	}
	if problem := current.problem; problem != nil && !problem.Definite() && !c.root.Closed() {
		time.AfterFunc(keepOther, func() { c.notify(change) }) // The next look asks again.
	}
}

// tryUnlisted logs in to a model and out again.
func (c *controller) tryUnlisted(ctx context.Context, uuid, name string) *plan.Problem {
	root, release, problem := c.root.Get(ctx)
	if problem != nil {
		return problem
	}
	defer release()
	if !acquire(ctx, c.modelLogins) {
		return link.ErrReplaced
	}
	conn, problem := c.LogIn(ctx, func(ctx context.Context) (api.Connection, *plan.Problem) {
		conn, _, problem := c.Open(ctx, uuid, wire.NoPings, func(err error) *plan.Problem {
			defer func() { <-c.modelLogins }()
			if err == nil {
				return nil
			}
			return c.explained(uuid, name, root, c.ModelLoginProblem(err))
		})
		return conn, problem
	})
	if problem != nil {
		return problem
	}
	defer func() { _ = conn.Close() }()
	return c.verifyModel(conn)
}

// forgetAnswers makes the next look at each unlisted model log in again.
func (c *controller) forgetAnswers() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers = map[string]*answer{}
}

// keepAnswer sets the answer to a login to a model.
func (c *controller) keepAnswer(uuid string, problem *plan.Problem) {
	known := &answer{began: time.Now(), done: make(chan struct{}), problem: problem}
	close(known.done)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[uuid] = known
}

// aboutModel reports whether a problem of a login can be the answer of the
// model. Juju 3.6 answers a login to a model that was migrated, by a user
// without access at the time, like a wrong password.
func aboutModel(problem *plan.Problem) bool {
	return wire.NoModel(problem) || problem.Reason == v1alpha1.ReasonCredentialsRejected
}

// explained returns a problem of a login to a model with its cure. root is the
// connection to the controller, which accepted the same credentials.
func (c *controller) explained(uuid, name string, root api.Connection, problem *plan.Problem) *plan.Problem {
	switch {
	case problem.Gone:
		return goneProblem(uuid, name)
	case problem.Reason == v1alpha1.ReasonPermissionDenied:
		return wire.AccessProblem(problem, c.UserOf(root), plan.AccessWrite, name)
	case problem.Reason == v1alpha1.ReasonCredentialsRejected:
		c.recheck(root) // Before the next login.
	}
	return problem
}

// resolveUnlisted asks why the controller does not list the model that an
// object was in before. It returns the UUID of the model to use, if there is
// one: the model that has the name now, or the model itself if the reference
// has its UUID. A reference by name never leads to a model with another name.
func (c *controller) resolveUnlisted(
	ctx context.Context, ref plan.ModelRef, named, before string, query plan.Query,
) (string, *plan.Problem) {
	switch problem := c.askModel(ctx, before, ref.String(), query); {
	case problem == nil && before == ref.UUID:
		return before, nil
	case problem == nil:
		if uuid := c.listModels(ctx, time.Now()).find(ref).UUID; uuid == before { // The access was given back meanwhile.
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
	if uuid := c.listed.find(ref).UUID; uuid != "" {
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
