// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ownership

import (
	"slices"
	"strings"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// The dimensions. A value is its description in the table.
type (
	// Naming is how the manifest names the secret.
	Naming string
	// Suspension is whether spec.suspend is true.
	Suspension string
	// Life is whether the object is applied or being deleted.
	Life string
	// Abandonment is whether the object has the abandon annotation, which makes
	// a deletion release everything without Juju.
	Abandonment string
	// Model is whether the operator is allowed to look at the model, and can.
	Model string
	// Juju is what the model holds under the object's ID or name.
	Juju string
	// Other is the claim of another JujuSecret to that secret.
	Other string
	// Record is what the object's record and status say about its secret.
	Record string
	// Finalizer is whether the object has the operator's finalizer.
	Finalizer string
	// Manifest is whether the manifest or its sources have changed since they
	// were last applied, or since the creation was recorded.
	Manifest string
	// Sources is whether all sources of the content exist.
	Sources string
)

// The namings.
const (
	ByName Naming = "by name"
	ByID   Naming = "by ID"
)

// The suspensions.
const (
	Active    Suspension = "not suspended"
	Suspended Suspension = "`suspend: true`"
)

// The lives.
const (
	Applied  Life = "applied"
	Deleting Life = "being deleted"
)

// The abandonments. They have no effect before the deletion.
const (
	Kept      Abandonment = "not abandoned"
	Abandoned Abandonment = "annotation `jujusecrets.io/abandon`"
)

// The models.
const (
	Seen        Model = "the model answers"
	Denied      Model = "the namespace is not a tenant of the model"
	Withdrawn   Model = "the namespace is no longer a tenant of the model, and the record proves what was created"
	Unreachable Model = "no answer"
	Gone        Model = "the model is gone"
	Forbidden   Model = "the Juju user lost access to the model"
	Migrated    Model = "the model was migrated to another controller"
	Elsewhere   Model = "`controllerRef` was changed, and the model is not at that controller"
	NotListed   Model = "the controller does not list the model, and its UUID is not known"
)

// What the model holds. An own secret has the ID in the status or in the
// intent. A matching secret has the name and the content in the intent to
// create, and is at revision 1.
const (
	Nothing        Juju = "nothing"
	OursEqual      Juju = "own secret, as in the manifest"
	OursDifferent  Juju = "own secret, different"
	OursCut        Juju = "own secret, its latest revision removed"
	OursUnnamed    Juju = "own secret, under another name"
	OursMisnamed   Juju = "own secret, under another name, because the name in the manifest is taken"
	OursRemoving   Juju = "own secret, being removed"
	Begun          Juju = "matching secret"
	TheirsEqual    Juju = "foreign secret, equal"
	TheirsDiffer   Juju = "foreign secret, different"
	TheirsRemoving Juju = "foreign secret, being removed"
	Charms         Juju = "a charm's secret"
)

// The claims of another JujuSecret.
const (
	NoOther      Other = "no other JujuSecret is about it"
	YoungerAsks  Other = "a younger JujuSecret asks for it too"
	OlderAsks    Other = "an older JujuSecret asks for it too"
	OlderAdopts  Other = "an older JujuSecret would adopt it too"
	YoungerNames Other = "a younger JujuSecret asks for the name for its own secret"
	OlderNames   Other = "an older JujuSecret asks for the name for its own secret"
	YoungerHas   Other = "a younger JujuSecret has it"
	OlderHas     Other = "an older JujuSecret has it"
	LeavingHas   Other = "an older JujuSecret that is being deleted has it"
	YoungerBegun Other = "a younger JujuSecret may have created it"
	OlderBegun   Other = "an older JujuSecret may have created it"
)

// The records.
const (
	None       Record = "nothing"
	Creating   Record = "intent to create"
	Recognised Record = "intent to create, recognised"
	Adopting   Record = "intent to adopt"
	Made       Record = "owned (created)"
	Adopted    Record = "owned (adopted)"
	Remaking   Record = "owned (created), presumed missing; intent to create"
	Replaced   Record = "owned (adopted), presumed missing; intent to create"
)

// With and without the finalizer.
const (
	Held Finalizer = "finalizer"
	Free Finalizer = "no finalizer"
)

// The changes of the manifest.
const (
	Unchanged Manifest = "manifest and sources unchanged since"
	Changed   Manifest = "manifest or sources changed since"
)

// The sources.
const (
	Ready   Sources = "all sources found"
	Missing Sources = "a source is missing"
)

// OneOf holds the values of a dimension that a row matches. The zero OneOf
// matches all values.
type OneOf[T ~string] struct {
	// Words describe the values in the table. They are empty when the rest of
	// the row or its group implies the values.
	Words  string
	Values []T
}

// has reports whether a value is in the OneOf.
func (o OneOf[T]) has(value T) bool { return len(o.Values) == 0 || slices.Contains(o.Values, value) }

// is returns a OneOf that describes each value by its own text.
func is[T ~string](values ...T) OneOf[T] {
	var words []string
	for _, value := range values {
		words = append(words, string(value))
	}
	return OneOf[T]{Words: strings.Join(words, ", or "), Values: values}
}

// as returns a OneOf with a description of its values.
func as[T ~string](words string, values ...T) OneOf[T] { return OneOf[T]{Words: words, Values: values} }

// Policies holds what the manifest says about ownership, and whether the object
// is being deleted.
type Policies struct {
	Management v1alpha1.ManagementPolicy
	Adoption   v1alpha1.AdoptionPolicy
	Deletion   v1alpha1.DeletionPolicy // Empty when not set.
	Drift      v1alpha1.DriftPolicy
	Naming     Naming
	Suspension Suspension
	Life       Life
	Abandoned  Abandonment
}

// Situation holds the facts in Juju and in Kubernetes.
type Situation struct {
	Model     Model
	Juju      Juju
	Other     Other
	Record    Record
	Finalizer Finalizer
	Manifest  Manifest
	Sources   Sources
}

// Combination holds one value of each dimension.
type Combination struct {
	Policies
	Situation
}
