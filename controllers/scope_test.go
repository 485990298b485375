// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/record"
)

// registry is a client with a ClusterJujuController and, in the namespace
// team-a, a JujuController. Both have the name default.
type registry struct {
	client.Client

	class    string
	adoption v1alpha1.AdoptionPolicy
	deleting bool
}

func (r registry) Get(
	_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption,
) error {
	into.SetNamespace(key.Namespace)
	into.SetName(key.Name)
	if r.deleting {
		into.SetDeletionTimestamp(new(metav1.Now()))
	}
	found := key.Name == "default"
	switch into := into.(type) {
	case *v1alpha1.ClusterJujuController:
		into.Spec.Tenants = []v1alpha1.Tenant{
			{Namespaces: v1alpha1.TenantNamespaces{MatchNames: []string{"team-a"}}, Models: []string{"prod/*"}},
		}
		into.Spec.ControllerClass, into.Spec.AdoptionPolicy = r.class, r.adoption
	case *v1alpha1.JujuController:
		found = found && key.Namespace == "team-a"
		into.Spec.ControllerClass, into.Spec.AdoptionPolicy = r.class, r.adoption
	case *metav1.PartialObjectMetadata:
		found = key.Name != ""
	}
	if !found {
		return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
	}
	return nil
}

// Package plan's tests of Installation cover the decisions on a reference.
func TestReferenceReadsTheControllerObject(t *testing.T) {
	t.Parallel()
	const local, shared = plan.ControllerKey("team-a/default"), plan.ControllerKey("default")
	tenants := []v1alpha1.Tenant{
		{Namespaces: v1alpha1.TenantNamespaces{MatchNames: []string{"team-a"}}, Models: []string{"prod/*"}},
	}
	limited := Scope{Namespaces: []string{"team-a", "team-b"}}
	for name, row := range map[string]struct {
		namespace string
		key       plan.ControllerKey
		scope     Scope
		objects   registry
		want      plan.Reference
	}{
		"ClusterJujuController": {
			"team-a", shared, Scope{}, registry{class: "edge"},
			plan.Reference{Exists: true, Class: "edge", Tenants: tenants},
		},
		"adoptionPolicy": {
			"team-a", local, Scope{}, registry{adoption: v1alpha1.AdoptionAdopt},
			plan.Reference{Exists: true, AdoptionPolicy: v1alpha1.AdoptionAdopt},
		},
		"deleting": {
			"team-a", local, Scope{}, registry{deleting: true}, plan.Reference{Exists: true, Deleting: true},
		},
		"missing":                         {"team-a", "gone", Scope{}, registry{}, plan.Reference{}},
		"JujuController":                  {"team-a", local, limited, registry{}, plan.Reference{Exists: true}},
		"JujuController, other namespace": {"team-b", local, Scope{}, registry{class: "edge"}, plan.Reference{}},
		"ClusterJujuController is hidden": {"team-a", shared, limited, registry{class: "edge"}, plan.Reference{}},
		"no reference":                    {"team-a", "", Scope{}, registry{}, plan.Reference{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newObjectBase(Options{Client: row.objects, Now: time.Now, Scope: row.scope})
			row.want.Controller, row.want.From = row.key, plan.Namespace{Name: row.namespace}
			got, err := b.reference(t.Context(), row.namespace, row.key)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("reference (-want +got):\n%s", diff)
			}
		})
	}
}

// listingModels are Models that answer Identify, and record the ages.
type listingModels struct {
	Models

	found map[plan.Age]plan.ListedModel
	asked *[]plan.Age
}

func (m listingModels) Identify(_ context.Context, _ plan.ModelRef, query plan.Query) plan.ListedModel {
	*m.asked = append(*m.asked, query.Age)
	return m.found[query.Age]
}

func TestTenancyUsesNewListOfModelsOnlyIfTheLastOneDenies(t *testing.T) {
	t.Parallel()
	byName := plan.ModelRef{Controller: "default", Name: "prod/app"}
	byUUID := plan.ModelRef{Controller: "default", UUID: "uuid"}
	listed, missing := plan.ListedModel{Known: true, Name: "prod/app", UUID: "uuid"}, plan.ListedModel{Known: true}
	unknown := plan.ListedModel{Problem: &plan.Problem{Reason: v1alpha1.ReasonJujuUnreachable, Message: "no answer"}}
	for name, row := range map[string]struct {
		namespace string
		model     plan.ModelRef
		age       plan.Age
		deleting  bool
		known     plan.ListedModel // by the last list
		renewed   plan.ListedModel
		asked     []plan.Age
		want      v1alpha1.Reason
	}{
		"by name":   {namespace: "team-a", model: byName, age: plan.Fresh},
		"no tenant": {namespace: "team-b", model: byUUID, age: plan.Fresh, want: v1alpha1.ReasonTenantDenied},
		"no tenant, deleting": {
			namespace: "team-b", model: byUUID, deleting: true, want: v1alpha1.ReasonTenantDenied,
		},
		"allowed by the last list": {
			namespace: "team-a", model: byUUID, age: plan.Fresh, known: listed, asked: []plan.Age{plan.AsKnown},
		},
		"unchanged": {
			namespace: "team-a", model: byUUID, known: missing, renewed: listed, asked: []plan.Age{plan.AsKnown},
			want: v1alpha1.ReasonTenantDenied,
		},
		"changed": {
			namespace: "team-a", model: byUUID, age: plan.Recent, known: missing, renewed: listed,
			asked: []plan.Age{plan.AsKnown, plan.Recent},
		},
		"changed, not listed": {
			namespace: "team-a", model: byUUID, age: plan.Recent, known: missing, renewed: missing,
			asked: []plan.Age{plan.AsKnown, plan.Recent}, want: v1alpha1.ReasonTenantDenied,
		},
		"changed, not covered": {
			namespace: "team-a", model: byUUID, age: plan.Recent,
			known:   plan.ListedModel{Known: true, Name: "test/app", UUID: "uuid"},
			renewed: plan.ListedModel{Known: true, Name: "test/app", UUID: "uuid"},
			asked:   []plan.Age{plan.AsKnown, plan.Recent}, want: v1alpha1.ReasonTenantDenied,
		},
		"deleting": {
			namespace: "team-a", model: byUUID, deleting: true, known: missing, renewed: listed,
			asked: []plan.Age{plan.AsKnown, plan.Fresh},
		},
		"not connected": {
			namespace: "team-a", model: byUUID, known: unknown, asked: []plan.Age{plan.AsKnown},
			want: v1alpha1.ReasonJujuUnreachable,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked []plan.Age
			found := map[plan.Age]plan.ListedModel{
				plan.AsKnown: row.known, plan.Recent: row.renewed, plan.Fresh: row.renewed,
			}
			b := newObjectBase(Options{Client: registry{}, Now: time.Now, Juju: listingModels{found: found, asked: &asked}})
			obj := &v1alpha1.JujuSecret{ObjectMeta: metav1.ObjectMeta{Namespace: row.namespace, Name: "db"}}
			if row.deleting {
				deleted(obj)
			}
			ref, err := b.reference(t.Context(), row.namespace, row.model.Controller)
			if err != nil {
				t.Fatal(err)
			}
			got := b.tenancy(t.Context(), obj, b.recordOf(obj), ref, row.model, plan.Query{Age: row.age})
			var reason v1alpha1.Reason
			if got.Problem != nil {
				reason = got.Problem.Reason
			}
			if reason != row.want || !slices.Equal(asked, row.asked) {
				t.Errorf("reason %q, and ages %v; want %q and %v", reason, asked, row.want, row.asked)
			}
		})
	}
}

func TestObjectOfAnotherInstallationIsNotServedUnlessAbandoned(t *testing.T) {
	t.Parallel()
	const shared = plan.ControllerKey("default")
	limited := Scope{Namespaces: []string{"team-a"}}
	clusterController := func(name string) *v1alpha1.ClusterJujuController {
		return &v1alpha1.ClusterJujuController{ObjectMeta: metav1.ObjectMeta{Name: name}}
	}
	abandon := func(s *v1alpha1.JujuSecret) { s.Annotations = map[string]string{v1alpha1.AnnotationAbandon: "true"} }
	for name, row := range map[string]struct {
		scope   Scope
		objects registry
		obj     client.Object
		want    bool
	}{
		"ClusterJujuController": {
			Scope{Class: "edge"}, registry{class: "edge"}, clusterController("default"), true,
		},
		"ClusterJujuController, other class": {
			Scope{}, registry{class: "edge"}, clusterController("default"), false,
		},
		"own class":                       {Scope{Class: "edge"}, registry{class: "edge"}, named("db"), true},
		"other class":                     {Scope{}, registry{class: "edge"}, named("db"), false},
		"other class, abandoned":          {Scope{}, registry{class: "edge"}, named("db", abandon), false},
		"other class, abandoned, deleted": {Scope{}, registry{class: "edge"}, named("db", abandon, deleted), true},
		"hidden controller":               {limited, registry{}, named("db"), true},
		"hidden controller, finalizer":    {limited, registry{}, named("db", withFinalizer), false},
		"hidden controller, finalizer, abandoned, deleted": {
			limited, registry{}, named("db", withFinalizer, abandon, deleted), true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newObjectBase(Options{Client: row.objects, Now: time.Now, Scope: row.scope})
			model := plan.ModelRef{Controller: shared}
			release, err := b.acquire(t.Context(), row.obj, model)
			if row.want && err != nil || !row.want && !errors.Is(err, errNotServed) {
				t.Errorf("acquire returned %v, want served: %t", err, row.want)
			}
			if release != nil {
				release()
			}
		})
	}
}

func TestRequeueFollowsStatusOrError(t *testing.T) {
	t.Parallel()
	conflict := apierrors.NewConflict(schema.GroupResource{}, "db", nil)
	fault := errors.New("fault")
	for name, row := range map[string]struct {
		after time.Duration
		err   error
		want  time.Duration
		fails error
	}{
		"status":          {after: time.Minute, want: time.Minute},
		"in sync":         {},
		"deleted":         {err: errDeleted},
		"not served":      {err: errNotServed},
		"shutdown":        {err: context.Canceled},
		"stale cache":     {err: errStale, want: cacheLag},
		"queued":          {err: errQueued, want: queuedRetry},
		"conflict":        {err: conflict, want: conflictRetry},
		"reserved":        {err: errReserved, want: conflictRetry},
		"withdrawn":       {err: errWithdrawn, want: conflictRetry},
		"any other error": {err: fault, fails: fault},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result, err := requeue(row.after, row.err)
			if result.RequeueAfter != row.want || !errors.Is(err, row.fails) {
				t.Errorf("requeue returned %v and %v, want %v and %v", result.RequeueAfter, err, row.want, row.fails)
			}
		})
	}
}

// local makes a JujuSecret use a JujuController.
func local(s *v1alpha1.JujuSecret) { s.Spec.ControllerRef.Kind = v1alpha1.KindJujuController }

func TestForgedRecordInStatusIsIgnored(t *testing.T) {
	t.Parallel()
	b := newTestBase(nil, nil)
	owner := func(modify ...func(*v1alpha1.JujuSecret)) *v1alpha1.JujuSecret {
		obj := madeAt(1, "team-a", "db", modelUUID("uuid"), owns("one"))
		for _, change := range modify {
			change(obj)
		}
		return obj
	}
	unsigned := madeAt(1, "team-a", "db", has("one"), modelUUID("uuid"))
	copied := madeAt(1, "team-b", "db", func(s *v1alpha1.JujuSecret) { s.Status = owner().Status })
	for name, row := range map[string]struct {
		obj  *v1alpha1.JujuSecret
		want *record.Owned
	}{
		"as written":               {owner(), &record.Owned{ModelUUID: "uuid", SecretID: "one"}},
		"another status.secretID":  {owner(has("two")), &record.Owned{ModelUUID: "uuid", SecretID: "one"}},
		"another status.modelUUID": {owner(modelUUID("another")), &record.Owned{ModelUUID: "uuid", SecretID: "one"}},
		"restored with another UID": {
			owner(withUID("another")), &record.Owned{ModelUUID: "uuid", SecretID: "one"},
		},
		"another model": {owner(modelNamed("prod/other")), nil},
		"another controller": {
			owner(func(s *v1alpha1.JujuSecret) { s.Spec.ControllerRef.Name = "another" }),
			&record.Owned{ModelUUID: "uuid", SecretID: "one"},
		},
		"another object":    {owner(func(s *v1alpha1.JujuSecret) { s.Name = "another" }), nil},
		"another namespace": {copied, nil},
		"no record":         {unsigned, nil},
		"forged record": {
			owner(func(s *v1alpha1.JujuSecret) {
				s.Status.Record = `v1.x.y.{"sequence":9,"owned":{"modelUUID":"uuid","secretID":"two"}}`
			}), nil,
		},
		"forged proof": {
			owner(func(s *v1alpha1.JujuSecret) { s.Status.Record, s.Status.OwnershipProof = "", "x" }), nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(row.want, b.recordOf(row.obj).Owned); diff != "" {
				t.Errorf("owned (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOwnershipIsRecordedFromPlan(t *testing.T) {
	t.Parallel()
	old := &record.Owned{ModelUUID: "old", SecretID: "old"}
	secret := &plan.UserSecret{ID: "one"}
	for name, row := range map[string]struct {
		todo plan.Plan
		done []plan.Outcome
		want *record.Owned
	}{
		"secret found": {
			plan.Plan{Secret: secret, ModelUUID: "uuid"}, nil, &record.Owned{ModelUUID: "uuid", SecretID: "one"},
		},
		"secret adopted": {
			plan.Plan{Secret: secret, ModelUUID: "uuid", Owns: plan.Adopted}, nil,
			&record.Owned{ModelUUID: "uuid", SecretID: "one", Adopted: true},
		},
		"secret created": {
			plan.Plan{ModelUUID: "uuid"}, []plan.Outcome{{Secret: secret}},
			&record.Owned{ModelUUID: "uuid", SecretID: "one"},
		},
		"unchanged, nothing found": {plan.Plan{}, nil, old},
		"unchanged, step failed":   {plan.Plan{}, []plan.Outcome{{Problem: &plan.Problem{}}}, old},
		"none, observed":           {plan.Plan{Secret: secret, Owns: plan.Observed}, nil, nil},
		"none, lost":               {plan.Plan{Owns: plan.Nothing}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ownedAfter(record.State{Owned: old}, row.todo, row.done)
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("owned (-want +got):\n%s", diff)
			}
		})
	}
}

// The API server refuses another namespace here, but its validation may have
// been disabled.
func TestJujuControllerReadsOnlyItsNamespace(t *testing.T) {
	t.Parallel()
	otherNamespace := v1alpha1.CredentialsSecretReference{Namespace: "team-b", Name: "login"}
	spec := v1alpha1.JujuControllerSpec{
		Credentials: v1alpha1.Credentials{UserPass: &v1alpha1.UserPassCredentials{SecretRef: otherNamespace}},
		CACertificateFrom: &v1alpha1.CertificateSource{
			SecretRef: &v1alpha1.KeyReference{Namespace: "team-b", Name: "ca", Key: "ca.crt"},
		},
	}
	local := &v1alpha1.JujuController{Spec: spec}
	local.Namespace = "team-a"
	if got := credentialsOf(local).key; got.Namespace != "team-a" {
		t.Errorf("credentials are read from %s", got)
	}
	if got := certificateOf(local).object; got.Namespace != "team-a" {
		t.Errorf("certificate is read from %s", got)
	}
}

func TestDeletingControllerServesObjectsThatHaveSomethingInJuju(t *testing.T) {
	t.Parallel()
	observing := func(s *v1alpha1.JujuSecret) { s.Spec.ManagementPolicy = v1alpha1.ManagementObserve }
	for name, row := range map[string]struct {
		obj      *v1alpha1.JujuSecret
		recorded plan.Record
		want     bool
	}{
		"new": {obj: named("db")},
		"creation pending": {
			named("db", withFinalizer), plan.Record{Creating: &plan.Creation{Name: "db"}}, true,
		},
		"adopted":                        {named("db", withFinalizer), plan.Record{Adopting: "one"}, true},
		"adopted, finalizer was removed": {named("db"), plan.Record{Adopting: "one"}, true},
		"Observe":                        {obj: named("db", observing), want: true},
		"being deleted":                  {obj: named("db", deleted), want: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newObjectBase(Options{Client: registry{deleting: true}, Now: time.Now})
			model := plan.ModelRef{Controller: "default", Name: "prod/app"}
			ref, err := b.reference(t.Context(), row.obj.Namespace, model.Controller)
			if err != nil {
				t.Fatal(err)
			}
			got := b.tenancy(t.Context(), row.obj, record.State{Record: row.recorded}, ref, model, plan.Query{})
			want := plan.Admitted()
			if !row.want {
				want = plan.ControllerDeleting("default")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("tenancy (-want +got):\n%s", diff)
			}
		})
	}
}
