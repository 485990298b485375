// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// observe gathers all that a decision about a JujuSecretAccess depends on.
func (r *AccessReconciler) observe(ctx context.Context, obj *v1alpha1.JujuSecretAccess) (plan.AccessSeen, error) {
	seen := plan.AccessSeen{
		Retain:   obj.Spec.DeletionPolicy == v1alpha1.GrantsRetain,
		Deleting: !obj.DeletionTimestamp.IsZero(), Abandoned: abandoned(obj),
		Record: recordOf(obj), Proven: r.provenGrants(obj),
	}
	for _, app := range obj.Spec.Applications {
		seen.Want = append(seen.Want, app.Name)
	}
	var err error
	if seen.Target, err = r.target(ctx, obj, seen.Record); err != nil {
		return plan.AccessSeen{}, err
	}
	if seen.Target.Model.Controller != "" {
		if seen.Tenancy, err = r.tenancy(ctx, obj, seen.Target.Model); err != nil {
			return plan.AccessSeen{}, err
		}
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
			Model: modelOf(direct.ControllerRef, obj.Namespace, direct.Model, direct.ModelUUID),
			Query: plan.Query{ID: direct.ID, Name: direct.Name},
		}, nil
	}
	var secret v1alpha1.JujuSecret
	err := r.Get(ctx, client.ObjectKey{Namespace: obj.Namespace, Name: obj.Spec.SecretRef.Name}, &secret)
	switch {
	case apierrors.IsNotFound(err):
		return plan.NotReady(obj.Spec.SecretRef.Name), nil
	case err != nil:
		return plan.Target{}, err
	case secret.Status.SecretID != "":
		return plan.Target{Model: modelOfSecret(&secret), Query: plan.Query{ID: secret.Status.SecretID}}, nil
	}
	target := plan.NotReady(secret.Name)
	target.Coming = len(secret.Status.Conditions) == 0
	target.Model = modelOfSecret(&secret)
	return target, nil
}

// observeOthers gathers what other JujuSecretAccesses want and have granted on the same secret.
func (r *AccessReconciler) observeOthers(ctx context.Context, obj *v1alpha1.JujuSecretAccess, secretID string, seen *plan.AccessSeen) error {
	var others v1alpha1.JujuSecretAccessList
	if err := r.List(ctx, &others, client.MatchingFields{accessSecret: secretID}); err != nil {
		return err
	}
	model := seen.Target.Model
	if seen.Former != nil {
		model = seen.Record.Model
	}
	for i := range others.Items {
		other := &others.Items[i]
		through := append(accessControllers(other), seen.Target.Model.Controller)
		if other.UID == obj.UID || !trusted(obj, other, through...) {
			continue
		}
		counts, denied, err := r.reaches(ctx, other, model, secretID)
		if err != nil {
			return err
		}
		if counts {
			observeOther(obj, other, denied, secretID, seen)
		}
	}
	return nil
}

// reaches tells whether another access can have to do with a secret of a model: it granted it, as the operator itself noted, or
// it may use a model that has it. All else that tells of it a person may have written. Denied tells that it may not use that model
// any more.
func (r *AccessReconciler) reaches(ctx context.Context, other *v1alpha1.JujuSecretAccess, model plan.ModelRef, secretID string) (reaches, denied bool, err error) {
	record := recordOf(other)
	through, granted := record.Model, record.SecretID == secretID && r.provenGrants(other)
	if !granted {
		target, err := r.target(ctx, other, record)
		if err != nil {
			return false, false, err
		}
		through = target.Model
	}
	tenancy, err := r.tenancyFor(ctx, other.Namespace, through, true)
	if err != nil { // Its namespace may just have gone.
		return granted, true, client.IgnoreNotFound(err)
	}
	denied = tenancy.Verdict != nil && tenancy.Verdict.Reason == v1alpha1.ReasonTenantDenied
	switch {
	case granted, denied:
		return granted, denied, nil
	case tenancy.Elsewhere, through == model:
		return true, false, nil
	case through.Controller.Namespace() != "":
		return true, false, nil // Of the same namespace, which has but itself to deceive; and what answers there may be slow.
	}
	return r.Juju.World(ctx, through, plan.Query{ID: secretID}).ByID != nil, false, nil
}

func observeOther(obj, other *v1alpha1.JujuSecretAccess, denied bool, secretID string, seen *plan.AccessSeen) {
	granted := grantedBy(other, secretID)
	seen.GrantedByOthers = append(seen.GrantedByOthers, granted...)
	// Those with the same reference leave the former secret together with this one.
	movesAlong := seen.Former != nil && equality.Semantic.DeepEqual(other.Spec.SecretRef, obj.Spec.SecretRef) &&
		equality.Semantic.DeepEqual(other.Spec.Secret, obj.Spec.Secret) && other.Namespace == obj.Namespace
	if denied || movesAlong || !other.DeletionTimestamp.IsZero() {
		return // Nothing is done in Juju for it any more, or about to be undone.
	}
	for _, app := range other.Spec.Applications {
		if takesOver(other) || slices.Contains(granted, app.Name) {
			seen.WantedByOthers = append(seen.WantedByOthers, app.Name)
		}
	}
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
