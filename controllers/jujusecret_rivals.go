// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// stakes are what a JujuSecret has or wants, as the keys of an index: secrets by their IDs, which are unique everywhere, and
// names, which are unique in a model.
func stakes(s *v1alpha1.JujuSecret) []string {
	if s.Spec.ManagementPolicy == v1alpha1.ManagementObserve {
		return nil
	}
	record := recordOf(s)
	keys := []string{byID(s.Spec.ID), byID(managedID(s)), byID(record.Adopting), byName(s.JujuName())}
	if record.Creating != nil {
		keys = append(keys, byName(record.Creating.Name), byID(record.Creating.ID))
	}
	return distinct(keys)
}

func byID(id string) string {
	if id == "" {
		return ""
	}
	return "id/" + id
}

func byName(name string) string {
	if name == "" {
		return ""
	}
	return "name/" + name
}

// distinct are the keys that are not empty, each once.
func distinct(keys []string) []string {
	slices.Sort(keys)
	return slices.DeleteFunc(slices.Compact(keys), func(key string) bool { return key == "" })
}

// managedID is the ID of the secret that is a JujuSecret's own, empty if there is none.
func managedID(s *v1alpha1.JujuSecret) string {
	if !s.Status.Managed {
		return ""
	}
	return s.Status.SecretID
}

// observeRivals gathers the other JujuSecrets, of whatever namespace, that have a stake in what an object has, wants or has
// found.
func (r *SecretReconciler) observeRivals(ctx context.Context, obj *v1alpha1.JujuSecret, seen *plan.SecretSeen) error {
	keys := stakes(obj)
	for _, secret := range found(seen) {
		keys = append(keys, byID(secret.ID), byName(secret.Name))
	}
	others := map[client.ObjectKey]*v1alpha1.JujuSecret{}
	for _, key := range distinct(keys) {
		var list v1alpha1.JujuSecretList
		if err := r.List(ctx, &list, client.MatchingFields{stake: key}); err != nil {
			return err
		}
		for i := range list.Items {
			if other := &list.Items[i]; other.UID != obj.UID && trusted(obj, other, seen.Model.Controller, modelOfSecret(other).Controller) {
				others[client.ObjectKeyFromObject(other)] = other
			}
		}
	}
	for _, other := range sortedByAge(others) {
		rival, err := r.rival(ctx, obj, seen, other)
		if err != nil {
			return err
		}
		seen.Rivals = append(seen.Rivals, rival)
	}
	return nil
}

// rival is what another object means for one that is decided on.
func (r *SecretReconciler) rival(ctx context.Context, obj *v1alpha1.JujuSecret, seen *plan.SecretSeen, other *v1alpha1.JujuSecret) (plan.Rival, error) {
	rival := plan.Rival{
		Object: client.ObjectKeyFromObject(other).String(),
		Older:  olderFirst(other, obj) < 0,
		Going:  !other.DeletionTimestamp.IsZero(),
	}
	record := r.recordOf(other)
	may, err := r.mayUse(ctx, obj, seen, other)
	if err != nil {
		return rival, err
	}
	if may || r.provenOwner(other, seen.World.ModelUUID) {
		rival.SecretID = managedID(other)
		rival.Noted = rival.SecretID != ""
	}
	if begun := pendingCreation(record, managedID(other)); begun != nil && maybeSameModel(other, obj, seen) {
		if begun.ID != "" {
			rival.SecretID, rival.Noted = begun.ID, false
		}
		rival.Begun = r.asBegun(other, begun, found(seen))
	}
	adopting := rival.SecretID == "" && record.Adopting != ""
	asks, adopts := asksFor(other, seen.Want), wouldAdopt(other, found(seen))
	if !may || !asks && !adopts && !adopting { // Whoever may not use the model has not begun anything there.
		return rival, nil
	}
	acts := !rival.Going && !other.Spec.Suspend
	rival.Wants, rival.Adopts = asks && acts, adopts && acts
	if adopting {
		rival.SecretID = record.Adopting
	}
	return rival, nil
}

// mayUse tells whether another object is about the model that was looked at for one, and may use it.
func (r *SecretReconciler) mayUse(ctx context.Context, obj *v1alpha1.JujuSecret, seen *plan.SecretSeen, other *v1alpha1.JujuSecret) (bool, error) {
	if !sameModel(other, obj, seen) {
		return false, nil
	}
	ref := modelOfSecret(other)
	tenancy, err := r.tenancy(ctx, other, ref)
	switch {
	case err != nil || tenancy.Verdict != nil:
		return false, client.IgnoreNotFound(err) // Its namespace may just have gone.
	case tenancy.Elsewhere, ref == modelOfSecret(obj), ref.UUID == seen.World.ModelUUID:
		return true, nil
	case ref.Controller.Namespace() != "":
		return true, nil // Of the same namespace, which has but itself to deceive; and what answers there may be slow.
	}
	// That it is the same model only its status says, which a person may have written.
	return r.Juju.World(ctx, ref, plan.Query{}).ModelUUID == seen.World.ModelUUID, nil
}

// asksFor tells whether another object asks for the same name or the same ID. One that goes by an ID asks for a name only for
// the secret that it has: it makes none.
func asksFor(other *v1alpha1.JujuSecret, want plan.SecretWant) bool {
	sameName := other.JujuName() != "" && other.JujuName() == want.Name
	return sameName && (other.Spec.ID == "" || managedID(other) != "") || other.Spec.ID != "" && other.Spec.ID == want.ID
}

// wouldAdopt tells whether another object would take over one of these secrets.
func wouldAdopt(other *v1alpha1.JujuSecret, secrets []*plan.UserSecret) bool {
	return other.Spec.AdoptionPolicy == v1alpha1.AdoptionAdopt && slices.ContainsFunc(secrets, func(s *plan.UserSecret) bool {
		return other.Spec.ID == s.ID || other.Spec.ID == "" && other.JujuName() == s.Name
	})
}

// pendingCreation is a creation whose end is not in an object's status, nil if there is none.
func pendingCreation(record plan.Record, managed string) *plan.Creation {
	if record.Creating == nil || record.Creating.Replaces != managed {
		return nil
	}
	return record.Creating
}

// recordOf reads an object's record, but for what it cannot prove.
func (r *SecretReconciler) recordOf(s *v1alpha1.JujuSecret) plan.Record {
	record := recordOf(s)
	if begun := record.Creating; begun != nil && begun.ID != "" && begun.Proof != r.proof(s, begun.ID) {
		unproven := *begun
		unproven.ID, unproven.Proof = "", ""
		record.Creating = &unproven
	}
	return record
}

// asBegun are the IDs of those secrets that are as another object asked for in a creation. Once it was recognised in one, it is
// in that alone.
func (r *SecretReconciler) asBegun(other *v1alpha1.JujuSecret, creation *plan.Creation, secrets []*plan.UserSecret) []string {
	var ids []string
	for _, secret := range secrets {
		alike := secret.Name == creation.Name && secret.Revision == 1 && secret.Checksum.Open() != "" &&
			slices.Contains(creation.Digests, r.Key.DigestOf(string(other.UID), secret.Checksum))
		if creation.ID == "" && alike {
			ids = append(ids, secret.ID)
		}
	}
	return ids
}

// found are the secrets that were found in the model.
func found(seen *plan.SecretSeen) []*plan.UserSecret {
	found := []*plan.UserSecret{seen.World.ByID, seen.World.ByName, seen.Begun}
	return slices.DeleteFunc(found, func(s *plan.UserSecret) bool { return s == nil })
}

// sameModel tells whether another object is about the model that was looked at for this one.
func sameModel(other, obj *v1alpha1.JujuSecret, seen *plan.SecretSeen) bool {
	uuid := seen.World.ModelUUID
	return modelOfSecret(other) == modelOfSecret(obj) || uuid != "" && (other.Spec.ModelUUID == uuid || other.Status.ModelUUID == uuid)
}

// maybeSameModel is sameModel, and true where nobody can tell yet: the other object goes through another controller object, or names
// its model in another way, and has not seen it. Models of different names are different ones everywhere.
func maybeSameModel(other, obj *v1alpha1.JujuSecret, seen *plan.SecretSeen) bool {
	a, b := modelOfSecret(other), modelOfSecret(obj)
	unseen := other.Status.ModelUUID == "" && other.Spec.ModelUUID == ""
	anotherName := a.Name != "" && b.Name != "" && a.Name != b.Name
	anotherWay := a.Controller != b.Controller || a.Name != b.Name
	return sameModel(other, obj, seen) || unseen && anotherWay && !anotherName
}

func sortedByAge(objects map[client.ObjectKey]*v1alpha1.JujuSecret) []*v1alpha1.JujuSecret {
	var sorted []*v1alpha1.JujuSecret
	for _, obj := range objects {
		sorted = append(sorted, obj)
	}
	slices.SortFunc(sorted, olderFirst)
	return sorted
}

// olderFirst compares by age. Kubernetes tells it in whole seconds, so that among those of one second the name decides: any
// order will do, if it is always the same.
func olderFirst(a, b *v1alpha1.JujuSecret) int {
	return cmp.Or(
		a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name),
	)
}

// adoption is one that an object has begun.
type adoption struct {
	uid types.UID
	at  time.Time
}

// reserve makes sure that no two objects begin to adopt one secret at the same time, when neither sees the record of the other
// yet. It tells whether the object may.
func (r *SecretReconciler) reserve(obj *v1alpha1.JujuSecret, now, next plan.Record) bool {
	key := next.Adopting
	if own := modelOfSecret(obj).Controller.Namespace(); own != "" {
		key = own + "/" + key // Nobody else's claim counts there, nor this one elsewhere.
	}
	if next.Adopting == "" || next.Adopting == now.Adopting {
		r.adoptions.Delete(key) // The cache shows it.
		return true
	}
	mine := adoption{obj.UID, r.Now()}
	kept, taken := r.adoptions.LoadOrStore(key, mine)
	other, _ := kept.(adoption)
	switch {
	case !taken:
		return true
	case other.uid != obj.UID && r.Now().Sub(other.at) < cacheLag:
		return false
	}
	return r.adoptions.CompareAndSwap(key, other, mine)
}
