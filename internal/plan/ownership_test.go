// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/ownership"
)

// TestOwnershipTableMatchesPlans checks every combination of facts: exactly one
// row of the table applies, and the plan is the plan of that row.
func TestOwnershipTableMatchesPlans(t *testing.T) {
	t.Parallel()
	table := ownership.NewTable()
	rows := map[string]ownership.Row{}
	for _, row := range table.Rows() {
		if _, twice := rows[row.ID]; twice {
			t.Errorf("two rows have the ID %s", row.ID)
		}
		rows[row.ID] = row
	}
	found := make(chan map[string]int, parts)
	var checking sync.WaitGroup // The race detector slows down each combination.
	for part := range parts {
		checking.Go(func() { found <- checkPart(t, table, rows, part) })
	}
	checking.Wait()
	close(found)
	combinations, count := 0, map[string]int{}
	for some := range found {
		for id, n := range some {
			count[id] += n
			combinations += n
		}
	}
	for id := range rows {
		if count[id] == 0 {
			t.Errorf("the row %s applies to no combination", id)
		}
	}
	t.Logf("%d combinations, %d rows", combinations, len(rows))
}

// parts is the number of parts that are checked at the same time.
const parts = 4

// checkPart checks each combination of a part. It returns the number of
// combinations of each row.
func checkPart(t *testing.T, table ownership.Table, rows map[string]ownership.Row, part int) map[string]int {
	t.Helper()
	count := map[string]int{}
	number, mistakes := 0, 0
	for c := range ownership.All() {
		if number++; number%parts != part {
			continue
		}
		found := table.Find(c)
		if len(found) != 1 {
			mistakes++
			t.Errorf("the rows %v apply to %+v, want one", found, c)
		} else {
			count[found[0]]++
			for _, mistake := range checkRow(rows[found[0]], c) {
				mistakes++
				t.Errorf("%s, with %+v: %s", found[0], c, mistake)
			}
		}
		if mistakes > 20 {
			t.Error("too many mistakes")
			break
		}
	}
	return count
}

// checkRow returns the differences between a row and the plan for a
// combination.
func checkRow(row ownership.Row, c ownership.Combination) []string {
	given := newOwnershipCase(c)
	got, want := plan.ForSecret(given.facts), row.Then
	var mistakes []string
	differ := func(what string, got, want any) {
		mistakes = append(mistakes, fmt.Sprintf("%s: got %+v, want %+v", what, got, want))
	}
	if got.Condition.Reason != want.Reason {
		differ("the reason", got.Condition.Reason, want.Reason)
	}
	if steps := given.steps(want.Plan); !slices.Equal(kindsOf(got.Steps), steps) {
		differ("the steps", kindsOf(got.Steps), steps)
	}
	if quiet := got.Condition.Message == ""; quiet != want.Quiet {
		differ("no message", quiet, want.Quiet)
	}
	if before, after := given.notes(want.Note); !got.Before.Equal(before) || !got.After.Equal(after) {
		differ("the record, before and after", []plan.Record{got.Before, got.After}, []plan.Record{before, after})
	}
	if refused := given.refused(want.Plan); !got.Refused.Equal(refused) {
		differ("the record after a refusal", got.Refused, refused)
	}
	if !given.isOwner(want.Owner, got) {
		differ("the owner", fmt.Sprintf("owns %d, secret %v", got.Owns, got.Secret), want.Owner)
	}
	return mistakes
}

// The IDs of an ownershipCase. With ByID there is only one.
const (
	oursID   = "9m4e2mr0ui3e8a215n60"
	theirsID = "9m4e2mr0ui3e8a215n70"
	// elsewhereID is the secret of another JujuSecret that asks for the name.
	elsewhereID = "9m4e2mr0ui3e8a215n90"
	asked       = "db"
)

// The contents of ownershipCases and their digests: the present content of the
// manifest, its former content, and a manual change.
var (
	saidNow    = holding("now")
	saidBefore = holding("before")
	manual     = holding("manual")

	ownershipDigests = map[string]string{
		saidNow.Checksum().Open(): "digest of now", saidBefore.Checksum().Open(): "digest of before",
		manual.Checksum().Open(): "digest of the manual change",
	}
)

// ownershipCase has the facts of a combination.
type ownershipCase struct {
	ownership.Combination

	facts plan.SecretFacts
	// ours is the ID of the object's own secret, theirs the ID of another one.
	ours, theirs string
}

func newOwnershipCase(c ownership.Combination) ownershipCase {
	given := ownershipCase{Combination: c, ours: oursID, theirs: theirsID}
	if c.Naming == ownership.ByID {
		given.theirs = oursID
	}
	given.facts = plan.SecretFacts{
		Desired: given.want(),
		Model:   plan.ModelRef{Controller: "default", Name: "prod/app"},
		Tenancy: plan.Admitted(),
		Record:  given.record(),
	}
	if c.Model == ownership.Denied || c.Model == ownership.Withdrawn {
		given.facts.Tenancy = plan.Tenancy{Problem: &plan.Condition{Reason: v1alpha1.ReasonTenantDenied, Message: "no"}}
	}
	if c.Model == ownership.Elsewhere {
		given.facts.RecordedController = "former"
	}
	given.setStatus()
	if plan.MayLookForSecret(given.facts) {
		given.look()
	}
	return given
}

func (g *ownershipCase) want() plan.Desired {
	want := plan.Desired{
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

// former returns the content of the manifest when it was last applied, or when
// the creation began.
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
	case ownership.Creating, ownership.Made: // The intent stays. The status shows that it is complete.
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

// intended returns the ID in an intent.
func (g *ownershipCase) intended() string {
	if g.anotherHasIt() && !g.inTheWay() {
		return g.theirs
	}
	return g.ours
}

func (g *ownershipCase) anotherHasIt() bool {
	return g.Other == ownership.YoungerHas || g.Other == ownership.OlderHas || g.Other == ownership.LeavingHas
}

// inTheWay reports whether there are two secrets. The other JujuSecret is then
// about the secret that is not the object's.
func (g *ownershipCase) inTheWay() bool { return g.Juju == ownership.OursMisnamed }

func (g *ownershipCase) setStatus() {
	switch g.Record {
	case ownership.None, ownership.Creating, ownership.Recognised, ownership.Adopting:
		return
	case ownership.Made, ownership.Remaking:
		g.facts.LastID, g.facts.LastAutoPrune = g.ours, new(bool)
	case ownership.Adopted, ownership.Replaced:
		g.facts.LastID, g.facts.Adopted = g.ours, true
	}
	g.facts.LastRevision = 3
	g.facts.LastDigest = ownershipDigests[g.former().Checksum().Open()]
	g.facts.SameSpec = g.Manifest == ownership.Unchanged
}

// look sets the view of the model, as controllers.SecretReconciler does.
func (g *ownershipCase) look() {
	switch g.Model {
	case ownership.Denied:
	case ownership.Unreachable:
		g.facts.View = plan.ModelView{Problem: &plan.Problem{Reason: v1alpha1.ReasonJujuUnreachable, Message: "no answer"}}
	case ownership.Gone:
		g.facts.View = gone()
	case ownership.NotListed:
		g.facts.View = unavailable(v1alpha1.ReasonModelNotFound)
	case ownership.Migrated:
		g.facts.View = unavailable(v1alpha1.ReasonModelMigrated)
	case ownership.Elsewhere:
		g.facts.View, g.facts.LastModelUUID = gone(), modelUUID
	case ownership.Forbidden:
		g.facts.View = unavailable(v1alpha1.ReasonPermissionDenied)
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
	query := g.facts.Query()
	g.facts.View = plan.ModelView{
		Known: true, ModelUUID: modelUUID,
		CharmOwned: g.Juju == ownership.Charms && query.ID == oursID,
		ByID:       find(func(s plan.UserSecret) bool { return s.ID == query.ID }),
		ByName:     find(func(s plan.UserSecret) bool { return s.Name == query.Name }),
	}
	if name := g.facts.NameBegun(); name != "" {
		g.facts.Begun = find(func(s plan.UserSecret) bool { return s.Name == name })
	}
	if g.facts.Desired.Observe {
		return
	}
	if candidate := g.facts.Candidate(); candidate != nil {
		g.facts.CandidateDigest = ownershipDigests[candidate.Checksum.Open()]
	}
	g.setOthers()
	g.facts.Content = content.Desired{State: content.Missing, Problem: "no such Secret"}
	if g.Sources == ownership.Ready {
		g.facts.Content = content.Desired{State: content.Ready, Content: saidNow}
		g.facts.Digest = ownershipDigests[saidNow.Checksum().Open()]
	}
}

// held returns the secrets of the model.
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
		found = secret(g.ours, manual)
	case ownership.OursCut: // Juju lists the checksum of the removed revision.
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
		found = secret(g.theirs, manual)
		found.Revision = 1
	case ownership.TheirsRemoving:
		found = secret(g.theirs, saidNow)
		found.Removing = true
	}
	return []plan.UserSecret{found}
}

// setOthers sets the competitors that follow from the facts about another
// JujuSecret, as controllers.SecretReconciler does.
func (g *ownershipCase) setOthers() {
	if g.Other == ownership.NoOther {
		return
	}
	other := plan.OtherSecret{
		Identity: plan.Identity{Namespace: "team-b", Name: "other", Created: time.Unix(2, 0)},
		SpecName: asked, Model: g.facts.Model, ModelUUID: modelUUID,
	}
	if g.Naming == ownership.ByID {
		other.SpecID, other.SpecName = oursID, ""
	}
	if g.anotherHasIt() {
		other.OwnedID, other.OwnedModelUUID = g.claimed(), modelUUID
	}
	begun := plan.Record{Creating: &plan.Creation{Name: asked}}
	older := func() { other.Created = time.Unix(0, 0) }
	switch g.Other {
	case ownership.NoOther, ownership.YoungerAsks, ownership.YoungerHas:
	case ownership.OlderAsks, ownership.OlderHas:
		older()
	case ownership.OlderAdopts:
		older()
		other.Adopt = true
	case ownership.YoungerNames:
		other.OwnedID, other.OwnedModelUUID = elsewhereID, modelUUID
	case ownership.OlderNames: // It owns a secret, so it adopts none.
		older()
		other.OwnedID, other.OwnedModelUUID, other.Adopt = elsewhereID, modelUUID, true
	case ownership.LeavingHas:
		older()
		other.Deleting = true
	case ownership.YoungerBegun:
		other.Record, other.Alike = begun, []string{g.theirs}
	case ownership.OlderBegun:
		older()
		other.Record, other.Alike = begun, []string{g.theirs}
	}
	g.facts.Identity = plan.Identity{Namespace: "team-a", Name: "db", Created: time.Unix(1, 0)}
	g.facts.Competitors = plan.Competitors(g.facts, []plan.OtherSecret{other})
}

// claimed returns the secret that the other JujuSecret owns.
func (g *ownershipCase) claimed() string {
	switch g.Juju {
	case ownership.Nothing, ownership.Charms:
		return g.facts.LastID
	case ownership.OursEqual, ownership.OursDifferent, ownership.OursCut, ownership.OursUnnamed, ownership.OursRemoving:
		return g.ours
	case ownership.OursMisnamed, ownership.Begun, ownership.TheirsEqual, ownership.TheirsDiffer, ownership.TheirsRemoving:
		return g.theirs
	}
	return g.theirs
}

// kindsOf returns the types of steps, in order.
func kindsOf(steps []plan.Step) []string {
	var kinds []string
	for _, step := range steps {
		kinds = append(kinds, fmt.Sprintf("%T", step))
	}
	return kinds
}

// steps returns the types of the steps of a plan in the table.
func (g *ownershipCase) steps(of ownership.Plan) []string {
	switch of {
	case ownership.DoNothing, ownership.Adopt, ownership.Release, ownership.Blocked:
	case ownership.Create:
		return kindsOf([]plan.Step{plan.Create{}})
	case ownership.Remove:
		return kindsOf([]plan.Step{plan.Remove{}})
	case ownership.Update, ownership.AdoptAndUpdate:
		return kindsOf([]plan.Step{plan.Update{}})
	}
	return nil
}

// pendingCreation returns the creation in the record if its result is not
// known.
func (g *ownershipCase) pendingCreation() *plan.Creation {
	switch g.Record {
	case ownership.Creating, ownership.Recognised, ownership.Remaking, ownership.Replaced:
		return g.facts.Record.Creating
	case ownership.None, ownership.Adopting, ownership.Made, ownership.Adopted:
	}
	return nil
}

// notes returns the records of a note in the table, before the first step and
// after the last step.
func (g *ownershipCase) notes(of ownership.Note) (before, after plan.Record) {
	record := g.facts.Record
	switch of {
	case ownership.AsItIs:
		has := record.Creating != nil || record.Adopting != "" || g.facts.LastID != ""
		record.Held = record.Held || has && g.Life == ownership.Applied && !g.facts.Desired.Observe
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
			Name: asked, Replaces: g.facts.LastID, Digests: []string{ownershipDigests[saidNow.Checksum().Open()]},
		}
		if g.Manifest == ownership.Changed && g.pendingCreation() != nil {
			creation.Digests = append(creation.Digests, g.pendingCreation().Digests...)
			slices.Sort(creation.Digests)
		}
		record = plan.Record{Held: true, Creating: creation}
	}
	return record, record
}

// refused returns the record after a refused creation.
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

// isOwner reports whether the status that follows from a plan has the owner in
// the table.
func (g *ownershipCase) isOwner(owner ownership.Owner, got plan.Plan) bool {
	secret := got.Secret
	wasAdopted := g.facts.Adopted || g.Record == ownership.Adopting
	lost, foreign := owner == ownership.NoOwner, owner == ownership.Theirs
	if (got.Owns == plan.Nothing) != lost || (got.Owns == plan.Observed) != foreign {
		return false
	}
	switch owner {
	case ownership.NoOwner:
		return secret == nil
	case ownership.Theirs:
		return secret != nil
	case ownership.AsBefore:
		return secret == nil || secret.ID == g.ours && (got.Owns == plan.Adopted) == wasAdopted
	case ownership.Ours:
		return got.Owns == plan.Own && (secret == nil && len(got.Steps) > 0 || secret != nil && secret.ID == g.theirs)
	case ownership.OursAdopted:
		return got.Owns == plan.Adopted && secret != nil && secret.ID != g.facts.LastID
	}
	return false
}
