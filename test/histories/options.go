// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// This file draws the options that accesses set, and their manual changes, and
// checks the options in Juju.

// configurable is the only application whose charm has options.
const configurable = "configurable"

// optionNames returns the options of the charm that accesses set.
func optionNames() []string { return []string{"db-secret", "note"} }

// byHand is the value that a user sets an option to: the URI of a secret that
// does not exist. Each number makes another value.
func byHand(number int) string { return fmt.Sprintf("secret:9m4e2mr0ui3e8a21%03d0", number) }

// someOptions draws the options of an access.
func (d *draft) someOptions(apps []string) []string {
	if !slices.Contains(apps, configurable) {
		return nil
	}
	return slices.DeleteFunc(optionNames(), func(string) bool { return d.chance(35) })
}

// changeOption draws a manual change of an option.
func (d *draft) changeOption() {
	name := optionNames()[d.IntN(len(optionNames()))]
	if d.chance(50) {
		d.add("manually: reset the option "+name, func(h *history) (string, error) { return h.resetOption(name) })
		return
	}
	d.contents++ // A number that no other step has.
	value := byHand(d.contents)
	d.add(fmt.Sprintf("manually: set the option %s to %s", name, value), func(h *history) (string, error) {
		return h.setOption(name, value)
	})
}

func (h *history) resetOption(name string) (string, error) {
	if !h.memory.deployed[configurable] {
		return notThere, nil
	}
	h.memory.noteOption(name, "", false)
	return "", h.site.juju.ResetOption(h.ctx, h.model, configurable, name)
}

func (h *history) setOption(name, value string) (string, error) {
	if !h.memory.deployed[configurable] {
		return notThere, nil
	}
	h.memory.noteOption(name, value, h.freeOption(name))
	return "", h.site.juju.SetOption(h.ctx, h.model, configurable, name, value)
}

// optionsInJuju returns the options of configurable that are set, with their
// values.
func (h *history) optionsInJuju() (map[string]string, error) {
	set := map[string]string{}
	if !h.memory.deployed[configurable] {
		return set, nil
	}
	options, err := h.site.juju.Options(h.ctx, h.model, configurable)
	for name, value := range options {
		set[name] = fmt.Sprint(value)
	}
	return set, err
}

// freeOption reports whether no access ever wanted an option, so that what a
// user sets is not the operator's to change without adoptionPolicy: Adopt.
func (h *history) freeOption(name string) bool {
	wanted := func(a *access) bool { return a.everWanted[name] }
	return !slices.ContainsFunc(h.ended, wanted) && !slices.ContainsFunc(h.accessList(), wanted)
}

// accessList returns the existing accesses.
func (h *history) accessList() []*access {
	var all []*access
	for _, a := range h.accesses {
		all = append(all, a)
	}
	return all
}

// noteOptions records the options that an access wants.
func (a *access) noteOptions() {
	for _, name := range a.options {
		if a.everWanted == nil {
			a.everWanted = map[string]bool{}
		}
		a.everWanted[name] = true
	}
	a.everAdopted = a.everAdopted || a.adopt
}

// optionHistory is what users did to an option.
type optionHistory struct {
	// value is the value that a user set last, empty after a reset.
	value string
	// free is true when no access wanted the option then.
	free bool
	// changes is the number of manual changes.
	changes int
}

func (m *memory) noteOption(name, value string, free bool) {
	m.options[name] = optionHistory{value: value, free: free, changes: m.options[name].changes + 1}
}

// forgetOptions records that the application was removed with its options.
func (m *memory) forgetOptions() {
	for _, name := range optionNames() {
		m.noteOption(name, "", false)
	}
}

// mayPauseOption reports whether the operator may pause between corrections of
// an option.
func (m *memory) mayPauseOption(name string) bool { return m.options[name].changes > 3 }

// checkOptions checks that each option has a value that an access wants, or that
// a user set, or that a retained access left.
func (f *findings) checkOptions() {
	if !f.memory.deployed[configurable] {
		return
	}
	for _, name := range optionNames() {
		value, last := f.options[name], f.memory.options[name]
		adopts := func(a *access) bool { return a.everAdopted && a.everWanted[name] }
		adopted := slices.ContainsFunc(f.ended, adopts) || slices.ContainsFunc(f.accessList(), adopts)
		switch {
		case value == last.value: // A user's, or none. checkAccess decides whether one is missing.
		case last.free && !adopted:
			f.fault(touched, "the option %s has %s instead of %s, which a user set before any access wanted the option",
				name, value, last.value)
		case value == "": // It was reset with the access that had it. checkAccess decides whether one is missing.
		case !f.optionWanted(name, value) && !f.optionRetained(name, value):
			f.fault(lost, "a reset: the option %s has %s without a request", name, value)
		}
	}
}

// optionWanted reports whether an access wants an option to have a value.
func (f *findings) optionWanted(name, value string) bool {
	for _, a := range f.accesses {
		target := f.target(a)
		switch {
		case !slices.Contains(a.options, name):
		case target != nil && value == target.Status.URI, target == nil && f.optionOnRecord(a, name, value):
			return true
		}
	}
	return false
}

// optionRetained reports whether an access was deleted and left an option.
func (f *findings) optionRetained(name, value string) bool {
	return slices.ContainsFunc(f.ended, func(a *access) bool { return a.retain && f.optionOnRecord(a, name, value) })
}

// optionOnRecord reports whether the operator set an option for an access,
// according to its record.
func (f *findings) optionOnRecord(a *access, name, value string) bool {
	obj := f.ledger.access(a.uid)
	if obj == nil {
		return false
	}
	grants := recordOf(obj).Grants
	return grants != nil && value == "secret:"+grants.SecretID && slices.Contains(grants.Options[configurable], name)
}

// expectedOfOptions returns the reason that an access must have because of an
// option that does not name its secret, empty if there is none. It reports
// options that are missing.
func (f *findings) expectedOfOptions(a *access, uri string) (want v1alpha1.Reason, why string) {
	for _, name := range a.options {
		value, last := f.options[name], f.memory.options[name]
		switch {
		case value == uri:
		case value != "" && value != last.value:
			want, why = v1alpha1.ReasonConfigOptionInUse, "another access has the option "+name
		case f.memory.mayPauseOption(name):
			want, why = f.anyOption(a), "the option "+name+" was changed again and again"
		case value != "" && !a.adopt:
			want, why = v1alpha1.ReasonConfigOptionInUse, "a user set the option "+name
		default:
			f.fault(lost, "the option %s has %q, but %s wants %s", name, value, accessName(a.slot), uri)
		}
	}
	return want, why
}

// anyOption returns the reason of an access whose option is contested: Drifted,
// or ConfigOptionInUse if another access had set it.
func (f *findings) anyOption(a *access) v1alpha1.Reason {
	ready := meta.FindStatusCondition(f.ledger.access(a.uid).Status.Conditions, v1alpha1.ConditionReady)
	if ready != nil && ready.Reason == string(v1alpha1.ReasonConfigOptionInUse) {
		return v1alpha1.ReasonConfigOptionInUse
	}
	return v1alpha1.ReasonDrifted
}
