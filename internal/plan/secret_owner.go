// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// This file decides which object owns a secret. Juju cannot store that, so the
// signed record of each object does: what it owns, and the step that it began
// last.

// owner returns the other object that owns a secret, nil if none does.
func (facts SecretFacts) owner(id string) *Competitor {
	return facts.competitor(func(r Competitor) bool { return r.SecretID == id })
}

// possibleOwner returns the other object that owns a secret or may have just
// created it, nil if there is none.
func (facts SecretFacts) possibleOwner(id string) *Competitor {
	if holder := facts.owner(id); holder != nil {
		return holder
	}
	return facts.competitor(func(r Competitor) bool { return slices.Contains(r.Begun, id) })
}

func (facts SecretFacts) competitor(is func(Competitor) bool) *Competitor {
	i := slices.IndexFunc(facts.Competitors, is)
	if i < 0 {
		return nil
	}
	return &facts.Competitors[i]
}

// own returns the object's own secret in the model, nil if there is none. It
// is the secret of the recorded ID, or the secret of an adoption or a creation
// that a crash interrupted.
func (facts SecretFacts) own() *UserSecret {
	if found := facts.View.ByID; found != nil {
		pending := found.ID == facts.recognised() || facts.LastID == "" && found.ID == facts.Record.Adopting
		if found.ID == facts.LastID || pending && facts.owner(found.ID) == nil {
			return found
		}
	}
	if found := facts.Candidate(); found != nil && facts.matchesPending() && !facts.othersCandidate() {
		return found
	}
	return nil
}

// matchesPending reports whether the Candidate, which must exist, matches the
// creation in the record.
func (facts SecretFacts) matchesPending() bool {
	return facts.Candidate().Revision == 1 && facts.CandidateDigest != "" &&
		slices.Contains(facts.Record.Creating.Digests, facts.CandidateDigest)
}

// Candidate returns the secret with the name of a creation that a crash may
// have interrupted. Whether the object owns it is not decided here.
func (facts SecretFacts) Candidate() *UserSecret {
	if !facts.creationPending() || facts.recognised() != "" {
		return nil
	}
	found := facts.View.ByName
	if facts.Record.Creating.Name != facts.Desired.Name {
		found = facts.Begun
	}
	if found == nil || found.Removing || found.RevisionGone || found.Name != facts.Record.Creating.Name {
		return nil
	}
	return found
}

// othersCandidate reports whether the Candidate belongs to another object, or
// may belong to an older one.
func (facts SecretFacts) othersCandidate() bool {
	id := facts.Candidate().ID
	return slices.ContainsFunc(facts.Competitors, func(r Competitor) bool {
		return r.SecretID == id || r.Older && slices.Contains(r.Begun, id)
	})
}

// recognised returns the ID of the secret that was recognised as an interrupted
// creation, empty if there is none.
func (facts SecretFacts) recognised() string {
	if !facts.creationPending() {
		return ""
	}
	return facts.Record.Creating.ID
}

// creationPending reports whether the record has a creation with a result that
// is not in the status.
func (facts SecretFacts) creationPending() bool {
	return facts.Record.Creating != nil && facts.Record.Creating.Replaces == facts.LastID
}

// NameBegun returns the name to look for besides the name in the spec: the name
// of a creation that a crash may have interrupted. It is empty if there is
// none.
func (facts SecretFacts) NameBegun() string {
	if facts.creationPending() && facts.recognised() == "" && facts.Record.Creating.Name != facts.Desired.Name {
		return facts.Record.Creating.Name
	}
	return ""
}

// MayAdopt reports whether the secret that was found may be adopted. The
// decision then needs a fresh view of the model.
func (facts SecretFacts) MayAdopt() bool {
	found := facts.named()
	has := facts.LastID != "" && facts.View.ByID != nil
	return facts.Desired.Adopt && !facts.Desired.Deleting && !has && found != nil && !found.Removing
}

// MissesID reports whether the model has no secret with the ID in the spec. The
// decision then needs a view of the model that is newer than the object.
func (facts SecretFacts) MissesID() bool {
	return facts.View.Known && facts.Desired.ID != "" && !facts.Desired.Deleting && facts.named() == nil
}

func lostOwnership(facts SecretFacts) (Plan, bool) {
	if facts.LastID == "" {
		return Plan{}, false
	}
	other := facts.competitor(func(r Competitor) bool { return r.SecretID == facts.LastID && r.Recorded && r.Older })
	if other == nil {
		return Plan{}, false
	}
	message := fmt.Sprintf(
		"secret:%s in model %q belongs to JujuSecret %s, which is older", facts.LastID, facts.Model, other.Object,
	)
	if facts.Desired.Deleting {
		return release(facts.Record, "left it: "+message), true
	}
	message += ": set managementPolicy: Observe on this object, or delete it, which leaves the secret in Juju"
	conflict := Condition{Reason: v1alpha1.ReasonConflict, Message: message}
	return Plan{Before: facts.Record, Owns: Nothing, Condition: conflict}, true
}

// ambiguousOwner waits if an older object may also have created the secret of
// the pending creation, because the older object has a pending creation that
// matches the secret too. It is resolved once the older object has its secret.
// Until then the record stays, because the older object may be about a model of
// the same name at another controller.
func ambiguousOwner(facts SecretFacts) (Plan, bool) {
	found := facts.Candidate()
	if found == nil || !facts.matchesPending() || facts.owner(found.ID) != nil {
		return Plan{}, false
	}
	other := facts.competitor(func(r Competitor) bool { return r.Older && slices.Contains(r.Begun, found.ID) })
	if other == nil {
		return Plan{}, false
	}
	return Plan{Before: facts.Record, After: facts.Record, Condition: Condition{
		Reason: v1alpha1.ReasonConflict,
		Message: fmt.Sprintf("the secret %q (%s) in model %q was created for this object or for JujuSecret %s: the "+
			"operator decides once JujuSecret %s has its secret, or is deleted", found.Name, found.ID, facts.Model, other.Object,
			other.Object),
	}}, true
}

func secretTaken(facts SecretFacts) (Plan, bool) {
	found := facts.named()
	if found == nil || facts.Desired.Adopt && facts.possibleOwner(found.ID) == nil {
		return Plan{}, false
	}
	record := facts.Record
	record.Creating, record.Adopting = nil, ""
	return Plan{Before: record, After: record, Owns: Nothing, Condition: nameTaken(facts, found,
		"reference it with managementPolicy: Observe, choose another spec.name, or adopt it with adoptionPolicy: Adopt",
	)}, true
}

// renameBlocked reports why the object's own secret cannot have the desired
// name yet.
func renameBlocked(facts SecretFacts, own *UserSecret) (why Condition, blocked bool) {
	if other := facts.View.ByName; other != nil && other.ID != own.ID {
		return nameTaken(facts, other, "choose another spec.name, or remove that secret"), true
	}
	awaited, blocked := secretAwaited(facts)
	return awaited.Condition, blocked
}

// nameTaken returns the condition for a name that another secret has.
func nameTaken(facts SecretFacts, other *UserSecret, cure string) Condition {
	holder := facts.possibleOwner(other.ID)
	switch {
	case other.Removing:
		return removalPending(facts, other)
	case holder != nil && holder.Deleting:
		return Condition{Reason: v1alpha1.ReasonRemoving, Message: fmt.Sprintf(
			"the secret %q (%s) in model %q belongs to JujuSecret %s, which is being deleted",
			other.Name, other.ID, facts.Model, holder.Object)}
	case holder != nil:
		return Condition{Reason: v1alpha1.ReasonConflict, Message: fmt.Sprintf(
			"the secret %q (%s) in model %q belongs to JujuSecret %s: choose another spec.name, reference it with "+
				"managementPolicy: Observe, or delete one of the two",
			other.Name, other.ID, facts.Model, holder.Object)}
	}
	if facts.ForeignKey {
		cure = "this object's record was signed with another key. After a restore from a backup, restore the Secret with " +
			"the installation's key too and restart the operator. Otherwise " + cure
	}
	return Condition{
		Reason: v1alpha1.ReasonNameTaken,
		Message: fmt.Sprintf("model %q has a user secret %q (%s) that this object did not create: %s",
			facts.Model, other.Name, other.ID, cure),
	}
}

func secretAdopted(facts SecretFacts) (Plan, bool) {
	found := facts.named()
	if found == nil || !facts.Desired.Adopt {
		return Plan{}, false
	}
	for _, other := range facts.Competitors {
		if other.Older && other.Adopts && other.SecretID == "" {
			return yieldTo(facts, other), true
		}
	}
	facts.Record = Record{Held: true, Adopting: found.ID, ModelUUID: facts.View.ModelUUID}
	return updateSecret(facts, found), true
}

func secretAbsent(facts SecretFacts) (Plan, bool) {
	if facts.Desired.ID == "" {
		return Plan{}, false
	}
	return Plan{Before: facts.Record, Owns: Nothing, Condition: absent(facts)}, true
}

func secretAwaited(facts SecretFacts) (Plan, bool) {
	owns := facts.LastID != "" || facts.own() != nil
	for _, other := range facts.Competitors {
		// An object that owns a secret comes before one that owns none.
		// Otherwise an object that waits for a name would get it after a manual
		// rename in Juju. Among equals the older comes first.
		first := other.Older
		if otherOwns := other.SecretID != ""; otherOwns != owns {
			first = otherOwns
		}
		if other.Wants && first {
			return yieldTo(facts, other), true
		}
	}
	return Plan{}, false
}

// yieldTo returns the plan of an object that yields to another object. Both ask
// for a secret that no object owns.
func yieldTo(facts SecretFacts, other Competitor) Plan {
	record := facts.Record
	record.Adopting = ""
	if !facts.creationPending() {
		// Without an ID in the status it would count as pending.
		record.Creating = nil
	}
	return Plan{Before: record, After: record, Owns: Nothing, Condition: Condition{
		Reason: v1alpha1.ReasonConflict,
		Message: fmt.Sprintf("JujuSecret %s also asks for %s, and comes first: choose another spec.name, or delete one of "+
			"the two", other.Object, facts.subject()),
	}}
}
