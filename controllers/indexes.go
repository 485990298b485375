// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/placement"
	"github.com/juju-secrets/operator/internal/plan"
)

// The indexes of the cache. Keys of secrets in Juju begin with the controller
// object and the model, so that a change in one model finds only objects of
// that model.
const (
	// secretSourceIndex and configMapSourceIndex have the namespace/name of what
	// valueFrom refers to.
	secretSourceIndex    = "valueFrom.secretRef.name"
	configMapSourceIndex = "valueFrom.configMapRef.name"
	// claimIndex has what a JujuSecret owns or asks for, see claims.
	claimIndex = "claims"
	// waitingIndex has the claims of JujuSecrets that wait until another object
	// releases a claim.
	waitingIndex = "claims.waiting"
	// grantIndex has the grants that a JujuSecretAccess wants or has made, see
	// grantKeys, and their secrets, see allGrants.
	grantIndex = "grants"
	// unsettledGrantIndex has the grants that may wait for another
	// JujuSecretAccess.
	unsettledGrantIndex = "grants.unsettled"
	// optionIndex has the model's UUID and the options that a JujuSecretAccess
	// wants or has set.
	optionIndex = "configOptions"
	// holdingIndex has the controller objects that were used to create, adopt
	// or grant a secret for an object.
	holdingIndex = "holding"
	// controllerIndex has the controller objects that an object uses.
	controllerIndex = "controller"
	// unsettledIndex is controllerIndex for objects that are not settled.
	unsettledIndex = "controller.unsettled"
	// awaitedModelIndex has the controller object and the model of an object
	// that waits until the controller lists the model.
	awaitedModelIndex = "model.awaited"
	// secretIndex has the controller object, the model's UUID and the secret's
	// ID.
	secretIndex = "status.secretID"
	// modelIndex has the model's UUID.
	modelIndex = "status.modelUUID"

	// jujuSecretRefIndex has the namespace/name of what jujuSecretRef refers to.
	jujuSecretRefIndex = "jujuSecretRef.name" //nolint:gosec // The name of a field, not a credential.
	credentialsIndex   = "credentials"
	readSecretIndex    = "reads.secrets"
	readConfigMapIndex = "reads.configmaps"
)

// nearlyUnique reports whether few objects have the same key in an index.
func nearlyUnique(field string) bool {
	switch field {
	case claimIndex, grantIndex, unsettledGrantIndex, optionIndex, secretIndex, jujuSecretRefIndex,
		secretSourceIndex, configMapSourceIndex:
		return true
	}
	return false
}

// indexes returns the indexes that JujuSecrets and JujuSecretAccesses share.
func indexes[P v1alpha1.RecordedObject](b *base) map[string]func(P) []string {
	return map[string]func(P) []string{
		controllerIndex: func(obj P) []string { return controllerKeys(b.placeOf(obj), obj.GetNamespace()) },
		unsettledIndex: func(obj P) []string {
			place := b.placeOf(obj)
			if place.Settled {
				return nil
			}
			return controllerKeys(place, obj.GetNamespace())
		},
		awaitedModelIndex: func(obj P) []string {
			place := b.placeOf(obj)
			if !plan.WaitsForModel(place.Reason) {
				return nil
			}
			keys := []string{awaitedModelKey(place.Model.Controller, place.Model.String())}
			if former := place.Former; former.Controller != "" {
				keys = append(keys, awaitedModelKey(former.Controller, former.String()))
			}
			return distinct(keys)
		},
		holdingIndex: func(obj P) []string { return stringsOf(b.placeOf(obj).HeldControllers(obj.GetNamespace())) },
		modelIndex:   func(obj P) []string { return []string{b.placeOf(obj).ModelUUID} },
		secretIndex: func(obj P) []string {
			place := b.placeOf(obj)
			if place.SecretID == "" {
				return nil
			}
			var keys []string
			for _, controller := range place.Controllers(obj.GetNamespace()) {
				keys = append(keys, secretKey(controller, place.ModelUUID, place.SecretID))
			}
			return keys
		},
	}
}

func (r *SecretReconciler) indexSecrets(ctx context.Context, indexer client.FieldIndexer) error {
	fields := indexes[*v1alpha1.JujuSecret](&r.base)
	fields[claimIndex] = r.claims
	fields[waitingIndex] = func(s *v1alpha1.JujuSecret) []string {
		if !plan.WaitsForSecret(placement.ReadyReason(s.Status.Conditions)) {
			return nil
		}
		return r.claims(s)
	}
	fields[secretSourceIndex] = func(s *v1alpha1.JujuSecret) []string {
		return sourceKeys(s, func(v v1alpha1.ValueSource) *v1alpha1.SourceReference { return v.SecretRef })
	}
	fields[configMapSourceIndex] = func(s *v1alpha1.JujuSecret) []string {
		return sourceKeys(s, func(v v1alpha1.ValueSource) *v1alpha1.SourceReference { return v.ConfigMapRef })
	}
	return index(ctx, indexer, fields)
}

func (r *AccessReconciler) indexAccesses(ctx context.Context, indexer client.FieldIndexer) error {
	fields := indexes[*v1alpha1.JujuSecretAccess](&r.base)
	fields[grantIndex] = func(a *v1alpha1.JujuSecretAccess) []string {
		recorded := r.recordOf(a)
		wanted := r.placeOf(a).Applications
		return distinct(slices.Concat(
			grantKeys(a.Status.SecretID, wanted), grantKeys(recorded.SecretID, recorded.Granted),
			[]string{allGrants(a.Status.SecretID), allGrants(recorded.SecretID)},
		))
	}
	fields[unsettledGrantIndex] = func(a *v1alpha1.JujuSecretAccess) []string {
		recorded, place := r.recordOf(a), r.placeOf(a)
		var granted []string
		if recorded.SecretID == place.SecretID {
			granted = recorded.Granted
		}
		return grantKeys(place.SecretID, plan.UnsettledGrants(place.Applications, granted, place.Deleting))
	}
	fields[optionIndex] = r.optionKeys
	fields[jujuSecretRefIndex] = func(a *v1alpha1.JujuSecretAccess) []string {
		if a.Spec.JujuSecretRef == nil {
			return nil
		}
		return []string{client.ObjectKey{Namespace: a.Namespace, Name: a.Spec.JujuSecretRef.Name}.String()}
	}
	return index(ctx, indexer, fields)
}

// controllerKeys returns the keys of the controller objects that an object
// uses. It returns the empty key for an access that has none yet.
func controllerKeys(place placement.Placement, namespace string) []string {
	if keys := stringsOf(place.Controllers(namespace)); len(keys) > 0 {
		return keys
	}
	return []string{""}
}

func stringsOf(keys []plan.ControllerKey) []string {
	texts := make([]string, 0, len(keys))
	for _, key := range keys {
		texts = append(texts, string(key))
	}
	return texts
}

func secretKey(controller plan.ControllerKey, modelUUID, secretID string) string {
	return string(controller) + " " + modelUUID + "/" + secretID
}

// awaitedModelKey returns the key of a model by its name or UUID, as an object
// refers to it. It is empty for an access that has not seen its JujuSecret.
func awaitedModelKey(controller plan.ControllerKey, model string) string {
	return string(controller) + " " + model
}

// grantKeys returns the keys of a secret's grants to applications.
func grantKeys(secretID string, apps []string) []string {
	var keys []string
	for _, app := range apps {
		if secretID != "" {
			keys = append(keys, secretID+"/"+app)
		}
	}
	return keys
}

// allGrants returns the key of all grants of a secret, empty without a secret.
// No application has an empty name.
func allGrants(secretID string) string {
	if secretID == "" {
		return ""
	}
	return secretID + "/"
}

// distinct returns the keys sorted, without duplicates and without the empty
// key.
func distinct(keys []string) []string {
	slices.Sort(keys)
	return slices.DeleteFunc(slices.Compact(keys), func(key string) bool { return key == "" })
}

func indexClusterControllers(ctx context.Context, indexer client.FieldIndexer) error {
	return index(ctx, indexer, controllerIndexes[*v1alpha1.ClusterJujuController]())
}

func indexLocalControllers(ctx context.Context, indexer client.FieldIndexer) error {
	return index(ctx, indexer, controllerIndexes[*v1alpha1.JujuController]())
}

// controllerIndexes returns the indexes of a controller object by the Secrets
// and ConfigMaps that it reads.
func controllerIndexes[P v1alpha1.ControllerObject]() map[string]func(P) []string {
	return map[string]func(P) []string{
		credentialsIndex: func(c P) []string { return []string{credentialsOf(c).key.String()} },
		readSecretIndex: func(c P) []string {
			keys := []string{credentialsOf(c).key.String()}
			if from := certificateOf(c); from != nil && from.kind == kindSecret {
				keys = append(keys, from.object.String())
			}
			return distinct(keys)
		},
		readConfigMapIndex: func(c P) []string {
			if from := certificateOf(c); from != nil && from.kind == kindConfigMap {
				return []string{from.object.String()}
			}
			return nil
		},
	}
}

func index[T any, P interface {
	*T
	client.Object
}](ctx context.Context, indexer client.FieldIndexer, fields map[string]func(P) []string) error {
	for field, keys := range fields {
		err := indexer.IndexField(ctx, P(new(T)), field, func(obj client.Object) []string {
			if object, ok := obj.(P); ok {
				return keys(object)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func sourceKeys(s *v1alpha1.JujuSecret, pick func(v1alpha1.ValueSource) *v1alpha1.SourceReference) []string {
	var keys []string
	for _, from := range s.Spec.ValueFrom {
		if ref := pick(from); ref != nil {
			keys = append(keys, client.ObjectKey{Namespace: s.Namespace, Name: ref.Name}.String())
		}
	}
	return keys
}
