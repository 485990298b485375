// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// namespace is a client with at most one Secret. Create returns fails, if it
// is set.
type namespace struct {
	client.Client

	secret *corev1.Secret
	fails  error
}

func (n *namespace) Create(_ context.Context, obj client.Object, _ ...client.CreateOption) error {
	switch {
	case n.fails != nil:
		return n.fails
	case n.secret != nil:
		return apierrors.NewAlreadyExists(schema.GroupResource{}, obj.GetName())
	}
	n.secret = obj.DeepCopyObject().(*corev1.Secret)
	return nil
}

func (n *namespace) Get(
	_ context.Context, key client.ObjectKey, obj client.Object, _ ...client.GetOption,
) error {
	if n.secret == nil || client.ObjectKeyFromObject(n.secret) != key {
		return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
	}
	n.secret.DeepCopyInto(obj.(*corev1.Secret))
	return nil
}

func TestKeyIsCreatedOncePerInstallation(t *testing.T) {
	t.Parallel()
	ours, another := new(namespace), new(namespace)
	var keys []string
	for _, c := range []*namespace{ours, ours, another} {
		key, err := LoadKey(t.Context(), c, "juju-secrets")
		if err != nil || len(key.Open()) != keySize {
			t.Fatalf("LoadKey returned %d bytes and %v", len(key.Open()), err)
		}
		keys = append(keys, string(key.Open()))
	}
	if keys[0] != keys[1] || keys[0] == keys[2] {
		t.Error("the key changed at the second start, or two installations share it")
	}
	if got := client.ObjectKeyFromObject(ours.secret).String(); got != "juju-secrets/"+keyObject {
		t.Errorf("the key is in %s, want juju-secrets/%s", got, keyObject)
	}
}

func TestLoadKeyFailsWithoutValidKey(t *testing.T) {
	t.Parallel()
	const sentinel = "s3nt1nel"
	secretWith := func(data map[string][]byte) *namespace {
		secret := &corev1.Secret{Data: data}
		secret.Namespace, secret.Name = "juju-secrets", keyObject
		return &namespace{secret: secret}
	}
	for name, row := range map[string]struct {
		client *namespace
		want   string
	}{
		"forbidden": {&namespace{fails: errors.New("forbidden")}, "forbidden"},
		"missing":   {secretWith(nil), "restore it from a backup"},
		"empty":     {secretWith(map[string][]byte{keyEntry: nil}), "restore it from a backup"},
		"too short": {secretWith(map[string][]byte{keyEntry: []byte(sentinel)}), "restore it from a backup"},
		"too long": {
			secretWith(map[string][]byte{keyEntry: []byte(strings.Repeat(sentinel, keySize))}), "restore it from a backup",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := LoadKey(t.Context(), row.client, "juju-secrets")
			if err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), sentinel) {
				t.Errorf("LoadKey returned %v, want %q and no part of the key", err, row.want)
			}
			if key.Open() != nil {
				t.Error("LoadKey returned a key")
			}
		})
	}
}
