// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"slices"

	"github.com/juju-secrets/operator/internal/plan"
)

// juju is what plans are tried out on: a model that does with steps what a model of Juju 4 does.
type juju struct {
	secrets map[string]*plan.UserSecret
	apps    []string
	made    int
	// pruned are the secrets that old revisions are removed of. Nobody is told which those are.
	pruned map[string]bool
	// unsummed tells that it lists no checksums, and compares none, as before 3.6.
	unsummed bool
}

// world answers a query. What it tells of is not what it holds, so that no plan can change it.
func (j *juju) world(query plan.Query) plan.World {
	world := plan.World{Known: true, ModelUUID: modelUUID}
	if found := j.secrets[query.ID]; found != nil {
		world.ByID = j.tellOf(found)
	}
	if found := j.named(query.Name); found != nil {
		world.ByName = j.tellOf(found)
		if found.ID == query.ID {
			world.ByName = world.ByID
		}
	}
	return world
}

func (j *juju) tellOf(secret *plan.UserSecret) *plan.UserSecret {
	told := *secret
	told.Granted = slices.Clone(secret.Granted)
	if j.unsummed {
		unsummed(&told)
	}
	return &told
}

func (j *juju) named(name string) *plan.UserSecret {
	for _, secret := range j.secrets {
		if name != "" && secret.Name == name {
			return secret
		}
	}
	return nil
}

// add puts in a secret, unless its name is taken, as it is until a secret is really gone.
func (j *juju) add(secret *plan.UserSecret) bool {
	if j.named(secret.Name) != nil {
		return false
	}
	j.secrets[secret.ID] = secret
	return true
}

// sweep is what Juju does some time after it said that it removed secrets.
func (j *juju) sweep() {
	for id, secret := range j.secrets {
		if secret.Removing {
			delete(j.secrets, id)
		}
	}
}

// do carries out steps, each only if those before it succeeded.
func (j *juju) do(steps []plan.Step) []plan.Outcome {
	outcomes := make([]plan.Outcome, 0, len(steps))
	for _, step := range steps {
		if n := len(outcomes); n > 0 && (outcomes[n-1].Trouble != nil || outcomes[n-1].NotTried) {
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
			return failed(plan.NameTaken)
		}
		return plan.Outcome{Secret: j.tellOf(secret)}
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
	panic("a kind of step that Juju does not know")
}

func (j *juju) update(step plan.Update) plan.Outcome {
	secret := j.secrets[step.ID]
	if secret == nil {
		return failed(plan.SecretNotFound)
	}
	if step.Name != nil {
		if rival := j.named(*step.Name); rival != nil && rival != secret {
			return failed(plan.NameTaken)
		}
		secret.Name = *step.Name
	}
	if step.Info != nil {
		secret.Info = *step.Info
	}
	if step.Content != nil && (j.unsummed || !step.Content.Matches(secret.Checksum)) {
		// Content with the same checksum makes no revision, even if the one that it is of is gone.
		secret.Revision++
		secret.Checksum, secret.RevisionGone = step.Content.Checksum(), false
	}
	if step.AutoPrune != nil {
		j.prune(secret.ID, *step.AutoPrune)
	}
	return plan.Outcome{Secret: j.tellOf(secret)}
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
		return failed(plan.SecretNotFound)
	}
	outcome := plan.Outcome{Applications: map[string]plan.Trouble{}}
	for _, app := range step.Applications {
		switch {
		case !slices.Contains(j.apps, app):
			outcome.Applications[app] = plan.Trouble{Kind: plan.ApplicationNotFound, Message: "no " + app}
		case !slices.Contains(secret.Granted, app):
			secret.Granted = append(secret.Granted, app)
			slices.Sort(secret.Granted)
		}
	}
	return outcome
}

// draw decides things at random, but the same things each time for the same number.
type draw int

// below draws a number.
func (d *draw) below(n int) int {
	*d = *d*6364136223846793005 + 1442695040888963407
	return int(*d>>33) & 0x3fffffff % n
}

// in tells whether one out of n was drawn.
func (d *draw) in(n int) bool { return d.below(n) == 0 }

// pick draws one of several.
func pick[T any](d *draw, options ...T) T { return options[d.below(len(options))] }

// some draws some of several, in their order.
func some[T any](d *draw, options ...T) []T {
	return slices.DeleteFunc(slices.Clone(options), func(T) bool { return d.in(2) })
}
