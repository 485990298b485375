// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ownership

import (
	"iter"
	"slices"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// Exclusion is a reason why some combinations cannot be, or are the same as others.
type Exclusion[T any] struct {
	Reason string
	Holds  func(T) bool
}

// PolicyExclusions are the manifests that Kubernetes does not take.
func PolicyExclusions() []Exclusion[Policies] {
	return []Exclusion[Policies]{
		{"a reference (`managementPolicy: Observe`) cannot set the other policies", func(p Policies) bool {
			return p.Management == v1alpha1.ManagementObserve &&
				(p.Adoption != v1alpha1.AdoptionNever || p.Deletion != "" || p.Drift != v1alpha1.DriftCorrect)
		}},
		{"`id` needs `managementPolicy: Observe` or `adoptionPolicy: Adopt`", func(p Policies) bool {
			return p.Naming == ByID && p.Management == v1alpha1.ManagementManage && p.Adoption != v1alpha1.AdoptionAdopt
		}},
	}
}

// SituationExclusions are what cannot be in Juju and in Kubernetes at the same time.
func SituationExclusions() []Exclusion[Situation] {
	return []Exclusion[Situation]{
		{"what nobody can look at is no fact", func(s Situation) bool {
			return s.Model != Seen && s.Model != Withdrawn &&
				(s.Juju != Nothing || s.Other != Nobody || s.Manifest != Unchanged || s.Sources != Ready)
		}},
		{"to clean up for who is no tenant any more is as to clean up for a tenant, in the rest", func(s Situation) bool {
			return s.Model == Withdrawn && (s.Other != Nobody || s.Manifest != Unchanged || s.Sources != Ready)
		}},
		{"what was made can be proven, what was adopted somebody else made", func(s Situation) bool {
			return s.Model == Withdrawn && (s.Record == None || s.Record == Adopting || s.Record == Adopted || s.Record == Replaced)
		}},
		{"a secret is ours only by an ID that is recorded", func(s Situation) bool {
			return s.Juju.ours() && (s.Record == None || s.Record == Creating)
		}},
		{"what another JujuSecret has is not ours by an intent: it counts as somebody else's", func(s Situation) bool {
			return s.Juju.ours() && s.Juju != OursMisnamed && (s.Record == Adopting || s.Record == Recognised) && s.Other.has()
		}},
		{"only a recorded creation can have left a secret, and what was recognised is ours", func(s Situation) bool {
			return s.Juju == Begun && (!s.Record.pending() || s.Record == Recognised)
		}},
		{"what is not there nobody else has, unless it was the object's and is in two statuses", func(s Situation) bool {
			return s.Other.has() && (s.Juju == Charms || s.Juju == Nothing && !s.Record.status())
		}},
		{"only a user secret that is there can have been begun", func(s Situation) bool {
			return (s.Other == OlderBegun || s.Other == YoungerBegun) && (s.Juju == Nothing || s.Juju == Charms)
		}},
		{"the finalizer and an intent are written in one patch", func(s Situation) bool {
			return s.Finalizer == Free && (s.Record.pending() || s.Record == Adopting)
		}},
		{"only what was applied or begun can have changed since", func(s Situation) bool {
			return s.Manifest != Unchanged && (s.Record == None || s.Record == Adopting)
		}},
		{"a charm's secret is never recorded", func(s Situation) bool { return s.Juju == Charms && s.Record != None }},
	}
}

// Exclusions are what cannot be said in a manifest of what is in Juju and in Kubernetes.
func Exclusions() []Exclusion[Combination] {
	return []Exclusion[Combination]{
		{"only by its ID is a charm's secret found", func(c Combination) bool { return c.Juju == Charms && c.Naming != ByID }},
		{"what goes by an ID is never created", func(c Combination) bool {
			return c.Naming == ByID && (c.Record.pending() || c.Record == Made)
		}},
		{"what goes by an ID keeps its name, and whoever asks for an ID has no other secret", func(c Combination) bool {
			return c.Naming == ByID &&
				(c.Juju == OursUnnamed || c.Juju == OursMisnamed || c.Other == YoungerNames || c.Other == OlderNames)
		}},
		{"what has the ID of an object that adopted it is that object's", func(c Combination) bool {
			return c.Naming == ByID && c.Juju.theirs() && c.Record != None && (c.Record == Adopted || !c.Other.has())
		}},
		{"until it is deleted, one that is no tenant any more is as one that never was", func(c Combination) bool {
			return c.Model == Withdrawn && (c.Life != Deleting || c.Management == v1alpha1.ManagementObserve)
		}},
		{"a reference has no content, and stands in nobody's way", func(c Combination) bool {
			return c.Management == v1alpha1.ManagementObserve &&
				(c.Manifest != Unchanged || c.Sources != Ready || c.Other != Nobody)
		}},
	}
}

func (j Juju) ours() bool {
	return j == OursEqual || j == OursDifferent || j == OursCut || j == OursUnnamed || j == OursMisnamed || j == OursRemoving
}

func (j Juju) theirs() bool { return j == TheirsEqual || j == TheirsDiffer || j == TheirsRemoving }

// has tells that the other JujuSecret has what is there.
func (o Other) has() bool { return o == YoungerHas || o == OlderHas || o == LeavingHas }

// pending tells that a creation may have been cut off.
func (r Record) pending() bool {
	return r == Creating || r == Recognised || r == Remaking || r == Replaced
}

// status tells that the status has an ID.
func (r Record) status() bool { return r == Made || r == Adopted || r == Remaking || r == Replaced }

// All are the combinations that can be.
func All() iter.Seq[Combination] {
	situations := slices.Collect(without(allSituations(), SituationExclusions()))
	return without(func(yield func(Combination) bool) {
		for policies := range without(allPolicies(), PolicyExclusions()) {
			for _, situation := range situations {
				if !yield(Combination{policies, situation}) {
					return
				}
			}
		}
	}, Exclusions())
}

func allPolicies() iter.Seq[Policies] {
	all := one[Policies]()
	all = times(all, func(p *Policies) *v1alpha1.ManagementPolicy { return &p.Management },
		v1alpha1.ManagementManage, v1alpha1.ManagementObserve)
	all = times(all, func(p *Policies) *v1alpha1.AdoptionPolicy { return &p.Adoption },
		v1alpha1.AdoptionNever, v1alpha1.AdoptionAdopt)
	all = times(all, func(p *Policies) *v1alpha1.DeletionPolicy { return &p.Deletion },
		"", v1alpha1.DeletionDelete, v1alpha1.DeletionRetain)
	all = times(all, func(p *Policies) *v1alpha1.DriftPolicy { return &p.Drift },
		v1alpha1.DriftCorrect, v1alpha1.DriftReport)
	all = times(all, func(p *Policies) *Naming { return &p.Naming }, ByName, ByID)
	all = times(all, func(p *Policies) *Suspension { return &p.Suspension }, Active, Suspended)
	all = times(all, func(p *Policies) *Life { return &p.Life }, Applied, Deleting)
	return times(all, func(p *Policies) *Abandonment { return &p.Abandoned }, Kept, Abandoned)
}

func allSituations() iter.Seq[Situation] {
	all := one[Situation]()
	all = times(all, func(s *Situation) *Model { return &s.Model }, Seen, Denied, Withdrawn, Unreachable, Gone)
	all = times(all, func(s *Situation) *Juju { return &s.Juju },
		Nothing, OursEqual, OursDifferent, OursCut, OursUnnamed, OursMisnamed, OursRemoving,
		Begun, TheirsEqual, TheirsDiffer, TheirsRemoving, Charms)
	all = times(all, func(s *Situation) *Other { return &s.Other },
		Nobody, YoungerAsks, OlderAsks, OlderAdopts, YoungerNames, OlderNames,
		YoungerHas, OlderHas, LeavingHas, YoungerBegun, OlderBegun)
	all = times(all, func(s *Situation) *Record { return &s.Record }, None, Creating, Recognised, Adopting, Made, Adopted, Remaking, Replaced)
	all = times(all, func(s *Situation) *Finalizer { return &s.Finalizer }, Held, Free)
	all = times(all, func(s *Situation) *Manifest { return &s.Manifest }, Unchanged, Changed)
	return times(all, func(s *Situation) *Sources { return &s.Sources }, Ready, Missing)
}

// one is a sequence of the zero value alone.
func one[T any]() iter.Seq[T] { return func(yield func(T) bool) { yield(*new(T)) } }

// times is each of a sequence with each value of one dimension more.
func times[T, V any](seq iter.Seq[T], dimension func(*T) *V, values ...V) iter.Seq[T] {
	return func(yield func(T) bool) {
		for t := range seq {
			for _, value := range values {
				*dimension(&t) = value
				if !yield(t) {
					return
				}
			}
		}
	}
}

// without is a sequence without what is excluded.
func without[T any](seq iter.Seq[T], exclusions []Exclusion[T]) iter.Seq[T] {
	return func(yield func(T) bool) {
		for t := range seq {
			excluded := slices.ContainsFunc(exclusions, func(e Exclusion[T]) bool { return e.Holds(t) })
			if !excluded && !yield(t) {
				return
			}
		}
	}
}

// Reasons are those of all exclusions.
func Reasons() []string {
	var reasons []string
	for _, e := range PolicyExclusions() {
		reasons = append(reasons, e.Reason)
	}
	for _, e := range SituationExclusions() {
		reasons = append(reasons, e.Reason)
	}
	for _, e := range Exclusions() {
		reasons = append(reasons, e.Reason)
	}
	return reasons
}
