// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/placement"
)

// specOrRequest returns a predicate that passes updates that require a
// reconcile: a new generation, which includes a deletion, the annotations to
// request a reconcile and to abandon, and the loss of the finalizer or the
// record, for example when a user replaces the object.
func specOrRequest() predicate.Predicate {
	return predicate.Or(predicate.GenerationChangedPredicate{}, predicate.Funcs{
		UpdateFunc: func(e event.UpdateEvent) bool {
			return requestedAt(e.ObjectOld) != requestedAt(e.ObjectNew) ||
				abandoned(e.ObjectOld) != abandoned(e.ObjectNew)
		},
	}, recordLost())
}

// recordLost returns a predicate that passes updates that removed the
// operator's finalizer or record.
func recordLost() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before := e.ObjectOld.GetAnnotations()[recordAnnotation]
			after := e.ObjectNew.GetAnnotations()[recordAnnotation]
			return hasFinalizer(e.ObjectOld) && (!hasFinalizer(e.ObjectNew) || before != "" && after == "")
		},
	}
}

// abandoned reports whether deletion of the object leaves Juju unchanged.
func abandoned(obj client.Object) bool {
	return obj.GetAnnotations()[v1alpha1.AnnotationAbandon] == "true"
}

// requestedAt returns the value of the annotation that requests a reconcile.
func requestedAt(obj client.Object) string {
	return obj.GetAnnotations()[v1alpha1.AnnotationReconcileRequestedAt]
}

// controllerChanged returns a predicate that passes the changes of a controller
// object that its users depend on: its spec with the tenants, the operator that
// serves it, and the reason of its Ready condition.
func controllerChanged() builder.Predicates {
	return builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, servedByChanged(),
		predicate.Funcs{
			UpdateFunc: func(e event.UpdateEvent) bool {
				return readyReason(e.ObjectOld) != readyReason(e.ObjectNew)
			},
		}))
}

// servedByChanged returns a predicate that passes updates of a controller
// object after which another operator, or none, serves it.
func servedByChanged() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, okBefore := e.ObjectOld.(v1alpha1.ControllerObject)
			after, okAfter := e.ObjectNew.(v1alpha1.ControllerObject)
			return okBefore && okAfter && before.GetStatus().ServedBy != after.GetStatus().ServedBy
		},
	}
}

// claimsChanged returns a predicate that passes the changes of a JujuSecret
// that its competitors depend on: the secrets that it owns and asks for, and
// its deletion.
func (r *SecretReconciler) claimsChanged() builder.Predicates {
	return builder.WithPredicates(predicate.Funcs{
		CreateFunc: func(event.CreateEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, okBefore := e.ObjectOld.(*v1alpha1.JujuSecret)
			after, okAfter := e.ObjectNew.(*v1alpha1.JujuSecret)
			return okBefore && okAfter && r.claimStateOf(before) != r.claimStateOf(after)
		},
	})
}

// namespaceLabelsChanged returns a predicate that passes changed labels, which
// can make a namespace a tenant.
func namespaceLabelsChanged() builder.Predicates {
	return builder.WithPredicates(predicate.LabelChangedPredicate{})
}

// secretChanged returns a predicate that passes the changes of a JujuSecret
// that its accesses depend on: the secret in Juju, its model, its controller
// object, and the first status.
func secretChanged() builder.Predicates {
	return builder.WithPredicates(predicate.Funcs{
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, okBefore := e.ObjectOld.(*v1alpha1.JujuSecret)
			after, okAfter := e.ObjectNew.(*v1alpha1.JujuSecret)
			return okBefore && okAfter && (before.Status.SecretID != after.Status.SecretID ||
				before.Status.ModelUUID != after.Status.ModelUUID ||
				before.Spec.ControllerRef != after.Spec.ControllerRef ||
				len(before.Status.Conditions) == 0 && len(after.Status.Conditions) > 0)
		},
	})
}

// grantsChanged returns a predicate that passes the changes of a
// JujuSecretAccess that others of the same secret or option depend on: the
// grants and options that it wants and has made, whether it can take over
// grants, and its deletion. An access gives up its options only with its last
// event.
func (r *AccessReconciler) grantsChanged() builder.Predicates {
	return builder.WithPredicates(predicate.Funcs{
		CreateFunc: func(event.CreateEvent) bool { return false },
		DeleteFunc: func(e event.DeleteEvent) bool {
			access, ok := e.Object.(*v1alpha1.JujuSecretAccess)
			return ok && len(r.optionKeys(access)) > 0
		},
		UpdateFunc: func(e event.UpdateEvent) bool {
			return e.ObjectOld.GetAnnotations()[recordAnnotation] != e.ObjectNew.GetAnnotations()[recordAnnotation] ||
				e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration() || // A deletion makes a new generation.
				readyReason(e.ObjectOld) != readyReason(e.ObjectNew)
		},
	})
}

// readyReason returns the reason of the Ready condition of an object.
func readyReason(obj client.Object) v1alpha1.Reason {
	return placement.ReadyReason(v1alpha1.ConditionsOf(obj))
}
