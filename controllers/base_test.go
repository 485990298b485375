// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
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

// cached is a cache with one object or none. A real cache cannot be made stale
// on demand.
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

type noConnections struct{ Connections }

func (noConnections) Forget(plan.ControllerKey) {}

func TestDeletionEndsWithoutRequeue(t *testing.T) {
	t.Parallel()
	b := newObjectBase(Options{Client: cached{}, Now: time.Now})
	for name, reconciler := range map[string]reconcile.Reconciler{
		"JujuSecret":            &SecretReconciler{objectBase: b},
		"JujuSecretAccess":      &AccessReconciler{objectBase: b},
		"ClusterJujuController": &ControllerReconciler{base: b.base, Connections: noConnections{}},
		"JujuController":        &ControllerReconciler{base: b.base, Connections: noConnections{}, Local: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result, err := reconciler.Reconcile(t.Context(), ctrl.Request{})
			if err != nil || result != (ctrl.Result{}) {
				t.Errorf("Reconcile returned %+v and %v, want no requeue", result, err)
			}
		})
	}
}

func TestStaleObjectIsNotReconciled(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		inCache string
		after   time.Duration
		stale   bool
	}{
		"older version":                {"41", 0, true},
		"written version":              {"42", 0, false},
		"newer version":                {"43", 0, false},
		"older version after cacheLag": {"7", cacheLag, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Now()
			obj := new(v1alpha1.JujuSecret)
			obj.Name, obj.ResourceVersion = "db", "42"
			b := newObjectBase(Options{Client: cached{object: obj}, Now: func() time.Time { return now }})
			b.noteWrite(obj)
			obj.ResourceVersion = row.inCache
			now = now.Add(row.after)
			err := b.get(t.Context(), client.ObjectKeyFromObject(obj), new(v1alpha1.JujuSecret))
			if errors.Is(err, errStale) != row.stale || err != nil && !row.stale {
				t.Errorf("get returned %v, stale is %t", err, row.stale)
			}
		})
	}
}

// catchesUp is a cache that gets the newest version after some reads.
type catchesUp struct {
	cached

	reads *int
	after int
}

func (c catchesUp) Get(ctx context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	if *c.reads++; *c.reads > c.after {
		c.object.ResourceVersion = "42"
	}
	return c.cached.Get(ctx, key, into)
}

func TestStaleObjectIsReconciledWhenTheCacheHasTheWrite(t *testing.T) {
	t.Parallel()
	at := func(version string) *v1alpha1.JujuSecret {
		return named("db", func(s *v1alpha1.JujuSecret) { s.ResourceVersion = version })
	}
	key := client.ObjectKeyFromObject(at("42"))
	for name, row := range map[string]struct {
		// reads is the number of reads that find the older version.
		reads int
		want  error
	}{
		"before the read":                       {0, nil},
		"between the read and the check":        {1, nil},
		"after the check, which the watch sees": {2, errStale},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newObjectBase(Options{Client: catchesUp{cached{object: at("41")}, new(int), row.reads}, Now: time.Now})
			b.noteWrite(at("42"))
			if err := b.get(t.Context(), key, new(v1alpha1.JujuSecret)); !errors.Is(err, row.want) {
				t.Fatalf("get returned %v, want %v", err, row.want)
			}
			changes := b.ownChanges()
			if passes(t, changes, at("40"), at("41")) {
				t.Error("an update before the write enqueues the object")
			}
			if waits := row.want != nil; passes(t, changes, at("41"), at("42")) != waits {
				t.Errorf("the write enqueues the object: %t, want %t", !waits, waits)
			}
			if passes(t, changes, at("42"), at("43")) {
				t.Error("an update after the write enqueues the object")
			}
			b.noteWrite(at("44"))
			if passes(t, changes, at("43"), at("44")) {
				t.Error("a write that no reconcile waits for enqueues the object")
			}
		})
	}
}
