// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ClusterJujuController describes how to reach one Juju controller, which user
// to log in as, and which namespaces may use it.
//
// No namespace may use a ClusterJujuController until spec.tenants selects the
// namespace. If a team has its own Juju user, use a JujuController.
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
// +kubebuilder:validation:XValidation:rule="!has(self.spec.credentials.userPass) || has(self.spec.credentials.userPass.secretRef.__namespace__)",message="set spec.credentials.userPass.secretRef.namespace: a ClusterJujuController has no namespace"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.credentials.clientCredentials) || has(self.spec.credentials.clientCredentials.secretRef.__namespace__)",message="set spec.credentials.clientCredentials.secretRef.namespace: a ClusterJujuController has no namespace"
// +kubebuilder:validation:XValidation:rule="!self.spec.?caCertificateFrom.secretRef.hasValue() || has(self.spec.caCertificateFrom.secretRef.__namespace__)",message="set spec.caCertificateFrom.secretRef.namespace: a ClusterJujuController has no namespace"
// +kubebuilder:validation:XValidation:rule="!self.spec.?caCertificateFrom.configMapRef.hasValue() || has(self.spec.caCertificateFrom.configMapRef.__namespace__)",message="set spec.caCertificateFrom.configMapRef.namespace: a ClusterJujuController has no namespace"
type ClusterJujuController struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec describes how to reach the controller and which namespaces may use
	// it.
	// +required
	Spec ClusterJujuControllerSpec `json:"spec,omitzero"`
	// status is what the operator observed when it last logged in. Its
	// observedGeneration is -1 until the operator has processed the object.
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

// ClusterJujuControllerSpec describes how to reach a Juju controller and which
// namespaces may use it.
type ClusterJujuControllerSpec struct {
	JujuControllerSpec `json:",inline"`

	// tenants lists the namespaces that may use this controller, and the models
	// that each namespace may use. A namespace may use the controller if any
	// entry selects it. Without entries, no namespace may use the controller.
	// When no entry selects a namespace any longer, the operator stops all work
	// for the objects in the namespace. When such an object is deleted, the
	// operator still removes what it made for the object in Juju.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Tenants []Tenant `json:"tenants,omitempty"`
}

// Tenant allows some namespaces to use some models.
type Tenant struct {
	// namespaces selects the namespaces of this entry.
	// +required
	Namespaces TenantNamespaces `json:"namespaces,omitzero"`
	// models lists the models that these namespaces may use. Each item is
	// qualifier/name, where * matches any characters except a slash; the UUID of
	// a model; or * alone, which matches every model. An item allows the model
	// whether an object sets model or modelUUID. Examples: prod/team-a-*,
	// prod/*, *
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=256
	// +kubebuilder:validation:items:XValidation:rule="self == '*' || self.matches('^[^/ ]+/[^/ ]+$') || self.matches('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')",message="write each of the models as qualifier/name (where * matches any characters except a slash), as a UUID, or as * alone for every model"
	Models []string `json:"models,omitempty"`
}

// TenantNamespaces selects namespaces by name or by label, or selects all
// namespaces.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="(has(self.matchNames) ? 1 : 0) + (has(self.matchLabels) ? 1 : 0) + (has(self.all) && self.all ? 1 : 0) == 1",message="set exactly one of matchNames, matchLabels and all: true"
type TenantNamespaces struct {
	// matchNames selects namespaces by name. It has no wildcards.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=1024
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	MatchNames []string `json:"matchNames,omitempty"`
	// matchLabels selects the namespaces that have all of these labels. Every
	// user with permission to label namespaces can then add tenants.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=64
	MatchLabels map[string]string `json:"matchLabels,omitempty"`
	// all selects every namespace of the cluster when it is true.
	// +optional
	All bool `json:"all,omitempty"`
}
