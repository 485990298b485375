// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// indexed is a cache with at most one JujuSecret in it, under its indexes, and perhaps out of order.
type indexed struct {
	client.Client

	object *v1alpha1.JujuSecret
	fails  error
}

func (c indexed) List(_ context.Context, into client.ObjectList, options ...client.ListOption) error {
	list, ok := into.(*v1alpha1.JujuSecretList)
	if !ok || c.object == nil || c.fails != nil {
		return c.fails
	}
	var asked client.ListOptions
	asked.ApplyOptions(options)
	set := fields.Set{ofController: c.object.Spec.ControllerRef.Name, inModel: c.object.Status.ModelUUID}
	if asked.FieldSelector.Matches(set) {
		list.Items = append(list.Items, *c.object)
	}
	return nil
}

// ready is a JujuSecret of the controller "default" that is in sync, unless modified otherwise.
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
		{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse}, {Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue},
	}
}

func nowhere(obj *v1alpha1.JujuSecret) { obj.Status.ModelUUID = "" }

func owning(obj *v1alpha1.JujuSecret) { obj.Status.Managed = true }

func wanting(obj *v1alpha1.JujuSecret) {
	stalled(obj)
	obj.Status.Conditions[0].Reason = string(v1alpha1.ReasonApplicationNotFound)
}

func inAnOutage(obj *v1alpha1.JujuSecret) {
	obj.Status.Conditions = append(obj.Status.Conditions,
		metav1.Condition{Type: v1alpha1.ConditionReconciling, Status: metav1.ConditionTrue})
}

func deleted(obj *v1alpha1.JujuSecret) { obj.DeletionTimestamp = &metav1.Time{Time: time.Now()} }

func TestAChangeInJujuWakesWhomItConcerns(t *testing.T) {
	t.Parallel()
	change := func(model string, ids ...string) plan.Change {
		return plan.Change{Controller: "default", ModelUUID: model, IDs: ids}
	}
	ours := func(ids ...string) plan.Change {
		return plan.Change{Controller: "default", ModelUUID: "model", IDs: ids, Ours: true}
	}
	for name, row := range map[string]struct {
		obj    *v1alpha1.JujuSecret
		change plan.Change
		woken  bool
	}{
		"its secret":                                    {ready(), change("model", "other", "secret"), true},
		"another secret":                                {ready(), change("model", "other"), false},
		"a secret of its ID in another model":           {ready(), change("another", "secret"), false},
		"a listing in which nothing is different":       {ready(), change("model"), false},
		"all of its model":                              {ready(), plan.Change{Controller: "default", ModelUUID: "model", All: true}, true},
		"all of another model":                          {ready(), plan.Change{Controller: "default", ModelUUID: "another", All: true}, false},
		"the connection to its controller":              {ready(), plan.Change{Controller: "default", All: true}, true},
		"the connection to another":                     {ready(), plan.Change{Controller: "other", All: true}, false},
		"anything, while it is not well":                {ready(stalled), change("model", "other"), true},
		"not what is in another model, even then":       {ready(stalled), change("another", "other"), false},
		"whatever model, before it has one":             {ready(stalled, nowhere), change("another", "other"), true},
		"not what it did itself":                        {ready(owning), ours("secret"), false},
		"what was done to a secret it refers to":        {ready(), ours("secret"), true},
		"not what was done to another":                  {ready(stalled), ours("other"), false},
		"not other secrets, if it wants an application": {ready(wanting), change("model", "other"), false},
		"its own, if it wants an application":           {ready(wanting), change("model", "secret"), true},
		"an application that appeared":                  {ready(wanting), change("model"), true},
		"anything, while nobody can tell":               {ready(inAnOutage), change("model"), true},
		"anything, while it goes":                       {ready(deleted), change("model"), true},
		"not what is another controller's":              {ready(stalled), plan.Change{Controller: "other", All: true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kit := NewKit(indexed{object: row.obj}, nil, nil, time.Now)
			woken := kit.concerned(new(v1alpha1.JujuSecretList))(t.Context(), row.change)
			if (len(woken) > 0) != row.woken || row.woken && woken[0].Name != "db" {
				t.Errorf("%v are woken, want any: %t", woken, row.woken)
			}
		})
	}
}

func TestAModelIsInUseWhileAnObjectIsInIt(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		cache indexed
		want  bool
	}{
		"one is":            {indexed{object: ready()}, true},
		"one waits in it":   {indexed{object: ready(stalled)}, true},
		"one is in another": {indexed{object: ready(func(s *v1alpha1.JujuSecret) { s.Status.ModelUUID = "another" })}, false},
		"one is nowhere":    {indexed{object: ready(func(s *v1alpha1.JujuSecret) { s.Status.ModelUUID = "" })}, false},
		"none is":           {indexed{}, false},
		"nobody knows":      {indexed{fails: errors.New("not started")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := InUse(t.Context(), row.cache)("model"); got != row.want {
				t.Errorf("it is in use: %t, want %t", got, row.want)
			}
		})
	}
}
