// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
)

// SecretSeen is all that a decision about one JujuSecret may depend on.
type SecretSeen struct {
	// Want is the spec, with its defaults.
	Want SecretWant
	// Model is where the secret belongs.
	Model ModelRef
	// Content is what the secret shall hold; its zero value if nobody needs it.
	Content content.Desired
	// Tenancy is whether the object may use its model.
	Tenancy Tenancy
	// Record is what earlier runs left in the object's metadata.
	Record Record
	// LastID is the ID of the secret that the object made, by its status. One that it only observed is not its own.
	LastID string
	// LastRevision is the latest revision that it had when it was last looked at.
	LastRevision int
	// Digest is that of Content, empty if there is none.
	Digest string
	// LastDigest is that of the content which was last put into Juju, by the status.
	LastDigest string
	// SameSpec tells that Juju once held all that the spec as it is now says.
	SameSpec bool
	// World is what the model holds, not asked for unless MayLookForSecret.
	World World
	// Begun is the secret of the name in Record.Creating, if that is another name than the spec's by now.
	Begun *UserSecret
	// Owned tells that another JujuSecret has the Candidate as its own.
	Owned bool
}

// SecretWant is what a JujuSecret asks for.
type SecretWant struct {
	Name, Info string
	// Observe: only look.
	Observe bool
	// Retain: leave the secret in Juju when the object goes.
	Retain bool
	// ReportDrift: tell of what somebody else changed, and leave it.
	ReportDrift bool
	// Deleting: the object is on its way out.
	Deleting bool
}

// ForSecret decides what to do about a JujuSecret: the first rule that applies has the answer. Their order is the
// policy.
func ForSecret(seen SecretSeen) Plan {
	rules := []func(SecretSeen) (Plan, bool){
		secretReleased,  // deleting, and nothing in Juju to remove: let go without asking Juju
		secretDenied,    // no tenant, or no controller object: nothing; deleting: let go, and say what stays behind
		secretUnseen,    // never act on what was not seen; deleting: a model that is gone took the secret with it
		secretObserved,  // somebody else's: tell what is there
		secretDeleting,  // remove it, and wait until Juju has
		secretUnready,   // no content, or an invalid one: touch nothing
		secretOurs,      // make it what the spec says
		secretRecovered, // created just before a crash: it is ours
		secretDying,     // the name still belongs to a secret that is being removed: wait
		secretRemoved,   // somebody else removed it, which is only to be told
		secretTaken,     // the name is somebody else's
	}
	for _, rule := range rules {
		if plan, ok := rule(seen); ok {
			plan.ModelUUID = seen.World.ModelUUID
			return plan
		}
	}
	return createSecret(seen)
}

// MayLookForSecret tells whether Juju may be asked anything on the object's behalf. World need not be filled in before.
func MayLookForSecret(seen SecretSeen) bool {
	_, released := secretReleased(seen)
	return !released && seen.Tenancy.Verdict == nil
}

// secretInModel finds the secret that is this object's: by the ID it has noted, or as the creation that a crash cut
// off. It is nil if there is none.
func secretInModel(seen SecretSeen) *UserSecret {
	if seen.LastID != "" && seen.World.ByID != nil {
		return seen.World.ByID
	}
	found := seen.Candidate()
	if found == nil || seen.Owned || found.Revision != 1 || seen.Content.State != content.Ready || !found.Holds(seen.Content.Content) {
		return nil
	}
	return found
}

// Candidate is the secret of the name that a creation was recorded for, if that creation may have been cut off. Whether it
// is this object's is not said.
func (seen SecretSeen) Candidate() *UserSecret {
	if !seen.creationPending() {
		return nil
	}
	found := seen.World.ByName
	if seen.Record.Creating.Name != seen.Want.Name {
		found = seen.Begun
	}
	if found == nil || found.Removing || found.Name != seen.Record.Creating.Name {
		return nil
	}
	return found
}

// creationPending tells that the record is of a creation whose end is not in the status.
func (seen SecretSeen) creationPending() bool {
	return seen.Record.Creating != nil && seen.Record.Creating.Replaces == seen.LastID
}

// NameBegun is the name to look for besides the spec's: that of a creation which may have been cut off. It is empty if
// there is none.
func (seen SecretSeen) NameBegun() string {
	if seen.creationPending() && seen.Record.Creating.Name != seen.Want.Name {
		return seen.Record.Creating.Name
	}
	return ""
}

func secretReleased(seen SecretSeen) (Plan, bool) {
	if !seen.Want.Deleting {
		return Plan{}, false
	}
	nothingMade := seen.LastID == "" && seen.Record.Creating == nil
	switch {
	case !seen.Record.Held:
		return Plan{Verdict: Verdict{Reason: v1alpha1.ReasonRemoved}}, true
	case nothingMade, seen.Want.Observe:
		return letGo(seen.Record, ""), true
	case seen.Want.Retain:
		return letGo(seen.Record, fmt.Sprintf("left the secret %q in model %q, as deletionPolicy: Retain says",
			seen.Want.Name, seen.Model)), true
	}
	return Plan{}, false
}

// letGo drops the finalizer and touches nothing in Juju. The message tells what stays there.
func letGo(record Record, message string) Plan {
	return Plan{Before: record, Verdict: Verdict{Reason: v1alpha1.ReasonLetGo, Message: message}}
}

func secretDenied(seen SecretSeen) (Plan, bool) {
	return denied(seen.Tenancy, seen.Want.Deleting, seen.Record,
		fmt.Sprintf("the secret %q in model %q", seen.Want.Name, seen.Model))
}

// denied is the plan of an object that may not use its model: while it is deleted its part in Juju stays there, since
// a removal would be a use too. Without a controller object nobody can tell, so that is waited for.
func denied(tenancy Tenancy, deleting bool, record Record, leaving string) (Plan, bool) {
	switch {
	case tenancy.Verdict == nil:
		return Plan{}, false
	case deleting && tenancy.Verdict.Reason == v1alpha1.ReasonTenantDenied:
		return letGo(record, fmt.Sprintf("left %s: %s", leaving, tenancy.Verdict.Message)), true
	}
	return Plan{Before: record, After: record, Verdict: *tenancy.Verdict}, true
}

func secretUnseen(seen SecretSeen) (Plan, bool) {
	return unseen(seen.World, seen.Want.Deleting, seen.Record)
}

func unseen(world World, deleting bool, record Record) (Plan, bool) {
	switch {
	case world.Known:
		return Plan{}, false
	case world.Trouble == nil:
		return Plan{Before: record, After: record, Verdict: Verdict{
			Reason: v1alpha1.ReasonFailed, Message: "nobody looked at the model",
		}}, true
	case deleting && world.Trouble.Kind == ModelNotFound:
		return letGo(record, "left whatever was made for this object, unless it went with its model: "+world.Trouble.Message), true
	}
	return Plan{Before: record, After: record, Verdict: world.Trouble.verdict()}, true
}

func secretObserved(seen SecretSeen) (Plan, bool) {
	if !seen.Want.Observe {
		return Plan{}, false
	}
	found := seen.World.ByName
	if found == nil || found.Removing {
		return Plan{Before: seen.Record, Verdict: Verdict{
			Reason: v1alpha1.ReasonSecretNotFound,
			Message: fmt.Sprintf("model %q has no user secret called %q: it is taken up when somebody adds it",
				seen.Model, seen.Want.Name),
		}}, true
	}
	return Plan{Before: seen.Record, Secret: found, Foreign: true, Verdict: synced()}, true
}

func synced() Verdict {
	return Verdict{Reason: v1alpha1.ReasonSynced, Message: "Juju holds what the spec asks for"}
}

func secretDeleting(seen SecretSeen) (Plan, bool) {
	if !seen.Want.Deleting {
		return Plan{}, false
	}
	ours := secretInModel(seen)
	if ours == nil {
		message := ""
		if maybe := seen.Candidate(); maybe != nil && !seen.Owned {
			message = fmt.Sprintf("left the secret %q (%s) in model %q: it may have been made for this object just before a "+
				"crash, but its content is not what the object asks for", maybe.Name, maybe.ID, seen.Model)
		}
		return letGo(seen.Record, message), true
	}
	plan := Plan{Before: seen.Record, After: seen.Record, Secret: ours, Verdict: Verdict{
		Reason:  v1alpha1.ReasonRemoving,
		Message: fmt.Sprintf("Juju has yet to remove the secret %q from model %q", ours.Name, seen.Model),
	}}
	if !ours.Removing {
		plan.Steps = []Step{Remove{ID: ours.ID}}
	}
	return plan, true
}

func secretUnready(seen SecretSeen) (Plan, bool) {
	plan := Plan{Before: seen.Record, After: seen.Record, Secret: seen.World.ByID}
	switch seen.Content.State {
	case content.Ready:
		return Plan{}, false
	case content.Missing:
		plan.Verdict = Verdict{Reason: v1alpha1.ReasonSourceNotFound, Message: seen.Content.Problem}
	case content.Invalid:
		plan.Verdict = Verdict{Reason: v1alpha1.ReasonContentInvalid, Message: seen.Content.Problem}
	default:
		plan.Verdict = Verdict{Reason: v1alpha1.ReasonFailed, Message: "nobody read the content"}
	}
	return plan, true
}

func secretOurs(seen SecretSeen) (Plan, bool) {
	ours := seen.World.ByID
	if seen.LastID == "" || ours == nil || ours.Removing {
		return Plan{}, false
	}
	return updateSecret(seen, ours), true
}

func secretRecovered(seen SecretSeen) (Plan, bool) {
	found := secretInModel(seen)
	if found == nil || found == seen.World.ByID {
		return Plan{}, false
	}
	return updateSecret(seen, found), true
}

// applied tells that Juju once held just what is asked for now. What is different since, somebody else did.
func (seen SecretSeen) applied() bool {
	return seen.SameSpec && seen.LastID != "" && seen.Digest != "" && seen.Digest == seen.LastDigest
}

// updateSecret makes a secret of ours what the spec says, and sends nothing that is so already: equal content would
// only add work for Juju, and on some versions a revision.
func updateSecret(seen SecretSeen, ours *UserSecret) Plan {
	record := seen.Record
	record.Held = true // Whoever replaced the object, as kubectl replace does, took the finalizer off.
	plan := Plan{Before: record, After: record, Secret: ours, Verdict: synced(), Digest: seen.Digest}
	if ours.Unsummed {
		plan.Verdict.Message += ". Before 3.6 Juju does not tell by a checksum what a secret holds: content that somebody " +
			"else changes is noticed by its revision"
	}
	change, changed := updateOf(seen, ours)
	if rival := seen.World.ByName; change.Name != nil && rival != nil && rival.ID != ours.ID {
		// The rename has to wait; a new password does not.
		plan.Verdict = nameTaken(seen, rival)
		change.Name = nil
		changed = change.Info != nil || change.Content != nil
	}
	if !changed {
		return plan
	}
	plan.Corrects = seen.applied()
	if plan.Corrects && seen.Want.ReportDrift {
		// The status goes on telling of the secret as it was in sync, or the difference would not be seen the next time.
		plan.Corrects, plan.Digest, plan.Secret = false, "", nil
		plan.Verdict = drifted(fmt.Sprintf("somebody changed %s of secret:%s in Juju", change.Parts(), ours.ID))
		return plan
	}
	if change.Content != nil && change.Content.Matches(ours.Checksum) {
		// Juju takes content of the checksum that it has for no change, so another content has to come between.
		detour := seen.Content.Content.With("restoring", "a revision that was removed")
		plan.Steps = append(plan.Steps, Update{ID: ours.ID, Content: &detour})
	}
	plan.Steps = append(plan.Steps, change)
	return plan
}

// updateOf is the update that makes a secret of ours what is asked for, if it is not.
func updateOf(seen SecretSeen, ours *UserSecret) (change Update, changed bool) {
	change.ID = ours.ID
	if ours.Name != seen.Want.Name {
		change.Name = &seen.Want.Name
	}
	if ours.Info != seen.Want.Info {
		change.Info = &seen.Want.Info
	}
	// After the latest revision was removed, Juju's latest is an older one, under the checksum of the one that is gone.
	lost := ours.RevisionGone || ours.ID == seen.LastID && ours.Revision < seen.LastRevision
	if lost || !holds(seen, ours) {
		change.Content = &seen.Content.Content
	}
	return change, change.Name != nil || change.Info != nil || change.Content != nil
}

// holds tells whether a secret of ours has the content that is asked for. Where Juju does not tell, it has what was last
// put there, as long as nobody made a revision.
func holds(seen SecretSeen, ours *UserSecret) bool {
	if !ours.Unsummed || ours.Checksum.Open() != "" {
		return ours.Holds(seen.Content.Content)
	}
	return ours.ID == seen.LastID && ours.Revision == seen.LastRevision && seen.Digest != "" && seen.Digest == seen.LastDigest
}

func drifted(what string) Verdict {
	return Verdict{
		Reason: v1alpha1.ReasonDrifted,
		Message: what + ", and driftPolicy is Report: change it back, change the manifest or a source, or set " +
			"driftPolicy: Correct",
	}
}

func secretRemoved(seen SecretSeen) (Plan, bool) {
	if !seen.applied() || !seen.Want.ReportDrift {
		return Plan{}, false
	}
	return Plan{
		Before: seen.Record, After: seen.Record,
		Verdict: drifted(fmt.Sprintf("somebody removed secret:%s from model %q", seen.LastID, seen.Model)),
	}, true
}

func secretDying(seen SecretSeen) (Plan, bool) {
	for _, found := range []*UserSecret{seen.World.ByName, seen.World.ByID} {
		if found != nil && found.Removing {
			return Plan{Before: seen.Record, After: seen.Record, Verdict: dying(seen, found)}, true
		}
	}
	return Plan{}, false
}

func dying(seen SecretSeen, former *UserSecret) Verdict {
	return Verdict{
		Reason:  v1alpha1.ReasonRemoving,
		Message: fmt.Sprintf("Juju has yet to remove the former secret %q from model %q", former.Name, seen.Model),
	}
}

func secretTaken(seen SecretSeen) (Plan, bool) {
	found := seen.World.ByName
	if found == nil {
		return Plan{}, false
	}
	record := seen.Record
	record.Creating = nil
	return Plan{Before: record, After: record, Verdict: nameTaken(seen, found)}, true
}

func nameTaken(seen SecretSeen, rival *UserSecret) Verdict {
	if rival.Removing {
		return dying(seen, rival)
	}
	return Verdict{
		Reason: v1alpha1.ReasonNameTaken,
		Message: fmt.Sprintf("model %q has a user secret called %q (%s) that this object did not make: "+
			"remove that secret, choose another spec.name, or reference it with managementPolicy: Observe",
			seen.Model, rival.Name, rival.ID),
	}
}

func createSecret(seen SecretSeen) Plan {
	record := Record{Held: true, Creating: &Creation{Name: seen.Want.Name, Replaces: seen.LastID}}
	// Once refused, nothing was created, and whoever makes a secret of that name from here on is somebody else. But an
	// earlier request for the same, whose end nobody knows, may be the reason for the refusal.
	refused := Record{Held: true}
	if seen.creationPending() && seen.Record.Creating.Name == seen.Want.Name {
		refused = record
	}
	return Plan{
		Before:    record,
		Refused:   refused,
		Steps:     []Step{Create{Name: seen.Want.Name, Info: seen.Want.Info, Content: seen.Content.Content}},
		After:     record,
		Verdict:   synced(),
		ModelUUID: seen.World.ModelUUID,
		Digest:    seen.Digest,
		Corrects:  seen.applied(),
	}
}
