// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// another returns another access of a namespace, made at a second.
func another(
	second int, namespace, name string, modify ...func(*v1alpha1.JujuSecretAccess),
) *v1alpha1.JujuSecretAccess {
	obj := access()
	obj.Namespace, obj.Name, obj.UID = namespace, name, types.UID(namespace+"/"+name)
	obj.CreationTimestamp = metav1.NewTime(time.Date(2026, 8, 1, 12, 0, second, 0, time.UTC))
	for _, change := range modify {
		change(obj)
	}
	return obj
}

func isExclusiveAccess(a *v1alpha1.JujuSecretAccess) { a.Spec.Exclusive = true }

func isDeletedAccess(a *v1alpha1.JujuSecretAccess) { a.DeletionTimestamp = new(metav1.Now()) }

func accessReason(reason v1alpha1.Reason) func(*v1alpha1.JujuSecretAccess) {
	return func(a *v1alpha1.JujuSecretAccess) {
		a.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Reason: string(reason)}}
	}
}

// reportsGrants sets the other grants in the status of an access.
func reportsGrants(apps ...string) func(*v1alpha1.JujuSecretAccess) {
	return func(a *v1alpha1.JujuSecretAccess) { a.Status.OtherGrants = apps }
}

// bySecret makes an access refer to a user secret by its ID or its name.
func bySecret(ref v1alpha1.UserSecretReference) func(*v1alpha1.JujuSecretAccess) {
	return func(a *v1alpha1.JujuSecretAccess) { a.Spec.JujuSecretRef, a.Spec.Secret = nil, &ref }
}

func TestEveryAccessOfTheSecretKeepsItsGrants(t *testing.T) {
	t.Parallel()
	grantedInStatus := func(apps ...string) func(*v1alpha1.JujuSecretAccess) {
		return func(a *v1alpha1.JujuSecretAccess) {
			for _, app := range apps {
				a.Status.Applications = append(a.Status.Applications,
					v1alpha1.ApplicationStatus{Name: app, State: v1alpha1.ApplicationGranted})
			}
		}
	}
	ref := func(model, id, name string) v1alpha1.UserSecretReference {
		return v1alpha1.UserSecretReference{Model: model, ID: id, Name: name}
	}
	const id = "9m4e2mr0ui3e8a215n4g"
	inModel := func(uuid string) func(*v1alpha1.JujuSecretAccess) {
		return func(a *v1alpha1.JujuSecretAccess) { a.Status.ModelUUID = uuid }
	}
	granted := granting(plan.ModelRef{Controller: "default", Name: "prod/app"}, id, "app9")
	lists, unseen := wantsFor(id, "app9"), wantsFor("", "app9")
	of := func(namespace string, modify ...func(*v1alpha1.JujuSecretAccess)) *v1alpha1.JujuSecretAccess {
		return another(1, namespace, "b", modify...)
	}
	for name, row := range map[string]struct {
		other *v1alpha1.JujuSecretAccess
		keeps bool
	}{
		"lists it":                    {of("team-b", lists), true},
		"lists another":               {of("team-b", wantsFor(id, "app2")), false},
		"lists it for another secret": {of("team-b", wantsFor("two", "app9")), false},
		"lists it, without a tenancy": {of("team-b", lists, accessReason(v1alpha1.ReasonTenantDenied)), true},
		"lists it, JujuController":    {of("team-b", lists, through("team-b/own")), true},
		"lists it, deleted":           {of("team-b", lists, isDeletedAccess), false},
		"granted it, by its record":   {of("team-b", granted), true},
		"granted it, by its status":   {of("team-b", wantsFor(id), grantedInStatus("app9")), true},
		"granted it, deleted":         {of("team-b", granted, isDeletedAccess), true},
		"new, of the JujuSecret":      {of("team-a", unseen), true},
		"new, of another JujuSecret":  {of("team-b", unseen), false},
		"new, by ID":                  {of("team-b", unseen, bySecret(ref("prod/app", "secret:"+id, ""))), true},
		"new, by name":                {of("team-b", unseen, bySecret(ref("prod/app", "", "db"))), true},
		"new, by name, another model": {of("team-b", unseen, bySecret(ref("prod/b", "", "db"))), false},
		"new, deleted":                {of("team-a", unseen, isDeletedAccess), false},
		"by name, seen another model": {
			of("team-b", wantsFor("two", "app9"), bySecret(ref("prod/app", "", "db")), inModel("other")), false,
		},
		"moved, its status is older": {
			of("team-a", wantsFor("two", "app9"), grantedThrough("default", "app9")), true,
		},
		"new, and lists another one": {of("team-a", wantsFor("", "app8")), false},
		"no access but the object":   {another(5, "team-a", "db", lists), false},
		"new, a reference by its UUID": {
			of("team-b", unseen, bySecret(v1alpha1.UserSecretReference{ModelUUID: "uuid", Name: "db"})), true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := another(5, "team-a", "db", wantsFor(id, "app1"), isExclusiveAccess)
			secret := named("db", func(s *v1alpha1.JujuSecret) { s.Status.SecretID = id })
			objects := cluster{
				accesses: []*v1alpha1.JujuSecretAccess{obj, row.other}, secrets: []*v1alpha1.JujuSecret{secret},
			}
			r := &AccessReconciler{newTestBase(objects, nil)}
			facts := plan.AccessFacts{
				Exclusive: true, Applications: []string{"app1"},
				Target: plan.Target{Model: plan.ModelRef{Name: "prod/app"}, Query: plan.Query{ID: id}},
				View: plan.ModelView{Known: true, ModelUUID: "uuid", ByID: &plan.UserSecret{
					ID: id, Name: "db", Granted: []string{"app1", "app9"},
				}},
			}
			got, err := r.observeListings(t.Context(), obj, facts)
			if unlisted := got.Unlisted(); err != nil || (len(unlisted) == 0) != row.keeps {
				t.Errorf("unlisted grants %v, error %v, want that it keeps them: %t", unlisted, err, row.keeps)
			}
		})
	}
}

func TestOldestAccessThatMayUseTheModelIsExclusive(t *testing.T) {
	t.Parallel()
	first := func(modify ...func(*v1alpha1.JujuSecretAccess)) *v1alpha1.JujuSecretAccess {
		return another(1, "team-b", "b", append(modify, wantsFor("secret", "app2"))...)
	}
	for name, row := range map[string]struct {
		other *v1alpha1.JujuSecretAccess
		want  string
	}{
		"exclusive":                   {first(isExclusiveAccess), "team-b/b"},
		"not exclusive":               {first(), ""},
		"created later":               {another(9, "team-b", "b", isExclusiveAccess, wantsFor("secret", "app2")), ""},
		"exclusive, deleted":          {first(isExclusiveAccess, isDeletedAccess), ""},
		"exclusive, denied":           {first(isExclusiveAccess, accessReason(v1alpha1.ReasonTenantDenied)), ""},
		"exclusive, a JujuController": {first(isExclusiveAccess, through("team-b/own")), ""},
		"exclusive, unreachable":      {first(isExclusiveAccess, accessReason(v1alpha1.ReasonJujuUnreachable)), "team-b/b"},
	} {
		obj := another(5, "team-a", "db", wantsFor("secret", "app1"), isExclusiveAccess)
		r := &AccessReconciler{newTestBase(cluster{accesses: []*v1alpha1.JujuSecretAccess{obj, row.other}}, nil)}
		facts := plan.AccessFacts{
			Exclusive: true, Applications: []string{"app1"}, Target: plan.Target{Query: plan.Query{ID: "secret"}},
			View: plan.ModelView{Known: true, ByID: &plan.UserSecret{ID: "secret", Granted: []string{"app1"}}},
		}
		got, err := r.observeListings(t.Context(), obj, facts)
		if err != nil || got.ExclusiveBefore != row.want {
			t.Errorf("%s: %q is exclusive before it, want %q, error %v", name, got.ExclusiveBefore, row.want, err)
		}
	}
}

func retainsGrants(a *v1alpha1.JujuSecretAccess) { a.Spec.DeletionPolicy = v1alpha1.GrantsRetain }

func TestAccessesAreWokenWhenOthersListOtherGrants(t *testing.T) {
	t.Parallel()
	drifted := accessReason(v1alpha1.ReasonDrifted)
	r := &AccessReconciler{newTestBase(cluster{accesses: []*v1alpha1.JujuSecretAccess{
		another(1, "team-a", "plain", wantsFor("secret", "app1")),
		another(2, "team-a", "reports", wantsFor("secret", "app1"), reportsGrants("app8", "app9")),
		another(3, "team-a", "exclusive", wantsFor("secret", "app1"), isExclusiveAccess),
		another(4, "team-a", "pauses", wantsFor("secret", "app1"), isExclusiveAccess, drifted),
		another(5, "team-a", "deleted", wantsFor("secret", "app1"), reportsGrants("app9"), isDeletedAccess),
		another(6, "team-a", "another", wantsFor("two", "app1"), isExclusiveAccess, reportsGrants("app9")),
	}}, nil)}
	every := []string{"team-a/exclusive", "team-a/pauses", "team-a/plain", "team-a/reports"}
	of := func(modify ...func(*v1alpha1.JujuSecretAccess)) *v1alpha1.JujuSecretAccess {
		return another(9, "team-b", "b", modify...)
	}
	lists := wantsFor("secret", "app9")
	for name, row := range map[string]struct {
		before, after *v1alpha1.JujuSecretAccess
		want          []string
	}{
		"no change":      {of(lists), of(lists), nil},
		"another reason": {of(lists), of(lists, drifted), nil},
		"a deletion begins, its grants stay": {
			of(lists, grantedThrough("default", "app9")), of(lists, grantedThrough("default", "app9"), isDeletedAccess), nil,
		},
		"sees the secret":         {of(wantsFor("", "app9")), of(lists), []string{"team-a/pauses", "team-a/reports"}},
		"lists one that none has": {of(wantsFor("secret")), of(wantsFor("secret", "app7")), []string{"team-a/pauses"}},
		"no longer lists one":     {of(lists), of(wantsFor("secret")), every},
		"no longer lists, has grant": {
			of(lists, grantedThrough("default", "app9")), of(wantsFor("secret"), grantedThrough("default", "app9")), nil,
		},
		"no longer has the grant": {
			of(wantsFor("secret"), grantedThrough("default", "app9")), of(wantsFor("secret")),
			[]string{"team-a/exclusive", "team-a/pauses"},
		},
		"is gone":                {of(lists), nil, []string{"team-a/exclusive", "team-a/pauses"}},
		"is gone, with Retain":   {of(lists, retainsGrants), nil, every},
		"is gone, saw no secret": {of(wantsFor("", "app9")), nil, nil},
		"becomes exclusive": {
			of(lists), of(lists, isExclusiveAccess), []string{"team-a/exclusive", "team-a/pauses"},
		},
		"exclusive, a deletion begins": {
			of(lists, isExclusiveAccess), of(lists, isExclusiveAccess, isDeletedAccess),
			[]string{"team-a/exclusive", "team-a/pauses"},
		},
		"exclusive, denied": {
			of(lists, isExclusiveAccess), of(lists, isExclusiveAccess, accessReason(v1alpha1.ReasonTenantDenied)),
			[]string{"team-a/exclusive", "team-a/pauses"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			if row.after != nil {
				got = enqueued(t, r.wakeListings(), row.before, row.after)
			} else {
				queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
				defer queue.ShutDown()
				r.wakeListings().Delete(t.Context(), event.DeleteEvent{Object: row.before}, queue)
				for queue.Len() > 0 {
					request, _ := queue.Get()
					queue.Done(request)
					got = append(got, request.String())
				}
				slices.Sort(got)
			}
			if diff := cmp.Diff(row.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("enqueued (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnlistedGrantsAreKnownSinceTheyWereFirstSeen(t *testing.T) {
	t.Parallel()
	log, now := newUnlistedLog(), time.Now()
	obj := access()
	key := types.NamespacedName{Namespace: obj.Namespace, Name: obj.Name}
	note := func(secretID string, apps ...string) time.Duration {
		now = now.Add(time.Second)
		return log.note(key, versionOf(obj, secretID), apps, now)
	}
	for i, step := range []struct {
		secretID string
		apps     []string
		want     time.Duration
	}{
		{"one", []string{"app8"}, 0},
		{"one", []string{"app8"}, time.Second},
		{"one", []string{"app8", "app9"}, 0},
		{"one", []string{"app8", "app9"}, time.Second},
		{"one", []string{"app9"}, 2 * time.Second},
		{"one", []string{"app8", "app9"}, 0},
		{"one", nil, 0},
		{"one", []string{"app9"}, 0},
		{"two", []string{"app9"}, 0},
		{"two", []string{"app9"}, time.Second},
	} {
		if got := note(step.secretID, step.apps...); got != step.want {
			t.Errorf("step %d: known for %s, want %s", i, got, step.want)
		}
	}
	obj.Generation++
	if got := note("two", "app9"); got != 0 {
		t.Errorf("after a change of the manifest they are known for %s", got)
	}
	log.forget(key)
	if len(log.objects) != 0 {
		t.Errorf("%d objects are left", len(log.objects))
	}
}
