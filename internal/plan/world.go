// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
)

// ControllerKey names a controller object: the name of a ClusterJujuController, or namespace/name of a JujuController. It is
// empty for none.
type ControllerKey string

// Namespace is that of a JujuController, empty for a ClusterJujuController.
func (k ControllerKey) Namespace() string {
	namespace, _, found := strings.Cut(string(k), "/")
	if !found {
		return ""
	}
	return namespace
}

// Name is the object's name without the namespace.
func (k ControllerKey) Name() string { return strings.TrimPrefix(string(k), k.Namespace()+"/") }

// Object is how messages name it.
func (k ControllerKey) Object() string {
	kind := v1alpha1.KindClusterJujuController
	if k.Namespace() != "" {
		kind = v1alpha1.KindJujuController
	}
	return fmt.Sprintf("%s %q", kind, k.Name())
}

// ModelRef names one model of one controller object, by exactly one of Name and UUID.
type ModelRef struct {
	// Controller is the controller object to go through.
	Controller ControllerKey `json:"controller"`
	// Name is qualifier/name.
	Name string `json:"model,omitempty"`
	// UUID is the model's UUID.
	UUID string `json:"modelUUID,omitempty"`
}

// String is the model as the manifest names it.
func (m ModelRef) String() string {
	if m.Name != "" {
		return m.Name
	}
	return m.UUID
}

// Query says which user secrets of a model to look for. An empty field is not looked for.
type Query struct {
	ID, Name string
	// Age is how old the answer may be.
	Age Age
}

// Age is how old may be what is known of a model.
type Age int

// The ages.
const (
	// AsKnown: what was seen last, at most as old as the drift interval.
	AsKnown Age = iota
	// Recent: a few seconds old, for an object that somebody has just changed, perhaps after they did something in Juju.
	Recent
	// Fresh: as Juju lists it from now on.
	Fresh
)

// World is what is known of a model: the answer to a Query, or why there is none. The zero World was not asked for.
type World struct {
	// Known tells that the fields below, but for Trouble, are so. If it is false nothing may be concluded from them.
	Known bool
	// Trouble says why nothing is known. It is nil if Known, or if nobody asked.
	Trouble *Trouble
	// ModelUUID is the UUID of the model that answered.
	ModelUUID string
	// ByID and ByName are the user secrets that the query named, nil where the model has none. Secrets that a charm
	// owns are never here.
	ByID, ByName *UserSecret
	// CharmOwned tells that the ID is that of a charm's own secret.
	CharmOwned bool
}

// UserSecret is what Juju tells of a user secret without its values.
type UserSecret struct {
	ID, Name, Info string
	// Revision is the number of the latest revision.
	Revision int
	// RevisionGone tells that the latest revision was removed by hand, so that its checksum means nothing.
	RevisionGone bool
	// Checksum is that of the latest revision, see content.Content.
	Checksum content.Sealed[string]
	// Unsummed tells that Juju does not tell the checksum, as before 3.6. It is known all the same while the operator
	// itself made the revision and runs since, and empty otherwise.
	Unsummed bool
	// Granted are the applications that may use the secret, sorted.
	Granted []string
	// Removing tells that Juju was told to remove the secret and will, so that it must not be relied on.
	Removing bool
}

// Holds tells whether the latest revision has this content.
func (s *UserSecret) Holds(c content.Content) bool { return !s.RevisionGone && c.Matches(s.Checksum) }

// Equal tells whether Juju tells the same of two secrets.
func (s UserSecret) Equal(o UserSecret) bool {
	return s.ID == o.ID && s.Name == o.Name && s.Info == o.Info && s.Revision == o.Revision &&
		s.RevisionGone == o.RevisionGone && s.Unsummed == o.Unsummed && s.Checksum.Open() == o.Checksum.Open() &&
		slices.Equal(s.Granted, o.Granted) && s.Removing == o.Removing
}

// Change tells that something about a controller's models is different from what World said last. It concerns every
// object that waits for something, and those that the fields name.
type Change struct {
	// Controller is the controller object.
	Controller ControllerKey
	// ModelUUID is the model's UUID; empty means every model, and the connection itself.
	ModelUUID string
	// IDs are the secrets that are different.
	IDs []string
	// All tells that every secret is concerned, as with a connection that is lost.
	All bool
	// Health tells that it is only about what Health tells of the controller: no secret is concerned.
	Health bool
	// Ours tells that the operator itself made the secrets different, on behalf of one object: it concerns only others
	// that stand for them.
	Ours bool
}

// Health is how the operator stands with a controller.
type Health struct {
	// Trouble is nil while the operator is logged in.
	Trouble *Trouble
	// ControllerUUID and Version are what the controller said of itself at login.
	ControllerUUID, Version string
	// User is as whom the operator is logged in.
	User string
	// SecretsFacade is the version of the facade that is spoken with the controller's models, 0 while there is none.
	SecretsFacade int
	// Reachable are the addresses that answered when they were last tried. It is nil while that is not known.
	Reachable []string
	// Models are the models that are connected, by UUID.
	Models map[string]ModelHealth
}

// ModelUse is how objects of one controller object use a model.
type ModelUse struct {
	// UUID is the model's; Name is how an object calls it, empty if all go by the UUID.
	UUID, Name string
	// Objects is how many there are.
	Objects int
}

// What a user may do in a model, as Juju has it: read, write and admin; and superuser, in every model of the controller.
const (
	AccessAdmin     = "admin"
	AccessSuperuser = "superuser"
)

// ModelHealth is how the operator stands with a model.
type ModelHealth struct {
	// Name is qualifier/name.
	Name string
	// Access is what the operator's user may do there: read, write, admin, or superuser.
	Access string
}
