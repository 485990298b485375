// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// JujuSecretAccess grants applications of a Juju model access to one user
// secret, and revokes the grants when it is deleted. It revokes only grants
// that it made, so grants made manually remain. With adoptionPolicy: Adopt it
// also takes over grants that exist. With exclusive: true it also revokes grants
// that no JujuSecretAccess lists. It can also set options of these applications
// to the secret.
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
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is the desired access: one secret, and the applications that may use
	// it.
	// +required
	Spec JujuSecretAccessSpec `json:"spec,omitzero"`
	// status is the observed access. Its observedGeneration is -1 until the
	// operator has processed the object.
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

// JujuSecretAccessSpec is the desired access to one secret.
//
// +kubebuilder:validation:XValidation:rule="has(self.jujuSecretRef) != has(self.secret)",message="set exactly one of jujuSecretRef (a JujuSecret of this namespace) and secret (any user secret, by ID or name)"
// +kubebuilder:validation:XValidation:rule="has(self.jujuSecretRef) == has(oldSelf.jujuSecretRef) && (!has(self.jujuSecretRef) || self.jujuSecretRef == oldSelf.jujuSecretRef) && has(self.secret) == has(oldSelf.secret)",message="jujuSecretRef and secret are immutable: create a JujuSecretAccess for the other secret, and delete this one"
type JujuSecretAccessSpec struct {
	// jujuSecretRef refers to a JujuSecret in this namespace. Set exactly one of
	// jujuSecretRef and secret. This field is immutable.
	// +optional
	JujuSecretRef *JujuSecretReference `json:"jujuSecretRef,omitempty"`
	// secret selects a user secret in Juju by its ID or its name. No JujuSecret is
	// needed. Set exactly one of jujuSecretRef and secret. This field is immutable,
	// except its controllerRef.
	// +optional
	Secret *UserSecretReference `json:"secret,omitempty"`
	// applications lists the applications that may use the secret. All are in the
	// model of the secret. An application that is not deployed yet is granted
	// access when it appears, and does not delay the others. Removing an
	// application from the list revokes its grant.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:XValidation:rule="self.map(a, has(a.configOptions) ? size(a.configOptions) : 0).sum() <= 256",message="one JujuSecretAccess can set at most 256 options: list the other applications in another JujuSecretAccess"
	Applications []ApplicationGrant `json:"applications,omitempty"`
	// adoptionPolicy determines what happens if a listed application already has
	// access to the secret through a grant that the operator did not make. Defaults
	// to the adoptionPolicy of the controller object, and otherwise to Never. Never
	// uses the grant and never revokes it. Adopt takes the grant over: it is then
	// revoked like a grant that the operator made. Grants to applications that this
	// object never listed are left unchanged, unless exclusive is true. The same
	// applies to options that another client set: Adopt replaces their values,
	// which are lost.
	// +optional
	AdoptionPolicy AdoptionPolicy `json:"adoptionPolicy,omitempty"`
	// exclusive revokes grants of the secret to applications that no
	// JujuSecretAccess lists. Defaults to false. No copy is kept of a grant that
	// was made manually: it is lost, and is not restored when this field becomes
	// false or this object is deleted. Look at status.otherGrants first. Grants of
	// other JujuSecretAccesses of the secret stay, if this operator watches them: it
	// does not know the objects of other clusters. One JujuSecretAccess of a secret
	// can be exclusive: if several are, the one that was created first is.
	// +optional
	Exclusive bool `json:"exclusive,omitempty"`
	// deletionPolicy determines what happens to the grants in Juju when this
	// object is deleted. Defaults to Revoke. Revoke revokes the grants that this
	// object made or adopted, unless another JujuSecretAccess lists the same
	// application, and resets the options that it set. Retain leaves both in
	// Juju.
	// +optional
	DeletionPolicy GrantDeletionPolicy `json:"deletionPolicy,omitempty"`
}

// GrantDeletionPolicy determines what happens to the grants in Juju when the
// object is deleted.
//
// +kubebuilder:validation:Enum=Revoke;Retain
type GrantDeletionPolicy string

// The deletion policies of grants.
const (
	// GrantsRevoke revokes the grants.
	GrantsRevoke GrantDeletionPolicy = "Revoke"
	// GrantsRetain leaves the grants in Juju.
	GrantsRetain GrantDeletionPolicy = "Retain"
)

// JujuSecretReference refers to a JujuSecret in the same namespace.
type JujuSecretReference struct {
	// name is the name of the JujuSecret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
}

// UserSecretReference selects a user secret in Juju, with or without a
// JujuSecret in Kubernetes.
//
// +kubebuilder:validation:XValidation:rule="has(self.model) != has(self.modelUUID)",message="set exactly one of model (qualifier/name) and modelUUID"
// +kubebuilder:validation:XValidation:rule="has(self.id) != has(self.name)",message="set exactly one of id and name"
// +kubebuilder:validation:XValidation:rule="has(self.model) == has(oldSelf.model) && (!has(self.model) || self.model == oldSelf.model) && has(self.modelUUID) == has(oldSelf.modelUUID) && (!has(self.modelUUID) || self.modelUUID == oldSelf.modelUUID) && has(self.name) == has(oldSelf.name) && (!has(self.name) || self.name == oldSelf.name) && has(self.id) == has(oldSelf.id) && (!has(self.id) || self.id.replace('secret:', \"\") == oldSelf.id.replace('secret:', \"\"))",message="secret is immutable, except its controllerRef: create a JujuSecretAccess for the other secret, and delete this one"
type UserSecretReference struct {
	// controllerRef refers to the object that describes the Juju controller.
	// Defaults to the ClusterJujuController named default. Change this field only
	// after Juju migrated the model to another controller. The secret keeps its
	// ID and its grants. If the model has another UUID there, the operator changes
	// nothing.
	// +optional
	// +default={"name": "default"}
	ControllerRef ControllerReference `json:"controllerRef,omitzero"`
	// model is the Juju model, as qualifier/name (owner/name in Juju 3).
	// `juju models` prints it. Set exactly one of model and modelUUID. Example:
	// prod/db
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=320
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^/ ]+/[a-z0-9][a-z0-9-]*$')",message="write model as qualifier/name, as juju models prints it, for example prod/db; for a UUID, set modelUUID instead"
	Model string `json:"model,omitempty"`
	// modelUUID is the UUID of the Juju model. `juju show-model` prints it as
	// model-uuid. Set exactly one of model and modelUUID.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')",message="write modelUUID as juju show-model prints it under model-uuid: 32 lower-case hexadecimal digits with hyphens, for example 12345678-1234-4123-8123-123456789abc"
	ModelUUID string `json:"modelUUID,omitempty"`
	// id is the ID of the secret: the twenty characters that `juju secrets`
	// prints, with or without the prefix secret:. Set exactly one of id and name.
	// Examples: d3v2mvifkevkaa8tdmqg, secret:d3v2mvifkevkaa8tdmqg
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^(secret:)?[0-9a-v]{20}$')",message="write id as juju secrets prints it: twenty characters, for example d3v2mvifkevkaa8tdmqg, with or without the prefix secret:; to select a secret by its name, set name instead"
	ID string `json:"id,omitempty"`
	// name is the name of the secret in Juju, for example my_secret_name. Set
	// exactly one of id and name.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches(r'^[^\\pC\\pZ]+( +[^\\pC\\pZ]+)*$')",message="write name without control characters, invisible characters and spaces at its ends, for example my_secret_name; to select an existing secret with another name, set id"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^(?i:secret:)|^([^?#]*/)?[0-9a-v]{20}([?#]|$)')",message="name looks like a Juju secret ID, so the juju command line could not find the secret by this name: choose another name, or set id to select an existing secret by its ID"
	Name string `json:"name,omitempty"`
}

// SecretID returns id without the prefix secret:, empty if no ID is set. Read
// the field through this method only.
func (r *UserSecretReference) SecretID() string { return secretID(r.ID) }

// Equal reports whether both references select the same secret in the same way.
// Either may be nil.
func (r *UserSecretReference) Equal(other *UserSecretReference) bool {
	if r == nil || other == nil {
		return r == other
	}
	one, two := *r, *other
	one.ID, two.ID = r.SecretID(), other.SecretID()
	return one == two
}

// ApplicationGrant selects one application, and the options of its charm that
// name the secret.
type ApplicationGrant struct {
	// name is the name of the application in the model of the secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*$')",message="write the name of the application as juju status prints it, for example my-app, without a unit number"
	Name string `json:"name,omitempty"`
	// configOptions lists options of the application's charm. After the grant, the
	// operator sets each of them to the secret, as `juju config` does. It resets
	// an option before it revokes the grant, and when the option leaves this list,
	// but only while the option still names the secret. An option that another
	// client set is replaced only with adoptionPolicy: Adopt.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	ConfigOptions []ConfigOption `json:"configOptions,omitempty"`
}

// ConfigOption is an option of a charm that names the secret.
type ConfigOption struct {
	// name is the name of the option, as `juju config APPLICATION` prints it. The
	// charm must have an option of this name and of type secret or string.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z0-9][a-zA-Z0-9_.-]*$')",message="write the name of the option as juju config prints it, for example db-secret"
	// +kubebuilder:validation:XValidation:rule="self != 'trust'",message="trust is not an option of the charm: it gives the application access to the cloud, and cannot name a secret"
	Name string `json:"name,omitempty"`
	// format determines how the option names the secret. Defaults to URI. URI is
	// secret:ID, as `juju add-secret` prints it. ID is the ID alone, for charms
	// that ask for it. An option of type secret takes only the URI.
	// +optional
	Format SecretFormat `json:"format,omitempty"`
}

// SecretFormat is how text names a secret.
//
// +kubebuilder:validation:Enum=URI;ID
type SecretFormat string

// The formats.
const (
	// FormatURI is secret:ID.
	FormatURI SecretFormat = "URI"
	// FormatID is the ID alone: twenty characters.
	FormatID SecretFormat = "ID"
)

// Text returns the text that names a secret.
func (f SecretFormat) Text(id string) string {
	if f == FormatID {
		return id
	}
	return "secret:" + id
}

// JujuSecretAccessStatus is the observed access to a secret.
type JujuSecretAccessStatus struct {
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
	// controller is the controller object that the grants were made through: the
	// name of a ClusterJujuController, or namespace/name of a JujuController.
	// +optional
	Controller string `json:"controller,omitempty"`
	// model is the model of the secret, as written in the manifest.
	// +optional
	Model string `json:"model,omitempty"`
	// modelUUID is the UUID of the model of the secret.
	// +optional
	ModelUUID string `json:"modelUUID,omitempty"`
	// secretID is the ID of the secret in Juju.
	// +optional
	SecretID string `json:"secretID,omitempty"`
	// granted is the number of applications with access and the number of all
	// listed applications. Example: 1/2
	// +optional
	Granted string `json:"granted,omitempty"`
	// applications is the state of each application's grant.
	// +optional
	// +listType=map
	// +listMapKey=name
	Applications []ApplicationStatus `json:"applications,omitempty"`

	// otherGrants lists the applications with access to the secret that no
	// JujuSecretAccess lists, at most 256. With exclusive: true they lose their
	// access. It is absent if there are none, and for the exclusive
	// JujuSecretAccess of the secret.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=256
	OtherGrants []string `json:"otherGrants,omitempty"`

	// Annotations may have 256 KiB in total, so every record that fits into the
	// annotation is accepted here. The longest record has three lists of 256
	// entries: granted applications, adopted ones, and options. The names of
	// applications have up to 253 characters, and the names of options 128.

	// record is the operator's signed record of what it granted and set in Juju
	// for this object. The annotation jujusecrets.io/record holds a copy. The operator
	// ignores a record that it did not sign. Do not edit it.
	// +optional
	// +kubebuilder:validation:MaxLength=262144
	Record string `json:"record,omitempty"`
	// lastHandledReconcileAt is the value of the annotation
	// jujusecrets.io/reconcile-requested-at that the operator handled last. It is
	// set after a listing of the model in Juju that began after the request and
	// succeeded.
	// +optional
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`
}

// ApplicationState is the state of a grant.
//
// +kubebuilder:validation:Enum=Granted;Pending;Failed
type ApplicationState string

// The states of a grant.
const (
	// ApplicationGranted means that the application can use the secret.
	ApplicationGranted ApplicationState = "Granted"
	// ApplicationPending means that the grant waits, usually until the application
	// is deployed.
	ApplicationPending ApplicationState = "Pending"
	// ApplicationFailed means that Juju refused the grant. The message explains why.
	ApplicationFailed ApplicationState = "Failed"
)

// ApplicationStatus is the state of one application's grant.
type ApplicationStatus struct {
	// name is the name of the application.
	// +required
	Name string `json:"name,omitempty"`
	// state is the state of the grant: Granted, Pending or Failed.
	// +required
	State ApplicationState `json:"state,omitempty"`
	// configOptions lists the options in spec.applications[].configOptions that
	// name the secret.
	// +optional
	// +listType=set
	ConfigOptions []string `json:"configOptions,omitempty"`
	// message explains why the state is not Granted, or why an option does not
	// name the secret.
	// +optional
	Message string `json:"message,omitempty"`
}
