// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/placement"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/record"
	"github.com/juju-secrets/operator/internal/status"
)

// observe gathers the facts about a JujuSecret. It decides nothing. If package
// plan does not allow a look at Juju, observe sends no request to Juju.
func (r *SecretReconciler) observe(
	ctx context.Context, obj *v1alpha1.JujuSecret, state record.State,
) (plan.SecretFacts, error) {
	facts := plan.SecretFacts{
		Identity: identityOf(obj),
		Desired: plan.Desired{
			ID: obj.Spec.SecretID(), Name: obj.JujuName(), Info: obj.Spec.Info, AutoPrune: obj.Spec.AutoPrune,
			Observe:     obj.Spec.ManagementPolicy == v1alpha1.ManagementObserve,
			Deletion:    obj.Spec.DeletionPolicy,
			ReportDrift: obj.Spec.DriftPolicy == v1alpha1.DriftReport,
			Suspended:   obj.Spec.Suspend,
			Deleting:    !obj.DeletionTimestamp.IsZero(),
			Abandoned:   abandoned(obj),
		},
		Model:         placement.ModelOfSecret(obj),
		Record:        state.Record,
		ForeignKey:    state.ForeignKey,
		SeenModelUUID: obj.Status.ModelUUID,

		RecordedController: state.Controller,
	}
	if owned := state.Owned; owned != nil {
		facts.LastID, facts.LastModelUUID, facts.Adopted = owned.SecretID, owned.ModelUUID, owned.Adopted
		facts.Restored = !obj.Status.Managed || obj.Status.SecretID != owned.SecretID
	}
	if facts.LastID != "" && !facts.Restored {
		facts.LastRevision, facts.LastAutoPrune = obj.Status.Revision, obj.Status.AutoPrune
		facts.LastDigest, facts.SameSpec = obj.Status.AppliedDigest, obj.Status.AppliedGeneration == obj.Generation
		facts.SinceUpdate = r.sinceUpdate(client.ObjectKeyFromObject(obj))
	}
	if !plan.MayLookForSecret(facts) {
		return facts, nil // Whatever the tenancy is.
	}
	query := facts.Query()
	query.Age, query.Within = r.age(obj, obj.Status.ObservedGeneration, obj.Status.LastHandledReconcileAt)
	ref, err := r.reference(ctx, obj.Namespace, facts.Model.Controller)
	if err != nil {
		return plan.SecretFacts{}, err
	}
	facts.Tenancy = r.tenancy(ctx, obj, state, ref, facts.Model, query.Age)
	facts.Desired.Adopt = !facts.Desired.Observe && ref.Adopts(obj.Spec.AdoptionPolicy)
	if !facts.Tenancy.Refused() {
		if facts.Content, facts.Digest, err = r.desiredContent(ctx, obj, state.Salt, query.Age); err != nil {
			return plan.SecretFacts{}, err
		}
	}
	if !plan.MayLookForSecret(facts) {
		return facts, nil
	}
	if err := r.observeJuju(ctx, obj, query, state.Salt, &facts); err != nil {
		return plan.SecretFacts{}, err
	}
	if facts.Digest != "" {
		facts.Corrections = r.corrections.of(client.ObjectKeyFromObject(obj), versionOf(obj, facts.Digest), r.Now())
	}
	return facts, ctx.Err() // If ctx ended, the facts are incomplete.
}

// observeJuju reads the secrets that concern the object from the model, and
// gathers the other JujuSecrets with a claim to them.
func (r *SecretReconciler) observeJuju(
	ctx context.Context, obj *v1alpha1.JujuSecret, query plan.Query, salt string, facts *plan.SecretFacts,
) error {
	facts.View = r.Juju.View(ctx, facts.Model, query)
	if query.Age != plan.Fresh && facts.View.Known && facts.MayAdopt() {
		query.Age = plan.Fresh // A secret that was just removed must not be adopted.
		facts.View = r.Juju.View(ctx, facts.Model, query)
	}
	if query.Age == plan.Recent && facts.MissesID() {
		query.Age = plan.Fresh // The secret may be newer than the listing.
		facts.View = r.Juju.View(ctx, facts.Model, query)
	}
	if name := facts.NameBegun(); name != "" && facts.View.Known {
		begun := r.Juju.View(ctx, facts.Model, plan.Query{Name: name})
		if !begun.Known {
			facts.View = begun
		}
		facts.Begun = begun.ByName
	}
	if !facts.View.Known || facts.Desired.Observe {
		return nil
	}
	own := facts.View.ByID
	if own != nil && own.ID == facts.LastID && own.Checksum.Open() != "" && r.Key.Made(facts.LastDigest) {
		facts.HeldDigest = r.Key.DigestOf(salt, own.Checksum)
	}
	if candidate := facts.Candidate(); candidate != nil && candidate.Checksum.Open() != "" {
		facts.CandidateDigest = r.Key.DigestOf(salt, candidate.Checksum)
	}
	return r.observeOthers(ctx, obj, facts)
}

// desiredContent reads the content that the spec and its sources define, and
// its digest. It reads them during an outage of Juju too, to report a change
// that Juju does not hold. Sources are read from the API server. The operator
// watches only their metadata, so that it holds no secrets in memory that no
// object refers to. An object shares a read only if nothing but the source has
// changed, because a change of the object may be newer than the read.
func (r *SecretReconciler) desiredContent(
	ctx context.Context, obj *v1alpha1.JujuSecret, salt string, age plan.Age,
) (content.Desired, string, error) {
	if obj.Spec.ManagementPolicy == v1alpha1.ManagementObserve {
		return content.Desired{}, "", nil
	}
	var sources []content.Source
	for _, from := range obj.Spec.ValueFrom {
		key, optional := sourceOf(obj.Namespace, from)
		read := func(ctx context.Context) (sourceData, error) { return r.readSource(ctx, key) }
		var data sourceData
		var err error
		if age == plan.AsKnown || age == plan.Awaited {
			data, err = r.sources.get(ctx, key, client.ObjectKeyFromObject(obj), read)
		} else {
			data, err = read(ctx)
		}
		if err != nil {
			return content.Desired{}, "", err
		}
		source := content.Source{
			Name: key.kind + " " + key.Name, Optional: optional, Found: data.found, Data: data.values, Exclude: from.Exclude,
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
	return desired, r.Key.Digest(salt, desired.Content), nil
}

// sourceOf returns the object that a source refers to, and whether it may be
// missing.
func sourceOf(namespace string, from v1alpha1.ValueSource) (key valueSource, optional bool) {
	kind, ref := kindSecret, from.SecretRef
	if ref == nil {
		kind, ref = kindConfigMap, from.ConfigMapRef
	}
	return valueSource{kind, client.ObjectKey{Namespace: namespace, Name: ref.Name}}, ref.Optional
}

// age returns how old the facts about Juju may be for a decision about an
// object.
func (b *base) age(obj client.Object, seenGeneration int64, handled string) (plan.Age, time.Duration) {
	within := status.Awaits(v1alpha1.ConditionsOf(obj), b.Now())
	switch {
	case requestedAt(obj) != handled:
		return plan.Fresh, 0
	case obj.GetGeneration() != seenGeneration:
		return plan.Recent, 0
	case within > 0:
		return plan.Awaited, within
	}
	return plan.AsKnown, 0
}
