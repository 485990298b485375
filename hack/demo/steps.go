// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/servers"
)

type demo struct {
	stack *servers.Stack
	model servers.Model
}

// applySamples applies config/samples except update.yaml, which update applies.
func (d *demo) applySamples(ctx context.Context) error {
	// The secret for the sample that references an unmanaged secret.
	values := map[string]string{"key": "sample"}
	_, err := d.stack.Juju.AddSecret(ctx, d.model, "license", "Added manually with juju add-secret", values)
	if err != nil {
		return err
	}
	for _, name := range []string{"controller.yaml", "reference.yaml", "add.yaml", "access.yaml", "remove.yaml"} {
		fmt.Println("Applying config/samples/" + name)
		if err := d.apply(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) apply(ctx context.Context, sample string) error {
	text, err := os.ReadFile(filepath.Join("config", "samples", sample)) //nolint:gosec // A file of this repository.
	if err != nil {
		return err
	}
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), len(text))
	for {
		obj := new(unstructured.Unstructured)
		switch err := decoder.Decode(obj); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("cannot read %s: %w", sample, err)
		}
		if err := d.stack.Juju.FillIn(obj); err != nil {
			return err
		}
		err := d.stack.Kubernetes.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(obj),
			client.FieldOwner("demo"), client.ForceOwnership)
		if err != nil {
			return fmt.Errorf("cannot apply %s: %w", sample, err)
		}
	}
}

// awaitReady waits until every object of the operator's kinds is Ready.
func (d *demo) awaitReady(ctx context.Context) error {
	return servers.Await(ctx, timeout, func() (string, error) {
		for _, kind := range []string{"ClusterJujuController", "JujuController", "JujuSecret", "JujuSecretAccess"} {
			list := new(unstructured.UnstructuredList)
			list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind + "List"))
			if err := d.stack.Kubernetes.Client.List(ctx, list); err != nil {
				return "", err
			}
			for _, obj := range list.Items {
				if !ready(obj) {
					return kind + " " + obj.GetName() + " is not Ready", nil
				}
			}
		}
		return "", nil
	})
}

func ready(obj unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(obj.Object, "status", "conditions")
	return slices.ContainsFunc(conditions, func(c any) bool {
		condition, _ := c.(map[string]any)
		return condition["type"] == v1alpha1.ConditionReady && condition["status"] == "True"
	})
}

// update changes a source Secret and waits until Juju has the new content.
func (d *demo) update(ctx context.Context) error {
	fmt.Println("\nUpdate: applying config/samples/update.yaml, which changes the Secret db")
	if err := d.apply(ctx, "update.yaml"); err != nil {
		return err
	}
	began := time.Now()
	err := servers.Await(ctx, timeout, func() (string, error) {
		var source corev1.Secret
		if err := d.stack.Kubernetes.Client.Get(ctx, client.ObjectKey{Namespace: "team-a", Name: "db"}, &source); err != nil {
			return "", err
		}
		want := servers.Content(map[string]string{
			"username": string(source.Data["DB_USER"]), "password": string(source.Data["DB_PASSWORD"]),
			"host": "db.example.com", "port": "5432",
		})
		secret, err := d.inJuju(ctx, "db-password")
		if err != nil || secret == nil || secret.Revision != 2 || !secret.Content.Equal(want) {
			return "Juju does not hold revision 2 of db-password with the content of the Secret db", err
		}
		return "", nil
	})
	if err != nil {
		return err
	}
	fmt.Printf("Juju had the new revision after %v.\n", time.Since(began).Round(time.Millisecond))
	return errors.Join(d.awaitReady(ctx), d.show(ctx))
}

// remove deletes an object and waits until Juju has removed its secret.
func (d *demo) remove(ctx context.Context) error {
	fmt.Println("\nDeletion: deleting the JujuSecret api-token")
	token := &v1alpha1.JujuSecret{}
	token.Namespace, token.Name = "team-a", "api-token"
	if err := d.stack.Kubernetes.Client.Delete(ctx, token); err != nil {
		return err
	}
	err := servers.Await(ctx, timeout, func() (string, error) {
		err := d.stack.Kubernetes.Client.Get(ctx, client.ObjectKeyFromObject(token), token)
		if client.IgnoreNotFound(err) != nil || err == nil {
			return "the JujuSecret api-token still exists", err
		}
		secret, err := d.inJuju(ctx, "api-token")
		if err != nil || secret != nil {
			return "Juju still has the secret api-token after its object was deleted", err
		}
		return "", nil
	})
	if err != nil {
		return err
	}
	fmt.Println("The object and its secret in Juju are deleted.")
	return d.show(ctx)
}

// inJuju reads a secret with Juju's client, and returns nil if it does not
// exist.
func (d *demo) inJuju(ctx context.Context, name string) (*servers.UserSecret, error) {
	secrets, err := d.stack.Juju.Secrets(ctx, d.model)
	if err != nil {
		return nil, err
	}
	for _, secret := range secrets {
		if secret.Name == name {
			return &secret, nil
		}
	}
	return nil, nil //nolint:nilnil // A missing secret is not an error.
}
