// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// sighted sets the controller object, the model and its UUID in the status of
// an access.
func sighted(controller, model, uuid string) func(*v1alpha1.JujuSecretAccess) {
	return func(a *v1alpha1.JujuSecretAccess) {
		a.Status.Controller, a.Status.Model, a.Status.ModelUUID = controller, model, uuid
	}
}

func TestUsesOfModelsFollowEvents(t *testing.T) {
	t.Parallel()
	r := NewControllerReconciler(Options{}, nil, false)
	counts := r.countUses()
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	defer queue.ShutDown()
	appear := func(obj client.Object) { counts.Create(t.Context(), event.CreateEvent{Object: obj}, queue) }
	secret := named("db")
	appear(secret)
	seen := named("seen", modelUUID("one"))
	appear(seen)
	appear(named("by-uuid", modelUUID("one"), func(s *v1alpha1.JujuSecret) { s.Spec.Model, s.Spec.ModelUUID = "", "one" }))
	appear(named("other", modelUUID("two"), usesController("", "another")))
	appear(named("own", modelUUID("three"), local))
	appear(access())
	granted := access(sighted("default", "prod/app", "one"))
	appear(granted)
	appear(access(sighted("team-b/default", "prod/app", "one"))) // Another namespace's, which does not count.
	want := func(when string, want ...plan.ModelUse) {
		t.Helper()
		got := r.uses.of("default")
		slices.SortFunc(got, func(a, b plan.ModelUse) int { return strings.Compare(a.UUID, b.UUID) })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	want("created", plan.ModelUse{UUID: "one", Name: "prod/app", Objects: 3})
	update := func(before, after client.Object) {
		counts.Update(t.Context(), event.UpdateEvent{ObjectOld: before, ObjectNew: after}, queue)
	}
	found := named("db", modelUUID("four"))
	update(secret, found)
	want("one sees its model", plan.ModelUse{UUID: "four", Name: "prod/app", Objects: 1},
		plan.ModelUse{UUID: "one", Name: "prod/app", Objects: 3})
	moved := named("seen", modelUUID("four"))
	update(seen, moved)
	want("one is in another model", plan.ModelUse{UUID: "four", Name: "prod/app", Objects: 2},
		plan.ModelUse{UUID: "one", Name: "prod/app", Objects: 2})
	counts.Delete(t.Context(), event.DeleteEvent{Object: moved}, queue)
	counts.Delete(t.Context(), event.DeleteEvent{Object: found}, queue)
	counts.Delete(t.Context(), event.DeleteEvent{Object: granted}, queue)
	want("deleted", plan.ModelUse{UUID: "one", Objects: 1})
}

func TestOnlyAnotherUseOfAModelIsCounted(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		before, after client.Object
		want          bool
	}{
		"no change":           {named("db"), named("db"), false},
		"record":              {named("db"), named("db", adopts("one")), false},
		"secret":              {named("db"), named("db", has("one")), false},
		"model's UUID":        {named("db"), named("db", modelUUID("one")), true},
		"model":               {named("db"), named("db", modelNamed("prod/other")), true},
		"controller":          {named("db"), named("db", usesController("", "another")), true},
		"access sees its use": {access(), access(sighted("default", "prod/app", "one")), true},
		"grants":              {access(), access(grantedThrough("one", "app1")), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := passes(t, usesChanged(), row.before, row.after); got != row.want {
				t.Errorf("the update passes: %t, want %t", got, row.want)
			}
		})
	}
}
