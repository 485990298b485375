// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
)

// SecretFacts are all facts that a decision about one JujuSecret can depend on.
type SecretFacts struct {
	// Identity is the identity of the object.
	Identity Identity
	// Desired is the spec, with its defaults.
	Desired Desired
	// Model is the model of the secret.
	Model ModelRef
	// Content is the desired content, or its zero value if no content is
	// needed.
	Content content.Desired
	// Tenancy is whether the object may use its model.
	Tenancy Tenancy
	// Record is the record in the object.
	Record Record
	// ForeignKey is true when the object has a record that another key signed,
	// so that nothing is known of what it says.
	ForeignKey bool
	// RecordedController is the controller object that the record was written
	// for. It is empty without a record.
	RecordedController ControllerKey
	// LastID is the ID of the secret that the object owns, by its record.
	LastID string
	// LastModelUUID is the UUID of the model that the secret of LastID is in.
	LastModelUUID string
	// SeenModelUUID is the UUID of the model that the object was last in, by
	// the status. It is empty if the object has not seen its model.
	SeenModelUUID string
	// Adopted is true when the object adopted the secret of LastID.
	Adopted bool
	// Restored is true when the status does not say what was last written to
	// the secret of LastID, for example after a restore without the status.
	Restored bool
	// LastRevision is the latest revision of the secret of LastID when the
	// object was last reconciled.
	LastRevision int
	// LastAutoPrune is the last auto-prune setting that was sent to Juju, nil
	// if it is not known.
	LastAutoPrune *bool
	// Digest is the digest of Content, empty if there is none.
	Digest string
	// LastDigest is the digest of the content that was last written to Juju, by
	// the status.
	LastDigest string
	// HeldDigest is the digest of the content that Juju reports for the secret
	// of LastID. It is empty if that is not known, or if LastDigest was made
	// with another key.
	HeldDigest string
	// SinceUpdate is the time since this process last updated the content of
	// the secret of LastID, nil if it did not.
	SinceUpdate *time.Duration
	// SameSpec is true when the present generation of the spec was in sync
	// before.
	SameSpec bool
	// View is the view of the model. It is not requested unless
	// MayLookForSecret.
	View ModelView
	// Corrections are the corrections that this process made for the object.
	Corrections Corrections
	// Begun is the secret of the name in Record.Creating, if the spec has
	// another name.
	Begun *UserSecret
	// CandidateDigest is the digest of the Candidate's content, empty if there
	// is no Candidate or Juju does not report its checksum.
	CandidateDigest string
	// Competitors are the other JujuSecrets that own or ask for one of the
	// secrets that this object is about, the oldest first.
	Competitors []Competitor
}

// Desired is what a JujuSecret asks for.
type Desired struct {
	// ID is the ID of an existing secret, empty if the object identifies its
	// secret by name.
	ID string
	// Name can be empty if there is an ID. The secret then keeps its name.
	Name, Info string
	AutoPrune  bool
	// Observe is true when the object only observes the secret.
	Observe bool
	// Adopt is true when the object adopts an existing secret.
	Adopt bool
	// KeepContent is true when the content is written only to create the
	// secret.
	KeepContent bool
	// Deletion is the deletion policy, empty if the manifest has none.
	Deletion v1alpha1.DeletionPolicy
	// ReportDrift is true when manual changes in Juju are reported and not
	// reverted.
	ReportDrift bool
	// Suspended is true when nothing is done until the object is deleted.
	Suspended bool
	// Deleting is true when the object is being deleted.
	Deleting bool
	// Abandoned is true when a deletion releases the object without any change
	// in Juju.
	Abandoned bool
}

// ForSecret returns the plan for a JujuSecret. It is the plan of the first rule
// that applies, so the order of the rules is the policy.
func ForSecret(facts SecretFacts) Plan {
	plan := firstForSecret(facts)
	plan.Model, plan.Recorded = facts.Model, facts.Model
	controller := facts.Record.ControllerUUID
	if facts.arrived() {
		plan.ModelUUID = facts.View.ModelUUID
		controller = cmp.Or(facts.View.ControllerUUID, controller)
	} else {
		plan.Recorded.Controller = facts.RecordedController
	}
	for _, record := range []*Record{&plan.Before, &plan.After, &plan.Refused} {
		record.ControllerUUID = controller
	}
	if facts.mayOwn() && !facts.Desired.Deleting && !facts.Desired.Observe && plan.Owns != Nothing {
		// kubectl replace removes the finalizer.
		plan.Before.Held, plan.After.Held = true, true
	}
	if plan.Secret != nil && plan.Owns != Observed {
		plan.Owns = Own
		id := plan.Secret.ID
		if id == facts.LastID && facts.Adopted || id == facts.Record.Adopting || id == plan.After.Adopting {
			plan.Owns = Adopted
		}
	}
	return plan
}

type secretRule func(SecretFacts) (Plan, bool)

// secretRulesBeforeLooking returns the rules that need no view of the model. If
// one of them applies, Juju is not asked.
func secretRulesBeforeLooking() []secretRule {
	return []secretRule{
		secretApart,     // recorded for a controller object that cannot vouch for it: nothing
		secretReleased,  // deleting, nothing to remove in Juju: remove the finalizer
		secretSuspended, // suspended: nothing
		secretDenied,    // no tenancy: nothing; deleting: remove what was created for it
	}
}

// secretRules returns the rules that need a view of the model.
func secretRules() []secretRule {
	return []secretRule{
		secretMoved,    // another model than before, at another controller: report it
		secretUnseen,   // no view of the model: nothing; deleting, the model is gone: release
		secretObserved, // only observed: report it
		lostOwnership,  // an older object owns the same secret: release it
		secretDeleting, // deleting: remove the secret, and wait until Juju has removed it
		secretUnready,  // content missing or invalid: nothing
		secretOwned,    // its own secret: update it
		secretRemoving, // Juju is removing the secret of this name: wait
		secretRemoved,  // removed manually, and drift is only reported, or corrected later: report it
		ambiguousOwner, // its own or an older object's, not known yet: wait
		secretTaken,    // another object's, or not to be adopted: report it
		secretAdopted,  // not its own, and to be adopted: adopt it
		secretAbsent,   // no secret of the ID in the spec: report it
		secretAwaited,  // another object is about to create it: wait
	}
}

func firstForSecret(facts SecretFacts) Plan {
	for _, rule := range append(secretRulesBeforeLooking(), secretRules()...) {
		if plan, ok := rule(facts); ok {
			return plan
		}
	}
	return createSecret(facts)
}

// MayLookForSecret reports whether Juju can be asked on the object's behalf.
// The facts need no view of the model.
func MayLookForSecret(facts SecretFacts) bool {
	return !slices.ContainsFunc(secretRulesBeforeLooking(), func(rule secretRule) bool {
		_, applies := rule(facts)
		return applies
	})
}

// Query returns the query for the model.
func (facts SecretFacts) Query() Query {
	query := Query{
		ID:   cmp.Or(facts.recognised(), facts.LastID, facts.Record.Adopting, facts.Desired.ID),
		Name: facts.Desired.Name, ModelUUID: facts.formerUUID(),
	}
	if facts.Desired.Observe {
		query.ID = facts.Desired.ID
	}
	return query
}

func secretReleased(facts SecretFacts) (Plan, bool) {
	if !facts.Desired.Deleting {
		return Plan{}, false
	}
	left := "left " + facts.subject()
	switch {
	case !facts.Record.Held:
		return Plan{Condition: Condition{Reason: v1alpha1.ReasonRemoved}}, true
	case facts.Desired.Observe:
		return release(facts.Record, ""), true
	case !facts.mayOwn():
		return release(facts.Record, facts.unreadable()), true
	case facts.Desired.Abandoned:
		return release(facts.Record, left+ifExists+asAnnotated), true
	case facts.Desired.Deletion == v1alpha1.DeletionRetain:
		return release(facts.Record, left+asRetained), true
	case facts.Desired.Deletion == "" && facts.adopted():
		return release(facts.Record, left+asAdopted), true
	}
	return Plan{}, false
}

// The reasons why a secret or a grant is left in Juju.
const (
	asAdopted   = ": it was adopted, and deletionPolicy is not Delete"
	asRetained  = ": deletionPolicy is Retain"
	asAnnotated = ": the annotation " + v1alpha1.AnnotationAbandon + " is set"
)

// ifExists follows a secret that may not exist.
const ifExists = ", if it exists"

// mayOwn reports whether the object may own something in Juju.
func (facts SecretFacts) mayOwn() bool {
	return facts.LastID != "" || facts.Record.Creating != nil || facts.Record.Adopting != ""
}

// what returns the secret's name or ID for messages.
func (facts SecretFacts) what() string {
	if facts.Desired.Name == "" {
		return "secret:" + facts.Desired.ID
	}
	return fmt.Sprintf("the secret %q", facts.Desired.Name)
}

// subject returns the secret's name or ID, and its model, for messages.
func (facts SecretFacts) subject() string {
	return fmt.Sprintf("%s in model %q", facts.what(), facts.Model)
}

// unreadable returns the message about a record that another key signed, empty
// if there is none.
func (facts SecretFacts) unreadable() string {
	if !facts.ForeignKey {
		return ""
	}
	return "left " + facts.subject() + ifExists + ": the object's record was signed with another installation key"
}

// adopted reports whether the object adopted the secret that it owns.
func (facts SecretFacts) adopted() bool {
	if facts.LastID == "" {
		return facts.Record.Adopting != ""
	}
	return facts.Adopted && !facts.creationPending()
}

// release returns the plan that removes the finalizer and changes nothing in
// Juju. The message says what stays there.
func release(record Record, message string) Plan {
	return Plan{Before: record, Condition: Condition{Reason: v1alpha1.ReasonOrphaned, Message: message}}
}

func secretSuspended(facts SecretFacts) (Plan, bool) {
	return Plan{Before: facts.Record, After: facts.Record, Condition: Condition{
		Reason:  v1alpha1.ReasonSuspended,
		Message: "suspended: the operator reads and changes nothing in Juju until spec.suspend is false",
	}}, facts.Desired.Suspended && !facts.Desired.Deleting
}

func secretDenied(facts SecretFacts) (Plan, bool) {
	if facts.moved() && facts.Tenancy.Problem != nil {
		condition := *facts.Tenancy.Problem // The tenancy of the former controller object ends with the migration.
		condition.Message += "; " + facts.wayBack() + orAbandon(facts.Desired.Deleting, "the secret")
		return Plan{Before: facts.Record, After: facts.Record, Condition: condition}, true
	}
	leaving := facts.subject() + ", which was not created for this object"
	plan, applies := denied(facts.Tenancy, facts.Desired.Deleting, facts.created(), facts.Record, leaving)
	plan.Unapplied = applies && !facts.Desired.Deleting && facts.contentChanged()
	return plan, applies
}

// created reports whether the secret that the object owns was created for it.
// An adopted secret was not, whatever the manifest says now.
func (facts SecretFacts) created() bool {
	adopted := facts.Adopted || facts.LastID != "" && facts.LastID == facts.Record.Adopting
	return !adopted && (facts.LastID != "" || facts.creationPending())
}

// denied returns the plan of an object that may not use its model. A deletion
// still removes what the operator recorded as created for the object. An
// adopted secret stays, because the user chose it and it can belong to anyone.
// Without a controller object the deletion waits, because the tenancy is not
// known. If the model is not listed, the answer to a login decides.
func denied(tenancy Tenancy, deleting, made bool, record Record, leaving string) (Plan, bool) {
	switch {
	case tenancy.Problem == nil, deleting && tenancy.Unlisted:
		return Plan{}, false
	case deleting && tenancy.Problem.Reason == v1alpha1.ReasonTenantDenied:
		return release(record, fmt.Sprintf("left %s: %s", leaving, tenancy.Problem.Message)), !made
	}
	return Plan{Before: record, After: record, Condition: *tenancy.Problem}, true
}

func secretUnseen(facts SecretFacts) (Plan, bool) {
	plan, applies := unseen(facts.View, facts.subject(), facts.Desired.Deleting, facts.Record)
	plan.Unapplied = applies && !facts.Desired.Deleting && facts.contentChanged()
	return plan, applies
}

// contentChanged reports whether the desired content is not the content that
// was last written to Juju. It needs no view of the model. A content that is
// missing or invalid counts as changed.
func (facts SecretFacts) contentChanged() bool {
	if facts.Desired.Observe || facts.Desired.KeepContent && facts.LastID != "" {
		return false
	}
	return facts.Digest == "" || facts.Digest != facts.LastDigest
}

// unseen returns the plan of an object without a view of its model. Subject
// names the secret and the model. A deletion ends only if Juju answered that
// the model does not exist. A model that the user lost access to still has the
// secret and its grants.
func unseen(view ModelView, subject string, deleting bool, record Record) (Plan, bool) {
	switch {
	case view.Known:
		return Plan{}, false
	case view.Problem == nil:
		return Plan{Before: record, After: record, Condition: Condition{
			Reason: v1alpha1.ReasonFailed, Message: "the operator did not read " + subject,
		}}, true
	case deleting && view.Problem.Gone:
		left := "left what was created for this object, unless it was removed with its model: " + view.Problem.Message
		return release(record, left), true
	}
	return Plan{Before: record, After: record, Condition: unreadableModel(*view.Problem, subject)}, true
}

// unreadableModel returns the condition for a problem with a model. A failure
// names the secret that could not be read.
func unreadableModel(problem Problem, subject string) Condition {
	condition := problem.condition()
	if condition.Reason == v1alpha1.ReasonFailed {
		condition.Message = fmt.Sprintf("cannot read %s: %s", subject, condition.Message)
	}
	return condition
}

func secretObserved(facts SecretFacts) (Plan, bool) {
	if !facts.Desired.Observe {
		return Plan{}, false
	}
	found := facts.named()
	if found == nil || found.Removing {
		return Plan{Before: facts.Record, Owns: Nothing, Condition: absent(facts)}, true
	}
	return Plan{Before: facts.Record, Secret: found, Owns: Observed, Condition: synced()}, true
}

// named returns the secret that the spec identifies, also if another object
// owns it. It is nil if the model has none.
func (facts SecretFacts) named() *UserSecret {
	if id := facts.Desired.ID; id != "" {
		if found := facts.View.ByID; found != nil && found.ID == id {
			return found
		}
		return nil
	}
	return facts.View.ByName
}

// absent returns the condition for a secret that the model does not have.
func absent(facts SecretFacts) Condition {
	switch {
	case facts.View.CharmOwned:
		return charmOwned(facts.Desired.ID)
	case facts.Desired.ID != "":
		return Condition{
			Reason: v1alpha1.ReasonSecretIDNotFound,
			Message: noSuchID(facts.Model, facts.Desired.ID) +
				"spec.id cannot be changed, so create another JujuSecret with the right id, or with a name, and delete this one",
		}
	}
	return Condition{
		Reason: v1alpha1.ReasonSecretNotFound,
		Message: fmt.Sprintf("model %q has no user secret %q: the object is reconciled when it is added",
			facts.Model, facts.Desired.Name),
	}
}

// noSuchID returns the beginning of the message about an ID that the model does
// not have.
func noSuchID(model ModelRef, id string) string {
	return fmt.Sprintf(
		"model %q has no user secret with the ID %q, and Juju never reuses an ID: compare it with juju secrets; ",
		model, id,
	)
}

func charmOwned(id string) Condition {
	return Condition{
		Reason: v1alpha1.ReasonCharmOwned,
		Message: fmt.Sprintf(
			"a charm owns secret:%s, and only that charm can change, grant and remove it: name a user secret", id,
		),
	}
}

func synced() Condition {
	return Condition{Reason: v1alpha1.ReasonSynced, Message: "Juju holds what the spec asks for"}
}

func secretDeleting(facts SecretFacts) (Plan, bool) {
	if !facts.Desired.Deleting {
		return Plan{}, false
	}
	own := facts.own()
	if own == nil {
		message := ""
		if maybe := facts.Candidate(); maybe != nil && facts.owner(maybe.ID) == nil {
			message = fmt.Sprintf("left the secret %q (%s) in model %q: it may have been created for this object just before "+
				"a crash, but nothing proves it", maybe.Name, maybe.ID, facts.Model)
		}
		return release(facts.Record, message), true
	}
	// The secret exists again, after it was missing and another creation began.
	if facts.Desired.Deletion == "" && facts.Adopted && own.ID == facts.LastID {
		return release(facts.Record, "left "+facts.subject()+asAdopted), true
	}
	if facts.Tenancy.Problem != nil && !facts.created() { // The model is not listed, but a login succeeded.
		left := "left " + facts.subject() + ", which was not created for this object: "
		return release(facts.Record, left+facts.Tenancy.Problem.Message), true
	}
	plan := Plan{Before: facts.Record, After: facts.Record, Secret: own, Condition: Condition{
		Reason:  v1alpha1.ReasonRemoving,
		Message: fmt.Sprintf("waiting until Juju has removed the secret %q from model %q", own.Name, facts.Model),
	}}
	if !own.Removing {
		plan.Steps = []Step{Remove{ID: own.ID}}
	}
	return plan, true
}

func secretUnready(facts SecretFacts) (Plan, bool) {
	exists := facts.own() != nil || facts.Desired.Adopt && facts.named() != nil
	if facts.Desired.KeepContent && exists {
		return Plan{}, false
	}
	plan := Plan{Before: facts.Record, After: facts.Record}
	if found := facts.View.ByID; found != nil && found.ID == facts.LastID {
		plan.Secret = found
	}
	switch facts.Content.State {
	case content.Ready:
		return Plan{}, false
	case content.Missing:
		plan.Condition = Condition{Reason: v1alpha1.ReasonSourceNotFound, Message: facts.Content.Problem}
	case content.Invalid:
		plan.Condition = Condition{Reason: v1alpha1.ReasonInvalidContent, Message: facts.Content.Problem}
	default:
		plan.Condition = Condition{
			Reason:  v1alpha1.ReasonFailed,
			Message: fmt.Sprintf("the operator did not read the content of %s", facts.what()),
		}
	}
	return plan, true
}

func secretOwned(facts SecretFacts) (Plan, bool) {
	own := facts.own()
	if own == nil || own.Removing {
		return Plan{}, false
	}
	return updateSecret(facts, own), true
}

// applied reports whether Juju held exactly the desired state before. Every
// difference since then is a manual change.
func (facts SecretFacts) applied() bool {
	return facts.SameSpec && facts.LastID != "" &&
		(facts.Desired.KeepContent || facts.Digest != "" && facts.Digest == facts.LastDigest)
}

// updateSecret returns the plan that brings the object's own secret in line
// with the spec. It sends only what differs. Sending equal content adds load,
// and on some versions a revision.
func updateSecret(facts SecretFacts, own *UserSecret) Plan {
	plan := Plan{Before: facts.Record, After: facts.Record, Secret: own, Condition: synced(), Digest: facts.Digest}
	switch {
	case facts.Desired.KeepContent:
		plan.Digest, plan.KeepsContent = "", true // The status keeps the digest of what the operator wrote.
	case own.Unsummed:
		plan.Condition.Message += ". Before 3.6 Juju reports no checksum of the content: a manual change of the content " +
			"is detected by its revision"
	}
	change, changed := updateOf(facts, own)
	if condition, blocked := renameBlocked(facts, own); change.Name != nil && blocked {
		// The rename waits. New content does not.
		plan.Condition = condition
		change.Name = nil
		changed = change.Parts() != ""
	}
	if !changed {
		return plan
	}
	plan.Corrects = facts.applied()
	if plan.Corrects && facts.Desired.ReportDrift {
		// The status keeps the state that was in sync. Otherwise the next
		// reconciliation would not see the difference.
		plan.Corrects, plan.Digest, plan.Secret = false, "", nil
		plan.Condition = drifted(changedBy(change))
		return plan
	}
	if contest := facts.Corrections.contested(change.fields()); plan.Corrects && contest.left > 0 {
		plan.Corrects, plan.Digest, plan.Secret = false, "", nil
		plan.Condition, plan.Wait = contest.condition(changedBy(change), setReport), contest.left
		return plan
	}
	if wait := facts.untilUpdate(own); change.Content != nil && wait > 0 {
		// Everything else does not wait.
		change.Content = nil
		plan.Wait, plan.Condition, plan.Digest = wait, Condition{}, ""
		if change.Parts() == "" {
			plan.Corrects = false
			return plan
		}
	}
	if own == facts.Candidate() {
		creation := *facts.Record.Creating
		creation.ID = own.ID
		plan.Before.Creating, plan.After.Creating = &creation, &creation
	}
	if change.Content != nil && change.Content.Matches(own.Checksum) {
		// Juju ignores content with the checksum that it has, even if it is the
		// checksum of a removed revision.
		reencoded := change.Content.Reencoded()
		change.Content = &reencoded
	}
	plan.Steps = append(plan.Steps, change)
	return plan
}

// changedBy returns what another client did, for messages.
func changedBy(change Update) string {
	return fmt.Sprintf("another client changed %s of secret:%s in Juju", change.Parts(), change.ID)
}

// updateOf returns the update that brings the object's own secret in line with
// the spec. Changed is false if nothing differs.
func updateOf(facts SecretFacts, own *UserSecret) (change Update, changed bool) {
	change.ID = own.ID
	if facts.Desired.Name != "" && own.Name != facts.Desired.Name {
		change.Name = &facts.Desired.Name
	}
	if own.Info != facts.Desired.Info {
		change.Info = &facts.Desired.Info
	}
	if !facts.Desired.KeepContent && (facts.revisionLost(own) || !holds(facts, own)) {
		change.Content = &facts.Content.Content
	}
	if facts.prunesOtherwise(own) {
		change.AutoPrune = &facts.Desired.AutoPrune
	}
	return change, change.Parts() != ""
}

// updateInterval is the shortest time between two updates of the content of one
// secret. Changes within it are gathered into one revision.
const updateInterval = time.Second

// untilUpdate returns the time until the content of the object's own secret may
// be updated, 0 for now. The content of a secret with an unknown status does
// not wait, because the status must be written first.
func (facts SecretFacts) untilUpdate(own *UserSecret) time.Duration {
	if facts.SinceUpdate == nil || own.ID != facts.LastID || facts.Restored {
		return 0
	}
	return min(max(0, updateInterval-*facts.SinceUpdate), updateInterval)
}

// revisionLost reports whether the latest revision of the object's own secret
// was removed. Juju then lists an older revision as the latest, with the
// checksum of the removed one. The revision number is then lower than before.
// If the removed revision was never recorded, it is the same number with other
// content.
func (facts SecretFacts) revisionLost(own *UserSecret) bool {
	if own.RevisionGone || own.ID != facts.LastID {
		return own.RevisionGone
	}
	otherContent := facts.HeldDigest != "" && facts.LastDigest != "" && facts.HeldDigest != facts.LastDigest
	if otherContent && facts.Digest == facts.LastDigest && own.Holds(facts.Content.Content) {
		otherContent = false // It is the last content in its other encoding.
	}
	return own.Revision < facts.LastRevision || own.Revision == facts.LastRevision && otherContent
}

// prunesOtherwise reports whether the auto-prune setting has to be sent. Juju
// does not report the setting. While it is not known, a manual setting stays
// unless the manifest asks for auto-prune.
func (facts SecretFacts) prunesOtherwise(own *UserSecret) bool {
	if last := facts.LastAutoPrune; own.ID == facts.LastID && last != nil {
		return *last != facts.Desired.AutoPrune
	}
	return facts.Desired.AutoPrune
}

// holds reports whether the object's own secret has the desired content. If
// Juju does not report a checksum, it has the content that was last written, as
// long as there is no new revision.
func holds(facts SecretFacts, own *UserSecret) bool {
	if !own.Unsummed || own.Checksum.Open() != "" {
		return own.Holds(facts.Content.Content)
	}
	if own.ID != facts.LastID {
		return false
	}
	// A restore does not need a new revision.
	return facts.Restored || own.Revision == facts.LastRevision && facts.Digest != "" && facts.Digest == facts.LastDigest
}

func drifted(what string) Condition {
	return Condition{
		Reason: v1alpha1.ReasonDrifted,
		Message: what + ", and driftPolicy is Report: revert the change, change the manifest or a source, or set " +
			"driftPolicy: Correct",
	}
}

// setReport is what to do about drift that is not to be corrected.
const setReport = "remove the secret from Terraform, or set driftPolicy: Report"

func secretRemoved(facts SecretFacts) (Plan, bool) {
	if !facts.applied() || facts.modelReplaced() {
		return Plan{}, false
	}
	what := fmt.Sprintf("another client removed secret:%s from model %q", facts.LastID, facts.Model)
	plan := Plan{Before: facts.Record, After: facts.Record, Condition: drifted(what)}
	if !facts.Desired.ReportDrift {
		contest := facts.Corrections.contested([]string{fieldRemoval})
		plan.Condition, plan.Wait = contest.condition(what, setReport), contest.left
		return plan, contest.left > 0
	}
	return plan, true
}

// modelReplaced reports whether the model is not the one of LastID: it was
// removed and created again under its name. Its secrets were removed with it,
// which is not drift.
func (facts SecretFacts) modelReplaced() bool {
	return facts.LastModelUUID != "" && facts.View.Known && facts.View.ModelUUID != facts.LastModelUUID
}

func secretRemoving(facts SecretFacts) (Plan, bool) {
	for _, found := range []*UserSecret{facts.View.ByName, facts.View.ByID} {
		if found != nil && found.Removing {
			return Plan{Before: facts.Record, After: facts.Record, Condition: removalPending(facts, found)}, true
		}
	}
	return Plan{}, false
}

func removalPending(facts SecretFacts, former *UserSecret) Condition {
	return Condition{
		Reason:  v1alpha1.ReasonRemoving,
		Message: fmt.Sprintf("waiting until Juju has removed the former secret %q from model %q", former.Name, facts.Model),
	}
}

func createSecret(facts SecretFacts) Plan {
	creation := &Creation{Name: facts.Desired.Name, Replaces: facts.LastID, Digests: []string{facts.Digest}}
	record := Record{Held: true, Creating: creation, ModelUUID: facts.View.ModelUUID}
	// After a refusal nothing was created, and a secret of that name that
	// appears later is not the object's. An earlier request with an unknown
	// result may be the cause of the refusal.
	refused := Record{Held: true}
	if facts.creationPending() && facts.Record.Creating.Name == facts.Desired.Name {
		creation.Digests = union(creation.Digests, facts.Record.Creating.Digests)
		refused = record
	}
	plan := Plan{
		Before:    record,
		Refused:   refused,
		Steps:     []Step{Create{Name: facts.Desired.Name, Info: facts.Desired.Info, Content: facts.Content.Content}},
		After:     record,
		Condition: synced(),
		Owns:      Own,
		Digest:    facts.Digest,
		Corrects:  facts.applied() && !facts.modelReplaced(),
	}
	if facts.Desired.AutoPrune {
		// Juju accepts it only for an existing secret.
		plan.Steps = append(plan.Steps, Update{AutoPrune: &facts.Desired.AutoPrune})
	}
	return plan
}
