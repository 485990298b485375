// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// AccessFacts are all facts that a decision about one JujuSecretAccess can
// depend on.
type AccessFacts struct {
	// Applications are the applications of the spec.
	Applications []string
	// Options are the options of these applications in the spec.
	Options []OptionSetting
	// Adopt is true when the object takes over grants that exist.
	Adopt bool
	// Exclusive is true when grants to applications that no access lists are
	// revoked.
	Exclusive bool
	// Retain is true when a deletion leaves the grants in Juju.
	Retain bool
	// Deleting is true when the object is being deleted.
	Deleting bool
	// Abandoned is true when a deletion releases the object without any change
	// in Juju.
	Abandoned bool
	// Target is the secret to grant.
	Target Target
	// Tenancy is whether the object may use the secret's model.
	Tenancy Tenancy
	// Record is the record in the object.
	Record Record
	// LastID is the ID of the secret in the status, empty if there is none.
	LastID string
	// ForeignKey is true when the object has a record that another key signed,
	// so that nothing is known of what it says.
	ForeignKey bool
	// WantedByOthers are the applications that other JujuSecretAccesses want
	// granted on the same secret, or on the former secret if there is one.
	WantedByOthers []string
	// GrantedByOthers are the applications that other JujuSecretAccesses
	// granted, or are about to grant.
	GrantedByOthers []string
	// AdoptedByOthers are the applications in GrantedByOthers that none of them
	// granted: their grants existed before, as far as is known.
	AdoptedByOthers []string
	// ListedByOthers are the applications that other accesses list or granted,
	// whatever their state is. LeavingByOthers are the applications that were
	// granted by others that are being deleted. Both are gathered for the target
	// only, and only if Juju has further grants or Exclusive is true.
	ListedByOthers, LeavingByOthers []string
	// ExclusiveBefore is the exclusive access that was created first, if it is
	// another one: namespace/name, empty if there is none.
	ExclusiveBefore string
	// UnlistedFor is how long all applications of Unlisted have been known.
	UnlistedFor time.Duration
	// LastGranted are the applications that had access to the target when the
	// object was last reconciled, by its status.
	LastGranted []string
	// LastNamed are the options that named the target when the object was last
	// reconciled, by its status.
	LastNamed []AppOption
	// OptionOwners are the options that another access has, with its name.
	OptionOwners map[AppOption]string
	// Corrections are the corrections that this process made for the object.
	Corrections Corrections
	// View is the view of the model. It is not requested unless
	// MayLookForAccess.
	View ModelView
	// LastModelUUID is the UUID of the model in the record, empty if it is not
	// known.
	LastModelUUID string
	// FormerTenancy is whether the object may clean up in the model of the
	// record. FormerView is the view of FormerID in that model. Both are zero
	// without a FormerID. The view is not requested unless MayLookForFormer.
	FormerTenancy Tenancy
	FormerView    ModelView
}

// FormerID returns the ID of the secret in the record if it is known to differ
// from the target, otherwise the empty string.
func (facts AccessFacts) FormerID() string {
	same := facts.Secret() != nil && facts.Secret().ID == facts.Record.SecretID &&
		Carries(facts.Record.Model.Controller, facts.Target.Model.Controller)
	if !facts.View.Known || facts.Deleting || same || !facts.arrived() {
		return ""
	}
	return facts.Record.SecretID
}

// MayLookForFormer reports whether Juju can be asked for the secret of
// FormerID.
func (facts AccessFacts) MayLookForFormer() bool {
	return facts.FormerID() != "" && (facts.FormerTenancy.Problem == nil || facts.FormerTenancy.Unlisted)
}

// Former returns the secret that the object granted before, nil if there is
// none, or if the object may not revoke its grants.
func (facts AccessFacts) Former() *UserSecret {
	if facts.FormerTenancy.Problem != nil {
		return nil
	}
	return facts.FormerView.ByID
}

// Target is the secret of a JujuSecretAccess.
type Target struct {
	Model ModelRef
	Query Query
	// JujuSecret is the name of the JujuSecret with this secret in its status.
	// It is empty if the spec identifies the secret itself.
	JujuSecret string
	// Unnamed is true when the object is being deleted, and its JujuSecret does
	// not exist or has another secret. Nothing then names the controller object
	// of a migrated model.
	Unnamed bool
	// Problem is why the secret is not known yet, nil if it is known.
	Problem *Condition
	// Wait is how long to wait for the JujuSecret before the problem is
	// reported, 0 to report it now.
	Wait time.Duration
}

// subject returns the secret's name or ID, and its model, for messages.
func (t Target) subject() string {
	if t.Query.ID != "" {
		return fmt.Sprintf("secret:%s in model %q", t.Query.ID, t.Model)
	}
	return fmt.Sprintf("the secret %q in model %q", t.Query.Name, t.Model)
}

// newSecretWait is how long a new access waits for a JujuSecret that does not
// exist. Both are often created together. Until the JujuSecret exists, it is
// not known which installation of the operator serves the access.
const newSecretWait = 2 * time.Second

// MissingSecret returns the target of an access with a JujuSecret that does not
// exist. Reported is true when the access has a condition. The installation
// that served it last, through the controller object of its status, continues
// to serve it.
func MissingSecret(jujuSecret string, last ControllerKey, age time.Duration, reported bool) Target {
	target := notReady(jujuSecret)
	target.Model.Controller = last
	if !reported {
		target.Wait = max(0, newSecretWait-age)
	}
	return target
}

// UnreadySecret returns the target of an access with a JujuSecret that has no
// secret in Juju. IsNew is true when the JujuSecret has no condition yet. The
// access then waits, because the first condition of the JujuSecret wakes it.
func UnreadySecret(jujuSecret string, model ModelRef, isNew bool) Target {
	target := notReady(jujuSecret)
	target.Model = model
	if isNew {
		target.Wait = MaxResync
	}
	return target
}

func notReady(jujuSecret string) Target {
	return Target{Problem: &Condition{
		Reason:  v1alpha1.ReasonJujuSecretNotReady,
		Message: fmt.Sprintf("JujuSecret %q does not exist, or has no secret in Juju yet: check its status", jujuSecret),
	}}
}

// ForAccess returns the plan for a JujuSecretAccess. It is the plan of the
// first rule that applies.
func ForAccess(facts AccessFacts) Plan {
	plan := firstForAccess(facts)
	if facts.arrived() {
		plan.ModelUUID = facts.View.ModelUUID
	}
	if plan.Model == (ModelRef{}) {
		plan.Model = facts.Target.Model
	}
	return plan
}

type accessRule func(AccessFacts) (Plan, bool)

// accessRulesBeforeLooking returns the rules that need no view of the model. If
// one of them applies, Juju is not asked.
func accessRulesBeforeLooking() []accessRule {
	return []accessRule{
		accessReleased,      // deleting, nothing to revoke in Juju: remove the finalizer
		accessTargetUnready, // the secret is not known yet: wait
		accessDenied,        // no tenancy: nothing; deleting: revoke what was granted for it
	}
}

// accessRules returns the rules that need a view of the model.
func accessRules() []accessRule {
	return []accessRule{
		accessElsewhere,    // another model than before, at another controller: report it
		accessUnseen,       // no view of the model: nothing; deleting, the model is gone: release
		accessFormerUnseen, // the grants on the former secret cannot be revoked yet: wait
		accessMoved,        // the secret is not the one that was granted: revoke the former grants first
		accessSecretGone,   // no such secret: report it; deleting: release
		accessDeleting,     // deleting: revoke what this object granted
		accessUnlistedNew,  // exclusive, and a grant that no object lists is new: wait
	}
}

func firstForAccess(facts AccessFacts) Plan {
	for _, rule := range append(accessRulesBeforeLooking(), accessRules()...) {
		if plan, ok := rule(facts); ok {
			return plan
		}
	}
	return grantAccess(facts)
}

// MayLookForAccess reports whether Juju can be asked on the object's behalf.
// The facts need no view of the model.
func MayLookForAccess(facts AccessFacts) bool {
	return !slices.ContainsFunc(accessRulesBeforeLooking(), func(rule accessRule) bool {
		_, applies := rule(facts)
		return applies
	})
}

func accessReleased(facts AccessFacts) (Plan, bool) {
	if !facts.Deleting {
		return Plan{}, false
	}
	left := "left " + facts.Record.made()
	switch {
	case !facts.Record.Held:
		return Plan{Condition: Condition{Reason: v1alpha1.ReasonRevoked}}, true
	case len(facts.Record.Granted) == 0 && len(facts.Record.Options) == 0:
		left := ""
		if facts.ForeignKey {
			left = "left the grants that were made for this object: its record was signed with another installation key"
		}
		return release(facts.Record, left), true
	case facts.Abandoned:
		return release(facts.Record, left+asAnnotated), true
	case facts.Retain:
		return release(facts.Record, left+asRetained), true
	}
	return Plan{}, false
}

// made returns the grants and options of a record for messages.
func (r Record) made() string {
	var parts []string
	if len(r.Granted) > 0 {
		parts = append(parts, fmt.Sprintf("the grants of secret:%s to %s", r.SecretID, strings.Join(r.Granted, ", ")))
	}
	if len(r.Options) > 0 {
		parts = append(parts, fmt.Sprintf("the options %s, which name secret:%s",
			strings.Join(keysOf(r.Options), ", "), r.SecretID))
	}
	return fmt.Sprintf("%s in model %q", strings.Join(parts, " and "), r.Model)
}

func accessTargetUnready(facts AccessFacts) (Plan, bool) {
	if facts.Target.Problem == nil {
		return Plan{}, false
	}
	plan := Plan{Before: facts.Record, After: facts.Record}
	if facts.Target.Wait == 0 {
		plan.Condition = *facts.Target.Problem
	}
	return plan, true
}

func accessDenied(facts AccessFacts) (Plan, bool) {
	if facts.Moved() && facts.Tenancy.Problem != nil {
		condition := *facts.Tenancy.Problem
		condition.Message += "; " + facts.wayBack() + orAbandon(facts.Deleting, "the grants")
		return Plan{Before: facts.Record, After: facts.Record, Condition: condition}, true
	}
	made := len(facts.Record.Adopted) < len(facts.Record.Granted) || len(facts.Record.Options) > 0
	return denied(facts.Tenancy, facts.Deleting, made, facts.Record, facts.adoptedGrants(facts.Record.Granted))
}

func accessUnseen(facts AccessFacts) (Plan, bool) {
	plan, applies := unseen(facts.View, facts.Target.subject(), facts.Deleting, facts.Record)
	if applies && facts.Target.Unnamed && plan.Condition.Reason == v1alpha1.ReasonModelMigrated {
		plan.Condition.Message += "; this object has no controllerRef: create a controller object for that Juju " +
			"controller, and the operator revokes the grants there" + orAbandon(true, "the grants")
	}
	id := facts.Target.Query.ID
	plan.Unapplied = applies && !facts.Deleting && id != "" && id != facts.LastID
	return plan, applies
}

// accessFormerUnseen waits until the grants on the former secret can be
// revoked. A plan for the new secret would drop these grants from the record.
// Like a deletion, it does not wait after the tenancy has ended or the model
// was removed.
func accessFormerUnseen(facts AccessFacts) (Plan, bool) {
	plan := Plan{Before: facts.Record, After: facts.Record, Unapplied: true}
	switch problem := facts.FormerTenancy.Problem; {
	case facts.FormerTenancy.Unlisted: // The answer to a login decides.
	case problem != nil && problem.Reason == v1alpha1.ReasonTenantDenied:
		return Plan{}, false
	case problem != nil:
		plan.Condition = *problem
		return plan, true
	}
	if former := facts.FormerModel(); facts.formerElsewhere() {
		back := wayBack(former.Controller, former, facts.Record)
		plan.Condition = elsewhere(former, facts.LastModelUUID, back, facts.FormerView)
		return plan, true
	}
	problem := facts.FormerView.Problem
	if problem == nil || problem.Gone {
		return Plan{}, false
	}
	plan.Condition = unreadableModel(
		*problem, fmt.Sprintf("secret:%s in model %q", facts.Record.SecretID, facts.FormerModel()),
	)
	return plan, true
}

// Secret returns the user secret to grant, nil if the model has none, or is
// removing it.
func (facts AccessFacts) Secret() *UserSecret {
	found := facts.View.ByID
	if facts.Target.Query.ID == "" {
		found = facts.View.ByName
	}
	if found == nil || found.Removing {
		return nil
	}
	return found
}

func accessMoved(facts AccessFacts) (Plan, bool) {
	former := facts.Former()
	if former == nil || former.Removing {
		return facts.leaveModel()
	}
	reset, _, unread := facts.resetRecorded(facts.FormerView)
	unresettable := facts.unresettable(facts.FormerView, facts.Record.Granted)
	surplus := slices.DeleteFunc(slices.Clone(facts.Record.Granted), func(app string) bool {
		taken := slices.Contains(facts.WantedByOthers, app) && slices.Contains(facts.GrantedByOthers, app)
		return taken || !slices.Contains(former.Granted, app) || slices.Contains(unresettable, app)
	})
	before := facts.Record
	before.Held = true // kubectl replace removes the finalizer.
	plan := Plan{
		Model:  facts.FormerModel(),
		Before: before,
		After:  Record{Held: true},
		Steps:  reset,
		Condition: Condition{
			Reason:  v1alpha1.ReasonTransferringGrants,
			Message: fmt.Sprintf("moving the grants from the former secret:%s to the present secret", former.ID),
		},
	}
	if unread != nil {
		plan.After, plan.Condition = before, unread.condition()
	}
	if len(surplus) > 0 {
		plan.Steps = append(plan.Steps, Revoke{ID: former.ID, Applications: surplus})
	}
	return plan, true
}

// leaveModel resets the options in the model of a former secret that no longer
// exists, if the present secret is in another model. In the same model, the
// options are set to the present secret without a reset.
func (facts AccessFacts) leaveModel() (Plan, bool) {
	view := facts.FormerView
	if !view.Known || view.ModelUUID == facts.View.ModelUUID {
		return Plan{}, false
	}
	reset, _, _ := facts.resetRecorded(view)
	if len(reset) == 0 {
		return Plan{}, false
	}
	return Plan{
		Model: facts.FormerModel(), Before: facts.Record, After: Record{Held: true}, Steps: reset,
		Condition: Condition{
			Reason:  v1alpha1.ReasonTransferringGrants,
			Message: fmt.Sprintf("resetting the options that name the former secret:%s", facts.Record.SecretID),
		},
	}, true
}

func accessSecretGone(facts AccessFacts) (Plan, bool) {
	switch {
	case facts.Secret() != nil:
		return Plan{}, false
	case facts.Deleting:
		plan := release(facts.Record, "")
		return facts.addReset(plan), true
	}
	return Plan{Before: facts.Record, After: facts.Record, Owns: Nothing, Condition: facts.noSecret()}, true
}

// noSecret returns the condition for a secret that the model does not have.
// Only the ID of a JujuSecret can become another one without a change of the
// spec.
func (facts AccessFacts) noSecret() Condition {
	model, id := facts.Target.Model, facts.Target.Query.ID
	switch {
	case facts.View.CharmOwned:
		return charmOwned(id)
	case id == "":
		return Condition{
			Reason: v1alpha1.ReasonSecretNotFound,
			Message: fmt.Sprintf(
				"model %q has no user secret %q: it is granted when it is added", model, facts.Target.Query.Name,
			),
		}
	case facts.Target.JujuSecret != "":
		return Condition{
			Reason: v1alpha1.ReasonSecretNotFound,
			Message: fmt.Sprintf("model %q has no user secret with the ID %q: waiting for JujuSecret %q to create it again, "+
				"check its status", model, id, facts.Target.JujuSecret),
		}
	}
	return Condition{
		Reason: v1alpha1.ReasonSecretIDNotFound,
		Message: noSuchID(model, id) +
			"spec.secret cannot be changed, so create another JujuSecretAccess with the right id, or with a name, and delete " +
			"this one",
	}
}

// MissesID reports whether the model has no secret with the ID in the spec. The
// decision then needs a view of the model that is newer than the object.
func (facts AccessFacts) MissesID() bool {
	return facts.View.Known && facts.Target.Query.ID != "" && facts.Target.JujuSecret == "" && !facts.Deleting &&
		facts.View.ByID == nil
}

func accessDeleting(facts AccessFacts) (Plan, bool) {
	if !facts.Deleting {
		return Plan{}, false
	}
	secret := facts.Secret()
	plan := Plan{Before: facts.Record, Secret: secret, Condition: Condition{Reason: v1alpha1.ReasonRevoked}}
	surplus, left := surplusGrants(facts, secret), []string(nil)
	if facts.Tenancy.Problem != nil {
		surplus, left = facts.Record.split(surplus) // Like an adopted secret, an adopted grant stays.
	}
	if moving := transferring(facts, secret); len(moving) > 0 {
		plan.After = recordOfGrants(facts, secret, union(moving, left), facts.Record.Adopted, nil)
		plan.Condition = Condition{
			Reason: v1alpha1.ReasonTransferringGrants,
			Message: fmt.Sprintf("waiting until another JujuSecretAccess has taken over the grants to %s",
				strings.Join(moving, ", ")),
		}
	} else if len(left) > 0 {
		message := fmt.Sprintf("left %s: %s", facts.adoptedGrants(left), facts.Tenancy.Problem.Message)
		plan.Condition = Condition{Reason: v1alpha1.ReasonOrphaned, Message: message}
	}
	if _, adopted := facts.Record.split(surplus); len(adopted) > 0 {
		plan.Owns = Adopted
	}
	if len(surplus) > 0 {
		plan.Steps = []Step{Revoke{ID: secret.ID, Applications: surplus}}
	}
	return facts.addReset(plan), true
}

// adoptedGrants returns a description of adopted grants for messages.
func (facts AccessFacts) adoptedGrants(apps []string) string {
	return fmt.Sprintf("the grants of secret:%s to %s in model %q, which were not made for this object",
		facts.Record.SecretID, strings.Join(apps, ", "), facts.Target.Model)
}

// split divides applications into the ones that the object granted the secret
// and the ones with an adopted grant.
func (r Record) split(apps []string) (made, adopted []string) {
	for _, app := range apps {
		if slices.Contains(r.Adopted, app) {
			adopted = append(adopted, app)
		} else {
			made = append(made, app)
		}
	}
	return made, adopted
}

// transferring returns the grants that this object gives up and another object
// wants but has not recorded. Until the other object has recorded them they
// stay in this object's record, so that one object remains responsible for
// revoking them.
func transferring(facts AccessFacts, secret *UserSecret) []string {
	return slices.DeleteFunc(slices.Clone(facts.Record.grantedOn(secret)), func(app string) bool {
		keeps := !facts.Deleting && slices.Contains(facts.Applications, app)
		taken := !slices.Contains(facts.WantedByOthers, app) || slices.Contains(facts.GrantedByOthers, app)
		return keeps || taken || !slices.Contains(secret.Granted, app)
	})
}

// surplusGrants returns the grants that this object made and no object wants.
func surplusGrants(facts AccessFacts, secret *UserSecret) []string {
	kept := facts.unresettable(facts.View, facts.Record.Granted)
	return slices.DeleteFunc(slices.Clone(facts.Record.grantedOn(secret)), func(app string) bool {
		wanted := !facts.Deleting && slices.Contains(facts.Applications, app)
		return wanted || slices.Contains(facts.WantedByOthers, app) || !slices.Contains(secret.Granted, app) ||
			slices.Contains(kept, app)
	})
}

func grantAccess(facts AccessFacts) Plan {
	secret := facts.Secret()
	missing := slices.DeleteFunc(slices.Clone(facts.Applications), func(app string) bool {
		return slices.Contains(secret.Granted, app)
	})
	// A grant of another object counts as this object's too, so that the last
	// of them revokes it. It stays adopted if the other object adopted it. A
	// grant that no object made was made manually, and stays unless it is
	// adopted.
	before := facts.Record.grantedOn(secret)
	own := union(missing, slices.DeleteFunc(slices.Concat(before, facts.GrantedByOthers), func(app string) bool {
		return !slices.Contains(facts.Applications, app)
	}))
	// A grant that is made again was not adopted.
	_, adopted := facts.Record.split(slices.DeleteFunc(slices.Clone(before), func(app string) bool {
		return slices.Contains(missing, app)
	}))
	adopted = union(adopted, slices.DeleteFunc(slices.Clone(facts.AdoptedByOthers), func(app string) bool {
		return slices.Contains(before, app) || slices.Contains(missing, app)
	}))
	if facts.Adopt {
		found := slices.DeleteFunc(slices.Clone(facts.Applications), func(app string) bool {
			return slices.Contains(own, app)
		})
		own, adopted = union(own, found), union(adopted, found)
	}
	options := facts.configure(secret)
	kept := union(transferring(facts, secret), facts.unresettable(facts.View, before))
	plan := Plan{
		Before:    recordOfGrants(facts, secret, union(before, own), adopted, options.before),
		After:     recordOfGrants(facts, secret, union(own, kept), adopted, options.after),
		Secret:    secret,
		Condition: synced(),
	}
	again := facts.addUnlisted(&plan)
	if surplus := union(surplusGrants(facts, secret), plan.Unlisted); len(surplus) > 0 {
		plan.Steps = append(plan.Steps, Revoke{ID: secret.ID, Applications: surplus})
	}
	contest := facts.Corrections.contested(facts.revoked(missing))
	missing = slices.DeleteFunc(missing, func(app string) bool { return slices.Contains(contest.fields, app) })
	if contest.left > 0 {
		what := fmt.Sprintf("another client revoked secret:%s from %s", secret.ID, strings.Join(contest.fields, ", "))
		plan.Condition, plan.Wait = contest.condition(what, "remove the secret from Terraform, or "+
			"remove the application from this object"), contest.left
	}
	plan.Regrants = facts.revoked(missing)
	if len(missing) > 0 {
		plan.Steps = append(plan.Steps, Grant{ID: secret.ID, Applications: missing})
	}
	facts.exclusiveCondition(&plan, secret, again)
	options.addTo(&plan, facts, secret)
	return plan
}

// revoked returns the missing applications that had access before. Another
// client revoked the secret from them, or removed them.
func (facts AccessFacts) revoked(missing []string) []string {
	var revoked []string
	for _, app := range missing {
		if slices.Contains(facts.LastGranted, app) || facts.Corrections[app].InARow > 0 {
			revoked = append(revoked, app)
		}
	}
	return revoked
}

// grantedOn returns the applications that were granted exactly this secret, not
// an earlier secret of the same name.
func (r Record) grantedOn(secret *UserSecret) []string {
	if r.SecretID != secret.ID {
		return nil
	}
	return r.Granted
}

// recordOfGrants returns the record of grants and options. The adopted grants
// that it does not have are left out.
func recordOfGrants(
	facts AccessFacts, secret *UserSecret, granted, adopted []string, options []AppOption,
) Record {
	if len(granted) == 0 && len(options) == 0 {
		return Record{Held: true}
	}
	_, still := Record{Adopted: adopted}.split(granted)
	return Record{
		Held: true, SecretID: secret.ID, Model: facts.Target.Model, ModelUUID: facts.View.ModelUUID,
		ControllerUUID: facts.View.ControllerUUID, Granted: granted, Adopted: still, Options: options,
	}
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
