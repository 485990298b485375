// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ownership

import (
	"slices"
	"strings"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// The dimensions. A value is the words in which the table tells of it.
type (
	// Naming is how the manifest names the secret.
	Naming string
	// Suspension is whether spec.suspend is true.
	Suspension string
	// Life is whether the object stays.
	Life string
	// Abandonment is whether the object has the annotation by which it lets go of everything.
	Abandonment string
	// Model is whether the operator may and can look into the model.
	Model string
	// Juju is what the model holds of what the object is about.
	Juju string
	// Other is what another JujuSecret has to do with that.
	Other string
	// Record is what Kubernetes knows of the object's secret.
	Record string
	// Finalizer is whether the operator's is on the object.
	Finalizer string
	// Manifest is what became of the manifest and its sources since the secret was last as they said, or was begun.
	Manifest string
	// Sources is whether there is a content to put into Juju.
	Sources string
)

// By name or by ID.
const (
	ByName Naming = "by name"
	ByID   Naming = "by ID"
)

// Suspended or not.
const (
	Active    Suspension = "not suspended"
	Suspended Suspension = "`suspend: true`"
)

// Applied, or on its way out.
const (
	Applied  Life = "applied"
	Deleting Life = "being deleted"
)

// Abandoned or not. It says nothing before the deletion.
const (
	Kept      Abandonment = "not abandoned"
	Abandoned Abandonment = "annotation `jujusecrets.io/abandon`"
)

// The model.
const (
	Seen        Model = "the model answers"
	Denied      Model = "the namespace is no tenant of the model"
	Withdrawn   Model = "the namespace is no tenant of the model any more, and the operator itself noted what is recorded"
	Unreachable Model = "no answer"
	Gone        Model = "the model is gone"
)

// What the model holds. Ours is the secret whose ID is in the status, or in the intent. What was Begun has the name
// and the content of the intent to create, and is at revision 1.
const (
	Nothing        Juju = "nothing"
	OursEqual      Juju = "ours, as the manifest says"
	OursDifferent  Juju = "ours, different"
	OursCut        Juju = "ours, its latest revision removed"
	OursUnnamed    Juju = "ours, under another name"
	OursMisnamed   Juju = "ours, under another name, as the manifest's is taken"
	OursRemoving   Juju = "ours, being removed"
	Begun          Juju = "what was begun"
	TheirsEqual    Juju = "somebody else's, equal"
	TheirsDiffer   Juju = "somebody else's, different"
	TheirsRemoving Juju = "somebody else's, being removed"
	Charms         Juju = "a charm's"
)

// What another JujuSecret has to do with it.
const (
	Nobody       Other = "no other JujuSecret is about it"
	YoungerAsks  Other = "a younger JujuSecret asks for it too"
	OlderAsks    Other = "an older JujuSecret asks for it too"
	OlderAdopts  Other = "an older JujuSecret would adopt it too"
	YoungerNames Other = "a younger JujuSecret would call its secret so"
	OlderNames   Other = "an older JujuSecret would call its secret so"
	YoungerHas   Other = "a younger JujuSecret has it"
	OlderHas     Other = "an older JujuSecret has it"
	LeavingHas   Other = "an older JujuSecret that is being deleted has it"
	YoungerBegun Other = "a younger JujuSecret may have begun it"
	OlderBegun   Other = "an older JujuSecret may have begun it"
)

// What is recorded.
const (
	None       Record = "nothing"
	Creating   Record = "intent to create"
	Recognised Record = "intent to create, recognised"
	Adopting   Record = "intent to adopt"
	Made       Record = "status: made"
	Adopted    Record = "status: adopted"
	Remaking   Record = "status: made, but thought to be gone; intent to create"
	Replaced   Record = "status: adopted, but thought to be gone; intent to create"
)

// The finalizer, on the object or not.
const (
	Held Finalizer = "finalizer"
	Free Finalizer = "no finalizer"
)

// What became of the manifest.
const (
	Unchanged Manifest = "manifest and sources unchanged since"
	Changed   Manifest = "manifest or sources changed since"
)

// The sources, all there or not.
const (
	Ready   Sources = "sources there"
	Missing Sources = "a source missing"
)

// OneOf says which values of a dimension a row is about. The zero OneOf is about all of them.
type OneOf[T ~string] struct {
	// Words are for the table. They may be empty where the others of the row imply it.
	Words  string
	Values []T
}

// has tells whether a value is one of those.
func (o OneOf[T]) has(value T) bool { return len(o.Values) == 0 || slices.Contains(o.Values, value) }

// is is about these values, in their own words.
func is[T ~string](values ...T) OneOf[T] {
	var words []string
	for _, value := range values {
		words = append(words, string(value))
	}
	return OneOf[T]{Words: strings.Join(words, ", or "), Values: values}
}

// as is about these values, in other words.
func as[T ~string](words string, values ...T) OneOf[T] { return OneOf[T]{Words: words, Values: values} }

// Policies are what the manifest says of ownership, and where the object is in its life.
type Policies struct {
	Management v1alpha1.ManagementPolicy
	Adoption   v1alpha1.AdoptionPolicy
	Deletion   v1alpha1.DeletionPolicy // Empty: not set.
	Drift      v1alpha1.DriftPolicy
	Naming     Naming
	Suspension Suspension
	Life       Life
	Abandoned  Abandonment
}

// Situation is what is so in Juju and in Kubernetes.
type Situation struct {
	Model     Model
	Juju      Juju
	Other     Other
	Record    Record
	Finalizer Finalizer
	Manifest  Manifest
	Sources   Sources
}

// Combination is one value of each dimension.
type Combination struct {
	Policies
	Situation
}
