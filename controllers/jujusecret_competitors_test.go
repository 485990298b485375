// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/placement"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/record"
)

func observing(s *v1alpha1.JujuSecret) { s.Spec.ManagementPolicy = v1alpha1.ManagementObserve }

func asksForID(id string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.Spec.ID = id }
}

func asksForName(name string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.Spec.Name = name }
}

func TestClaimsCoverOwnedAndRequestedSecrets(t *testing.T) {
	t.Parallel()
	// keys adds the controller and the model to IDs and names.
	keys := func(keys ...string) []string {
		for i, key := range keys {
			if strings.HasPrefix(key, "id ") || strings.HasPrefix(key, "name ") {
				keys[i] = "default prod/app " + key
			}
		}
		return keys
	}
	creating := func(name, replaces, id string) func(*v1alpha1.JujuSecret) {
		return creates(plan.Creation{Name: name, Replaces: replaces, ID: id})
	}
	unmanaged := func(s *v1alpha1.JujuSecret) { s.Status.Managed = false }
	byUUID := func(s *v1alpha1.JujuSecret) { s.Spec.Model, s.Spec.ModelUUID = "", "uuid" }
	renamed := func(s *v1alpha1.JujuSecret) { s.Name = "renamed" }
	for name, row := range map[string]struct {
		obj  *v1alpha1.JujuSecret
		want []string
	}{
		"name of the object": {named("db"), keys("name db")},
		"spec.name":          {named("db", asksForName("password")), keys("name password")},
		"spec.id":            {named("db", asksForID("one")), keys("id one")},
		"spec.id and spec.name": {
			named("db", asksForID("one"), asksForName("password")), keys("id one", "name password"),
		},
		"status":                     {named("db", has("one")), keys("id one", "name db")},
		"record":                     {named("db", owns("one"), unmanaged), keys("id one", "name db")},
		"same ID in spec and record": {named("db", asksForID("one"), owns("one")), keys("id one")},
		"adoption":                   {named("db", adopts("one")), keys("id one", "name db")},
		"creation, model unknown":    {named("db", creating("db", "", "")), keys("name db", "pending db")},
		"creation of the previous name": {
			named("db", creating("old", "", "")), keys("name db", "name old", "pending old"),
		},
		"creation, complete": {named("db", creating("db", "", ""), owns("one")), keys("id one", "name db")},
		"creation that replaces the owned secret": {
			named("db", creating("db", "one", ""), owns("one")), keys("id one", "name db", "pending db"),
		},
		"creation, secret identified": {
			named("db", creating("db", "", "one")), keys("id one", "name db", "pending db"),
		},
		"creation, model known": {
			named("db", modelUUID("uuid"), creating("db", "", "")), keys("name db", "uuid name db"),
		},
		"status.modelUUID": {
			named("db", modelUUID("uuid"), owns("one")), keys("id one", "name db", "uuid id one", "uuid name db"),
		},
		"spec.modelUUID":               {named("db", byUUID), []string{"default uuid name db", "uuid name db"}},
		"JujuController":               {named("db", local), []string{"team-a/default prod/app name db"}},
		"status of an observed secret": {named("db", has("one"), unmanaged), keys("name db")},
		"observe":                      {named("db", observing), nil},
		"observe, owned before":        {named("db", owns("one"), observing), nil},
		"record of another object":     {named("db", adopts("one"), renamed), keys("name renamed")},
		"record for another model": {
			named("db", adopts("one"), modelNamed("prod/new")), []string{"default prod/new name db"},
		},
		"name that looks like the claim of an ID": {named("db", asksForName("id one")), keys("name id one")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(row.want, keysOf(claimIndex, row.obj)); diff != "" {
				t.Errorf("claims (-want +got):\n%s", diff)
			}
		})
	}
}

// Another JujuSecret that refers to the model in another way finds the claim
// only by the UUID.
func TestClaimsOfRestoredOwnerNameModelOfRecord(t *testing.T) {
	t.Parallel()
	obj := named("db", modelUUID("uuid"), owns("one"))
	state := record.Keeper{Key: testKey}.Read(obj, recordedModel(obj))
	if _, err := (record.Keeper{Key: testKey}).Annotate(obj, state, state.Record, recordedModel(obj)); err != nil {
		t.Fatal(err)
	}
	obj.Status = v1alpha1.JujuSecretStatus{}
	if got := keysOf(claimIndex, obj); !slices.Contains(got, "uuid id one") {
		t.Errorf("claims %q do not contain the model's UUID", got)
	}
}

func TestWaitingIndexContainsOnlyWaitingObjects(t *testing.T) {
	t.Parallel()
	for reason, want := range map[v1alpha1.Reason]bool{
		v1alpha1.ReasonConflict: true, v1alpha1.ReasonNameTaken: true, v1alpha1.ReasonRemoving: true,
		v1alpha1.ReasonSynced: false, v1alpha1.ReasonJujuUnreachable: false, v1alpha1.ReasonTenantDenied: false,
		"": false,
	} {
		obj := named("db")
		if reason != "" {
			isReady(metav1.ConditionFalse, reason)(obj)
		}
		var keys []string
		if want {
			keys = keysOf(claimIndex, obj)
		}
		if diff := cmp.Diff(keys, keysOf(waitingIndex, obj)); diff != "" {
			t.Errorf("reason %q (-want +got):\n%s", reason, diff)
		}
	}
}

func TestIndexKeysAreDistinct(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ keys, want []string }{
		"no keys":    {nil, nil},
		"sorted":     {[]string{"a", "b"}, []string{"a", "b"}},
		"unsorted":   {[]string{"b", "c", "a"}, []string{"a", "b", "c"}},
		"duplicates": {[]string{"b", "a", "b", "a"}, []string{"a", "b"}},
		"some empty": {[]string{"", "b", "", "a"}, []string{"a", "b"}},
		"all empty":  {[]string{"", ""}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := distinct(row.keys); !slices.Equal(got, row.want) {
				t.Errorf("distinct returned %q, want %q", got, row.want)
			}
		})
	}
}

// madeAt returns a JujuSecret that was created at a second.
func madeAt(second int, namespace, name string, modify ...func(*v1alpha1.JujuSecret)) *v1alpha1.JujuSecret {
	obj := named(name)
	obj.Namespace, obj.UID = namespace, types.UID(namespace+"/"+name)
	obj.CreationTimestamp = metav1.NewTime(time.Date(2026, 8, 1, 12, 0, second, 0, time.UTC))
	for _, change := range modify {
		change(obj)
	}
	return obj
}

// cluster is a cache of objects with the indexes of the reconcilers, and of one
// controller object with tenants.
type cluster struct {
	client.Client

	secrets  []*v1alpha1.JujuSecret
	accesses []*v1alpha1.JujuSecretAccess
	tenants  []v1alpha1.Tenant
	// deleting is true when the controller object is being deleted.
	deleting bool
	// adoption is the adoptionPolicy of the controller object.
	adoption v1alpha1.AdoptionPolicy
	fails    error
}

func (c cluster) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	switch into := into.(type) {
	case *v1alpha1.ClusterJujuController:
		if key.Name == "default" {
			into.Name, into.Spec.Tenants, into.Spec.AdoptionPolicy = key.Name, c.tenants, c.adoption
			if c.deleting {
				into.DeletionTimestamp = new(metav1.Now())
			}
			return nil
		}
	case *v1alpha1.JujuSecret:
		for _, secret := range c.secrets {
			if client.ObjectKeyFromObject(secret) == key {
				secret.DeepCopyInto(into)
				return nil
			}
		}
	case *metav1.PartialObjectMetadata:
		if key.Name != "gone" {
			into.Name = key.Name
			return nil
		}
	}
	return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
}

func (c cluster) List(_ context.Context, into client.ObjectList, options ...client.ListOption) error {
	switch list := into.(type) {
	case *v1alpha1.JujuSecretList:
		for _, obj := range c.secrets {
			if selected(obj, options) {
				list.Items = append(list.Items, *obj)
			}
		}
	case *v1alpha1.JujuSecretAccessList:
		for _, obj := range c.accesses {
			if selected(obj, options) {
				list.Items = append(list.Items, *obj)
			}
		}
	}
	return c.fails
}

// models maps the names of models to their UUIDs. The models have no secrets.
type models map[string]string

func (m models) View(_ context.Context, model plan.ModelRef, _ plan.Query) plan.ModelView {
	return plan.ModelView{Known: m[model.Name] != "", ModelUUID: m[model.Name]}
}

func (m models) Identify(_ context.Context, model plan.ModelRef, _ plan.Query) plan.ListedModel {
	for name, uuid := range m {
		if name == model.Name || uuid == model.UUID {
			return plan.ListedModel{Known: true, Name: name, UUID: uuid}
		}
	}
	return plan.ListedModel{Known: true}
}

func (models) Announce(plan.ModelRef, []plan.Step) Ticket { return nil }

func (models) Changed() <-chan plan.Change { return nil }

// allTenants returns tenants that may use every model of one qualifier.
func allTenants() []v1alpha1.Tenant {
	return []v1alpha1.Tenant{{Namespaces: v1alpha1.TenantNamespaces{All: true}, Models: []string{"prod/*", "uuid"}}}
}

// Package plan's TestCompetitorIsDerivedFromFacts tests the decisions on these
// facts.
func TestCompetitorsAreObservedFromVerifiedRecords(t *testing.T) {
	t.Parallel()
	found := &plan.UserSecret{ID: "found", Name: "db", Revision: 1, Checksum: content.Seal("sum")}
	candidate := func(salt string) func(*v1alpha1.JujuSecret) {
		return creates(plan.Creation{Name: "db", Digests: []string{"other", testKey.DigestOf(salt, found.Checksum)}})
	}
	other := modelNamed("prod/other")
	with := func(changes ...func(*plan.Competitor)) []plan.Competitor {
		competitor := plan.Competitor{Object: "team-a/db", Older: true}
		for _, change := range changes {
			change(&competitor)
		}
		return []plan.Competitor{competitor}
	}
	wants := func(r *plan.Competitor) { r.Wants = true }
	owner := func(id string) func(*plan.Competitor) {
		return func(r *plan.Competitor) { r.SecretID, r.Recorded = id, true }
	}
	intent := func(id string) func(*plan.Competitor) { return func(r *plan.Competitor) { r.SecretID = id } }
	begun := func(r *plan.Competitor) { r.Begun = []string{"found"} }
	denied := modelNamed("secret/app")
	otherController := func(s *v1alpha1.JujuSecret) { s.Spec.ControllerRef.Name = "another" }
	replay := func(from *v1alpha1.JujuSecret) func(*v1alpha1.JujuSecret) {
		return func(s *v1alpha1.JujuSecret) {
			s.Status, s.Annotations = from.Status, from.Annotations
		}
	}
	for name, row := range map[string]struct {
		other *v1alpha1.JujuSecret
		want  []plan.Competitor
	}{
		"same name": {madeAt(1, "team-a", "db"), with(wants)},
		"younger":   {madeAt(3, "team-a", "db"), nil},
		"younger owner": {
			madeAt(3, "team-a", "db", modelUUID("uuid"), owns("found")),
			with(wants, owner("found"), func(r *plan.Competitor) { r.Older = false }),
		},
		"adopts by name": {
			madeAt(1, "team-a", "db", adoptsIt), with(wants, func(r *plan.Competitor) { r.Adopts = true }),
		},
		"owner": {
			madeAt(1, "team-a", "db", modelUUID("uuid"), owns("found")), with(wants, owner("found")),
		},
		"owner with another name": {
			madeAt(1, "team-a", "db", asksForName("other"), modelUUID("uuid"), owns("found")), with(owner("found")),
		},
		"status without record": {madeAt(1, "team-a", "db", modelUUID("uuid"), has("found")), with(wants)},
		"status and record of another object": {
			madeAt(1, "team-a", "db", replay(madeAt(1, "team-a", "owner", modelUUID("uuid"), owns("found")))),
			with(wants),
		},
		"status and record of another namespace": {
			madeAt(1, "team-a", "db", replay(madeAt(1, "team-b", "db", modelUUID("uuid"), owns("found")))),
			with(wants),
		},
		"restored with another UID": {
			madeAt(1, "team-a", "db", modelUUID("uuid"), owns("found"), withUID("restored")),
			with(wants, owner("found")),
		},
		"adopts by ID": {
			madeAt(1, "team-a", "db", adoptsIt, asksForID("found")), with(func(r *plan.Competitor) { r.Adopts = true }),
		},
		"adopts another ID": {madeAt(1, "team-a", "db", adoptsIt, asksForID("other")), nil},
		"adoption recorded": {
			madeAt(1, "team-a", "db", adopts("found")), with(wants, intent("found")),
		},
		"adoption recorded, owns another secret": {
			madeAt(1, "team-a", "db", adopts("found"), owns("one")), with(wants, owner("one")),
		},
		"deleting": {
			madeAt(1, "team-a", "db", deleted), with(func(r *plan.Competitor) { r.Deleting = true }),
		},
		"suspended": {
			madeAt(1, "team-a", "db", func(s *v1alpha1.JujuSecret) { s.Spec.Suspend = true }), with(),
		},
		"observe":     {madeAt(1, "team-a", "db", observing), nil},
		"other name":  {madeAt(1, "team-a", "db", asksForName("other")), nil},
		"other model": {madeAt(1, "team-a", "db", other, adopts("found")), nil},
		"owner in another model": {
			madeAt(1, "team-a", "db", other, modelUUID("other"), owns("found")), nil,
		},
		"status names the model, spec reaches another": {
			madeAt(1, "team-a", "db", modelNamed("prod/third"), modelUUID("uuid"), has("found")), with(),
		},
		"status names the model, spec reaches it": {
			madeAt(1, "team-a", "db", other, modelUUID("uuid")), with(wants),
		},
		"tenant denied, owner by record": {
			madeAt(1, "team-a", "db", denied, modelUUID("uuid"), owns("found")), with(owner("found")),
		},
		"tenant denied, owner by status": {
			madeAt(1, "team-a", "db", denied, modelUUID("uuid"), has("found")), with(),
		},
		"record for another model, status of this one": {
			madeAt(1, "team-a", "db", modelNamed("prod/third"), modelUUID("third"), owns("found"), modelUUID("uuid")),
			with(),
		},
		"same model by UUID": {
			madeAt(1, "team-a", "db", func(s *v1alpha1.JujuSecret) { s.Spec.Model, s.Spec.ModelUUID = "", "uuid" }),
			with(wants),
		},
		"controller object missing": {
			madeAt(1, "team-a", "db", usesController("", "gone"), modelUUID("uuid")), with(),
		},
		"namespace missing": {
			madeAt(1, "gone", "db"), with(func(r *plan.Competitor) { r.Object = "gone/db" }),
		},
		"creation, secret identified": {
			madeAt(1, "team-a", "db", creates(plan.Creation{Name: "db", ID: "found"})), with(wants, intent("found")),
		},
		"creation, unsigned": {
			madeAt(1, "team-a", "db", annotated(recordAnnotation,
				`{"uid":"team-a/db","creating":{"name":"db","id":"found","proof":"forged"}}`)),
			with(wants),
		},
		"creation, another secret identified": {
			madeAt(1, "team-a", "db", creates(plan.Creation{
				Name: "db", ID: "one", Digests: []string{testKey.DigestOf("team-a/db", found.Checksum)},
			})),
			with(wants, intent("one")),
		},
		"creation matches": {madeAt(1, "team-a", "db", candidate("team-a/db")), with(wants, begun)},
		"creation matches, restored with another UID": {
			madeAt(1, "team-a", "db", candidate("team-a/db"), withUID("restored")), with(wants, begun),
		},
		"creation matches, deleting": {
			madeAt(1, "team-a", "db", candidate("team-a/db"), deleted),
			with(begun, func(r *plan.Competitor) { r.Deleting = true }),
		},
		"creation complete": {
			madeAt(1, "team-a", "db", candidate("team-a/db"), owns("one")), with(wants, owner("one")),
		},
		"creation of other content":     {madeAt(1, "team-a", "db", candidate("team-b/db")), with(wants)},
		"creation matches, other model": {madeAt(1, "team-a", "db", other, candidate("team-a/db")), with()},
		"creation matches, other controller object": {
			madeAt(1, "team-a", "db", otherController, candidate("team-a/db")), with(begun),
		},
		"same object": {madeAt(2, "team-b", "db"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := madeAt(2, "team-b", "db", candidate("team-b/db"))
			cache := cluster{secrets: []*v1alpha1.JujuSecret{row.other}, tenants: allTenants()}
			r := &SecretReconciler{objectBase: newTestBase(cache, models{"prod/other": "uuid", "prod/third": "third"})}
			facts := factsOf(r, obj, plan.ModelView{Known: true, ModelUUID: "uuid", ByName: found})
			if err := r.observeOthers(t.Context(), obj, facts); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, facts.Competitors); diff != "" {
				t.Errorf("competitors (-want +got):\n%s", diff)
			}
		})
	}
}

// factsOf returns the facts that observeOthers starts with.
func factsOf(r *SecretReconciler, obj *v1alpha1.JujuSecret, view plan.ModelView) *plan.SecretFacts {
	recorded := r.recordOf(obj)
	return &plan.SecretFacts{
		Identity: identityOf(obj), Desired: plan.Desired{Name: obj.JujuName()}, Model: placement.ModelOfSecret(obj),
		Record: recorded.Record, LastID: recorded.OwnedID(), View: view,
	}
}

// withUID sets the UID. A restore from a backup changes the UID.
func withUID(uid types.UID) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.UID = uid }
}

func adoptsIt(s *v1alpha1.JujuSecret) { s.Spec.AdoptionPolicy = v1alpha1.AdoptionAdopt }

func TestCompetitorAdoptsByDefaultOfControllerObject(t *testing.T) {
	t.Parallel()
	never := func(s *v1alpha1.JujuSecret) { s.Spec.AdoptionPolicy = v1alpha1.AdoptionNever }
	for name, row := range map[string]struct {
		other      func(*v1alpha1.JujuSecret)
		controller v1alpha1.AdoptionPolicy
		want       bool
	}{
		"neither":                {func(*v1alpha1.JujuSecret) {}, "", false},
		"object":                 {adoptsIt, "", true},
		"controller object":      {func(*v1alpha1.JujuSecret) {}, v1alpha1.AdoptionAdopt, true},
		"object says otherwise":  {never, v1alpha1.AdoptionAdopt, false},
		"object that is deleted": {deleted, v1alpha1.AdoptionAdopt, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj, other := madeAt(2, "team-b", "db"), madeAt(1, "team-a", "db", row.other)
			cache := cluster{secrets: []*v1alpha1.JujuSecret{other}, tenants: allTenants(), adoption: row.controller}
			r := &SecretReconciler{objectBase: newTestBase(cache, nil)}
			facts := factsOf(r, obj, plan.ModelView{Known: true, ByName: &plan.UserSecret{ID: "found", Name: "db"}})
			err := r.observeOthers(t.Context(), obj, facts)
			if err != nil || len(facts.Competitors) != 1 || facts.Competitors[0].Adopts != row.want {
				t.Errorf("observeOthers found %+v and returned %v, want Adopts %t", facts.Competitors, err, row.want)
			}
		})
	}
}

func TestDeniedCompetitorWantsNothing(t *testing.T) {
	t.Parallel()
	obj, other := madeAt(2, "team-b", "db"), madeAt(1, "team-a", "db")
	r := &SecretReconciler{objectBase: newTestBase(cluster{secrets: []*v1alpha1.JujuSecret{other}}, nil)}
	facts := factsOf(r, obj, plan.ModelView{Known: true})
	err := r.observeOthers(t.Context(), obj, facts)
	if err != nil || len(facts.Competitors) != 1 || facts.Competitors[0].Wants {
		t.Errorf("observeOthers found %+v and returned %v", facts.Competitors, err)
	}
}

func TestCompetitorsAreObservedOnceOldestFirst(t *testing.T) {
	t.Parallel()
	obj := madeAt(9, "team-b", "db", owns("found"))
	cache := cluster{tenants: allTenants(), secrets: []*v1alpha1.JujuSecret{
		madeAt(3, "team-a", "db", owns("found")),
		madeAt(1, "team-c", "db"),
		madeAt(2, "team-a", "other", owns("found")),
	}}
	r := &SecretReconciler{objectBase: newTestBase(cache, nil)}
	facts := factsOf(r, obj, plan.ModelView{Known: true})
	if err := r.observeOthers(t.Context(), obj, facts); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, competitor := range facts.Competitors {
		got = append(got, competitor.Object)
	}
	if diff := cmp.Diff([]string{"team-c/db", "team-a/other", "team-a/db"}, got); diff != "" {
		t.Errorf("competitors (-want +got):\n%s", diff)
	}
}

// counting counts the reads of ClusterJujuControllers: one for each competitor
// that the reconciler examines.
type counting struct {
	cluster

	reads *int
}

func (c counting) Get(
	ctx context.Context, key client.ObjectKey, into client.Object, options ...client.GetOption,
) error {
	if _, ok := into.(*v1alpha1.ClusterJujuController); ok {
		*c.reads++
	}
	return c.cluster.Get(ctx, key, into, options...)
}

func TestCompetitorsOfOneNameCostNoMoreThanTheOldest(t *testing.T) {
	t.Parallel()
	obj, cache := madeAt(500, "team-b", "db"), cluster{tenants: allTenants()}
	for i := range 1000 { // Half of them are older.
		cache.secrets = append(cache.secrets, madeAt(i, "team-a", fmt.Sprintf("db-%d", i), asksForName("db")))
	}
	owner := madeAt(2000, "team-c", "db", owns("found"))
	cache.secrets = append(cache.secrets, owner)
	reads := 0
	r := &SecretReconciler{objectBase: newTestBase(counting{cache, &reads}, nil)}
	facts := factsOf(r, obj, plan.ModelView{Known: true})
	if err := r.observeOthers(t.Context(), obj, facts); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, competitor := range facts.Competitors {
		got = append(got, competitor.Object)
	}
	if diff := cmp.Diff([]string{"team-a/db-0", "team-c/db"}, got); diff != "" || reads != 2 {
		t.Errorf("%d competitors were examined (-want +got):\n%s", reads, diff)
	}
}

func TestCompetitorsAreUnknownIfListFails(t *testing.T) {
	t.Parallel()
	obj := madeAt(1, "team-a", "db")
	r := &SecretReconciler{objectBase: newTestBase(cluster{fails: errors.New("not started")}, nil)}
	if err := r.observeOthers(t.Context(), obj, factsOf(r, obj, plan.ModelView{Known: true})); err == nil {
		t.Error("observeOthers returned no error")
	}
}

func TestAdoptionConflictIsWonByTheFirst(t *testing.T) {
	t.Parallel()
	now := time.Now()
	r := &SecretReconciler{objectBase: newObjectBase(Options{Now: func() time.Time { return now }})}
	one, two := madeAt(1, "team-a", "db"), madeAt(2, "team-b", "db")
	namespaced := madeAt(1, "team-c", "db", local)
	nothing, begun := plan.Record{}, plan.Record{Held: true, Adopting: "found"}
	for _, step := range []struct {
		what      string
		obj       *v1alpha1.JujuSecret
		now, next plan.Record
		want      bool
	}{
		{"first", one, nothing, begun, true},
		{"second", two, nothing, begun, false},
		{"object with a JujuController", namespaced, nothing, begun, true},
		{"second, another secret", two, nothing, plan.Record{Held: true, Adopting: "other"}, true},
		{"first again, its record was not written", one, nothing, begun, true},
		{"no adoption", two, nothing, nothing, true},
		{"first, the cache has its record", one, begun, begun, true},
		{"second, package plan sees the record", two, nothing, begun, true},
	} {
		if got := r.reserve(step.obj, step.now, step.next); errors.Is(got, errReserved) == step.want {
			t.Errorf("%s: reserve returned %v, want success: %t", step.what, got, step.want)
		}
	}
	now = now.Add(2 * cacheLag)
	if r.reserve(one, nothing, begun) != nil {
		t.Error("an adoption without a record still blocks others after cacheLag")
	}
}
