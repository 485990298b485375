// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
)

// ControllerKey identifies a controller object: the name of a
// ClusterJujuController, or namespace/name of a JujuController. The empty key
// identifies none.
type ControllerKey string

// Namespace returns the namespace of a JujuController, empty for a
// ClusterJujuController.
func (k ControllerKey) Namespace() string {
	namespace, _, found := strings.Cut(string(k), "/")
	if !found {
		return ""
	}
	return namespace
}

// Name returns the object's name without the namespace.
func (k ControllerKey) Name() string { return strings.TrimPrefix(string(k), k.Namespace()+"/") }

// Object returns the kind and the name of the object for messages.
func (k ControllerKey) Object() string {
	kind := v1alpha1.KindClusterJujuController
	if k.Namespace() != "" {
		kind = v1alpha1.KindJujuController
	}
	return fmt.Sprintf("%s %q", kind, k.Name())
}

// ModelRef identifies one model of one controller object, by exactly one of
// Name and UUID.
type ModelRef struct {
	// Controller is the controller object that the model is used through.
	Controller ControllerKey `json:"controller"`
	// Name is qualifier/name.
	Name string `json:"model,omitempty"`
	// UUID is the model's UUID.
	UUID string `json:"modelUUID,omitempty"`
}

// String returns the model as the manifest names it.
func (m ModelRef) String() string {
	if m.Name != "" {
		return m.Name
	}
	return m.UUID
}

// Query selects the user secrets of a model to look for. An empty field selects
// none.
type Query struct {
	ID, Name string
	// ModelUUID is the UUID of the model that the object was in before, empty
	// if it is not known. If the controller does not list this model, Juju is
	// asked why.
	ModelUUID string
	// Age is the maximum age of the answer.
	Age Age
	// Within is the maximum age of the answer to a query with the age Awaited.
	Within time.Duration
	// Applications are the applications whose configuration is asked for, sorted.
	Applications []string
	// Requested is when the reconcile request of a query with the age Fresh was
	// first seen, zero without a request. A list of models since then is new
	// enough: a request that cannot be handled lists the models only once.
	Requested time.Time
}

// Age is the maximum age of what is known of a model.
type Age int

// The ages.
const (
	// AsKnown: the last look, at most as old as the drift interval. In a model
	// that is checked by lookups, secrets that no object asked for are older.
	AsKnown Age = iota
	// Recent: a few seconds old. It is for an object that a user has just
	// changed, because the user may have changed something in Juju before.
	Recent
	// Awaited: at most as old as Query.Within. It is for an object that waits
	// for a change that another client makes in Juju.
	Awaited
	// Fresh: a listing that begins after the query.
	Fresh
)

// ModelView is what is known of a model: the answer to a Query, or why there is
// none. The zero ModelView was not asked for.
type ModelView struct {
	// Known is true when the other fields, except Problem, are valid. When
	// false, nothing can be concluded from them.
	Known bool
	// Problem is why nothing is known. It is nil if Known is true, or if the
	// model was not asked for.
	Problem *Problem
	// ModelUUID is the UUID of the model that answered.
	ModelUUID string
	// ControllerUUID is the UUID of the Juju controller that answered. It is
	// also set if it answered that the model does not exist.
	ControllerUUID string
	// ByID and ByName are the user secrets of the query, nil where the model
	// has none. They never contain secrets that a charm owns.
	ByID, ByName *UserSecret
	// CharmOwned is true when a charm owns the secret of the ID.
	CharmOwned bool
	// Applications are the configurations of the applications of the query.
	Applications map[string]Application
}

// Application is the configuration of an application, or why it is not known.
type Application struct {
	// Problem is why the configuration is not known, nil if it is. Its reason is
	// ApplicationNotFound if the application is not deployed.
	Problem *Problem
	// Options are the options of its charm, by name.
	Options map[string]Option
}

// Option is an option of a charm. Its value is not kept, except for the secret
// that it names: an option can hold a password.
type Option struct {
	// Type is the type of the option in the charm, for example string or secret.
	Type string
	// IsSet is true when a user set the option to a value that is not empty and
	// not the default.
	IsSet bool
	// SecretID is the ID of the secret that the value names, empty if it names
	// none. Format is how it names the secret, empty if it is neither of the two
	// formats that the operator writes.
	SecretID string
	Format   v1alpha1.SecretFormat
}

// ListedModel is what the list of models of a controller says about a ModelRef,
// or why there is no list. The zero ListedModel was not asked for.
type ListedModel struct {
	// Known is true when the controller listed its models.
	Known bool
	// Problem is why there is no list. It is nil if Known is true, or if the
	// list was not asked for.
	Problem *Problem
	// Name and UUID identify the model. Both are empty if it is not listed.
	Name, UUID string
}

// UserSecret is what Juju reports of a user secret, without its values.
type UserSecret struct {
	ID, Name, Info string
	// Revision is the number of the latest revision.
	Revision int
	// Revisions is the number of revisions that Juju keeps.
	Revisions int
	// RevisionGone is true when the latest revision was removed manually. Its
	// checksum then means nothing.
	RevisionGone bool
	// Checksum is the checksum of the latest revision, see content.Content.
	Checksum content.Sealed[string]
	// Unsummed is true when Juju does not report the checksum (before 3.6).
	// Checksum is then known only while the operator that made the revision
	// runs, and otherwise empty.
	Unsummed bool
	// Granted are the applications that can read the secret, sorted.
	Granted []string
	// Removing is true when Juju has accepted the removal of the secret and not
	// completed it. The secret must not be relied on.
	Removing bool
}

// Holds reports whether the latest revision has this content, in either of its
// encodings.
func (s *UserSecret) Holds(c content.Content) bool {
	return !s.RevisionGone && (c.Matches(s.Checksum) || c.Reencoded().Matches(s.Checksum))
}

// Equal reports whether Juju reports the same of two secrets.
func (s UserSecret) Equal(o UserSecret) bool {
	return s.ID == o.ID && s.Name == o.Name && s.Info == o.Info && s.Revision == o.Revision &&
		s.Revisions == o.Revisions &&
		s.RevisionGone == o.RevisionGone && s.Unsummed == o.Unsummed && s.Checksum.Open() == o.Checksum.Open() &&
		slices.Equal(s.Granted, o.Granted) && s.Removing == o.Removing
}

// Change says that the models of a controller differ from the last view of
// them. It concerns every object that waits for something, and the objects that
// its fields name.
type Change struct {
	// Controller is the controller object.
	Controller ControllerKey
	// ModelUUID is the model's UUID. Empty means every model, and the
	// connection itself.
	ModelUUID string
	// ModelName is the model's name as the controller lists it.
	ModelName string
	// Listed are the names and the UUIDs of models that the controller lists,
	// and did not list before. The change then concerns only the objects that
	// wait for one of them.
	Listed []string
	// IDs are the IDs of the secrets that differ.
	IDs []string
	// All is true when the change concerns every secret, for example after the
	// connection was lost.
	All bool
	// Health is true when only the Health of the controller differs. The change
	// then concerns no secret.
	Health bool
	// Own is the change that the operator itself made to the secrets, on behalf
	// of one object. It concerns only other objects of these secrets.
	Own OwnChange
	// Renamed is true when an OwnUpdate gave up a name.
	Renamed bool
	// Applications are the applications that an OwnRevoke revoked the secret
	// from.
	Applications []string
}

// OwnChange is a change that the operator itself made.
type OwnChange int

// The changes of the operator. The zero OwnChange is a change that the operator
// did not make.
const (
	OwnUpdate OwnChange = iota + 1
	OwnRemoval
	OwnRevoke
)

// Health is the state of the connection to a controller.
type Health struct {
	// Problem is nil while the operator is logged in.
	Problem *Problem
	// ControllerUUID and Version are what the controller reported at login.
	ControllerUUID, Version string
	// User is the Juju user that the operator is logged in as.
	User string
	// SecretsFacade is the version of the Secrets facade that is used with the
	// controller's models, 0 while it is not known.
	SecretsFacade int
	// Reachable are the addresses that answered when they were last tried. It
	// is nil while that is not known.
	Reachable []string
	// Models are the connected models, by UUID.
	Models map[string]ModelHealth
	// Pending is true while a login that was requested has not ended.
	Pending bool
}

// ModelUse says how the objects of one controller object use a model.
type ModelUse struct {
	// UUID is the model's UUID. Name is the name that an object uses for it,
	// empty if all objects use the UUID.
	UUID, Name string
	// Objects is the number of objects that use the model.
	Objects int
}

// The access of a user to a model, as Juju names it: read, write and admin. A
// superuser has all access to every model of the controller.
const (
	AccessRead      = "read"
	AccessWrite     = "write"
	AccessAdmin     = "admin"
	AccessSuperuser = "superuser"
)

// ModelHealth is the state of the connection to a model.
type ModelHealth struct {
	// Name is qualifier/name.
	Name string
	// Access is the access of the operator's user to the model: read, write,
	// admin or superuser.
	Access string
	// CheckedBy is how the model is checked for changes that others made:
	// CheckedByListing or CheckedByLookups. It is empty until that is decided.
	CheckedBy string
}

// The ways to check a model for changes that others made.
const (
	// CheckedByListing: one request for all secrets of the model.
	CheckedByListing = "Listing"
	// CheckedByLookups: one request for each secret that objects use, and a
	// listing less often.
	CheckedByLookups = "Lookups"
)
