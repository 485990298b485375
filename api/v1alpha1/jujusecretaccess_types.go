// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// JujuSecretAccess grants applications of a Juju model the use of one user secret, and revokes that when it is deleted.
// It revokes only what it granted itself, so grants made by hand are left alone.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:categories=juju,shortName=jsa,path=jujusecretaccesses
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Granted",type=string,JSONPath=`.status.granted`
// +kubebuilder:printcolumn:name="Secret",type=string,priority=1,JSONPath=`.status.secretID`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type JujuSecretAccess struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec says who may use which secret.
	// +required
	Spec JujuSecretAccessSpec `json:"spec,omitzero"`
	// status is what has been granted. Until the operator has looked, its observedGeneration is -1.
	// +optional
	// +default={"observedGeneration": -1}
	Status JujuSecretAccessStatus `json:"status,omitzero"`
}

// JujuSecretAccessList is a list of JujuSecretAccesses.
//
// +kubebuilder:object:root=true
type JujuSecretAccessList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []JujuSecretAccess `json:"items"`
}

// JujuSecretAccessSpec says who may use which secret.
//
// +kubebuilder:validation:XValidation:rule="has(self.secretRef) != has(self.secret)",message="set exactly one of secretRef (a JujuSecret of this namespace) and secret (any user secret, by ID or name)"
// +kubebuilder:validation:XValidation:rule="has(self.secretRef) == has(oldSelf.secretRef) && (!has(self.secretRef) || self.secretRef == oldSelf.secretRef) && has(self.secret) == has(oldSelf.secret) && (!has(self.secret) || self.secret == oldSelf.secret)",message="the secret cannot be changed: create another JujuSecretAccess for the other secret and delete this one"
type JujuSecretAccessSpec struct {
	// secretRef names a JujuSecret of this namespace. Set this or secret. It cannot be changed.
	// +optional
	SecretRef *JujuSecretReference `json:"secretRef,omitempty"`
	// secret names any user secret in Juju by its ID or its name. Set this or secretRef. It cannot be changed.
	// +optional
	Secret *UserSecretReference `json:"secret,omitempty"`
	// applications are who may use the secret, all in the secret's model. One that is not deployed yet is granted
	// when it appears and holds up no other. Removing one from the list revokes its grant.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=256
	Applications []ApplicationGrant `json:"applications,omitempty"`
	// deletionPolicy says what becomes of the grants in Juju when this object is deleted: Revoke (the default) takes away
	// those that it made, unless another JujuSecretAccess wants them too, and Retain leaves them.
	// +optional
	DeletionPolicy GrantDeletionPolicy `json:"deletionPolicy,omitempty"`
}

// GrantDeletionPolicy says what becomes of grants in Juju when the object goes.
//
// +kubebuilder:validation:Enum=Revoke;Retain
type GrantDeletionPolicy string

// The deletion policies of grants.
const (
	// GrantsRevoke takes them away.
	GrantsRevoke GrantDeletionPolicy = "Revoke"
	// GrantsRetain leaves them.
	GrantsRetain GrantDeletionPolicy = "Retain"
)

// JujuSecretReference names a JujuSecret of the same namespace.
type JujuSecretReference struct {
	// name of the JujuSecret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
}

// UserSecretReference names a user secret in Juju that need not have an object in Kubernetes.
//
// +kubebuilder:validation:XValidation:rule="has(self.model) != has(self.modelUUID)",message="set exactly one of model (as qualifier/name) and modelUUID"
// +kubebuilder:validation:XValidation:rule="has(self.id) != has(self.name)",message="set exactly one of id and name"
type UserSecretReference struct {
	// controllerRef names the Juju controller. The default is the ClusterJujuController called default.
	// +optional
	// +kubebuilder:default={name: "default"}
	ControllerRef ControllerReference `json:"controllerRef,omitzero"`
	// model is the Juju model, as qualifier/name (owner/name in Juju 3). Set this or modelUUID. Example: prod/db
	// +optional
	// +kubebuilder:validation:MaxLength=320
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^/ ]+/[a-z0-9][a-z0-9-]*$')",message="write model as qualifier/name, for example prod/db, as juju models prints it"
	Model string `json:"model,omitempty"`
	// modelUUID is the UUID of the Juju model. Set this or model.
	// +optional
	// +kubebuilder:validation:MaxLength=36
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')",message="write modelUUID as juju show-model prints it under model-uuid"
	ModelUUID string `json:"modelUUID,omitempty"`
	// id is the secret's ID: the twenty characters that juju secrets prints, without secret: before them. Set this or
	// name.
	// +optional
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9a-v]{20}$')",message="write id as the twenty characters that juju secrets prints, without secret: before them"
	ID string `json:"id,omitempty"`
	// name is the secret's name in Juju. Set this or id.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
}

// ApplicationGrant names one application.
type ApplicationGrant struct {
	// name of the application in the secret's model.
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*$')",message="write the application as juju status prints it, for example my-app, without a unit number"
	Name string `json:"name,omitempty"`
}

// JujuSecretAccessStatus is what has been granted.
type JujuSecretAccessStatus struct {
	// observedGeneration is the generation of the spec that this status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// conditions are Ready, and Reconciling or Stalled while they are true.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// controller is the controller object through which the grants were made: the name of a ClusterJujuController, or
	// namespace/name of a JujuController.
	// +optional
	Controller string `json:"controller,omitempty"`
	// model is the secret's model as the manifest gives it.
	// +optional
	Model string `json:"model,omitempty"`
	// modelUUID is the UUID of the secret's model.
	// +optional
	ModelUUID string `json:"modelUUID,omitempty"`
	// secretID is the ID of the secret in Juju.
	// +optional
	SecretID string `json:"secretID,omitempty"`
	// granted is how many of the applications have their grant, for example 1/2.
	// +optional
	Granted string `json:"granted,omitempty"`
	// applications say for each application how far its grant is.
	// +optional
	// +listType=map
	// +listMapKey=name
	Applications []ApplicationStatus `json:"applications,omitempty"`
	// lastHandledReconcileAt is the value of the annotation jujusecrets.io/reconcile-requested-at that was handled last.
	// +optional
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`
}

// ApplicationState says how far a grant is.
//
// +kubebuilder:validation:Enum=Granted;Pending;Failed
type ApplicationState string

// The states of a grant.
const (
	// ApplicationGranted means that the application can use the secret.
	ApplicationGranted ApplicationState = "Granted"
	// ApplicationPending means that the grant waits, most often for the application to be deployed.
	ApplicationPending ApplicationState = "Pending"
	// ApplicationFailed means that Juju refused; message says why.
	ApplicationFailed ApplicationState = "Failed"
)

// ApplicationStatus is the state of one application's grant.
type ApplicationStatus struct {
	// name of the application.
	// +required
	Name string `json:"name,omitempty"`
	// state is Granted, Pending or Failed.
	// +required
	State ApplicationState `json:"state,omitempty"`
	// message says what is missing while the state is not Granted.
	// +optional
	Message string `json:"message,omitempty"`
}
