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

// credentials are where a controller object has its credentials: the Secret, and the keys of the name and of the password in it.
type credentials struct {
	key            client.ObjectKey
	name, password string
}

func credentialsOf(c v1alpha1.ControllerObject) credentials {
	switch of := c.Connects().Credentials; {
	case of.UserPass != nil:
		return credentials{sourceKey(c, of.UserPass.SecretRef.Namespace, of.UserPass.SecretRef.Name), "username", "password"}
	case of.ClientCredentials != nil:
		ref := of.ClientCredentials.SecretRef
		return credentials{sourceKey(c, ref.Namespace, ref.Name), "client-id", "client-secret"}
	}
	return credentials{}
}

// certificate is where a controller object has its CA certificate, if not in the spec.
type certificate struct {
	kind   string
	object client.ObjectKey
	key    string
}

func certificateOf(c v1alpha1.ControllerObject) *certificate {
	from := c.Connects().CACertificateFrom
	switch {
	case from == nil:
		return nil
	case from.SecretRef != nil:
		return &certificate{kindSecret, sourceKey(c, from.SecretRef.Namespace, from.SecretRef.Name), from.SecretRef.Key}
	case from.ConfigMapRef == nil:
		return nil
	}
	return &certificate{kindConfigMap, sourceKey(c, from.ConfigMapRef.Namespace, from.ConfigMapRef.Name), from.ConfigMapRef.Key}
}

// sourceKey is the key of what a controller object reads. For one that has a namespace there is no other, whatever it says.
func sourceKey(c v1alpha1.ControllerObject, namespace, name string) client.ObjectKey {
	if own := c.GetNamespace(); own != "" {
		namespace = own
	}
	return client.ObjectKey{Namespace: namespace, Name: name}
}

// observeSources reads what it takes to connect.
func (r *ControllerReconciler) observeSources(ctx context.Context, obj v1alpha1.ControllerObject, seen *plan.ControllerSeen) error {
	from := credentialsOf(obj)
	var secret corev1.Secret
	err := r.Get(ctx, from.key, &secret)
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	seen.Credentials = plan.CredentialsSecret{
		Name: from.key.String(), Found: err == nil, Held: isHeld(&secret), Going: !secret.DeletionTimestamp.IsZero(),
		Keys: []string{from.name, from.password},
	}
	for _, key := range seen.Credentials.Keys {
		if line(secret.Data[key]) == "" {
			seen.Credentials.Lacking = append(seen.Credentials.Lacking, key)
		}
	}
	spec := obj.Connects()
	seen.Connection = content.Connection{
		Addresses: spec.Addresses, CACertificate: spec.CACertificate, ControllerUUID: spec.ControllerUUID,
		ServiceAccount: spec.Credentials.ClientCredentials != nil,
		Username:       line(secret.Data[from.name]), Password: content.Seal(line(secret.Data[from.password])),
	}
	if seen.Connection.ControllerUUID == "" {
		seen.Connection.ControllerUUID = obj.Found().ControllerUUID // Whoever answered first.
	}
	if from := certificateOf(obj); from != nil {
		text, err := r.readCertificate(ctx, from)
		if err != nil {
			return err
		}
		// It is what is kept, so that nobody has to log in again when the source goes.
		seen.Connection.CACertificate = cmp.Or(content.Certificates(text), noCertificate)
		seen.Certificate = &plan.CertificateSource{
			Object: from.kind + " " + from.object.String(), Key: from.key, Found: text != "", Kept: obj.Found().CACertificate,
		}
	}
	return nil
}

// noCertificate is what a source gives that has none. With an empty text the system's authorities would count.
const noCertificate = "no certificate"

// line is a text without the end of the line, which is in a file but in no name and no password.
func line(text []byte) string { return strings.TrimRight(string(text), "\r\n") }

// readCertificate reads a certificate, empty if there is none.
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
