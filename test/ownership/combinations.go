// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ownership

import (
	"iter"
	"slices"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// Exclusion excludes combinations that cannot occur or that equal other ones.
type Exclusion[T any] struct {
	Reason string
	Holds  func(T) bool
}

// PolicyExclusions returns the exclusions of manifests that the API server
// rejects.
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

// SituationExclusions returns the exclusions of facts that cannot hold in Juju
// and in Kubernetes at the same time.
func SituationExclusions() []Exclusion[Situation] {
	return []Exclusion[Situation]{
		{"the facts about a model do not exist if the operator cannot look at it", func(s Situation) bool {
			return s.Model != Seen && s.Model != Withdrawn &&
				(s.Juju != Nothing || s.Other != NoOther || s.Manifest != Unchanged || s.Sources != Ready)
		}},
		{"an object that made nothing in Juju was made through no controller", func(s Situation) bool {
			return s.Model == Elsewhere && s.Record == None
		}},
		{"a cleanup after the end of a tenancy does not depend on the remaining facts", func(s Situation) bool {
			return s.Model == Withdrawn && (s.Other != NoOther || s.Manifest != Unchanged || s.Sources != Ready)
		}},
		{
			"after the end of a tenancy, the operator cleans up only what it created",
			func(s Situation) bool {
				return s.Model == Withdrawn &&
					(s.Record == None || s.Record == Adopting || s.Record == Adopted || s.Record == Replaced)
			},
		},
		{"a secret is the object's own only by a recorded ID", func(s Situation) bool {
			return s.Juju.isOwn() && (s.Record == None || s.Record == Creating)
		}},
		{
			"an intent does not make a secret the object's own if another JujuSecret has it: it counts as foreign",
			func(s Situation) bool {
				return s.Juju.isOwn() && s.Juju != OursMisnamed &&
					(s.Record == Adopting || s.Record == Recognised) && s.Other.owns()
			},
		},
		{
			"only a recorded creation can have left a matching secret, and a recognised secret is the object's own",
			func(s Situation) bool {
				return s.Juju == Begun && (!s.Record.hasPendingCreation() || s.Record == Recognised)
			},
		},
		{
			"another JujuSecret can have a secret that does not exist only if the object's record owns it too",
			func(s Situation) bool {
				return s.Other.owns() && (s.Juju == Charms || s.Juju == Nothing && !s.Record.hasStatusID())
			},
		},
		{"another JujuSecret can have created only a user secret that exists", func(s Situation) bool {
			return (s.Other == OlderBegun || s.Other == YoungerBegun) && (s.Juju == Nothing || s.Juju == Charms)
		}},
		{"the finalizer and an intent are written in one patch", func(s Situation) bool {
			return s.Finalizer == Free && (s.Record.hasPendingCreation() || s.Record == Adopting)
		}},
		{"the manifest can have changed only since it was applied or a creation was recorded", func(s Situation) bool {
			return s.Manifest != Unchanged && (s.Record == None || s.Record == Adopting)
		}},
		{"a charm's secret is never recorded", func(s Situation) bool { return s.Juju == Charms && s.Record != None }},
	}
}

// Exclusions returns the exclusions of manifests that do not fit the facts in
// Juju and in Kubernetes.
func Exclusions() []Exclusion[Combination] {
	return []Exclusion[Combination]{
		{
			"a charm's secret is found only by its ID",
			func(c Combination) bool { return c.Juju == Charms && c.Naming != ByID },
		},
		{"an object with `id` never creates a secret", func(c Combination) bool {
			return c.Naming == ByID && (c.Record.hasPendingCreation() || c.Record == Made)
		}},
		{
			"an object with `id` does not rename its secret, and another object that asks for the ID has no other secret",
			func(c Combination) bool {
				return c.Naming == ByID &&
					(c.Juju == OursUnnamed || c.Juju == OursMisnamed || c.Other == YoungerNames || c.Other == OlderNames)
			},
		},
		{"a secret with the ID of an object that adopted it is that object's own", func(c Combination) bool {
			return c.Naming == ByID && c.Juju.isForeign() && c.Record != None && (c.Record == Adopted || !c.Other.owns())
		}},
		{
			"before its deletion, an object that lost its tenancy is handled like an object that never had one",
			func(c Combination) bool {
				return c.Model == Withdrawn && (c.Life != Deleting || c.Management == v1alpha1.ManagementObserve)
			},
		},
		{
			"the record proves what was created for an object, so in a deletion a missing tenancy is a tenancy that ended",
			func(c Combination) bool {
				return c.Model == Denied && c.Life == Deleting &&
					(c.Record == Made || c.Record == Remaking || c.Record == Creating || c.Record == Recognised)
			},
		},
		{"a reference has no content, and blocks no other object", func(c Combination) bool {
			return c.Management == v1alpha1.ManagementObserve &&
				(c.Manifest != Unchanged || c.Sources != Ready || c.Other != NoOther)
		}},
	}
}

func (j Juju) isOwn() bool {
	return j == OursEqual || j == OursDifferent || j == OursCut ||
		j == OursUnnamed || j == OursMisnamed || j == OursRemoving
}

func (j Juju) isForeign() bool { return j == TheirsEqual || j == TheirsDiffer || j == TheirsRemoving }

// owns reports whether the other JujuSecret owns the secret.
func (o Other) owns() bool { return o == YoungerHas || o == OlderHas || o == LeavingHas }

// hasPendingCreation reports whether the record has a creation that may have
// been interrupted.
func (r Record) hasPendingCreation() bool {
	return r == Creating || r == Recognised || r == Remaking || r == Replaced
}

// hasStatusID reports whether the status has an ID.
func (r Record) hasStatusID() bool {
	return r == Made || r == Adopted || r == Remaking || r == Replaced
}

// All returns the combinations that can occur.
func All() iter.Seq[Combination] {
	situations := slices.Collect(exclude(allSituations(), SituationExclusions()))
	return exclude(func(yield func(Combination) bool) {
		for policies := range exclude(allPolicies(), PolicyExclusions()) {
			for _, situation := range situations {
				if !yield(Combination{policies, situation}) {
					return
				}
			}
		}
	}, Exclusions())
}

func allPolicies() iter.Seq[Policies] {
	all := single[Policies]()
	all = combine(all, func(p *Policies) *v1alpha1.ManagementPolicy { return &p.Management },
		v1alpha1.ManagementManage, v1alpha1.ManagementObserve)
	all = combine(all, func(p *Policies) *v1alpha1.AdoptionPolicy { return &p.Adoption },
		v1alpha1.AdoptionNever, v1alpha1.AdoptionAdopt)
	all = combine(all, func(p *Policies) *v1alpha1.DeletionPolicy { return &p.Deletion },
		"", v1alpha1.DeletionDelete, v1alpha1.DeletionRetain)
	all = combine(all, func(p *Policies) *v1alpha1.DriftPolicy { return &p.Drift },
		v1alpha1.DriftCorrect, v1alpha1.DriftReport)
	all = combine(all, func(p *Policies) *Naming { return &p.Naming }, ByName, ByID)
	all = combine(all, func(p *Policies) *Suspension { return &p.Suspension }, Active, Suspended)
	all = combine(all, func(p *Policies) *Life { return &p.Life }, Applied, Deleting)
	return combine(all, func(p *Policies) *Abandonment { return &p.Abandoned }, Kept, Abandoned)
}

func allSituations() iter.Seq[Situation] {
	all := single[Situation]()
	all = combine(all, func(s *Situation) *Model { return &s.Model }, Seen, Denied, Withdrawn, Unreachable, Gone,
		Forbidden, NotListed, Migrated, Elsewhere)
	all = combine(all, func(s *Situation) *Juju { return &s.Juju },
		Nothing, OursEqual, OursDifferent, OursCut, OursUnnamed, OursMisnamed, OursRemoving,
		Begun, TheirsEqual, TheirsDiffer, TheirsRemoving, Charms)
	all = combine(all, func(s *Situation) *Other { return &s.Other },
		NoOther, YoungerAsks, OlderAsks, OlderAdopts, YoungerNames, OlderNames,
		YoungerHas, OlderHas, LeavingHas, YoungerBegun, OlderBegun)
	all = combine(all, func(s *Situation) *Record { return &s.Record },
		None, Creating, Recognised, Adopting, Made, Adopted, Remaking, Replaced)
	all = combine(all, func(s *Situation) *Finalizer { return &s.Finalizer }, Held, Free)
	all = combine(all, func(s *Situation) *Manifest { return &s.Manifest }, Unchanged, Changed)
	return combine(all, func(s *Situation) *Sources { return &s.Sources }, Ready, Missing)
}

// single returns a sequence with only the zero value.
func single[T any]() iter.Seq[T] { return func(yield func(T) bool) { yield(*new(T)) } }

// combine returns each element of a sequence with each value of one more
// dimension.
func combine[T, V any](seq iter.Seq[T], dimension func(*T) *V, values ...V) iter.Seq[T] {
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

// exclude returns a sequence without the excluded elements.
func exclude[T any](seq iter.Seq[T], exclusions []Exclusion[T]) iter.Seq[T] {
	return func(yield func(T) bool) {
		for t := range seq {
			excluded := slices.ContainsFunc(exclusions, func(e Exclusion[T]) bool { return e.Holds(t) })
			if !excluded && !yield(t) {
				return
			}
		}
	}
}

// Reasons returns the reasons of all exclusions.
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
