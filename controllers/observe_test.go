// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/record"
	"github.com/juju-secrets/operator/internal/status"
)

func TestChangedRequestedOrWaitingObjectNeedsFreshFacts(t *testing.T) {
	t.Parallel()
	request := func(obj *v1alpha1.JujuSecret, requested, handled string) {
		if requested != "" {
			obj.Annotations = map[string]string{v1alpha1.AnnotationReconcileRequestedAt: requested}
		}
		obj.Status.LastHandledReconcileAt = handled
	}
	for name, row := range map[string]struct {
		requested, handled string
		generation         int64
		waits              v1alpha1.Reason
		want               plan.Age
		within             time.Duration
	}{
		"unchanged":                       {"", "", 2, "", plan.AsKnown, 0},
		"new generation":                  {"", "", 3, "", plan.Recent, 0},
		"requested":                       {"noon", "", 2, "", plan.Fresh, 0},
		"requested again":                 {"later", "noon", 2, "", plan.Fresh, 0},
		"request handled":                 {"noon", "noon", 2, "", plan.AsKnown, 0},
		"request handled, new generation": {"noon", "noon", 3, "", plan.Recent, 0},
		"requested, new generation":       {"noon", "", 3, "", plan.Fresh, 0},
		"waiting for a secret":            {"", "", 2, v1alpha1.ReasonSecretNotFound, plan.Awaited, 27 * time.Second},
		"waiting for a name":              {"", "", 2, v1alpha1.ReasonNameTaken, plan.Awaited, 54 * time.Second},
		"waiting for grants":              {"", "", 2, v1alpha1.ReasonTransferringGrants, plan.Awaited, 27 * time.Second},
		"waiting for another object":      {"", "", 2, v1alpha1.ReasonConflict, plan.AsKnown, 0},
		"waiting for a source":            {"", "", 2, v1alpha1.ReasonSourceNotFound, plan.AsKnown, 0},
		"waiting, new generation":         {"", "", 3, v1alpha1.ReasonSecretNotFound, plan.Recent, 0},
		"waiting, requested":              {"noon", "", 2, v1alpha1.ReasonSecretNotFound, plan.Fresh, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := ready()
			request(obj, row.requested, row.handled)
			obj.Generation, obj.Status.ObservedGeneration = row.generation, 2
			now := time.Now()
			if row.waits != "" {
				obj.Status.Conditions = waitingSince(row.waits, now.Add(-time.Hour))
			}
			b := newBase(Options{Now: func() time.Time { return now }})
			var query plan.Query
			b.setAge(&query, obj, obj.Status.ObservedGeneration, obj.Status.LastHandledReconcileAt)
			if query.Age != row.want || query.Within != row.within {
				t.Errorf("the age is %v within %v, want %v within %v", query.Age, query.Within, row.want, row.within)
			}
		})
	}
}

func TestPendingRequestKeepsTheTimeWhenItWasFirstSeen(t *testing.T) {
	t.Parallel()
	now := time.Now()
	b := newBase(Options{Now: func() time.Time { return now }})
	obj := ready()
	look := func(requested string) time.Time {
		obj.Annotations = map[string]string{v1alpha1.AnnotationReconcileRequestedAt: requested}
		now = now.Add(time.Minute)
		var query plan.Query
		b.setAge(&query, obj, obj.Status.ObservedGeneration, obj.Status.LastHandledReconcileAt)
		return query.Requested
	}
	first, again, next := look("noon"), look("noon"), look("later")
	if !again.Equal(first) || !next.Equal(now) {
		t.Errorf("the requests were first seen at %v, %v and %v", first, again, next)
	}
	obj.Generation++
	if changed := look("later"); !changed.IsZero() {
		t.Errorf("the request of a changed object was first seen at %v", changed)
	}
	obj.Status.ObservedGeneration = obj.Generation
	obj.Status.LastHandledReconcileAt = "later"
	if handled := look("later"); !handled.IsZero() {
		t.Errorf("a handled request was first seen at %v", handled)
	}
}

func TestModelUUIDOfAnAccessIsOfTheSameModel(t *testing.T) {
	t.Parallel()
	app := plan.ModelRef{Controller: "default", Name: "prod/app"}
	other := plan.ModelRef{Controller: "default", Name: "prod/b"}
	recorded := plan.Record{Model: app, ModelUUID: "recorded"}
	status := v1alpha1.JujuSecretAccessStatus{Controller: "default", Model: "prod/app", ModelUUID: "seen"}
	for name, row := range map[string]struct {
		recorded plan.Record
		model    plan.ModelRef
		want     string
	}{
		"the record has it":               {recorded, app, "recorded"},
		"an older record, the status":     {plan.Record{Model: app}, app, "seen"},
		"no record, the status":           {plan.Record{}, app, "seen"},
		"another model":                   {recorded, other, ""},
		"the model at another place":      {recorded, plan.ModelRef{Controller: "other", Name: "prod/app"}, ""},
		"a former model, by its record":   {plan.Record{Model: other, ModelUUID: "former"}, other, "former"},
		"a former model, an older record": {plan.Record{Model: other}, other, ""},
	} {
		if got := lastModelUUID(&v1alpha1.JujuSecretAccess{Status: status}, row.recorded, row.model); got != row.want {
			t.Errorf("%s: the UUID is %q, want %q", name, got, row.want)
		}
	}
}

// The model of the grants may have been migrated.
func TestDeletedAccessGoesThroughTheControllerOfItsReference(t *testing.T) {
	t.Parallel()
	recorded := func(controller plan.ControllerKey) plan.Record {
		return plan.Record{
			Model: plan.ModelRef{Controller: controller, Name: "prod/app"}, SecretID: "one", Granted: []string{"app"},
		}
	}
	direct := func(kind v1alpha1.ControllerKind, name string) *v1alpha1.JujuSecretAccess {
		obj := new(v1alpha1.JujuSecretAccess)
		obj.Namespace, obj.Name = "team-a", "grants"
		obj.Spec.Secret = &v1alpha1.UserSecretReference{
			ControllerRef: v1alpha1.ControllerReference{Kind: kind, Name: name}, Model: "prod/app", ID: "one",
		}
		return obj
	}
	of := func(secret string) *v1alpha1.JujuSecretAccess {
		obj := new(v1alpha1.JujuSecretAccess)
		obj.Namespace, obj.Name = "team-a", "grants"
		obj.Spec.JujuSecretRef = &v1alpha1.JujuSecretReference{Name: secret}
		return obj
	}
	present := func(name, id string) *v1alpha1.JujuSecret {
		return named(name, func(s *v1alpha1.JujuSecret) { s.Spec.ControllerRef.Name, s.Status.SecretID = "present", id })
	}
	objects := cluster{secrets: []*v1alpha1.JujuSecret{present("moved", "one"), present("another", "two")}}
	for name, row := range map[string]struct {
		obj      *v1alpha1.JujuSecretAccess
		recorded plan.ControllerKey
		want     plan.ControllerKey
		unnamed  bool
	}{
		"the same reference": {direct(v1alpha1.KindClusterJujuController, "former"), "former", "former", false},
		"another reference":  {direct(v1alpha1.KindClusterJujuController, "present"), "former", "present", false},
		"from a JujuController": {
			direct(v1alpha1.KindClusterJujuController, "present"), "team-a/juju", "team-a/juju", false,
		},
		"to a JujuController":            {direct(v1alpha1.KindJujuController, "juju"), "former", "team-a/juju", false},
		"a JujuSecret that moved":        {of("moved"), "former", "present", false},
		"a JujuSecret of another secret": {of("another"), "former", "former", true},
		"a JujuSecret that was deleted":  {of("deleted"), "former", "former", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &AccessReconciler{newTestBase(objects, nil)}
			got, unnamed, err := r.presentController(t.Context(), row.obj, recorded(row.recorded))
			if err != nil || got != row.want || unnamed != row.unnamed {
				t.Errorf("the controller object is %q, unnamed %t, error %v, want %q and %t",
					got, unnamed, err, row.want, row.unnamed)
			}
		})
	}
}

// waitingSince returns the conditions of an object that waits since a time.
func waitingSince(reason v1alpha1.Reason, since time.Time) (conditions []metav1.Condition) {
	for _, kind := range []string{v1alpha1.ConditionReady, status.HandlingOf(reason).Also} {
		conditions = append(conditions, metav1.Condition{
			Type: kind, Reason: string(reason), LastTransitionTime: metav1.NewTime(since),
		})
	}
	return conditions
}

// controllerObjects is a client with controller objects.
type controllerObjects struct {
	client.Client

	shared []v1alpha1.ClusterJujuController
	local  []v1alpha1.JujuController
}

func (c controllerObjects) List(_ context.Context, into client.ObjectList, _ ...client.ListOption) error {
	switch list := into.(type) {
	case *v1alpha1.ClusterJujuControllerList:
		list.Items = c.shared
	case *v1alpha1.JujuControllerList:
		list.Items = c.local
	}
	return nil
}

func (c controllerObjects) Get(
	_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption,
) error {
	switch into := into.(type) {
	case *v1alpha1.ClusterJujuController:
		for _, obj := range c.shared {
			if obj.Name == key.Name {
				obj.DeepCopyInto(into)
				return nil
			}
		}
	case *v1alpha1.JujuController:
		for _, obj := range c.local {
			if obj.Name == key.Name && obj.Namespace == key.Namespace {
				obj.DeepCopyInto(into)
				return nil
			}
		}
	case *metav1.PartialObjectMetadata:
		into.Name = key.Name
		return nil
	}
	return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
}

// viewsBy are Models with the UUID of the model at each controller object.
type viewsBy map[plan.ControllerKey]string

func (v viewsBy) View(_ context.Context, model plan.ModelRef, _ plan.Query) plan.ModelView {
	return plan.ModelView{Known: v[model.Controller] != "", ModelUUID: v[model.Controller]}
}

func (viewsBy) Identify(context.Context, plan.ModelRef, plan.Query) plan.ListedModel {
	return plan.ListedModel{Known: true}
}

func (viewsBy) Announce(plan.ModelRef, []plan.Step) Ticket { return nil }

func (viewsBy) Changed() <-chan plan.Change { return nil }

// Without a JujuSecret, only the UUID of the Juju controller and the UUID of the
// model say where the grants are.
func TestMigratedModelIsFoundByTheUUIDOfItsController(t *testing.T) {
	t.Parallel()
	shared := func(name, uuid, class string, tenants []v1alpha1.Tenant) v1alpha1.ClusterJujuController {
		obj := v1alpha1.ClusterJujuController{ObjectMeta: metav1.ObjectMeta{Name: name}}
		obj.Spec.ControllerClass, obj.Spec.Tenants, obj.Status.ControllerUUID = class, tenants, uuid
		return obj
	}
	local := v1alpha1.JujuController{ObjectMeta: metav1.ObjectMeta{Namespace: "team-a", Name: "juju"}}
	local.Status.ControllerUUID = "there"
	objects := controllerObjects{
		shared: []v1alpha1.ClusterJujuController{
			shared("another", "elsewhere", "", allTenants()), shared("denied", "there", "", nil),
			shared("classed", "there", "other", allTenants()), shared("present", "there", "", allTenants()),
		},
		local: []v1alpha1.JujuController{local},
	}
	for name, row := range map[string]struct {
		to     string
		scope  Scope
		former plan.ControllerKey
		models viewsBy
		want   plan.ControllerKey
	}{
		"one has the model":              {"there", Scope{}, "former", viewsBy{"present": "uuid"}, "present"},
		"it has another model":           {"there", Scope{}, "former", viewsBy{"present": "other"}, "former"},
		"no such controller":             {"nowhere", Scope{}, "former", viewsBy{"present": "uuid"}, "former"},
		"not migrated":                   {"", Scope{}, "former", viewsBy{"present": "uuid"}, "former"},
		"another controller has it":      {"there", Scope{}, "former", viewsBy{"another": "uuid"}, "former"},
		"no tenancy":                     {"there", Scope{}, "former", viewsBy{"denied": "uuid"}, "former"},
		"another installation serves it": {"there", Scope{}, "former", viewsBy{"classed": "uuid"}, "former"},
		"a JujuController":               {"there", Scope{}, "former", viewsBy{"team-a/juju": "uuid"}, "team-a/juju"},
		"from a JujuController":          {"there", Scope{}, "team-a/former", viewsBy{"present": "uuid"}, "team-a/former"},
		"some namespaces only": {
			"there", Scope{Namespaces: []string{"team-a"}}, "former", viewsBy{"present": "uuid"}, "former",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &AccessReconciler{newTestBase(objects, row.models)}
			r.Scope = row.scope
			model := plan.ModelRef{Controller: row.former, Name: "prod/app"}
			obj := new(v1alpha1.JujuSecretAccess)
			obj.Namespace, obj.Name = "team-a", "grants"
			obj.DeletionTimestamp = new(metav1.Now())
			facts := plan.AccessFacts{
				Deleting: true, LastModelUUID: "uuid", Target: plan.Target{Model: model, Unnamed: true},
				Record: plan.Record{Model: model, SecretID: "one", Granted: []string{"app"}},
				View:   plan.ModelView{Problem: &plan.Problem{Reason: v1alpha1.ReasonModelMigrated, MigratedTo: row.to}},
			}
			if err := r.followModel(t.Context(), obj, record.State{}, plan.Query{}, &facts); err != nil {
				t.Fatal(err)
			}
			if got := facts.Target.Model.Controller; got != row.want {
				t.Errorf("the model is looked for at %q, want %q", got, row.want)
			}
		})
	}
}
