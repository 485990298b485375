// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// JujuController describes how to reach one Juju controller, and which user to
// log in as. Only objects in the same namespace can use it.
//
// Its credentials come from the same namespace. Use it if each team has its own
// Juju user. The team can then do in Juju what this user can do.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:categories=juju,shortName=jc
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="User",type=string,JSONPath=`.status.user`
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.status.version`
// +kubebuilder:printcolumn:name="Class",type=string,priority=1,JSONPath=`.spec.controllerClass`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="!has(self.spec.credentials.userPass) || !has(self.spec.credentials.userPass.secretRef.__namespace__)",message="remove spec.credentials.userPass.secretRef.namespace: a JujuController reads Secrets in its own namespace only"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.credentials.clientCredentials) || !has(self.spec.credentials.clientCredentials.secretRef.__namespace__)",message="remove spec.credentials.clientCredentials.secretRef.namespace: a JujuController reads Secrets in its own namespace only"
// +kubebuilder:validation:XValidation:rule="!self.spec.?caCertificateFrom.secretRef.__namespace__.hasValue()",message="remove spec.caCertificateFrom.secretRef.namespace: a JujuController reads Secrets in its own namespace only"
// +kubebuilder:validation:XValidation:rule="!self.spec.?caCertificateFrom.configMapRef.__namespace__.hasValue()",message="remove spec.caCertificateFrom.configMapRef.namespace: a JujuController reads ConfigMaps in its own namespace only"
type JujuController struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec describes how to reach the controller.
	// +required
	Spec JujuControllerSpec `json:"spec,omitzero"`
	// status is what the operator observed when it last logged in. Its
	// observedGeneration is -1 until the operator has processed the object.
	// +optional
	// +default={"observedGeneration": -1}
	Status JujuControllerStatus `json:"status,omitzero"`
}

// JujuControllerList is a list of JujuControllers.
//
// +kubebuilder:object:root=true
type JujuControllerList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []JujuController `json:"items"`
}

// ControllerObject is a ClusterJujuController or a JujuController.
//
// +kubebuilder:object:generate=false
type ControllerObject interface {
	runtime.Object
	metav1.Object

	// ConnectionSpec returns the part of the spec that both kinds have.
	ConnectionSpec() *JujuControllerSpec
	// GetStatus returns the status.
	GetStatus() *JujuControllerStatus
}

// ConnectionSpec implements ControllerObject.
func (c *ClusterJujuController) ConnectionSpec() *JujuControllerSpec {
	return &c.Spec.JujuControllerSpec
}

// GetStatus implements ControllerObject.
func (c *ClusterJujuController) GetStatus() *JujuControllerStatus { return &c.Status }

// ConnectionSpec implements ControllerObject.
func (c *JujuController) ConnectionSpec() *JujuControllerSpec { return &c.Spec }

// GetStatus implements ControllerObject.
func (c *JujuController) GetStatus() *JujuControllerStatus { return &c.Status }

// JujuControllerSpec describes how to reach a Juju controller.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.caCertificate) && has(self.caCertificateFrom))",message="set at most one of caCertificate and caCertificateFrom; set neither if an authority that the system trusts signed the controller's certificate"
type JujuControllerSpec struct {
	// addresses are the API addresses of the controller, each as host:port.
	// `juju show-controller` prints them as api-endpoints. A controller with high
	// availability has one address for each member. The operator tries all
	// addresses at once and uses the first that answers. Example: 10.0.0.5:17070
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=260
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^([A-Za-z0-9._-]+|\\\\[[0-9A-Fa-f:.]+\\\\]):[0-9]{1,5}$')",message="write each of the addresses as host:port, without https:// or a path, for example 10.0.0.5:17070 or [2001:db8::5]:17070"
	Addresses []string `json:"addresses,omitempty"`

	// caCertificate is the certificate of the authority that signed the
	// controller's certificate, in PEM. `juju show-controller` prints it as
	// ca-cert. All certificates of a bundle are trusted. Set at most one of
	// caCertificate and caCertificateFrom. Without either, the controller needs
	// a certificate for its host name from an authority that the system trusts,
	// like the certificate of a public JAAS.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	// +kubebuilder:validation:XValidation:rule="self.contains('-----BEGIN CERTIFICATE-----')",message="write caCertificate in PEM, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----, as juju show-controller prints it under ca-cert"
	CACertificate string `json:"caCertificate,omitempty"`

	// caCertificateFrom reads the CA certificate from a key of a Secret or a
	// ConfigMap. When the certificate changes, the operator logs in again without
	// a restart. Set at most one of caCertificate and caCertificateFrom.
	// +optional
	CACertificateFrom *CertificateSource `json:"caCertificateFrom,omitempty"`

	// controllerUUID is the UUID that the controller must have.
	// `juju show-controller` prints it as controller-uuid. Without it, the
	// operator trusts the UUID of the first controller that answers, and keeps
	// it in status. The operator refuses a controller with another UUID at these
	// addresses. To accept the other controller, set its UUID here.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')",message="write controllerUUID as juju show-controller prints it under controller-uuid: 32 lower-case hexadecimal digits with hyphens, for example 12345678-1234-4123-8123-123456789abc"
	ControllerUUID string `json:"controllerUUID,omitempty"`

	// credentials determine the Juju user that the operator logs in as. The user
	// needs write access to each model in use. More access adds risk and no
	// benefit.
	// +required
	Credentials Credentials `json:"credentials,omitzero"`

	// controllerClass selects the operator that serves this controller object and
	// the objects that use it: the operator with this value in its flag
	// --controller-class. Defaults to the operator without the flag.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?$')",message="write controllerClass as in the flag --controller-class of the operator: lower-case letters, digits and hyphens, starting and ending with a letter or digit"
	ControllerClass string `json:"controllerClass,omitempty"`

	// adoptionPolicy is the default for the adoptionPolicy of each JujuSecret and
	// JujuSecretAccess that uses this controller object and does not set its own.
	// Defaults to Never. Set Adopt to recover a cluster from manifests alone: the
	// objects then take over their secrets and grants in Juju. Remove it after the
	// recovery.
	// +optional
	AdoptionPolicy AdoptionPolicy `json:"adoptionPolicy,omitempty"`

	// driftDetection configures how the operator detects changes that other
	// clients make in Juju.
	// +optional
	// +default={}
	DriftDetection DriftDetection `json:"driftDetection,omitzero"`
}

// DriftDetection configures how the operator detects changes that other clients
// make in Juju.
type DriftDetection struct {
	// interval is the time between two checks of each model in use: a duration
	// from 10s to 24h with the units ms, s, m and h. Defaults to 1m. A check is
	// one request for the whole model, regardless of the number of secrets. The
	// operator applies changes of manifests and sources at once, without waiting
	// for a check. While an object waits for a change in Juju, its model is
	// checked at least once a minute. While objects wait for a model that does
	// not exist, the operator also lists the models of the controller once per
	// interval. The interval varies slightly, so that checks of many models
	// spread out.
	// +optional
	// +default="1m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('10s') && duration(self) <= duration('24h')",message="write interval as a duration from 10s to 24h with the units ms, s, m and h, for example 1m or 1h30m"
	Interval metav1.Duration `json:"interval,omitzero"`
}

// CertificateSource selects a key of a Secret or a ConfigMap that holds a
// certificate in PEM.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="has(self.secretRef) != has(self.configMapRef)",message="set exactly one of secretRef and configMapRef"
type CertificateSource struct {
	// secretRef selects a key of a Secret.
	// +optional
	SecretRef *KeyReference `json:"secretRef,omitempty"`
	// configMapRef selects a key of a ConfigMap.
	// +optional
	ConfigMapRef *KeyReference `json:"configMapRef,omitempty"`
}

// KeyReference selects one key of a Secret or a ConfigMap.
type KeyReference struct {
	// namespace is the namespace of the Secret or ConfigMap. It is required in a
	// ClusterJujuController. Leave it out in a JujuController, which reads only
	// its own namespace.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`
	// name is the name of the Secret or ConfigMap.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
	// key is the key that holds the certificate. Defaults to ca.crt.
	// +optional
	// +default="ca.crt"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key,omitempty"`
}

// Credentials determine how the operator logs in.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="has(self.userPass) != has(self.clientCredentials)",message="set exactly one of userPass and clientCredentials"
type Credentials struct {
	// userPass logs in with the name and password of a Juju user.
	// +optional
	UserPass *UserPassCredentials `json:"userPass,omitempty"`
	// clientCredentials logs in to JAAS as a service account, with a client ID
	// and a client secret.
	// +optional
	ClientCredentials *ClientCredentials `json:"clientCredentials,omitempty"`
}

// UserPassCredentials refer to a user name and a password.
type UserPassCredentials struct {
	// secretRef refers to a Kubernetes Secret with the keys username and
	// password. When it changes, the operator logs in again without a restart.
	// +required
	SecretRef CredentialsSecretReference `json:"secretRef,omitzero"`
}

// ClientCredentials refer to a client ID and a client secret.
type ClientCredentials struct {
	// secretRef refers to a Kubernetes Secret with the keys client-id and
	// client-secret. When it changes, the operator logs in again without a
	// restart.
	// +required
	SecretRef CredentialsSecretReference `json:"secretRef,omitzero"`
}

// CredentialsSecretReference refers to a Kubernetes Secret with credentials.
type CredentialsSecretReference struct {
	// namespace is the namespace of the Secret or ConfigMap. It is required in a
	// ClusterJujuController. Leave it out in a JujuController, which reads only
	// its own namespace.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`
	// name is the name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
}

// JujuControllerStatus is the observed state of a Juju controller.
type JujuControllerStatus struct {
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
	// servedBy is the name of the leader Lease of the operator that serves this
	// controller object and the objects that use it. When spec.controllerClass
	// changes, the former operator completes its requests to Juju and then removes
	// its name. Only then does the other operator set its own name and begin. It
	// does not wait for an operator whose Lease has no holder.
	// +optional
	ServedBy string `json:"servedBy,omitempty"`
	// controllerUUID is the UUID of the first controller that answered. A UUID
	// that is accepted later in spec.controllerUUID replaces it. The operator
	// refuses a controller with another UUID.
	// +optional
	ControllerUUID string `json:"controllerUUID,omitempty"`
	// caCertificate holds the certificates from spec.caCertificateFrom at the
	// last login, in PEM. The operator uses it only while this object is being
	// deleted and the source no longer exists, to remove what it made in Juju.
	// It is empty without spec.caCertificateFrom, and for certificates of more
	// than 64 KiB.
	// +optional
	CACertificate string `json:"caCertificate,omitempty"`
	// user is the Juju user that the operator is logged in as.
	// +optional
	User string `json:"user,omitempty"`
	// version is the Juju version of the controller.
	// +optional
	Version string `json:"version,omitempty"`
	// secretsFacadeVersion is the version of Juju's Secrets facade that the
	// operator uses with the controller's models. User secrets need version 2.
	// +optional
	SecretsFacadeVersion int32 `json:"secretsFacadeVersion,omitempty"`
	// reachableAddresses lists the items of spec.addresses that answered with a
	// valid certificate when the operator last tried them, in the order of the
	// spec. The operator tries them at each login, and then every ten minutes.
	// +optional
	// +listType=atomic
	ReachableAddresses []string `json:"reachableAddresses,omitempty"`
	// models lists the models that objects use, sorted by name. It has at most
	// 200 entries.
	// +optional
	// +listType=map
	// +listMapKey=uuid
	Models []ModelStatus `json:"models,omitempty"`
	// lastHandledReconcileAt is the value of the annotation
	// jujusecrets.io/reconcile-requested-at that the operator handled last. It is
	// set after a login that began after the request, whatever its result is, or
	// at once if the controller is connected.
	// +optional
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`
}

// ModelStatus is the observed state of one model.
type ModelStatus struct {
	// uuid is the UUID of the model.
	// +required
	UUID string `json:"uuid,omitempty"`
	// name is the name of the model, as qualifier/name.
	// +optional
	Name string `json:"name,omitempty"`
	// access is the access of the operator's user to the model at the last
	// login: read, write, admin, or superuser for a user with full access to
	// all models. Write access is enough.
	// +optional
	Access string `json:"access,omitempty"`
	// objects is the number of JujuSecrets and JujuSecretAccesses that use the
	// model through this controller object.
	// +required
	Objects int32 `json:"objects"`
}
