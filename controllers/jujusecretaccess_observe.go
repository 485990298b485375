// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// observe gathers all that a decision about a JujuSecretAccess depends on.
func (r *AccessReconciler) observe(ctx context.Context, obj *v1alpha1.JujuSecretAccess) (plan.AccessSeen, error) {
	seen := plan.AccessSeen{
		Retain:   obj.Spec.DeletionPolicy == v1alpha1.GrantsRetain,
		Deleting: !obj.DeletionTimestamp.IsZero(), Abandoned: abandoned(obj),
		Record: recordOf(obj),
	}
	for _, app := range obj.Spec.Applications {
		seen.Want = append(seen.Want, app.Name)
	}
	var err error
	if seen.Target, err = r.target(ctx, obj, seen.Record); err != nil {
		return plan.AccessSeen{}, err
	}
	if seen.Target.Verdict != nil {
		return seen, nil
	}
	if seen.Tenancy, err = r.tenancy(ctx, obj, seen.Target.Model); err != nil {
		return plan.AccessSeen{}, err
	}
	if !plan.MayLookForAccess(seen) {
		return seen, nil
	}
	query := seen.Target.Query
	query.Age = age(obj, obj.Status.ObservedGeneration, obj.Status.LastHandledReconcileAt)
	seen.World = r.Juju.World(ctx, seen.Target.Model, query)
	if err := r.observeFormer(ctx, obj, &seen); err != nil {
		return plan.AccessSeen{}, err
	}
	secret := seen.Secret()
	if seen.Former != nil {
		secret = seen.Former
	}
	if secret != nil {
		if err := r.observeOthers(ctx, obj, secret.ID, &seen); err != nil {
			return plan.AccessSeen{}, err
		}
	}
	return seen, ctx.Err() // A look that was cut off saw nothing.
}

// observeFormer looks for a secret that the object granted before, perhaps in another model. What stands in the way there
// stands in the way of the whole, or the grants would be forgotten; but as with a deletion, a tenancy that has ended lets go of
// them, and a controller object that is being deleted waits for this.
func (r *AccessReconciler) observeFormer(ctx context.Context, obj *v1alpha1.JujuSecretAccess, seen *plan.AccessSeen) error {
	id := seen.FormerID()
	if id == "" {
		return nil
	}
	tenancy, err := r.tenancyFor(ctx, obj.Namespace, seen.Record.Model, true)
	switch {
	case err != nil:
		return err
	case tenancy.Verdict != nil && tenancy.Verdict.Reason == v1alpha1.ReasonTenantDenied:
		return nil
	case tenancy.Verdict != nil:
		seen.Tenancy = tenancy
		return nil
	}
	world := r.Juju.World(ctx, seen.Record.Model, plan.Query{ID: id})
	if gone := world.Trouble != nil && world.Trouble.Kind == plan.ModelNotFound; !world.Known && !gone {
		seen.World = world
	}
	seen.Former = world.ByID
	return nil
}

// target finds out which secret in Juju the object is about. While it is deleted that is the one it granted, whatever has
// become of what it refers to.
func (r *AccessReconciler) target(ctx context.Context, obj *v1alpha1.JujuSecretAccess, record plan.Record) (plan.Target, error) {
	if !obj.DeletionTimestamp.IsZero() {
		return plan.Target{Model: record.Model, Query: plan.Query{ID: record.SecretID}}, nil
	}
	if direct := obj.Spec.Secret; direct != nil {
		return plan.Target{
			Model: modelOf(direct.ControllerRef, direct.Model, direct.ModelUUID),
			Query: plan.Query{ID: direct.ID, Name: direct.Name},
		}, nil
	}
	var secret v1alpha1.JujuSecret
	err := r.Get(ctx, client.ObjectKey{Namespace: obj.Namespace, Name: obj.Spec.SecretRef.Name}, &secret)
	switch {
	case client.IgnoreNotFound(err) != nil:
		return plan.Target{}, err
	case err == nil && secret.Status.SecretID != "":
		return plan.Target{
			Model: modelOf(secret.Spec.ControllerRef, secret.Spec.Model, secret.Spec.ModelUUID),
			Query: plan.Query{ID: secret.Status.SecretID},
		}, nil
	case err == nil && len(secret.Status.Conditions) == 0:
		return plan.Coming(secret.Name), nil
	}
	return plan.NotReady(obj.Spec.SecretRef.Name), nil
}

// observeOthers gathers what other JujuSecretAccesses want and have granted on the same secret.
func (r *AccessReconciler) observeOthers(ctx context.Context, obj *v1alpha1.JujuSecretAccess, secretID string, seen *plan.AccessSeen) error {
	var others v1alpha1.JujuSecretAccessList
	if err := r.List(ctx, &others, client.MatchingFields{accessSecret: secretID}); err != nil {
		return err
	}
	for i := range others.Items {
		other := &others.Items[i]
		if other.UID == obj.UID {
			continue
		}
		granted := grantedBy(other, secretID)
		seen.GrantedByOthers = append(seen.GrantedByOthers, granted...)
		// Those with the same reference leave the former secret together with this one.
		movesAlong := seen.Former != nil && equality.Semantic.DeepEqual(other.Spec.SecretRef, obj.Spec.SecretRef) &&
			equality.Semantic.DeepEqual(other.Spec.Secret, obj.Spec.Secret) && other.Namespace == obj.Namespace
		if movesAlong || !other.DeletionTimestamp.IsZero() {
			continue
		}
		for _, app := range other.Spec.Applications {
			if takesOver(other) || slices.Contains(granted, app.Name) && !deniedTenant(other) {
				seen.WantedByOthers = append(seen.WantedByOthers, app.Name)
			}
		}
	}
	return nil
}

// deniedTenant tells that nothing is done in Juju for an access any more.
func deniedTenant(access *v1alpha1.JujuSecretAccess) bool {
	return readyReason(access.Status.Conditions) == string(v1alpha1.ReasonTenantDenied)
}

// grantedBy are the applications that an access has on record for a secret.
func grantedBy(access *v1alpha1.JujuSecretAccess, secretID string) []string {
	record := recordOf(access)
	if record.SecretID != secretID {
		return nil
	}
	return record.Granted
}

// takesOver tells whether an access can take over grants that another gives up. One that cannot act just now grants again
// what it needs when it can.
func takesOver(access *v1alpha1.JujuSecretAccess) bool {
	switch v1alpha1.Reason(readyReason(access.Status.Conditions)) { //nolint:exhaustive // Every other one stands in its way.
	case v1alpha1.ReasonSynced, v1alpha1.ReasonApplicationNotFound, v1alpha1.ReasonHandingOver:
		return true
	}
	return false
}
