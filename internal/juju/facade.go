// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"maps"
	"slices"
	"time"

	coresecrets "github.com/juju/juju/core/secrets"
	"github.com/juju/juju/rpc/params"

	"github.com/juju-secrets/operator/internal/plan"
)

// itemTimeout is what a bulk call may take longer for each item: some backends take their time for each secret.
const itemTimeout = 200 * time.Millisecond

// LongestCall is how long a change can be under way: a look at a model that nobody knows any more, and a call with as many items as
// there can be.
const LongestCall = firstLook + callTimeout + maxItems*itemTimeout

// listedTimeout is what a listing may take longer for each secret, as Juju asks for its grants one by one.
const listedTimeout = 20 * time.Millisecond

// maxListedTimeout bounds that, whatever a controller lists.
const maxListedTimeout = 5 * time.Minute

// busyRetries is how often a listing is tried again at once, because secrets went while Juju listed them.
const busyRetries = 20

// list asks for all user secrets of the model, without their values, and for the IDs of those that charms own.
func (m *model) list(ctx context.Context) (listing, *plan.Trouble) {
	var found listing
	var trouble *plan.Trouble
	m.mu.Lock()
	timeout := m.listingTimeout()
	m.mu.Unlock()
	for range busyRetries {
		found = listing{}
		trouble = m.call(ctx, timeout, "ListSecrets", params.ListSecretsArgs{}, &found)
		if trouble == nil || trouble.Kind != plan.SecretNotFound {
			break
		}
		// Juju reads what it lists one by one, and one of them went meanwhile.
		trouble = &plan.Trouble{Kind: plan.Busy, Message: "the model's secrets changed while Juju listed them"}
	}
	if trouble != nil {
		return listing{}, trouble
	}
	return found, nil
}

// listingTimeout is how long a listing may take. The lock is held.
func (m *model) listingTimeout() time.Duration {
	return callTimeout + min(time.Duration(len(m.snapshot.secrets))*listedTimeout, maxListedTimeout)
}

// send carries out the present step of each job of a batch, in one call. It looks at the model first if nobody knows any
// more what is in it, for what is changed is folded into that.
func (m *model) send(ctx context.Context, v verb, batch []*job) {
	if trouble := m.current(ctx, plan.AsKnown); trouble != nil {
		answerAll(batch, plan.Outcome{Trouble: trouble})
		return
	}
	m.carryOut(ctx, v, batch)
	m.doubt(batch)
	m.tellOthers(batch)
	if m.link.closed() {
		m.controller.leave(m.uuid)
	}
}

func (m *model) carryOut(ctx context.Context, v verb, batch []*job) {
	switch v {
	case creates:
		m.create(ctx, batch)
	case updates:
		m.update(ctx, batch)
	case removes:
		m.remove(ctx, batch)
	case grants:
		step, _ := batch[0].step().(plan.Grant)
		answerAll(batch, m.grant(ctx, step))
	case revokes:
		step, _ := batch[0].step().(plan.Revoke)
		answerAll(batch, m.revoke(ctx, step))
	}
}

// doubt distrusts the snapshot if an outcome is not known, or if Juju answered what cannot be if the snapshot is right. Whose
// outcome is not known looks again as soon as there is a listing; for the others their reason says when.
func (m *model) doubt(batch []*job) {
	doubts := false
	for _, j := range batch {
		outcome := j.outcomes[j.next]
		doubts = doubts || doubtful(outcome)
		if outcome.Trouble != nil && outcome.Trouble.Kind == plan.Unreachable {
			m.mu.Lock()
			m.listings.doubted = append(m.listings.doubted, changedBy(j)...)
			m.mu.Unlock()
		}
	}
	if doubts {
		m.distrust()
	}
}

// changedBy is the ID of the secret that the present step of a job changes, none for one that is yet to be made.
func changedBy(j *job) []string {
	switch step := j.step().(type) {
	case plan.Update:
		return []string{updated(j, step)}
	case plan.Remove:
		return []string{step.ID}
	case plan.Grant:
		return []string{step.ID}
	case plan.Revoke:
		return []string{step.ID}
	}
	return nil
}

// updated is the ID of the secret that an update, which is the present step of a job, is about.
func updated(j *job, step plan.Update) string {
	if step.ID == "" {
		return j.outcomes[j.next-1].Secret.ID // Of the Create before it.
	}
	return step.ID
}

func doubtful(outcome plan.Outcome) bool {
	troubles := slices.Collect(maps.Values(outcome.Applications))
	if outcome.Trouble != nil {
		troubles = append(troubles, *outcome.Trouble)
	}
	return slices.ContainsFunc(troubles, func(trouble plan.Trouble) bool {
		switch trouble.Kind {
		case plan.Unreachable, plan.Busy, plan.Failed, plan.NameTaken, plan.SecretNotFound:
			return true
		case plan.NotConnected, plan.CredentialsRejected, plan.CertificateMismatch, plan.AnotherController, plan.PermissionDenied,
			plan.ModelNotFound, plan.TooOld, plan.ApplicationNotFound, plan.Refused:
		}
		return false
	})
}

// tellOthers wakes the other objects of secrets that were changed here. Nobody sees that by comparing listings.
func (m *model) tellOthers(batch []*job) {
	var ids []string
	for _, j := range batch {
		if j.outcomes[j.next].Trouble != nil {
			continue
		}
		switch step := j.step().(type) {
		case plan.Update:
			ids = append(ids, updated(j, step))
		case plan.Remove:
			ids = append(ids, step.ID)
		case plan.Revoke:
			ids = append(ids, step.ID)
		}
	}
	if len(ids) > 0 {
		m.notify(plan.Change{IDs: ids, Ours: true})
	}
}

// answerAll gives every job of a batch the same outcome.
func answerAll(batch []*job, outcome plan.Outcome) {
	for _, j := range batch {
		j.outcomes[j.next] = outcome
	}
}

func (m *model) create(ctx context.Context, batch []*job) {
	var args params.CreateSecretArgs
	for _, j := range batch {
		step, _ := j.step().(plan.Create)
		args.Args = append(args.Args, params.CreateSecretArg{UpsertSecretArg: params.UpsertSecretArg{
			Label: &step.Name, Description: &step.Info,
			Content: params.SecretContentParams{Data: step.Content.Encoded()},
		}})
	}
	var results params.StringResults
	if trouble := m.change(ctx, "CreateSecrets", len(batch), args, &results); trouble != nil {
		answerAll(batch, plan.Outcome{Trouble: trouble})
		return
	}
	for i, j := range batch {
		step, _ := j.step().(plan.Create)
		result := item(results.Results, i, params.StringResult{Error: unanswered()})
		j.outcomes[j.next] = m.created(step, result)
	}
}

func (m *model) created(step plan.Create, result params.StringResult) plan.Outcome {
	if result.Error != nil {
		return plan.Outcome{Trouble: trouble(result.Error)}
	}
	uri, err := coresecrets.ParseURI(result.Result)
	if err != nil {
		return plan.Outcome{Trouble: trouble(err)}
	}
	secret := plan.UserSecret{
		ID: uri.ID, Name: step.Name, Info: step.Info, Revision: 1,
		Checksum: step.Content.Checksum(), Unsummed: m.unsummed.Load(),
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.snapshot.fold(secret)
	return plan.Outcome{Secret: &secret}
}

func (m *model) update(ctx context.Context, batch []*job) {
	var args params.UpdateUserSecretArgs
	var before []plan.UserSecret
	var sent []*job
	for _, j := range batch {
		step, _ := j.step().(plan.Update)
		step.ID = updated(j, step)
		m.mu.Lock()
		known := m.snapshot.get(step.ID)
		m.mu.Unlock()
		if known == nil {
			j.outcomes[j.next] = plan.Outcome{Trouble: &plan.Trouble{Kind: plan.SecretNotFound, Message: "the secret was removed"}}
			continue
		}
		arg := params.UpdateUserSecretArg{
			URI:             uriOf(step.ID),
			UpsertSecretArg: params.UpsertSecretArg{Label: step.Name, Description: step.Info},
			AutoPrune:       step.AutoPrune,
		}
		if step.Content != nil {
			arg.Content.Data = step.Content.Encoded()
		}
		args.Args, before, sent = append(args.Args, arg), append(before, *known), append(sent, j)
	}
	if len(sent) == 0 {
		return
	}
	var results params.ErrorResults
	if trouble := m.change(ctx, "UpdateSecrets", len(sent), args, &results); trouble != nil {
		answerAll(sent, plan.Outcome{Trouble: trouble})
		return
	}
	for i, j := range sent {
		step, _ := j.step().(plan.Update)
		result := item(results.Results, i, params.ErrorResult{Error: unanswered()})
		j.outcomes[j.next] = m.updated(before[i], step, result)
	}
}

// updated is the outcome of an update of a secret that was so before. Juju does not answer with the revision: content
// that differs, and no other is sent, makes the next one.
func (m *model) updated(secret plan.UserSecret, step plan.Update, result params.ErrorResult) plan.Outcome {
	if result.Error != nil {
		return plan.Outcome{Trouble: trouble(result.Error)}
	}
	if step.Name != nil {
		secret.Name = *step.Name
	}
	if step.Info != nil {
		secret.Info = *step.Info
	}
	if step.Content != nil {
		if m.unsummed.Load() || !secret.Holds(*step.Content) {
			secret.Revision++
		}
		secret.RevisionGone = false
		secret.Checksum, secret.Unsummed = step.Content.Checksum(), m.unsummed.Load()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.snapshot.fold(secret)
	return plan.Outcome{Secret: &secret}
}

func (m *model) remove(ctx context.Context, batch []*job) {
	var args params.DeleteSecretArgs
	for _, j := range batch {
		step, _ := j.step().(plan.Remove)
		args.Args = append(args.Args, params.DeleteSecretArg{URI: uriOf(step.ID)})
	}
	var results params.ErrorResults
	if trouble := m.change(ctx, "RemoveSecrets", len(batch), args, &results); trouble != nil {
		answerAll(batch, plan.Outcome{Trouble: trouble})
		return
	}
	for i, j := range batch {
		step, _ := j.step().(plan.Remove)
		err := item(results.Results, i, params.ErrorResult{Error: unanswered()}).Error
		if err != nil && kindOf(err) != plan.SecretNotFound {
			j.outcomes[j.next] = plan.Outcome{Trouble: trouble(err)}
			continue
		}
		j.outcomes[j.next] = plan.Outcome{}
		m.mu.Lock()
		m.snapshot.foldRemoval(step.ID, time.Now())
		m.listings.pause = 0
		m.mu.Unlock()
	}
	m.wake() // To look soon whether they are gone.
}

func (m *model) grant(ctx context.Context, step plan.Grant) plan.Outcome {
	outcome := m.access(ctx, "GrantSecret", step.ID, step.Applications)
	if outcome.Trouble == nil {
		m.noteApplications(step.Applications, outcome.Applications)
	}
	return outcome
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
	if trouble := m.call(ctx, callTimeout, method, args, &results); trouble != nil {
		return plan.Outcome{Trouble: trouble}
	}
	outcome := plan.Outcome{Applications: map[string]plan.Trouble{}}
	var done []string
	for i, app := range apps {
		if err := item(results.Results, i, params.ErrorResult{Error: unanswered()}).Error; err != nil {
			outcome.Applications[app] = grantTrouble(app, err)
		} else {
			done = append(done, app)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.snapshot.foldGrants(id, done, method == "GrantSecret")
	return outcome
}

// uriOf is a secret's ID in the form that the facade takes.
func uriOf(id string) string { return coresecrets.SecretScheme + ":" + id }

// item is one of the results, or another value should Juju have sent too few.
func item[T any](results []T, i int, missing T) T {
	if i < len(results) {
		return results[i]
	}
	return missing
}

func unanswered() *params.Error {
	return &params.Error{Message: "nothing for this item", Code: params.CodeTryAgain}
}
