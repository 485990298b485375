// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/juju/juju/api"
	"github.com/juju/juju/api/base"
	coresecrets "github.com/juju/juju/core/secrets"
	"github.com/juju/juju/core/semversion"
	"github.com/juju/juju/rpc/params"
	"github.com/juju/names/v6"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// userSecretsVersion is the first version of the Secrets facade with user secrets, of Juju 3.3.
const userSecretsVersion = 2

// checksumsSince is the first version of Juju that lists the checksums of secrets.
func checksumsSince() semversion.Number { return semversion.Number{Major: 3, Minor: 6} }

// Juju 4 removes a secret some time after it said that it will. These are the pauses between looks whether it has.
const (
	firstRemovalLook = 50 * time.Millisecond
	lastRemovalLook  = 2 * time.Second
)

// model is one model of a controller.
type model struct {
	controller *controller
	uuid       string
	link       *link

	// writing is held by the one who changes the model, since Juju's store takes one write at a time anyway.
	writing sync.Mutex

	mu sync.Mutex
	// removing are the IDs of secrets that Juju said it will remove, and still lists.
	removing map[string]bool
}

func newModel(c *controller, uuid string) *model {
	m := &model{controller: c, uuid: uuid, removing: map[string]bool{}}
	m.link = newLink(func(ctx context.Context) (api.Connection, *plan.Trouble) {
		return c.openModel(ctx, m)
	}, func() { m.notify() })
	return m
}

// notify tells that something about secrets of the model changed, or about all of them.
func (m *model) notify(ids ...string) {
	m.controller.notify(plan.Change{Controller: m.controller.name, ModelUUID: m.uuid, IDs: ids})
}

// call makes one request to the Secrets facade. The facade is called directly, not through Juju's client for it, which
// sends one item a call, cannot clear a description, and loses the codes of errors.
func (m *model) call(ctx context.Context, method string, args, result any) *plan.Trouble {
	conn, trouble := m.link.connection(ctx)
	if trouble != nil {
		return trouble
	}
	_, facade := base.NewClientFacade(conn, "Secrets")
	version, known := conn.ServerVersion()
	if facade.BestAPIVersion() < userSecretsVersion || known && version.Compare(checksumsSince()) < 0 {
		return &plan.Trouble{Kind: plan.TooOld, Message: "the controller's Juju does not tell the checksums of user secrets, " +
			"without which every look would make a revision: upgrade it to 3.6 or later"}
	}
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := facade.FacadeCall(call, method, args, result); err != nil {
		trouble := m.link.callTrouble(ctx, conn, err)
		if trouble.Kind == plan.PermissionDenied || trouble.Kind == plan.ModelNotFound {
			// The words for a model that was removed under an open connection, too.
			return m.controller.checkListed(ctx, m, trouble)
		}
		return trouble
	}
	return nil
}

// world looks for the secrets of a query.
func (m *model) world(ctx context.Context, query plan.Query) plan.World {
	world := plan.World{Known: true, ModelUUID: m.uuid}
	if query.ID != "" {
		uri := uriOf(query.ID)
		found, trouble := m.list(ctx, params.SecretsFilter{URI: &uri})
		if trouble != nil {
			return plan.World{Trouble: trouble}
		}
		world.ByID = found
	}
	switch {
	case query.Name == "":
	case world.ByID != nil && world.ByID.Name == query.Name:
		world.ByName = world.ByID // Names are unique in a model.
	default:
		found, trouble := m.list(ctx, params.SecretsFilter{Label: &query.Name})
		if trouble != nil {
			return plan.World{Trouble: trouble}
		}
		world.ByName = found
	}
	return world
}

// list finds the one user secret that a filter names, nil if there is none.
func (m *model) list(ctx context.Context, filter params.SecretsFilter) (*plan.UserSecret, *plan.Trouble) {
	var listed params.ListSecretResults
	trouble := m.call(ctx, "ListSecrets", params.ListSecretsArgs{Filter: filter}, &listed)
	switch {
	case trouble == nil:
	case trouble.Kind == plan.SecretNotFound && filter.URI != nil:
		return nil, nil
	case trouble.Kind == plan.SecretNotFound:
		// Juju reads what it lists one by one, and one of them went meanwhile. It need not be the one that was asked for.
		return nil, &plan.Trouble{Kind: plan.Busy, Message: "the model's secrets changed while Juju listed them"}
	default:
		return nil, trouble
	}
	for _, result := range listed.Results {
		if found := m.userSecret(result); found != nil {
			return found, nil
		}
	}
	return nil, nil
}

// userSecret translates an entry of a listing. It is nil for a secret that a charm owns.
func (m *model) userSecret(listed params.ListSecretResult) *plan.UserSecret {
	owner, err := names.ParseTag(listed.OwnerTag)
	if err != nil || owner.Kind() != names.ModelTagKind {
		return nil
	}
	uri, err := coresecrets.ParseURI(listed.URI)
	if err != nil {
		return nil
	}
	secret := &plan.UserSecret{
		ID: uri.ID, Name: listed.Label, Info: listed.Description,
		Revision: listed.LatestRevision,
		RevisionGone: !slices.ContainsFunc(listed.Revisions, func(r params.SecretRevision) bool {
			return r.Revision == listed.LatestRevision
		}),
		Checksum: content.Seal(listed.LatestRevisionChecksum),
	}
	for _, access := range listed.Access {
		app, ok := strings.CutPrefix(access.TargetTag, names.ApplicationTagKind+"-")
		if ok && app != "" { // Empty: a grant that outlived its application.
			secret.Granted = append(secret.Granted, app)
		}
	}
	slices.Sort(secret.Granted)
	m.mu.Lock()
	defer m.mu.Unlock()
	secret.Removing = m.removing[uri.ID]
	return secret
}

// do carries out steps, each only if those before it succeeded.
func (m *model) do(ctx context.Context, steps []plan.Step) []plan.Outcome {
	m.writing.Lock()
	defer m.writing.Unlock()
	outcomes := notTried(len(steps))
	if ctx.Err() != nil {
		// The turn came too late: nothing was sent, and the connection is good.
		outcomes[0] = plan.Outcome{Trouble: &plan.Trouble{Kind: plan.Busy, Message: "the model was busy with other changes"}}
		return outcomes
	}
	for i, step := range steps {
		outcomes[i] = m.step(ctx, step)
		if outcomes[i].Trouble != nil {
			break
		}
	}
	return outcomes
}

func (m *model) step(ctx context.Context, step plan.Step) plan.Outcome {
	switch step := step.(type) {
	case plan.Create:
		return m.create(ctx, step)
	case plan.Update:
		return m.update(ctx, step)
	case plan.Remove:
		return m.remove(ctx, step)
	case plan.Grant:
		return m.access(ctx, "GrantSecret", step.ID, step.Applications)
	case plan.Revoke:
		return m.revoke(ctx, step)
	}
	panic("a kind of step that package plan does not have")
}

func (m *model) create(ctx context.Context, step plan.Create) plan.Outcome {
	args := params.CreateSecretArgs{Args: []params.CreateSecretArg{{UpsertSecretArg: params.UpsertSecretArg{
		Label: &step.Name, Description: &step.Info,
		Content: params.SecretContentParams{Data: step.Content.Encoded()},
	}}}}
	var results params.StringResults
	if trouble := m.call(ctx, "CreateSecrets", args, &results); trouble != nil {
		return plan.Outcome{Trouble: trouble}
	}
	if err := one(results.Results).Error; err != nil {
		return plan.Outcome{Trouble: trouble(err)}
	}
	uri, err := coresecrets.ParseURI(one(results.Results).Result)
	if err != nil {
		return plan.Outcome{Trouble: trouble(err)}
	}
	return plan.Outcome{Secret: &plan.UserSecret{
		ID: uri.ID, Name: step.Name, Info: step.Info, Revision: 1, Checksum: step.Content.Checksum(),
	}}
}

func (m *model) update(ctx context.Context, step plan.Update) plan.Outcome {
	arg := params.UpdateUserSecretArg{
		URI:             uriOf(step.ID),
		UpsertSecretArg: params.UpsertSecretArg{Label: step.Name, Description: step.Info},
	}
	if step.Content != nil {
		arg.Content.Data = step.Content.Encoded()
	}
	var results params.ErrorResults
	args := params.UpdateUserSecretArgs{Args: []params.UpdateUserSecretArg{arg}}
	if trouble := m.call(ctx, "UpdateSecrets", args, &results); trouble != nil {
		return plan.Outcome{Trouble: trouble}
	}
	if err := one(results.Results).Error; err != nil {
		return plan.Outcome{Trouble: trouble(err)}
	}
	after, trouble := m.list(ctx, params.SecretsFilter{URI: &arg.URI}) // Juju does not answer with the revision.
	if trouble == nil && after == nil {
		trouble = &plan.Trouble{Kind: plan.SecretNotFound, Message: "the secret was removed while it was updated"}
	}
	return plan.Outcome{Trouble: trouble, Secret: after}
}

func (m *model) remove(ctx context.Context, step plan.Remove) plan.Outcome {
	var results params.ErrorResults
	args := params.DeleteSecretArgs{Args: []params.DeleteSecretArg{{URI: uriOf(step.ID)}}}
	if trouble := m.call(ctx, "RemoveSecrets", args, &results); trouble != nil {
		return plan.Outcome{Trouble: trouble}
	}
	if err := one(results.Results).Error; err != nil && kindOf(err) != plan.SecretNotFound {
		return plan.Outcome{Trouble: trouble(err)}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.removing) == 0 {
		go m.awaitRemovals(context.WithoutCancel(ctx))
	}
	m.removing[step.ID] = true
	return plan.Outcome{}
}

func (m *model) revoke(ctx context.Context, step plan.Revoke) plan.Outcome {
	outcome := m.access(ctx, "RevokeSecret", step.ID, step.Applications)
	if outcome.Trouble != nil && outcome.Trouble.Kind == plan.SecretNotFound {
		return plan.Outcome{}
	}
	for app, trouble := range outcome.Applications {
		if trouble.Kind == plan.ApplicationNotFound || trouble.Kind == plan.SecretNotFound {
			delete(outcome.Applications, app) // What is gone has no grant.
		}
	}
	return outcome
}

// access grants or revokes: Juju answers for each application in the order of the request.
func (m *model) access(ctx context.Context, method, id string, apps []string) plan.Outcome {
	var results params.ErrorResults
	args := params.GrantRevokeUserSecretArg{URI: uriOf(id), Applications: apps}
	if trouble := m.call(ctx, method, args, &results); trouble != nil {
		return plan.Outcome{Trouble: trouble}
	}
	outcome := plan.Outcome{Applications: map[string]plan.Trouble{}}
	for i, result := range results.Results {
		if result.Error != nil {
			outcome.Applications[apps[i]] = grantTrouble(apps[i], result.Error)
		}
	}
	return outcome
}

// awaitRemovals looks at what Juju lists until all that it said it would remove is gone: one request a look, however many
// secrets there are. It tells of each that went.
func (m *model) awaitRemovals(ctx context.Context) {
	for pause := firstRemovalLook; ; pause = min(2*pause, lastRemovalLook) {
		var listed params.ListSecretResults
		if trouble := m.call(ctx, "ListSecrets", params.ListSecretsArgs{}, &listed); trouble == nil {
			gone, left := m.sweep(listed)
			if len(gone) > 0 {
				m.notify(gone...)
				pause = firstRemovalLook
			}
			if left == 0 {
				return
			}
		}
		select {
		case <-m.link.closing:
			return
		case <-time.After(pause):
		}
	}
}

// sweep takes what is no longer listed off the secrets that are being removed: which they were, and how many are left.
func (m *model) sweep(listed params.ListSecretResults) (gone []string, left int) {
	still := map[string]bool{}
	for _, result := range listed.Results {
		if uri, err := coresecrets.ParseURI(result.URI); err == nil {
			still[uri.ID] = true
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for id := range m.removing {
		if !still[id] {
			delete(m.removing, id)
			gone = append(gone, id)
		}
	}
	return gone, len(m.removing)
}

// uriOf is a secret's ID in the form that the facade takes.
func uriOf(id string) string { return coresecrets.SecretScheme + ":" + id }

// one is the only result of a request with one item, or an empty one should Juju have sent none.
func one[T any](results []T) T {
	var none T
	if len(results) == 0 {
		return none
	}
	return results[0]
}
