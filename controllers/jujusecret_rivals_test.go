// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// remembering puts a record into an object.
func remembering(kept record) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) {
		kept.UID = s.UID
		text, err := json.Marshal(kept)
		if err != nil {
			panic(err)
		}
		s.Annotations = map[string]string{recordAnnotation: string(text)}
		controllerutil.AddFinalizer(s, finalizer)
	}
}

// has is the status of who has a secret.
func has(id string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.Status.SecretID, s.Status.Managed = id, true }
}

func observing(s *v1alpha1.JujuSecret) { s.Spec.ManagementPolicy = v1alpha1.ManagementObserve }

func asksForID(id string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.Spec.ID = id }
}

func asksForName(name string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.Spec.Name = name }
}

func TestAStakeIsWhatAnObjectHasOrWants(t *testing.T) {
	t.Parallel()
	creating := func(name string) func(*v1alpha1.JujuSecret) {
		return remembering(record{Creating: &plan.Creation{Name: name}})
	}
	for name, row := range map[string]struct {
		obj  *v1alpha1.JujuSecret
		want []string
	}{
		"its own name":                        {named("db"), []string{"name/db"}},
		"the name of its spec":                {named("db", asksForName("password")), []string{"name/password"}},
		"the ID of its spec":                  {named("db", asksForID("one")), []string{"id/one"}},
		"both":                                {named("db", asksForID("one"), asksForName("password")), []string{"id/one", "name/password"}},
		"what it has":                         {named("db", has("one")), []string{"id/one", "name/db"}},
		"what it has, once":                   {named("db", asksForID("one"), has("one")), []string{"id/one"}},
		"what it is about to take over":       {named("db", remembering(record{Adopting: "one"})), []string{"id/one", "name/db"}},
		"what it is about to create":          {named("db", creating("db")), []string{"name/db"}},
		"what it was about to create":         {named("db", creating("old")), []string{"name/db", "name/old"}},
		"not what it only saw":                {named("db", has("one"), func(s *v1alpha1.JujuSecret) { s.Status.Managed = false }), []string{"name/db"}},
		"nothing, if it only looks":           {named("db", observing), nil},
		"nothing, if it only looks by now":    {named("db", observing, has("one")), nil},
		"not what is in a record of a copy":   {named("db", creating("old"), func(s *v1alpha1.JujuSecret) { s.UID = "another" }), []string{"name/db"}},
		"a name that looks like another's ID": {named("db", asksForName("id/one")), []string{"name/id/one"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(row.want, stakes(row.obj)); diff != "" {
				t.Errorf("the stakes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestKeysAreDistinct(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ keys, want []string }{
		"none":                {nil, nil},
		"as they are":         {[]string{"a", "b"}, []string{"a", "b"}},
		"in order":            {[]string{"b", "c", "a"}, []string{"a", "b", "c"}},
		"each once":           {[]string{"b", "a", "b", "a"}, []string{"a", "b"}},
		"without the empty":   {[]string{"", "b", "", "a"}, []string{"a", "b"}},
		"nothing but empties": {[]string{"", ""}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := distinct(row.keys); !slices.Equal(got, row.want) {
				t.Errorf("they are %q, want %q", got, row.want)
			}
		})
	}
}

// madeAt is an object of a namespace, made so many seconds after the first of all.
func madeAt(second int, namespace, name string, modify ...func(*v1alpha1.JujuSecret)) *v1alpha1.JujuSecret {
	obj := named(name)
	obj.Namespace, obj.UID = namespace, types.UID(namespace+"/"+name)
	obj.CreationTimestamp = metav1.NewTime(time.Date(2026, 8, 1, 12, 0, second, 0, time.UTC))
	for _, change := range modify {
		change(obj)
	}
	return obj
}

func TestTheOlderObjectIsTheSameForEverybody(t *testing.T) {
	t.Parallel()
	inOrder := []*v1alpha1.JujuSecret{
		madeAt(1, "z", "z"), madeAt(2, "a", "b"), madeAt(2, "a", "c"), madeAt(2, "b", "a"), madeAt(3, "a", "a"),
	}
	all := map[client.ObjectKey]*v1alpha1.JujuSecret{}
	for i, a := range inOrder {
		all[client.ObjectKeyFromObject(a)] = a
		for j, b := range inOrder {
			if got := olderFirst(a, b); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("%s and %s compare as %d", a.UID, b.UID, got)
			}
		}
	}
	if got := sortedByAge(all); !slices.Equal(got, inOrder) {
		t.Errorf("they are sorted as %v", got)
	}
}

// cluster is a cache of JujuSecrets under their stakes, and of one controller object with tenants.
type cluster struct {
	client.Client

	secrets []*v1alpha1.JujuSecret
	tenants []v1alpha1.Tenant
	// going: the controller object is being deleted.
	going bool
}

func (c cluster) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	switch into := into.(type) {
	case *v1alpha1.ClusterJujuController:
		if key.Name == "default" {
			into.Name, into.Spec.Tenants = key.Name, c.tenants
			if c.going {
				into.DeletionTimestamp = new(metav1.Now())
			}
			return nil
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
	var asked client.ListOptions
	asked.ApplyOptions(options)
	list, ok := into.(*v1alpha1.JujuSecretList)
	for _, obj := range c.secrets {
		matches := slices.ContainsFunc(stakes(obj), func(key string) bool { return asked.FieldSelector.Matches(fields.Set{stake: key}) })
		if ok && matches {
			list.Items = append(list.Items, *obj)
		}
	}
	return nil
}

// models are the UUIDs by name, in a Juju that holds nothing.
type models map[string]string

func (m models) World(_ context.Context, model plan.ModelRef, _ plan.Query) plan.World {
	return plan.World{Known: m[model.Name] != "", ModelUUID: m[model.Name]}
}

func (models) Do(
	context.Context, plan.ModelRef, []plan.Step, func(context.Context) error, func(context.Context) bool,
) ([]plan.Outcome, error) {
	return nil, errors.New("nothing is to be done")
}

func (models) Changed() <-chan plan.Change { return nil }

// everybody are tenants that may use every model of one qualifier.
func everybody() []v1alpha1.Tenant {
	return []v1alpha1.Tenant{{Namespaces: v1alpha1.TenantNamespaces{All: true}, Models: []string{"prod/*", "uuid"}}}
}

func TestWhatAnotherObjectMeansForOne(t *testing.T) {
	t.Parallel()
	key := content.Key{Sealed: content.Seal([]byte("key"))}
	found := &plan.UserSecret{ID: "found", Name: "db", Revision: 1, Checksum: content.Seal("sum")}
	candidate := func(replaces, owner string) func(*v1alpha1.JujuSecret) {
		return remembering(record{Creating: &plan.Creation{
			Name: "db", Replaces: replaces, Digests: []string{"other", key.DigestOf(owner, found.Checksum)},
		}})
	}
	elsewhere := func(s *v1alpha1.JujuSecret) { s.Spec.Model = "prod/other" }
	older := plan.Rival{Object: "team-a/db", Older: true}
	with := func(changes ...func(*plan.Rival)) []plan.Rival {
		rival := older
		for _, change := range changes {
			change(&rival)
		}
		return []plan.Rival{rival}
	}
	wants := func(r *plan.Rival) { r.Wants = true }
	id := func(id string) func(*plan.Rival) { return func(r *plan.Rival) { r.SecretID, r.Noted = id, true } }
	intent := func(id string) func(*plan.Rival) { return func(r *plan.Rival) { r.SecretID = id } }
	// attested is the status that the operator wrote itself.
	attested := func(modelUUID string) func(*v1alpha1.JujuSecret) {
		return func(s *v1alpha1.JujuSecret) {
			s.Status.ModelUUID = modelUUID
			r := &SecretReconciler{}
			r.Key = key
			s.Status.OwnershipProof = r.ownershipProof(s)
		}
	}
	inOther := func(s *v1alpha1.JujuSecret) { s.Spec.Model, s.Status.ModelUUID = "prod/third", "uuid" }
	denied := func(s *v1alpha1.JujuSecret) { s.Spec.Model = "secret/app" }
	throughAnother := func(s *v1alpha1.JujuSecret) { s.Spec.ControllerRef.Name = "another" }
	for name, row := range map[string]struct {
		other *v1alpha1.JujuSecret
		want  []plan.Rival
	}{
		"one that asks for the same name":    {madeAt(1, "team-a", "db"), with(wants)},
		"one that is younger":                {madeAt(3, "team-a", "db"), with(wants, func(r *plan.Rival) { r.Older = false })},
		"one that would take it over":        {madeAt(1, "team-a", "db", adoptsIt), with(wants, func(r *plan.Rival) { r.Adopts = true })},
		"one that has it":                    {madeAt(1, "team-a", "db", has("found")), with(wants, id("found"))},
		"one that has it under another name": {madeAt(1, "team-a", "db", asksForName("other"), has("found")), with(id("found"))},
		"one that would take it over by its ID": {
			madeAt(1, "team-a", "db", adoptsIt, asksForName(""), func(s *v1alpha1.JujuSecret) { s.Spec.ID = "found" }),
			with(func(r *plan.Rival) { r.Adopts = true }),
		},
		"one that would take over another by its ID": {
			madeAt(1, "team-a", "db", adoptsIt, func(s *v1alpha1.JujuSecret) { s.Spec.ID = "other" }), nil,
		},
		"one that is about to take it over": {madeAt(1, "team-a", "db", remembering(record{Adopting: "found"})), with(wants, intent("found"))},
		"one that may not use the model, whatever it says that it is about to do": {
			madeAt(1, "team-a", "db", remembering(record{Adopting: "found"}), elsewhere), with(),
		},
		"one that has another, and was about to":      {madeAt(1, "team-a", "db", remembering(record{Adopting: "found"}), has("one")), with(wants, id("one"))},
		"one that goes":                               {madeAt(1, "team-a", "db", deleted), with(func(r *plan.Rival) { r.Going = true })},
		"one that rests":                              {madeAt(1, "team-a", "db", func(s *v1alpha1.JujuSecret) { s.Spec.Suspend = true }), with()},
		"one that only looks":                         {madeAt(1, "team-a", "db", observing), nil},
		"one that asks for another name":              {madeAt(1, "team-a", "db", asksForName("other")), nil},
		"one in another model":                        {madeAt(1, "team-a", "db", elsewhere), with()},
		"one in another model that says it has it":    {madeAt(1, "team-a", "db", elsewhere, has("found")), with()},
		"one that says another model is the same":     {madeAt(1, "team-a", "db", inOther, has("found")), with()},
		"one that had it when it was attested":        {madeAt(1, "team-a", "db", denied, has("found"), attested("uuid")), with(id("found"))},
		"one that was attested in another model":      {madeAt(1, "team-a", "db", elsewhere, has("found"), attested("other")), with()},
		"one whose model was written over afterwards": {madeAt(1, "team-a", "db", inOther, has("found"), attested("other"), inOther), with()},
		"one that may not use the model, and says that it has it": {
			madeAt(1, "team-a", "db", denied, has("found"), func(s *v1alpha1.JujuSecret) { s.Status.ModelUUID, s.Status.OwnershipProof = "uuid", "forged" }), with(),
		},
		"one in the same model under another name for it": {
			madeAt(1, "team-a", "db", elsewhere, func(s *v1alpha1.JujuSecret) { s.Status.ModelUUID = "uuid" }), with(wants),
		},
		"one in the same model by its UUID": {
			madeAt(1, "team-a", "db", func(s *v1alpha1.JujuSecret) { s.Spec.Model, s.Spec.ModelUUID = "", "uuid" }), with(wants),
		},
		"one whose controller object is gone": {
			madeAt(1, "team-a", "db", func(s *v1alpha1.JujuSecret) { s.Spec.ControllerRef.Name = "gone"; s.Status.ModelUUID = "uuid" }), with(),
		},
		"one whose namespace is gone": {madeAt(1, "gone", "db"), with(func(r *plan.Rival) { r.Object = "gone/db" })},
		"one that recognised it after a crash": {
			madeAt(1, "team-a", "db", remembering(record{Creating: &plan.Creation{Name: "db", ID: "found", Proof: key.DigestOf("team-a/db", content.Seal(`recognised "found"`))}})),
			with(wants, intent("found")),
		},
		"one that says so without a proof": {
			madeAt(1, "team-a", "db", remembering(record{Creating: &plan.Creation{Name: "db", ID: "found", Proof: "forged"}})), with(wants),
		},
		"one that recognised another": {
			madeAt(1, "team-a", "db", remembering(record{Creating: &plan.Creation{Name: "db", ID: "one", Proof: key.DigestOf("team-a/db", content.Seal(`recognised "one"`)), Digests: []string{key.DigestOf("team-a/db", found.Checksum)}}})),
			with(wants, intent("one")),
		},
		"one that may have created it": {
			madeAt(1, "team-a", "db", candidate("", "team-a/db")), with(wants, func(r *plan.Rival) { r.Begun = []string{"found"} }),
		},
		"one that may have created it, and goes": {
			madeAt(1, "team-a", "db", candidate("", "team-a/db"), deleted), with(func(r *plan.Rival) { r.Begun, r.Going = []string{"found"}, true }),
		},
		"one whose creation is over":               {madeAt(1, "team-a", "db", candidate("", "team-a/db"), has("one")), with(wants, id("one"))},
		"one that would have created another":      {madeAt(1, "team-a", "db", candidate("", "team-b/db")), with(wants)},
		"one that would have created it elsewhere": {madeAt(1, "team-a", "db", candidate("", "team-a/db"), elsewhere), with()},
		"one that may have created it through another controller object": {
			madeAt(1, "team-a", "db", candidate("", "team-a/db"), throughAnother), with(func(r *plan.Rival) { r.Begun = []string{"found"} }),
		},
		"one that would have created it in a model of another name, through another controller object": {
			madeAt(1, "team-a", "db", candidate("", "team-a/db"), throughAnother, elsewhere), with(),
		},
		"the object itself": {madeAt(2, "team-b", "db"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := madeAt(2, "team-b", "db", candidate("", "team-b/db"))
			cache := cluster{secrets: []*v1alpha1.JujuSecret{row.other}, tenants: everybody()}
			r := &SecretReconciler{Kit: NewKit(cache, models{"prod/other": "uuid", "prod/third": "third"}, nil, time.Now)}
			r.Key = key
			seen := &plan.SecretSeen{
				Want: plan.SecretWant{Name: "db"}, Record: recordOf(obj), CandidateDigest: "mine",
				World: plan.World{Known: true, ModelUUID: "uuid", ByName: found},
			}
			if err := r.observeRivals(t.Context(), obj, seen); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, seen.Rivals); diff != "" {
				t.Errorf("the rivals (-want +got):\n%s", diff)
			}
		})
	}
}

func adoptsIt(s *v1alpha1.JujuSecret) { s.Spec.AdoptionPolicy = v1alpha1.AdoptionAdopt }

func TestWhoMayNotUseTheModelWantsNothing(t *testing.T) {
	t.Parallel()
	obj, other := madeAt(2, "team-b", "db"), madeAt(1, "team-a", "db")
	r := &SecretReconciler{Kit: NewKit(cluster{secrets: []*v1alpha1.JujuSecret{other}}, nil, nil, time.Now)}
	seen := &plan.SecretSeen{Want: plan.SecretWant{Name: "db"}, World: plan.World{Known: true}}
	if err := r.observeRivals(t.Context(), obj, seen); err != nil || len(seen.Rivals) != 1 || seen.Rivals[0].Wants {
		t.Errorf("the rivals are %+v and the error %v", seen.Rivals, err)
	}
}

func TestRivalsComeOldestFirstAndOnce(t *testing.T) {
	t.Parallel()
	obj := madeAt(9, "team-b", "db", has("found"))
	cache := cluster{tenants: everybody(), secrets: []*v1alpha1.JujuSecret{
		madeAt(3, "team-a", "db", has("found")), madeAt(1, "team-c", "db"), madeAt(2, "team-a", "other", has("found")),
	}}
	r := &SecretReconciler{Kit: NewKit(cache, nil, nil, time.Now)}
	seen := &plan.SecretSeen{Want: plan.SecretWant{Name: "db"}, LastID: "found", World: plan.World{Known: true}}
	if err := r.observeRivals(t.Context(), obj, seen); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, rival := range seen.Rivals {
		got = append(got, rival.Object)
	}
	if diff := cmp.Diff([]string{"team-c/db", "team-a/other", "team-a/db"}, got); diff != "" {
		t.Errorf("the rivals (-want +got):\n%s", diff)
	}
}

func TestOfTwoThatBeginToAdoptAtOnceOneDoes(t *testing.T) {
	t.Parallel()
	now := time.Now()
	r := &SecretReconciler{Kit: NewKit(nil, nil, nil, func() time.Time { return now })}
	one, two := madeAt(1, "team-a", "db"), madeAt(2, "team-b", "db")
	local := madeAt(1, "team-c", "db", func(s *v1alpha1.JujuSecret) { s.Spec.ControllerRef.Kind = v1alpha1.KindJujuController })
	nothing, begun := plan.Record{}, plan.Record{Held: true, Adopting: "found"}
	for _, step := range []struct {
		what      string
		obj       *v1alpha1.JujuSecret
		now, next plan.Record
		want      bool
	}{
		{"the first", one, nothing, begun, true},
		{"the second", two, nothing, begun, false},
		{"one that goes through a controller object of its own namespace", local, nothing, begun, true},
		{"the second of something else", two, nothing, plan.Record{Held: true, Adopting: "other"}, true},
		{"the first again, as it could not write its record", one, nothing, begun, true},
		{"who adopts nothing", two, nothing, nothing, true},
		{"the first, when the cache shows it", one, begun, begun, true},
		{"the second, to which it is left to see that", two, nothing, begun, true},
	} {
		if got := r.reserve(step.obj, step.now, step.next); got != step.want {
			t.Errorf("%s may: %t, want %t", step.what, got, step.want)
		}
	}
	now = now.Add(2 * cacheLag)
	if !r.reserve(one, nothing, begun) {
		t.Error("who never wrote its record holds others up for ever")
	}
}
