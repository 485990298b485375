// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package gen builds the objects that tests apply. Each function returns the
// simplest valid object of a kind. Modifiers set the fields that a test is
// about.
package gen

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// JujuSecret returns a JujuSecret in a model. It gets one inline value if the
// modifiers set no content and the object does not only observe.
func JujuSecret(namespace, name, model string, modify ...func(*v1alpha1.JujuSecret)) *v1alpha1.JujuSecret {
	obj := &v1alpha1.JujuSecret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.JujuSecretSpec{
			ControllerRef: v1alpha1.ControllerReference{Name: "default"},
			Model:         model,
		},
	}
	for _, f := range modify {
		f(obj)
	}
	observes := obj.Spec.ManagementPolicy == v1alpha1.ManagementObserve
	if !observes && obj.Spec.Value == nil && obj.Spec.ValueFrom == nil {
		obj.Spec.Value = map[string]string{"key": "value"}
	}
	return obj
}

// Value sets the inline values.
func Value(value map[string]string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.Spec.Value = value }
}

// FromSecret adds a Kubernetes Secret as a source. With items, only these keys
// are read, and they can get other names.
func FromSecret(name string, items ...v1alpha1.KeyToKey) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) {
		s.Spec.ValueFrom = append(s.Spec.ValueFrom, v1alpha1.ValueSource{
			SecretRef: &v1alpha1.SourceReference{Name: name}, Items: items,
		})
	}
}

// FromConfigMap adds a ConfigMap as a source. Items work as in FromSecret.
func FromConfigMap(name string, items ...v1alpha1.KeyToKey) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) {
		s.Spec.ValueFrom = append(s.Spec.ValueFrom, v1alpha1.ValueSource{
			ConfigMapRef: &v1alpha1.SourceReference{Name: name}, Items: items,
		})
	}
}

// Named sets the name of the secret in Juju.
func Named(name string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.Spec.Name = name }
}

// Info sets the description.
func Info(info string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.Spec.Info = info }
}

// Retained keeps the secret in Juju when the object is deleted.
func Retained(s *v1alpha1.JujuSecret) { s.Spec.DeletionPolicy = v1alpha1.DeletionRetain }

// Adopting makes the object adopt an existing secret.
func Adopting(s *v1alpha1.JujuSecret) { s.Spec.AdoptionPolicy = v1alpha1.AdoptionAdopt }

// ByID makes the object refer to an existing secret by its ID.
func ByID(id string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.Spec.ID = id }
}

// Deleted removes the secret from Juju when the object is deleted, even if the
// secret was adopted.
func Deleted(s *v1alpha1.JujuSecret) { s.Spec.DeletionPolicy = v1alpha1.DeletionDelete }

// Pruned makes Juju remove old revisions.
func Pruned(s *v1alpha1.JujuSecret) { s.Spec.AutoPrune = true }

// Suspended suspends the object.
func Suspended(s *v1alpha1.JujuSecret) { s.Spec.Suspend = true }

// Reporting makes the operator report drift instead of correcting it.
func Reporting(s *v1alpha1.JujuSecret) { s.Spec.DriftPolicy = v1alpha1.DriftReport }

// KeepingContent sets updatePolicy: IfNotExists.
func KeepingContent(s *v1alpha1.JujuSecret) { s.Spec.UpdatePolicy = v1alpha1.UpdateIfNotExists }

// Observed makes the object a reference that never changes its secret.
func Observed(s *v1alpha1.JujuSecret) { s.Spec.ManagementPolicy = v1alpha1.ManagementObserve }

// Locally makes the object refer to a JujuController in its own namespace.
func Locally(controller string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) {
		s.Spec.ControllerRef = v1alpha1.ControllerReference{Kind: v1alpha1.KindJujuController, Name: controller}
	}
}

// Through sets the name of the controller object.
func Through(controller string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.Spec.ControllerRef.Name = controller }
}

// Access returns a JujuSecretAccess that grants a JujuSecret to applications.
func Access(namespace, name, jujuSecret string, apps ...string) *v1alpha1.JujuSecretAccess {
	return &v1alpha1.JujuSecretAccess{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.JujuSecretAccessSpec{
			JujuSecretRef: &v1alpha1.JujuSecretReference{Name: jujuSecret},
			Applications:  Applications(apps...),
		},
	}
}

// DirectAccess returns a JujuSecretAccess that refers to a secret by its ID or
// name in Juju.
func DirectAccess(
	namespace, name string, secret v1alpha1.UserSecretReference, apps ...string,
) *v1alpha1.JujuSecretAccess {
	secret.ControllerRef.Name = "default"
	return &v1alpha1.JujuSecretAccess{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       v1alpha1.JujuSecretAccessSpec{Secret: &secret, Applications: Applications(apps...)},
	}
}

// Applications returns the grants for applications with these names.
func Applications(apps ...string) []v1alpha1.ApplicationGrant {
	var grants []v1alpha1.ApplicationGrant
	for _, app := range apps {
		grants = append(grants, v1alpha1.ApplicationGrant{Name: app})
	}
	return grants
}

// Secret returns a Kubernetes Secret.
func Secret(namespace, name string, data map[string]string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		StringData: data,
	}
}

// ConfigMap returns a ConfigMap.
func ConfigMap(namespace, name string, data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: data}
}

// Namespace returns a namespace.
func Namespace(name string, labels map[string]string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
}

// Controller returns a ClusterJujuController with the shortest drift detection
// interval. Its tenants are the namespaces with the label tenant=true. Its
// credentials are in the Secret of the same name in the namespace juju-secrets.
func Controller(
	name, address, ca string, modify ...func(*v1alpha1.ClusterJujuController),
) *v1alpha1.ClusterJujuController {
	obj := &v1alpha1.ClusterJujuController{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.ClusterJujuControllerSpec{
			JujuControllerSpec: controllerSpec("juju-secrets", name, address, ca),
			Tenants: []v1alpha1.Tenant{{
				Namespaces: v1alpha1.TenantNamespaces{MatchLabels: map[string]string{"tenant": "true"}},
				Models:     []string{"*"},
			}},
		},
	}
	for _, f := range modify {
		f(obj)
	}
	return obj
}

// WithClientCredentials makes a ClusterJujuController log in to JAAS with a
// client ID and a client secret from the same Secret.
func WithClientCredentials(c *v1alpha1.ClusterJujuController) {
	c.Spec.Credentials = v1alpha1.Credentials{
		ClientCredentials: &v1alpha1.ClientCredentials{SecretRef: c.Spec.Credentials.UserPass.SecretRef},
	}
}

// LocalController returns a JujuController with the shortest drift detection
// interval. Its credentials are in the Secret of the same name.
func LocalController(
	namespace, name, address, ca string, modify ...func(*v1alpha1.JujuController),
) *v1alpha1.JujuController {
	obj := &v1alpha1.JujuController{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Spec: controllerSpec("", name, address, ca),
	}
	for _, f := range modify {
		f(obj)
	}
	return obj
}

func controllerSpec(credentialsNamespace, credentials, address, ca string) v1alpha1.JujuControllerSpec {
	return v1alpha1.JujuControllerSpec{
		Addresses:     []string{address},
		CACertificate: ca,
		Credentials: v1alpha1.Credentials{UserPass: &v1alpha1.UserPassCredentials{
			SecretRef: v1alpha1.CredentialsSecretReference{Namespace: credentialsNamespace, Name: credentials},
		}},
		DriftDetection: v1alpha1.DriftDetection{Interval: metav1.Duration{Duration: 10 * time.Second}},
	}
}

// Credentials returns the Secret with the login of a ClusterJujuController.
func Credentials(controller, username, password string) *corev1.Secret {
	return Login("juju-secrets", controller, username, password)
}

// Login returns a Secret with the username and the password of a Juju user.
func Login(namespace, name, username, password string) *corev1.Secret {
	return Secret(namespace, name, map[string]string{"username": username, "password": password})
}

// ClientCredentials returns the Secret with the JAAS login of a
// ClusterJujuController.
func ClientCredentials(controller, clientID, clientSecret string) *corev1.Secret {
	return Secret("juju-secrets", controller, map[string]string{"client-id": clientID, "client-secret": clientSecret})
}
