// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ownership

import (
	"slices"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// When says which combinations a row, or a group of rows, is about.
type When struct {
	Management OneOf[v1alpha1.ManagementPolicy]
	Adoption   OneOf[v1alpha1.AdoptionPolicy]
	Deletion   OneOf[v1alpha1.DeletionPolicy]
	Drift      OneOf[v1alpha1.DriftPolicy]
	Naming     OneOf[Naming]
	Suspension OneOf[Suspension]
	Life       OneOf[Life]
	Abandoned  OneOf[Abandonment]

	Model     OneOf[Model]
	Juju      OneOf[Juju]
	Other     OneOf[Other]
	Record    OneOf[Record]
	Finalizer OneOf[Finalizer]
	Manifest  OneOf[Manifest]
	Sources   OneOf[Sources]
}

func (w *When) matches(c Combination) bool {
	return w.Juju.has(c.Juju) && w.Record.has(c.Record) && w.Other.has(c.Other) && w.Model.has(c.Model) &&
		w.Finalizer.has(c.Finalizer) && w.Manifest.has(c.Manifest) && w.Sources.has(c.Sources) &&
		w.Management.has(c.Management) && w.Adoption.has(c.Adoption) && w.Deletion.has(c.Deletion) && w.Drift.has(c.Drift) &&
		w.Naming.has(c.Naming) && w.Suspension.has(c.Suspension) && w.Life.has(c.Life) && w.Abandoned.has(c.Abandoned)
}

// Plan is what the operator does in Juju.
type Plan string

// The plans. What is Blocked does nothing, and says in the Ready condition why.
const (
	DoNothing      Plan = "Nothing"
	Create         Plan = "Create"
	Update         Plan = "Update"
	Adopt          Plan = "Adopt"
	AdoptAndUpdate Plan = "Adopt, update"
	Remove         Plan = "Remove"
	LetGo          Plan = "Let go"
	Blocked        Plan = "Blocked"
)

// Note is what becomes of the finalizer and the record beside it.
type Note string

// The notes.
const (
	// AsItIs: both stay what they are.
	AsItIs Note = "as it is"
	// Hold: the record stays, and the finalizer is put on should somebody have taken it off.
	Hold Note = "held"
	// NoIntent: an intent is dropped.
	NoIntent Note = "no intent"
	// PendingOnly: an intent is dropped, but for that of a creation that may have been cut off.
	PendingOnly Note = "pending only"
	// NotHeld: both are taken away.
	NotHeld Note = "not held"
	// ToCreate: the intent to create is written first.
	ToCreate Note = "to create"
	// ToRecognise: the ID is added to the intent to create first.
	ToRecognise Note = "to recognise"
	// ToAdopt: the intent to adopt is written first.
	ToAdopt Note = "to adopt"
)

// Owner is whose the secret is by the status, afterwards.
type Owner string

// The owners.
const (
	// AsBefore: the status says what it said.
	AsBefore Owner = "as before"
	// Ours: the object's, which made it.
	Ours Owner = "ours"
	// OursAdopted: the object's, and somebody else made it.
	OursAdopted Owner = "ours, adopted"
	// Theirs: somebody else's, which is looked at.
	Theirs Owner = "theirs"
	// NoneAnyMore: no secret is the object's.
	NoneAnyMore Owner = "none"
)

// Then is what the operator decides.
type Then struct {
	Plan   Plan
	Reason v1alpha1.Reason
	Note   Note
	Owner  Owner
	// Quiet: the object is let go, and there is nothing to say of that.
	Quiet bool
	// Stays is what is in Juju afterwards.
	Stays string
}

// Row is one row of the table.
type Row struct {
	// ID names it, for good.
	ID   string
	When When
	// Unless are IDs of rows with which this one would overlap: theirs is what those say.
	Unless []string
	Then   Then
}

// Group is rows that have something in common.
type Group struct {
	Title, Intro string
	// When is what they have in common. Intro says it.
	When   When
	Unless []string
	Rows   []Row
}

// Table is all rows. Use NewTable.
type Table struct {
	Groups []Group

	rows map[string]placed
}

// placed is a row in its group.
type placed struct {
	Row

	group *Group
}

// NewTable makes the Table.
func NewTable() Table {
	table := Table{Groups: groups(), rows: map[string]placed{}}
	for i := range table.Groups {
		group := &table.Groups[i]
		for _, row := range group.Rows {
			table.rows[row.ID] = placed{row, group}
		}
	}
	return table
}

// Rows are the rows of all groups.
func (t Table) Rows() []Row {
	var rows []Row
	for _, group := range t.Groups {
		rows = append(rows, group.Rows...)
	}
	return rows
}

// Find returns the IDs of the rows that are about a combination.
func (t Table) Find(c Combination) []string {
	var found []string
	for i := range t.Groups {
		group := &t.Groups[i]
		if !group.When.matches(c) {
			continue
		}
		for j := range group.Rows {
			if row := &group.Rows[j]; t.about(group, row, c) {
				found = append(found, row.ID)
			}
		}
	}
	return found
}

// about tells whether a row of a group is about a combination.
func (t Table) about(group *Group, row *Row, c Combination) bool {
	overlaps := func(id string) bool {
		other, ok := t.rows[id]
		return ok && t.about(other.group, &other.Row, c)
	}
	return group.When.matches(c) && row.When.matches(c) &&
		!slices.ContainsFunc(row.Unless, overlaps) && !slices.ContainsFunc(group.Unless, overlaps)
}
