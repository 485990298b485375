// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ClusterJujuController says how to reach one Juju controller, as which user, and which namespaces may use it.
//
// A controller of this kind serves nobody until spec.tenants names somebody.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Cluster,categories=juju,shortName=cjc
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.status.version`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ClusterJujuController struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec says how to reach the controller and who may use it.
	// +required
	Spec ClusterJujuControllerSpec `json:"spec,omitzero"`
	// status is what the operator found when it last logged in.
	// +optional
	Status ClusterJujuControllerStatus `json:"status,omitzero"`
}

// ClusterJujuControllerList is a list of ClusterJujuControllers.
//
// +kubebuilder:object:root=true
type ClusterJujuControllerList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []ClusterJujuController `json:"items"`
}

// ClusterJujuControllerSpec says how to reach a Juju controller and who may use it.
type ClusterJujuControllerSpec struct {
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
	// `juju show-controller` prints it as ca-cert.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	// +kubebuilder:validation:XValidation:rule="self.contains('-----BEGIN CERTIFICATE-----')",message="paste the certificate in PEM, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----, as juju show-controller prints it under ca-cert"
	CACertificate string `json:"caCertificate,omitempty"`

	// credentials say as which Juju user the operator logs in. Write access to each model in use is enough; a user
	// with more access than that is a risk without a benefit.
	// +required
	Credentials Credentials `json:"credentials,omitzero"`

	// tenants name the namespaces that may use this controller and, for each, the models. A namespace is served if
	// any entry names it. Without an entry nobody is served.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Tenants []Tenant `json:"tenants,omitempty"`

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

// Credentials say how to log in.
type Credentials struct {
	// userPass logs in with the name and the password of a Juju user.
	// +required
	UserPass UserPassCredentials `json:"userPass,omitzero"`
}

// UserPassCredentials point to a user name and a password.
type UserPassCredentials struct {
	// secretRef names a Kubernetes Secret with the keys username and password. When it changes, the operator logs in
	// again, without a restart.
	// +required
	SecretRef CredentialsSecretReference `json:"secretRef,omitzero"`
}

// CredentialsSecretReference names a Kubernetes Secret in any namespace.
type CredentialsSecretReference struct {
	// namespace of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
}

// Tenant grants some namespaces the use of some models.
type Tenant struct {
	// namespaces says which namespaces this entry is about.
	// +required
	Namespaces TenantNamespaces `json:"namespaces,omitzero"`
	// models are the models these namespaces may use, each as qualifier/name, in which * stands for any characters
	// but a slash; a model's UUID; or * alone for every model. An object that gives modelUUID is allowed by that UUID
	// or by * alone. Examples: prod/team-a-*, prod/*, *
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=256
	// +kubebuilder:validation:items:XValidation:rule="self == '*' || self.matches('^[^/ ]+/[^/ ]+$') || self.matches('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')",message="write a model as qualifier/name (where * stands for any characters), as a UUID, or as * alone for every model"
	Models []string `json:"models,omitempty"`
}

// TenantNamespaces selects namespaces by name, by label, or all of them.
//
// +kubebuilder:validation:XValidation:rule="(has(self.matchNames) ? 1 : 0) + (has(self.matchLabels) ? 1 : 0) + (has(self.all) && self.all ? 1 : 0) == 1",message="set exactly one of matchNames, matchLabels and all: true"
type TenantNamespaces struct {
	// matchNames selects the namespaces of these names.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=1024
	// +kubebuilder:validation:items:MaxLength=63
	MatchNames []string `json:"matchNames,omitempty"`
	// matchLabels selects the namespaces that carry all of these labels. Whoever may label a namespace then decides
	// who is a tenant.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=64
	MatchLabels map[string]string `json:"matchLabels,omitempty"`
	// all selects every namespace of the cluster.
	// +optional
	All bool `json:"all,omitempty"`
}

// ClusterJujuControllerStatus is what the operator found at the controller.
type ClusterJujuControllerStatus struct {
	// observedGeneration is the generation of the spec that this status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// conditions are Ready, and Reconciling or Stalled while they are true.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// controllerUUID is the UUID of the controller that answered.
	// +optional
	ControllerUUID string `json:"controllerUUID,omitempty"`
	// version is the version of Juju that the controller runs.
	// +optional
	Version string `json:"version,omitempty"`
}
