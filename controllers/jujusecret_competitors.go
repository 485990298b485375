// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/placement"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/record"
)

// claims returns the claims of a JujuSecret as index keys: the secrets that it
// owns or asks for, by ID and by name. Each key names the model as the spec
// does and, once it is known, by its UUID. A creation in a model that is not
// known yet also has a key with its name alone.
func (r *SecretReconciler) claims(s *v1alpha1.JujuSecret) []string {
	if s.Spec.ManagementPolicy == v1alpha1.ManagementObserve {
		return nil
	}
	recorded := r.recordOf(s)
	ids, names := []string{s.Spec.SecretID(), recorded.OwnedID(), recorded.Adopting}, []string{s.JujuName()}
	if s.Status.Managed {
		ids = append(ids, s.Status.SecretID) // It counts if another installation serves the object.
	}
	var keys []string
	if creating := recorded.Creating; creating != nil {
		ids, names = append(ids, creating.ID), append(names, creating.Name)
		if creating.Replaces == recorded.OwnedID() && s.Status.ModelUUID == "" {
			keys = append(keys, pendingKey(creating.Name))
		}
	}
	for _, scope := range scopesOf(s, recorded) {
		keys = append(keys, claimKeys(scope, ids, names)...)
	}
	return distinct(keys)
}

// claimState is what other JujuSecrets depend on: the secrets that a JujuSecret
// owns, is about to own or asks for, and the parts of its spec that change its
// claims. The model counts only for an object that has a secret in it.
type claimState struct {
	owned, adopting, creating, created, modelUUID string
	id, name                                      string
	adoption                                      v1alpha1.AdoptionPolicy
	suspended, observes, deleting                 bool
}

func (r *SecretReconciler) claimStateOf(s *v1alpha1.JujuSecret) claimState {
	recorded := r.recordOf(s)
	state := claimState{
		owned: recorded.OwnedID(), adopting: recorded.Adopting,
		id: s.Spec.SecretID(), name: s.JujuName(), suspended: s.Spec.Suspend,
		adoption: s.Spec.AdoptionPolicy,
		observes: s.Spec.ManagementPolicy == v1alpha1.ManagementObserve,
		deleting: !s.DeletionTimestamp.IsZero(),
	}
	if state.observes {
		return claimState{observes: true}
	}
	if s.Status.Managed && state.owned == "" {
		state.owned = s.Status.SecretID
	}
	if creating := recorded.Creating; creating != nil {
		state.creating, state.created = creating.Name, creating.ID
	}
	if state.owned != "" || state.adopting != "" || state.creating != "" {
		state.modelUUID = s.Status.ModelUUID
	}
	return state
}

// scopesOf returns the names of the model of a JujuSecret in index keys.
func scopesOf(s *v1alpha1.JujuSecret, recorded record.State) []string {
	uuids := []string{s.Status.ModelUUID}
	if recorded.Owned != nil {
		uuids = append(uuids, recorded.Owned.ModelUUID)
	}
	return scopes(placement.ModelOfSecret(s), uuids...)
}

// scopes returns the names of a model in index keys.
func scopes(model plan.ModelRef, uuids ...string) []string {
	return distinct(append(uuids, string(model.Controller)+" "+model.String(), model.UUID))
}

func claimKeys(scope string, ids, names []string) []string {
	var keys []string
	for _, id := range ids {
		if id != "" {
			keys = append(keys, scope+" id "+id)
		}
	}
	for _, name := range names {
		if name != "" {
			keys = append(keys, scope+" name "+name)
		}
	}
	return keys
}

func pendingKey(name string) string { return "pending " + name }

// observeOthers gathers the JujuSecrets of all namespaces that have a claim to
// a secret that an object owns, asks for or has found. It examines those that
// only ask from the oldest on, until one decides: thousands of objects with one
// name cost as much as a few.
func (r *SecretReconciler) observeOthers(
	ctx context.Context, obj *v1alpha1.JujuSecret, facts *plan.SecretFacts,
) error {
	found, err := r.claimants(ctx, obj, facts)
	if err != nil {
		return err
	}
	var others []plan.OtherSecret
	decided := false
	for _, claimant := range found {
		other := r.otherOf(claimant)
		asks := other.OnlyAsks()
		if asks && (decided || !other.Before(facts.Identity)) {
			continue
		}
		if err := r.observeOther(ctx, claimant, &other, facts); err != nil {
			return err
		}
		others = append(others, other)
		decided = decided || asks && facts.DecidedBy(other)
	}
	facts.Competitors = plan.Competitors(*facts, others)
	return nil
}

// claimants returns the other JujuSecrets with such a claim, the oldest first. The
// caller must not change them.
func (r *SecretReconciler) claimants(
	ctx context.Context, obj *v1alpha1.JujuSecret, facts *plan.SecretFacts,
) ([]*v1alpha1.JujuSecret, error) {
	var found []*v1alpha1.JujuSecret
	seen := map[types.UID]bool{obj.UID: true}
	for _, key := range competitorKeys(facts) {
		var list v1alpha1.JujuSecretList
		if err := r.List(ctx, &list, client.MatchingFields{claimIndex: key}, client.UnsafeDisableDeepCopy); err != nil {
			return nil, err
		}
		for i := range list.Items {
			if other := &list.Items[i]; !seen[other.UID] {
				seen[other.UID] = true
				found = append(found, other)
			}
		}
	}
	slices.SortFunc(found, func(a, b *v1alpha1.JujuSecret) int { return identityOf(a).Compare(identityOf(b)) })
	return found, nil
}

// competitorKeys returns the index keys of the secrets that an object owns,
// asks for or has found.
func competitorKeys(facts *plan.SecretFacts) []string {
	ids := []string{facts.LastID, facts.Record.Adopting, facts.Desired.ID}
	names := []string{facts.Desired.Name}
	if creating := facts.Record.Creating; creating != nil {
		ids, names = append(ids, creating.ID), append(names, creating.Name)
	}
	for _, secret := range facts.Found() {
		ids, names = append(ids, secret.ID), append(names, secret.Name)
	}
	var keys []string
	for _, scope := range scopes(facts.Model, facts.View.ModelUUID) {
		keys = append(keys, claimKeys(scope, ids, names)...)
	}
	for _, name := range names {
		keys = append(keys, pendingKey(name))
	}
	return distinct(keys)
}

// otherOf returns the facts in another JujuSecret itself.
func (r *SecretReconciler) otherOf(s *v1alpha1.JujuSecret) plan.OtherSecret {
	recorded := r.recordOf(s)
	other := plan.OtherSecret{
		Identity: identityOf(s), Deleting: !s.DeletionTimestamp.IsZero(), Suspended: s.Spec.Suspend,
		SpecID: s.Spec.SecretID(), SpecName: s.JujuName(),
		Model: placement.ModelOfSecret(s), ModelUUID: s.Status.ModelUUID,
		Record: recorded.Record, OwnedID: recorded.OwnedID(), RecordedController: recorded.Controller,
	}
	if recorded.Owned != nil {
		other.OwnedModelUUID = recorded.Owned.ModelUUID
	}
	if s.Status.Managed {
		other.StatusID = s.Status.SecretID
	}
	return other
}

// observeOther adds the facts about another JujuSecret that are not in the
// object: its tenancy, its adoption policy, its model and the secrets that match
// its pending creation.
func (r *SecretReconciler) observeOther(
	ctx context.Context, s *v1alpha1.JujuSecret, other *plan.OtherSecret, facts *plan.SecretFacts,
) error {
	ref, err := r.reference(ctx, s.Namespace, other.Model.Controller)
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	by := r.Scope.installation()
	ref = r.identified(ctx, ref, other.Model, plan.Query{})
	ref.Made = r.placeOf(s).MadeThrough(other.Model.Controller)
	other.ServedElsewhere, other.Tenancy = !by.Serves(ref), by.AuthorizeUse(ref, other.Model)
	other.Adopt = ref.Adopts(s.Spec.AdoptionPolicy)
	switch {
	case err != nil: // Its namespace no longer exists.
		other.Tenancy = plan.NoController(other.Model.Controller)
	case other.Deleting || other.ServedElsewhere:
		other.Tenancy = by.AuthorizeCleanup(ref, other.Model)
	}
	if facts.MustReach(*other) {
		other.ReachedUUID = r.Juju.View(ctx, other.Model, plan.Query{}).ModelUUID
	}
	if other.Record.Creating != nil {
		other.Alike = r.alike(r.recordOf(s), facts.Found())
	}
	return nil
}

// alike returns the IDs of the secrets that match the creation in a record: the
// same name, the first revision, and one of the contents that were sent.
func (r *SecretReconciler) alike(recorded record.State, secrets []*plan.UserSecret) []string {
	if recorded.Creating == nil {
		return nil
	}
	var ids []string
	for _, secret := range secrets {
		if secret.Name == recorded.Creating.Name && secret.Revision == 1 && secret.Checksum.Open() != "" &&
			slices.Contains(recorded.Creating.Digests, r.Key.DigestOf(recorded.Salt, secret.Checksum)) {
			ids = append(ids, secret.ID)
		}
	}
	return ids
}

func identityOf(obj client.Object) plan.Identity {
	return plan.Identity{Namespace: obj.GetNamespace(), Name: obj.GetName(), Created: obj.GetCreationTimestamp().Time}
}

// adoption identifies the object that began to adopt a secret, and the time.
type adoption struct {
	uid types.UID
	at  time.Time
}

// reserve prevents two objects from adopting one secret at the same time,
// before either sees the record of the other. It returns errReserved to the
// later one.
func (r *SecretReconciler) reserve(obj *v1alpha1.JujuSecret, now, next plan.Record) error {
	key := next.Adopting
	if own := placement.ModelOfSecret(obj).Controller.Namespace(); own != "" {
		key = own + "/" + key // Only objects of this namespace compete.
	}
	if next.Adopting == "" || next.Adopting == now.Adopting {
		r.adoptions.Delete(key) // The cache shows it.
		return nil
	}
	mine := adoption{obj.UID, r.Now()}
	kept, taken := r.adoptions.LoadOrStore(key, mine)
	other, _ := kept.(adoption)
	switch {
	case !taken:
		return nil
	case other.uid != obj.UID && r.Now().Sub(other.at) < cacheLag:
		return errReserved
	case !r.adoptions.CompareAndSwap(key, other, mine):
		return errReserved
	}
	return nil
}
