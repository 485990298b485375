// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

func TestInFlightCountsReconcilesOfAllControllersOfAnObject(t *testing.T) {
	t.Parallel()
	f := NewInFlight()
	one := f.begin([]plan.ModelRef{{Controller: "a", Name: "prod/app"}, {Controller: "b"}})
	two := f.begin([]plan.ModelRef{{Controller: "a"}})
	expect := func(when string, a, b bool) {
		t.Helper()
		if f.any("a") != a || f.any("b") != b {
			t.Errorf("%s, a is in use: %t, b: %t, want %t and %t", when, f.any("a"), f.any("b"), a, b)
		}
	}
	expect("with two reconciles", true, true)
	one()
	expect("with one reconcile", true, false)
	two()
	expect("without reconciles", false, false)
}

// acquire must not leave an object counted that it does not admit. Otherwise
// the controller object would never be released.
func TestReconcileIsInFlightFromAdmissionToItsEnd(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		class string
		err   error
	}{
		"served": {"", nil}, "of another class": {"edge", errNotServed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newObjectBase(Options{Client: registry{class: row.class}, Now: time.Now})
			release, err := b.acquire(t.Context(), secretOf("team-a"), plan.ModelRef{Controller: "default", Name: "prod/app"})
			if !errors.Is(err, row.err) || b.InFlight.any("default") != (row.err == nil) {
				t.Fatalf("acquire returned %v, in flight: %t", err, b.InFlight.any("default"))
			}
			if err == nil {
				release()
			}
			if b.InFlight.any("default") {
				t.Error("the reconcile is in flight after its end")
			}
		})
	}
}

func secretOf(namespace string) *v1alpha1.JujuSecret {
	return &v1alpha1.JujuSecret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "db"}}
}

// leases is a client with one Lease or none, and cannot be watched.
type leases struct {
	client.Client

	lease *coordinationv1.Lease
	err   error
}

func (l leases) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	if l.err != nil {
		return l.err
	}
	if l.lease == nil || key != (client.ObjectKey{Namespace: "juju-secrets", Name: "former"}) {
		return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
	}
	l.lease.DeepCopyInto(into.(*coordinationv1.Lease))
	return nil
}

// An installation takes a controller object from another one only when no
// leader of that one can be at work.
func TestStoppedInstallationIsNotAwaited(t *testing.T) {
	t.Parallel()
	now := time.Now()
	leaseOf := func(holder string, renewed time.Duration) *coordinationv1.Lease {
		return &coordinationv1.Lease{Spec: coordinationv1.LeaseSpec{
			HolderIdentity: &holder, LeaseDurationSeconds: new(int32(15)), RenewTime: &metav1.MicroTime{Time: now.Add(-renewed)},
		}}
	}
	failure := errors.New("the API server does not answer")
	for name, row := range map[string]struct {
		leases  leases
		stopped bool
	}{
		"leader":                     {leases{lease: leaseOf("pod-1", 2*time.Second)}, false},
		"leader with another clock":  {leases{lease: leaseOf("pod-1", 29*time.Second)}, false},
		"killed leader":              {leases{lease: leaseOf("pod-1", 31*time.Second)}, true},
		"no leader":                  {leases{lease: leaseOf("", 2*time.Second)}, true},
		"Lease was never renewed":    {leases{lease: &coordinationv1.Lease{}}, true},
		"no Lease":                   {leases{}, true},
		"API server does not answer": {leases{err: failure}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &ControllerReconciler{base: newBase(Options{
				Client: row.leases, Now: func() time.Time { return now },
				Scope: Scope{Lease: client.ObjectKey{Namespace: "juju-secrets", Name: "ours"}},
			})}
			obj := &v1alpha1.ClusterJujuController{}
			obj.Status.ServedBy = "former"
			facts, err := r.observeHandover(t.Context(), obj)
			if !errors.Is(err, row.leases.err) || facts.Stopped != row.stopped {
				t.Errorf("observeHandover returned %+v and %v, want stopped: %t", facts, err, row.stopped)
			}
		})
	}
}
