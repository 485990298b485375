// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/placement"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/record"
)

// observe gathers the facts about a JujuSecretAccess.
func (r *AccessReconciler) observe(
	ctx context.Context, obj *v1alpha1.JujuSecretAccess, state record.State, target plan.Target,
) (plan.AccessFacts, error) {
	facts := plan.AccessFacts{
		Exclusive: obj.Spec.Exclusive, Retain: obj.Spec.DeletionPolicy == v1alpha1.GrantsRetain,
		Deleting: !obj.DeletionTimestamp.IsZero(), Abandoned: abandoned(obj),
		Record: state.Record, LastID: obj.Status.SecretID, ForeignKey: state.ForeignKey, Target: target,
	}
	for _, app := range obj.Spec.Applications {
		facts.Applications = append(facts.Applications, app.Name)
	}
	facts.Options = optionsIn(obj)
	if !plan.MayLookForAccess(facts) {
		return facts, nil // Whatever the tenancy is.
	}
	query := target.Query
	query.Applications = facts.ConfiguredApplications()
	r.setAge(&query, obj, obj.Status.ObservedGeneration, obj.Status.LastHandledReconcileAt)
	if err := r.observeController(ctx, obj, state, query, &facts); err != nil {
		return plan.AccessFacts{}, err
	}
	if !plan.MayLookForAccess(facts) {
		return facts, nil
	}
	facts.LastModelUUID = lastModelUUID(obj, facts.Record, facts.Record.Model)
	query.ModelUUID = cmp.Or(lastModelUUID(obj, facts.Record, target.Model), query.ModelUUID)
	if facts.Moved() {
		query.ModelUUID = facts.LastModelUUID
	}
	facts.View = r.Juju.View(ctx, target.Model, query)
	if err := r.followModel(ctx, obj, state, query, &facts); err != nil {
		return plan.AccessFacts{}, err
	}
	if query.Age == plan.Recent && facts.MissesID() {
		query.Age = plan.Fresh // The secret may be newer than the listing.
		facts.View = r.Juju.View(ctx, target.Model, query)
	}
	if secret := facts.Secret(); secret != nil && secret.ID == obj.Status.SecretID {
		facts.LastGranted, facts.LastNamed = grantedByStatus(obj), namedByStatus(obj)
		facts.Corrections = r.corrections.of(client.ObjectKeyFromObject(obj), versionOf(obj, secret.ID), r.Now())
	}
	if err := r.observeFormer(ctx, obj.Namespace, query, &facts); err != nil {
		return plan.AccessFacts{}, err
	}
	return r.observeSharing(ctx, obj, facts)
}

// observeSharing gathers what other accesses of the same secret, and of the same
// options, want and have.
func (r *AccessReconciler) observeSharing(
	ctx context.Context, obj *v1alpha1.JujuSecretAccess, facts plan.AccessFacts,
) (plan.AccessFacts, error) {
	if secret := facts.SharedSecret(); secret != nil {
		others, err := r.observeOthers(ctx, obj, secret.ID, facts)
		if err != nil {
			return plan.AccessFacts{}, err
		}
		facts = facts.ConsiderOthers(obj.Namespace, others)
	}
	facts, err := r.observeListings(ctx, obj, facts)
	if err != nil {
		return plan.AccessFacts{}, err
	}
	if len(facts.Options) > 0 && facts.View.Known {
		others, err := r.observeOptions(ctx, obj, facts)
		if err != nil {
			return plan.AccessFacts{}, err
		}
		facts.OptionOwners = facts.OwnersOfOptions(others)
	}
	return facts, ctx.Err() // If ctx ended, the facts are incomplete.
}

// observeController gathers what the controller object of the target says about
// the access.
func (r *AccessReconciler) observeController(
	ctx context.Context, obj *v1alpha1.JujuSecretAccess, state record.State, query plan.Query, facts *plan.AccessFacts,
) error {
	model := facts.Target.Model
	if model.Controller == "" {
		return nil
	}
	ref, err := r.reference(ctx, obj.Namespace, model.Controller)
	if err != nil {
		return err
	}
	facts.Tenancy = r.tenancy(ctx, obj, state, ref, model, query)
	facts.Adopt = ref.Adopts(obj.Spec.AdoptionPolicy)
	return nil
}

// followModel reads the model of the grants at the controller that it was
// migrated to, if nothing else names that controller. The record says which
// model it is, so the operator looks through every controller object for that
// controller.
func (r *AccessReconciler) followModel(
	ctx context.Context, obj *v1alpha1.JujuSecretAccess, state record.State, query plan.Query, facts *plan.AccessFacts,
) error {
	uuid := facts.MigratedTo()
	if uuid == "" {
		return nil
	}
	keys, err := r.controllersAt(ctx, obj.Namespace, uuid)
	if err != nil {
		return err
	}
	for _, key := range keys {
		there := *facts
		there.Target.Model.Controller = key
		if !plan.Carries(facts.Record.Model.Controller, key) {
			continue
		}
		if err := r.observeController(ctx, obj, state, query, &there); err != nil {
			return err
		}
		if there.Tenancy.Problem != nil {
			continue
		}
		if there.View = r.Juju.View(ctx, there.Target.Model, query); there.SameModel() {
			*facts = there
			return nil
		}
	}
	return nil
}

// controllersAt returns the controller objects that lead to a Juju controller,
// that a namespace can refer to, and that this installation serves.
func (r *AccessReconciler) controllersAt(
	ctx context.Context, namespace, uuid string,
) (keys []plan.ControllerKey, err error) {
	add := func(obj client.Object) {
		found, ok := obj.(v1alpha1.ControllerObject)
		if ok && found.GetStatus().ControllerUUID == uuid && found.ConnectionSpec().ControllerClass == r.Scope.Class {
			keys = append(keys, keyOf(found))
		}
	}
	if err := r.visit(ctx, &v1alpha1.JujuControllerList{}, add, client.InNamespace(namespace)); err != nil {
		return nil, err
	}
	if !r.Scope.limited() {
		err = r.visit(ctx, &v1alpha1.ClusterJujuControllerList{}, add)
	}
	slices.Sort(keys)
	return keys, err
}

// lastModelUUID returns the UUID of a model when the access last used it, by its
// record or by its status. It is empty if neither is about the model.
func lastModelUUID(obj *v1alpha1.JujuSecretAccess, recorded plan.Record, model plan.ModelRef) string {
	switch last := obj.Status; {
	case model == recorded.Model && recorded.ModelUUID != "":
		return recorded.ModelUUID
	case model == recorded.Model && recorded.SecretID != "" && recorded.SecretID == last.SecretID:
		return last.ModelUUID // An older record. The status may name another controller object already.
	case string(model.Controller) == last.Controller && model.Name == last.Model:
		return last.ModelUUID
	}
	return ""
}

// observeFormer gathers the facts about the secret that the object granted
// before, if it is another one.
func (r *AccessReconciler) observeFormer(
	ctx context.Context, namespace string, query plan.Query, facts *plan.AccessFacts,
) error {
	id, former := facts.FormerID(), facts.FormerModel()
	if id == "" {
		return nil
	}
	var err error
	if facts.FormerTenancy, err = r.cleanupTenancy(ctx, namespace, former); err != nil {
		return err
	}
	if facts.MayLookForFormer() {
		facts.FormerView = r.Juju.View(ctx, former, plan.Query{
			ID: id, ModelUUID: facts.LastModelUUID, Age: query.Age, Requested: query.Requested,
			Applications: plan.ApplicationsOf(facts.Record.Options),
		})
	}
	return nil
}

// target returns the secret in Juju that a JujuSecretAccess refers to. While
// the object is being deleted, target returns the secret of its grants,
// whatever its reference is now.
func (r *AccessReconciler) target(
	ctx context.Context, obj *v1alpha1.JujuSecretAccess, record plan.Record,
) (plan.Target, error) {
	if !obj.DeletionTimestamp.IsZero() {
		target, err := plan.Target{Model: record.Model, Query: plan.Query{ID: record.SecretID}}, error(nil)
		if target.Model.Controller == "" {
			target.Model.Controller, err = r.referencedController(ctx, obj)
		} else {
			target.Model.Controller, target.Unnamed, err = r.presentController(ctx, obj, record)
		}
		return target, err
	}
	if direct := obj.Spec.Secret; direct != nil {
		return plan.Target{
			Model: placement.ModelOf(direct.ControllerRef, obj.Namespace, direct.Model, direct.ModelUUID),
			Query: plan.Query{ID: direct.SecretID(), Name: direct.Name},
		}, nil
	}
	var secret v1alpha1.JujuSecret
	err := r.referenced(ctx, obj, &secret)
	switch {
	case apierrors.IsNotFound(err):
		return plan.MissingSecret(obj.Spec.JujuSecretRef.Name, plan.ControllerKey(obj.Status.Controller),
			r.Now().Sub(obj.CreationTimestamp.Time), len(obj.Status.Conditions) > 0), nil
	case err != nil:
		return plan.Target{}, err
	case secret.Status.SecretID != "":
		return plan.Target{
			Model:      placement.ModelOfSecret(&secret),
			Query:      plan.Query{ID: secret.Status.SecretID, ModelUUID: secret.Status.ModelUUID},
			JujuSecret: secret.Name,
		}, nil
	}
	return plan.UnreadySecret(secret.Name, placement.ModelOfSecret(&secret), len(secret.Status.Conditions) == 0), nil
}

// referenced reads the JujuSecret that an access refers to from the cache. The
// caller must not change it.
func (r *AccessReconciler) referenced(
	ctx context.Context, obj *v1alpha1.JujuSecretAccess, secret *v1alpha1.JujuSecret,
) error {
	key := client.ObjectKey{Namespace: obj.Namespace, Name: obj.Spec.JujuSecretRef.Name}
	return r.Get(ctx, key, secret, client.UnsafeDisableDeepCopy)
}

// presentController returns the controller object that leads to the model of
// recorded grants. It is the one in the reference if the reference is still about
// the same secret, because the model may have been migrated. Otherwise it is the
// one in the record. unnamed is true when the JujuSecret of the reference does
// not exist or has another secret.
func (r *AccessReconciler) presentController(
	ctx context.Context, obj *v1alpha1.JujuSecretAccess, recorded plan.Record,
) (present plan.ControllerKey, unnamed bool, err error) {
	present = recorded.Model.Controller
	if direct := obj.Spec.Secret; direct != nil {
		present = plan.ReferencedController(direct.ControllerRef, obj.Namespace)
	} else {
		var secret v1alpha1.JujuSecret
		err := r.referenced(ctx, obj, &secret)
		switch {
		case client.IgnoreNotFound(err) != nil:
			return "", false, err
		case err == nil && secret.Status.SecretID == recorded.SecretID:
			present = placement.ModelOfSecret(&secret).Controller
		default:
			unnamed = true
		}
	}
	if !plan.Carries(recorded.Model.Controller, present) {
		present = recorded.Model.Controller
	}
	return present, unnamed, nil
}

// referencedController returns the controller object of an access without grants
// in a record that verifies: of its status, or otherwise of its reference. So an
// access with a record that another installation signed is left to that
// installation. The key is empty if nothing names a controller object.
func (r *AccessReconciler) referencedController(
	ctx context.Context, obj *v1alpha1.JujuSecretAccess,
) (plan.ControllerKey, error) {
	if key := obj.Status.Controller; key != "" {
		return plan.ControllerKey(key), nil
	}
	if direct := obj.Spec.Secret; direct != nil {
		return plan.ReferencedController(direct.ControllerRef, obj.Namespace), nil
	}
	var secret v1alpha1.JujuSecret
	err := r.referenced(ctx, obj, &secret)
	if err != nil {
		return "", client.IgnoreNotFound(err)
	}
	return placement.ModelOfSecret(&secret).Controller, nil
}

// observeOthers gathers the other JujuSecretAccesses that want or have granted
// the secret to one of the same applications.
func (r *AccessReconciler) observeOthers(
	ctx context.Context, obj *v1alpha1.JujuSecretAccess, secretID string, facts plan.AccessFacts,
) ([]plan.OtherAccess, error) {
	var others []plan.OtherAccess
	seen := map[types.UID]bool{obj.UID: true}
	for _, key := range distinct(grantKeys(secretID, slices.Concat(facts.Applications, facts.Record.Granted))) {
		var list v1alpha1.JujuSecretAccessList
		if err := r.List(ctx, &list, client.MatchingFields{grantIndex: key}, client.UnsafeDisableDeepCopy); err != nil {
			return nil, err
		}
		for i := range list.Items {
			if other := &list.Items[i]; !seen[other.UID] {
				seen[other.UID] = true
				found, err := r.observeOther(ctx, obj, other, secretID, facts)
				if err != nil {
					return nil, err
				}
				others = append(others, found)
			}
		}
	}
	return others, nil
}

// observeOther gathers the facts about another JujuSecretAccess. It must not
// change the object.
func (r *AccessReconciler) observeOther(
	ctx context.Context, obj, access *v1alpha1.JujuSecretAccess, secretID string, facts plan.AccessFacts,
) (plan.OtherAccess, error) {
	recorded := r.recordOf(access)
	place := placement.Of(access, recorded)
	other := plan.OtherAccess{
		Namespace: access.Namespace, Deleting: place.Deleting, Applications: place.Applications, Reason: place.Reason,
		SameReference: access.Namespace == obj.Namespace &&
			equality.Semantic.DeepEqual(access.Spec.JujuSecretRef, obj.Spec.JujuSecretRef) &&
			access.Spec.Secret.Equal(obj.Spec.Secret),
		Controllers: place.Controllers(access.Namespace),
		Model:       recorded.Model,
	}
	if recorded.SecretID == secretID {
		other.Recorded, other.Adopted = recorded.Granted, recorded.Adopted
	}
	if place.SecretID == secretID {
		other.StatusGranted = grantedByStatus(access)
	}
	switch {
	case len(other.Recorded) > 0:
	case place.Deleting: // A record of another installation cannot be read here.
		other.Model = place.Model
	default:
		target, err := r.target(ctx, access, recorded.Record)
		if err != nil {
			return other, err
		}
		other.Model = target.Model
	}
	ref, err := r.reference(ctx, access.Namespace, other.Model.Controller)
	if client.IgnoreNotFound(err) != nil {
		return other, err
	}
	by := r.Scope.installation()
	ref = r.identified(ctx, ref, other.Model, plan.Query{})
	other.ServedElsewhere, other.Tenancy = !by.Serves(ref), by.AuthorizeCleanup(ref, other.Model)
	if err != nil { // Its namespace no longer exists.
		other.Tenancy = plan.AnotherNamespace(other.Model.Controller)
	}
	if facts.MustReach(other) {
		other.Reaches = r.Juju.View(ctx, other.Model, plan.Query{ID: secretID}).ByID != nil
	}
	return other, nil
}

// grantedByStatus returns the applications with access to the secret, by the
// status of a JujuSecretAccess.
func grantedByStatus(access *v1alpha1.JujuSecretAccess) []string {
	var granted []string
	for _, app := range access.Status.Applications {
		if app.State == v1alpha1.ApplicationGranted {
			granted = append(granted, app.Name)
		}
	}
	return granted
}
