// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ownership

import (
	"slices"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// When selects the combinations of a row or of a group of rows.
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

// Plan is the operator's action in Juju.
type Plan string

// The plans. A Blocked object changes nothing, and its Ready condition gives
// the reason.
const (
	DoNothing      Plan = "Nothing"
	Create         Plan = "Create"
	Update         Plan = "Update"
	Adopt          Plan = "Adopt"
	AdoptAndUpdate Plan = "Adopt, update"
	Remove         Plan = "Remove"
	Release        Plan = "Release"
	Blocked        Plan = "Blocked"
)

// Note is the change to the finalizer and to the record.
type Note string

// The notes.
const (
	// AsItIs changes neither.
	AsItIs Note = "as it is"
	// Hold keeps the record and adds a missing finalizer.
	Hold Note = "held"
	// NoIntent removes an intent.
	NoIntent Note = "no intent"
	// PendingOnly removes an intent, except an intent to create that may have
	// been carried out.
	PendingOnly Note = "pending only"
	// NotHeld removes both.
	NotHeld Note = "not held"
	// ToCreate writes the intent to create before the change in Juju.
	ToCreate Note = "to create"
	// ToRecognise adds the ID to the intent to create before the change in Juju.
	ToRecognise Note = "to recognise"
	// ToAdopt writes the intent to adopt before the change in Juju.
	ToAdopt Note = "to adopt"
)

// Owner is the ownership that the status reports afterwards.
type Owner string

// The owners.
const (
	// AsBefore changes nothing in the status.
	AsBefore Owner = "as before"
	// Ours reports a secret that was created for the object.
	Ours Owner = "own"
	// OursAdopted reports a secret that the object adopted.
	OursAdopted Owner = "own, adopted"
	// Theirs reports a foreign secret that the object observes.
	Theirs Owner = "foreign"
	// NoOwner reports no secret.
	NoOwner Owner = "none"
)

// Then holds the operator's decision.
type Then struct {
	Plan   Plan
	Reason v1alpha1.Reason
	Note   Note
	Owner  Owner
	// Quiet is true when the object is released without an event.
	Quiet bool
	// Stays describes what is in Juju afterwards.
	Stays string
}

// Row is one row of the table.
type Row struct {
	// ID is the name of the row. It never changes.
	ID   string
	When When
	// Unless holds the IDs of rows that take precedence where this row overlaps
	// with them.
	Unless []string
	Then   Then
}

// Group holds rows with conditions in common.
type Group struct {
	Title, Intro string
	// When holds the common conditions. Intro describes them.
	When   When
	Unless []string
	Rows   []Row
}

// Table holds all rows. Use NewTable to create one.
type Table struct {
	Groups []Group

	rows map[string]placed
}

// placed holds a row and its group.
type placed struct {
	Row

	group *Group
}

// NewTable returns the Table.
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

// Rows returns the rows of all groups.
func (t Table) Rows() []Row {
	var rows []Row
	for _, group := range t.Groups {
		rows = append(rows, group.Rows...)
	}
	return rows
}

// Find returns the IDs of the rows that match a combination.
func (t Table) Find(c Combination) []string {
	var found []string
	for i := range t.Groups {
		group := &t.Groups[i]
		if !group.When.matches(c) {
			continue
		}
		for j := range group.Rows {
			if row := &group.Rows[j]; t.matches(group, row, c) {
				found = append(found, row.ID)
			}
		}
	}
	return found
}

// matches reports whether a row of a group matches a combination.
func (t Table) matches(group *Group, row *Row, c Combination) bool {
	overlaps := func(id string) bool {
		other, ok := t.rows[id]
		return ok && t.matches(other.group, &other.Row, c)
	}
	return group.When.matches(c) && row.When.matches(c) &&
		!slices.ContainsFunc(row.Unless, overlaps) && !slices.ContainsFunc(group.Unless, overlaps)
}
