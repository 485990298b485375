// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// cached is a cache with one object in it, or none: a real cache cannot be brought to lag behind at will.
type cached struct {
	client.Client

	object *v1alpha1.JujuSecret
}

func (c cached) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	secret, ok := into.(*v1alpha1.JujuSecret)
	if c.object == nil || !ok {
		return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
	}
	c.object.DeepCopyInto(secret)
	return nil
}

type forgetful struct{ Connections }

func (forgetful) Forget(plan.ControllerKey) {}

func TestAnObjectThatIsGoneIsNotLookedAtAgain(t *testing.T) {
	t.Parallel()
	kit := NewKit(cached{}, nil, nil, time.Now)
	for name, reconciler := range map[string]reconcile.Reconciler{
		"JujuSecret":            &SecretReconciler{Kit: kit},
		"JujuSecretAccess":      &AccessReconciler{Kit: kit},
		"ClusterJujuController": &ControllerReconciler{Kit: kit, Connections: forgetful{}},
		"JujuController":        &ControllerReconciler{Kit: kit, Connections: forgetful{}, Local: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result, err := reconciler.Reconcile(t.Context(), ctrl.Request{})
			if err != nil || result != (ctrl.Result{}) {
				t.Errorf("the result is %+v and %v, want nothing", result, err)
			}
		})
	}
}

func TestAnObjectIsWaitedForUntilTheCacheHasWhatWasWritten(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		inCache string
		later   time.Duration
		stale   bool
	}{
		"an older version":                     {"41", 0, true},
		"the version that was written":         {"42", 0, false},
		"a newer version":                      {"43", 0, false},
		"a version that will never come again": {"7", cacheLag, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Now()
			obj := new(v1alpha1.JujuSecret)
			obj.Name, obj.ResourceVersion = "db", "42"
			kit := NewKit(cached{object: obj}, nil, nil, func() time.Time { return now })
			kit.noted(obj)
			obj.ResourceVersion = row.inCache
			now = now.Add(row.later)
			stale, err := kit.get(t.Context(), client.ObjectKeyFromObject(obj), new(v1alpha1.JujuSecret))
			if err != nil || stale != row.stale {
				t.Errorf("stale is %t and the error %v, want %t and none", stale, err, row.stale)
			}
		})
	}
}
