// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// passes tells whether an update gets through predicates, which the builder keeps to itself.
func passes(t *testing.T, wrapped builder.Predicates, before, after client.Object) bool {
	t.Helper()
	field := reflect.ValueOf(&wrapped).Elem().FieldByName("predicates")
	shown := reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem() //nolint:gosec // No other way leads there.
	inside, ok := reflect.TypeAssert[[]predicate.Predicate](shown)
	if !ok || len(inside) == 0 {
		t.Fatalf("the builder keeps %v", field.Type())
	}
	for _, p := range inside {
		if !p.Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after}) {
			return false
		}
	}
	return true
}

func annotated(key, value string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.Annotations = map[string]string{key: value} }
}

func held(s *v1alpha1.JujuSecret) { controllerutil.AddFinalizer(s, finalizer) }

func generation(n int64) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.Generation = n }
}

func TestAnObjectIsLookedAtForWhatAsksForWork(t *testing.T) {
	t.Parallel()
	abandons := func(value string) func(*v1alpha1.JujuSecret) { return annotated(v1alpha1.AnnotationAbandon, value) }
	requests := func(value string) func(*v1alpha1.JujuSecret) {
		return annotated(v1alpha1.AnnotationReconcileRequestedAt, value)
	}
	for name, row := range map[string]struct {
		before, after *v1alpha1.JujuSecret
		want          bool
	}{
		"nothing is new":                       {named("db"), named("db"), false},
		"a status":                             {named("db"), named("db", has("one")), false},
		"another spec":                         {named("db", generation(1)), named("db", generation(2)), true},
		"a request":                            {named("db"), named("db", requests("now")), true},
		"the same request":                     {named("db", requests("now")), named("db", requests("now")), false},
		"somebody else's annotation":           {named("db"), named("db", annotated("theirs", "new")), false},
		"to be abandoned":                      {named("db"), named("db", abandons("true")), true},
		"to be abandoned no more":              {named("db", abandons("true")), named("db"), true},
		"to be abandoned, still":               {named("db", abandons("true")), named("db", abandons("true")), false},
		"to be abandoned, in no words of ours": {named("db"), named("db", abandons("yes")), false},
		"the finalizer comes":                  {named("db"), named("db", held), false},
		"the finalizer is lost":                {named("db", held), named("db"), true},
		"the record":                           {named("db", held), named("db", held, remembering(record{Adopting: "one"})), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := passes(t, builder.WithPredicates(specOrRequest()), row.before, row.after); got != row.want {
				t.Errorf("it is looked at: %t, want %t", got, row.want)
			}
		})
	}
}

func TestRivalsAreWokenByWhatTheyActOn(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		before, after *v1alpha1.JujuSecret
		want          bool
	}{
		"nothing is new":             {named("db", has("one")), named("db", has("one")), false},
		"it has one by now":          {named("db"), named("db", has("one")), true},
		"it has none any more":       {named("db", has("one")), named("db"), true},
		"it asks for another":        {named("db", generation(1)), named("db", generation(2), asksForName("other")), true},
		"it goes":                    {named("db", generation(1)), named("db", generation(2), deleted), true},
		"it is about to take one":    {named("db", held), named("db", held, remembering(record{Adopting: "one"})), true},
		"it may have created one":    {named("db", held), named("db", held, remembering(record{Creating: &plan.Creation{Name: "old"}})), true},
		"it says how it stands":      {named("db"), named("db", stalled), false},
		"somebody annotated it":      {named("db"), named("db", annotated("theirs", "new")), false},
		"it is looked at only":       {named("db", observing), named("db", observing, has("one")), false},
		"it is let go by its status": {named("db", has("one")), named("db", has("one"), func(s *v1alpha1.JujuSecret) { s.Status.Managed = false }), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := passes(t, stakesMatter(), row.before, row.after); got != row.want {
				t.Errorf("they are woken: %t, want %t", got, row.want)
			}
		})
	}
}

func TestAControllerIsToldThatAnObjectHasNothingAnyMore(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		before, after *v1alpha1.JujuSecret
		want          bool
	}{
		"it has":                        {named("db", held), named("db", held), false},
		"it has no more":                {named("db", held, has("one")), named("db", has("one")), true},
		"its secret is no more its own": {named("db", held, has("one")), named("db", held), true},
		"it never had":                  {named("db"), named("db"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := passes(t, released(), row.before, row.after); got != row.want {
				t.Errorf("it is told: %t, want %t", got, row.want)
			}
		})
	}
}

// access is a JujuSecretAccess, unless modified otherwise of a JujuSecret.
func access(modify ...func(*v1alpha1.JujuSecretAccess)) *v1alpha1.JujuSecretAccess {
	obj := new(v1alpha1.JujuSecretAccess)
	obj.Namespace, obj.Name, obj.UID = "team-a", "db", "uid"
	obj.Spec.SecretRef = &v1alpha1.JujuSecretReference{Name: "db"}
	for _, change := range modify {
		change(obj)
	}
	return obj
}

// through is the status of an access that goes through a controller object.
func through(name string) func(*v1alpha1.JujuSecretAccess) {
	return func(a *v1alpha1.JujuSecretAccess) { a.Status.Controller = name }
}

// grantedThrough is the record of an access that granted something through a controller object.
func grantedThrough(t *testing.T, name string) func(*v1alpha1.JujuSecretAccess) {
	t.Helper()
	return func(a *v1alpha1.JujuSecretAccess) {
		text, err := json.Marshal(record{UID: a.UID, Grants: &grants{
			ModelRef: plan.ModelRef{Controller: plan.ControllerKey(name), Name: "prod/app"}, SecretID: "secret", Granted: []string{"app1"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		a.Annotations = map[string]string{recordAnnotation: string(text)}
		controllerutil.AddFinalizer(a, finalizer)
	}
}

func TestAnAccessIsFoundByEveryControllerThatItGoesThrough(t *testing.T) {
	t.Parallel()
	direct := func(name string) func(*v1alpha1.JujuSecretAccess) {
		return func(a *v1alpha1.JujuSecretAccess) {
			a.Spec.SecretRef = nil
			a.Spec.Secret = &v1alpha1.UserSecretReference{ControllerRef: v1alpha1.ControllerReference{Name: name}}
		}
	}
	for name, row := range map[string]struct {
		obj  *v1alpha1.JujuSecretAccess
		want []string
		// holds are those that something was made through.
		holds []string
	}{
		"none yet":                                  {access(), []string{""}, nil},
		"that of its JujuSecret":                    {access(through("one")), []string{"one"}, nil},
		"the one that it granted through":           {access(through("one"), grantedThrough(t, "one")), []string{"one"}, []string{"one"}},
		"both, while it moves":                      {access(through("two"), grantedThrough(t, "one")), []string{"one", "two"}, []string{"one"}},
		"that of its record, if its status is lost": {access(grantedThrough(t, "one")), []string{"one"}, []string{"one"}},
		"that of its spec":                          {access(direct("one")), []string{"one"}, nil},
		"that of its spec, once granted":            {access(direct("one"), grantedThrough(t, "one")), []string{"one"}, []string{"one"}},
		"one of its namespace":                      {access(through("team-a/one"), grantedThrough(t, "team-a/one")), []string{"team-a/one"}, []string{"team-a/one"}},
		"not one of another namespace":              {access(through("team-b/one"), grantedThrough(t, "team-b/one")), []string{""}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := [][]string{accessIndex(row.obj), usesOf(row.obj)}
			if diff := cmp.Diff([][]string{row.want, row.holds}, got); diff != "" {
				t.Errorf("controllers, and those held (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAControllerIsHeldByWhatWasMadeThroughIt(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		obj  *v1alpha1.JujuSecret
		want []string
	}{
		"what has a secret":             {named("db", held, has("one")), []string{"default"}},
		"what goes and has one":         {named("db", held, deleted, has("one")), []string{"default"}},
		"what may be about to make one": {named("db", held, remembering(record{Creating: &plan.Creation{Name: "db"}})), []string{"default"}},
		"what is about to adopt one":    {named("db", held, remembering(record{Adopting: "one"})), []string{"default"}},
		"not what has nothing":          {named("db", held), nil},
		"not what has none":             {named("db", has("one")), nil},
		"not somebody else's finalizer": {named("db", func(s *v1alpha1.JujuSecret) { s.Finalizers = []string{"theirs"} }), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(row.want, usesOf(row.obj)); diff != "" {
				t.Errorf("held (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOnlyAControllerThatGoesNeedsToKnowWhoUsesIt(t *testing.T) {
	t.Parallel()
	controller := new(v1alpha1.ClusterJujuController)
	controller.Name = "default"
	r := new(ControllerReconciler)
	if got := r.ifGoing(controller); got.Name != "" {
		t.Errorf("%s is woken", got)
	}
	controller.DeletionTimestamp = named("db", deleted).DeletionTimestamp
	if got := r.ifGoing(controller); got.Name != "default" {
		t.Errorf("%q is woken, want the one that goes", got)
	}
	r.Local = true
	if got := r.ifGoing(controller); got.Name != "" {
		t.Errorf("%s is woken, by the reconciler of the other kind", got)
	}
}

func TestToAbandonIsSaidInOneWord(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{"true": true, "True": false, "yes": false, "": false, "false": false} {
		if got := abandoned(named("db", annotated(v1alpha1.AnnotationAbandon, value))); got != want {
			t.Errorf("with %q it is abandoned: %t, want %t", value, got, want)
		}
	}
	if abandoned(named("db")) {
		t.Error("without the annotation it is abandoned")
	}
}

// wakes are the keys that a handler enqueues for an update.
func wakes(t *testing.T, by handler.EventHandler, before, after client.Object) []string {
	t.Helper()
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	defer queue.ShutDown()
	by.Update(t.Context(), event.UpdateEvent{ObjectOld: before, ObjectNew: after}, queue)
	var keys []string
	for queue.Len() > 0 {
		request, _ := queue.Get()
		queue.Done(request)
		keys = append(keys, request.String())
	}
	slices.Sort(keys)
	return keys
}

func TestRivalsAreThoseOfEveryStakeBeforeAndNow(t *testing.T) {
	t.Parallel()
	kit := NewKit(cluster{secrets: []*v1alpha1.JujuSecret{
		madeAt(1, "team-a", "db"), madeAt(2, "team-b", "db"), madeAt(3, "team-b", "other", has("one")), madeAt(4, "team-b", "apart"),
		madeAt(5, "team-b", "seen", asksForName("db"), observing),
	}}, nil, nil, time.Now)
	before, after := madeAt(1, "team-a", "db", has("one")), madeAt(1, "team-a", "db", asksForName("new"))
	if diff := cmp.Diff([]string{"team-b/db", "team-b/other"}, wakes(t, kit.wakeRivals(), before, after)); diff != "" {
		t.Errorf("woken (-want +got):\n%s", diff)
	}
}

func TestAControllerThatGoesIsWokenByWhoLetsGo(t *testing.T) {
	t.Parallel()
	viaOthers := func(name string) *v1alpha1.JujuSecret {
		return named("db", func(s *v1alpha1.JujuSecret) { s.Spec.ControllerRef.Name = name })
	}
	for name, row := range map[string]struct {
		going bool
		obj   client.Object
		want  []string
	}{
		"a JujuSecret of one that goes":        {true, named("db"), []string{"/default"}},
		"a JujuSecret of one that stays":       {false, named("db"), nil},
		"a JujuSecret of one that is not here": {true, viaOthers("gone"), nil},
		"an access":                            {true, access(through("default")), []string{"/default"}},
		"an access that moves":                 {true, access(through("gone"), grantedThrough(t, "default")), []string{"/default"}},
		"an access of none":                    {true, access(), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kit := NewKit(cluster{going: row.going}, nil, nil, time.Now)
			if diff := cmp.Diff(row.want, wakes(t, kit.wakeControllers(new(ControllerReconciler).ifGoing), row.obj, row.obj)); diff != "" {
				t.Errorf("woken (-want +got):\n%s", diff)
			}
		})
	}
}
