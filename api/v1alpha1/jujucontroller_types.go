// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// JujuController says how to reach one Juju controller, as which user, for the objects of its own namespace.
//
// Its credentials come from the same namespace. Use it where each team has a Juju user of its own: what that user may do in
// Juju is what the team may.
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
// +kubebuilder:validation:XValidation:rule="!has(self.spec.credentials.userPass) || !has(self.spec.credentials.userPass.secretRef.__namespace__)",message="leave out spec.credentials.userPass.secretRef.namespace: a JujuController reads Secrets of its own namespace only"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.credentials.clientCredentials) || !has(self.spec.credentials.clientCredentials.secretRef.__namespace__)",message="leave out spec.credentials.clientCredentials.secretRef.namespace: a JujuController reads Secrets of its own namespace only"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.caCertificateFrom) || (has(self.spec.caCertificateFrom.secretRef) ? !has(self.spec.caCertificateFrom.secretRef.__namespace__) : !has(self.spec.caCertificateFrom.configMapRef.__namespace__))",message="leave out the namespace in spec.caCertificateFrom: a JujuController reads its own namespace only"
type JujuController struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec says how to reach the controller.
	// +required
	Spec JujuControllerSpec `json:"spec,omitzero"`
	// status is what the operator found when it last logged in. Until the operator has looked, its observedGeneration is -1.
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

// ControllerObject is what ClusterJujuController and JujuController have in common.
//
// +kubebuilder:object:generate=false
type ControllerObject interface {
	runtime.Object
	metav1.Object

	// Connects is the part of the spec that both kinds have.
	Connects() *JujuControllerSpec
	// Found is the status.
	Found() *JujuControllerStatus
}

// Connects implements ControllerObject.
func (c *ClusterJujuController) Connects() *JujuControllerSpec { return &c.Spec.JujuControllerSpec }

// Found implements ControllerObject.
func (c *ClusterJujuController) Found() *JujuControllerStatus { return &c.Status }

// Connects implements ControllerObject.
func (c *JujuController) Connects() *JujuControllerSpec { return &c.Spec }

// Found implements ControllerObject.
func (c *JujuController) Found() *JujuControllerStatus { return &c.Status }

// JujuControllerSpec says how to reach a Juju controller.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.caCertificate) && has(self.caCertificateFrom))",message="set only one of caCertificate and caCertificateFrom, or neither for a controller whose certificate the system's own authorities vouch for"
type JujuControllerSpec struct {
	// addresses are the API addresses of the controller, each as host:port, one for every member of a controller
	// with high availability. All are tried at once and the first that answers is used.
	// `juju show-controller` prints them as api-endpoints. Example: 10.0.0.5:17070
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=260
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^([A-Za-z0-9._-]+|\\\\[[0-9A-Fa-f:.]+\\\\]):[0-9]{1,5}$')",message="write the address as host:port, without https:// or a path, for example 10.0.0.5:17070 or [2001:db8::5]:17070"
	Addresses []string `json:"addresses,omitempty"`

	// caCertificate is the certificate, in PEM, of the authority that signed the controller's own.
	// `juju show-controller` prints it as ca-cert. Of a bundle every certificate counts. Without this and caCertificateFrom
	// the controller's certificate has to be good for its host name by the system's own authorities, as that of a public JAAS
	// is.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	// +kubebuilder:validation:XValidation:rule="self.contains('-----BEGIN CERTIFICATE-----')",message="paste the certificate in PEM, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----, as juju show-controller prints it under ca-cert"
	CACertificate string `json:"caCertificate,omitempty"`

	// caCertificateFrom names a key of a Secret or a ConfigMap with that certificate instead. When it changes, the operator
	// logs in again, without a restart.
	// +optional
	CACertificateFrom *CertificateSource `json:"caCertificateFrom,omitempty"`

	// controllerUUID is the UUID that the controller must have, which `juju show-controller` prints as controller-uuid. Without
	// it the UUID of the first contact is the one, and stays in status. A controller with another UUID at these addresses is
	// refused; to accept it, write its UUID here.
	// +optional
	// +kubebuilder:validation:MaxLength=36
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')",message="write controllerUUID as juju show-controller prints it under controller-uuid"
	ControllerUUID string `json:"controllerUUID,omitempty"`

	// credentials say as which Juju user the operator logs in. Write access to each model in use is enough; a user
	// with more access than that is a risk without a benefit.
	// +required
	Credentials Credentials `json:"credentials,omitzero"`

	// controllerClass says which installation of the operator serves this controller and the objects that go through it: the one
	// that was started with this value as --controller-class. The default is the one that was started without.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?$')",message="write controllerClass as --controller-class takes it: lower-case letters, digits and hyphens"
	ControllerClass string `json:"controllerClass,omitempty"`

	// driftDetection says how the operator notices what somebody else changed in Juju.
	// +optional
	// +default={}
	DriftDetection DriftDetection `json:"driftDetection,omitzero"`
}

// DriftDetection says how the operator notices what somebody else changed in Juju.
type DriftDetection struct {
	// interval is the time between two looks at each model that is in use, from 10s to 24h. A look is one request for
	// the whole model, whatever the number of secrets; what the operator changes itself does not wait for it. Each
	// interval differs a little from the next, so that many models are not looked at in step.
	// +optional
	// +default="1m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Format=duration
	// +kubebuilder:validation:XValidation:rule="self >= duration('10s') && self <= duration('24h')",message="write the interval as a duration from 10s to 24h, for example 1m"
	Interval metav1.Duration `json:"interval,omitzero"`
}

// CertificateSource names a key of a Secret or a ConfigMap with a certificate in PEM.
//
// +kubebuilder:validation:XValidation:rule="has(self.secretRef) != has(self.configMapRef)",message="set exactly one of secretRef and configMapRef"
type CertificateSource struct {
	// secretRef names a key of a Secret.
	// +optional
	SecretRef *KeyReference `json:"secretRef,omitempty"`
	// configMapRef names a key of a ConfigMap.
	// +optional
	ConfigMapRef *KeyReference `json:"configMapRef,omitempty"`
}

// KeyReference names one key of a Secret or a ConfigMap.
type KeyReference struct {
	// namespace of the Secret or ConfigMap: required in a ClusterJujuController, and to be left out in a JujuController, which
	// reads its own namespace only.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`
	// name of the Secret or ConfigMap.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
	// key with the certificate.
	// +optional
	// +default="ca.crt"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key,omitempty"`
}

// Credentials say how to log in.
//
// +kubebuilder:validation:XValidation:rule="has(self.userPass) != has(self.clientCredentials)",message="set exactly one of userPass and clientCredentials"
type Credentials struct {
	// userPass logs in with the name and the password of a Juju user.
	// +optional
	UserPass *UserPassCredentials `json:"userPass,omitempty"`
	// clientCredentials log in to JAAS as a service account, with a client ID and a client secret.
	// +optional
	ClientCredentials *ClientCredentials `json:"clientCredentials,omitempty"`
}

// UserPassCredentials point to a user name and a password.
type UserPassCredentials struct {
	// secretRef names a Kubernetes Secret with the keys username and password. When it changes, the operator logs in
	// again, without a restart.
	// +required
	SecretRef CredentialsSecretReference `json:"secretRef,omitzero"`
}

// ClientCredentials point to a client ID and a client secret.
type ClientCredentials struct {
	// secretRef names a Kubernetes Secret with the keys client-id and client-secret. When it changes, the operator logs in
	// again, without a restart.
	// +required
	SecretRef CredentialsSecretReference `json:"secretRef,omitzero"`
}

// CredentialsSecretReference names a Kubernetes Secret with credentials.
type CredentialsSecretReference struct {
	// namespace of the Secret: required in a ClusterJujuController, and to be left out in a JujuController, which reads its own
	// namespace only.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
}

// JujuControllerStatus is what the operator found at a controller.
type JujuControllerStatus struct {
	// observedGeneration is the generation of the spec that this status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// conditions are Ready, and Reconciling or Stalled while they are true.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// controllerUUID is the UUID of the controller that answered first, or the one that spec.controllerUUID accepted since. One
	// with another UUID is refused.
	// +optional
	ControllerUUID string `json:"controllerUUID,omitempty"`
	// caCertificate is what spec.caCertificateFrom gave for the last login, in PEM: the certificates, and nothing else that stands
	// there. It is used only while this object is being deleted and the source is gone, so that what was made in Juju can be removed
	// even if all is deleted at once. More than 64 KiB are not kept. It is empty without spec.caCertificateFrom.
	// +optional
	CACertificate string `json:"caCertificate,omitempty"`
	// user is the Juju user as which the operator is logged in.
	// +optional
	User string `json:"user,omitempty"`
	// version is the version of Juju that the controller runs.
	// +optional
	Version string `json:"version,omitempty"`
	// secretsFacadeVersion is the version of Juju's Secrets facade that the operator speaks with the controller's models. User
	// secrets need 2.
	// +optional
	SecretsFacadeVersion int32 `json:"secretsFacadeVersion,omitempty"`
	// reachableAddresses are those of spec.addresses that answered with a good certificate when they were last tried, in the
	// order of the spec. They are tried at each login, and then every ten minutes.
	// +optional
	// +listType=atomic
	ReachableAddresses []string `json:"reachableAddresses,omitempty"`
	// models are those that objects go to, with what is known of them, by name. Beyond 200 there are no more entries.
	// +optional
	// +listType=map
	// +listMapKey=uuid
	Models []ModelStatus `json:"models,omitempty"`
	// lastHandledReconcileAt is the value of the annotation jujusecrets.io/reconcile-requested-at that was handled last.
	// +optional
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`
}

// ModelStatus is what is known of one model.
type ModelStatus struct {
	// uuid of the model.
	// +required
	UUID string `json:"uuid,omitempty"`
	// name is the model's, as qualifier/name.
	// +optional
	Name string `json:"name,omitempty"`
	// access is what the operator's user may do there, as of its last login: read, write or admin; or superuser, for one who may
	// do everything in every model. Write is enough.
	// +optional
	Access string `json:"access,omitempty"`
	// objects is how many JujuSecrets and JujuSecretAccesses of this controller object are about the model.
	// +required
	Objects int32 `json:"objects"`
}
