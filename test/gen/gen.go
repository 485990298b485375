// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package gen builds the objects that tests apply: each function makes the simplest valid object of a kind, and
// modifiers change what the test is about.
package gen

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// JujuSecret makes a JujuSecret of a model, with one inline value unless it is modified otherwise.
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

// FromSecret adds a Kubernetes Secret as a source, whole or with some keys under other names.
func FromSecret(name string, items ...v1alpha1.KeyToKey) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) {
		s.Spec.ValueFrom = append(s.Spec.ValueFrom, v1alpha1.ValueSource{
			SecretRef: &v1alpha1.SourceReference{Name: name}, Items: items,
		})
	}
}

// FromConfigMap adds a ConfigMap as a source.
func FromConfigMap(name string, items ...v1alpha1.KeyToKey) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) {
		s.Spec.ValueFrom = append(s.Spec.ValueFrom, v1alpha1.ValueSource{
			ConfigMapRef: &v1alpha1.SourceReference{Name: name}, Items: items,
		})
	}
}

// Named sets the name in Juju.
func Named(name string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.Spec.Name = name }
}

// Info sets the description.
func Info(info string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.Spec.Info = info }
}

// Retained keeps the secret in Juju when the object goes.
func Retained(s *v1alpha1.JujuSecret) { s.Spec.DeletionPolicy = v1alpha1.DeletionRetain }

// Adopting makes the object take over a secret that is there already.
func Adopting(s *v1alpha1.JujuSecret) { s.Spec.AdoptionPolicy = v1alpha1.AdoptionAdopt }

// ByID makes the object go by the ID of a secret that is there already.
func ByID(id string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.Spec.ID = id }
}

// Deleted makes the object take its secret along when it goes, whoever made that.
func Deleted(s *v1alpha1.JujuSecret) { s.Spec.DeletionPolicy = v1alpha1.DeletionDelete }

// Pruned lets Juju remove old revisions.
func Pruned(s *v1alpha1.JujuSecret) { s.Spec.AutoPrune = true }

// Suspended makes the object rest.
func Suspended(s *v1alpha1.JujuSecret) { s.Spec.Suspend = true }

// Reporting makes the object tell of what somebody else changes, and leave it.
func Reporting(s *v1alpha1.JujuSecret) { s.Spec.DriftPolicy = v1alpha1.DriftReport }

// Observed makes the object look only.
func Observed(s *v1alpha1.JujuSecret) { s.Spec.ManagementPolicy = v1alpha1.ManagementObserve }

// Locally sets a JujuController of the object's namespace as the controller object.
func Locally(controller string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) {
		s.Spec.ControllerRef = v1alpha1.ControllerReference{Kind: v1alpha1.KindJujuController, Name: controller}
	}
}

// Through sets the controller object.
func Through(controller string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.Spec.ControllerRef.Name = controller }
}

// Access makes a JujuSecretAccess of a JujuSecret for applications.
func Access(namespace, name, jujuSecret string, apps ...string) *v1alpha1.JujuSecretAccess {
	return &v1alpha1.JujuSecretAccess{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.JujuSecretAccessSpec{
			SecretRef:    &v1alpha1.JujuSecretReference{Name: jujuSecret},
			Applications: Applications(apps...),
		},
	}
}

// DirectAccess makes a JujuSecretAccess of a secret that is named by what Juju knows.
func DirectAccess(namespace, name string, secret v1alpha1.UserSecretReference, apps ...string) *v1alpha1.JujuSecretAccess {
	secret.ControllerRef.Name = "default"
	return &v1alpha1.JujuSecretAccess{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       v1alpha1.JujuSecretAccessSpec{Secret: &secret, Applications: Applications(apps...)},
	}
}

// Applications are the grants for applications of these names.
func Applications(apps ...string) []v1alpha1.ApplicationGrant {
	var grants []v1alpha1.ApplicationGrant
	for _, app := range apps {
		grants = append(grants, v1alpha1.ApplicationGrant{Name: app})
	}
	return grants
}

// Secret makes a Kubernetes Secret.
func Secret(namespace, name string, data map[string]string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		StringData: data,
	}
}

// ConfigMap makes a ConfigMap.
func ConfigMap(namespace, name string, data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: data}
}

// Namespace makes a namespace.
func Namespace(name string, labels map[string]string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
}

// Controller makes a ClusterJujuController that looks at Juju as often as it may, and serves the namespaces with the label
// tenant=true, with credentials in the Secret of its own name in the namespace juju-secrets.
func Controller(name, address, ca string, modify ...func(*v1alpha1.ClusterJujuController)) *v1alpha1.ClusterJujuController {
	obj := &v1alpha1.ClusterJujuController{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.ClusterJujuControllerSpec{
			JujuControllerSpec: connecting("juju-secrets", name, address, ca),
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

// WithClientCredentials makes a ClusterJujuController log in to JAAS with a client ID and a client secret, from the same Secret.
func WithClientCredentials(c *v1alpha1.ClusterJujuController) {
	c.Spec.Credentials = v1alpha1.Credentials{
		ClientCredentials: &v1alpha1.ClientCredentials{SecretRef: c.Spec.Credentials.UserPass.SecretRef},
	}
}

// LocalController makes a JujuController that looks at Juju as often as it may, with credentials in the Secret of its own name.
func LocalController(namespace, name, address, ca string, modify ...func(*v1alpha1.JujuController)) *v1alpha1.JujuController {
	obj := &v1alpha1.JujuController{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Spec: connecting("", name, address, ca),
	}
	for _, f := range modify {
		f(obj)
	}
	return obj
}

func connecting(credentialsNamespace, credentials, address, ca string) v1alpha1.JujuControllerSpec {
	return v1alpha1.JujuControllerSpec{
		Addresses:     []string{address},
		CACertificate: ca,
		Credentials: v1alpha1.Credentials{UserPass: &v1alpha1.UserPassCredentials{
			SecretRef: v1alpha1.CredentialsSecretReference{Namespace: credentialsNamespace, Name: credentials},
		}},
		DriftDetection: v1alpha1.DriftDetection{Interval: metav1.Duration{Duration: 10 * time.Second}},
	}
}

// Credentials makes the Secret with the login for a controller object.
func Credentials(controller, username, password string) *corev1.Secret {
	return Secret("juju-secrets", controller, map[string]string{"username": username, "password": password})
}

// ClientCredentials makes the Secret with the login to JAAS for a controller object.
func ClientCredentials(controller, clientID, clientSecret string) *corev1.Secret {
	return Secret("juju-secrets", controller, map[string]string{"client-id": clientID, "client-secret": clientSecret})
}
