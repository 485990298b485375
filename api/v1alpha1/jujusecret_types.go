// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// JujuSecret is a user secret in a Juju model. The operator adds, updates and
// removes the secret. With managementPolicy: Observe, the secret is managed
// elsewhere, and the operator only reads it.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:categories=juju,shortName=js
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="URI",type=string,JSONPath=`.status.uri`
// +kubebuilder:printcolumn:name="Revision",type=integer,JSONPath=`.status.revision`
// +kubebuilder:printcolumn:name="Model",type=string,priority=1,JSONPath=`.spec.model`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="has(self.spec.name) || has(self.spec.id) || !self.metadata.name.matches('^[0-9a-v]{20}$')",message="metadata.name looks like a Juju secret ID, so the juju command line could not find the secret by this name: set spec.name"
type JujuSecret struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is the desired state of the secret in Juju.
	// +required
	Spec JujuSecretSpec `json:"spec,omitzero"`
	// status is the observed state of the secret in Juju. Its observedGeneration
	// is -1 until the operator has processed the object.
	// +optional
	// +default={"observedGeneration": -1}
	Status JujuSecretStatus `json:"status,omitzero"`
}

// JujuSecretList is a list of JujuSecrets.
//
// +kubebuilder:object:root=true
type JujuSecretList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []JujuSecret `json:"items"`
}

// ControllerKind is a kind of controller object.
//
// +kubebuilder:validation:Enum=ClusterJujuController;JujuController
type ControllerKind string

// The kinds of controller objects.
const (
	// KindClusterJujuController serves the namespaces that its tenants select.
	KindClusterJujuController ControllerKind = "ClusterJujuController"
	// KindJujuController serves its own namespace.
	KindJujuController ControllerKind = "JujuController"
)

// ControllerReference refers to a controller object.
type ControllerReference struct {
	// kind is the kind of the controller object, ClusterJujuController or
	// JujuController. Defaults to ClusterJujuController. A ClusterJujuController
	// must select this namespace in spec.tenants. A JujuController must be in this
	// namespace.
	// +optional
	// +default="ClusterJujuController"
	Kind ControllerKind `json:"kind,omitempty"`
	// name is the name of the controller object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$')",message="write the name of a ClusterJujuController, or of a JujuController in this namespace, without a namespace before it"
	Name string `json:"name,omitempty"`
}

// ManagementPolicy determines whether the operator manages the secret.
//
// +kubebuilder:validation:Enum=Manage;Observe
type ManagementPolicy string

// The management policies.
const (
	// ManagementManage keeps the secret in Juju as the manifest describes it.
	ManagementManage ManagementPolicy = "Manage"
	// ManagementObserve only reads a secret that is managed elsewhere.
	ManagementObserve ManagementPolicy = "Observe"
)

// DeletionPolicy determines what happens to the secret in Juju when the object
// is deleted.
//
// +kubebuilder:validation:Enum=Delete;Retain
type DeletionPolicy string

// The deletion policies.
const (
	// DeletionDelete removes the secret from Juju.
	DeletionDelete DeletionPolicy = "Delete"
	// DeletionRetain leaves the secret in Juju.
	DeletionRetain DeletionPolicy = "Retain"
)

// AdoptionPolicy determines what happens to an existing secret, grant or option
// that the operator did not make or set.
//
// +kubebuilder:validation:Enum=Never;Adopt
type AdoptionPolicy string

// The adoption policies.
const (
	// AdoptionNever leaves the secret, the grant or the option unchanged.
	AdoptionNever AdoptionPolicy = "Never"
	// AdoptionAdopt adopts the secret, the grant or the option. A secret becomes
	// what the manifest describes, and an option loses its former value.
	AdoptionAdopt AdoptionPolicy = "Adopt"
)

// UpdatePolicy determines when the operator writes the content of a secret.
//
// +kubebuilder:validation:Enum=Replace;IfNotExists
type UpdatePolicy string

// The update policies.
const (
	// UpdateReplace writes the content whenever it differs.
	UpdateReplace UpdatePolicy = "Replace"
	// UpdateIfNotExists writes the content only when it creates the secret.
	UpdateIfNotExists UpdatePolicy = "IfNotExists"
)

// DriftPolicy determines what happens when another client changes a
// managed secret.
//
// +kubebuilder:validation:Enum=Correct;Report
type DriftPolicy string

// The drift policies.
const (
	// DriftCorrect restores what the manifest describes.
	DriftCorrect DriftPolicy = "Correct"
	// DriftReport reports the difference and leaves it until the manifest or one
	// of its sources changes.
	DriftReport DriftPolicy = "Report"
)

// Encoding is how a value of a source is written to a key of the secret.
//
// +kubebuilder:validation:Enum=None;Base64
type Encoding string

// The encodings.
const (
	// EncodingNone writes the bytes of the source.
	EncodingNone Encoding = "None"
	// EncodingBase64 writes the bytes of the source in standard base64.
	EncodingBase64 Encoding = "Base64"
)

// JujuSecretSpec is the desired state of a secret in Juju.
//
// +kubebuilder:validation:XValidation:rule="has(self.model) != has(self.modelUUID)",message="set exactly one of model (qualifier/name) and modelUUID"
// +kubebuilder:validation:XValidation:rule="has(self.model) == has(oldSelf.model) && (!has(self.model) || self.model == oldSelf.model) && has(self.modelUUID) == has(oldSelf.modelUUID) && (!has(self.modelUUID) || self.modelUUID == oldSelf.modelUUID)",message="model and modelUUID are immutable, because a Juju secret cannot move to another model: create a JujuSecret for the other model, and delete this one"
// +kubebuilder:validation:XValidation:rule="self.managementPolicy == 'Observe' || has(self.value) || has(self.valueFrom)",message="a secret needs content: set value or valueFrom, or set managementPolicy: Observe to reference a secret that is managed elsewhere"
// +kubebuilder:validation:XValidation:rule="self.managementPolicy != 'Observe' || !(has(self.value) || has(self.valueFrom) || has(self.info) || has(self.autoPrune) || has(self.adoptionPolicy) || has(self.updatePolicy) || has(self.deletionPolicy) || has(self.driftPolicy))",message="managementPolicy: Observe changes nothing in Juju: remove value, valueFrom, info, autoPrune, adoptionPolicy, updatePolicy, deletionPolicy and driftPolicy",messageExpression="'managementPolicy: Observe changes nothing in Juju: remove ' + ((has(self.value) ? ', value' : \"\") + (has(self.valueFrom) ? ', valueFrom' : \"\") + (has(self.info) ? ', info' : \"\") + (has(self.autoPrune) ? ', autoPrune' : \"\") + (has(self.adoptionPolicy) ? ', adoptionPolicy' : \"\") + (has(self.updatePolicy) ? ', updatePolicy' : \"\") + (has(self.deletionPolicy) ? ', deletionPolicy' : \"\") + (has(self.driftPolicy) ? ', driftPolicy' : \"\")).substring(2)"
// +kubebuilder:validation:XValidation:rule="has(self.id) == has(oldSelf.id) && (!has(self.id) || self.id.replace('secret:', \"\") == oldSelf.id.replace('secret:', \"\"))",message="id is immutable: create a JujuSecret for the other secret, and delete this one"
// +kubebuilder:validation:XValidation:rule="!has(self.id) || self.managementPolicy == 'Observe' || has(self.adoptionPolicy) && self.adoptionPolicy == 'Adopt'",message="id selects an existing secret: set managementPolicy: Observe to reference it, or adoptionPolicy: Adopt to adopt it"
// +kubebuilder:validation:XValidation:rule="!has(self.id) || self.managementPolicy != 'Observe' || !has(self.name)",message="managementPolicy: Observe selects a secret by name or by ID: remove name or id"
type JujuSecretSpec struct {
	// controllerRef refers to the object that describes the Juju controller.
	// Defaults to the ClusterJujuController named default. Change this field only
	// after Juju migrated the model to another controller. The secret keeps its
	// ID. If the model has another UUID there, the operator changes nothing.
	// +optional
	// +default={"name": "default"}
	ControllerRef ControllerReference `json:"controllerRef,omitzero"`

	// model is the Juju model, as qualifier/name (owner/name in Juju 3).
	// `juju models` prints it. Set exactly one of model and modelUUID. This field
	// is immutable. Example: prod/db
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=320
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^/ ]+/[a-z0-9][a-z0-9-]*$')",message="write model as qualifier/name, as juju models prints it, for example prod/db; for a UUID, set modelUUID instead"
	Model string `json:"model,omitempty"`

	// modelUUID is the UUID of the Juju model. `juju show-model` prints it as
	// model-uuid. Juju never reuses a UUID, but a new model can get the name of
	// a removed one. Set exactly one of model and modelUUID. This field is
	// immutable.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')",message="write modelUUID as juju show-model prints it under model-uuid: 32 lower-case hexadecimal digits with hyphens, for example 12345678-1234-4123-8123-123456789abc"
	ModelUUID string `json:"modelUUID,omitempty"`

	// id is the ID of an existing secret: the twenty characters that
	// `juju secrets` prints, with or without the prefix secret:. It selects the
	// secret to read with managementPolicy: Observe, and the secret to adopt with
	// adoptionPolicy: Adopt. This field is immutable, but the prefix may be added
	// and removed. Examples: d3v2mvifkevkaa8tdmqg, secret:d3v2mvifkevkaa8tdmqg
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^(secret:)?[0-9a-v]{20}$')",message="write id as juju secrets prints it: twenty characters, for example d3v2mvifkevkaa8tdmqg, with or without the prefix secret:; to select a secret by its name, set name instead"
	ID string `json:"id,omitempty"`

	// name is the name of the secret in Juju, unique in its model, for example
	// my_secret_name. Every name that Juju accepts is valid, except names that look
	// like an ID, and names with invisible characters or with spaces at their ends.
	// Defaults to metadata.name, or to the current name of the secret if id is set.
	// A change renames the secret, which keeps its ID, revisions and grants. With
	// managementPolicy: Observe, a change selects another secret.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches(r'^[^\\pC\\pZ]+( +[^\\pC\\pZ]+)*$')",message="write name without control characters, invisible characters and spaces at its ends, for example my_secret_name; to select an existing secret with another name, set id"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^(?i:secret:)|^([^?#]*/)?[0-9a-v]{20}([?#]|$)')",message="name looks like a Juju secret ID, so the juju command line could not find the secret by this name: choose another name, or set id to select an existing secret by its ID"
	Name string `json:"name,omitempty"`

	// info is the description of the secret, which `juju show-secret` prints.
	// Removing this field clears the description in Juju.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Info string `json:"info,omitempty"`

	// value is content of the secret in plain text, by key. Use valueFrom for
	// confidential content, because all users with read access to this object can
	// read value. The keys are not converted. The juju command line accepts only
	// keys of lower-case letters, digits and single hyphens, with at least three
	// letters or digits, that start with a letter. All values together have at
	// most 750000 characters, because Juju allows 1000000 bytes in base64.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=128
	// +kubebuilder:validation:XValidation:rule="self.all(k, size(k) <= 253 && k.matches(r'^[^\\pC\\pZ]+( +[^\\pC\\pZ]+)*$'))",message="rename keys of value: a key has 1 to 253 characters, no control characters, no invisible characters and no spaces at its ends",messageExpression="'rename the key ' + self.filter(k, !(size(k) <= 253 && k.matches(r'^[^\\pC\\pZ]+( +[^\\pC\\pZ]+)*$')) && self.all(o, k <= o || size(o) <= 253 && o.matches(r'^[^\\pC\\pZ]+( +[^\\pC\\pZ]+)*$')))[0] + ' of value: a key has 1 to 253 characters, no control characters, no invisible characters and no spaces at its ends'"
	// +kubebuilder:validation:XValidation:rule="self.map(k, size(self[k])).sum() <= 750000",message="value has more than 750000 characters, and Juju allows 1000000 bytes in base64: split the content into several JujuSecrets, and take large content from Secrets with valueFrom"
	Value map[string]string `json:"value,omitempty"`

	// valueFrom lists Secrets and ConfigMaps in this namespace that provide
	// content, in addition to value. The operator applies a change of a source
	// within moments. A key must not occur twice, neither in two sources nor in a
	// source and in value.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	ValueFrom []ValueSource `json:"valueFrom,omitempty"`

	// managementPolicy is Manage or Observe. Defaults to Manage. Manage keeps the
	// secret in Juju as this manifest describes it. Observe reads a secret that is
	// managed elsewhere, reports its ID and revision in status, and changes
	// nothing in Juju.
	// +optional
	// +default="Manage"
	ManagementPolicy ManagementPolicy `json:"managementPolicy,omitempty"`

	// autoPrune makes Juju delete revisions that no unit uses. Defaults to false:
	// revisions accumulate until they are deleted manually. Juju does not report
	// this setting, so manual changes to it are not detected.
	// +optional
	AutoPrune bool `json:"autoPrune,omitempty"`

	// adoptionPolicy determines what happens if the model already has a secret
	// with this name or ID that the operator did not create for this object.
	// Defaults to the adoptionPolicy of the controller object, and otherwise to
	// Never. Never leaves that secret unchanged and reports it in the Ready
	// condition. Adopt makes the secret what this manifest describes, and
	// adds a revision only if the content differs. Secrets of charms and secrets
	// of other JujuSecrets are never adopted.
	// +optional
	AdoptionPolicy AdoptionPolicy `json:"adoptionPolicy,omitempty"`

	// updatePolicy determines when the operator writes the content. Defaults to
	// Replace: the secret gets the content of this manifest and of its sources
	// whenever it differs. With IfNotExists, the operator writes the content only
	// when it creates the secret, and leaves it to other clients afterwards. It
	// still manages the name, info and autoPrune. The sources are then needed only
	// for the creation.
	// +optional
	UpdatePolicy UpdatePolicy `json:"updatePolicy,omitempty"`

	// deletionPolicy determines what happens to the secret in Juju when this
	// object is deleted. Delete removes the secret. Retain leaves it in Juju.
	// Defaults to Delete for a secret that the operator created for this object,
	// and to Retain for an adopted secret.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// driftPolicy determines what happens when another client changes or removes
	// the secret in Juju. Defaults to Correct. Correct restores what this manifest
	// describes, at the latest after driftDetection.interval of the controller
	// object. If another client undoes three corrections in a row, each further
	// correction waits, for up to an hour. Report describes the difference in the
	// Ready condition, and changes nothing in Juju until the manifest or one of its
	// sources changes.
	// +optional
	DriftPolicy DriftPolicy `json:"driftPolicy,omitempty"`

	// suspend stops reconciliation of this object while it is true. Defaults to
	// false. The operator then neither reads nor changes the secret in Juju, and
	// the Ready condition is False. Deleting the object still works, and so do
	// JujuSecretAccesses of its secret.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
}

// ValueSource selects all or some keys of a Kubernetes Secret or ConfigMap.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="has(self.secretRef) != has(self.configMapRef)",message="set exactly one of secretRef and configMapRef; to use both, list two sources"
// +kubebuilder:validation:XValidation:rule="!has(self.items) || !has(self.exclude)",message="set only one of items and exclude: items lists all keys to use"
type ValueSource struct {
	// secretRef refers to a Secret in this namespace.
	// +optional
	SecretRef *SourceReference `json:"secretRef,omitempty"`
	// configMapRef refers to a ConfigMap in this namespace.
	// +optional
	ConfigMapRef *SourceReference `json:"configMapRef,omitempty"`
	// items selects keys and gives their names in Juju. Defaults to all keys that
	// exclude does not list, under names that the juju command line accepts: words
	// in lower case, with hyphens between them. DB_PASSWORD becomes db-password,
	// clientID becomes client-id, and tls.crt becomes tls-crt.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=128
	Items []KeyToKey `json:"items,omitempty"`
	// exclude lists keys of the Secret or ConfigMap that the secret in Juju does
	// not get. Keys that do not exist are ignored. Set either items or exclude. To
	// rename some keys and keep all others, list the same source twice: once with
	// items for these keys, and once with exclude for them.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=128
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	Exclude []string `json:"exclude,omitempty"`
}

// SourceReference refers to a Kubernetes Secret or ConfigMap in the object's
// namespace.
type SourceReference struct {
	// name is the name of the Secret or ConfigMap.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
	// optional allows this source, or a key in items, to be missing. Defaults to
	// false: the operator waits for the source and its keys, and changes nothing
	// in Juju until they exist. When true, the operator writes the secret without
	// what is missing.
	// +optional
	Optional bool `json:"optional,omitempty"`
}

// KeyToKey selects one key of a source and gives its name in Juju.
type KeyToKey struct {
	// key is the key in the Secret or ConfigMap.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key,omitempty"`
	// as is the name of the key in Juju. It is not converted. Defaults to the words
	// of key in lower case, with hyphens between them. Set as for a key that the
	// juju command line does not accept, such as api_key or ca. In a model on
	// Kubernetes, Juju accepts only letters, digits, hyphens, underscores and dots.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches(r'^[^\\pC\\pZ]+( +[^\\pC\\pZ]+)*$')",message="write as without control characters, invisible characters and spaces at its ends, for example api_key"
	As string `json:"as,omitempty"`
	// encoding is None or Base64. Defaults to None: charms read the bytes of the
	// Secret or ConfigMap. With Base64, charms read these bytes in standard base64,
	// on one line and with padding, as base64 -w0 prints them. Some charms ask for
	// this, for example for a private key.
	// +optional
	Encoding Encoding `json:"encoding,omitempty"`
}

// JujuSecretStatus is the observed state of a secret in Juju.
type JujuSecretStatus struct {
	// conditions are the Ready condition, and the Reconciling or Stalled condition
	// while it is true.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// observedGeneration is the generation of the spec that this status
	// describes.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// modelUUID is the UUID of the model that holds the secret.
	// +optional
	ModelUUID string `json:"modelUUID,omitempty"`
	// secretID is the ID of the secret in Juju.
	// +optional
	SecretID string `json:"secretID,omitempty"`
	// uri is the URI of the secret: the prefix secret: followed by the ID. Charm
	// options take the URI.
	// +optional
	URI string `json:"uri,omitempty"`
	// managed is true when this object owns the secret, because the operator
	// created or adopted it. Only an owned secret is changed and removed.
	// +optional
	Managed bool `json:"managed,omitempty"`
	// adopted is true when the secret existed before the operator adopted it.
	// The secret is then retained in Juju when this object is deleted, unless
	// deletionPolicy is Delete.
	// +optional
	Adopted bool `json:"adopted,omitempty"`

	// Annotations may have 256 KiB in total, so every record that fits into the
	// annotation is accepted here.

	// record is the operator's signed record of what it created or adopted in
	// Juju for this object. The annotation jujusecrets.io/record holds a copy.
	// The operator ignores a record that it did not sign. Do not edit it.
	// +optional
	// +kubebuilder:validation:MaxLength=262144
	Record string `json:"record,omitempty"`
	// ownershipProof is deprecated: use record. Operators without the signed
	// record wrote it. The operator reads it once, and then replaces it with
	// record.
	// +optional
	OwnershipProof string `json:"ownershipProof,omitempty"`
	// revision is the number of the latest revision of the secret in Juju when the
	// secret was last in sync with the spec.
	// +optional
	Revision int `json:"revision,omitempty"`
	// revisions is the number of revisions of the secret that Juju keeps. It grows
	// with each change of the content. With autoPrune, Juju deletes the revisions
	// that no unit uses.
	// +optional
	Revisions int32 `json:"revisions,omitempty"`
	// appliedDigest is a digest of the content that the operator last wrote to
	// Juju. It is computed with a random key of this installation, so it reveals
	// nothing about the content. The operator uses it to distinguish a change of
	// the sources from a change in Juju.
	// +optional
	AppliedDigest string `json:"appliedDigest,omitempty"`
	// appliedGeneration is the last generation of the spec that was completely
	// applied in Juju. A later difference from the same spec and the same content
	// is a change in Juju.
	// +optional
	AppliedGeneration int64 `json:"appliedGeneration,omitempty"`
	// autoPrune is the value that the operator last set in Juju, which does not
	// report it. It is absent while the value is unknown, for example for an
	// adopted secret.
	// +optional
	AutoPrune *bool `json:"autoPrune,omitempty"`
	// lastHandledReconcileAt is the value of the annotation
	// jujusecrets.io/reconcile-requested-at that the operator handled last. It is
	// set after a listing of the model in Juju that began after the request and
	// succeeded.
	// +optional
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`
}

// SecretID returns spec.id without the prefix secret:, empty if no ID is set.
// Read the field through this method only.
func (s *JujuSecretSpec) SecretID() string { return secretID(s.ID) }

// secretID returns an ID without the prefix that makes it a URI.
func secretID(id string) string { return strings.TrimPrefix(id, "secret:") }

// JujuName returns the desired name of the secret in Juju. It is empty if the
// secret of spec.id keeps its current name.
func (s *JujuSecret) JujuName() string {
	if s.Spec.Name != "" || s.Spec.SecretID() != "" {
		return s.Spec.Name
	}
	return s.Name
}
