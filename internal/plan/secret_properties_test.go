// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// cases is the number of cases for each property. All of them take a few
// seconds with the race detector.
const cases = 2_000

// The desired contents and the checksums in Juju of the cases.
var (
	contents = []content.Desired{
		wanting("one"), wanting("one"), wanting("two"),
		{State: content.Missing, Problem: "missing"}, {State: content.Invalid, Problem: "invalid"},
	}
	checksums = []content.Sealed[string]{
		holding("one").Checksum(), holding("one").Checksum(), holding("two").Checksum(), holding("three").Checksum(),
		holding("one").Reencoded().Checksum(),
	}
)

func anyTenancy(d *draw) plan.Tenancy {
	return pick(d, plan.Admitted(), plan.Admitted(), plan.Admitted(), denied(), plan.NoController("default"))
}

// anySecret returns a random user secret, usually similar to the desired one.
func anySecret(d *draw, id string) *plan.UserSecret {
	return &plan.UserSecret{
		ID: id, Name: pick(d, "db", "db", "other", "third", ""), Info: pick(d, "", "info"),
		Revision: pick(d, 1, 1, 2, 7), Checksum: pick(d, checksums...),
		RevisionGone: d.in(5), Removing: d.in(5),
	}
}

// anyListed returns a random listed user secret, sometimes without a checksum,
// or with a checksum that only the operator knows.
func anyListed(d *draw, id string) *plan.UserSecret {
	secret := anySecret(d, id)
	if d.in(6) {
		known := secret.Checksum
		unsummed(secret)
		secret.Checksum = pick(d, known, secret.Checksum)
	}
	return secret
}

// anySecretFacts returns random facts about a JujuSecret without a view,
// possible or not.
func anySecretFacts(d *draw) plan.SecretFacts {
	facts := plan.SecretFacts{
		Desired: plan.Desired{
			ID: pick(d, "", "", "", "", dbID), Name: pick(d, "db", "db", "other"), Info: pick(d, "", "info"), AutoPrune: d.in(3),
			Observe: d.in(6), Adopt: d.in(3), Deletion: pick(d, "", "", v1alpha1.DeletionDelete, v1alpha1.DeletionRetain),
			ReportDrift: d.in(3), KeepContent: d.in(4), Suspended: d.in(8), Deleting: d.in(3), Abandoned: d.in(8),
		},
		Model:        prodApp,
		Content:      pick(d, contents...),
		Tenancy:      anyTenancy(d),
		Record:       anyRecord(d),
		LastID:       pick(d, "", dbID, dbID, otherID),
		LastRevision: pick(d, 0, 1, 2, 7),
		LastDigest:   pick(d, "", digestOf(holding("one")), digestOf(holding("one")), digestOf(holding("two"))),
		SameSpec:     !d.in(3),
		Competitors:  anyCompetitors(d),
	}
	if facts.Desired.ID != "" { // The ID is immutable. The name is optional and can change.
		facts.Desired.Name, facts.Desired.Adopt = pick(d, "", "", "db", "other"), !facts.Desired.Observe
		facts.LastID, facts.Record.Creating = pick(d, "", dbID), nil
		facts.Record.Adopting = pick(d, "", dbID)
	}
	if facts.LastID != "" {
		facts.Adopted, facts.LastAutoPrune = d.in(3), pick(d, nil, new(false), new(true))
	}
	digested(&facts)
	return facts
}

// anyRecord returns a random record.
func anyRecord(d *draw) plan.Record {
	record := plan.Record{Held: !d.in(5)}
	if d.in(3) {
		record.Adopting = pick(d, "", dbID, otherID)
	} else {
		record.Creating = &plan.Creation{Name: pick(d, "db", "db", "other"), Replaces: pick(d, "", "", dbID, otherID)}
		for _, value := range some(d, "one", "two") {
			record.Creating.Digests = append(record.Creating.Digests, digestOf(holding(value)))
		}
		slices.Sort(record.Creating.Digests)
	}
	return record
}

// anyCompetitors returns up to two other objects, the older first, and usually
// none.
func anyCompetitors(d *draw) []plan.Competitor {
	var competitors []plan.Competitor
	older := true
	for range pick(d, 0, 0, 1, 2) {
		older = older && d.in(2)
		competitors = append(competitors, plan.Competitor{
			Object: "team-b/db", Older: older, Deleting: d.in(4), SecretID: pick(d, "", "", dbID, otherID), Recorded: d.in(2),
			Begun: pick(d, nil, nil, []string{dbID}, []string{otherID}), Wants: d.in(2), Adopts: d.in(2),
		})
	}
	return competitors
}

// anyView returns a random view of a model that was asked for an ID. ByID and
// ByName are the same secret, two values of one secret, or two secrets.
func anyView(d *draw, id string, ids ...string) plan.ModelView {
	view := plan.ModelView{Known: !d.in(4), ModelUUID: modelUUID, CharmOwned: d.in(8)}
	if !view.Known && !d.in(4) {
		view.Problem = in(plan.JujuReasons()[d.below(len(plan.JujuReasons()))])
	}
	if id != "" && !d.in(3) {
		view.ByID = anyListed(d, id)
	}
	switch d.below(4) {
	case 0:
		view.ByName = view.ByID
	case 1, 2:
		view.ByName = anyListed(d, pick(d, ids...))
	}
	return view
}

// isOurs reports whether the object owns a secret in the view: by its record,
// by an adoption that it recorded, or by a creation that it announced. It
// repeats the rule independently, in the words of the documentation.
func isOurs(facts plan.SecretFacts, id string) bool {
	if id == facts.LastID {
		return !someCompetitor(facts, func(r plan.Competitor) bool { return r.Older && r.Recorded && r.SecretID == id })
	}
	if someCompetitor(facts, func(r plan.Competitor) bool { return r.SecretID == id }) {
		return false
	}
	if facts.LastID == "" && id == facts.Record.Adopting {
		return true
	}
	found, announced := facts.View.ByName, facts.Record.Creating
	if announced != nil && announced.Replaces == facts.LastID && announced.ID != "" {
		return announced.ID == id
	}
	if facts.NameBegun() != "" {
		found = facts.Begun
	}
	return found != nil && found.ID == id && announced != nil && announced.Name == found.Name &&
		announced.Replaces == facts.LastID &&
		found.Revision == 1 && !found.RevisionGone && !found.Removing && found.Checksum.Open() != "" &&
		slices.Contains(announced.Digests, digestOfSum(found.Checksum)) &&
		!someCompetitor(facts, func(r plan.Competitor) bool { return r.Older && slices.Contains(r.Begun, id) })
}

// mayBeAdopted reports whether the manifest names a secret that no object owns,
// and this object adopts it first.
func mayBeAdopted(facts plan.SecretFacts, id string) bool {
	named := facts.Desired.ID == id
	if found := facts.View.ByName; facts.Desired.ID == "" && found != nil {
		named = found.ID == id && !found.Removing
	}
	return named && facts.Desired.Adopt && !someCompetitor(facts, func(r plan.Competitor) bool {
		return r.SecretID == id || slices.Contains(r.Begun, id) || r.Older && r.Adopts && r.SecretID == ""
	})
}

func someCompetitor(facts plan.SecretFacts, is func(plan.Competitor) bool) bool {
	return slices.ContainsFunc(facts.Competitors, is)
}

// madeByOthers reports whether the object adopted a secret.
func madeByOthers(facts plan.SecretFacts, id string) bool {
	return id == facts.LastID && facts.Adopted || facts.LastID == "" && id == facts.Record.Adopting
}

// hasItsName reports whether a secret has the desired name.
func hasItsName(facts plan.SecretFacts, secret *plan.UserSecret) bool {
	return secret.Name == facts.Desired.Name || facts.Desired.Name == "" && facts.Desired.ID != ""
}

// wasInSync reports whether Juju held the present desired state before.
func wasInSync(facts plan.SecretFacts) bool {
	return facts.SameSpec && facts.LastID != "" &&
		(facts.Desired.KeepContent || facts.Content.State == content.Ready && facts.LastDigest == facts.Digest)
}

// lostRevision reports whether a secret lost the latest revision that it had in
// sync.
func lostRevision(facts plan.SecretFacts, secret *plan.UserSecret) bool {
	if facts.Desired.KeepContent {
		return false
	}
	if secret.ID != facts.LastID {
		return secret.RevisionGone
	}
	another := facts.HeldDigest != "" && facts.LastDigest != "" && facts.HeldDigest != facts.LastDigest &&
		(facts.LastDigest != facts.Digest || secret.Checksum.Open() != facts.Content.Content.Reencoded().Checksum().Open())
	return secret.RevisionGone || secret.Revision < facts.LastRevision || secret.Revision == facts.LastRevision && another
}

// believedRight reports whether a secret has the desired content, as far as
// that is known.
func believedRight(facts plan.SecretFacts, secret *plan.UserSecret) bool {
	if facts.Desired.KeepContent {
		return true
	}
	if secret.Unsummed && secret.Checksum.Open() == "" {
		return secret.ID == facts.LastID && secret.Revision == facts.LastRevision && facts.LastDigest == facts.Digest
	}
	return secret.Holds(facts.Content.Content)
}

func TestSecretPlanKeepsInvariants(t *testing.T) {
	t.Parallel()
	for n := range cases {
		d := draw(n)
		facts := anySecretFacts(&d)
		facts.View = anyView(&d, facts.Query().ID, dbID, otherID)
		if d.in(2) {
			facts.Begun = anyListed(&d, pick(&d, dbID, otherID))
		}
		digested(&facts)
		p := plan.ForSecret(facts)
		if !cmp.Equal(p, plan.ForSecret(facts), sameValues) {
			t.Fatalf("case %d: two plans for %+v", n, facts)
		}
		for _, broken := range brokenBySecret(facts, p) {
			t.Errorf("case %d: %s\nfacts %+v\nplan %+v", n, broken, facts, p)
		}
		if t.Failed() {
			return
		}
	}
}

// invariants collects the invariants that are broken.
type invariants struct{ broken []string }

func (k *invariants) require(what string, kept bool) {
	if !kept {
		k.broken = append(k.broken, what)
	}
}

// brokenBySecret returns the invariants that a plan breaks.
func brokenBySecret(facts plan.SecretFacts, p plan.Plan) []string {
	var checked invariants
	checked.ofNoSteps(facts, p)
	checked.ofRecords(facts, p)
	checked.ofConditions(facts, p)
	for i, step := range p.Steps {
		switch step := step.(type) {
		case plan.Create:
			checked.ofCreation(facts, p, step)
			checked.require("a creation is the first step", i == 0)
		case plan.Update:
			checked.ofUpdate(facts, p, step)
		case plan.Remove:
			checked.ofRemoval(facts, p, step)
		default:
			checked.require("no grants or revokes", false)
		}
	}
	return checked.broken
}

// ofNoSteps checks the cases without steps.
func (k *invariants) ofNoSteps(facts plan.SecretFacts, p plan.Plan) {
	idle := len(p.Steps) == 0
	k.require("no steps without a view", facts.View.Known || idle)
	k.require("without a tenancy only a deletion has steps, and only removes a created secret",
		facts.Tenancy.Problem == nil || idle || facts.Desired.Deleting && p.OnlyTakesAway() && p.Owns == plan.Own)
	k.require("no steps with Observe", !facts.Desired.Observe || idle)
	k.require("no steps while suspended, except a deletion", !facts.Desired.Suspended || facts.Desired.Deleting || idle)
	k.require("no steps for an abandoned deletion", !facts.Desired.Abandoned || !facts.Desired.Deleting || idle)
	k.require("no steps without content, except a removal, and an update that keeps the content",
		facts.Content.State == content.Ready || facts.Desired.Deleting || idle || p.KeepsContent)
	k.require("no steps without a finalizer", idle || p.Before.Held)
	k.require("no steps if the finalizer is removed", p.Before.Held == p.After.Held || idle)
	k.require(
		"no steps if drift is only reported",
		idle || facts.Desired.Deleting || !facts.Desired.ReportDrift || !wasInSync(facts),
	)
	k.require("no steps without a secret of its own", idle || p.Owns != plan.Nothing)
	restores := len(p.Steps) == 2 && p.Secret != nil && lostRevision(facts, p.Secret)
	prunes := len(p.Steps) == 2 && p.Secret == nil && facts.Desired.AutoPrune
	k.require(
		"one step, except to restore a revision, and to set auto-prune of a new secret",
		len(p.Steps) <= 1 || restores || prunes,
	)
	looking := plan.MayLookForSecret(facts)
	k.require("the model is read if it may be", looking || !strings.Contains(p.Condition.Message, notRead))
	if !looking {
		unasked := facts
		unasked.View = plan.ModelView{ModelUUID: facts.View.ModelUUID}
		k.require("no view is needed if the model may not be read", cmp.Equal(p, plan.ForSecret(unasked), sameValues))
	}
}

// ofRecords checks the records.
func (k *invariants) ofRecords(facts plan.SecretFacts, p plan.Plan) {
	contested := facts.LastID != "" && !isOurs(facts, facts.LastID)
	k.require("the finalizer stays without a deletion, except with Observe or without a secret",
		facts.Desired.Deleting || facts.Desired.Observe || !facts.Record.Held || p.Before.Held && p.After.Held ||
			p.Owns == plan.Nothing && (contested || facts.Desired.ID != ""))
	for _, record := range []plan.Record{p.Before, p.After, p.Refused} {
		k.require("a record has no adoption together with a creation", record.Adopting == "" || record.Creating == nil)
	}
	mine := p.Secret != nil && p.Owns != plan.Observed
	k.require("an adopted secret is in the record or in the status", !mine || isOurs(facts, p.Secret.ID) ||
		p.Before.Held && p.After.Held &&
			p.Before.Adopting == p.Secret.ID && p.After.Adopting == p.Secret.ID || len(p.Steps) == 0 && p.Before.Equal(p.After))
	k.require(
		"an adopted secret is reported as adopted",
		!mine || !madeByOthers(facts, p.Secret.ID) || p.Owns == plan.Adopted,
	)
	k.require("steps are for the model", p.Model == facts.Model && p.ModelUUID == facts.View.ModelUUID)
}

// ofConditions checks the conditions.
func (k *invariants) ofConditions(facts plan.SecretFacts, p plan.Plan) {
	doing := facts.View.Known && facts.Tenancy.Problem == nil && !facts.Desired.Observe && !facts.Desired.Deleting &&
		!facts.Desired.Suspended
	k.require("every plan has a condition", p.Condition.Reason != "")
	k.require("only drift is reported as corrected", p.Corrects == (len(p.Steps) > 0 && doing && wasInSync(facts)))
	drifted := p.Condition.Reason == v1alpha1.ReasonDrifted
	k.require("only drift is reported as drift, and the status keeps the secret in sync", !drifted ||
		facts.Desired.ReportDrift && doing && wasInSync(facts) && p.Secret == nil && p.Digest == "")
	k.require("the digest is the desired digest", p.Digest == "" || doing && p.Digest == facts.Digest)
	k.require("the digest is set in sync, and when content is sent", p.Digest != "" || len(p.Steps) == 0 &&
		facts.Desired.Observe || p.KeepsContent ||
		p.Condition.Reason != v1alpha1.ReasonSynced)
	k.require(
		"an observed secret is reported as observed",
		(p.Owns == plan.Observed) == (facts.Desired.Observe && p.Secret != nil),
	)
	k.require("in sync means equal", p.Condition.Reason != v1alpha1.ReasonSynced || len(p.Steps) > 0 ||
		facts.Desired.Observe ||
		hasItsName(facts, p.Secret) && p.Secret.Info == facts.Desired.Info && !p.Secret.Removing &&
			believedRight(facts, p.Secret) && !lostRevision(facts, p.Secret) && believedPruned(facts, p.Secret))
	k.require("in sync means owned", p.Condition.Reason != v1alpha1.ReasonSynced || p.Secret == nil ||
		facts.Desired.Observe ||
		isOurs(facts, p.Secret.ID) || mayBeAdopted(facts, p.Secret.ID))
	k.require("a conflict has a competitor", p.Condition.Reason != v1alpha1.ReasonConflict || len(facts.Competitors) > 0)
}

// believedPruned reports whether a secret has the desired auto-prune setting,
// as far as that is known.
func believedPruned(facts plan.SecretFacts, secret *plan.UserSecret) bool {
	if secret.ID == facts.LastID && facts.LastAutoPrune != nil {
		return *facts.LastAutoPrune == facts.Desired.AutoPrune
	}
	return !facts.Desired.AutoPrune
}

func (k *invariants) ofCreation(facts plan.SecretFacts, p plan.Plan, step plan.Create) {
	digests := []string{facts.Digest}
	begun := facts.Record.Creating
	again := begun != nil && begun.Replaces == facts.LastID && begun.Name == step.Name
	if again {
		digests = append(digests, begun.Digests...)
	}
	slices.Sort(digests)
	k.require("a creation is recorded before it is sent, and after, with all its contents", p.Before.Held &&
		p.Before.Equal(p.After) && p.Before.Equal(plan.Record{Held: true, Creating: &plan.Creation{
		Name: step.Name, Replaces: facts.LastID, Digests: slices.Compact(digests),
	}}))
	k.require("a creation uses a free name", facts.View.ByName == nil && step.Name == facts.Desired.Name)
	k.require("nothing is created by ID", facts.Desired.ID == "")
	k.require("a refusal ends a new creation", (p.Refused.Creating == nil) == !again)
	k.require("a deletion creates nothing", !facts.Desired.Deleting)
	k.require(
		"a creation replaces only a removed secret of its own",
		facts.View.ByID == nil || !isOurs(facts, facts.View.ByID.ID),
	)
	k.require("a creation yields to an object that comes first", !someCompetitor(facts, comesBefore(facts)))
}

// comesBefore returns which other object gets a free name: an object that owns
// a secret and asks for the name, and among equals the older one.
func comesBefore(facts plan.SecretFacts) func(plan.Competitor) bool {
	found := facts.View.ByID
	owns := facts.LastID != "" || found != nil && isOurs(facts, found.ID)
	return func(r plan.Competitor) bool {
		if owns || r.SecretID != "" {
			return r.Wants && r.SecretID != "" && (r.Older || !owns)
		}
		return r.Wants && r.Older
	}
}

func (k *invariants) ofUpdate(facts plan.SecretFacts, p plan.Plan, step plan.Update) {
	if step.ID == "" {
		k.require("an update of a new secret only sets auto-prune", p.Secret == nil && step.Name == nil && step.Info == nil &&
			step.Content == nil && step.AutoPrune != nil && *step.AutoPrune)
		return
	}
	k.require("only an owned or adopted secret is updated", isOurs(facts, step.ID) || mayBeAdopted(facts, step.ID))
	k.require(
		"an update is not empty",
		step.Name != nil || step.Info != nil || step.Content != nil || step.AutoPrune != nil,
	)
	k.require("equal content is not sent", step.Content == nil || lostRevision(facts, p.Secret) ||
		!believedRight(facts, p.Secret))
	k.require("an equal auto-prune setting is not sent", step.AutoPrune == nil ||
		*step.AutoPrune == facts.Desired.AutoPrune &&
			!believedPruned(facts, p.Secret))
	k.require("a rename uses a free name", step.Name == nil ||
		facts.View.ByName == nil || facts.View.ByName.ID == step.ID)
	k.require("a rename yields to an object that comes first", step.Name == nil || facts.View.ByName != nil ||
		!someCompetitor(facts, comesBefore(facts)))
	k.require("a secret without a desired name keeps its name", step.Name == nil || facts.Desired.Name != "")
	k.require("a deletion updates nothing", !facts.Desired.Deleting)
}

func (k *invariants) ofRemoval(facts plan.SecretFacts, p plan.Plan, step plan.Remove) {
	k.require("only an owned secret is removed", isOurs(facts, step.ID))
	k.require("only a deletion removes", facts.Desired.Deleting)
	k.require("a retained secret is not removed", facts.Desired.Deletion != v1alpha1.DeletionRetain)
	k.require("an adopted secret is removed only with Delete",
		facts.Desired.Deletion == v1alpha1.DeletionDelete || !madeByOthers(facts, step.ID))
	k.require("the finalizer stays until the secret is removed", p.Before.Held && p.After.Held)
}
