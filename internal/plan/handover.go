// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

// Handover has the facts about which installation serves a controller object.
type Handover struct {
	// Class is the class of the controller object.
	Class string
	// ServedBy is the installation in its status, empty if there is none.
	ServedBy string
	// Busy is true while this installation reconciles an object through the
	// controller object.
	Busy bool
	// Stopped is true when the other installation in ServedBy has no leader.
	Stopped bool
}

// Service is what an installation does about a controller object.
type Service int

// The possible services. An installation writes its name to the status before
// it begins to serve, and removes it after its last write. So at most one
// installation serves a controller object and the objects that use it.
const (
	// Unserved: the controller object belongs to another installation.
	Unserved Service = iota
	// Serving: this installation serves it.
	Serving
	// Claiming: this installation writes its name to the status.
	Claiming
	// Awaiting: another installation has not released it yet.
	Awaiting
	// Draining: it moved to another installation, and requests of this one are
	// in progress.
	Draining
	// Releasing: this installation removes its name from the status.
	Releasing
)

// ServiceOf returns what the installation does about a controller object.
func (i Installation) ServiceOf(h Handover) Service {
	ours, held := h.Class == i.Class, h.ServedBy == i.Name
	switch {
	case ours && held:
		return Serving
	case ours && (h.ServedBy == "" || h.Stopped):
		return Claiming
	case ours:
		return Awaiting
	case held && h.Busy:
		return Draining
	case held:
		return Releasing
	}
	return Unserved
}

// MustAskLeader reports whether the decision depends on Handover.Stopped.
func (i Installation) MustAskLeader(h Handover) bool {
	return i.ServiceOf(h) == Awaiting
}
