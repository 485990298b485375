// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
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
	// LastID is the ID of the secret that is the object's, by its status. One that it only observed is not.
	LastID string
	// LastProven tells that the operator itself noted LastID there, and not a person.
	LastProven bool
	// LastModelUUID is the UUID of the model that the secret of LastID is in.
	LastModelUUID string
	// Adopted tells that the object did not make the secret of LastID.
	Adopted bool
	// LastRevision is the latest revision that it had when it was last looked at.
	LastRevision int
	// LastAutoPrune is what Juju was last told of it, nil if nobody knows.
	LastAutoPrune *bool
	// Digest is that of Content, empty if there is none.
	Digest string
	// LastDigest is that of the content which was last put into Juju, by the status.
	LastDigest string
	// HeldDigest is that of what Juju says that the secret of LastID holds, empty if that is not known, or if LastDigest was made
	// with another key.
	HeldDigest string
	// SameSpec tells that Juju once held all that the spec as it is now says.
	SameSpec bool
	// World is what the model holds, not asked for unless MayLookForSecret.
	World World
	// BegunProven tells that the operator itself noted the creation in Record, and not a person.
	BegunProven bool
	// Begun is the secret of the name in Record.Creating, if that is another name than the spec's by now.
	Begun *UserSecret
	// CandidateDigest is that of what the Candidate holds, empty if there is none or Juju does not tell.
	CandidateDigest string
	// CandidateProof is what proves that the Candidate was recognised, see Creation.
	CandidateProof string
	// Rivals are the other JujuSecrets that have, or want, one of the secrets that this is about, the oldest first.
	Rivals []Rival
}

// SecretWant is what a JujuSecret asks for.
type SecretWant struct {
	// ID is that of a secret which is there already; empty if the object goes by the name.
	ID string
	// Name may be empty beside an ID: then the secret keeps the name that it has.
	Name, Info string
	AutoPrune  bool
	// Observe: only look.
	Observe bool
	// Adopt: take over a secret that somebody else made.
	Adopt bool
	// Deletion is what becomes of the secret when the object goes, empty if the manifest does not say.
	Deletion v1alpha1.DeletionPolicy
	// ReportDrift: tell of what somebody else changed, and leave it.
	ReportDrift bool
	// Suspended: do nothing until the object is deleted.
	Suspended bool
	// Deleting: the object is on its way out.
	Deleting bool
	// Abandoned: let go of everything in Juju then, unseen.
	Abandoned bool
}

// ForSecret decides what to do about a JujuSecret: the first rule that applies has the answer. Their order is the
// policy.
func ForSecret(seen SecretSeen) Plan {
	plan := firstForSecret(seen)
	plan.Model, plan.ModelUUID = seen.Model, seen.World.ModelUUID
	if seen.mayHave() && !seen.Want.Deleting && !seen.Want.Observe && !plan.Lost && !plan.Silent {
		plan.Before.Held, plan.After.Held = true, true // Whoever replaced the object, as kubectl replace does, took it off.
	}
	if plan.Secret != nil && !plan.Foreign {
		id := plan.Secret.ID
		plan.Adopted = id == seen.LastID && seen.Adopted || id == seen.Record.Adopting || id == plan.After.Adopting
	}
	return plan
}

func firstForSecret(seen SecretSeen) Plan {
	rules := []func(SecretSeen) (Plan, bool){
		secretElsewhere, // another installation of the operator has it: not a word
		secretReleased,  // deleting, and nothing in Juju to remove: let go without asking Juju
		secretSuspended, // nothing, until that is over
		secretDenied,    // no tenant, or no controller object: nothing; deleting: only what is provably its own
		secretUnseen,    // never act on what was not seen; deleting: a model that is gone took the secret with it
		secretObserved,  // somebody else's: tell what is there
		secretContested, // an older object has the same secret: leave it to that one
		secretDeleting,  // remove it, and wait until Juju has
		secretUnready,   // no content, or an invalid one: touch nothing
		secretOurs,      // make it what the spec says
		secretDying,     // the name still belongs to a secret that is being removed: wait
		secretRemoved,   // somebody else removed it, which is only to be told
		secretDisputed,  // ours or an older object's, which nobody can tell yet: wait
		secretTaken,     // another object's, or somebody else's and not to be adopted: leave it
		secretAdopted,   // somebody else's: take it over
		secretAbsent,    // named by its ID, and not there: nothing can be made of that ID
		secretAwaited,   // another object is about to make it: leave that to it
	}
	for _, rule := range rules {
		if plan, ok := rule(seen); ok {
			return plan
		}
	}
	return createSecret(seen)
}

// MayLookForSecret tells whether Juju may be asked anything on the object's behalf. World need not be filled in before.
func MayLookForSecret(seen SecretSeen) bool {
	_, released := secretReleased(seen)
	_, suspended := secretSuspended(seen)
	_, denied := secretDenied(seen)
	_, elsewhere := secretElsewhere(seen)
	return !elsewhere && !released && !suspended && !denied
}

func secretElsewhere(seen SecretSeen) (Plan, bool) {
	abandoned := seen.Want.Deleting && seen.Want.Abandoned // Which asks nobody anything, so that whoever sees it lets go.
	return Plan{Before: seen.Record, After: seen.Record, Silent: true}, seen.Tenancy.leftTo(seen.Record, abandoned)
}

// Query is what to look for in the model.
func (seen SecretSeen) Query() Query {
	query := Query{ID: cmp.Or(seen.recognised(), seen.LastID, seen.Record.Adopting, seen.Want.ID), Name: seen.Want.Name}
	if seen.Want.Observe {
		query.ID = seen.Want.ID
	}
	return query
}

func secretReleased(seen SecretSeen) (Plan, bool) {
	if !seen.Want.Deleting {
		return Plan{}, false
	}
	left := fmt.Sprintf("left %s in model %q", seen.what(), seen.Model)
	switch {
	case !seen.Record.Held:
		return Plan{Verdict: Verdict{Reason: v1alpha1.ReasonRemoved}}, true
	case seen.Want.Observe, !seen.mayHave():
		return letGo(seen.Record, ""), true
	case seen.Want.Abandoned:
		return letGo(seen.Record, left+", should it be there, as the annotation "+v1alpha1.AnnotationAbandon+" says"), true
	case seen.Want.Deletion == v1alpha1.DeletionRetain:
		return letGo(seen.Record, left+", as deletionPolicy: Retain says"), true
	case seen.Want.Deletion == "" && seen.adopted():
		return letGo(seen.Record, left+asAdopted), true
	}
	return Plan{}, false
}

// asAdopted is why a secret is left that somebody else made.
const asAdopted = ", as it was adopted and deletionPolicy does not say Delete"

// mayHave tells that something in Juju may be the object's.
func (seen SecretSeen) mayHave() bool {
	return seen.LastID != "" || seen.Record.Creating != nil || seen.Record.Adopting != ""
}

// what names the secret, for messages.
func (seen SecretSeen) what() string {
	if seen.Want.Name == "" {
		return "secret:" + seen.Want.ID
	}
	return fmt.Sprintf("the secret %q", seen.Want.Name)
}

// adopted tells that somebody else made what is the object's.
func (seen SecretSeen) adopted() bool {
	if seen.LastID == "" {
		return seen.Record.Adopting != ""
	}
	return seen.Adopted && !seen.creationPending()
}

// letGo drops the finalizer and touches nothing in Juju. The message tells what stays there.
func letGo(record Record, message string) Plan {
	return Plan{Before: record, Verdict: Verdict{Reason: v1alpha1.ReasonLetGo, Message: message}}
}

func secretSuspended(seen SecretSeen) (Plan, bool) {
	return Plan{Before: seen.Record, After: seen.Record, Verdict: Verdict{
		Reason:  v1alpha1.ReasonSuspended,
		Message: "suspended: nothing is looked at or changed in Juju until spec.suspend is false",
	}}, seen.Want.Suspended && !seen.Want.Deleting
}

func secretDenied(seen SecretSeen) (Plan, bool) {
	return denied(seen.Tenancy, seen.Want.Deleting, seen.proven(), seen.Record, fmt.Sprintf("%s in model %q", seen.what(), seen.Model))
}

// proven tells that what is the object's is proven to be made for it. All that is compared with the model has to be, or a person's
// guesses would be answered. What was adopted somebody else made, whatever the manifest says of it by now.
func (seen SecretSeen) proven() bool {
	return !seen.Adopted && (seen.LastID == "" || seen.LastProven) && (!seen.creationPending() || seen.BegunProven) &&
		(seen.LastID != "" || seen.creationPending())
}

// denied is the plan of an object that may not use its model. While it is deleted, what the operator itself noted as its own is
// removed all the same; what a person may have written there stays, since that could be anybody's. Without a controller object
// nobody can tell, so that is waited for.
func denied(tenancy Tenancy, deleting, proven bool, record Record, leaving string) (Plan, bool) {
	switch {
	case tenancy.Verdict == nil:
		return Plan{}, false
	case deleting && tenancy.Verdict.Reason == v1alpha1.ReasonTenantDenied:
		return letGo(record, fmt.Sprintf("left %s, as nothing proves it to be this object's: %s", leaving, tenancy.Verdict.Message)), !proven
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
	found := seen.named()
	if found == nil || found.Removing {
		return Plan{Before: seen.Record, Lost: true, Verdict: absent(seen)}, true
	}
	return Plan{Before: seen.Record, Secret: found, Foreign: true, Verdict: synced()}, true
}

// named is the secret that the spec names, whosever it is; nil if the model has none.
func (seen SecretSeen) named() *UserSecret {
	if id := seen.Want.ID; id != "" {
		if found := seen.World.ByID; found != nil && found.ID == id {
			return found
		}
		return nil
	}
	return seen.World.ByName
}

// absent tells that there is no secret as the spec names it.
func absent(seen SecretSeen) Verdict {
	switch {
	case seen.World.CharmOwned:
		return charmOwned(seen.Want.ID)
	case seen.Want.ID != "":
		return Verdict{
			Reason: v1alpha1.ReasonSecretNotFound,
			Message: fmt.Sprintf("model %q has no user secret with the ID %q: as spec.id cannot be changed, delete this object and "+
				"apply it with another id, or with a name", seen.Model, seen.Want.ID),
		}
	}
	return Verdict{
		Reason: v1alpha1.ReasonSecretNotFound,
		Message: fmt.Sprintf("model %q has no user secret called %q: it is taken up when somebody adds it",
			seen.Model, seen.Want.Name),
	}
}

func charmOwned(id string) Verdict {
	return Verdict{
		Reason:  v1alpha1.ReasonCharmOwned,
		Message: fmt.Sprintf("secret:%s belongs to a charm, which alone may change, grant and remove it: name a user secret", id),
	}
}

func synced() Verdict {
	return Verdict{Reason: v1alpha1.ReasonSynced, Message: "Juju holds what the spec asks for"}
}

func secretDeleting(seen SecretSeen) (Plan, bool) {
	if !seen.Want.Deleting {
		return Plan{}, false
	}
	ours := seen.ours()
	if ours == nil {
		message := ""
		if maybe := seen.Candidate(); maybe != nil && seen.holder(maybe.ID) == nil {
			message = fmt.Sprintf("left the secret %q (%s) in model %q: it may have been made for this object just before a "+
				"crash, but nothing proves it", maybe.Name, maybe.ID, seen.Model)
		}
		return letGo(seen.Record, message), true
	}
	// One that is there again, after it was thought to be gone and another was begun in its place.
	if seen.Want.Deletion == "" && seen.Adopted && ours.ID == seen.LastID {
		return letGo(seen.Record, fmt.Sprintf("left %s in model %q", seen.what(), seen.Model)+asAdopted), true
	}
	plan := Plan{Before: seen.Record, After: seen.Record, Secret: ours, Verdict: Verdict{
		Reason:  v1alpha1.ReasonRemoving,
		Message: fmt.Sprintf("Juju has yet to remove the secret %q from model %q", ours.Name, seen.Model),
	}}
	if !ours.Removing {
		plan.Steps, plan.Proven = []Step{Remove{ID: ours.ID}}, seen.proven()
	}
	return plan, true
}

func secretUnready(seen SecretSeen) (Plan, bool) {
	plan := Plan{Before: seen.Record, After: seen.Record}
	if found := seen.World.ByID; found != nil && found.ID == seen.LastID {
		plan.Secret = found
	}
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
	ours := seen.ours()
	if ours == nil || ours.Removing {
		return Plan{}, false
	}
	return updateSecret(seen, ours), true
}

// applied tells that Juju once held just what is asked for now. What is different since, somebody else did.
func (seen SecretSeen) applied() bool {
	return seen.SameSpec && seen.LastID != "" && seen.Digest != "" && seen.Digest == seen.LastDigest
}

// updateSecret makes a secret of ours what the spec says, and sends nothing that is so already: equal content would
// only add work for Juju, and on some versions a revision.
func updateSecret(seen SecretSeen, ours *UserSecret) Plan {
	plan := Plan{Before: seen.Record, After: seen.Record, Secret: ours, Verdict: synced(), Digest: seen.Digest}
	if ours.Unsummed {
		plan.Verdict.Message += ". Before 3.6 Juju does not tell by a checksum what a secret holds: content that somebody " +
			"else changes is noticed by its revision"
	}
	change, changed := updateOf(seen, ours)
	if verdict, taken := renameBlocked(seen, ours); change.Name != nil && taken {
		// The rename has to wait; a new password does not.
		plan.Verdict = verdict
		change.Name = nil
		changed = change.Info != nil || change.Content != nil || change.AutoPrune != nil
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
	if ours == seen.Candidate() {
		creation := *seen.Record.Creating
		creation.ID, creation.Proof = ours.ID, seen.CandidateProof
		plan.Before.Creating, plan.After.Creating = &creation, &creation
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
	if seen.Want.Name != "" && ours.Name != seen.Want.Name {
		change.Name = &seen.Want.Name
	}
	if ours.Info != seen.Want.Info {
		change.Info = &seen.Want.Info
	}
	if seen.revisionLost(ours) || !holds(seen, ours) {
		change.Content = &seen.Content.Content
	}
	if seen.prunesOtherwise(ours) {
		change.AutoPrune = &seen.Want.AutoPrune
	}
	return change, change.Name != nil || change.Info != nil || change.Content != nil || change.AutoPrune != nil
}

// revisionLost tells that the latest revision of a secret of ours was removed. Juju's latest is then an older one, under the
// checksum of the one that is gone: a number that went back, or, if that one was never noted, another content under the number
// that was.
func (seen SecretSeen) revisionLost(ours *UserSecret) bool {
	if ours.RevisionGone || ours.ID != seen.LastID {
		return ours.RevisionGone
	}
	otherContent := seen.HeldDigest != "" && seen.LastDigest != "" && seen.HeldDigest != seen.LastDigest
	return ours.Revision < seen.LastRevision || ours.Revision == seen.LastRevision && otherContent
}

// prunesOtherwise tells whether Juju has to be told of auto-prune. It does not tell what it was told last. While nobody knows,
// what somebody may have chosen stays, unless the manifest asks for it.
func (seen SecretSeen) prunesOtherwise(ours *UserSecret) bool {
	if last := seen.LastAutoPrune; ours.ID == seen.LastID && last != nil {
		return *last != seen.Want.AutoPrune
	}
	return seen.Want.AutoPrune
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
	if !seen.applied() || !seen.Want.ReportDrift || seen.modelReplaced() {
		return Plan{}, false
	}
	return Plan{
		Before: seen.Record, After: seen.Record,
		Verdict: drifted(fmt.Sprintf("somebody removed secret:%s from model %q", seen.LastID, seen.Model)),
	}, true
}

// modelReplaced tells that the model is another one than that of LastID: it was removed, and made again under its name. What was
// in it went with it, which is not a change of the secret.
func (seen SecretSeen) modelReplaced() bool {
	return seen.LastModelUUID != "" && seen.World.Known && seen.World.ModelUUID != seen.LastModelUUID
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

func createSecret(seen SecretSeen) Plan {
	creation := &Creation{Name: seen.Want.Name, Replaces: seen.LastID, Digests: []string{seen.Digest}}
	record := Record{Held: true, Creating: creation}
	// Once refused, nothing was created, and whoever makes a secret of that name from here on is somebody else. But an
	// earlier request for the same, whose end nobody knows, may be the reason for the refusal.
	refused := Record{Held: true}
	if seen.creationPending() && seen.Record.Creating.Name == seen.Want.Name {
		creation.Digests = union(creation.Digests, seen.Record.Creating.Digests)
		refused = record
	}
	plan := Plan{
		Before:   record,
		Refused:  refused,
		Steps:    []Step{Create{Name: seen.Want.Name, Info: seen.Want.Info, Content: seen.Content.Content}},
		After:    record,
		Verdict:  synced(),
		Digest:   seen.Digest,
		Corrects: seen.applied() && !seen.modelReplaced(),
	}
	if seen.Want.AutoPrune {
		plan.Steps = append(plan.Steps, Update{AutoPrune: &seen.Want.AutoPrune}) // Juju takes it only afterwards.
	}
	return plan
}
