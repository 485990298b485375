// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

const (
	kindSecret    = "Secret"
	kindConfigMap = "ConfigMap"
)

// credentials locates the credentials of a controller object: a Secret, and its
// keys for the name and the password.
type credentials struct {
	key            client.ObjectKey
	name, password string
}

func credentialsOf(c v1alpha1.ControllerObject) credentials {
	switch of := c.ConnectionSpec().Credentials; {
	case of.UserPass != nil:
		ref := of.UserPass.SecretRef
		return credentials{sourceKey(c, ref.Namespace, ref.Name), "username", "password"}
	case of.ClientCredentials != nil:
		ref := of.ClientCredentials.SecretRef
		return credentials{sourceKey(c, ref.Namespace, ref.Name), "client-id", "client-secret"}
	}
	return credentials{}
}

// certificate locates the CA certificate of a controller object that is not in
// the spec.
type certificate struct {
	kind   string
	object client.ObjectKey
	key    string
}

func certificateOf(c v1alpha1.ControllerObject) *certificate {
	from := c.ConnectionSpec().CACertificateFrom
	if from == nil {
		return nil
	}
	if ref := from.SecretRef; ref != nil {
		return &certificate{kindSecret, sourceKey(c, ref.Namespace, ref.Name), ref.Key}
	}
	if ref := from.ConfigMapRef; ref != nil {
		return &certificate{kindConfigMap, sourceKey(c, ref.Namespace, ref.Name), ref.Key}
	}
	return nil
}

// sourceKey returns the key of a Secret or ConfigMap that a controller object
// reads. A controller object with a namespace reads only in that namespace,
// even if its spec names another one.
func sourceKey(c v1alpha1.ControllerObject, namespace, name string) client.ObjectKey {
	if own := c.GetNamespace(); own != "" {
		namespace = own
	}
	return client.ObjectKey{Namespace: namespace, Name: name}
}

// observeSources reads the credentials and the certificate.
func (r *ControllerReconciler) observeSources(
	ctx context.Context, obj v1alpha1.ControllerObject, facts *plan.ControllerFacts,
) error {
	from := credentialsOf(obj)
	var secret corev1.Secret
	err := r.Get(ctx, from.key, &secret)
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	facts.Credentials = plan.CredentialsSecret{
		Name: from.key.String(), Found: err == nil, Held: hasFinalizer(&secret),
		Deleting: !secret.DeletionTimestamp.IsZero(),
		Keys:     []string{from.name, from.password},
	}
	for _, key := range facts.Credentials.Keys {
		if trimLineEnd(secret.Data[key]) == "" {
			facts.Credentials.Lacking = append(facts.Credentials.Lacking, key)
		}
	}
	spec := obj.ConnectionSpec()
	facts.Connection = content.Connection{
		Addresses: spec.Addresses, CACertificate: spec.CACertificate, ControllerUUID: spec.ControllerUUID,
		Username: trimLineEnd(secret.Data[from.name]), Password: content.Seal(trimLineEnd(secret.Data[from.password])),
	}
	if spec.Credentials.ClientCredentials != nil {
		facts.Connection.Auth = content.ClientCredentials
	}
	if facts.Connection.ControllerUUID == "" {
		facts.Connection.ControllerUUID = obj.GetStatus().ControllerUUID // The controller that answered first.
	}
	if from := certificateOf(obj); from != nil {
		text, err := r.readCertificate(ctx, from)
		if err != nil {
			return err
		}
		// The status keeps the same text. If that replaces a deleted source,
		// the connection is the same and stays open.
		facts.Connection.CACertificate = cmp.Or(content.Certificates(text), noCertificate)
		facts.Certificate = &plan.CertificateSource{
			Object: from.kind + " " + from.object.String(), Key: from.key, Found: text != "",
			Kept: obj.GetStatus().CACertificate,
		}
	}
	return nil
}

// noCertificate replaces the certificate of a source without one. With an empty
// text, the certificate authorities of the system would be trusted.
const noCertificate = "no certificate"

// trimLineEnd returns a text without the line end. Files end with one, but
// names and passwords do not.
func trimLineEnd(text []byte) string { return strings.TrimRight(string(text), "\r\n") }

// readCertificate reads a certificate. It returns an empty text if there is
// none.
func (r *ControllerReconciler) readCertificate(ctx context.Context, from *certificate) (string, error) {
	if from.kind == kindSecret {
		var secret corev1.Secret
		err := r.Get(ctx, from.object, &secret)
		return string(secret.Data[from.key]), client.IgnoreNotFound(err)
	}
	var configMap corev1.ConfigMap
	err := r.Get(ctx, from.object, &configMap)
	return configMap.Data[from.key], client.IgnoreNotFound(err)
}
