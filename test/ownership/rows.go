// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ownership

import "github.com/juju-secrets/operator/api/v1alpha1"

// untouched describes what is left when the operator changes nothing in Juju.
const untouched = "what is in Juju"

func groups() []Group {
	return []Group{
		blockedGroup(), referenceGroup(), missingGroup(), ownGroup(), foreignGroup(), conflictGroup(), crashGroup(),
		releaseGroup(), removalGroup(),
	}
}

// active adds the conditions of an object that is not being deleted or
// suspended, in a model that answers.
func active(more When) When {
	more.Life, more.Suspension, more.Model = is(Applied), is(Active), is(Seen)
	return more
}

// managing adds the conditions of an active object that manages its secret and
// has all its sources.
func managing(more When) When {
	more = active(more)
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

// isOwned matches records of a secret in the status, even if the secret is
// presumed missing.
func isOwned() OneOf[Record] { return as("owned", Made, Adopted, Remaking, Replaced) }

// ownSecret matches a secret of the object that can be updated.
func ownSecret() OneOf[Juju] {
	return as("own secret, as in the manifest or different", OursEqual, OursDifferent, OursCut, OursUnnamed, OursMisnamed)
}

// ownDifferent matches a secret of the object that differs from the manifest
// and can be updated.
func ownDifferent() OneOf[Juju] {
	return as(
		"own secret, different in content, `info` or `name`, or its latest revision removed", OursDifferent, OursCut,
		OursUnnamed,
	)
}

// foreignSecret matches a secret that the object does not own.
func foreignSecret() OneOf[Juju] {
	return as("foreign secret, equal or different", TheirsEqual, TheirsDiffer)
}

// unowned matches a secret that no other JujuSecret owns. Others may ask for
// it.
func unowned() OneOf[Other] {
	return as("no other JujuSecret has it", NoOther, YoungerAsks, OlderAsks, OlderAdopts, YoungerNames, OlderNames)
}

// hasPrecedence matches an object without a secret if no JujuSecret with
// precedence asks for the same secret.
func hasPrecedence() OneOf[Other] {
	return as("no JujuSecret with precedence asks for it", NoOther, YoungerAsks)
}

// ownerHasPrecedence is hasPrecedence for an object that owns or owned a
// secret.
func ownerHasPrecedence() OneOf[Other] {
	return as(
		"no JujuSecret with precedence asks for it", NoOther, YoungerAsks, OlderAsks, OlderAdopts, YoungerNames,
		YoungerHas,
	)
}

// lacksPrecedence matches an object without a secret if a JujuSecret with
// precedence asks for the same secret.
func lacksPrecedence() OneOf[Other] {
	return as("an older JujuSecret, or a JujuSecret that has a secret with another name, asks for it too",
		OlderAsks, OlderAdopts, YoungerNames, OlderNames, OlderBegun)
}

// ownerLacksPrecedence is lacksPrecedence for an object that owns or owned a
// secret.
func ownerLacksPrecedence() OneOf[Other] {
	return as("an older JujuSecret that has a secret with another name asks for it too", OlderNames)
}

// adoptable matches a secret that no other JujuSecret owns or would adopt
// first.
func adoptable() OneOf[Other] {
	return as(
		"no other JujuSecret has it, and no older JujuSecret would adopt it", NoOther, YoungerAsks, OlderAsks,
		YoungerNames, OlderNames,
	)
}

// blockedGroup holds the rows in which the operator does not look at Juju or
// changes nothing.
func blockedGroup() Group {
	return Group{
		Title: "Suspended or blocked",
		Intro: "The object is not being deleted. From S2 on it is not suspended. " +
			"In S5 it has `managementPolicy: Manage`, and the model answers.",
		When: When{Life: is(Applied)},
		Rows: []Row{
			{ID: "S1", When: When{Suspension: is(Suspended)},
				Then: Then{DoNothing, v1alpha1.ReasonSuspended, AsItIs, AsBefore, false, untouched}},
			{ID: "S2", When: When{Suspension: as("", Active), Model: is(Denied)},
				Then: Then{Blocked, v1alpha1.ReasonTenantDenied, AsItIs, AsBefore, false, untouched}},
			{ID: "S3", When: When{Suspension: as("", Active), Model: is(Unreachable)},
				Then: Then{Blocked, v1alpha1.ReasonJujuUnreachable, AsItIs, AsBefore, false, untouched}},
			{
				ID:   "S4",
				When: When{Suspension: as("", Active), Model: is(Gone)},
				Then: Then{
					Blocked, v1alpha1.ReasonModelNotFound, AsItIs, AsBefore, false, "nothing: it was removed with its model",
				},
			},
			{
				ID: "S5",
				When: When{
					Suspension: as("", Active), Model: as("", Seen), Management: as("", v1alpha1.ManagementManage),
					Sources: is(Missing),
				},
				Unless: []string{"K1"},
				Then:   Then{Blocked, v1alpha1.ReasonSourceNotFound, AsItIs, AsBefore, false, untouched},
			},
			{
				ID: "S6", When: When{Suspension: as("", Active), Model: is(Forbidden)},
				Then: Then{Blocked, v1alpha1.ReasonPermissionDenied, AsItIs, AsBefore, false, untouched},
			},
			{
				ID: "S8", When: When{Suspension: as("", Active), Model: is(Migrated)},
				Then: Then{Blocked, v1alpha1.ReasonModelMigrated, AsItIs, AsBefore, false, untouched},
			},
			{
				ID: "S9", When: When{Suspension: as("", Active), Model: is(Elsewhere)},
				Then: Then{Blocked, v1alpha1.ReasonModelNotFound, AsItIs, AsBefore, false, untouched},
			},
			{
				ID: "S7", When: When{Suspension: as("", Active), Model: is(NotListed)},
				Then: Then{Blocked, v1alpha1.ReasonModelNotFound, AsItIs, AsBefore, false, untouched},
			},
		},
	}
}

// referenceGroup holds the rows of objects that only observe a secret.
func referenceGroup() Group {
	return Group{
		Title: "References",
		Intro: "`managementPolicy: Observe`. The object is not being deleted or suspended, and the model answers.",
		When:  active(When{Management: isObserve()}),
		Rows: []Row{
			{
				ID: "O1",
				When: When{
					Juju: as(
						"any user secret", OursEqual, OursDifferent, OursCut, OursMisnamed, Begun, TheirsEqual, TheirsDiffer,
					),
				},
				Then: Then{DoNothing, v1alpha1.ReasonSynced, NotHeld, Theirs, false, "the secret"},
			},
			{
				ID: "O2",
				When: When{
					Juju: as(
						"no secret with that name, or a secret that is being removed", Nothing, OursUnnamed, OursRemoving,
						TheirsRemoving,
					),
					Naming: is(ByName),
				},
				Then: Then{Blocked, v1alpha1.ReasonSecretNotFound, NotHeld, NoOwner, false, "nothing"},
			},
			{ID: "O3", When: When{Juju: is(Charms)},
				Then: Then{Blocked, v1alpha1.ReasonCharmOwned, NotHeld, NoOwner, false, "the secret"}},
			{
				ID: "O4",
				When: When{
					Juju: as(
						"no secret with that ID, or a secret that is being removed", Nothing, OursUnnamed, OursRemoving,
						TheirsRemoving,
					),
					Naming: is(ByID),
				},
				Then: Then{Blocked, v1alpha1.ReasonSecretIDNotFound, NotHeld, NoOwner, false, "nothing"},
			},
		},
	}
}

// manages begins the introductions of the groups of managing objects.
const manages = "`managementPolicy: Manage`. The object is not being deleted or suspended, " +
	"the model answers, and all sources are found."

// missingGroup holds the rows of objects without a secret in Juju.
func missingGroup() Group {
	return Group{
		Title: "No secret in Juju",
		Intro: manages,
		When:  managing(When{}),
		Rows: []Row{
			{ID: "C1", When: When{Juju: is(Nothing), Record: is(None), Naming: is(ByName), Other: hasPrecedence()},
				Then: Then{Create, v1alpha1.ReasonSynced, ToCreate, Ours, false, "the new secret, at revision 1"}},
			{ID: "C2", When: When{Juju: is(Nothing), Naming: is(ByID)}, Unless: []string{"C4", "K1"},
				Then: Then{Blocked, v1alpha1.ReasonSecretIDNotFound, NotHeld, NoOwner, false, "nothing"}},
			{
				ID: "C3",
				When: When{
					Juju: as("nothing: the object's secret was removed", Nothing), Record: isOwned(), Naming: is(ByName),
					Other: ownerHasPrecedence(),
				},
				Unless: []string{"C4"},
				Then: Then{
					Create, v1alpha1.ReasonSynced, ToCreate, Ours, false, "the new secret, under another ID, at revision 1",
				},
			},
			{
				ID: "C4",
				When: When{
					Juju: as(
						"the object's secret was removed, whatever has its name now", Nothing, Begun, TheirsEqual, TheirsDiffer,
					),
					Record: isOwned(), Drift: isReport(), Manifest: is(Unchanged),
				},
				Unless: []string{"K1", "X2"},
				Then:   Then{Blocked, v1alpha1.ReasonDrifted, AsItIs, AsBefore, false, untouched},
			},
		},
	}
}

// ownGroup holds the rows of objects that have their secret in Juju.
func ownGroup() Group {
	owned := isOwned()
	known := as("owned, or an intent with the ID", Made, Adopted, Remaking, Replaced, Recognised, Adopting)
	return Group{
		Title: "Own secret in Juju",
		Intro: manages,
		When:  managing(When{}),
		Rows: []Row{
			{ID: "M1", When: When{Juju: is(OursEqual), Record: owned}, Unless: []string{"K1"},
				Then: Then{DoNothing, v1alpha1.ReasonSynced, Hold, AsBefore, false, "the secret, at the same revision"}},
			{
				ID:     "M2",
				When:   When{Juju: ownDifferent(), Record: owned, Manifest: is(Changed)},
				Unless: []string{"K1", "M9"},
				Then: Then{
					Update, v1alpha1.ReasonSynced, Hold, AsBefore, false,
					"the secret, with a new revision if the content differs",
				},
			},
			{
				ID:     "M3",
				When:   When{Juju: ownDifferent(), Record: owned, Manifest: is(Unchanged), Drift: isCorrect()},
				Unless: []string{"K1", "M9"},
				Then:   Then{Update, v1alpha1.ReasonSynced, Hold, AsBefore, false, "the secret, as in the manifest again"},
			},
			{
				ID:     "M4",
				When:   When{Juju: ownDifferent(), Record: owned, Manifest: is(Unchanged), Drift: isReport()},
				Unless: []string{"K1", "M9"},
				Then: Then{
					Blocked, v1alpha1.ReasonDrifted, Hold, AsBefore, false, "the secret, with the changes of the other client",
				},
			},
			{
				ID: "M5",
				When: When{
					Juju: is(OursMisnamed), Record: known,
					Other: as(
						"no other JujuSecret has the name", NoOther, YoungerAsks, OlderAsks, OlderAdopts, YoungerNames,
						OlderNames,
					),
				},
				Then: Then{
					Blocked, v1alpha1.ReasonNameTaken, Hold, AsBefore, false,
					"both; the object's secret keeps its name, everything else is updated",
				},
			},
			{
				ID: "M6",
				When: When{
					Juju: is(OursMisnamed), Record: known,
					Other: as(
						"another JujuSecret has the name, or may have created that secret", YoungerHas, OlderHas, YoungerBegun,
						OlderBegun,
					),
				},
				Then: Then{
					Blocked, v1alpha1.ReasonConflict, Hold, AsBefore, false,
					"both; the object's secret keeps its name, everything else is updated",
				},
			},
			{
				ID: "M7",
				When: When{
					Juju: is(OursMisnamed), Record: known,
					Other: as("a JujuSecret that is being deleted has the name", LeavingHas),
				},
				Then: Then{Blocked, v1alpha1.ReasonRemoving, Hold, AsBefore, false, "both, until the name is free"},
			},
			{
				ID:     "M8",
				When:   When{Juju: is(OursRemoving), Record: known},
				Unless: []string{"K1"},
				Then: Then{
					Blocked, v1alpha1.ReasonRemoving, AsItIs, AsBefore, false,
					"nothing, after the removal; then C3, or C2 by ID",
				},
			},
			{
				ID:   "M9",
				When: When{Juju: is(OursUnnamed), Record: owned, Other: ownerLacksPrecedence()},
				Then: Then{
					Blocked, v1alpha1.ReasonConflict, Hold, AsBefore, false,
					"the secret, under its current name, everything else is updated",
				},
			},
		},
	}
}

// foreignGroup holds the rows of objects that find a foreign secret.
func foreignGroup() Group {
	return Group{
		Title: "Foreign secret in Juju",
		Intro: manages,
		When:  managing(When{}),
		Rows: []Row{
			{ID: "T1", When: When{Juju: foreignSecret(), Other: unowned(), Adoption: isNever()}, Unless: []string{"C4"},
				Then: Then{Blocked, v1alpha1.ReasonNameTaken, NoIntent, NoOwner, false, "the foreign secret"}},
			{
				ID:     "T2",
				When:   When{Juju: is(TheirsEqual), Adoption: isAdopt(), Other: adoptable()},
				Unless: []string{"C4"},
				Then: Then{
					Adopt, v1alpha1.ReasonSynced, ToAdopt, OursAdopted, false, "the secret, now owned, at the same revision",
				},
			},
			{
				ID:     "T3",
				When:   When{Juju: is(TheirsDiffer), Adoption: isAdopt(), Other: adoptable()},
				Unless: []string{"C4"},
				Then: Then{
					AdoptAndUpdate, v1alpha1.ReasonSynced, ToAdopt, OursAdopted, false,
					"the secret, now owned, with a new revision if the content differs",
				},
			},
			{ID: "T4", When: When{Juju: is(Charms)},
				Then: Then{Blocked, v1alpha1.ReasonCharmOwned, NotHeld, NoOwner, false, "the charm's secret"}},
			{ID: "T5", When: When{Juju: is(TheirsRemoving)},
				Then: Then{Blocked, v1alpha1.ReasonRemoving, AsItIs, AsBefore, false, "nothing, after the removal; then C1"}},
		},
	}
}

// conflictGroup holds the rows of objects that another JujuSecret blocks.
func conflictGroup() Group {
	taken := as("foreign or matching secret", TheirsEqual, TheirsDiffer, Begun)
	return Group{
		Title: "Conflict with another JujuSecret",
		Intro: manages + " The sources do not matter in K1.",
		When:  active(When{Management: isManage()}),
		Rows: []Row{
			{
				ID: "K1",
				When: When{
					Juju:   as("own secret, or nothing", OursEqual, OursDifferent, OursCut, OursUnnamed, OursRemoving, Nothing),
					Record: isOwned(), Other: as("an older JujuSecret owns the same ID", OlderHas, LeavingHas),
				},
				Then: Then{
					Blocked, v1alpha1.ReasonConflict, NotHeld, NoOwner, false, "the secret, which the older object owns",
				},
			},
			{
				ID: "K2",
				When: When{
					Juju: taken,
					Other: as(
						"another JujuSecret has it, or may have created it", YoungerHas, OlderHas, YoungerBegun, OlderBegun,
					),
					Sources: as("", Ready),
				},
				Unless: []string{"C4", "K7", "X2", "X3"},
				Then:   Then{Blocked, v1alpha1.ReasonConflict, NoIntent, NoOwner, false, "the secret of the other object"},
			},
			{
				ID: "K3",
				When: When{
					Juju: taken, Other: as("a JujuSecret that is being deleted has it", LeavingHas), Sources: as("", Ready),
				},
				Unless: []string{"C4"},
				Then: Then{
					Blocked, v1alpha1.ReasonRemoving, NoIntent, NoOwner, false,
					"nothing, then C1; or a retained secret, then T1",
				},
			},
			{
				ID: "K4",
				When: When{
					Juju: is(Nothing), Naming: is(ByName),
					Record: as("nothing, or an intent", None, Creating, Recognised, Adopting), Other: lacksPrecedence(),
					Sources: as("", Ready),
				},
				Then: Then{
					Blocked, v1alpha1.ReasonConflict, PendingOnly, NoOwner, false, "the secret that the other object creates",
				},
			},
			{
				ID: "K5",
				When: When{
					Juju: as("nothing: the object's secret was removed", Nothing), Naming: is(ByName), Record: isOwned(),
					Other: ownerLacksPrecedence(), Sources: as("", Ready),
				},
				Unless: []string{"C4"},
				Then: Then{
					Blocked, v1alpha1.ReasonConflict, PendingOnly, NoOwner, false,
					"the secret of the other object, under that name",
				},
			},
			{
				ID:     "K6",
				When:   When{Juju: foreignSecret(), Adoption: isAdopt(), Other: is(OlderAdopts), Sources: as("", Ready)},
				Unless: []string{"C4"},
				Then: Then{
					Blocked, v1alpha1.ReasonConflict, PendingOnly, NoOwner, false,
					"the foreign secret, until the older object adopts it",
				},
			},
			{
				ID:     "K7",
				When:   When{Juju: is(Begun), Other: is(OlderBegun), Sources: as("", Ready)},
				Unless: []string{"C4"},
				Then: Then{
					Blocked, v1alpha1.ReasonConflict, AsItIs, AsBefore, false,
					"the secret; then X2, or K2, when the older object knows which secret it owns",
				},
			},
		},
	}
}

// hasOldestCreation matches a secret that a creation of the object may have
// left, if no other JujuSecret has a better claim to the secret.
func hasOldestCreation() OneOf[Other] {
	return as("no other JujuSecret has it, and no older JujuSecret may have created it",
		NoOther, YoungerAsks, OlderAsks, OlderAdopts, YoungerNames, OlderNames, YoungerBegun)
}

// unownedOrPending matches a secret that no other JujuSecret owns. Others may
// have created it.
func unownedOrPending() OneOf[Other] {
	return as(
		"no other JujuSecret has it", NoOther, YoungerAsks, OlderAsks, OlderAdopts, YoungerNames, OlderNames,
		YoungerBegun, OlderBegun,
	)
}

// crashGroup holds the rows of objects with an intent that a crash left.
func crashGroup() Group {
	begun := as("intent to create", Creating, Remaking, Replaced)
	known := as("an intent with the ID: to adopt, or to create and recognised", Adopting, Recognised)
	return Group{
		Title: "After a crash",
		Intro: manages,
		When:  managing(When{}),
		Rows: []Row{
			{
				ID: "X1",
				When: When{
					Juju: is(Nothing), Record: as("an intent", Creating, Recognised, Adopting), Naming: is(ByName),
					Other: hasPrecedence(),
				},
				Then: Then{Create, v1alpha1.ReasonSynced, ToCreate, Ours, false, "the new secret, at revision 1"},
			},
			{ID: "X2", When: When{Juju: is(Begun), Record: begun, Manifest: is(Unchanged), Other: hasOldestCreation()},
				Then: Then{DoNothing, v1alpha1.ReasonSynced, Hold, Ours, false, "the secret, now owned, at revision 1"}},
			{
				ID:   "X3",
				When: When{Juju: is(Begun), Record: begun, Manifest: is(Changed), Other: hasOldestCreation()},
				Then: Then{
					Update, v1alpha1.ReasonSynced, ToRecognise, Ours, false,
					"the secret, now owned, as in the current manifest",
				},
			},
			{ID: "X4", When: When{Juju: is(OursEqual), Record: known},
				Then: Then{DoNothing, v1alpha1.ReasonSynced, Hold, AsBefore, false, "the secret, owned, at the same revision"}},
			{ID: "X5", When: When{Juju: ownDifferent(), Record: known}, Unless: []string{"X6"},
				Then: Then{Update, v1alpha1.ReasonSynced, Hold, AsBefore, false, "the secret, owned, as in the manifest"}},
			{ID: "X6", When: When{Juju: is(OursUnnamed), Record: known, Other: ownerLacksPrecedence()},
				Then: Then{Blocked, v1alpha1.ReasonConflict, Hold, AsBefore, false, "the secret, owned, under its current name"}},
		},
	}
}

// anyRecord matches every record except the empty one.
func anyRecord() OneOf[Record] {
	return as("owned, or an intent", Creating, Recognised, Adopting, Made, Adopted, Remaking, Replaced)
}

// releaseGroup holds the rows of deleted objects that leave their secrets
// without a look at Juju.
func releaseGroup() Group {
	silent := func(reason v1alpha1.Reason) Then {
		return Then{Release, reason, NotHeld, AsBefore, true, untouched}
	}
	announced := Then{Release, v1alpha1.ReasonOrphaned, NotHeld, AsBefore, false, untouched}
	return Group{
		Title: "Deletion without a look at Juju",
		Intro: "The object is being deleted, suspended or not. Juju does not have to answer. " +
			"From D2 on, the object has the finalizer. From D3 on, it has `managementPolicy: Manage`.",
		When: When{Life: is(Deleting)},
		Rows: []Row{
			{ID: "D1", When: When{Finalizer: is(Free)}, Then: silent(v1alpha1.ReasonRemoved)},
			{ID: "D2", When: When{Finalizer: as("", Held), Management: isObserve()}, Then: silent(v1alpha1.ReasonOrphaned)},
			{
				ID: "D3",
				When: When{
					Finalizer: as("", Held), Management: as("", v1alpha1.ManagementManage),
					Record: as("only the finalizer", None),
				},
				Then: silent(v1alpha1.ReasonOrphaned),
			},
			{
				ID: "D4",
				When: When{
					Finalizer: as("", Held), Management: as("", v1alpha1.ManagementManage), Record: anyRecord(),
					Abandoned: is(Abandoned),
				},
				Then: announced,
			},
			{
				ID: "D5",
				When: When{
					Finalizer: as("", Held), Management: as("", v1alpha1.ManagementManage), Record: anyRecord(),
					Abandoned: as("", Kept), Deletion: as("`deletionPolicy: Retain`", v1alpha1.DeletionRetain),
				},
				Then: announced,
			},
			{
				ID: "D6",
				When: When{
					Finalizer: as("", Held), Management: as("", v1alpha1.ManagementManage), Record: is(Adopted, Adopting),
					Abandoned: as("", Kept), Deletion: as("`deletionPolicy` not set", v1alpha1.DeletionPolicy("")),
				},
				Then: announced,
			},
		},
	}
}

// removalGroup holds the rows of deleted objects with a deletion policy that
// removes their secrets.
func removalGroup() Group {
	seen := as("", Seen, Withdrawn)
	pending := as("intent to create", Creating, Remaking, Replaced)
	return Group{
		Title: "Deletion of the secret",
		Intro: "The object is being deleted, suspended or not, with `managementPolicy: Manage` and the finalizer, " +
			"and is not abandoned. `deletionPolicy` is `Delete`, or it is not set and no adopted secret is left " +
			"(except in D18). The model answers, except in D10 to D12 and in D20 to D23. For what was created for " +
			"the object, it does not matter whether the namespace is still a tenant.",
		When: When{
			Life: is(Deleting), Finalizer: is(Held), Management: as("", v1alpha1.ManagementManage),
			Record: anyRecord(), Abandoned: is(Kept),
			Deletion: as("", "", v1alpha1.DeletionDelete),
		},
		Unless: []string{"D6"},
		Rows: []Row{
			{
				ID: "D7",
				When: When{
					Model: seen, Juju: ownSecret(),
					Record: as("owned (created), or intent to create", Made, Remaking, Recognised),
				},
				Unless: []string{"D13"},
				Then:   Then{Remove, v1alpha1.ReasonRemoving, AsItIs, AsBefore, false, "nothing"},
			},
			{
				ID: "D8",
				When: When{
					Model: seen, Juju: ownSecret(),
					Record: as("owned (adopted), or intent to adopt", Adopted, Adopting, Replaced),
				},
				Unless: []string{"D13", "D18"},
				Then:   Then{Remove, v1alpha1.ReasonRemoving, AsItIs, AsBefore, false, "nothing"},
			},
			{
				ID:     "D9",
				When:   When{Model: seen, Juju: is(OursRemoving)},
				Unless: []string{"D13", "D18"},
				Then: Then{
					Blocked, v1alpha1.ReasonRemoving, AsItIs, AsBefore, false, "nothing, after the removal; the object waits",
				},
			},
			{
				ID: "D10",
				When: When{
					Model: as(
						"the namespace is not a tenant of the model, and the recorded secret was not created for the object",
						Denied,
					),
				},
				Then: Then{Release, v1alpha1.ReasonOrphaned, NotHeld, AsBefore, false, untouched},
			},
			{ID: "D11", When: When{Model: is(Unreachable)},
				Then: Then{Blocked, v1alpha1.ReasonJujuUnreachable, AsItIs, AsBefore, false, "what is in Juju; the object waits"}},
			{ID: "D12", When: When{Model: is(Gone)},
				Then: Then{Release, v1alpha1.ReasonOrphaned, NotHeld, AsBefore, false, "nothing: it was removed with its model"}},
			{ID: "D20", When: When{Model: is(Forbidden)},
				Then: Then{
					Blocked, v1alpha1.ReasonPermissionDenied, AsItIs, AsBefore, false,
					"what is in Juju; the object waits until the user has access again",
				}},
			{ID: "D22", When: When{Model: is(Migrated)},
				Then: Then{
					Blocked, v1alpha1.ReasonModelMigrated, AsItIs, AsBefore, false,
					"what is in Juju; the object waits until `controllerRef` names the other controller",
				}},
			{ID: "D23", When: When{Model: is(Elsewhere)},
				Then: Then{
					Blocked, v1alpha1.ReasonModelNotFound, AsItIs, AsBefore, false,
					"what is in Juju; the object waits until `controllerRef` is correct",
				}},
			{ID: "D21", When: When{Model: is(NotListed)},
				Then: Then{
					Blocked, v1alpha1.ReasonModelNotFound, AsItIs, AsBefore, false, "what is in Juju; the object waits",
				}},
			{
				ID: "D13",
				When: When{
					Model:  seen,
					Juju:   as("own secret, or nothing", OursEqual, OursDifferent, OursCut, OursUnnamed, OursRemoving, Nothing),
					Record: isOwned(), Other: as("an older JujuSecret owns the same ID", OlderHas, LeavingHas),
				},
				Then: Then{
					Release, v1alpha1.ReasonOrphaned, NotHeld, AsBefore, false, "the secret, which the older object owns",
				},
			},
			{
				ID: "D14",
				When: When{
					Model: seen, Juju: as("nothing, or a foreign secret", Nothing, TheirsEqual, TheirsDiffer, TheirsRemoving),
				},
				Unless: []string{"D13", "D15"},
				Then:   Then{Release, v1alpha1.ReasonOrphaned, NotHeld, AsBefore, true, untouched},
			},
			{
				ID:   "D15",
				When: When{Model: seen, Juju: foreignSecret(), Record: pending, Other: unownedOrPending()},
				Then: Then{
					Release, v1alpha1.ReasonOrphaned, NotHeld, AsBefore, false,
					"the foreign secret; an event says that the object may own it",
				},
			},
			{ID: "D16", When: When{Model: seen, Juju: is(Begun), Other: hasOldestCreation()},
				Then: Then{Remove, v1alpha1.ReasonRemoving, AsItIs, Ours, false, "nothing"}},
			{
				ID: "D17",
				When: When{
					Model: seen, Juju: is(Begun), Other: as("another JujuSecret has it", YoungerHas, OlderHas, LeavingHas),
				},
				Then: Then{Release, v1alpha1.ReasonOrphaned, NotHeld, AsBefore, true, "the secret of the other object"},
			},
			{ID: "D18", When: When{
				Model: seen, Juju: as("own secret, as in the manifest or different, being removed or not",
					OursEqual, OursDifferent, OursCut, OursUnnamed, OursMisnamed, OursRemoving),
				Record: is(Replaced), Deletion: as("`deletionPolicy` not set", v1alpha1.DeletionPolicy("")),
			}, Unless: []string{"D13"},
				Then: Then{Release, v1alpha1.ReasonOrphaned, NotHeld, AsBefore, false, "the secret"}},
			{
				ID:   "D19",
				When: When{Model: seen, Juju: is(Begun), Other: is(OlderBegun)},
				Then: Then{
					Release, v1alpha1.ReasonOrphaned, NotHeld, AsBefore, false,
					"the secret; an event says that the object may own it",
				},
			},
		},
	}
}
