// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// cases is how many cases each property is tried on. All of them together take a few seconds with the race
// detector.
const cases = 2_000

// What secrets shall hold, and what they do hold, in the cases.
var (
	contents = []content.Desired{
		wanting("one"), wanting("one"), wanting("two"),
		{State: content.Missing, Problem: "missing"}, {State: content.Invalid, Problem: "invalid"},
	}
	checksums = []content.Sealed[string]{
		holding("one").Checksum(), holding("one").Checksum(), holding("two").Checksum(), holding("three").Checksum(),
	}
)

func anyTenancy(d *draw) plan.Tenancy {
	return pick(d, plan.Admitted(), plan.Admitted(), plan.Admitted(), denied(), plan.NoController("default"))
}

// anySecret draws a user secret, mostly like what is wanted.
func anySecret(d *draw, id string) *plan.UserSecret {
	return &plan.UserSecret{
		ID: id, Name: pick(d, "db", "db", "other", "third", ""), Info: pick(d, "", "info"),
		Revision: pick(d, 1, 1, 2, 7), Checksum: pick(d, checksums...),
		RevisionGone: d.in(5), Removing: d.in(5),
	}
}

// anyListed draws what is told of a user secret, now and then without a checksum, or with one that only the operator knows.
func anyListed(d *draw, id string) *plan.UserSecret {
	secret := anySecret(d, id)
	if d.in(6) {
		known := secret.Checksum
		unsummed(secret)
		secret.Checksum = pick(d, known, secret.Checksum)
	}
	return secret
}

// anySecretSeen draws facts about a JujuSecret, whether they can be together or not, but for the world.
func anySecretSeen(d *draw) plan.SecretSeen {
	seen := plan.SecretSeen{
		Want: plan.SecretWant{
			ID: pick(d, "", "", "", "", dbID), Name: pick(d, "db", "db", "other"), Info: pick(d, "", "info"), AutoPrune: d.in(3),
			Observe: d.in(6), Adopt: d.in(3), Deletion: pick(d, "", "", v1alpha1.DeletionDelete, v1alpha1.DeletionRetain),
			ReportDrift: d.in(3), Suspended: d.in(8), Deleting: d.in(3), Abandoned: d.in(8),
		},
		Model:        prodApp,
		Content:      pick(d, contents...),
		Tenancy:      anyTenancy(d),
		Record:       anyRecord(d),
		LastID:       pick(d, "", dbID, dbID, otherID),
		LastRevision: pick(d, 0, 1, 2, 7),
		LastDigest:   pick(d, "", digestOf(holding("one")), digestOf(holding("one")), digestOf(holding("two"))),
		SameSpec:     !d.in(3),
		Rivals:       anyRivals(d),
	}
	if seen.Want.ID != "" { // It cannot be changed, so that there never was another. The name may be, or left out.
		seen.Want.Name, seen.Want.Adopt = pick(d, "", "", "db", "other"), !seen.Want.Observe
		seen.LastID, seen.Record.Creating = pick(d, "", dbID), nil
		seen.Record.Adopting = pick(d, "", dbID)
	}
	if seen.LastID != "" {
		seen.Adopted, seen.LastAutoPrune = d.in(3), pick(d, nil, new(false), new(true))
	}
	digested(&seen)
	return seen
}

// anyRecord draws what earlier runs may have left.
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

// anyRivals draws up to two other objects, the older first, and mostly none.
func anyRivals(d *draw) []plan.Rival {
	var rivals []plan.Rival
	older := true
	for range pick(d, 0, 0, 1, 2) {
		older = older && d.in(2)
		rivals = append(rivals, plan.Rival{
			Object: "team-b/db", Older: older, Going: d.in(4), SecretID: pick(d, "", "", dbID, otherID), Noted: d.in(2),
			Begun: pick(d, nil, nil, []string{dbID}, []string{otherID}), Wants: d.in(2), Adopts: d.in(2),
		})
	}
	return rivals
}

// anyWorld draws what is known of a model that was asked for an ID. The secrets may be one, two values for one, or two.
func anyWorld(d *draw, id string, ids ...string) plan.World {
	world := plan.World{Known: !d.in(4), ModelUUID: modelUUID, CharmOwned: d.in(8)}
	if !world.Known && !d.in(4) {
		world.Trouble = in(plan.Kind(d.below(int(plan.Refused)) + 1))
	}
	if id != "" && !d.in(3) {
		world.ByID = anyListed(d, id)
	}
	switch d.below(4) {
	case 0:
		world.ByName = world.ByID
	case 1, 2:
		world.ByName = anyListed(d, pick(d, ids...))
	}
	return world
}

// isOurs tells whether a secret in the world is the object's: by its status, by an adoption that it noted before, or by a
// creation that it announced. It is written anew here, in the words of the docs.
func isOurs(seen plan.SecretSeen, id string) bool {
	if id == seen.LastID {
		return !someRival(seen, func(r plan.Rival) bool { return r.Older && r.Noted && r.SecretID == id })
	}
	if someRival(seen, func(r plan.Rival) bool { return r.SecretID == id }) {
		return false
	}
	if seen.LastID == "" && id == seen.Record.Adopting {
		return true
	}
	found, announced := seen.World.ByName, seen.Record.Creating
	if announced != nil && announced.Replaces == seen.LastID && announced.ID != "" {
		return announced.ID == id // It was recognised before.
	}
	if seen.NameBegun() != "" {
		found = seen.Begun
	}
	return found != nil && found.ID == id && announced != nil && announced.Name == found.Name && announced.Replaces == seen.LastID &&
		found.Revision == 1 && !found.RevisionGone && !found.Removing && found.Checksum.Open() != "" &&
		slices.Contains(announced.Digests, digestOfSum(found.Checksum)) &&
		!someRival(seen, func(r plan.Rival) bool { return r.Older && slices.Contains(r.Begun, id) })
}

// mayBeAdopted tells whether a secret is what the manifest names, nobody's, and to be taken over by this object and no other.
func mayBeAdopted(seen plan.SecretSeen, id string) bool {
	named := seen.Want.ID == id
	if found := seen.World.ByName; seen.Want.ID == "" && found != nil {
		named = found.ID == id && !found.Removing
	}
	return named && seen.Want.Adopt && !someRival(seen, func(r plan.Rival) bool {
		return r.SecretID == id || slices.Contains(r.Begun, id) || r.Older && r.Adopts && r.SecretID == ""
	})
}

func someRival(seen plan.SecretSeen, is func(plan.Rival) bool) bool {
	return slices.ContainsFunc(seen.Rivals, is)
}

// madeByOthers tells whether somebody else made a secret of the object.
func madeByOthers(seen plan.SecretSeen, id string) bool {
	return id == seen.LastID && seen.Adopted || seen.LastID == "" && id == seen.Record.Adopting
}

// hasItsName tells whether a secret has the name that it shall have.
func hasItsName(seen plan.SecretSeen, secret *plan.UserSecret) bool {
	return secret.Name == seen.Want.Name || seen.Want.Name == "" && seen.Want.ID != ""
}

// wasInSync tells whether Juju once held what the manifest and its sources say now.
func wasInSync(seen plan.SecretSeen) bool {
	return seen.SameSpec && seen.LastID != "" && seen.Content.State == content.Ready && seen.LastDigest == seen.Digest
}

// lostRevision tells whether a secret has not the latest revision any more that it had when it was in sync.
func lostRevision(seen plan.SecretSeen, secret *plan.UserSecret) bool {
	if secret.ID != seen.LastID {
		return secret.RevisionGone
	}
	another := seen.HeldDigest != "" && seen.LastDigest != "" && seen.HeldDigest != seen.LastDigest
	return secret.RevisionGone || secret.Revision < seen.LastRevision || secret.Revision == seen.LastRevision && another
}

// believedRight tells whether a secret has the content that is asked for, as far as anybody can tell.
func believedRight(seen plan.SecretSeen, secret *plan.UserSecret) bool {
	if secret.Unsummed && secret.Checksum.Open() == "" {
		return secret.ID == seen.LastID && secret.Revision == seen.LastRevision && seen.LastDigest == seen.Digest
	}
	return secret.Holds(seen.Content.Content)
}

func TestWhateverIsSeenOfASecretThePlanKeepsThePromises(t *testing.T) {
	t.Parallel()
	for n := range cases {
		d := draw(n)
		seen := anySecretSeen(&d)
		seen.World = anyWorld(&d, seen.Query().ID, dbID, otherID)
		if d.in(2) {
			seen.Begun = anyListed(&d, pick(&d, dbID, otherID))
		}
		digested(&seen)
		seen.LastProven, seen.BegunProven = d.in(3), d.in(3)
		p := plan.ForSecret(seen)
		if !cmp.Equal(p, plan.ForSecret(seen), sameValues) {
			t.Fatalf("case %d: two plans for %+v", n, seen)
		}
		for _, broken := range brokenBySecret(seen, p) {
			t.Errorf("case %d: %s\nseen %+v\nplan %+v", n, broken, seen, p)
		}
		if t.Failed() {
			return
		}
	}
}

// promises are what is to be kept, and those of them that are not.
type promises struct{ broken []string }

func (k *promises) promise(what string, kept bool) {
	if !kept {
		k.broken = append(k.broken, what)
	}
}

// brokenBySecret are the promises that a plan does not keep.
func brokenBySecret(seen plan.SecretSeen, p plan.Plan) []string {
	var kept promises
	kept.ofRest(seen, p)
	kept.ofRecords(seen, p)
	kept.ofVerdicts(seen, p)
	for i, step := range p.Steps {
		switch step := step.(type) {
		case plan.Create:
			kept.ofCreation(seen, p, step)
			kept.promise("a creation comes first", i == 0)
		case plan.Update:
			kept.ofUpdate(seen, p, step)
		case plan.Remove:
			kept.ofRemoval(seen, p, step)
		default:
			kept.promise("a secret has no such steps", false)
		}
	}
	return kept.broken
}

// ofRest are the promises about who does nothing.
func (k *promises) ofRest(seen plan.SecretSeen, p plan.Plan) {
	rests := len(p.Steps) == 0
	k.promise("nothing is done about what was not seen", seen.World.Known || rests)
	k.promise("nothing is done for who may not", seen.Tenancy.Verdict == nil || rests || p.Proven)
	k.promise("only what goes, and is proven, outlasts its tenancy", !p.Proven || seen.Want.Deleting && p.OnlyTakesAway() &&
		(seen.LastProven || seen.BegunProven))
	k.promise("who only looks does nothing", !seen.Want.Observe || rests)
	k.promise("who is suspended does nothing, but go", !seen.Want.Suspended || seen.Want.Deleting || rests)
	k.promise("who is abandoned goes, and does nothing", !seen.Want.Abandoned || !seen.Want.Deleting || rests)
	k.promise("nothing is done while something is missing or invalid, but to remove it",
		seen.Content.State == content.Ready || seen.Want.Deleting || rests)
	k.promise("nothing is done without a finalizer", rests || p.Before.Held)
	k.promise("who lets go does nothing", p.Before.Held == p.After.Held || rests)
	k.promise("who only reports leaves what others did", rests || seen.Want.Deleting || !seen.Want.ReportDrift || !wasInSync(seen))
	k.promise("who has nothing any more does nothing", rests || !p.Lost)
	restores := len(p.Steps) == 2 && p.Secret != nil && lostRevision(seen, p.Secret)
	prunes := len(p.Steps) == 2 && p.Secret == nil && seen.Want.AutoPrune
	k.promise("one step is enough, but to restore a revision, and to prune what is new", len(p.Steps) <= 1 || restores || prunes)
	looking := plan.MayLookForSecret(seen)
	k.promise("who looks has a reason to", looking || p.Verdict.Message != nobodyLooked)
	if !looking {
		unasked := seen
		unasked.World = plan.World{ModelUUID: seen.World.ModelUUID}
		k.promise("who may not look decides without", cmp.Equal(p, plan.ForSecret(unasked), sameValues))
	}
}

// ofRecords are the promises about what is noted in the object.
func (k *promises) ofRecords(seen plan.SecretSeen, p plan.Plan) {
	contested := seen.LastID != "" && !isOurs(seen, seen.LastID)
	k.promise("what is not deleted keeps its finalizer, unless it only looks, or has nothing",
		seen.Want.Deleting || seen.Want.Observe || !seen.Record.Held || p.Before.Held && p.After.Held ||
			p.Lost && (contested || seen.Want.ID != ""))
	for _, record := range []plan.Record{p.Before, p.After, p.Refused} {
		k.promise("an adoption and a creation are not on record together", record.Adopting == "" || record.Creating == nil)
	}
	mine := p.Secret != nil && !p.Foreign
	k.promise("what is taken over is on record, or noted", !mine || isOurs(seen, p.Secret.ID) || p.Before.Held && p.After.Held &&
		p.Before.Adopting == p.Secret.ID && p.After.Adopting == p.Secret.ID || len(p.Steps) == 0 && p.Before.Equal(p.After))
	k.promise("what somebody else made is told to be adopted", !mine || !madeByOthers(seen, p.Secret.ID) || p.Adopted)
	k.promise("the steps go to the model", p.Model == seen.Model && p.ModelUUID == seen.World.ModelUUID)
}

// ofVerdicts are the promises about what is told.
func (k *promises) ofVerdicts(seen plan.SecretSeen, p plan.Plan) {
	doing := seen.World.Known && seen.Tenancy.Verdict == nil && !seen.Want.Observe && !seen.Want.Deleting && !seen.Want.Suspended
	k.promise("every plan says how things stand", p.Verdict.Reason != "")
	k.promise("what others did is told to be that", p.Corrects == (len(p.Steps) > 0 && doing && wasInSync(seen)))
	k.promise("only what others did is reported, and then nothing is noted", p.Verdict.Reason != v1alpha1.ReasonDrifted ||
		seen.Want.ReportDrift && doing && wasInSync(seen) && p.Secret == nil && p.Digest == "")
	k.promise("what is noted is the digest of what is asked for", p.Digest == "" || doing && p.Digest == seen.Digest)
	k.promise("it is noted when it is in sync, and when it is sent", p.Digest != "" || len(p.Steps) == 0 && seen.Want.Observe ||
		p.Verdict.Reason != v1alpha1.ReasonSynced)
	k.promise("what is only looked at is told to be foreign", p.Foreign == (seen.Want.Observe && p.Secret != nil))
	k.promise("in sync means in sync", p.Verdict.Reason != v1alpha1.ReasonSynced || len(p.Steps) > 0 || seen.Want.Observe ||
		hasItsName(seen, p.Secret) && p.Secret.Info == seen.Want.Info && !p.Secret.Removing &&
			believedRight(seen, p.Secret) && !lostRevision(seen, p.Secret) && believedPruned(seen, p.Secret))
	k.promise("in sync means that it is ours", p.Verdict.Reason != v1alpha1.ReasonSynced || p.Secret == nil || seen.Want.Observe ||
		isOurs(seen, p.Secret.ID) || mayBeAdopted(seen, p.Secret.ID))
	k.promise("who is told of a conflict has a rival", p.Verdict.Reason != v1alpha1.ReasonConflict || len(seen.Rivals) > 0)
}

// believedPruned tells whether a secret is pruned as it shall be, as far as anybody can tell.
func believedPruned(seen plan.SecretSeen, secret *plan.UserSecret) bool {
	if secret.ID == seen.LastID && seen.LastAutoPrune != nil {
		return *seen.LastAutoPrune == seen.Want.AutoPrune
	}
	return !seen.Want.AutoPrune
}

func (k *promises) ofCreation(seen plan.SecretSeen, p plan.Plan, step plan.Create) {
	digests := []string{seen.Digest}
	begun := seen.Record.Creating
	again := begun != nil && begun.Replaces == seen.LastID && begun.Name == step.Name
	if again {
		digests = append(digests, begun.Digests...)
	}
	slices.Sort(digests)
	k.promise("a creation is on record before it is sent, and after, with all contents that it may have", p.Before.Held &&
		p.Before.Equal(p.After) && p.Before.Equal(plan.Record{Held: true, Creating: &plan.Creation{
		Name: step.Name, Replaces: seen.LastID, Digests: slices.Compact(digests),
	}}))
	k.promise("only a free name is used", seen.World.ByName == nil && step.Name == seen.Want.Name)
	k.promise("nothing is made of an ID", seen.Want.ID == "")
	k.promise("a refusal is the end of a creation that has just begun", (p.Refused.Creating == nil) == !again)
	k.promise("nothing is created for what goes", !seen.Want.Deleting)
	k.promise("only what is ours is replaced, and gone", seen.World.ByID == nil || !isOurs(seen, seen.World.ByID.ID))
	k.promise("nothing is created that another is about to create", !someRival(seen, comesBefore(seen)))
}

// comesBefore tells which other object is to have a name that nobody has: one that has a secret already, and would call it so,
// and among equals the older.
func comesBefore(seen plan.SecretSeen) func(plan.Rival) bool {
	return func(r plan.Rival) bool {
		if seen.LastID != "" || r.SecretID != "" {
			return r.Wants && r.SecretID != "" && (r.Older || seen.LastID == "")
		}
		return r.Wants && r.Older
	}
}

func (k *promises) ofUpdate(seen plan.SecretSeen, p plan.Plan, step plan.Update) {
	if step.ID == "" {
		k.promise("what was just created is only to be pruned", p.Secret == nil && step.Name == nil && step.Info == nil &&
			step.Content == nil && step.AutoPrune != nil && *step.AutoPrune)
		return
	}
	k.promise("only what is ours is changed, or becomes it", isOurs(seen, step.ID) || mayBeAdopted(seen, step.ID))
	k.promise("a change changes something", step.Name != nil || step.Info != nil || step.Content != nil || step.AutoPrune != nil)
	k.promise("content that is there is not sent", step.Content == nil || lostRevision(seen, p.Secret) ||
		!believedRight(seen, p.Secret))
	k.promise("what is pruned as it shall be is left so", step.AutoPrune == nil || *step.AutoPrune == seen.Want.AutoPrune &&
		!believedPruned(seen, p.Secret))
	k.promise("a name is not taken from anybody", step.Name == nil ||
		seen.World.ByName == nil || seen.World.ByName.ID == step.ID)
	k.promise("a name that is free is left to who comes first", step.Name == nil || seen.World.ByName != nil ||
		!someRival(seen, comesBefore(seen)))
	k.promise("what is named by its ID alone keeps its name", step.Name == nil || seen.Want.Name != "")
	k.promise("nothing is changed on what goes", !seen.Want.Deleting)
}

func (k *promises) ofRemoval(seen plan.SecretSeen, p plan.Plan, step plan.Remove) {
	k.promise("only what is ours is removed", isOurs(seen, step.ID))
	k.promise("only who goes removes", seen.Want.Deleting)
	k.promise("what is to be retained is not removed", seen.Want.Deletion != v1alpha1.DeletionRetain)
	k.promise("what somebody else made is removed only if the manifest says so",
		seen.Want.Deletion == v1alpha1.DeletionDelete || !madeByOthers(seen, step.ID))
	k.promise("the finalizer stays until it is gone", p.Before.Held && p.After.Held)
}
