// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package record

import (
	"crypto/subtle"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// payload is a record in its stored form.
type payload struct {
	// Sequence is the number of the record. The first one is 1.
	Sequence int64 `json:"sequence"`
	// Salt is the UID of the object when the first record was written. Digests
	// of contents depend on it.
	Salt string `json:"salt"`
	// Model is the model in the spec of a JujuSecret.
	Model *plan.ModelRef `json:"model,omitempty"`
	// ControllerUUID is the UUID of the Juju controller that has the model.
	// Older records do not have it.
	ControllerUUID string `json:"controllerUUID,omitempty"`

	// InModel is the UUID of the model of a creation or an adoption. Older
	// records do not have it.
	InModel string `json:"inModel,omitempty"`

	Owned    *Owned         `json:"owned,omitempty"`
	Creating *plan.Creation `json:"creating,omitempty"`
	Adopting string         `json:"adopting,omitempty"`
	Grants   *grants        `json:"grants,omitempty"`
}

// Owned is the secret that a JujuSecret owns.
type Owned struct {
	// ModelUUID is the UUID of the model that the secret is in.
	ModelUUID string `json:"modelUUID"`
	SecretID  string `json:"secretID"`
	// Adopted is true when the operator did not create the secret.
	Adopted bool `json:"adopted,omitempty"`
}

// grants holds the grants that a JujuSecretAccess made, the grants that it
// adopted, and the options that it set.
type grants struct {
	plan.ModelRef

	SecretID string   `json:"secretID"`
	Granted  []string `json:"granted"`
	Adopted  []string `json:"adopted,omitempty"`
	// Options are the names of the options that were set to the secret, by
	// application.
	Options map[string][]string `json:"options,omitempty"`
	// InModel is the UUID of the model. Older records do not have it.
	InModel string `json:"inModel,omitempty"`
}

// newPayload returns a record in its stored form.
func newPayload(r plan.Record, owned *Owned, model plan.ModelRef) payload {
	p := payload{Owned: owned, Creating: r.Creating, Adopting: r.Adopting, ControllerUUID: r.ControllerUUID}
	if model != (plan.ModelRef{}) {
		p.Model = &model
	}
	if r.Creating != nil || r.Adopting != "" {
		p.InModel = r.ModelUUID
	}
	if len(r.Granted) > 0 || len(r.Options) > 0 {
		p.Grants = &grants{ModelRef: r.Model, InModel: r.ModelUUID, SecretID: r.SecretID, Adopted: r.Adopted}
		for _, app := range r.Granted {
			if !slices.Contains(r.Adopted, app) {
				p.Grants.Granted = append(p.Grants.Granted, app)
			}
		}
		p.Grants.setOptions(r.Options)
	}
	return p
}

// setOptions sets the options of a record, which are sorted.
func (g *grants) setOptions(options []plan.AppOption) {
	if len(options) > 0 {
		g.Options = map[string][]string{}
	}
	for _, option := range options {
		g.Options[option.Application] = append(g.Options[option.Application], option.Name)
	}
}

// options returns the options of a stored record, sorted.
func (g *grants) options() []plan.AppOption {
	var options []plan.AppOption
	for app, names := range g.Options {
		for _, name := range names {
			options = append(options, plan.AppOption{Application: app, Name: name})
		}
	}
	return plan.SortOptions(options)
}

// record returns the stored record.
func (p payload) record() plan.Record {
	r := plan.Record{
		Creating: p.Creating, Adopting: p.Adopting, ModelUUID: p.InModel, ControllerUUID: p.ControllerUUID,
	}
	// A reference by both name and UUID would be authorized by one and looked
	// up by the other.
	if p.Grants != nil && (p.Grants.Name == "") != (p.Grants.UUID == "") {
		r.Model, r.ModelUUID = p.Grants.ModelRef, p.Grants.InModel
		r.SecretID, r.Adopted = p.Grants.SecretID, p.Grants.Adopted
		r.Granted = slices.Sorted(slices.Values(slices.Concat(p.Grants.Granted, r.Adopted)))
		r.Options = p.Grants.options()
	}
	return r
}

// empty reports whether the operator made nothing in Juju, and is not about to.
func (p payload) empty() bool {
	return p.Owned == nil && p.Creating == nil && p.Adopting == "" && p.Grants == nil
}

// says reports whether two stored records are equal, except for their numbers.
// The UUID of the model is not compared, so that older records stay as they
// are: another model has other secrets. The UUID of the controller is compared
// if both records have one, because Juju can migrate a model.
func (p payload) says(o payload) bool {
	p.Sequence, p.Salt, p.InModel = o.Sequence, o.Salt, o.InModel
	if p.ControllerUUID == "" || o.ControllerUUID == "" {
		p.ControllerUUID = o.ControllerUUID
	}
	if p.Model == nil || o.Model == nil {
		p.Model = o.Model
	}
	if p.Grants != nil && o.Grants != nil {
		own := *p.Grants
		own.InModel = o.Grants.InModel
		p.Grants = &own
	}
	return reflect.DeepEqual(p, o)
}

// OwnedID returns the ID of the secret that the object owns, empty if there is
// none.
func (s State) OwnedID() string {
	if s.Owned == nil {
		return ""
	}
	return s.Owned.SecretID
}

// Keeper reads and writes records with the key of the installation.
type Keeper struct {
	Key content.Key
	// Verified saves the verification of records that were read before. It may
	// be nil.
	Verified *Verified
}

// State is the recorded state of an object.
type State struct {
	// Record is the record that counts, without the finalizer. It is the zero
	// Record if there is no valid one.
	plan.Record
	// Owned is the secret that the object owns, nil if there is none.
	Owned *Owned
	// Controller is the controller object that the record of a JujuSecret was
	// written for, empty if there is none. A new controllerRef does not change
	// it.
	Controller plan.ControllerKey
	// ForeignKey is true when a record was signed with another key, and none
	// is valid.
	ForeignKey bool
	// Salt is the salt for digests of the object's contents.
	Salt string

	current, annotation, status *payload
	// legacy is true when the record that counts is in an older format.
	legacy bool
	// kept is true when there is a record for a controller object that does not
	// count. It stays as it is.
	kept bool
}

// Read returns the recorded state of an object. The record of a JujuSecret
// counts only if it has the name or the UUID of the model in the spec. The
// controller object may be another one, because Juju can migrate a model. But a
// record for a JujuController counts only in its namespace. The record of a
// JujuSecretAccess has no such model.
func (k Keeper) Read(obj v1alpha1.RecordedObject, model plan.ModelRef) State {
	var state State
	annotation, foreignAnnotation := k.verify(obj, obj.GetAnnotations()[v1alpha1.AnnotationRecord], model)
	status, foreignStatus := k.verify(obj, *obj.RecordCopy(), model)
	state.annotation, state.status = annotation, status
	switch {
	case status != nil && (annotation == nil || status.Sequence >= annotation.Sequence):
		state.current = status
	case annotation != nil:
		state.current = annotation
	default:
		state.current = k.readLegacy(obj, model)
		state.annotation, state.legacy = state.current, state.current != nil
	}
	state.Salt = string(obj.GetUID())
	if state.current != nil && state.current.Model != nil && !state.current.empty() {
		state.Controller = state.current.Model.Controller
		if !plan.Carries(state.Controller, model.Controller) {
			return State{Controller: state.Controller, Salt: state.Salt, kept: true}
		}
	}
	if state.current != nil {
		state.Record, state.Owned = state.current.record(), state.current.Owned
		state.Salt = state.current.Salt
	}
	state.ForeignKey = state.current == nil && (foreignAnnotation || foreignStatus || k.foreignProof(obj))
	return state
}

// Annotated reports whether the annotation that was read equals a record for a
// model. The owned secret is not compared: a record of its creation or adoption
// proves the ownership until the secret is changed.
func (s State) Annotated(want plan.Record, model plan.ModelRef) bool {
	p := newPayload(want, s.Owned, model)
	if s.annotation == nil {
		return p.empty()
	}
	p.Owned = s.annotation.Owned
	return p.says(*s.annotation)
}

// NamesOwned reports whether the annotation itself has the owned secret.
func (s State) NamesOwned() bool {
	if s.annotation == nil || s.annotation.Owned == nil || s.Owned == nil || s.legacy {
		return s.Owned == nil
	}
	return *s.annotation.Owned == *s.Owned
}

// Annotate sets the annotation of an object in memory to a record with the
// owned secret, and returns the new state.
func (k Keeper) Annotate(obj v1alpha1.RecordedObject, state State, r plan.Record, model plan.ModelRef) (State, error) {
	annotations := maps.Clone(obj.GetAnnotations())
	if annotations == nil {
		annotations = map[string]string{}
	}
	delete(annotations, v1alpha1.AnnotationRecord)
	next := newPayload(r, state.Owned, model)
	if next.empty() {
		state.annotation = nil
	} else {
		text, err := k.store(obj, &state, &next)
		if err != nil {
			return state, err
		}
		annotations[v1alpha1.AnnotationRecord] = text
		state.annotation = &next
	}
	obj.SetAnnotations(annotations)
	state.Record, state.legacy = r, false
	return state, nil
}

// Copy sets the record in the status of an object in memory, with the secret
// that the object owns now.
func (k Keeper) Copy(obj v1alpha1.RecordedObject, state State, r plan.Record, owned *Owned, model plan.ModelRef) error {
	next := newPayload(r, owned, model)
	switch {
	case state.kept:
		return nil
	case next.empty() && state.annotation == nil:
		*obj.RecordCopy() = ""
		return nil
	case state.status != nil && state.status == state.current && next.says(*state.status):
		return nil
	case state.legacy && next.says(*state.current):
		return nil // The next change rewrites it.
	}
	text, err := k.store(obj, &state, &next)
	if err != nil {
		return err
	}
	*obj.RecordCopy() = text
	return nil
}

// store numbers a record and signs it. A record that equals a stored record
// keeps the number.
func (k Keeper) store(obj v1alpha1.RecordedObject, state *State, next *payload) (string, error) {
	next.Salt, next.Sequence = state.Salt, 1
	for _, stored := range []*payload{state.annotation, state.status} {
		if stored == nil {
			continue
		}
		if next.says(*stored) {
			next.Sequence = max(next.Sequence, stored.Sequence)
		} else {
			next.Sequence = max(next.Sequence, stored.Sequence+1)
		}
	}
	state.current = next
	text, err := json.Marshal(next)
	if err != nil {
		return "", err
	}
	return k.sign(obj, string(text)), nil
}

// version is the prefix of every record in this format.
const version = "v1"

// sign returns the stored form of a record: the version, the mark of the key,
// the MAC and the record.
func (k Keeper) sign(obj v1alpha1.RecordedObject, text string) string {
	return strings.Join([]string{version, k.Key.Mark(), k.mac(obj, text), text}, ".")
}

// mac returns the MAC of a record of an object.
func (k Keeper) mac(obj v1alpha1.RecordedObject, text string) string {
	parts := []string{"record " + version, obj.RecordKind(), obj.GetNamespace(), obj.GetName(), text}
	return k.Key.MAC(strings.Join(parts, "\x00"))
}

// verify returns a stored record if it is signed for the object and its model,
// otherwise nil. foreign is true when another key signed the record.
func (k Keeper) verify(
	obj v1alpha1.RecordedObject, stored string, model plan.ModelRef,
) (verified *payload, foreign bool) {
	if verified = k.Verified.find(obj, stored); verified == nil {
		if verified, foreign = k.decode(obj, stored); verified == nil {
			return nil, foreign
		}
		k.Verified.add(obj, stored, verified)
	}
	if recorded := verified.Model; recorded != nil && (recorded.Name != model.Name || recorded.UUID != model.UUID) {
		return nil, false
	}
	return verified, false
}

// decode returns a stored record if it is signed for the object, otherwise nil.
// It verifies the MAC before it parses the record. foreign is true when another
// key signed the record.
func (k Keeper) decode(obj v1alpha1.RecordedObject, stored string) (decoded *payload, foreign bool) {
	parts := strings.SplitN(stored, ".", 4)
	if len(parts) != 4 || parts[0] != version {
		return nil, k.foreignLegacy(stored)
	}
	if parts[1] != k.Key.Mark() {
		return nil, true
	}
	if subtle.ConstantTimeCompare([]byte(parts[2]), []byte(k.mac(obj, parts[3]))) != 1 {
		return nil, false
	}
	decoded = &payload{}
	if err := json.Unmarshal([]byte(parts[3]), decoded); err != nil {
		return nil, false
	}
	return decoded, false
}
