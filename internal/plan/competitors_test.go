// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// createdAt returns the identity of an object that was created at a second.
func createdAt(second int64, namespace, name string) plan.Identity {
	return plan.Identity{Namespace: namespace, Name: name, Created: time.Unix(second, 0)}
}

// contender returns the JujuSecret that is reconciled: team-b/db, which asks
// for the name of an existing secret.
func contender(modify ...func(*plan.SecretFacts)) plan.SecretFacts {
	facts := plan.SecretFacts{
		Identity: createdAt(2, "team-b", "db"), Desired: plan.Desired{Name: "db"}, Model: prodApp,
		View: plan.ModelView{Known: true, ModelUUID: modelUUID, ByName: database()},
	}
	for _, change := range modify {
		change(&facts)
	}
	return facts
}

// rival returns another JujuSecret: team-a/db, which is older and asks for the
// same.
func rival(modify ...func(*plan.OtherSecret)) plan.OtherSecret {
	other := plan.OtherSecret{Identity: createdAt(1, "team-a", "db"), SpecName: "db", Model: prodApp}
	for _, change := range modify {
		change(&other)
	}
	return other
}

func TestCompetitorIsDerivedFromFacts(t *testing.T) {
	t.Parallel()
	owns := func(id, uuid string) func(*plan.OtherSecret) {
		return func(o *plan.OtherSecret) { o.OwnedID, o.OwnedModelUUID = id, uuid }
	}
	asks := func(id, name string) func(*plan.OtherSecret) {
		return func(o *plan.OtherSecret) { o.SpecID, o.SpecName = id, name }
	}
	adopts := func(o *plan.OtherSecret) { o.Adopt = true }
	inModel := func(name, uuid string) func(*plan.OtherSecret) {
		return func(o *plan.OtherSecret) { o.Model.Name, o.ModelUUID = name, uuid }
	}
	through := func(key plan.ControllerKey) func(*plan.OtherSecret) {
		return func(o *plan.OtherSecret) { o.Model.Controller = key }
	}
	reached := func(uuid string) func(*plan.OtherSecret) {
		return func(o *plan.OtherSecret) { o.ReachedUUID = uuid }
	}
	notAllowed := func(o *plan.OtherSecret) { o.Tenancy = denied() }
	elsewhere := func(o *plan.OtherSecret) { o.ServedElsewhere, o.StatusID = true, dbID }
	deleting := func(o *plan.OtherSecret) { o.Deleting = true }
	creates := func(creation plan.Creation) func(*plan.OtherSecret) {
		return func(o *plan.OtherSecret) { o.Record.Creating, o.Alike = &creation, []string{dbID} }
	}
	begins := func(o *plan.OtherSecret) { o.Record.Adopting = dbID }

	with := func(changes ...func(*plan.Competitor)) plan.Competitor {
		competitor := plan.Competitor{Object: "team-a/db", Older: true}
		for _, change := range changes {
			change(&competitor)
		}
		return competitor
	}
	wants := func(c *plan.Competitor) { c.Wants = true }
	wouldAdopt := func(c *plan.Competitor) { c.Adopts = true }
	owner := func(id string) func(*plan.Competitor) {
		return func(c *plan.Competitor) { c.SecretID, c.Recorded = id, true }
	}
	intent := func(id string) func(*plan.Competitor) { return func(c *plan.Competitor) { c.SecretID = id } }
	begun := func(c *plan.Competitor) { c.Begun = []string{dbID} }
	deletingNow := func(c *plan.Competitor) { c.Deleting = true }
	for name, row := range map[string]struct {
		other plan.OtherSecret
		want  plan.Competitor
	}{
		"asks for the same name": {rival(), with(wants)},
		"is younger": {
			rival(func(o *plan.OtherSecret) { o.Created = time.Unix(3, 0) }), with(
				wants, func(c *plan.Competitor) { c.Older = false },
			),
		},
		"would adopt the secret":       {rival(adopts), with(wants, wouldAdopt)},
		"would adopt the secret by ID": {rival(adopts, asks(dbID, "")), with(wouldAdopt)},
		"would adopt another by ID":    {rival(adopts, asks(otherID, "")), with()},
		"asks for another name":        {rival(asks("", "other")), with()},
		"owns the secret":              {rival(owns(dbID, modelUUID)), with(wants, owner(dbID))},
		"owns it under another name":   {rival(asks("", "other"), owns(dbID, modelUUID)), with(owner(dbID))},
		"owns by ID, asks for the name": {
			rival(asks(otherID, "db"), owns(otherID, modelUUID)), with(wants, owner(otherID)),
		},
		"goes by ID, asks for the name": {rival(asks(otherID, "db")), with()},
		"begins to adopt":               {rival(begins), with(wants, intent(dbID))},
		"owns another, and began to":    {rival(begins, owns(otherID, modelUUID)), with(wants, owner(otherID))},
		"is being deleted":              {rival(deleting), with(deletingNow)},
		"is being deleted, and owns":    {rival(deleting, owns(dbID, modelUUID)), with(deletingNow, owner(dbID))},
		"is suspended":                  {rival(func(o *plan.OtherSecret) { o.Suspended = true }), with()},
		"is in another model":           {rival(inModel("prod/other", "")), with()},
		"owns in another model":         {rival(inModel("prod/other", "other"), owns(dbID, "other")), with()},
		"begins to adopt elsewhere":     {rival(begins, inModel("prod/other", "")), with()},
		"says another model is the same": {
			rival(inModel("prod/third", modelUUID), owns(dbID, "third"), reached("third")), with(),
		},
		"says so, and it is not reached": {rival(inModel("prod/third", modelUUID), owns(dbID, "third")), with()},
		"names the model in another way": {rival(inModel("prod/other", modelUUID), reached(modelUUID)), with(wants)},
		"names the model by its UUID": {
			rival(func(o *plan.OtherSecret) { o.Model = plan.ModelRef{Controller: "other", UUID: modelUUID} }), with(wants),
		},
		"may not use the model": {rival(notAllowed, adopts, begins), with()},
		"may not use the model, and owns": {
			rival(notAllowed, inModel("prod/other", modelUUID), owns(dbID, modelUUID)), with(owner(dbID)),
		},
		"may not use it, owned elsewhere": {
			rival(notAllowed, inModel("prod/other", modelUUID), owns(dbID, "other")), with(),
		},
		"owns by its record, restored without a status": {
			rival(through("other"), owns(dbID, modelUUID)), with(owner(dbID)),
		},
		"has it by its status":         {rival(func(o *plan.OtherSecret) { o.StatusID = dbID }), with(wants)},
		"is served by another":         {rival(elsewhere), with(wants, owner(dbID))},
		"is served by another, denied": {rival(notAllowed, elsewhere), with()},
		"is served by another, denied, with a record for another secret": {
			rival(notAllowed, elsewhere, owns(otherID, modelUUID)), with(),
		},
		"recognised the secret": {
			rival(creates(plan.Creation{Name: "db", ID: dbID})), with(wants, intent(dbID)),
		},
		"recognised another": {
			rival(creates(plan.Creation{Name: "db", ID: otherID})), with(wants, intent(otherID)),
		},
		"may have created it":          {rival(creates(plan.Creation{Name: "db"})), with(wants, begun)},
		"may have created it, deleted": {rival(creates(plan.Creation{Name: "db"}), deleting), with(begun, deletingNow)},
		"may have created it, denied":  {rival(creates(plan.Creation{Name: "db"}), notAllowed), with(begun)},
		"ended its creation": {
			rival(creates(plan.Creation{Name: "db"}), owns(otherID, modelUUID)), with(wants, owner(otherID)),
		},
		"replaces its own": {
			rival(creates(plan.Creation{Name: "db", Replaces: otherID}), owns(otherID, modelUUID)),
			with(wants, owner(otherID), begun),
		},
		"created it in another model":    {rival(creates(plan.Creation{Name: "db"}), inModel("prod/other", "")), with()},
		"created it in a model not seen": {rival(creates(plan.Creation{Name: "db"}), through("other")), with(begun)},
		"created it in a model by UUID": {
			rival(creates(plan.Creation{Name: "db"}), func(o *plan.OtherSecret) {
				o.Model = plan.ModelRef{Controller: "other", UUID: "third"}
			}), with(),
		},
		"created it in another model through another": {
			rival(creates(plan.Creation{Name: "db"}), through("other"), inModel("prod/other", "")), with(),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := plan.Competitors(contender(), []plan.OtherSecret{row.other})
			if diff := cmp.Diff([]plan.Competitor{row.want}, got); diff != "" {
				t.Errorf("the competitors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCompetitorsOfAnotherNamespacesControllerDoNotCount(t *testing.T) {
	t.Parallel()
	mine := func(f *plan.SecretFacts) { f.Model.Controller = "team-b/default" }
	theirs := func(o *plan.OtherSecret) { o.Model.Controller = "team-a/default" }
	sameNamespace := func(o *plan.OtherSecret) { o.Namespace, o.Name = "team-b", "other" }
	ours := func(o *plan.OtherSecret) { o.Model.Controller = "team-b/default" }
	for name, row := range map[string]struct {
		facts plan.SecretFacts
		other plan.OtherSecret
		want  int
	}{
		"both through a ClusterJujuController": {contender(), rival(), 1},
		"other through a JujuController":       {contender(), rival(theirs), 0},
		"this one through a JujuController":    {contender(mine), rival(), 0},
		"each through its own JujuController":  {contender(mine), rival(theirs), 0},
		"both through one JujuController":      {contender(mine), rival(sameNamespace, ours), 1},
		"one namespace, different controllers": {contender(mine), rival(sameNamespace), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := plan.Competitors(row.facts, []plan.OtherSecret{row.other}); len(got) != row.want {
				t.Errorf("the competitors are %+v, want %d", got, row.want)
			}
		})
	}
}

func TestCompetitorsAreSortedOldestFirst(t *testing.T) {
	t.Parallel()
	inOrder := []plan.Identity{
		createdAt(1, "z", "z"), createdAt(2, "a", "b"), createdAt(2, "a", "c"), createdAt(2, "b", "a"),
		createdAt(3, "a", "a"),
	}
	var others []plan.OtherSecret
	var want []string
	for i, a := range inOrder {
		others = append(others, plan.OtherSecret{Identity: a, Model: prodApp})
		want = append(want, a.Object())
		for j, b := range inOrder {
			if got := a.Before(b); got != (i < j) {
				t.Errorf("%s is before %s: %t", a.Object(), b.Object(), got)
			}
		}
	}
	slices.Reverse(others)
	var got []string
	for _, competitor := range plan.Competitors(contender(), others) {
		got = append(got, competitor.Object)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the competitors (-want +got):\n%s", diff)
	}
	if others[0].Object() != "a/a" {
		t.Error("the argument was sorted")
	}
}

func TestOtherSecretIsLookedUpOnlyIfItsStatusAloneNamesTheModel(t *testing.T) {
	t.Parallel()
	status := func(o *plan.OtherSecret) { o.Model.Name, o.ModelUUID = "prod/other", modelUUID }
	for name, row := range map[string]struct {
		other plan.OtherSecret
		want  bool
	}{
		"its status alone": {rival(status), true},
		"its spec":         {rival(), false},
		"its spec, by the UUID": {
			rival(func(o *plan.OtherSecret) { o.Model = plan.ModelRef{Controller: "x", UUID: modelUUID} }), false,
		},
		"neither":                      {rival(func(o *plan.OtherSecret) { o.Model.Name = "prod/other" }), false},
		"its status, but it is denied": {rival(status, func(o *plan.OtherSecret) { o.Tenancy = denied() }), false},
		"its status, served by another": {
			rival(status, func(o *plan.OtherSecret) { o.ServedElsewhere = true }), false,
		},
		"its status, through its own JujuController": {
			rival(status, func(o *plan.OtherSecret) { o.Model.Controller = "team-b/own" }), false,
		},
	} {
		if got := contender().MustReach(row.other); got != row.want {
			t.Errorf("%s: it must be reached: %t, want %t", name, got, row.want)
		}
	}
}

func TestObjectWaitsForASecretByItsReason(t *testing.T) {
	t.Parallel()
	for reason, want := range map[v1alpha1.Reason]bool{
		v1alpha1.ReasonConflict: true, v1alpha1.ReasonNameTaken: true, v1alpha1.ReasonRemoving: true,
		v1alpha1.ReasonSynced: false, v1alpha1.ReasonJujuUnreachable: false, v1alpha1.ReasonOrphaned: false, "": false,
	} {
		if got := plan.WaitsForSecret(reason); got != want {
			t.Errorf("with %q it waits: %t, want %t", reason, got, want)
		}
	}
}

// anyOther returns random facts about another JujuSecret, possible or not.
func anyOther(d *draw, name string) plan.OtherSecret {
	other := plan.OtherSecret{
		Identity: createdAt(int64(d.below(4)), pick(d, "team-a", "team-b"), name),
		Deleting: d.in(4), Suspended: d.in(6), Adopt: d.in(3),
		SpecID: pick(d, "", "", dbID, otherID), SpecName: pick(d, "db", "db", "other", ""),
		Model: plan.ModelRef{
			Controller: pick[plan.ControllerKey](d, "default", "default", "other", "team-a/own", "team-b/own"),
			Name:       pick(d, "prod/app", "prod/app", "prod/other"),
		},
		ModelUUID: pick(d, "", modelUUID, "another"), Tenancy: anyTenancy(d), Record: anyRecord(d),
		OwnedID: pick(d, "", "", dbID, otherID), StatusID: pick(d, "", dbID, otherID),
		ReachedUUID: pick(d, "", modelUUID, "another"), Alike: pick(d, nil, []string{dbID}, []string{dbID, otherID}),
	}
	if other.OwnedID != "" {
		other.OwnedModelUUID = pick(d, modelUUID, "another")
	}
	if d.in(4) {
		other.Model.Name, other.Model.UUID = "", pick(d, modelUUID, "another")
	}
	if other.Record.Creating != nil {
		other.Record.Creating.ID = pick(d, "", "", dbID, otherID)
	}
	other.ServedElsewhere = d.in(5)
	return other
}

// mayTouch reports whether another object may use the model that was read. It
// repeats the rule independently.
func mayTouch(facts plan.SecretFacts, o plan.OtherSecret) bool {
	bySpec := o.Model == facts.Model || o.Model.UUID == modelUUID
	byStatus := o.ModelUUID == modelUUID &&
		(o.ServedElsewhere || o.Model.Controller.Namespace() != "" || o.ReachedUUID == modelUUID)
	return o.Tenancy.Problem == nil && (bySpec || byStatus)
}

// The reconciler leaves out objects that only ask, once an older one decides.
func TestCompetitorsThatOnlyAskDecideNothingAfterTheFirst(t *testing.T) {
	t.Parallel()
	skipped := 0
	for seed := range draw(4 * cases) {
		d := seed
		facts := contender()
		facts.Identity = createdAt(int64(d.below(4)), pick(&d, "team-a", "team-b"), "db")
		facts.Content = content.Desired{State: content.Ready, Content: holding("hunter2")}
		facts.Digest = digestOf(holding("hunter2"))
		facts.Desired.Adopt = d.in(2)
		facts.Desired.ID = pick(&d, "", "", dbID)
		if d.in(2) {
			facts.View.ByName, facts.View.ByID = nil, nil
		}
		var all, kept []plan.OtherSecret
		for i := range 4 {
			other := anyOther(&d, fmt.Sprint(i))
			if d.in(2) {
				other.Record, other.OwnedID, other.StatusID = plan.Record{}, "", ""
			}
			all = append(all, other)
		}
		slices.SortFunc(all, func(a, b plan.OtherSecret) int { return a.Compare(b.Identity) })
		decided := false
		for _, other := range all {
			asks := other.OnlyAsks()
			if asks && (decided || !other.Before(facts.Identity)) {
				skipped++
				continue
			}
			kept = append(kept, other)
			decided = decided || asks && facts.DecidedBy(other)
		}
		facts.Competitors = plan.Competitors(facts, all)
		want := plan.ForSecret(facts)
		facts.Competitors = plan.Competitors(facts, kept)
		if diff := cmp.Diff(want, plan.ForSecret(facts), sameValues); diff != "" {
			t.Fatalf("seed %d: without those that are left out of %+v (-want +got):\n%s", seed, all, diff)
		}
	}
	if skipped == 0 {
		t.Error("no case leaves an object out")
	}
}

func TestCompetitorsHoldForAnyTwoOthers(t *testing.T) {
	t.Parallel()
	claims := 0
	for seed := range draw(2 * cases) {
		d := seed
		facts := contender()
		facts.Identity = createdAt(int64(d.below(4)), pick(&d, "team-a", "team-b"), "db")
		facts.Model.Controller = pick[plan.ControllerKey](
			&d, "default", "default", plan.ControllerKey(facts.Identity.Namespace+"/own"),
		)
		facts.Desired.ID = pick(&d, "", "", dbID)
		others := []plan.OtherSecret{anyOther(&d, "one"), anyOther(&d, "two")}[:d.below(3)]
		got := plan.Competitors(facts, others)
		backwards := slices.Clone(others)
		slices.Reverse(backwards)
		if diff := cmp.Diff(got, plan.Competitors(facts, backwards)); diff != "" {
			t.Fatalf("seed %d: in another order of %+v (-one +other):\n%s", seed, others, diff)
		}
		for i, competitor := range got {
			of := slices.IndexFunc(others, func(o plan.OtherSecret) bool { return o.Object() == competitor.Object })
			o := others[of]
			if i > 0 && got[i-1].Older != competitor.Older && competitor.Older {
				t.Errorf("seed %d: a younger one comes first: %+v", seed, got)
			}
			if o.Namespace != facts.Identity.Namespace &&
				(o.Model.Controller.Namespace() != "" || facts.Model.Controller.Namespace() != "") {
				t.Errorf("seed %d: %+v counts through a controller of another namespace", seed, o)
			}
			if mayTouch(facts, o) {
				continue
			}
			owns := o.OwnedID == competitor.SecretID && o.OwnedModelUUID == modelUUID
			if competitor.Recorded && !owns {
				t.Fatalf("seed %d: %+v owns %s, in no record for this model: %+v", seed, competitor.Object, competitor.SecretID, o)
			}
			recognised := o.Record.Creating != nil && o.Record.Creating.ID == competitor.SecretID
			if competitor.SecretID != "" && !owns && !recognised || competitor.Wants || competitor.Adopts {
				t.Fatalf("seed %d: %+v is claimed without permission: %+v", seed, competitor, o)
			}
			if competitor.SecretID != "" {
				claims++
			}
		}
	}
	if claims == 0 {
		t.Error("no case has an owner that may not use the model")
	}
}
