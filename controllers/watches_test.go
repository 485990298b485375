// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"reflect"
	"slices"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
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

// passes reports whether predicates pass an update. It reads a private field of
// the builder.
func passes(t *testing.T, wrapped builder.Predicates, before, after client.Object) bool {
	t.Helper()
	field := reflect.ValueOf(&wrapped).Elem().FieldByName("predicates")
	pointer := unsafe.Pointer(field.UnsafeAddr()) //nolint:gosec // The field is not exported.
	shown := reflect.NewAt(field.Type(), pointer).Elem()
	inside, ok := reflect.TypeAssert[[]predicate.Predicate](shown)
	if !ok || len(inside) == 0 {
		t.Fatalf("cannot read the predicates of type %v", field.Type())
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

func withFinalizer(s *v1alpha1.JujuSecret) { controllerutil.AddFinalizer(s, finalizer) }

func generation(n int64) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.Generation = n }
}

func TestReconcileIsTriggeredByUpdates(t *testing.T) {
	t.Parallel()
	abandons := func(value string) func(*v1alpha1.JujuSecret) { return annotated(v1alpha1.AnnotationAbandon, value) }
	requests := func(value string) func(*v1alpha1.JujuSecret) {
		return annotated(v1alpha1.AnnotationReconcileRequestedAt, value)
	}
	for name, row := range map[string]struct {
		before, after *v1alpha1.JujuSecret
		want          bool
	}{
		"no change":                        {named("db"), named("db"), false},
		"status":                           {named("db"), named("db", has("one")), false},
		"new generation":                   {named("db", generation(1)), named("db", generation(2)), true},
		"request":                          {named("db"), named("db", requests("now")), true},
		"same request":                     {named("db", requests("now")), named("db", requests("now")), false},
		"other annotation":                 {named("db"), named("db", annotated("other", "new")), false},
		"abandon added":                    {named("db"), named("db", abandons("true")), true},
		"abandon removed":                  {named("db", abandons("true")), named("db"), true},
		"abandon unchanged":                {named("db", abandons("true")), named("db", abandons("true")), false},
		"abandon with an unknown value":    {named("db"), named("db", abandons("yes")), false},
		"finalizer added":                  {named("db"), named("db", withFinalizer), false},
		"finalizer removed":                {named("db", withFinalizer), named("db"), true},
		"record added":                     {named("db", withFinalizer), named("db", adopts("one")), false},
		"record removed":                   {named("db", adopts("one")), named("db", withFinalizer), true},
		"record changed":                   {named("db", adopts("one")), named("db", adopts("two")), false},
		"record without finalizer removed": {named("db", annotated(recordAnnotation, "record")), named("db"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := passes(t, builder.WithPredicates(specOrRequest()), row.before, row.after); got != row.want {
				t.Errorf("passes: %t, want %t", got, row.want)
			}
		})
	}
}

func TestConflictIsCheckedAgainWhenClaimsChange(t *testing.T) {
	t.Parallel()
	unmanaged := func(s *v1alpha1.JujuSecret) { s.Status.Managed = false }
	for name, row := range map[string]struct {
		before, after *v1alpha1.JujuSecret
		want          bool
	}{
		"no change":            {named("db", owns("one")), named("db", owns("one")), false},
		"owned secret added":   {named("db"), named("db", owns("one")), true},
		"status added":         {named("db"), named("db", has("one")), true},
		"owned secret removed": {named("db", owns("one")), named("db"), true},
		"other name": {
			named("db", generation(1)), named("db", generation(2), asksForName("other")), true,
		},
		"deletion":              {named("db", generation(1)), named("db", generation(2), deleted), true},
		"adoption recorded":     {named("db", withFinalizer), named("db", adopts("one")), true},
		"creation recorded":     {named("db", withFinalizer), named("db", creates(plan.Creation{Name: "old"})), true},
		"model known":           {named("db", owns("one")), named("db", modelUUID("uuid"), owns("one")), true},
		"condition":             {named("db"), named("db", stalled), false},
		"other annotation":      {named("db"), named("db", annotated("other", "new")), false},
		"observe, status added": {named("db", observing), named("db", observing, has("one")), false},
		"no longer managed":     {named("db", has("one")), named("db", has("one"), unmanaged), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &SecretReconciler{objectBase: newTestBase(nil, nil)}
			if got := passes(t, r.claimsChanged(), row.before, row.after); got != row.want {
				t.Errorf("passes: %t, want %t", got, row.want)
			}
		})
	}
}

func TestControllerIsWokenWhenReleased(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		before, after client.Object
		want          bool
	}{
		"unchanged": {
			named("db", withFinalizer, owns("one")), named("db", withFinalizer, owns("one")), false,
		},
		"finalizer removed":      {named("db", withFinalizer, owns("one")), named("db", owns("one")), true},
		"secret no longer owned": {named("db", withFinalizer, owns("one")), named("db", withFinalizer), true},
		"creation removed":       {named("db", creates(plan.Creation{Name: "db"})), named("db", withFinalizer), true},
		"never held":             {named("db"), named("db"), false},
		"status without record":  {named("db", withFinalizer, has("one")), named("db", withFinalizer), false},
		"grants revoked":         {access(grantedThrough("one")), access(), true},
		"one grant revoked": {
			access(grantedThrough("one", "app1", "app2")), access(grantedThrough("one", "app1")), false,
		},
		"granted through another controller": {access(grantedThrough("one")), access(grantedThrough("two")), true},
		"controller object":                  {new(v1alpha1.JujuController), new(v1alpha1.JujuController), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestBase(nil, nil)
			if got := passes(t, b.controllerReleased(), row.before, row.after); got != row.want {
				t.Errorf("passes: %t, want %t", got, row.want)
			}
		})
	}
}

// access returns a JujuSecretAccess that refers to the JujuSecret "db".
func access(modify ...func(*v1alpha1.JujuSecretAccess)) *v1alpha1.JujuSecretAccess {
	obj := new(v1alpha1.JujuSecretAccess)
	obj.Namespace, obj.Name, obj.UID = "team-a", "db", "uid"
	obj.Spec.JujuSecretRef = &v1alpha1.JujuSecretReference{Name: "db"}
	for _, change := range modify {
		change(obj)
	}
	return obj
}

// through sets the controller object in the status of an access.
func through(name string) func(*v1alpha1.JujuSecretAccess) {
	return func(a *v1alpha1.JujuSecretAccess) { a.Status.Controller = name }
}

// grantedThrough signs a record of grants through a controller object into an
// access.
func grantedThrough(name string, apps ...string) func(*v1alpha1.JujuSecretAccess) {
	if len(apps) == 0 {
		apps = []string{"app1"}
	}
	return granting(plan.ModelRef{Controller: plan.ControllerKey(name), Name: "prod/app"}, "secret", apps...)
}

func TestAccessIsIndexedByItsControllers(t *testing.T) {
	t.Parallel()
	direct := func(name string) func(*v1alpha1.JujuSecretAccess) {
		return func(a *v1alpha1.JujuSecretAccess) {
			a.Spec.JujuSecretRef = nil
			a.Spec.Secret = &v1alpha1.UserSecretReference{ControllerRef: v1alpha1.ControllerReference{Name: name}}
		}
	}
	for name, row := range map[string]struct {
		obj  *v1alpha1.JujuSecretAccess
		want []string
		// holds are the controllers that grants were made through.
		holds []string
	}{
		"no status":   {access(), []string{""}, nil},
		"from status": {access(through("one")), []string{"one"}, nil},
		"from status and record": {
			access(through("one"), grantedThrough("one")), []string{"one"}, []string{"one"},
		},
		"from status and record, moving": {
			access(through("two"), grantedThrough("one")), []string{"one", "two"}, []string{"one"},
		},
		"from record, status lost": {access(grantedThrough("one")), []string{"one"}, []string{"one"}},
		"from spec":                {access(direct("one")), []string{"one"}, nil},
		"from spec and record": {
			access(direct("one"), grantedThrough("one")), []string{"one"}, []string{"one"},
		},
		"JujuController": {
			access(through("team-a/one"), grantedThrough("team-a/one")), []string{"team-a/one"}, []string{"team-a/one"},
		},
		"JujuController of another namespace": {
			access(through("team-b/one"), grantedThrough("team-b/one")), []string{""}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := [][]string{keysOf(controllerIndex, row.obj), keysOf(holdingIndex, row.obj)}
			if diff := cmp.Diff([][]string{row.want, row.holds}, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("controllers and held controllers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDeletionOfControllerWaitsForSecretsMadeThroughIt(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		obj  *v1alpha1.JujuSecret
		want []string
	}{
		"owned secret":               {named("db", withFinalizer, owns("one")), []string{"default"}},
		"owned secret, deleting":     {named("db", withFinalizer, deleted, owns("one")), []string{"default"}},
		"creation":                   {named("db", creates(plan.Creation{Name: "db"})), []string{"default"}},
		"adoption":                   {named("db", adopts("one")), []string{"default"}},
		"finalizer only":             {named("db", withFinalizer), nil},
		"owned secret, no finalizer": {named("db", owns("one")), nil},
		"status without record":      {named("db", withFinalizer, has("one")), nil},
		"other finalizer": {
			named("db", func(s *v1alpha1.JujuSecret) { s.Finalizers = []string{"other"} }), nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(row.want, keysOf(holdingIndex, row.obj)); diff != "" {
				t.Errorf("held controllers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSecretIsIndexedByControllerModelAndID(t *testing.T) {
	t.Parallel()
	inJuju := func(a *v1alpha1.JujuSecretAccess) { a.Status.ModelUUID, a.Status.SecretID = "uuid", "one" }
	for name, row := range map[string]struct {
		obj  client.Object
		want []string
	}{
		"JujuSecret": {
			named("db", modelUUID("uuid"), has("one")), []string{"default uuid/one"},
		},
		"JujuSecret with a JujuController": {
			named("db", local, modelUUID("uuid"), has("one")), []string{"team-a/default uuid/one"},
		},
		"JujuSecret without a secret": {named("db", modelUUID("uuid")), nil},
		"access":                      {access(through("default"), inJuju), []string{"default uuid/one"}},
		"access, moving": {
			access(through("two"), grantedThrough("one"), inJuju), []string{"one uuid/one", "two uuid/one"},
		},
		"access with a JujuController of another namespace": {access(through("team-b/default"), inJuju), nil},
		"access without status":                             {access(), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(row.want, keysOf(secretIndex, row.obj), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
		})
	}
}

// wantsFor sets the applications of an access, and the secret in its status.
func wantsFor(secretID string, apps ...string) func(*v1alpha1.JujuSecretAccess) {
	return func(a *v1alpha1.JujuSecretAccess) {
		a.Status.SecretID = secretID
		for _, app := range apps {
			a.Spec.Applications = append(a.Spec.Applications, v1alpha1.ApplicationGrant{Name: app})
		}
	}
}

func TestGrantsAreIndexedWhileTheyAreWantedOrGranted(t *testing.T) {
	t.Parallel()
	deleting := func(a *v1alpha1.JujuSecretAccess) { a.DeletionTimestamp = new(metav1.Now()) }
	for name, row := range map[string]struct {
		obj *v1alpha1.JujuSecretAccess
		all []string
		// unsettled are the grants that may wait for another access.
		unsettled []string
	}{
		"not granted": {
			access(wantsFor("secret", "app1")), []string{"secret/", "secret/app1"}, []string{"secret/app1"},
		},
		"granted": {
			access(wantsFor("secret", "app1"), grantedThrough("one", "app1")), []string{"secret/", "secret/app1"}, nil,
		},
		"one grant too many": {
			access(wantsFor("secret", "app1"), grantedThrough("one", "app1", "app2")),
			[]string{"secret/", "secret/app1", "secret/app2"}, []string{"secret/app2"},
		},
		"one grant missing": {
			access(wantsFor("secret", "app1", "app2"), grantedThrough("one", "app1")),
			[]string{"secret/", "secret/app1", "secret/app2"}, []string{"secret/app2"},
		},
		"deleting": {
			access(wantsFor("secret", "app1"), grantedThrough("one", "app1"), deleting),
			[]string{"secret/", "secret/app1"}, []string{"secret/app1"},
		},
		"another secret granted": {
			access(wantsFor("new", "app1"), grantedThrough("one", "app1")),
			[]string{"new/", "new/app1", "secret/", "secret/app1"}, []string{"new/app1"},
		},
		"no status": {access(wantsFor("", "app1")), nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := [][]string{keysOf(grantIndex, row.obj), keysOf(unsettledGrantIndex, row.obj)}
			if diff := cmp.Diff([][]string{row.all, row.unsettled}, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("grants and unsettled grants (-want +got):\n%s", diff)
			}
		})
	}
}

func TestControllerIsWokenByUsersOnlyDuringDeletion(t *testing.T) {
	t.Parallel()
	controller := new(v1alpha1.ClusterJujuController)
	controller.Name = "default"
	r := new(ControllerReconciler)
	if got := r.ifDeleting(t.Context(), controller); got.Name != "" {
		t.Errorf("%s is enqueued, although it is not being deleted", got)
	}
	controller.DeletionTimestamp = named("db", deleted).DeletionTimestamp
	if got := r.ifDeleting(t.Context(), controller); got.Name != "default" {
		t.Errorf("%q is enqueued, want the deleted controller object", got)
	}
	r.Local = true
	if got := r.ifDeleting(t.Context(), controller); got.Name != "" {
		t.Errorf("%s is enqueued by the reconciler of the other kind", got)
	}
}

func TestAbandonRequiresTheValueTrue(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{"true": true, "True": false, "yes": false, "": false, "false": false} {
		if got := abandoned(named("db", annotated(v1alpha1.AnnotationAbandon, value))); got != want {
			t.Errorf("value %q abandons: %t, want %t", value, got, want)
		}
	}
	if abandoned(named("db")) {
		t.Error("an object without the annotation is abandoned")
	}
}

// enqueued returns the keys that a handler enqueues for an update.
func enqueued(t *testing.T, by handler.EventHandler, before, after client.Object) []string {
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

func TestConflictIsCheckedAgainForOldAndNewClaims(t *testing.T) {
	t.Parallel()
	waiting := isReady(metav1.ConditionFalse, v1alpha1.ReasonConflict)
	r := &SecretReconciler{objectBase: newTestBase(cluster{secrets: []*v1alpha1.JujuSecret{
		madeAt(1, "team-a", "db"),
		madeAt(2, "team-b", "db", waiting),
		madeAt(3, "team-b", "new", waiting),
		madeAt(4, "team-b", "owner", owns("one")),
		madeAt(5, "team-b", "by-id", asksForID("one"), waiting),
		madeAt(6, "team-b", "settled", asksForName("db"), isReady(metav1.ConditionTrue, v1alpha1.ReasonSynced)),
		madeAt(7, "team-b", "apart", waiting),
		madeAt(8, "team-b", "observes", asksForName("db"), observing, waiting),
		madeAt(9, "team-b", "other-model", modelNamed("prod/other"), asksForName("db"), waiting),
		madeAt(9, "team-b", "other-controller", usesController("", "another"), asksForName("db"), waiting),
	}}, nil)}
	before, after := madeAt(1, "team-a", "db", owns("one")), madeAt(1, "team-a", "db", asksForName("new"))
	want := []string{"team-b/by-id", "team-b/db", "team-b/new", "team-b/owner"}
	if diff := cmp.Diff(want, enqueued(t, r.wakeCompetitors(), before, after)); diff != "" {
		t.Errorf("enqueued (-want +got):\n%s", diff)
	}
}

func TestConflictIsCheckedAgainByModelUUID(t *testing.T) {
	t.Parallel()
	waiting := isReady(metav1.ConditionFalse, v1alpha1.ReasonNameTaken)
	r := &SecretReconciler{objectBase: newTestBase(cluster{secrets: []*v1alpha1.JujuSecret{
		madeAt(1, "team-b", "db", usesController("", "another"), modelUUID("uuid"), waiting),
		madeAt(2, "team-c", "db", usesController("", "another"), modelUUID("uuid"), owns("one")),
		madeAt(3, "team-d", "db", usesController("", "another"), modelUUID("other"), waiting),
	}}, nil)}
	obj := madeAt(9, "team-a", "db", modelUUID("uuid"), owns("one"))
	if diff := cmp.Diff([]string{"team-b/db", "team-c/db"}, enqueued(t, r.wakeCompetitors(), obj, obj)); diff != "" {
		t.Errorf("enqueued (-want +got):\n%s", diff)
	}
}

func TestWaitingAccessesAreWoken(t *testing.T) {
	t.Parallel()
	other := func(name string, modify ...func(*v1alpha1.JujuSecretAccess)) *v1alpha1.JujuSecretAccess {
		obj := access()
		obj.Name, obj.UID = name, types.UID(name)
		for _, change := range modify {
			change(obj)
		}
		return obj
	}
	r := &AccessReconciler{newTestBase(cluster{accesses: []*v1alpha1.JujuSecretAccess{
		other("wants", wantsFor("secret", "app1")),
		other("gives-up", wantsFor("secret"), grantedThrough("one", "app2")),
		other("settled", wantsFor("secret", "app1"), grantedThrough("one", "app1")),
		other("wants-another", wantsFor("secret", "app3")),
		other("another-secret", wantsFor("another", "app1")),
	}}, nil)}
	obj := access(wantsFor("secret", "app1"), grantedThrough("one", "app1", "app2"))
	want := []string{"team-a/gives-up", "team-a/wants"}
	if diff := cmp.Diff(want, enqueued(t, r.wakeWaitingAccesses(), obj, obj)); diff != "" {
		t.Errorf("enqueued (-want +got):\n%s", diff)
	}
}

func TestDeletionOfControllerIsCheckedAgainWhenReleased(t *testing.T) {
	t.Parallel()
	usesOther := func(name string) *v1alpha1.JujuSecret {
		return named("db", func(s *v1alpha1.JujuSecret) { s.Spec.ControllerRef.Name = name })
	}
	for name, row := range map[string]struct {
		deleting bool
		obj      client.Object
		want     []string
	}{
		"JujuSecret, controller deleting":     {true, named("db"), []string{"/default"}},
		"JujuSecret, controller not deleting": {false, named("db"), nil},
		"JujuSecret, controller missing":      {true, usesOther("gone"), nil},
		"access":                              {true, access(through("default")), []string{"/default"}},
		"access, moving": {
			true, access(through("gone"), grantedThrough("default")), []string{"/default"},
		},
		"access without a controller": {true, access(), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestBase(cluster{deleting: row.deleting}, nil)
			handler := b.wakeControllers(new(ControllerReconciler).ifDeleting)
			if diff := cmp.Diff(row.want, enqueued(t, handler, row.obj, row.obj)); diff != "" {
				t.Errorf("enqueued (-want +got):\n%s", diff)
			}
		})
	}
}
