// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/ownership"
)

// TestTheTableOfOwnershipIsCompleteAndTrue holds every combination of facts against the table: one row is about it, and what
// is decided is what that row says.
func TestTheTableOfOwnershipIsCompleteAndTrue(t *testing.T) {
	t.Parallel()
	table := ownership.NewTable()
	rows := map[string]ownership.Row{}
	for _, row := range table.Rows() {
		if _, twice := rows[row.ID]; twice {
			t.Errorf("two rows are called %s", row.ID)
		}
		rows[row.ID] = row
	}
	found := make(chan map[string]int, parts)
	var checking sync.WaitGroup // At the same time, as the race detector takes its time for each.
	for part := range parts {
		checking.Go(func() { found <- checkPart(t, table, rows, part) })
	}
	checking.Wait()
	close(found)
	combinations, about := 0, map[string]int{}
	for some := range found {
		for id, n := range some {
			about[id] += n
			combinations += n
		}
	}
	for id := range rows {
		if about[id] == 0 {
			t.Errorf("the row %s is about nothing", id)
		}
	}
	t.Logf("%d combinations, %d rows", combinations, len(rows))
}

// parts is in how many parts the combinations are checked.
const parts = 4

// checkPart checks each combination of a part. It tells how many each row is about.
func checkPart(t *testing.T, table ownership.Table, rows map[string]ownership.Row, part int) map[string]int {
	t.Helper()
	about := map[string]int{}
	number, mistakes := 0, 0
	for c := range ownership.All() {
		if number++; number%parts != part {
			continue
		}
		found := table.Find(c)
		if len(found) != 1 {
			mistakes++
			t.Errorf("the rows %v are about %+v, want one", found, c)
		} else {
			about[found[0]]++
			for _, mistake := range checkRow(rows[found[0]], c) {
				mistakes++
				t.Errorf("%s, with %+v: %s", found[0], c, mistake)
			}
		}
		if mistakes > 20 {
			t.Error("and so on")
			break
		}
	}
	return about
}

// checkRow tells what is different between a row and what is decided on a combination that it is about.
func checkRow(row ownership.Row, c ownership.Combination) []string {
	given := newOwnershipCase(c)
	got, want := plan.ForSecret(given.seen), row.Then
	var mistakes []string
	differ := func(what string, got, want any) {
		mistakes = append(mistakes, fmt.Sprintf("%s: got %+v, want %+v", what, got, want))
	}
	if got.Verdict.Reason != want.Reason {
		differ("the reason", got.Verdict.Reason, want.Reason)
	}
	if steps := given.steps(want.Plan); !slices.Equal(kindsOf(got.Steps), steps) {
		differ("the steps", kindsOf(got.Steps), steps)
	}
	if quiet := got.Verdict.Message == ""; quiet != want.Quiet {
		differ("nothing to say", quiet, want.Quiet)
	}
	if before, after := given.notes(want.Note); !got.Before.Equal(before) || !got.After.Equal(after) {
		differ("the record, before and after", []plan.Record{got.Before, got.After}, []plan.Record{before, after})
	}
	if refused := given.refused(want.Plan); !got.Refused.Equal(refused) {
		differ("the record after a refusal", got.Refused, refused)
	}
	if !given.isOwner(want.Owner, got) {
		differ("the owner", fmt.Sprintf("lost %t, foreign %t, adopted %t, secret %v", got.Lost, got.Foreign, got.Adopted, got.Secret), want.Owner)
	}
	return mistakes
}

// The IDs of an ownershipCase. By ID there is only one.
const (
	oursID   = "9m4e2mr0ui3e8a215n60"
	theirsID = "9m4e2mr0ui3e8a215n70"
	// elsewhereID is that of another JujuSecret's, which has nothing to do with it but that it shall have the name asked for.
	elsewhereID = "9m4e2mr0ui3e8a215n90"
	asked       = "db"
)

// The contents of ownershipCases, with their digests: what the manifest says, what it said before, and what somebody else wrote.
var (
	saidNow    = holding("now")
	saidBefore = holding("before")
	madeByHand = holding("by hand")

	ownershipDigests = map[string]string{
		saidNow.Checksum().Open(): "digest of now", saidBefore.Checksum().Open(): "digest of before",
		madeByHand.Checksum().Open(): "digest of what somebody else wrote",
	}
)

// ownershipCase is a combination as the operator sees it.
type ownershipCase struct {
	ownership.Combination

	seen plan.SecretSeen
	// ours and theirs are the IDs of the secrets that are the object's and not.
	ours, theirs string
}

func newOwnershipCase(c ownership.Combination) ownershipCase {
	given := ownershipCase{Combination: c, ours: oursID, theirs: theirsID}
	if c.Naming == ownership.ByID {
		given.theirs = oursID
	}
	given.seen = plan.SecretSeen{
		Want:    given.want(),
		Model:   plan.ModelRef{Controller: "default", Name: "prod/app"},
		Tenancy: plan.Admitted(),
		Record:  given.record(),
	}
	if c.Model == ownership.Denied || c.Model == ownership.Withdrawn {
		given.seen.Tenancy = plan.Tenancy{Verdict: &plan.Verdict{Reason: v1alpha1.ReasonTenantDenied, Message: "no"}}
	}
	given.setStatus()
	if plan.MayLookForSecret(given.seen) {
		given.look()
	}
	return given
}

func (g *ownershipCase) want() plan.SecretWant {
	want := plan.SecretWant{
		Name: asked, Info: "the database",
		Observe:     g.Management == v1alpha1.ManagementObserve,
		Adopt:       g.Adoption == v1alpha1.AdoptionAdopt,
		Deletion:    g.Deletion,
		ReportDrift: g.Drift == v1alpha1.DriftReport,
		Suspended:   g.Suspension == ownership.Suspended,
		Deleting:    g.Life == ownership.Deleting,
		Abandoned:   g.Abandoned == ownership.Abandoned,
	}
	if g.Naming == ownership.ByID {
		want.ID, want.Name = oursID, ""
	}
	return want
}

// former is the content that the manifest had when it was last applied, or when the creation began.
func (g *ownershipCase) former() content.Content {
	if g.Manifest == ownership.Changed {
		return saidBefore
	}
	return saidNow
}

func (g *ownershipCase) record() plan.Record {
	record := plan.Record{Held: g.Finalizer == ownership.Held}
	if !record.Held {
		return record
	}
	digests := []string{ownershipDigests[g.former().Checksum().Open()]}
	switch g.Record {
	case ownership.None:
	case ownership.Creating, ownership.Made: // The intent stays when it is carried out: the status tells that it is.
		record.Creating = &plan.Creation{Name: asked, Digests: digests}
	case ownership.Remaking, ownership.Replaced:
		record.Creating = &plan.Creation{Name: asked, Replaces: g.ours, Digests: digests}
	case ownership.Recognised:
		record.Creating = &plan.Creation{Name: asked, Digests: digests, ID: g.intended()}
	case ownership.Adopting:
		record.Adopting = g.intended()
	case ownership.Adopted:
		record.Adopting = g.ours
	}
	return record
}

// intended is the ID in an intent.
func (g *ownershipCase) intended() string {
	if g.anotherHasIt() && !g.inTheWay() {
		return g.theirs
	}
	return g.ours
}

func (g *ownershipCase) anotherHasIt() bool {
	return g.Other == ownership.YoungerHas || g.Other == ownership.OlderHas || g.Other == ownership.LeavingHas
}

// inTheWay tells that there are two secrets, and what is said of the other JujuSecret is about the one that is not the object's.
func (g *ownershipCase) inTheWay() bool { return g.Juju == ownership.OursMisnamed }

func (g *ownershipCase) setStatus() {
	g.seen.BegunProven = g.Model != ownership.Denied
	switch g.Record {
	case ownership.None, ownership.Creating, ownership.Recognised, ownership.Adopting:
		return
	case ownership.Made, ownership.Remaking:
		g.seen.LastID, g.seen.LastAutoPrune = g.ours, new(bool)
	case ownership.Adopted, ownership.Replaced:
		g.seen.LastID, g.seen.Adopted = g.ours, true
	}
	g.seen.LastRevision, g.seen.LastProven = 3, g.Model != ownership.Denied
	g.seen.LastDigest = ownershipDigests[g.former().Checksum().Open()]
	g.seen.SameSpec = g.Manifest == ownership.Unchanged
}

// look sees the model as controllers.SecretReconciler does.
func (g *ownershipCase) look() {
	switch g.Model {
	case ownership.Denied:
	case ownership.Unreachable:
		g.seen.World = plan.World{Trouble: &plan.Trouble{Kind: plan.Unreachable, Message: "no answer"}}
	case ownership.Gone:
		g.seen.World = plan.World{Trouble: &plan.Trouble{Kind: plan.ModelNotFound, Message: "no such model"}}
	case ownership.Seen, ownership.Withdrawn:
		g.lookAtModel()
	}
}

func (g *ownershipCase) lookAtModel() {
	held := g.held()
	find := func(is func(plan.UserSecret) bool) *plan.UserSecret {
		if i := slices.IndexFunc(held, is); i >= 0 {
			found := held[i]
			return &found
		}
		return nil
	}
	query := g.seen.Query()
	g.seen.World = plan.World{
		Known: true, ModelUUID: modelUUID,
		CharmOwned: g.Juju == ownership.Charms && query.ID == oursID,
		ByID:       find(func(s plan.UserSecret) bool { return s.ID == query.ID }),
		ByName:     find(func(s plan.UserSecret) bool { return s.Name == query.Name }),
	}
	if name := g.seen.NameBegun(); name != "" {
		g.seen.Begun = find(func(s plan.UserSecret) bool { return s.Name == name })
	}
	if g.seen.Want.Observe {
		return
	}
	if candidate := g.seen.Candidate(); candidate != nil {
		g.seen.CandidateDigest = ownershipDigests[candidate.Checksum.Open()]
	}
	g.setRivals()
	g.seen.Content = content.Desired{State: content.Missing, Problem: "no such Secret"}
	if g.Sources == ownership.Ready {
		g.seen.Content = content.Desired{State: content.Ready, Content: saidNow}
		g.seen.Digest = ownershipDigests[saidNow.Checksum().Open()]
	}
}

// held is what the model has.
func (g *ownershipCase) held() []plan.UserSecret {
	secret := func(id string, c content.Content) plan.UserSecret {
		return plan.UserSecret{ID: id, Name: asked, Info: "the database", Revision: 3, Checksum: c.Checksum()}
	}
	var found plan.UserSecret
	switch g.Juju {
	case ownership.Nothing, ownership.Charms:
		return nil
	case ownership.OursEqual:
		found = secret(g.ours, saidNow)
	case ownership.OursDifferent:
		found = secret(g.ours, madeByHand)
	case ownership.OursCut: // Juju lists the checksum of what is gone.
		found = secret(g.ours, g.former())
		found.RevisionGone = true
	case ownership.OursUnnamed:
		found = secret(g.ours, saidNow)
		found.Name = "another-name"
	case ownership.OursMisnamed:
		found = secret(g.ours, saidNow)
		found.Name = "another-name"
		return []plan.UserSecret{found, secret(g.theirs, saidNow)}
	case ownership.OursRemoving:
		found = secret(g.ours, saidNow)
		found.Removing = true
	case ownership.Begun:
		found = secret(g.theirs, g.former())
		found.Revision = 1
	case ownership.TheirsEqual:
		found = secret(g.theirs, saidNow)
	case ownership.TheirsDiffer:
		found = secret(g.theirs, madeByHand)
		found.Revision = 1
	case ownership.TheirsRemoving:
		found = secret(g.theirs, saidNow)
		found.Removing = true
	}
	return []plan.UserSecret{found}
}

func (g *ownershipCase) setRivals() {
	rival := plan.Rival{Object: "team-b/other", Wants: true}
	if g.anotherHasIt() {
		rival.SecretID, rival.Noted = g.claimed(), true
	}
	switch g.Other {
	case ownership.Nobody:
		return
	case ownership.YoungerAsks, ownership.YoungerHas:
	case ownership.OlderAsks, ownership.OlderHas:
		rival.Older = true
	case ownership.OlderAdopts:
		rival.Older, rival.Adopts = true, true
	case ownership.YoungerNames:
		rival.SecretID, rival.Noted = elsewhereID, true
	case ownership.OlderNames:
		rival.SecretID, rival.Noted, rival.Older, rival.Adopts = elsewhereID, true, true, true // It adopts nothing, as it has one.
	case ownership.LeavingHas:
		rival.Older, rival.Going, rival.Wants = true, true, false
	case ownership.YoungerBegun:
		rival.Begun = []string{g.theirs}
	case ownership.OlderBegun:
		rival.Begun, rival.Older = []string{g.theirs}, true
	}
	g.seen.Rivals = []plan.Rival{rival}
}

// claimed is the secret that the other JujuSecret has: the one that is about all this, or that is in the way.
func (g *ownershipCase) claimed() string {
	switch g.Juju {
	case ownership.Nothing, ownership.Charms:
		return g.seen.LastID
	case ownership.OursEqual, ownership.OursDifferent, ownership.OursCut, ownership.OursUnnamed, ownership.OursRemoving:
		return g.ours
	case ownership.OursMisnamed, ownership.Begun, ownership.TheirsEqual, ownership.TheirsDiffer, ownership.TheirsRemoving:
		return g.theirs
	}
	return g.theirs
}

// kindsOf are the kinds of steps, in order.
func kindsOf(steps []plan.Step) []string {
	var kinds []string
	for _, step := range steps {
		kinds = append(kinds, fmt.Sprintf("%T", step))
	}
	return kinds
}

// steps are those of a plan of the table.
func (g *ownershipCase) steps(of ownership.Plan) []string {
	switch of {
	case ownership.DoNothing, ownership.Adopt, ownership.LetGo, ownership.Blocked:
	case ownership.Create:
		return kindsOf([]plan.Step{plan.Create{}})
	case ownership.Remove:
		return kindsOf([]plan.Step{plan.Remove{}})
	case ownership.Update, ownership.AdoptAndUpdate:
		if g.Juju == ownership.OursCut && g.Manifest == ownership.Unchanged {
			return kindsOf([]plan.Step{plan.Update{}, plan.Update{}}) // Another content comes between.
		}
		return kindsOf([]plan.Step{plan.Update{}})
	}
	return nil
}

// pendingCreation is the one in the record if its end is not known.
func (g *ownershipCase) pendingCreation() *plan.Creation {
	switch g.Record {
	case ownership.Creating, ownership.Recognised, ownership.Remaking, ownership.Replaced:
		return g.seen.Record.Creating
	case ownership.None, ownership.Adopting, ownership.Made, ownership.Adopted:
	}
	return nil
}

// notes are the records that a note of the table means, before the first step and after the last.
func (g *ownershipCase) notes(of ownership.Note) (before, after plan.Record) {
	record := g.seen.Record
	switch of {
	case ownership.AsItIs:
		has := record.Creating != nil || record.Adopting != "" || g.seen.LastID != ""
		record.Held = record.Held || has && g.Life == ownership.Applied && !g.seen.Want.Observe
	case ownership.Hold:
		record.Held = true
	case ownership.NoIntent:
		record.Creating, record.Adopting = nil, ""
	case ownership.PendingOnly:
		record.Creating, record.Adopting = g.pendingCreation(), ""
	case ownership.NotHeld:
		return record, plan.Record{}
	case ownership.ToRecognise:
		creation := *record.Creating
		creation.ID = g.theirs
		record.Creating = &creation
	case ownership.ToAdopt:
		record = plan.Record{Held: true, Adopting: g.theirs}
	case ownership.ToCreate:
		creation := &plan.Creation{
			Name: asked, Replaces: g.seen.LastID, Digests: []string{ownershipDigests[saidNow.Checksum().Open()]},
		}
		if g.Manifest == ownership.Changed && g.pendingCreation() != nil {
			creation.Digests = append(creation.Digests, g.pendingCreation().Digests...)
			slices.Sort(creation.Digests)
		}
		record = plan.Record{Held: true, Creating: creation}
	}
	return record, record
}

// refused is the record to leave behind if Juju did not carry out a creation.
func (g *ownershipCase) refused(of ownership.Plan) plan.Record {
	if of != ownership.Create {
		return plan.Record{}
	}
	if g.pendingCreation() != nil {
		before, _ := g.notes(ownership.ToCreate)
		return before
	}
	return plan.Record{Held: true}
}

// isOwner tells whether the status that follows from a plan says whose the secret is.
func (g *ownershipCase) isOwner(owner ownership.Owner, got plan.Plan) bool {
	secret := got.Secret
	wasAdopted := g.seen.Adopted || g.Record == ownership.Adopting
	lost, foreign := owner == ownership.NoneAnyMore, owner == ownership.Theirs
	if got.Lost != lost || got.Foreign != foreign {
		return false
	}
	switch owner {
	case ownership.NoneAnyMore:
		return secret == nil
	case ownership.Theirs:
		return secret != nil && !got.Adopted
	case ownership.AsBefore:
		return secret == nil || secret.ID == g.ours && got.Adopted == wasAdopted
	case ownership.Ours:
		return !got.Adopted && (secret == nil && len(got.Steps) > 0 || secret != nil && secret.ID == g.theirs)
	case ownership.OursAdopted:
		return got.Adopted && secret != nil && secret.ID != g.seen.LastID
	}
	return false
}
