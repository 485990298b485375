// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// This file decides whose a secret is. Juju has no place to write that down, so it is kept in Kubernetes: in the status of
// the object that has the secret, and, until that is written, in the record of what it was about to do.

// Rival is another JujuSecret of this cluster, as far as it matters to one that is decided on.
type Rival struct {
	// Object is its namespace/name.
	Object string
	// Older tells that it was made before the one that is decided on.
	Older bool
	// Going tells that it is being deleted.
	Going bool
	// SecretID is the ID of the secret that is its: noted, about to be adopted, or recognised after a crash. It is empty if
	// there is none.
	SecretID string
	// Noted tells that SecretID is by its status. A person may write a record, but not that.
	Noted bool
	// Begun are the IDs of secrets that are as it asked for in a creation whose end is not in its status.
	Begun []string
	// Wants tells that it may use the model and asks for a secret of the name or the ID that is wanted here.
	Wants bool
	// Adopts tells that it may use the model and would take over the secret that was found here, by its name or its ID.
	Adopts bool
}

// holder is the other object that has a secret, nil if none has.
func (seen SecretSeen) holder(id string) *Rival {
	return seen.rival(func(r Rival) bool { return r.SecretID == id })
}

// claimant is the other object that has a secret, or may have made it just now, nil if there is none.
func (seen SecretSeen) claimant(id string) *Rival {
	if holder := seen.holder(id); holder != nil {
		return holder
	}
	return seen.rival(func(r Rival) bool { return slices.Contains(r.Begun, id) })
}

func (seen SecretSeen) rival(is func(Rival) bool) *Rival {
	i := slices.IndexFunc(seen.Rivals, is)
	if i < 0 {
		return nil
	}
	return &seen.Rivals[i]
}

// ours is the secret in the model that is this object's: by the ID it has noted, or as the adoption or the creation that a
// crash cut off. It is nil if there is none.
func (seen SecretSeen) ours() *UserSecret {
	if found := seen.World.ByID; found != nil {
		pending := found.ID == seen.recognised() || seen.LastID == "" && found.ID == seen.Record.Adopting
		if found.ID == seen.LastID || pending && seen.holder(found.ID) == nil {
			return found
		}
	}
	if found := seen.Candidate(); found != nil && seen.asBegun() && !seen.othersCandidate() {
		return found
	}
	return nil
}

// asBegun tells that the Candidate, which there has to be, is as the creation on record asked for.
func (seen SecretSeen) asBegun() bool {
	return seen.Candidate().Revision == 1 && seen.CandidateDigest != "" &&
		slices.Contains(seen.Record.Creating.Digests, seen.CandidateDigest)
}

// Candidate is the secret of the name that a creation was recorded for, if that creation may have been cut off. Whether it
// is this object's is not said.
func (seen SecretSeen) Candidate() *UserSecret {
	if !seen.creationPending() || seen.recognised() != "" {
		return nil
	}
	found := seen.World.ByName
	if seen.Record.Creating.Name != seen.Want.Name {
		found = seen.Begun
	}
	if found == nil || found.Removing || found.RevisionGone || found.Name != seen.Record.Creating.Name {
		return nil
	}
	return found
}

// othersCandidate tells that the Candidate is another object's, or may be as well and that one is older.
func (seen SecretSeen) othersCandidate() bool {
	id := seen.Candidate().ID
	return slices.ContainsFunc(seen.Rivals, func(r Rival) bool {
		return r.SecretID == id || r.Older && slices.Contains(r.Begun, id)
	})
}

// recognised is the ID of the secret in which a creation that a crash cut off was recognised, empty if there is none.
func (seen SecretSeen) recognised() string {
	if !seen.creationPending() {
		return ""
	}
	return seen.Record.Creating.ID
}

// creationPending tells that the record is of a creation whose end is not in the status.
func (seen SecretSeen) creationPending() bool {
	return seen.Record.Creating != nil && seen.Record.Creating.Replaces == seen.LastID
}

// NameBegun is the name to look for besides the spec's: that of a creation which may have been cut off. It is empty if
// there is none.
func (seen SecretSeen) NameBegun() string {
	if seen.creationPending() && seen.recognised() == "" && seen.Record.Creating.Name != seen.Want.Name {
		return seen.Record.Creating.Name
	}
	return ""
}

// MayAdopt tells that what was found may be taken over, so that nothing will do but the newest view of the model.
func (seen SecretSeen) MayAdopt() bool {
	found := seen.named()
	has := seen.LastID != "" && seen.World.ByID != nil
	return seen.Want.Adopt && !seen.Want.Deleting && !has && found != nil && !found.Removing
}

func secretContested(seen SecretSeen) (Plan, bool) {
	if seen.LastID == "" {
		return Plan{}, false
	}
	rival := seen.rival(func(r Rival) bool { return r.SecretID == seen.LastID && r.Noted && r.Older })
	if rival == nil {
		return Plan{}, false
	}
	message := fmt.Sprintf("secret:%s in model %q is also that of JujuSecret %s, which is older: delete one of the two",
		seen.LastID, seen.Model, rival.Object)
	if seen.Want.Deleting {
		return letGo(seen.Record, "left it: "+message), true
	}
	return Plan{Before: seen.Record, Lost: true, Verdict: Verdict{Reason: v1alpha1.ReasonConflict, Message: message}}, true
}

// secretDisputed leaves alone what the creation on record made, if an older object may have made it as well: its creation is open
// too, and asked for the same. It shows once that one's is not. Until then nothing is forgotten, as that one may be about a model
// that only has the same name, at another controller.
func secretDisputed(seen SecretSeen) (Plan, bool) {
	found := seen.Candidate()
	if found == nil || !seen.asBegun() || seen.holder(found.ID) != nil {
		return Plan{}, false
	}
	other := seen.rival(func(r Rival) bool { return r.Older && slices.Contains(r.Begun, found.ID) })
	if other == nil {
		return Plan{}, false
	}
	return Plan{Before: seen.Record, After: seen.Record, Verdict: Verdict{
		Reason: v1alpha1.ReasonConflict,
		Message: fmt.Sprintf("the secret %q (%s) in model %q may have been made for this object, or for JujuSecret %s: it shows when "+
			"that one has its secret, or is deleted", found.Name, found.ID, seen.Model, other.Object),
	}}, true
}

func secretTaken(seen SecretSeen) (Plan, bool) {
	found := seen.named()
	if found == nil || seen.Want.Adopt && seen.claimant(found.ID) == nil {
		return Plan{}, false
	}
	record := seen.Record
	record.Creating, record.Adopting = nil, ""
	return Plan{Before: record, After: record, Lost: true, Verdict: nameTaken(seen, found,
		"set adoptionPolicy: Adopt to take it over, reference it with managementPolicy: Observe, or choose another spec.name",
	)}, true
}

// renameBlocked tells why a secret of ours cannot have the name that is wanted yet, if so.
func renameBlocked(seen SecretSeen, ours *UserSecret) (why Verdict, blocked bool) {
	if other := seen.World.ByName; other != nil && other.ID != ours.ID {
		return nameTaken(seen, other, "remove that secret, or choose another spec.name"), true
	}
	awaited, blocked := secretAwaited(seen)
	return awaited.Verdict, blocked
}

// nameTaken tells whose a secret is that stands in the way.
func nameTaken(seen SecretSeen, other *UserSecret, cure string) Verdict {
	holder := seen.claimant(other.ID)
	switch {
	case other.Removing:
		return dying(seen, other)
	case holder != nil && holder.Going:
		return Verdict{Reason: v1alpha1.ReasonRemoving, Message: fmt.Sprintf(
			"the secret %q (%s) in model %q is that of JujuSecret %s, which is being deleted", other.Name, other.ID, seen.Model, holder.Object)}
	case holder != nil:
		return Verdict{Reason: v1alpha1.ReasonConflict, Message: fmt.Sprintf(
			"the secret %q (%s) in model %q is that of JujuSecret %s: delete one of the two, or choose another spec.name",
			other.Name, other.ID, seen.Model, holder.Object)}
	}
	return Verdict{
		Reason: v1alpha1.ReasonNameTaken,
		Message: fmt.Sprintf("model %q has a user secret called %q (%s) that this object did not make: %s",
			seen.Model, other.Name, other.ID, cure),
	}
}

func secretAdopted(seen SecretSeen) (Plan, bool) {
	found := seen.named()
	if found == nil || !seen.Want.Adopt {
		return Plan{}, false
	}
	for _, rival := range seen.Rivals {
		if rival.Older && rival.Adopts && rival.SecretID == "" {
			return awaits(seen, rival), true
		}
	}
	seen.Record = Record{Held: true, Adopting: found.ID}
	return updateSecret(seen, found), true
}

func secretAbsent(seen SecretSeen) (Plan, bool) {
	if seen.Want.ID == "" {
		return Plan{}, false
	}
	return Plan{Before: seen.Record, Lost: true, Verdict: absent(seen)}, true
}

func secretAwaited(seen SecretSeen) (Plan, bool) {
	one := seen.LastID != "" || seen.ours() != nil
	for _, rival := range seen.Rivals {
		// Who has a secret, and wants to call it so, comes before who has none, or a name that somebody changed in Juju would
		// be lost to an object that has waited for it. Among equals age decides.
		before := rival.Older
		if another := rival.SecretID != ""; another != one {
			before = another
		}
		if rival.Wants && before {
			return awaits(seen, rival), true
		}
	}
	return Plan{}, false
}

// awaits leaves to another object what both ask for and nobody has.
func awaits(seen SecretSeen, rival Rival) Plan {
	record := seen.Record
	record.Adopting = ""
	if !seen.creationPending() {
		record.Creating = nil // Or it would be taken for pending, once the status has no ID any more.
	}
	return Plan{Before: record, After: record, Lost: true, Verdict: Verdict{
		Reason: v1alpha1.ReasonConflict,
		Message: fmt.Sprintf("JujuSecret %s, which comes first, asks for %s in model %q too: delete one of the two, or choose another "+
			"spec.name", rival.Object, seen.what(), seen.Model),
	}}
}
