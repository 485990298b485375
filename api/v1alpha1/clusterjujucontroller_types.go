// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ClusterJujuController says how to reach one Juju controller, as which user, and which namespaces may use it.
//
// A controller of this kind serves nobody until spec.tenants names somebody. A team that has a Juju user of its own does better
// with a JujuController.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Cluster,categories=juju,shortName=cjc
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="User",type=string,JSONPath=`.status.user`
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.status.version`
// +kubebuilder:printcolumn:name="Class",type=string,priority=1,JSONPath=`.spec.controllerClass`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="!has(self.spec.credentials.userPass) || has(self.spec.credentials.userPass.secretRef.__namespace__)",message="set spec.credentials.userPass.secretRef.namespace: a ClusterJujuController has no namespace of its own"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.credentials.clientCredentials) || has(self.spec.credentials.clientCredentials.secretRef.__namespace__)",message="set spec.credentials.clientCredentials.secretRef.namespace: a ClusterJujuController has no namespace of its own"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.caCertificateFrom) || (has(self.spec.caCertificateFrom.secretRef) ? has(self.spec.caCertificateFrom.secretRef.__namespace__) : has(self.spec.caCertificateFrom.configMapRef.__namespace__))",message="set the namespace in spec.caCertificateFrom: a ClusterJujuController has no namespace of its own"
type ClusterJujuController struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec says how to reach the controller and who may use it.
	// +required
	Spec ClusterJujuControllerSpec `json:"spec,omitzero"`
	// status is what the operator found when it last logged in. Until the operator has looked, its observedGeneration is -1.
	// +optional
	// +default={"observedGeneration": -1}
	Status JujuControllerStatus `json:"status,omitzero"`
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
	JujuControllerSpec `json:",inline"`

	// tenants name the namespaces that may use this controller and, for each, the models. A namespace is served if
	// any entry names it. Without an entry nobody is served. Taking an entry away stops everything for those it named, but for the
	// removal of what was made for an object that is deleted.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Tenants []Tenant `json:"tenants,omitempty"`
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
