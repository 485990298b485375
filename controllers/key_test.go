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

// namespace keeps one Secret, and fails if it is told to.
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

func (n *namespace) Get(_ context.Context, key client.ObjectKey, obj client.Object, _ ...client.GetOption) error {
	if n.secret == nil || client.ObjectKeyFromObject(n.secret) != key {
		return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
	}
	n.secret.DeepCopyInto(obj.(*corev1.Secret))
	return nil
}

func TestTheKeyIsMadeOnceForAnInstallation(t *testing.T) {
	t.Parallel()
	ours, another := new(namespace), new(namespace)
	var keys []string
	for _, c := range []*namespace{ours, ours, another} {
		key, err := LoadKey(t.Context(), c, "juju-secrets")
		if err != nil || len(key.Open()) != keySize {
			t.Fatalf("a key of %d bytes, and the error %v", len(key.Open()), err)
		}
		keys = append(keys, string(key.Open()))
	}
	if keys[0] != keys[1] || keys[0] == keys[2] {
		t.Error("the second start has another key than the first, or another installation has the same")
	}
	if got := client.ObjectKeyFromObject(ours.secret).String(); got != "juju-secrets/"+keyObject {
		t.Errorf("the key is in %s", got)
	}
}

func TestWithoutAKeyTheOperatorDoesNotStart(t *testing.T) {
	t.Parallel()
	const sentinel = "s3nt1nel"
	holding := func(data map[string][]byte) *namespace {
		secret := &corev1.Secret{Data: data}
		secret.Namespace, secret.Name = "juju-secrets", keyObject
		return &namespace{secret: secret}
	}
	for name, row := range map[string]struct {
		in   *namespace
		says string
	}{
		"no permission":       {&namespace{fails: errors.New("forbidden")}, "forbidden"},
		"a Secret without it": {holding(nil), "delete it"},
		"a key that is empty": {holding(map[string][]byte{keyEntry: nil}), "delete it"},
		"a key of a person":   {holding(map[string][]byte{keyEntry: []byte(sentinel)}), "delete it"},
		"a key that is longer": {
			holding(map[string][]byte{keyEntry: []byte(strings.Repeat(sentinel, keySize))}), "delete it",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := LoadKey(t.Context(), row.in, "juju-secrets")
			if err == nil || !strings.Contains(err.Error(), row.says) || strings.Contains(err.Error(), sentinel) {
				t.Errorf("the error is %v, want one with %q, and without the key", err, row.says)
			}
			if key.Open() != nil {
				t.Error("there is a key all the same")
			}
		})
	}
}
