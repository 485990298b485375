// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ownership

import "github.com/juju-secrets/operator/api/v1alpha1"

// untouched is what stays of what the operator leaves alone.
const untouched = "what is there"

func groups() []Group {
	return []Group{
		unseen(), references(), absent(), ours(), theirs(), others(), crashed(), letGo(), removed(),
	}
}

// inUse is an object that is applied and at work, and can be.
func inUse(more When) When {
	more.Life, more.Suspension, more.Model = is(Applied), is(Active), is(Seen)
	return more
}

// managing is an object in use that manages its secret and has a content for it.
func managing(more When) When {
	more = inUse(more)
	more.Management, more.Sources = isManage(), is(Ready)
	return more
}

func isManage() OneOf[v1alpha1.ManagementPolicy] {
	return as("`managementPolicy: Manage`", v1alpha1.ManagementManage)
}

func isObserve() OneOf[v1alpha1.ManagementPolicy] {
	return as("`managementPolicy: Observe`", v1alpha1.ManagementObserve)
}

func isNever() OneOf[v1alpha1.AdoptionPolicy] {
	return as("`adoptionPolicy: Never`", v1alpha1.AdoptionNever)
}

func isAdopt() OneOf[v1alpha1.AdoptionPolicy] {
	return as("`adoptionPolicy: Adopt`", v1alpha1.AdoptionAdopt)
}

func isCorrect() OneOf[v1alpha1.DriftPolicy] {
	return as("`driftPolicy: Correct`", v1alpha1.DriftCorrect)
}

func isReport() OneOf[v1alpha1.DriftPolicy] {
	return as("`driftPolicy: Report`", v1alpha1.DriftReport)
}

// inStatus is about a secret that the status knows, be it a former one.
func inStatus() OneOf[Record] { return as("status", Made, Adopted, Remaking, Replaced) }

// there is about a secret of the object's that can be worked with.
func there() OneOf[Juju] {
	return as("ours, as the manifest says or not", OursEqual, OursDifferent, OursCut, OursUnnamed, OursMisnamed)
}

// different is about a secret of the object's that is to be changed, and can be.
func different() OneOf[Juju] {
	return as("ours, different in content, `info` or `name`, or its latest revision removed", OursDifferent, OursCut, OursUnnamed)
}

// somebodys is about a secret that is not the object's.
func somebodys() OneOf[Juju] { return as("somebody else's, equal or not", TheirsEqual, TheirsDiffer) }

// free is about what no other JujuSecret has, whoever else asks for it.
func free() OneOf[Other] {
	return as("no other JujuSecret has it", Nobody, YoungerAsks, OlderAsks, OlderAdopts, YoungerNames, OlderNames)
}

// first is about what nobody who comes before the object asks for, as it has no secret yet.
func first() OneOf[Other] {
	return as("no JujuSecret that comes first asks for it", Nobody, YoungerAsks)
}

// firstAgain is the same of an object that has, or had, a secret.
func firstAgain() OneOf[Other] {
	return as("no JujuSecret that comes first asks for it", Nobody, YoungerAsks, OlderAsks, OlderAdopts, YoungerNames, YoungerHas)
}

// second is about what somebody who comes before the object asks for, as it has no secret yet.
func second() OneOf[Other] {
	return as("an older JujuSecret, or one that has a secret of another name, asks for it too",
		OlderAsks, OlderAdopts, YoungerNames, OlderNames, OlderBegun)
}

// secondAgain is the same of an object that has, or had, a secret.
func secondAgain() OneOf[Other] {
	return as("an older JujuSecret that has a secret of another name asks for it too", OlderNames)
}

// adoptable is about what no other JujuSecret has or would adopt first.
func adoptable() OneOf[Other] {
	return as("no other JujuSecret has it, and no older one would adopt it", Nobody, YoungerAsks, OlderAsks, YoungerNames, OlderNames)
}

// unseen are objects for which nothing is looked at, or nothing is done.
func unseen() Group {
	return Group{
		Title: "At rest, or not able to",
		Intro: "The object is not being deleted. Below S1 it is not suspended; S5 has `managementPolicy: Manage`, and its model answers.",
		When:  When{Life: is(Applied)},
		Rows: []Row{
			{ID: "S1", When: When{Suspension: is(Suspended)},
				Then: Then{DoNothing, v1alpha1.ReasonSuspended, AsItIs, AsBefore, false, untouched}},
			{ID: "S2", When: When{Suspension: as("", Active), Model: is(Denied)},
				Then: Then{Blocked, v1alpha1.ReasonTenantDenied, AsItIs, AsBefore, false, untouched}},
			{ID: "S3", When: When{Suspension: as("", Active), Model: is(Unreachable)},
				Then: Then{Blocked, v1alpha1.ReasonJujuUnreachable, AsItIs, AsBefore, false, untouched}},
			{ID: "S4", When: When{Suspension: as("", Active), Model: is(Gone)},
				Then: Then{Blocked, v1alpha1.ReasonModelNotFound, AsItIs, AsBefore, false, "nothing: it went with its model"}},
			{ID: "S5", When: When{Suspension: as("", Active), Model: as("", Seen), Management: as("", v1alpha1.ManagementManage), Sources: is(Missing)}, Unless: []string{"K1"},
				Then: Then{Blocked, v1alpha1.ReasonSourceNotFound, AsItIs, AsBefore, false, untouched}},
		},
	}
}

// references are objects that only look.
func references() Group {
	return Group{
		Title: "References",
		Intro: "`managementPolicy: Observe`. The object is not being deleted or suspended, and the model answers.",
		When:  inUse(When{Management: isObserve()}),
		Rows: []Row{
			{ID: "O1", When: When{Juju: as("a user secret, whosever it is", OursEqual, OursDifferent, OursCut, OursMisnamed, Begun, TheirsEqual, TheirsDiffer)},
				Then: Then{DoNothing, v1alpha1.ReasonSynced, NotHeld, Theirs, false, "it"}},
			{ID: "O2", When: When{Juju: as("nothing of that name or ID, or one that is being removed", Nothing, OursUnnamed, OursRemoving, TheirsRemoving)},
				Then: Then{Blocked, v1alpha1.ReasonSecretNotFound, NotHeld, NoneAnyMore, false, "nothing"}},
			{ID: "O3", When: When{Juju: is(Charms)},
				Then: Then{Blocked, v1alpha1.ReasonCharmOwned, NotHeld, NoneAnyMore, false, "it"}},
		},
	}
}

// manages is how the introductions of groups begin.
const manages = "`managementPolicy: Manage`. The object is not being deleted or suspended, the model answers, and the sources are there."

// absent are objects whose secret is not in Juju.
func absent() Group {
	return Group{
		Title: "Nothing is there",
		Intro: manages,
		When:  managing(When{}),
		Rows: []Row{
			{ID: "C1", When: When{Juju: is(Nothing), Record: is(None), Naming: is(ByName), Other: first()},
				Then: Then{Create, v1alpha1.ReasonSynced, ToCreate, Ours, false, "it, as revision 1"}},
			{ID: "C2", When: When{Juju: is(Nothing), Naming: is(ByID)}, Unless: []string{"C4", "K1"},
				Then: Then{Blocked, v1alpha1.ReasonSecretNotFound, NotHeld, NoneAnyMore, false, "nothing"}},
			{ID: "C3", When: When{
				Juju: as("nothing: ours was removed", Nothing), Record: inStatus(), Naming: is(ByName), Other: firstAgain(),
			}, Unless: []string{"C4"},
				Then: Then{Create, v1alpha1.ReasonSynced, ToCreate, Ours, false, "it, under another ID, as revision 1"}},
			{ID: "C4", When: When{
				Juju: as("ours was removed, whoever has its name now", Nothing, Begun, TheirsEqual, TheirsDiffer), Record: inStatus(),
				Drift: isReport(), Manifest: is(Unchanged),
			}, Unless: []string{"K1", "X2"},
				Then: Then{Blocked, v1alpha1.ReasonDrifted, AsItIs, AsBefore, false, untouched}},
		},
	}
}

// ours are objects whose secret is there.
func ours() Group {
	owned := inStatus()
	known := as("status, or an intent with the ID", Made, Adopted, Remaking, Replaced, Recognised, Adopting)
	return Group{
		Title: "Ours is there",
		Intro: manages,
		When:  managing(When{}),
		Rows: []Row{
			{ID: "M1", When: When{Juju: is(OursEqual), Record: owned}, Unless: []string{"K1"},
				Then: Then{DoNothing, v1alpha1.ReasonSynced, Hold, AsBefore, false, "it, at the same revision"}},
			{ID: "M2", When: When{Juju: different(), Record: owned, Manifest: is(Changed)}, Unless: []string{"K1", "M9"},
				Then: Then{Update, v1alpha1.ReasonSynced, Hold, AsBefore, false, "it, with a new revision if the content differs"}},
			{ID: "M3", When: When{Juju: different(), Record: owned, Manifest: is(Unchanged), Drift: isCorrect()}, Unless: []string{"K1", "M9"},
				Then: Then{Update, v1alpha1.ReasonSynced, Hold, AsBefore, false, "it, as the manifest says again"}},
			{ID: "M4", When: When{Juju: different(), Record: owned, Manifest: is(Unchanged), Drift: isReport()}, Unless: []string{"K1", "M9"},
				Then: Then{Blocked, v1alpha1.ReasonDrifted, Hold, AsBefore, false, "it, as somebody left it"}},
			{ID: "M5", When: When{
				Juju: is(OursMisnamed), Record: known,
				Other: as("no other JujuSecret has the name", Nobody, YoungerAsks, OlderAsks, OlderAdopts, YoungerNames, OlderNames),
			}, Then: Then{Blocked, v1alpha1.ReasonNameTaken, Hold, AsBefore, false, "both; ours keeps its name, and the rest of it is updated"}},
			{ID: "M6", When: When{Juju: is(OursMisnamed), Record: known, Other: as("another JujuSecret has the name, or may have begun that", YoungerHas, OlderHas, YoungerBegun, OlderBegun)},
				Then: Then{Blocked, v1alpha1.ReasonConflict, Hold, AsBefore, false, "both; ours keeps its name, and the rest of it is updated"}},
			{ID: "M7", When: When{Juju: is(OursMisnamed), Record: known, Other: as("a JujuSecret that is being deleted has the name", LeavingHas)},
				Then: Then{Blocked, v1alpha1.ReasonRemoving, Hold, AsBefore, false, "both, until the name is free"}},
			{ID: "M8", When: When{Juju: is(OursRemoving), Record: known}, Unless: []string{"K1"},
				Then: Then{Blocked, v1alpha1.ReasonRemoving, AsItIs, AsBefore, false, "nothing, once it is removed; then C3, or C2 by ID"}},
			{ID: "M9", When: When{Juju: is(OursUnnamed), Record: owned, Other: secondAgain()},
				Then: Then{Blocked, v1alpha1.ReasonConflict, Hold, AsBefore, false, "it, under the name that it has, and the rest of it is updated"}},
		},
	}
}

// theirs are objects that find somebody else's secret.
func theirs() Group {
	return Group{
		Title: "Somebody else's is there",
		Intro: manages,
		When:  managing(When{}),
		Rows: []Row{
			{ID: "T1", When: When{Juju: somebodys(), Other: free(), Adoption: isNever()}, Unless: []string{"C4"},
				Then: Then{Blocked, v1alpha1.ReasonNameTaken, NoIntent, NoneAnyMore, false, "theirs"}},
			{ID: "T2", When: When{
				Juju: is(TheirsEqual), Adoption: isAdopt(),
				Other: adoptable(),
			}, Unless: []string{"C4"},
				Then: Then{Adopt, v1alpha1.ReasonSynced, ToAdopt, OursAdopted, false, "it, ours now, at the same revision"}},
			{ID: "T3", When: When{
				Juju: is(TheirsDiffer), Adoption: isAdopt(),
				Other: adoptable(),
			}, Unless: []string{"C4"},
				Then: Then{AdoptAndUpdate, v1alpha1.ReasonSynced, ToAdopt, OursAdopted, false, "it, ours now, with a new revision if the content differs"}},
			{ID: "T4", When: When{Juju: is(Charms)},
				Then: Then{Blocked, v1alpha1.ReasonCharmOwned, NotHeld, NoneAnyMore, false, "the charm's"}},
			{ID: "T5", When: When{Juju: is(TheirsRemoving)},
				Then: Then{Blocked, v1alpha1.ReasonRemoving, AsItIs, AsBefore, false, "nothing, once it is removed; then C1"}},
		},
	}
}

// others are objects that another one gets in the way of.
func others() Group {
	taken := as("somebody else's, or what was begun", TheirsEqual, TheirsDiffer, Begun)
	return Group{
		Title: "Another JujuSecret's",
		Intro: manages + " (To K1 the sources do not matter.)",
		When:  inUse(When{Management: isManage()}),
		Rows: []Row{
			{ID: "K1", When: When{
				Juju: as("ours, or nothing any more", OursEqual, OursDifferent, OursCut, OursUnnamed, OursRemoving, Nothing), Record: inStatus(),
				Other: as("an older JujuSecret has the same ID in its status", OlderHas, LeavingHas),
			}, Then: Then{Blocked, v1alpha1.ReasonConflict, NotHeld, NoneAnyMore, false, "it, for the older one"}},
			{ID: "K2", When: When{Juju: taken, Other: as("another JujuSecret has it, or may have begun it", YoungerHas, OlderHas, YoungerBegun, OlderBegun), Sources: as("", Ready)},
				Unless: []string{"C4", "K7", "X2", "X3"},
				Then:   Then{Blocked, v1alpha1.ReasonConflict, NoIntent, NoneAnyMore, false, "the other's"}},
			{ID: "K3", When: When{Juju: taken, Other: as("a JujuSecret that is being deleted has it", LeavingHas), Sources: as("", Ready)},
				Unless: []string{"C4"},
				Then:   Then{Blocked, v1alpha1.ReasonRemoving, NoIntent, NoneAnyMore, false, "nothing, or what the other retains; then C1 or T1"}},
			{ID: "K4", When: When{
				Juju: is(Nothing), Naming: is(ByName), Record: as("nothing, or an intent", None, Creating, Recognised, Adopting), Other: second(), Sources: as("", Ready),
			}, Then: Then{Blocked, v1alpha1.ReasonConflict, PendingOnly, NoneAnyMore, false, "what the other makes"}},
			{ID: "K5", When: When{
				Juju: as("nothing: ours was removed", Nothing), Naming: is(ByName), Record: inStatus(), Other: secondAgain(), Sources: as("", Ready),
			}, Unless: []string{"C4"},
				Then: Then{Blocked, v1alpha1.ReasonConflict, PendingOnly, NoneAnyMore, false, "the other's, under that name"}},
			{ID: "K6", When: When{Juju: somebodys(), Adoption: isAdopt(), Other: is(OlderAdopts), Sources: as("", Ready)}, Unless: []string{"C4"},
				Then: Then{Blocked, v1alpha1.ReasonConflict, PendingOnly, NoneAnyMore, false, "theirs, until the older one adopts it"}},
			{ID: "K7", When: When{Juju: is(Begun), Other: is(OlderBegun), Sources: as("", Ready)}, Unless: []string{"C4"},
				Then: Then{Blocked, v1alpha1.ReasonConflict, AsItIs, AsBefore, false, "it; then X2, or K2, when the older one knows what is its"}},
		},
	}
}

// provenBegun is about what a creation left and no other JujuSecret has a better claim to.
func provenBegun() OneOf[Other] {
	return as("no other JujuSecret has it, and no older one may have begun it",
		Nobody, YoungerAsks, OlderAsks, OlderAdopts, YoungerNames, OlderNames, YoungerBegun)
}

// unclaimed is about what no other JujuSecret has, whoever may have begun it.
func unclaimed() OneOf[Other] {
	return as("no other JujuSecret has it", Nobody, YoungerAsks, OlderAsks, OlderAdopts, YoungerNames, OlderNames, YoungerBegun, OlderBegun)
}

// crashed are objects that an operator left in the midst of something.
func crashed() Group {
	begun := as("intent to create", Creating, Remaking, Replaced)
	known := as("an intent with the ID: to adopt, or to create and recognised", Adopting, Recognised)
	return Group{
		Title: "A crash in between",
		Intro: manages,
		When:  managing(When{}),
		Rows: []Row{
			{ID: "X1", When: When{Juju: is(Nothing), Record: as("an intent", Creating, Recognised, Adopting), Naming: is(ByName), Other: first()},
				Then: Then{Create, v1alpha1.ReasonSynced, ToCreate, Ours, false, "it, as revision 1"}},
			{ID: "X2", When: When{Juju: is(Begun), Record: begun, Manifest: is(Unchanged), Other: provenBegun()},
				Then: Then{DoNothing, v1alpha1.ReasonSynced, Hold, Ours, false, "it, ours, at revision 1"}},
			{ID: "X3", When: When{Juju: is(Begun), Record: begun, Manifest: is(Changed), Other: provenBegun()},
				Then: Then{Update, v1alpha1.ReasonSynced, ToRecognise, Ours, false, "it, ours, as the manifest says now"}},
			{ID: "X4", When: When{Juju: is(OursEqual), Record: known},
				Then: Then{DoNothing, v1alpha1.ReasonSynced, Hold, AsBefore, false, "it, ours, at the same revision"}},
			{ID: "X5", When: When{Juju: different(), Record: known}, Unless: []string{"X6"},
				Then: Then{Update, v1alpha1.ReasonSynced, Hold, AsBefore, false, "it, ours, as the manifest says"}},
			{ID: "X6", When: When{Juju: is(OursUnnamed), Record: known, Other: secondAgain()},
				Then: Then{Blocked, v1alpha1.ReasonConflict, Hold, AsBefore, false, "it, ours, under the name that it has"}},
		},
	}
}

// some is about any record there is.
func some() OneOf[Record] {
	return as("status, or an intent", Creating, Recognised, Adopting, Made, Adopted, Remaking, Replaced)
}

// letGo are objects that go and leave everything.
func letGo() Group {
	quiet := func(reason v1alpha1.Reason) Then {
		return Then{LetGo, reason, NotHeld, AsBefore, true, untouched}
	}
	loud := Then{LetGo, v1alpha1.ReasonLetGo, NotHeld, AsBefore, false, untouched}
	return Group{
		Title: "Deleted, and nothing is looked at",
		Intro: "The object is being deleted, suspended or not. Juju need not be there. Below D1 the finalizer is on the object, and " +
			"below D2 it has `managementPolicy: Manage`.",
		When: When{Life: is(Deleting)},
		Rows: []Row{
			{ID: "D1", When: When{Finalizer: is(Free)}, Then: quiet(v1alpha1.ReasonRemoved)},
			{ID: "D2", When: When{Finalizer: as("", Held), Management: isObserve()}, Then: quiet(v1alpha1.ReasonLetGo)},
			{ID: "D3", When: When{Finalizer: as("", Held), Management: as("", v1alpha1.ManagementManage), Record: as("nothing but the finalizer", None)}, Then: quiet(v1alpha1.ReasonLetGo)},
			{ID: "D4", When: When{
				Finalizer: as("", Held), Management: as("", v1alpha1.ManagementManage), Record: some(), Abandoned: is(Abandoned),
			}, Then: loud},
			{ID: "D5", When: When{
				Finalizer: as("", Held), Management: as("", v1alpha1.ManagementManage), Record: some(), Abandoned: as("", Kept),
				Deletion: as("`deletionPolicy: Retain`", v1alpha1.DeletionRetain),
			}, Then: loud},
			{ID: "D6", When: When{
				Finalizer: as("", Held), Management: as("", v1alpha1.ManagementManage), Record: is(Adopted, Adopting), Abandoned: as("", Kept),
				Deletion: as("`deletionPolicy` not set", v1alpha1.DeletionPolicy("")),
			}, Then: loud},
		},
	}
}

// removed are objects that go and take their secrets along, or would.
func removed() Group {
	seen := as("", Seen, Withdrawn)
	pending := as("intent to create", Creating, Remaking, Replaced)
	return Group{
		Title: "Deleted, and the secret goes too",
		Intro: "The object is being deleted, suspended or not, with `managementPolicy: Manage` and a finalizer, and is not " +
			"abandoned. `deletionPolicy` is `Delete`; or it is not set, and nothing that is still there was adopted (but D18). The model answers, but in D10 to D12. Whether the namespace is still a tenant does not matter, if the operator itself noted " +
			"what is recorded.",
		When: When{
			Life: is(Deleting), Finalizer: is(Held), Management: as("", v1alpha1.ManagementManage), Record: some(), Abandoned: is(Kept),
			Deletion: as("", "", v1alpha1.DeletionDelete),
		},
		Unless: []string{"D6"},
		Rows: []Row{
			{ID: "D7", When: When{Model: seen, Juju: there(), Record: as("status: made, or intent to create", Made, Remaking, Recognised)}, Unless: []string{"D13"},
				Then: Then{Remove, v1alpha1.ReasonRemoving, AsItIs, AsBefore, false, "nothing"}},
			{ID: "D8", When: When{Model: seen, Juju: there(), Record: as("status: adopted, or intent to adopt", Adopted, Adopting, Replaced)}, Unless: []string{"D13", "D18"},
				Then: Then{Remove, v1alpha1.ReasonRemoving, AsItIs, AsBefore, false, "nothing"}},
			{ID: "D9", When: When{Model: seen, Juju: is(OursRemoving)}, Unless: []string{"D13", "D18"},
				Then: Then{Blocked, v1alpha1.ReasonRemoving, AsItIs, AsBefore, false, "nothing, once it is removed; the object waits"}},
			{ID: "D10", When: When{Model: as("the namespace is no tenant of the model, and nothing proves what is recorded", Denied)},
				Then: Then{LetGo, v1alpha1.ReasonLetGo, NotHeld, AsBefore, false, untouched}},
			{ID: "D11", When: When{Model: is(Unreachable)},
				Then: Then{Blocked, v1alpha1.ReasonJujuUnreachable, AsItIs, AsBefore, false, "what is there; the object waits"}},
			{ID: "D12", When: When{Model: is(Gone)},
				Then: Then{LetGo, v1alpha1.ReasonLetGo, NotHeld, AsBefore, false, "nothing: it went with its model"}},
			{ID: "D13", When: When{
				Model: seen, Juju: as("ours, or nothing any more", OursEqual, OursDifferent, OursCut, OursUnnamed, OursRemoving, Nothing), Record: inStatus(),
				Other: as("an older JujuSecret has the same ID in its status", OlderHas, LeavingHas),
			}, Then: Then{LetGo, v1alpha1.ReasonLetGo, NotHeld, AsBefore, false, "it, for the older one"}},
			{ID: "D14", When: When{Model: seen, Juju: as("nothing, or somebody else's", Nothing, TheirsEqual, TheirsDiffer, TheirsRemoving)},
				Unless: []string{"D13", "D15"},
				Then:   Then{LetGo, v1alpha1.ReasonLetGo, NotHeld, AsBefore, true, untouched}},
			{ID: "D15", When: When{Model: seen, Juju: somebodys(), Record: pending,
				Other: unclaimed(),
			},
				Then: Then{LetGo, v1alpha1.ReasonLetGo, NotHeld, AsBefore, false, "theirs; an event says that it may be ours"}},
			{ID: "D16", When: When{Model: seen, Juju: is(Begun), Other: provenBegun()},
				Then: Then{Remove, v1alpha1.ReasonRemoving, AsItIs, Ours, false, "nothing"}},
			{ID: "D17", When: When{Model: seen, Juju: is(Begun), Other: as("another JujuSecret has it", YoungerHas, OlderHas, LeavingHas)},
				Then: Then{LetGo, v1alpha1.ReasonLetGo, NotHeld, AsBefore, true, "the other's"}},
			{ID: "D18", When: When{
				Model: seen, Juju: as("ours, as the manifest says or not, being removed or not",
					OursEqual, OursDifferent, OursCut, OursUnnamed, OursMisnamed, OursRemoving),
				Record: is(Replaced), Deletion: as("`deletionPolicy` not set", v1alpha1.DeletionPolicy("")),
			}, Unless: []string{"D13"},
				Then: Then{LetGo, v1alpha1.ReasonLetGo, NotHeld, AsBefore, false, "it"}},
			{ID: "D19", When: When{Model: seen, Juju: is(Begun), Other: is(OlderBegun)},
				Then: Then{LetGo, v1alpha1.ReasonLetGo, NotHeld, AsBefore, false, "it; an event says that it may be ours"}},
		},
	}
}
