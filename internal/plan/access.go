// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// AccessSeen is all that a decision about one JujuSecretAccess may depend on.
type AccessSeen struct {
	// Want are the applications of the spec.
	Want []string
	// Retain: leave the grants in Juju when the object goes.
	Retain bool
	// Deleting: the object is on its way out.
	Deleting bool
	// Abandoned: let go of everything in Juju then, unseen.
	Abandoned bool
	// Target is which secret it is about.
	Target Target
	// Tenancy is whether the object may use the secret's model.
	Tenancy Tenancy
	// Record is what earlier runs left in the object's metadata.
	Record Record
	// Proven tells that the operator itself noted the grants in Record, and not a person.
	Proven bool
	// WantedByOthers are applications that other JujuSecretAccesses want granted on the same secret: the former one, if
	// there is one.
	WantedByOthers []string
	// GrantedByOthers are applications that other JujuSecretAccesses have granted, or are about to.
	GrantedByOthers []string
	// World is what the model holds, not asked for unless MayLookForAccess.
	World World
	// Former is the secret of FormerID in the model of the record, nil if that has none.
	Former *UserSecret
}

// FormerID is the ID of the secret that the record is about, if that is known to be another one than the target. It is
// empty if it is not.
func (seen AccessSeen) FormerID() string {
	if !seen.World.Known || seen.Deleting || seen.Secret() != nil && seen.Secret().ID == seen.Record.SecretID {
		return ""
	}
	return seen.Record.SecretID
}

// Target is the secret that a JujuSecretAccess is about.
type Target struct {
	Model ModelRef
	Query Query
	// Verdict says why the secret is not known yet; nil if it is.
	Verdict *Verdict
	// Coming tells that this is about to be different.
	Coming bool
}

// NotReady is the target of a JujuSecretAccess whose JujuSecret has nothing in Juju yet.
func NotReady(jujuSecret string) Target {
	return Target{Verdict: &Verdict{
		Reason:  v1alpha1.ReasonJujuSecretNotReady,
		Message: fmt.Sprintf("JujuSecret %q does not exist, or has no secret in Juju yet: look at its status", jujuSecret),
	}}
}

// ForAccess decides what to do about a JujuSecretAccess: the first rule that applies has the answer.
func ForAccess(seen AccessSeen) Plan {
	plan := firstForAccess(seen)
	plan.ModelUUID = seen.World.ModelUUID
	if plan.Model == (ModelRef{}) {
		plan.Model = seen.Target.Model
	}
	return plan
}

func firstForAccess(seen AccessSeen) Plan {
	rules := []func(AccessSeen) (Plan, bool){
		accessElsewhere,     // another installation of the operator has it: not a word
		accessReleased,      // deleting, and nothing was granted: let go without asking Juju
		accessTargetUnready, // the secret is not known yet
		accessDenied,        // no tenant, or no controller object: nothing; deleting: only what is provably its own
		accessUnseen,        // never act on what was not seen; deleting: a model that is gone took the grants with it
		accessMoved,         // it is about another secret than the one it granted: take those grants away first
		accessSecretGone,    // the secret is gone: wait for it; deleting: it took the grants with it
		accessDeleting,      // revoke what this object granted
	}
	for _, rule := range rules {
		if plan, ok := rule(seen); ok {
			return plan
		}
	}
	return grantAccess(seen)
}

// MayLookForAccess tells whether Juju may be asked anything on the object's behalf. World need not be filled in before.
func MayLookForAccess(seen AccessSeen) bool {
	_, released := accessReleased(seen)
	_, denied := accessDenied(seen)
	_, elsewhere := accessElsewhere(seen)
	return !elsewhere && !released && seen.Target.Verdict == nil && !denied
}

func accessElsewhere(seen AccessSeen) (Plan, bool) {
	abandoned := seen.Deleting && seen.Abandoned // Which asks nobody anything, so that whoever sees it lets go.
	return Plan{Before: seen.Record, After: seen.Record, Silent: true}, seen.Tenancy.leftTo(seen.Record, abandoned)
}

func accessReleased(seen AccessSeen) (Plan, bool) {
	if !seen.Deleting {
		return Plan{}, false
	}
	left := fmt.Sprintf("left the grants of secret:%s to %s in model %q",
		seen.Record.SecretID, strings.Join(seen.Record.Granted, ", "), seen.Record.Model)
	switch {
	case !seen.Record.Held:
		return Plan{Verdict: Verdict{Reason: v1alpha1.ReasonRevoked}}, true
	case len(seen.Record.Granted) == 0:
		return letGo(seen.Record, ""), true
	case seen.Abandoned:
		return letGo(seen.Record, left+", as the annotation "+v1alpha1.AnnotationAbandon+" says"), true
	case seen.Retain:
		return letGo(seen.Record, left+", as deletionPolicy: Retain says"), true
	}
	return Plan{}, false
}

func accessTargetUnready(seen AccessSeen) (Plan, bool) {
	if seen.Target.Verdict == nil {
		return Plan{}, false
	}
	return Plan{
		Before: seen.Record, After: seen.Record, Verdict: *seen.Target.Verdict, Silent: seen.Target.Coming,
	}, true
}

func accessDenied(seen AccessSeen) (Plan, bool) {
	return denied(seen.Tenancy, seen.Deleting, seen.Proven, seen.Record,
		fmt.Sprintf("the grants to %s in model %q", strings.Join(seen.Record.Granted, ", "), seen.Target.Model))
}

func accessUnseen(seen AccessSeen) (Plan, bool) {
	return unseen(seen.World, seen.Deleting, seen.Record)
}

// Secret is the user secret to grant, nil if the model has none that will stay.
func (seen AccessSeen) Secret() *UserSecret {
	found := seen.World.ByID
	if seen.Target.Query.ID == "" {
		found = seen.World.ByName
	}
	if found == nil || found.Removing {
		return nil
	}
	return found
}

func accessMoved(seen AccessSeen) (Plan, bool) {
	if seen.Former == nil || seen.Former.Removing {
		return Plan{}, false
	}
	surplus := slices.DeleteFunc(slices.Clone(seen.Record.Granted), func(app string) bool {
		taken := slices.Contains(seen.WantedByOthers, app) && slices.Contains(seen.GrantedByOthers, app)
		return taken || !slices.Contains(seen.Former.Granted, app)
	})
	before := seen.Record
	before.Held = true // Whoever replaced the object took the finalizer off.
	plan := Plan{
		Model:  seen.Record.Model,
		Before: before,
		After:  Record{Held: true},
		Verdict: Verdict{
			Reason:  v1alpha1.ReasonHandingOver,
			Message: fmt.Sprintf("the grants move from the former secret %s to the present one", seen.Former.ID),
		},
	}
	if len(surplus) > 0 {
		plan.Steps = []Step{Revoke{ID: seen.Former.ID, Applications: surplus}}
	}
	return plan, true
}

func accessSecretGone(seen AccessSeen) (Plan, bool) {
	switch {
	case seen.Secret() != nil:
		return Plan{}, false
	case seen.Deleting:
		return letGo(seen.Record, ""), true
	}
	message := fmt.Sprintf("model %q has no user secret called %q: it is granted when somebody adds it",
		seen.Target.Model, seen.Target.Query.Name)
	if id := seen.Target.Query.ID; id != "" {
		message = fmt.Sprintf("model %q has no user secret with the ID %q", seen.Target.Model, id)
	}
	verdict := Verdict{Reason: v1alpha1.ReasonSecretNotFound, Message: message}
	if seen.World.CharmOwned {
		verdict = charmOwned(seen.Target.Query.ID)
	}
	return Plan{Before: seen.Record, After: seen.Record, Lost: true, Verdict: verdict}, true
}

func accessDeleting(seen AccessSeen) (Plan, bool) {
	if !seen.Deleting {
		return Plan{}, false
	}
	secret := seen.Secret()
	plan := Plan{Before: seen.Record, Secret: secret, Verdict: Verdict{Reason: v1alpha1.ReasonRevoked}}
	if handing := handedOver(seen, secret); len(handing) > 0 {
		plan.After = recordOfGrants(seen, secret, handing)
		plan.Verdict = Verdict{
			Reason: v1alpha1.ReasonHandingOver,
			Message: fmt.Sprintf("another JujuSecretAccess wants the grants to %s and has yet to take them over",
				strings.Join(handing, ", ")),
		}
	}
	if surplus := surplusGrants(seen, secret); len(surplus) > 0 {
		plan.Steps, plan.Proven = []Step{Revoke{ID: secret.ID, Applications: surplus}}, seen.Proven
	}
	return plan, true
}

// handedOver are the grants that this object made and gives up, and that another wants and has not on record yet. Until
// it has, they stay on this object's record, so that somebody is there to revoke them in the end.
func handedOver(seen AccessSeen, secret *UserSecret) []string {
	return slices.DeleteFunc(slices.Clone(seen.Record.grantedOn(secret)), func(app string) bool {
		keeps := !seen.Deleting && slices.Contains(seen.Want, app)
		taken := !slices.Contains(seen.WantedByOthers, app) || slices.Contains(seen.GrantedByOthers, app)
		return keeps || taken || !slices.Contains(secret.Granted, app)
	})
}

// surplusGrants are the grants that this object made and nobody wants any more.
func surplusGrants(seen AccessSeen, secret *UserSecret) []string {
	return slices.DeleteFunc(slices.Clone(seen.Record.grantedOn(secret)), func(app string) bool {
		wanted := !seen.Deleting && slices.Contains(seen.Want, app)
		return wanted || slices.Contains(seen.WantedByOthers, app) || !slices.Contains(secret.Granted, app)
	})
}

func grantAccess(seen AccessSeen) Plan {
	secret := seen.Secret()
	missing := slices.DeleteFunc(slices.Clone(seen.Want), func(app string) bool {
		return slices.Contains(secret.Granted, app)
	})
	// What another object granted is this one's too, so that whichever goes last revokes it. What nobody of us granted was
	// granted by hand, and stays.
	before := seen.Record.grantedOn(secret)
	ours := union(missing, slices.DeleteFunc(slices.Concat(before, seen.GrantedByOthers), func(app string) bool {
		return !slices.Contains(seen.Want, app)
	}))
	plan := Plan{
		Before:  recordOfGrants(seen, secret, union(before, ours)),
		After:   recordOfGrants(seen, secret, union(ours, handedOver(seen, secret))),
		Secret:  secret,
		Verdict: synced(),
	}
	if surplus := surplusGrants(seen, secret); len(surplus) > 0 {
		plan.Steps = append(plan.Steps, Revoke{ID: secret.ID, Applications: surplus})
	}
	if len(missing) > 0 {
		plan.Steps = append(plan.Steps, Grant{ID: secret.ID, Applications: missing})
	}
	return plan
}

// grantedOn are the applications that were granted this very secret, and not one of its name before it.
func (r Record) grantedOn(secret *UserSecret) []string {
	if r.SecretID != secret.ID {
		return nil
	}
	return r.Granted
}

func recordOfGrants(seen AccessSeen, secret *UserSecret, granted []string) Record {
	if len(granted) == 0 {
		return Record{Held: true}
	}
	return Record{Held: true, SecretID: secret.ID, Model: seen.Target.Model, Granted: granted}
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
