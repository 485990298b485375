// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// observe gathers all that a decision about a JujuSecret depends on. It judges nothing, but does not ask Juju on behalf
// of an object that may not.
func (r *SecretReconciler) observe(ctx context.Context, obj *v1alpha1.JujuSecret) (plan.SecretSeen, error) {
	seen := plan.SecretSeen{
		Want: plan.SecretWant{
			Name: obj.JujuName(), Info: obj.Spec.Info,
			Observe:  obj.Spec.ManagementPolicy == v1alpha1.ManagementObserve,
			Retain:   obj.Spec.DeletionPolicy == v1alpha1.DeletionRetain,
			Deleting: !obj.DeletionTimestamp.IsZero(),

			ReportDrift: obj.Spec.DriftPolicy == v1alpha1.DriftReport,
		},
		Model:      modelOf(obj.Spec.ControllerRef, obj.Spec.Model, obj.Spec.ModelUUID),
		Record:     recordOf(obj),
		SameSpec:   obj.Status.AppliedGeneration == obj.Generation,
		LastDigest: obj.Status.AppliedDigest,
	}
	if obj.Status.Managed {
		seen.LastID, seen.LastRevision = obj.Status.SecretID, obj.Status.Revision
	}
	var err error
	if seen.Tenancy, err = r.tenancy(ctx, obj.Namespace, seen.Model); err != nil {
		return plan.SecretSeen{}, err
	}
	if !plan.MayLookForSecret(seen) {
		return seen, nil
	}
	query := plan.Query{Name: seen.Want.Name, Age: age(obj, obj.Status.ObservedGeneration, obj.Status.LastHandledReconcileAt)}
	if !seen.Want.Observe {
		query.ID = seen.LastID
	}
	seen.World = r.Juju.World(ctx, seen.Model, query)
	if seen.Content, seen.Digest, err = r.desiredContent(ctx, obj, seen.World); err != nil {
		return plan.SecretSeen{}, err
	}
	if name := seen.NameBegun(); name != "" && seen.World.Known {
		begun := r.Juju.World(ctx, seen.Model, plan.Query{Name: name})
		if !begun.Known {
			seen.World = begun
		}
		seen.Begun = begun.ByName
	}
	if candidate := seen.Candidate(); candidate != nil {
		if seen.Owned, err = r.ownedByAnother(ctx, obj, candidate.ID); err != nil {
			return plan.SecretSeen{}, err
		}
	}
	return seen, ctx.Err() // A look that was cut off saw nothing.
}

// ownedByAnother tells whether another JujuSecret has a secret as its own.
func (r *SecretReconciler) ownedByAnother(ctx context.Context, obj *v1alpha1.JujuSecret, secretID string) (bool, error) {
	var owners v1alpha1.JujuSecretList
	err := r.List(ctx, &owners, client.MatchingFields{managedSecret: secretID})
	return slices.ContainsFunc(owners.Items, func(other v1alpha1.JujuSecret) bool { return other.UID != obj.UID }), err
}

// desiredContent reads what the manifest and its sources say that the secret shall hold, and its digest, unless nothing can
// be done with it. Sources are read from the API server each time: the operator watches only their metadata, so that it
// never holds secrets that nobody asked for.
func (r *SecretReconciler) desiredContent(ctx context.Context, obj *v1alpha1.JujuSecret, world plan.World) (content.Desired, string, error) {
	if obj.Spec.ManagementPolicy == v1alpha1.ManagementObserve || !world.Known {
		return content.Desired{}, "", nil
	}
	var sources []content.Source
	for _, from := range obj.Spec.ValueFrom {
		source, err := r.readSource(ctx, obj.Namespace, from)
		if err != nil {
			return content.Desired{}, "", err
		}
		for _, item := range from.Items {
			source.Items = append(source.Items, content.Item{Key: item.Key, As: item.As})
		}
		sources = append(sources, source)
	}
	desired := content.Merge(obj.Spec.Value, sources)
	if desired.State != content.Ready {
		return desired, "", nil
	}
	return desired, r.Key.Digest(string(obj.UID), desired.Content), nil
}

func (r *SecretReconciler) readSource(ctx context.Context, namespace string, from v1alpha1.ValueSource) (content.Source, error) {
	if ref := from.SecretRef; ref != nil {
		var secret corev1.Secret
		err := r.Get(ctx, client.ObjectKey{Namespace: namespace, Name: ref.Name}, &secret)
		return content.Source{
			Name: "Secret " + ref.Name, Optional: ref.Optional, Found: err == nil, Data: content.Seal(secret.Data),
		}, client.IgnoreNotFound(err)
	}
	ref := from.ConfigMapRef
	var configMap corev1.ConfigMap
	err := r.Get(ctx, client.ObjectKey{Namespace: namespace, Name: ref.Name}, &configMap)
	data := configMap.BinaryData
	for key, value := range configMap.Data { // The API server sees to it that no key is in both.
		if data == nil {
			data = map[string][]byte{}
		}
		data[key] = []byte(value)
	}
	return content.Source{
		Name: "ConfigMap " + ref.Name, Optional: ref.Optional, Found: err == nil, Data: content.Seal(data),
	}, client.IgnoreNotFound(err)
}

// age is how old may be what is known of Juju to decide on an object.
func age(obj client.Object, seenGeneration int64, handled string) plan.Age {
	switch {
	case requestedAt(obj) != handled:
		return plan.Fresh
	case obj.GetGeneration() != seenGeneration:
		return plan.Recent
	}
	return plan.AsKnown
}

// tenancy asks the controller object whether a namespace may use a model.
func (k *Kit) tenancy(ctx context.Context, namespace string, model plan.ModelRef) (plan.Tenancy, error) {
	var jujuController v1alpha1.ClusterJujuController
	err := k.Get(ctx, client.ObjectKey{Name: model.Controller}, &jujuController)
	switch {
	case apierrors.IsNotFound(err):
		return plan.NoController(model.Controller), nil
	case err != nil:
		return plan.Tenancy{}, err
	}
	ns := namespaceMetadata()
	if err := k.Get(ctx, client.ObjectKey{Name: namespace}, ns); err != nil {
		return plan.Tenancy{}, err
	}
	return plan.Admit(jujuController.Spec.Tenants, plan.Namespace{Name: namespace, Labels: ns.Labels}, model), nil
}

func modelOf(ref v1alpha1.ControllerReference, name, uuid string) plan.ModelRef {
	return plan.ModelRef{Controller: ref.Name, Name: name, UUID: uuid}
}
