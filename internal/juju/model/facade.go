// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"context"
	"maps"
	"slices"
	"time"

	coresecrets "github.com/juju/juju/core/secrets"
	"github.com/juju/juju/rpc/params"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/juju/snapshot"
	"github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/plan"
)

// itemTimeout is added to the timeout of a bulk call for each item. Some
// backends are slow.
const itemTimeout = 200 * time.Millisecond

// LongestCall is the longest time that a change can take: the first listing of
// a model, and a call with maxItems.
const LongestCall = firstListingTimeout + wire.CallTimeout + maxItems*itemTimeout

// listedTimeout is added to the timeout of a listing for each secret, because
// Juju reads the grants one by one.
const listedTimeout = 20 * time.Millisecond

// maxListedTimeout bounds the sum of listedTimeout, because a controller can
// list any number of secrets.
const maxListedTimeout = 5 * time.Minute

// busyRetries is how often to repeat a listing immediately if secrets were
// removed while Juju listed them.
const busyRetries = 20

// list returns all user secrets of the model, without their values, and the IDs
// of the secrets that charms own.
func (m *Model) list(ctx context.Context) (snapshot.Listing, *plan.Problem) {
	var found snapshot.Listing
	var problem *plan.Problem
	m.mu.Lock()
	timeout := m.listingTimeout()
	m.mu.Unlock()
	for range busyRetries {
		found = snapshot.Listing{}
		problem = m.call(ctx, timeout, "ListSecrets", params.ListSecretsArgs{}, &found)
		if problem == nil || problem.Reason != v1alpha1.ReasonSecretNotFound {
			break
		}
		// Juju reads the secrets one by one, and a secret was removed
		// meanwhile.
		problem = &plan.Problem{
			Reason: v1alpha1.ReasonModelUnavailable, Message: "the model's secrets changed while Juju listed them",
		}
	}
	if problem != nil {
		return snapshot.Listing{}, problem
	}
	return found, nil
}

// listingTimeout returns the timeout of a listing. The lock is held.
func (m *Model) listingTimeout() time.Duration {
	return wire.CallTimeout + min(time.Duration(m.snapshot.Size())*listedTimeout, maxListedTimeout)
}

// refusalCounts is how long the answer counts that the user has no write
// access. Many objects retry their steps at about the same time.
const refusalCounts = time.Second

// carryOut makes one call with the next step of each job of a batch. It lists
// the model first if the snapshot is invalid, because the changes are folded
// into the snapshot.
func (m *Model) carryOut(ctx context.Context, v verb, batch []*job) {
	problem := m.current(ctx, plan.Query{})
	if problem == nil {
		problem = m.stillRefused(ctx)
	}
	if problem != nil {
		answerAll(batch, plan.Outcome{Problem: problem})
		return
	}
	m.sendCall(ctx, v, batch)
	m.doubt(batch)
	m.reportOwnChanges(batch)
	if m.link.Closed() {
		m.Host.NoteLateWrite(m.UUID)
	}
}

// stillRefused returns the refusal of the last change if the user still has no
// write access. It asks for the access instead of repeating the change.
func (m *Model) stillRefused(ctx context.Context) *plan.Problem {
	m.mu.Lock()
	refusal, asked := m.refusal, m.refusedAt
	m.mu.Unlock()
	if refusal == nil || time.Since(asked) < refusalCounts {
		return refusal
	}
	began := time.Now()
	if m.MayWrite(ctx) {
		refusal = nil
	}
	m.setRefusal(refusal, began)
	return refusal
}

// setRefusal sets the refusal of the last change, nil if it was not refused.
func (m *Model) setRefusal(refusal *plan.Problem, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refusal, m.refusedAt = refusal, at
}

// sendCall makes one call with a batch of a verb, and sets the outcomes.
func (m *Model) sendCall(ctx context.Context, v verb, batch []*job) {
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
	case sets:
		m.setOptions(ctx, batch)
	case resets:
		m.resetOptions(ctx, batch)
	}
}

// doubt invalidates the snapshot if an outcome is unknown, or if Juju's answer
// contradicts the snapshot. Objects with an unknown outcome are notified after
// the next listing. Other objects are requeued according to their reason.
func (m *Model) doubt(batch []*job) {
	doubts := false
	for _, j := range batch {
		outcome := j.outcomes[j.next]
		unreachable := outcome.Problem != nil && outcome.Problem.Reason == v1alpha1.ReasonJujuUnreachable
		if v := verbOf(j.step()); v == sets || v == resets {
			m.doubtOptions(j) // The secrets are the same.
			doubts = doubts || unreachable
		} else {
			doubts = doubts || doubtful(outcome)
		}
		if unreachable {
			m.mu.Lock()
			m.listings.doubtedIDs = append(m.listings.doubtedIDs, changedBy(j)...)
			m.mu.Unlock()
		}
	}
	if doubts {
		m.Invalidate()
	}
}

// changedBy returns the ID of the secret of the next step of a job, none for a
// Create.
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
	case plan.SetOptions:
		return []string{step.ID}
	case plan.ResetOptions:
		return []string{step.ID}
	}
	return nil
}

// updated returns the ID of the secret of an Update, which is the next step of
// a job.
func updated(j *job, step plan.Update) string {
	if step.ID == "" {
		return j.outcomes[j.next-1].Secret.ID // The Create before it returned the ID.
	}
	return step.ID
}

// doubtful reports whether an outcome is unknown or contradicts the snapshot.
func doubtful(outcome plan.Outcome) bool {
	problems := slices.Collect(maps.Values(outcome.Applications))
	if outcome.Problem != nil {
		problems = append(problems, *outcome.Problem)
	}
	return slices.ContainsFunc(problems, func(problem plan.Problem) bool {
		return !problem.Definite() ||
			problem.Reason == v1alpha1.ReasonNameTaken || problem.Reason == v1alpha1.ReasonSecretNotFound
	})
}

// reportOwnChanges notifies other objects of secrets that the batch changed.
// The next listing does not report these changes.
func (m *Model) reportOwnChanges(batch []*job) {
	var change plan.Change // All steps of a batch have one verb.
	for _, j := range batch {
		if j.outcomes[j.next].Problem != nil {
			continue
		}
		switch step := j.step().(type) {
		case plan.Update:
			change.Own, change.IDs = plan.OwnUpdate, append(change.IDs, updated(j, step))
			change.Renamed = change.Renamed || step.Name != nil
		case plan.Remove:
			change.Own, change.IDs = plan.OwnRemoval, append(change.IDs, step.ID)
		case plan.Revoke: // A batch has only one.
			change.Own, change.IDs, change.Applications = plan.OwnRevoke, []string{step.ID}, step.Applications
		}
	}
	if len(change.IDs) > 0 {
		m.notify(change)
	}
}

// answerAll sets the same outcome for every job of a batch.
func answerAll(batch []*job, outcome plan.Outcome) {
	for _, j := range batch {
		j.outcomes[j.next] = outcome
	}
}

// create makes one call that creates secrets.
func (m *Model) create(ctx context.Context, batch []*job) {
	var args params.CreateSecretArgs
	for _, j := range batch {
		step, _ := j.step().(plan.Create)
		args.Args = append(args.Args, params.CreateSecretArg{UpsertSecretArg: params.UpsertSecretArg{
			Label: &step.Name, Description: &step.Info,
			Content: params.SecretContentParams{Data: step.Content.Encoded()},
		}})
	}
	var results params.StringResults
	if problem := m.change(ctx, "CreateSecrets", len(batch), args, &results); problem != nil {
		answerAll(batch, plan.Outcome{Problem: problem})
		return
	}
	for i, j := range batch {
		step, _ := j.step().(plan.Create)
		result := item(results.Results, i, params.StringResult{Error: unanswered()})
		j.outcomes[j.next] = m.created(step, result)
	}
}

// created returns the outcome of a Create, and adds the secret to the snapshot.
func (m *Model) created(step plan.Create, result params.StringResult) plan.Outcome {
	if result.Error != nil {
		return plan.Outcome{Problem: wire.ProblemOf(result.Error)}
	}
	uri, err := coresecrets.ParseURI(result.Result)
	if err != nil {
		return plan.Outcome{Problem: wire.ProblemOf(err)}
	}
	secret := plan.UserSecret{
		ID: uri.ID, Name: step.Name, Info: step.Info, Revision: 1, Revisions: 1,
		Checksum: step.Content.Checksum(), Unsummed: m.unsummed.Load(),
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.snapshot.Fold(secret)
	m.listings.watch.add(plan.Query{ID: secret.ID}, time.Now())
	return plan.Outcome{Secret: &secret}
}

// update makes one call that updates secrets.
func (m *Model) update(ctx context.Context, batch []*job) {
	var args params.UpdateUserSecretArgs
	var before []plan.UserSecret
	var sent []*job
	for _, j := range batch {
		step, _ := j.step().(plan.Update)
		step.ID = updated(j, step)
		m.mu.Lock()
		known := m.snapshot.Get(step.ID)
		m.mu.Unlock()
		if known == nil {
			j.outcomes[j.next] = plan.Outcome{Problem: &plan.Problem{
				Reason: v1alpha1.ReasonSecretNotFound, Message: "the secret was removed",
			}}
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
	if problem := m.change(ctx, "UpdateSecrets", len(sent), args, &results); problem != nil {
		answerAll(sent, plan.Outcome{Problem: problem})
		return
	}
	for i, j := range sent {
		step, _ := j.step().(plan.Update)
		result := item(results.Results, i, params.ErrorResult{Error: unanswered()})
		j.outcomes[j.next] = m.updated(before[i], step, result)
	}
}

// updated returns the outcome of an Update, and updates the snapshot. Juju does
// not return the revision. Content is sent only if it differs, and then creates
// the next revision.
func (m *Model) updated(secret plan.UserSecret, step plan.Update, result params.ErrorResult) plan.Outcome {
	if result.Error != nil {
		return plan.Outcome{Problem: wire.ProblemOf(result.Error)}
	}
	if step.Name != nil {
		secret.Name = *step.Name
	}
	if step.Info != nil {
		secret.Info = *step.Info
	}
	if step.Content != nil {
		if m.unsummed.Load() || secret.RevisionGone || !step.Content.Matches(secret.Checksum) {
			secret.Revision++
			secret.Revisions++ // Auto-prune may remove others later.
		}
		secret.RevisionGone = false
		secret.Checksum, secret.Unsummed = step.Content.Checksum(), m.unsummed.Load()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.snapshot.Fold(secret)
	return plan.Outcome{Secret: &secret}
}

// remove makes one call that removes secrets.
func (m *Model) remove(ctx context.Context, batch []*job) {
	var args params.DeleteSecretArgs
	for _, j := range batch {
		step, _ := j.step().(plan.Remove)
		args.Args = append(args.Args, params.DeleteSecretArg{URI: uriOf(step.ID)})
	}
	var results params.ErrorResults
	if problem := m.change(ctx, "RemoveSecrets", len(batch), args, &results); problem != nil {
		answerAll(batch, plan.Outcome{Problem: problem})
		return
	}
	for i, j := range batch {
		step, _ := j.step().(plan.Remove)
		err := item(results.Results, i, params.ErrorResult{Error: unanswered()}).Error
		if err != nil && wire.ReasonFor(err) != v1alpha1.ReasonSecretNotFound {
			j.outcomes[j.next] = plan.Outcome{Problem: wire.ProblemOf(err)}
			continue
		}
		j.outcomes[j.next] = plan.Outcome{}
		m.mu.Lock()
		m.snapshot.FoldRemoval(step.ID, time.Now())
		m.listings.pause = 0
		m.mu.Unlock()
	}
	m.wake() // The next listing must show soon whether they are gone.
}

// grant grants a secret to applications.
func (m *Model) grant(ctx context.Context, step plan.Grant) plan.Outcome {
	outcome := m.access(ctx, "GrantSecret", step.ID, step.Applications)
	if outcome.Problem == nil {
		m.noteApplications(step.Applications, outcome.Applications)
	}
	return outcome
}

// revoke revokes a secret from applications.
func (m *Model) revoke(ctx context.Context, step plan.Revoke) plan.Outcome {
	outcome := m.access(ctx, "RevokeSecret", step.ID, step.Applications)
	if outcome.Problem != nil && outcome.Problem.Reason == v1alpha1.ReasonSecretNotFound {
		return plan.Outcome{}
	}
	for app, problem := range outcome.Applications {
		if problem.Reason == v1alpha1.ReasonApplicationNotFound || problem.Reason == v1alpha1.ReasonSecretNotFound {
			delete(outcome.Applications, app) // Without the application or the secret there is no grant.
		}
	}
	return outcome
}

// access grants or revokes a secret. Juju returns the results in the order of
// the applications.
func (m *Model) access(ctx context.Context, method, id string, apps []string) plan.Outcome {
	var results params.ErrorResults
	args := params.GrantRevokeUserSecretArg{URI: uriOf(id), Applications: apps}
	if problem := m.call(ctx, wire.CallTimeout, method, args, &results); problem != nil {
		return plan.Outcome{Problem: problem}
	}
	outcome := plan.Outcome{Applications: map[string]plan.Problem{}}
	var done []string
	for i, app := range apps {
		if err := item(results.Results, i, params.ErrorResult{Error: unanswered()}).Error; err != nil {
			outcome.Applications[app] = wire.GrantProblem(app, err)
		} else {
			done = append(done, app)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.snapshot.FoldGrants(id, done, method == "GrantSecret")
	return outcome
}

// uriOf returns the URI of a secret for the facade.
func uriOf(id string) string { return coresecrets.SecretScheme + ":" + id }

// item returns a result, or a default if Juju returned too few results.
func item[T any](results []T, i int, missing T) T {
	if i < len(results) {
		return results[i]
	}
	return missing
}

// unanswered returns the error of an item without a result.
func unanswered() *params.Error {
	return &params.Error{Message: "no result for this item", Code: params.CodeTryAgain}
}
