// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// JujuSecret is one user secret in a Juju model: added, updated and removed by the operator, or, with
// managementPolicy: Observe, somebody else's and only looked at.
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
// +kubebuilder:validation:XValidation:rule="has(self.spec.name) || has(self.spec.id) || self.metadata.name.matches('^[a-z](-?[a-z0-9]){2,}$')",message="metadata.name cannot serve as the secret's name in Juju: set spec.name to lower-case letters, digits and single hyphens, at least three letters or digits, starting with a letter"
// +kubebuilder:validation:XValidation:rule="has(self.spec.name) || has(self.spec.id) || !self.metadata.name.matches('^[0-9a-v]{20}$')",message="metadata.name looks like a Juju secret ID, so Juju's command line could not find the secret by it: set spec.name"
type JujuSecret struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec says what Juju shall hold.
	// +required
	Spec JujuSecretSpec `json:"spec,omitzero"`
	// status is what Juju holds. Until the operator has looked, its observedGeneration is -1.
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
	// KindClusterJujuController is for the whole cluster, as far as its tenants say.
	KindClusterJujuController ControllerKind = "ClusterJujuController"
	// KindJujuController is for its own namespace.
	KindJujuController ControllerKind = "JujuController"
)

// ControllerReference names the controller object to go through.
type ControllerReference struct {
	// kind is ClusterJujuController (the default), for one that has this namespace among its tenants, or JujuController, for one
	// of this namespace.
	// +optional
	// +default="ClusterJujuController"
	Kind ControllerKind `json:"kind,omitempty"`
	// name of the controller object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$')",message="write the name of a ClusterJujuController, or of a JujuController of this namespace"
	Name string `json:"name,omitempty"`
}

// ManagementPolicy says whose secret it is.
//
// +kubebuilder:validation:Enum=Manage;Observe
type ManagementPolicy string

// The management policies.
const (
	// ManagementManage makes the secret in Juju what the manifest says.
	ManagementManage ManagementPolicy = "Manage"
	// ManagementObserve looks at a secret that somebody else manages, and writes nothing.
	ManagementObserve ManagementPolicy = "Observe"
)

// DeletionPolicy says what becomes of the secret in Juju when the object goes.
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

// AdoptionPolicy says what to do about a secret that is there already and that the operator did not make.
//
// +kubebuilder:validation:Enum=Never;Adopt
type AdoptionPolicy string

// The adoption policies.
const (
	// AdoptionNever leaves it alone.
	AdoptionNever AdoptionPolicy = "Never"
	// AdoptionAdopt takes it over, and makes it what the manifest says.
	AdoptionAdopt AdoptionPolicy = "Adopt"
)

// DriftPolicy says what to do when somebody else changes a secret that the operator manages.
//
// +kubebuilder:validation:Enum=Correct;Report
type DriftPolicy string

// The drift policies.
const (
	// DriftCorrect makes the secret what the manifest says again.
	DriftCorrect DriftPolicy = "Correct"
	// DriftReport tells of the difference and leaves it, until the manifest or one of its sources changes.
	DriftReport DriftPolicy = "Report"
)

// JujuSecretSpec says what Juju shall hold.
//
// +kubebuilder:validation:XValidation:rule="has(self.model) != has(self.modelUUID)",message="set exactly one of model (as qualifier/name) and modelUUID"
// +kubebuilder:validation:XValidation:rule="has(self.model) == has(oldSelf.model) && (!has(self.model) || self.model == oldSelf.model) && has(self.modelUUID) == has(oldSelf.modelUUID) && (!has(self.modelUUID) || self.modelUUID == oldSelf.modelUUID)",message="the model cannot be changed, since a Juju secret cannot move: create another JujuSecret for the other model and delete this one"
// +kubebuilder:validation:XValidation:rule="self.controllerRef == oldSelf.controllerRef",message="the controller cannot be changed, since a Juju secret cannot move: create another JujuSecret for the other controller and delete this one"
// +kubebuilder:validation:XValidation:rule="self.managementPolicy == 'Observe' || has(self.value) || has(self.valueFrom)",message="a secret needs a value: set value or valueFrom, or managementPolicy: Observe to reference a secret that somebody else manages"
// +kubebuilder:validation:XValidation:rule="self.managementPolicy != 'Observe' || !(has(self.value) || has(self.valueFrom) || has(self.info) || has(self.autoPrune) || has(self.adoptionPolicy) || has(self.deletionPolicy) || has(self.driftPolicy))",message="managementPolicy: Observe writes nothing to Juju: remove value, valueFrom, info, autoPrune, adoptionPolicy, deletionPolicy and driftPolicy"
// +kubebuilder:validation:XValidation:rule="has(self.id) == has(oldSelf.id) && (!has(self.id) || self.id == oldSelf.id)",message="the ID cannot be changed: create another JujuSecret for the other secret and delete this one"
// +kubebuilder:validation:XValidation:rule="!has(self.id) || self.managementPolicy == 'Observe' || has(self.adoptionPolicy) && self.adoptionPolicy == 'Adopt'",message="id names a secret that is there already: set managementPolicy: Observe to reference it, or adoptionPolicy: Adopt to take it over"
// +kubebuilder:validation:XValidation:rule="!has(self.id) || self.managementPolicy != 'Observe' || !has(self.name)",message="managementPolicy: Observe looks for a secret by its name or by its ID: remove name or id"
// +kubebuilder:validation:XValidation:rule="self.managementPolicy == 'Observe' || !has(self.name) || self.name.matches('^[a-z](-?[a-z0-9]){2,}$')",message="write name in lower-case letters, digits and single hyphens, at least three letters or digits, starting with a letter, for example db-password"
// +kubebuilder:validation:XValidation:rule="!has(self.name) || !self.name.matches('^[0-9a-v]{20}$')",message="name looks like a Juju secret ID, so Juju's command line could not find the secret by it: choose another"
type JujuSecretSpec struct {
	// controllerRef names the Juju controller. The default is the ClusterJujuController called default. It cannot be
	// changed.
	// +optional
	// +kubebuilder:default={name: "default"}
	ControllerRef ControllerReference `json:"controllerRef,omitzero"`

	// model is the Juju model, as qualifier/name (owner/name in Juju 3). Set this or modelUUID. It cannot be changed.
	// Example: prod/db
	// +optional
	// +kubebuilder:validation:MaxLength=320
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^/ ]+/[a-z0-9][a-z0-9-]*$')",message="write model as qualifier/name, for example prod/db, as juju models prints it"
	Model string `json:"model,omitempty"`

	// modelUUID is the UUID of the Juju model, which unlike its name is never used again. Set this or model. It cannot
	// be changed.
	// +optional
	// +kubebuilder:validation:MaxLength=36
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')",message="write modelUUID as juju show-model prints it under model-uuid"
	ModelUUID string `json:"modelUUID,omitempty"`

	// id is the ID of a secret that is there already: the twenty characters that juju secrets prints, without secret:
	// before them. With managementPolicy: Observe it says which secret to look at, with adoptionPolicy: Adopt which one to
	// take over. It cannot be changed.
	// +optional
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9a-v]{20}$')",message="write id as the twenty characters that juju secrets prints, without secret: before them"
	ID string `json:"id,omitempty"`

	// name is the secret's name in Juju, unique in its model. The default is metadata.name; beside id it is the name that
	// the secret has. Changing it renames the secret, which keeps its ID, revisions and grants; with managementPolicy:
	// Observe, it looks at another secret.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// info is the secret's description, which juju show-secret prints. Removing it clears it in Juju.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Info string `json:"info,omitempty"`

	// value is content written here in the open, for what is not really secret. Keys are lower-case letters, digits
	// and single hyphens, at least three letters or digits, starting with a letter. Whoever may read this object reads it:
	// use valueFrom for the rest.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=128
	// +kubebuilder:validation:XValidation:rule="self.all(k, k.matches('^[a-z](-?[a-z0-9]){2,}$'))",message="write each key in lower-case letters, digits and single hyphens, at least three letters or digits, starting with a letter, for example db-password"
	Value map[string]string `json:"value,omitempty"`

	// valueFrom lists Kubernetes Secrets and ConfigMaps of this namespace whose content becomes the secret's, together
	// with value. A change of any of them is in Juju within moments. Two that give the same key are an error.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	ValueFrom []ValueSource `json:"valueFrom,omitempty"`

	// managementPolicy is Manage (the default), which makes the secret in Juju what this manifest says, or Observe,
	// which references a secret of that name that somebody else manages, tells its ID and revision in status, and writes
	// nothing.
	// +optional
	// +kubebuilder:default=Manage
	ManagementPolicy ManagementPolicy `json:"managementPolicy,omitempty"`

	// autoPrune lets Juju remove old revisions that no unit uses any more. Without it they stay until somebody removes
	// them. Juju does not tell whether a secret has it, so a change made by hand is not noticed.
	// +optional
	AutoPrune bool `json:"autoPrune,omitempty"`

	// adoptionPolicy says what happens if the model has a secret of this name, or of this id, that this object did not
	// make. Never, the default, leaves it alone and says so. Adopt takes it over and makes it what this manifest says; a
	// new revision is added only if the content differs. Secrets of charms, and those of another JujuSecret, are never
	// taken over.
	// +optional
	AdoptionPolicy AdoptionPolicy `json:"adoptionPolicy,omitempty"`

	// deletionPolicy says what becomes of the secret in Juju when this object is deleted. Delete removes it, Retain leaves
	// it there. The default is Delete for a secret that was made for this object, and Retain for one that was adopted.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// driftPolicy says what happens when somebody else changes or removes the secret in Juju. Correct, the default, makes
	// it what the manifest says again, at the latest after the controller's driftDetection.interval. Report only says in
	// the Ready condition what is different, until the manifest or one of its sources changes, which is applied as ever.
	// +optional
	DriftPolicy DriftPolicy `json:"driftPolicy,omitempty"`

	// suspend stops all work on this object: nothing is looked at in Juju and nothing is changed there until it is false
	// again. Deleting the object works all the same, and so do JujuSecretAccesses of its secret.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
}

// ValueSource is one Kubernetes Secret or ConfigMap, whole or some of its keys.
//
// +kubebuilder:validation:XValidation:rule="has(self.secretRef) != has(self.configMapRef)",message="set exactly one of secretRef and configMapRef; list two sources for both"
type ValueSource struct {
	// secretRef names a Secret in this namespace.
	// +optional
	SecretRef *SourceReference `json:"secretRef,omitempty"`
	// configMapRef names a ConfigMap in this namespace.
	// +optional
	ConfigMapRef *SourceReference `json:"configMapRef,omitempty"`
	// items picks keys and says what to call them in Juju. Without items every key is taken, in Juju's spelling:
	// lower case, with hyphens for other signs, so DB_PASSWORD becomes db-password and tls.crt becomes tls-crt.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=128
	Items []KeyToKey `json:"items,omitempty"`
}

// SourceReference names a Kubernetes Secret or ConfigMap in the object's own namespace.
type SourceReference struct {
	// name of the Secret or ConfigMap.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
	// optional says that the secret is made without this source, or without a key in items, while that is missing.
	// By default the operator waits for it and changes nothing in Juju meanwhile.
	// +optional
	Optional bool `json:"optional,omitempty"`
}

// KeyToKey picks one key of a source and names it in Juju.
type KeyToKey struct {
	// key in the Secret or ConfigMap.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key,omitempty"`
	// as is the key in Juju. The default is key in Juju's spelling.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z](-?[a-z0-9]){2,}$')",message="write as in lower-case letters, digits and single hyphens, at least three letters or digits, starting with a letter, for example db-password"
	As string `json:"as,omitempty"`
}

// JujuSecretStatus is what Juju holds.
type JujuSecretStatus struct {
	// observedGeneration is the generation of the spec that this status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// conditions are Ready, and Reconciling or Stalled while they are true.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// modelUUID is the UUID of the model that holds the secret.
	// +optional
	ModelUUID string `json:"modelUUID,omitempty"`
	// secretID is the ID that Juju gave the secret.
	// +optional
	SecretID string `json:"secretID,omitempty"`
	// uri is secret: and the ID, the form in which charm options take it.
	// +optional
	URI string `json:"uri,omitempty"`
	// managed tells that the secret is this object's: the operator made it or adopted it, and so may change and remove it.
	// +optional
	Managed bool `json:"managed,omitempty"`
	// adopted tells that somebody else made the secret, so that it is retained unless deletionPolicy says Delete.
	// +optional
	Adopted bool `json:"adopted,omitempty"`
	// ownershipProof is a digest of the object's UID, the controller, the model and secretID, keyed with a random key of this
	// installation. By it the operator knows that it wrote them here itself, so that the secret may be removed with the object even
	// where the namespace is no tenant any more.
	// +optional
	OwnershipProof string `json:"ownershipProof,omitempty"`
	// revision is the number of the secret's latest revision in Juju, when all was last as the spec says.
	// +optional
	Revision int `json:"revision,omitempty"`
	// appliedDigest is a digest of the content that the operator last put into Juju, keyed with a random key of this
	// installation, so that it tells nothing of the content. By it a change of the sources is told from one in Juju.
	// +optional
	AppliedDigest string `json:"appliedDigest,omitempty"`
	// appliedGeneration is the last generation of the spec that Juju held in full. A difference from the same spec and the
	// same content was made in Juju.
	// +optional
	AppliedGeneration int64 `json:"appliedGeneration,omitempty"`
	// autoPrune is the value that the operator last gave Juju, which does not tell it back. It is absent while nobody knows,
	// as with a secret that was adopted.
	// +optional
	AutoPrune *bool `json:"autoPrune,omitempty"`
	// lastHandledReconcileAt is the value of the annotation jujusecrets.io/reconcile-requested-at that was handled last.
	// +optional
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`
}

// JujuName is the name that the secret shall have in Juju, empty if that of the ID keeps the one it has.
func (s *JujuSecret) JujuName() string {
	if s.Spec.Name != "" || s.Spec.ID != "" {
		return s.Spec.Name
	}
	return s.Name
}
