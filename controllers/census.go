// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

// Counted is one object of ours, and how its Ready condition stands.
type Counted struct {
	Kind, Namespace, Name string
	// Status is that of the Ready condition.
	Status metav1.ConditionStatus
	// Reason is its reason, ReasonNone if there is no condition yet, and ReasonOther if a person wrote one there.
	Reason string
}

// What an object counts by whose Ready condition has no reason of the operator's.
const (
	ReasonNone  = "None"
	ReasonOther = "Other"
)

// Census counts the objects that an installation serves.
type Census struct {
	// Cached reads from the cache.
	Cached client.Reader
	Scope  Scope
}

// Take calls visit with each object. It asks nobody but the cache.
func (c Census) Take(ctx context.Context, visit func(Counted)) error {
	served, err := c.controllers(ctx, visit)
	if err != nil {
		return err
	}
	through, err := c.secrets(ctx, served, visit)
	if err != nil {
		return err
	}
	var accesses v1alpha1.JujuSecretAccessList
	if err := c.Cached.List(ctx, &accesses, client.UnsafeDisableDeepCopy); err != nil {
		return err
	}
	for i := range accesses.Items {
		access := &accesses.Items[i]
		keys := accessControllers(access)
		if ref := access.Spec.SecretRef; ref != nil {
			keys = append(keys, through[client.ObjectKey{Namespace: access.Namespace, Name: ref.Name}])
		}
		if served.serves(keys) {
			visit(counted(kindJujuSecretAccess, access))
		}
	}
	return nil
}

// secrets visits the JujuSecrets, and tells which controller objects all go through.
func (c Census) secrets(ctx context.Context, served installations, visit func(Counted)) (map[client.ObjectKey]plan.ControllerKey, error) {
	var secrets v1alpha1.JujuSecretList
	if err := c.Cached.List(ctx, &secrets, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	through := make(map[client.ObjectKey]plan.ControllerKey, len(secrets.Items))
	for i := range secrets.Items {
		secret := &secrets.Items[i]
		controller := modelOfSecret(secret).Controller
		through[client.ObjectKeyFromObject(secret)] = controller
		if served.serves([]plan.ControllerKey{controller}) {
			visit(counted(kindJujuSecret, secret))
		}
	}
	return through, nil
}

// controllers visits the controller objects of the class, and tells which ones are of another.
func (c Census) controllers(ctx context.Context, visit func(Counted)) (installations, error) {
	served := installations{elsewhere: map[plan.ControllerKey]bool{}, scope: c.Scope}
	take := func(obj v1alpha1.ControllerObject, kind v1alpha1.ControllerKind) {
		if obj.Connects().ControllerClass != c.Scope.Class {
			served.elsewhere[keyOf(obj)] = true
			return
		}
		visit(counted(string(kind), obj))
	}
	var local v1alpha1.JujuControllerList
	if err := c.Cached.List(ctx, &local, client.UnsafeDisableDeepCopy); err != nil {
		return served, err
	}
	for i := range local.Items {
		take(&local.Items[i], v1alpha1.KindJujuController)
	}
	if c.Scope.limited() {
		return served, nil
	}
	var shared v1alpha1.ClusterJujuControllerList
	if err := c.Cached.List(ctx, &shared, client.UnsafeDisableDeepCopy); err != nil {
		return served, err
	}
	for i := range shared.Items {
		take(&shared.Items[i], v1alpha1.KindClusterJujuController)
	}
	return served, nil
}

// installations tell who serves what.
type installations struct {
	// elsewhere are the controller objects that another installation serves.
	elsewhere map[plan.ControllerKey]bool
	scope     Scope
}

// serves tells whether this installation serves one of some controller objects, or tells that there is none. See Kit.tenancyFor.
func (i installations) serves(keys []plan.ControllerKey) bool {
	named := false
	for _, key := range keys {
		if key == "" {
			continue
		}
		named = true
		unseen := key.Namespace() == "" && i.scope.limited() && i.scope.Class != ""
		if !unseen && !i.elsewhere[key] {
			return true
		}
	}
	return !named
}

// counted is how an object counts.
func counted(kind string, obj client.Object) Counted {
	found := Counted{
		Kind: kind, Namespace: obj.GetNamespace(), Name: obj.GetName(), Status: metav1.ConditionUnknown, Reason: ReasonNone,
	}
	ready := readyOf(obj)
	if ready == nil {
		return found
	}
	found.Reason = ReasonOther
	if reason := v1alpha1.Reason(ready.Reason); status.Known(reason) {
		found.Reason = ready.Reason
	}
	switch ready.Status {
	case metav1.ConditionTrue, metav1.ConditionFalse:
		found.Status = ready.Status
	case metav1.ConditionUnknown:
	}
	return found
}
