// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// This file decides about the grants of a secret that no JujuSecretAccess
// lists. An exclusive access revokes them. Any other access reports them.

// unlistedWait is how long a grant must be known before an exclusive access
// revokes it. The object that lists its application is often created at the
// same time as the exclusive one, and is not in the cache yet.
const unlistedWait = 2 * time.Second

// Listing has the facts about another JujuSecretAccess of the same secret that
// decide which grants stay. Its reason, its tenancy and its installation do not
// matter.
type Listing struct {
	Identity

	// Deleting is true when it is being deleted.
	Deleting bool
	// Exclusive is true when it asks to be exclusive, and may use the model.
	Exclusive bool
	// Applications are the applications of its spec.
	Applications []string
	// Granted are the applications that were granted the secret, by its record
	// or by its status.
	Granted []string
}

// ConsiderListings returns the facts with the grants that other accesses of the
// same secret list or made, and with the access that is exclusive before this
// one.
func (facts AccessFacts) ConsiderListings(self Identity, listings []Listing) AccessFacts {
	first := self
	for _, other := range listings {
		if other.Deleting {
			facts.LeavingByOthers = append(facts.LeavingByOthers, other.Granted...)
			continue
		}
		facts.ListedByOthers = append(facts.ListedByOthers, slices.Concat(other.Applications, other.Granted)...)
		if other.Exclusive && other.Before(first) {
			first, facts.ExclusiveBefore = other.Identity, other.Object()
		}
	}
	return facts
}

// revokesUnlisted reports whether the object is the exclusive access of its
// secret.
func (facts AccessFacts) revokesUnlisted() bool {
	return facts.Exclusive && facts.ExclusiveBefore == ""
}

// Unlisted returns the applications that have access to the target and that no
// JujuSecretAccess lists, sorted. The grants of an access that is being deleted
// are left to it: it first resets its options.
func (facts AccessFacts) Unlisted() []string {
	secret := facts.Secret()
	if secret == nil || facts.Deleting {
		return nil
	}
	listed := slices.Concat(
		facts.Applications, facts.Record.grantedOn(secret), facts.WantedByOthers, facts.ListedByOthers,
		facts.LeavingByOthers,
	)
	return except(union(secret.Granted, nil), listed)
}

// MayBeTarget reports whether another access may be about the same secret,
// although it has not seen the secret yet. ModelUUID is the model in its status,
// empty if it has not seen the model.
func (facts AccessFacts) MayBeTarget(other Target, modelUUID string) bool {
	secret := facts.Secret()
	switch model := other.Model; {
	case secret == nil || other.Problem != nil:
		return false
	case other.Query.ID != "":
		return other.Query.ID == secret.ID
	case other.Query.Name != secret.Name:
		return false
	case cmp.Or(modelUUID, model.UUID) != "":
		return cmp.Or(modelUUID, model.UUID) == facts.View.ModelUUID
	default:
		return facts.Target.Model.Name == "" || facts.Target.Model.Name == model.Name
	}
}

// except returns the applications that are not in a list, nil if all are.
func except(apps, list []string) []string {
	var rest []string
	for _, app := range apps {
		if !slices.Contains(list, app) {
			rest = append(rest, app)
		}
	}
	return rest
}

// accessUnlistedNew waits until each grant that no access lists has been known
// for unlistedWait. The plan has no condition, because the object is about to
// change.
func accessUnlistedNew(facts AccessFacts) (Plan, bool) {
	if !facts.revokesUnlisted() || len(facts.Unlisted()) == 0 || facts.UnlistedFor >= unlistedWait {
		return Plan{}, false
	}
	return Plan{Before: facts.Record, After: facts.Record, Wait: unlistedWait - facts.UnlistedFor}, true
}

// unlistedField is the prefix of the field of a correction that revokes a grant.
// Neither an application nor the key of an option has a space.
const unlistedField = "grant to "

// addUnlisted adds the grants that no access lists to a plan: an exclusive
// access revokes them, and any other access reports them. It returns the grants
// that must not be revoked yet.
func (facts AccessFacts) addUnlisted(plan *Plan) contest {
	unlisted := facts.Unlisted()
	if !facts.revokesUnlisted() {
		plan.OtherGrants = unlisted
		return contest{}
	}
	var fields []string
	for _, app := range unlisted {
		fields = append(fields, unlistedField+app)
	}
	contest := facts.Corrections.contested(fields)
	for i, field := range contest.fields {
		contest.fields[i] = strings.TrimPrefix(field, unlistedField)
	}
	plan.Unlisted = except(unlisted, contest.fields)
	return contest
}

// exclusiveCondition sets the condition of a plan if the grants that no access
// lists are not revoked.
func (facts AccessFacts) exclusiveCondition(plan *Plan, secret *UserSecret, contest contest) {
	if contest.left > 0 && (plan.Wait == 0 || contest.left < plan.Wait) {
		plan.Wait = contest.left
	}
	switch {
	case plan.Condition.Reason != v1alpha1.ReasonSynced:
	case contest.left > 0:
		what := fmt.Sprintf("another client granted secret:%s to %s", secret.ID, strings.Join(contest.fields, ", "))
		plan.Condition = contest.condition(what, "remove the access from Terraform, or list the application in a "+
			"JujuSecretAccess")
	case facts.Exclusive && facts.ExclusiveBefore != "":
		plan.Condition = Condition{Reason: v1alpha1.ReasonConflict, Message: fmt.Sprintf(
			"JujuSecretAccess %q is exclusive for secret:%s already, so this object revokes no grants of others: set "+
				"exclusive on one of the two objects only", facts.ExclusiveBefore, secret.ID)}
	}
}
