// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// cases is how many cases each property is tried on. All of them together take about a second with the race
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
			Name: pick(d, "db", "db", "other"), Info: pick(d, "", "info"),
			Observe: d.in(5), Retain: d.in(4), ReportDrift: d.in(3), Deleting: d.in(3),
		},
		Model:        plan.ModelRef{Controller: "default", Name: "prod/app"},
		Content:      pick(d, contents...),
		Tenancy:      anyTenancy(d),
		Record:       plan.Record{Held: !d.in(5)},
		LastID:       pick(d, "", dbID, dbID, otherID),
		LastRevision: pick(d, 0, 1, 2, 7),
		LastDigest:   pick(d, "", digestOf(holding("one")), digestOf(holding("one")), digestOf(holding("two"))),
		SameSpec:     !d.in(3),
	}
	if seen.Content.State == content.Ready {
		seen.Digest = digestOf(seen.Content.Content)
	}
	if !d.in(3) {
		seen.Record.Creating = &plan.Creation{Name: pick(d, "db", "db", "other"), Replaces: pick(d, "", "", dbID, otherID)}
	}
	return seen
}

// anyWorld draws what is known of a model that was asked for an ID. The secrets may be one, two values for one, or two.
func anyWorld(d *draw, id string, ids ...string) plan.World {
	world := plan.World{Known: !d.in(4), ModelUUID: modelUUID}
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

// isOurs tells whether a secret in the world is the object's: it has noted the ID, or announced its creation. It is
// written anew here, in the words of the docs.
func isOurs(seen plan.SecretSeen, id string) bool {
	noted := id == seen.LastID
	found, announced := seen.World.ByName, seen.Record.Creating
	if seen.NameBegun() != "" {
		found = seen.Begun
	}
	if noted || found == nil || found.ID != id || announced == nil || seen.Content.State != content.Ready {
		return noted
	}
	return announced.Name == found.Name && announced.Replaces == seen.LastID && found.Revision == 1 &&
		!found.RevisionGone && !found.Removing && found.Checksum.Open() == seen.Content.Content.Checksum().Open()
}

// wasInSync tells whether Juju once held what the manifest and its sources say now.
func wasInSync(seen plan.SecretSeen) bool {
	return seen.SameSpec && seen.LastID != "" && seen.Content.State == content.Ready && seen.LastDigest == seen.Digest
}

// lostRevision tells whether a secret has not the latest revision any more that it had when it was in sync.
func lostRevision(seen plan.SecretSeen, secret *plan.UserSecret) bool {
	return secret.RevisionGone || secret.ID == seen.LastID && secret.Revision < seen.LastRevision
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
		seen.World = anyWorld(&d, seen.LastID, dbID, otherID)
		if d.in(2) {
			seen.Begun = anyListed(&d, pick(&d, dbID, otherID))
		}
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

// brokenBySecret are the promises that a plan does not keep.
func brokenBySecret(seen plan.SecretSeen, p plan.Plan) []string {
	var broken []string
	promise := func(what string, kept bool) {
		if !kept {
			broken = append(broken, what)
		}
	}
	promise("every plan says how things stand", p.Verdict.Reason != "")
	promise("nothing is done about what was not seen", seen.World.Known || len(p.Steps) == 0)
	promise("nothing is done for who may not", seen.Tenancy.Verdict == nil || len(p.Steps) == 0)
	promise("who only looks does nothing", !seen.Want.Observe || len(p.Steps) == 0)
	promise("nothing is done while something is missing or invalid, but to remove it",
		seen.Content.State == content.Ready || seen.Want.Deleting || len(p.Steps) == 0)
	promise("nothing is done without a finalizer", len(p.Steps) == 0 || p.Before.Held)
	restores := len(p.Steps) == 2 && lostRevision(seen, p.Secret)
	promise("one step is enough, but to restore a revision", len(p.Steps) <= 1 || restores)
	promise("who lets go does nothing", p.Before.Held == p.After.Held || len(p.Steps) == 0)
	promise("what is not deleted keeps its finalizer, unless it only looks",
		seen.Want.Deleting || seen.Want.Observe || !seen.Record.Held || p.Before.Held && p.After.Held)
	looking := plan.MayLookForSecret(seen)
	promise("who looks has a reason to", looking || p.Verdict.Message != nobodyLooked)
	if !looking {
		unasked := seen
		unasked.World = plan.World{ModelUUID: seen.World.ModelUUID}
		promise("who may not look decides without", cmp.Equal(p, plan.ForSecret(unasked), sameValues))
	}
	doing := seen.World.Known && seen.Tenancy.Verdict == nil && !seen.Want.Observe && !seen.Want.Deleting
	promise("who only reports leaves what others did", len(p.Steps) == 0 || seen.Want.Deleting || !seen.Want.ReportDrift ||
		!wasInSync(seen))
	promise("what others did is told to be that", p.Corrects == (len(p.Steps) > 0 && doing && wasInSync(seen)))
	promise("only what others did is reported, and then nothing is noted", p.Verdict.Reason != v1alpha1.ReasonDrifted ||
		seen.Want.ReportDrift && doing && wasInSync(seen) && p.Secret == nil && p.Digest == "")
	promise("what is noted is the digest of what is asked for", p.Digest == "" || doing && p.Digest == seen.Digest)
	promise("it is noted when it is in sync, and when it is sent", p.Digest != "" || len(p.Steps) == 0 && seen.Want.Observe ||
		p.Verdict.Reason != v1alpha1.ReasonSynced)
	for _, step := range p.Steps {
		switch step := step.(type) {
		case plan.Create:
			promise("a creation is on record before it is sent, and after", p.Before.Held && p.Before.Equal(p.After) &&
				*p.Before.Creating == plan.Creation{Name: step.Name, Replaces: seen.LastID})
			promise("only a free name is used", seen.World.ByName == nil && step.Name == seen.Want.Name)
			promise("a refusal is the end of a creation that has just begun", seen.NameBegun() != "" ||
				(p.Refused.Creating == nil) == (seen.Record.Creating == nil || seen.Record.Creating.Replaces != seen.LastID))
			promise("nothing is created for what goes", !seen.Want.Deleting)
			promise("only what is ours is replaced", seen.World.ByID == nil)
		case plan.Update:
			promise("only what is ours is changed", isOurs(seen, step.ID))
			promise("a change changes something", step.Name != nil || step.Info != nil || step.Content != nil)
			promise("content that is there is not sent", step.Content == nil || lostRevision(seen, p.Secret) ||
				!believedRight(seen, p.Secret))
			promise("a name is not taken from anybody", step.Name == nil ||
				seen.World.ByName == nil || seen.World.ByName.ID == step.ID)
			promise("nothing is changed on what goes", !seen.Want.Deleting)
		case plan.Remove:
			promise("only what is ours is removed", isOurs(seen, step.ID))
			promise("only who goes removes", seen.Want.Deleting && !seen.Want.Retain)
			promise("the finalizer stays until it is gone", p.Before.Held && p.After.Held)
		default:
			promise("a secret has no such steps", false)
		}
	}
	promise("what is only looked at is told to be foreign", p.Foreign == (seen.Want.Observe && p.Secret != nil))
	promise("in sync means in sync", p.Verdict.Reason != v1alpha1.ReasonSynced || len(p.Steps) > 0 || seen.Want.Observe ||
		p.Secret.Name == seen.Want.Name && p.Secret.Info == seen.Want.Info && !p.Secret.Removing &&
			believedRight(seen, p.Secret) && !lostRevision(seen, p.Secret))
	return broken
}
