// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// ready returns a JujuSecret of the controller "default" that is in sync.
func ready(modify ...func(*v1alpha1.JujuSecret)) *v1alpha1.JujuSecret {
	obj := new(v1alpha1.JujuSecret)
	obj.Name, obj.Spec.ControllerRef.Name = "db", "default"
	obj.Status.ModelUUID, obj.Status.SecretID = "model", "secret"
	obj.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue}}
	for _, change := range modify {
		change(obj)
	}
	return obj
}

func stalled(obj *v1alpha1.JujuSecret) {
	obj.Status.Conditions = []metav1.Condition{
		{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse},
		{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue},
	}
}

func deleted(obj *v1alpha1.JujuSecret) { obj.DeletionTimestamp = &metav1.Time{Time: time.Now()} }

// Package plan's TestChangeConcernsObjects covers which of the objects found are
// concerned.
func TestChangeInJujuWakesObjects(t *testing.T) {
	t.Parallel()
	at := func(name string, modify ...func(*v1alpha1.JujuSecret)) *v1alpha1.JujuSecret {
		obj := ready(modify...)
		obj.Namespace, obj.Name, obj.UID = "team-a", name, types.UID(name)
		return obj
	}
	secrets := []*v1alpha1.JujuSecret{
		at("same"), at("other", has("other")), at("waits", has("other"), stalled),
		at("owner", owns("secret")),
		at("other-model", modelUUID("another")), at("other-controller", usesController("", "another")),
	}
	accesses := []*v1alpha1.JujuSecretAccess{
		access(), // Without a status, its controller is unknown.
		access(through("another"), func(a *v1alpha1.JujuSecretAccess) { a.UID, a.Name = "another", "another" }),
		access(through("default"), func(a *v1alpha1.JujuSecretAccess) {
			a.UID, a.Name, a.Status.ModelUUID, a.Status.SecretID = "same", "same", "model", "secret"
		}),
	}
	change := func(modify ...func(*plan.Change)) plan.Change {
		c := plan.Change{Controller: "default", ModelUUID: "model"}
		for _, do := range modify {
			do(&c)
		}
		return c
	}
	ids := func(ids ...string) func(*plan.Change) { return func(c *plan.Change) { c.IDs = ids } }
	all := func(c *plan.Change) { c.All = true }
	everyModel := func(c *plan.Change) { c.ModelUUID = "" }
	health := func(c *plan.Change) { c.Health = true }
	by := func(own plan.OwnChange, apps ...string) func(*plan.Change) {
		return func(c *plan.Change) { c.Own, c.Applications = own, apps }
	}
	for name, row := range map[string]struct {
		change            plan.Change
		secrets, accesses []string
	}{
		"secret": {
			change(ids("secret")), []string{"owner", "same", "waits"}, []string{"db", "same"},
		},
		"several secrets": {
			change(ids("secret", "other")), []string{"other", "owner", "same", "waits"}, []string{"db", "same"},
		},
		"listing without changes": {change(), []string{"waits"}, []string{"db", "same"}},
		"all secrets of a model": {
			change(all), []string{"other", "owner", "same", "waits"}, []string{"db", "same"},
		},
		"connection": {
			change(all, everyModel), []string{"other", "other-model", "owner", "same", "waits"}, []string{"db", "same"},
		},
		"health of a controller": {change(health, all), nil, nil},
		"own update":             {change(ids("secret"), by(plan.OwnUpdate)), []string{"same"}, nil},
		"own removal": {
			change(ids("secret"), by(plan.OwnRemoval)), []string{"same"}, []string{"same"},
		},
		"own revocation, not wanted": {change(ids("secret"), by(plan.OwnRevoke, "app1")), nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestBase(cluster{secrets: secrets, accesses: accesses}, nil)
			names := func(list client.ObjectList) []string {
				var found []string
				for _, request := range b.concerned(list)(t.Context(), row.change) {
					found = append(found, request.Name)
				}
				slices.Sort(found)
				return found
			}
			got := [][]string{names(&v1alpha1.JujuSecretList{}), names(&v1alpha1.JujuSecretAccessList{})}
			if diff := cmp.Diff([][]string{row.secrets, row.accesses}, got); diff != "" {
				t.Errorf("JujuSecrets and accesses enqueued (-want +got):\n%s", diff)
			}
		})
	}
}

// An object that changed itself is reconciled before the thousands that wait for
// their controller.
func TestChangeOfManyObjectsWaitsBehindOthers(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		woken int
		first string
	}{
		"few":  {manyRequests - 1, "0"},
		"many": {manyRequests, "changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wakeups, queue := NewWakeups(nil), priorityqueue.New[reconcile.Request](t.Name())
			defer queue.ShutDown()
			source := wakeups.source(func(context.Context, plan.Change) (requests []reconcile.Request) {
				for i := range row.woken {
					requests = append(requests, request(fmt.Sprint(i)))
				}
				return requests
			})
			if err := source.Start(t.Context(), queue); err != nil {
				t.Fatal(err)
			}
			wakeups.handlers[0](plan.Change{All: true})
			queue.Add(request("changed"))
			if got, _ := queue.Get(); got.Name != row.first {
				t.Errorf("the first object is %q, want %q", got.Name, row.first)
			}
		})
	}
}

func TestListedModelWakesObjectsThatWaitForIt(t *testing.T) {
	t.Parallel()
	b := newTestBase(cluster{secrets: []*v1alpha1.JujuSecret{
		waitingFor("by-name", v1alpha1.ReasonModelNotFound, modelNamed("prod/app")),
		waitingFor("denied", v1alpha1.ReasonTenantDenied, byModelUUID("uuid")),
		waitingFor("other-model", v1alpha1.ReasonModelNotFound, modelNamed("prod/other")),
		waitingFor("other-controller", v1alpha1.ReasonModelNotFound, modelNamed("prod/app"), usesController("", "another")),
		waitingFor("other-reason", v1alpha1.ReasonFailed, modelNamed("prod/app")),
		waitingFor("ready", v1alpha1.ReasonSynced, modelNamed("prod/app")),
	}}, nil)
	var got []string
	change := plan.Change{Controller: "default", Listed: []string{"prod/app", "uuid"}}
	for _, request := range b.concerned(&v1alpha1.JujuSecretList{})(t.Context(), change) {
		got = append(got, request.Name)
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"by-name", "denied"}, got); diff != "" {
		t.Errorf("JujuSecrets enqueued (-want +got):\n%s", diff)
	}
	keys := []client.MatchingFields{
		{awaitedModelIndex: "default "}, {awaitedModelIndex: "default prod/app"}, {awaitedModelIndex: "default uuid"},
	}
	if diff := cmp.Diff(keys, affected(change)); diff != "" {
		t.Errorf("index keys (-want +got):\n%s", diff)
	}
}

// waitingFor returns a JujuSecret of the controller "default" that has not seen
// its model.
func waitingFor(
	name string, reason v1alpha1.Reason, modify ...func(*v1alpha1.JujuSecret),
) *v1alpha1.JujuSecret {
	obj := ready(append(modify, modelUUID(""), has(""))...)
	obj.Namespace, obj.Name, obj.UID = "team-a", name, types.UID(name)
	obj.Status.Conditions[0].Reason = string(reason)
	if reason != v1alpha1.ReasonSynced {
		obj.Status.Conditions[0].Status = metav1.ConditionFalse
	}
	return obj
}

func byModelUUID(uuid string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.Spec.ModelUUID = uuid }
}

func TestModelIsAwaitedWhileAnObjectWaitsForIt(t *testing.T) {
	t.Parallel()
	byName := plan.ModelRef{Controller: "default", Name: "prod/app"}
	byUUID := plan.ModelRef{Controller: "default", UUID: "uuid"}
	one := func(reason v1alpha1.Reason, modify ...func(*v1alpha1.JujuSecret)) cluster {
		return cluster{secrets: []*v1alpha1.JujuSecret{waitingFor("db", reason, modify...)}}
	}
	for name, row := range map[string]struct {
		cache cluster
		model plan.ModelRef
		want  bool
	}{
		"by name":        {one(v1alpha1.ReasonModelNotFound, modelNamed("prod/app")), byName, true},
		"by UUID":        {one(v1alpha1.ReasonModelNotFound, byModelUUID("uuid")), byUUID, true},
		"denied":         {one(v1alpha1.ReasonTenantDenied, byModelUUID("uuid")), byUUID, true},
		"another name":   {one(v1alpha1.ReasonModelNotFound, modelNamed("prod/other")), byName, false},
		"another reason": {one(v1alpha1.ReasonFailed, modelNamed("prod/app")), byName, false},
		"another controller object": {
			one(v1alpha1.ReasonModelNotFound, modelNamed("prod/app"), usesController("", "another")), byName, false,
		},
		"in sync":     {one(v1alpha1.ReasonSynced, modelNamed("prod/app")), byName, false},
		"no objects":  {cluster{}, byName, false},
		"cache fails": {cluster{fails: errors.New("not started")}, byName, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := IsAwaited(t.Context(), row.cache)(row.model); got != row.want {
				t.Errorf("awaited: %t, want %t", got, row.want)
			}
		})
	}
}

func TestOwnChangeWakesOnlyObjectsOfItsSecrets(t *testing.T) {
	t.Parallel()
	got := affected(plan.Change{
		Controller: "default", ModelUUID: "model", IDs: []string{"one", "two"}, Own: plan.OwnUpdate,
	})
	want := []client.MatchingFields{{secretIndex: "default model/one"}, {secretIndex: "default model/two"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestModelIsInUseWhileAnObjectIsInIt(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		cache cluster
		want  bool
	}{
		"JujuSecret":         {cluster{secrets: []*v1alpha1.JujuSecret{ready()}}, true},
		"stalled JujuSecret": {cluster{secrets: []*v1alpha1.JujuSecret{ready(stalled)}}, true},
		"JujuSecret in another model": {
			cluster{secrets: []*v1alpha1.JujuSecret{ready(modelUUID("another"))}}, false,
		},
		"JujuSecret without a model": {
			cluster{secrets: []*v1alpha1.JujuSecret{ready(modelUUID(""))}}, false,
		},
		"JujuSecretAccess": {
			cluster{accesses: []*v1alpha1.JujuSecretAccess{
				access(func(a *v1alpha1.JujuSecretAccess) { a.Status.ModelUUID = "model" }),
			}},
			true,
		},
		"no objects":  {cluster{}, false},
		"cache fails": {cluster{fails: errors.New("not started")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := InUse(t.Context(), row.cache)("model"); got != row.want {
				t.Errorf("in use: %t, want %t", got, row.want)
			}
		})
	}
}
