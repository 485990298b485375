// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"crypto/rand"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/internal/content"
)

// The first start of an installation makes its key.
// +kubebuilder:rbac:groups="",resources=secrets,namespace=juju-secrets,verbs=create
// +kubebuilder:rbac:groups="",resources=secrets,resourceNames=juju-secrets-operator-key,namespace=juju-secrets,verbs=get

const (
	// keyObject is the Secret that the installation's key is in, under
	// keyEntry.
	keyObject = "juju-secrets-operator-key"
	keyEntry  = "key"
	keySize   = 32
)

// LoadKey reads the installation's key from its namespace, and creates it if
// there is none.
func LoadKey(ctx context.Context, c client.Client, namespace string) (content.Key, error) {
	random := make([]byte, keySize)
	_, _ = rand.Read(random) // It never fails.
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: keyObject},
		Data:       map[string][]byte{keyEntry: random},
	}
	err := c.Create(ctx, secret)
	if apierrors.IsAlreadyExists(err) {
		err = c.Get(ctx, client.ObjectKeyFromObject(secret), secret)
	}
	if err != nil {
		return content.Key{}, fmt.Errorf("cannot read or create the installation's key: %w", err)
	}
	if len(secret.Data[keyEntry]) != keySize {
		return content.Key{}, fmt.Errorf("the Secret %s/%s has no key of %d bytes under %q: restore it from a backup; "+
			"without one delete it and restart the operator, which then creates a new key and no longer recognises the "+
			"records of objects",
			namespace, keyObject, keySize, keyEntry)
	}
	return content.Key{Sealed: content.Seal(secret.Data[keyEntry])}, nil
}
