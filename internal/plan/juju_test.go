// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"slices"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// juju is a model that carries out steps as a model of Juju 4 does.
type juju struct {
	secrets map[string]*plan.UserSecret
	apps    []string
	made    int
	// pruned are the secrets with autoPrune. Juju does not report it.
	pruned map[string]bool
	// unsummed is true when it lists no checksums and compares none, as before
	// 3.6.
	unsummed bool
}

// view answers a query with copies, so that a plan cannot change the secrets.
func (j *juju) view(query plan.Query) plan.ModelView {
	view := plan.ModelView{Known: true, ModelUUID: modelUUID}
	if found := j.secrets[query.ID]; found != nil {
		view.ByID = j.list(found)
	}
	if found := j.named(query.Name); found != nil {
		view.ByName = j.list(found)
		if found.ID == query.ID {
			view.ByName = view.ByID
		}
	}
	return view
}

func (j *juju) list(secret *plan.UserSecret) *plan.UserSecret {
	listed := *secret
	listed.Granted = slices.Clone(secret.Granted)
	if j.unsummed {
		unsummed(&listed)
	}
	return &listed
}

func (j *juju) named(name string) *plan.UserSecret {
	for _, secret := range j.secrets {
		if name != "" && secret.Name == name {
			return secret
		}
	}
	return nil
}

// add adds a secret, unless its name is in use. A name is in use until its
// secret is completely removed.
func (j *juju) add(secret *plan.UserSecret) bool {
	if j.named(secret.Name) != nil {
		return false
	}
	j.secrets[secret.ID] = secret
	return true
}

// sweep completes the removals that Juju accepted.
func (j *juju) sweep() {
	for id, secret := range j.secrets {
		if secret.Removing {
			delete(j.secrets, id)
		}
	}
}

// do carries out steps, each only if the steps before it succeeded.
func (j *juju) do(steps []plan.Step) []plan.Outcome {
	outcomes := make([]plan.Outcome, 0, len(steps))
	for _, step := range steps {
		if n := len(outcomes); n > 0 && (outcomes[n-1].Problem != nil || outcomes[n-1].NotTried) {
			outcomes = append(outcomes, notTried)
			continue
		}
		if update, ok := step.(plan.Update); ok && update.ID == "" {
			update.ID = outcomes[len(outcomes)-1].Secret.ID
			step = update
		}
		outcomes = append(outcomes, j.step(step))
	}
	return outcomes
}

func (j *juju) step(step plan.Step) plan.Outcome {
	switch step := step.(type) {
	case plan.Create:
		j.made++
		secret := &plan.UserSecret{
			ID: fmt.Sprintf("made%016d", j.made), Name: step.Name, Info: step.Info, Revision: 1,
			Checksum: step.Content.Checksum(),
		}
		if !j.add(secret) {
			return failed(v1alpha1.ReasonNameTaken)
		}
		return plan.Outcome{Secret: j.list(secret)}
	case plan.Update:
		return j.update(step)
	case plan.Remove:
		if secret := j.secrets[step.ID]; secret != nil {
			secret.Removing = true
		}
		return succeeded
	case plan.Grant:
		return j.grant(step)
	case plan.Revoke:
		if secret := j.secrets[step.ID]; secret != nil {
			secret.Granted = slices.DeleteFunc(secret.Granted, func(app string) bool {
				return slices.Contains(step.Applications, app)
			})
		}
		return succeeded
	}
	panic("unknown step")
}

func (j *juju) update(step plan.Update) plan.Outcome {
	secret := j.secrets[step.ID]
	if secret == nil {
		return failed(v1alpha1.ReasonSecretNotFound)
	}
	if step.Name != nil {
		if other := j.named(*step.Name); other != nil && other != secret {
			return failed(v1alpha1.ReasonNameTaken)
		}
		secret.Name = *step.Name
	}
	if step.Info != nil {
		secret.Info = *step.Info
	}
	if step.Content != nil && (j.unsummed || !step.Content.Matches(secret.Checksum)) {
		// Content with the same checksum makes no revision, even if the
		// revision with this checksum was removed.
		secret.Revision++
		secret.Checksum, secret.RevisionGone = step.Content.Checksum(), false
	}
	if step.AutoPrune != nil {
		j.prune(secret.ID, *step.AutoPrune)
	}
	return plan.Outcome{Secret: j.list(secret)}
}

func (j *juju) prune(id string, on bool) {
	if j.pruned == nil {
		j.pruned = map[string]bool{}
	}
	j.pruned[id] = on
}

func (j *juju) grant(step plan.Grant) plan.Outcome {
	secret := j.secrets[step.ID]
	if secret == nil {
		return failed(v1alpha1.ReasonSecretNotFound)
	}
	outcome := plan.Outcome{Applications: map[string]plan.Problem{}}
	for _, app := range step.Applications {
		switch {
		case !slices.Contains(j.apps, app):
			outcome.Applications[app] = plan.Problem{Reason: v1alpha1.ReasonApplicationNotFound, Message: "no " + app}
		case !slices.Contains(secret.Granted, app):
			secret.Granted = append(secret.Granted, app)
			slices.Sort(secret.Granted)
		}
	}
	return outcome
}

// draw is a random number generator with a reproducible sequence for each seed.
type draw int

// below returns a number below n.
func (d *draw) below(n int) int {
	*d = *d*6364136223846793005 + 1442695040888963407
	return int(*d>>33) & 0x3fffffff % n
}

// in returns true in one of n cases.
func (d *draw) in(n int) bool { return d.below(n) == 0 }

// pick returns one of several options.
func pick[T any](d *draw, options ...T) T { return options[d.below(len(options))] }

// some returns some of several options, in their order.
func some[T any](d *draw, options ...T) []T {
	return slices.DeleteFunc(slices.Clone(options), func(T) bool { return d.in(2) })
}
