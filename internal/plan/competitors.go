// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"slices"
	"time"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// Identity orders objects by age. Kubernetes records the age in seconds, so
// objects of the same second are ordered by name.
type Identity struct {
	Namespace, Name string
	Created         time.Time
}

// Object returns namespace/name.
func (i Identity) Object() string { return i.Namespace + "/" + i.Name }

// Compare returns a negative number if the object comes before another one, and
// a positive one if it comes after it.
func (i Identity) Compare(o Identity) int {
	return cmp.Or(i.Created.Compare(o.Created), cmp.Compare(i.Namespace, o.Namespace), cmp.Compare(i.Name, o.Name))
}

// Before reports whether the object comes before another one.
func (i Identity) Before(o Identity) bool { return i.Compare(o) < 0 }

// Competitor is another JujuSecret of this cluster, with the facts that matter
// to the object that is reconciled.
type Competitor struct {
	// Object is its namespace/name.
	Object string
	// Older is true when it was created before the object that is reconciled.
	Older bool
	// Deleting is true when it is being deleted.
	Deleting bool
	// SecretID is the ID of the secret that it owns: recorded, about to be
	// adopted, or recognised after a crash. It is empty if there is none.
	SecretID string
	// Recorded is true when it owns SecretID by its record, and is not only
	// about to own it.
	Recorded bool
	// Begun are the IDs of the secrets that match a pending creation of it.
	Begun []string
	// Wants is true when it may use the model and asks for a secret of the same
	// name or the same ID.
	Wants bool
	// Adopts is true when it may use the model and would adopt the secret that
	// was found, by its name or its ID.
	Adopts bool
}

// OtherSecret has the facts about another JujuSecret with the same name or ID.
// Competitors derives what follows from them.
type OtherSecret struct {
	Identity

	Deleting, Suspended bool
	// SpecID and SpecName are the ID and the name that its spec asks for.
	SpecID, SpecName string
	// Adopt is true when it adopts an existing secret.
	Adopt bool
	// Model is the model in its spec. ModelUUID is the model in its status.
	Model     ModelRef
	ModelUUID string
	// ServedElsewhere is true when another installation of the operator serves
	// it.
	ServedElsewhere bool
	// Tenancy is whether it may use its model.
	Tenancy Tenancy
	// RecordedController is the controller object that its record was written
	// for, empty without a record.
	RecordedController ControllerKey
	// Record is its record. OwnedID is the secret that it owns by its record,
	// in the model OwnedModelUUID.
	Record                  Record
	OwnedID, OwnedModelUUID string
	// StatusID is the secret that it owns by its status. It counts only for an
	// object that another installation serves, because its record cannot be
	// verified.
	StatusID string
	// ReachedUUID is the UUID of the model that its reference leads to, empty
	// if that was not looked up.
	ReachedUUID string
	// Alike are the IDs of the secrets that match its pending creation: at
	// their first revision, with the content that was sent.
	Alike []string
}

// ownID returns the secret that the other object owns, as far as it counts.
func (o OtherSecret) ownID() string {
	if o.ServedElsewhere {
		return o.StatusID
	}
	return o.OwnedID
}

// pending returns its creation with an unknown result, nil if there is none.
func (o OtherSecret) pending() *Creation {
	if o.Record.Creating == nil || o.Record.Creating.Replaces != o.ownID() {
		return nil
	}
	return o.Record.Creating
}

// OnlyAsks reports whether the other object owns nothing in Juju and is not
// about to, so that it only asks for a secret.
func (o OtherSecret) OnlyAsks() bool {
	return o.OwnedID == "" && o.StatusID == "" && o.Record.Creating == nil && o.Record.Adopting == ""
}

// DecidedBy reports whether an older object that only asks takes precedence over
// all later objects that only ask: it wants the same secret, and would adopt what
// this object would adopt.
func (facts SecretFacts) DecidedBy(other OtherSecret) bool {
	if facts.apart(other) {
		return false
	}
	c := facts.competitorOf(other)
	return c.Wants && (c.Adopts || !facts.Desired.Adopt)
}

// Found returns the secrets that were found in the model.
func (facts SecretFacts) Found() []*UserSecret {
	found := []*UserSecret{facts.View.ByID, facts.View.ByName, facts.Begun}
	return slices.DeleteFunc(found, func(s *UserSecret) bool { return s == nil })
}

// MustReach reports whether the model of another object has to be looked up to
// know whether it is the same model. This is the case if only its status says
// so, because users can write a status. The model of a JujuController is not
// looked up: a JujuController affects only its own namespace, and its answers
// can be slow.
func (facts SecretFacts) MustReach(other OtherSecret) bool {
	return facts.sameModel(other) && other.Tenancy.Problem == nil && !other.ServedElsewhere &&
		other.Model != facts.Model &&
		other.Model.UUID != facts.View.ModelUUID && other.Model.Controller.Namespace() == ""
}

// Competitors returns what other JujuSecrets mean for the object that is
// reconciled, the oldest first. An object through a JujuController of another
// namespace does not count, because the creator of a JujuController decides
// which server answers.
func Competitors(facts SecretFacts, others []OtherSecret) []Competitor {
	others = slices.DeleteFunc(slices.Clone(others), facts.apart)
	slices.SortFunc(others, func(a, b OtherSecret) int { return a.Compare(b.Identity) })
	var competitors []Competitor
	for _, other := range others {
		competitors = append(competitors, facts.competitorOf(other))
	}
	return competitors
}

// apart reports whether another object does not count, because one of the two
// goes through a JujuController and they are in different namespaces.
func (facts SecretFacts) apart(o OtherSecret) bool {
	return o.Namespace != facts.Identity.Namespace &&
		(o.Model.Controller.Namespace() != "" || facts.Model.Controller.Namespace() != "")
}

func (facts SecretFacts) competitorOf(other OtherSecret) Competitor {
	competitor := Competitor{Object: other.Object(), Older: other.Before(facts.Identity), Deleting: other.Deleting}
	may := facts.mayUse(other)
	if own := other.ownID(); may || own != "" && own == other.OwnedID && other.OwnedModelUUID == facts.View.ModelUUID {
		competitor.SecretID, competitor.Recorded = own, own != ""
	}
	if pending := other.pending(); pending != nil && facts.maybeSameModel(other) {
		if pending.ID != "" {
			competitor.SecretID, competitor.Recorded = pending.ID, false
		} else {
			competitor.Begun = other.Alike
		}
	}
	if !may {
		return competitor
	}
	acts := !other.Deleting && !other.Suspended && !facts.elsewhere(other)
	competitor.Wants = acts && facts.asksForTheSame(other)
	competitor.Adopts = acts && facts.wouldAdopt(other)
	if competitor.SecretID == "" {
		competitor.SecretID = other.Record.Adopting
	}
	return competitor
}

// mayUse reports whether another object is about the model that was read, and
// may use it.
func (facts SecretFacts) mayUse(other OtherSecret) bool {
	return facts.sameModel(other) && other.Tenancy.Problem == nil &&
		(!facts.MustReach(other) || other.ReachedUUID != "" && other.ReachedUUID == facts.View.ModelUUID)
}

// elsewhere reports whether another object is at a controller that does not have
// its model. It then asks for nothing there.
func (facts SecretFacts) elsewhere(other OtherSecret) bool {
	before := cmp.Or(other.OwnedModelUUID, other.Record.ModelUUID, other.ModelUUID)
	moved := other.RecordedController != other.Model.Controller || other.Record.elsewhere(facts.View)
	return other.RecordedController != "" && moved && before != facts.View.ModelUUID
}

// asksForTheSame reports whether another object asks for the same name or the
// same ID. An object with an ID in its spec creates no secret, so it asks for a
// name only for the secret that it owns.
func (facts SecretFacts) asksForTheSame(other OtherSecret) bool {
	sameName := other.SpecName != "" && other.SpecName == facts.Desired.Name
	return sameName && (other.SpecID == "" || other.ownID() != "") ||
		other.SpecID != "" && other.SpecID == facts.Desired.ID
}

// wouldAdopt reports whether another object would adopt a secret that was
// found.
func (facts SecretFacts) wouldAdopt(other OtherSecret) bool {
	return other.Adopt && slices.ContainsFunc(facts.Found(), func(s *UserSecret) bool {
		return other.SpecID == s.ID || other.SpecID == "" && other.SpecName == s.Name
	})
}

// sameModel reports whether another object is about the model that was read.
func (facts SecretFacts) sameModel(other OtherSecret) bool {
	uuid := facts.View.ModelUUID
	return other.Model == facts.Model || uuid != "" && (other.Model.UUID == uuid || other.ModelUUID == uuid)
}

// maybeSameModel reports whether another object may be about the model that was
// read. It is also true while that is not known: the other object uses another
// controller object, or identifies its model in another way, and has not read
// it. Models with different names are different models at every controller.
func (facts SecretFacts) maybeSameModel(other OtherSecret) bool {
	a, b := other.Model, facts.Model
	notSeen := other.ModelUUID == "" && other.Model.UUID == ""
	anotherName := a.Name != "" && b.Name != "" && a.Name != b.Name
	anotherWay := a.Controller != b.Controller || a.Name != b.Name
	return facts.sameModel(other) || notSeen && anotherWay && !anotherName
}

// WaitsForSecret reports whether a JujuSecret with this reason waits for
// another object to release a name or an ID.
func WaitsForSecret(reason v1alpha1.Reason) bool {
	return reason == v1alpha1.ReasonConflict || reason == v1alpha1.ReasonNameTaken || reason == v1alpha1.ReasonRemoving
}
