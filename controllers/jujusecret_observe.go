// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
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
			ID: obj.Spec.ID, Name: obj.JujuName(), Info: obj.Spec.Info, AutoPrune: obj.Spec.AutoPrune,
			Observe:     obj.Spec.ManagementPolicy == v1alpha1.ManagementObserve,
			Adopt:       obj.Spec.AdoptionPolicy == v1alpha1.AdoptionAdopt,
			Deletion:    obj.Spec.DeletionPolicy,
			ReportDrift: obj.Spec.DriftPolicy == v1alpha1.DriftReport,
			Suspended:   obj.Spec.Suspend,
			Deleting:    !obj.DeletionTimestamp.IsZero(),
			Abandoned:   abandoned(obj),
		},
		Model:       modelOfSecret(obj),
		Record:      r.recordOf(obj),
		BegunProven: r.provenCreation(obj),
		SameSpec:    obj.Status.AppliedGeneration == obj.Generation,
		LastDigest:  obj.Status.AppliedDigest,
	}
	if obj.Status.Managed {
		seen.LastID, seen.LastRevision = obj.Status.SecretID, obj.Status.Revision
		seen.Adopted, seen.LastAutoPrune = obj.Status.Adopted, obj.Status.AutoPrune
		seen.LastModelUUID, seen.LastProven = obj.Status.ModelUUID, obj.Status.OwnershipProof == r.ownershipProof(obj)
	}
	var err error
	if seen.Tenancy, err = r.tenancy(ctx, obj, seen.Model); err != nil {
		return plan.SecretSeen{}, err
	}
	if !plan.MayLookForSecret(seen) {
		return seen, nil
	}
	if err := r.observeJuju(ctx, obj, &seen); err != nil {
		return plan.SecretSeen{}, err
	}
	if seen.Content, seen.Digest, err = r.desiredContent(ctx, obj, seen.World); err != nil {
		return plan.SecretSeen{}, err
	}
	return seen, ctx.Err() // A look that was cut off saw nothing.
}

// observeJuju gathers what the model holds of what the object is about, and who else has a stake in that.
func (r *SecretReconciler) observeJuju(ctx context.Context, obj *v1alpha1.JujuSecret, seen *plan.SecretSeen) error {
	query := seen.Query()
	query.Age = age(obj, obj.Status.ObservedGeneration, obj.Status.LastHandledReconcileAt)
	seen.World = r.Juju.World(ctx, seen.Model, query)
	if query.Age != plan.Fresh && seen.World.Known && seen.MayAdopt() {
		query.Age = plan.Fresh // What somebody just removed must not be taken over.
		seen.World = r.Juju.World(ctx, seen.Model, query)
	}
	if name := seen.NameBegun(); name != "" && seen.World.Known {
		begun := r.Juju.World(ctx, seen.Model, plan.Query{Name: name})
		if !begun.Known {
			seen.World = begun
		}
		seen.Begun = begun.ByName
	}
	if !seen.World.Known || seen.Want.Observe {
		return nil
	}
	if own := seen.World.ByID; own != nil && own.ID == seen.LastID && own.Checksum.Open() != "" && r.Key.Made(seen.LastDigest) {
		seen.HeldDigest = r.Key.DigestOf(string(obj.UID), own.Checksum)
	}
	if candidate := seen.Candidate(); candidate != nil && candidate.Checksum.Open() != "" {
		seen.CandidateDigest = r.Key.DigestOf(string(obj.UID), candidate.Checksum)
		seen.CandidateProof = r.proof(obj, candidate.ID)
	}
	return r.observeRivals(ctx, obj, seen)
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
