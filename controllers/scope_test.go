// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// registry has a ClusterJujuController and, in the namespace team-a, a JujuController, both called default.
type registry struct {
	client.Client

	class string
	going bool
}

func (r registry) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	into.SetNamespace(key.Namespace)
	into.SetName(key.Name)
	if r.going {
		into.SetDeletionTimestamp(new(metav1.Now()))
	}
	found := key.Name == "default"
	switch into := into.(type) {
	case *v1alpha1.ClusterJujuController:
		into.Spec.Tenants = []v1alpha1.Tenant{
			{Namespaces: v1alpha1.TenantNamespaces{MatchNames: []string{"team-a"}}, Models: []string{"prod/*"}},
		}
		into.Spec.ControllerClass = r.class
	case *v1alpha1.JujuController:
		found = found && key.Namespace == "team-a"
		into.Spec.ControllerClass = r.class
	case *metav1.PartialObjectMetadata:
		found = true
	}
	if !found {
		return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
	}
	return nil
}

func TestWhoMayUseAModelThroughAControllerObject(t *testing.T) {
	t.Parallel()
	const local, shared = plan.ControllerKey("team-a/default"), plan.ControllerKey("default")
	through := func(key plan.ControllerKey) plan.ModelRef { return plan.ModelRef{Controller: key, Name: "prod/app"} }
	own := plan.Namespace{Name: "team-b"}
	tenants := []v1alpha1.Tenant{{Namespaces: v1alpha1.TenantNamespaces{MatchNames: []string{"team-a"}}, Models: []string{"prod/*"}}}
	elsewhere := plan.Tenancy{Elsewhere: true}
	limited := Scope{Namespaces: []string{"team-a", "team-b"}}
	for name, row := range map[string]struct {
		namespace string
		model     plan.ModelRef
		scope     Scope
		objects   registry
		want      plan.Tenancy
	}{
		"a tenant":                             {"team-a", through(shared), Scope{}, registry{}, plan.Admitted()},
		"who is none":                          {"team-b", through(shared), Scope{}, registry{}, plan.Admit(tenants, own, through(shared))},
		"a tenant where namespaces are chosen": {"team-a", through(shared), limited, registry{}, plan.NotServed(shared)},
		"nobody, through what is not there":    {"team-a", through("gone"), Scope{}, registry{}, plan.NoController("gone")},
		"nobody, through what goes":            {"team-a", through(shared), Scope{}, registry{going: true}, plan.ControllerGoing(shared)},
		"the namespace itself":                 {"team-a", through(local), Scope{}, registry{}, plan.Admitted()},
		"the namespace itself, if it is chosen": {
			"team-a", through(local), limited, registry{}, plan.Admitted(),
		},
		"no other namespace": {"team-b", through(local), Scope{}, registry{}, plan.AnotherNamespace(local)},
		"not the namespace, through what is not there": {
			"team-b", through("team-b/default"), Scope{}, registry{}, plan.NoController("team-b/default"),
		},
		"not the namespace, through what goes": {"team-a", through(local), Scope{}, registry{going: true}, plan.ControllerGoing(local)},
		"another operator's, to us":            {"team-a", through(shared), Scope{}, registry{class: "other"}, elsewhere},
		"another operator's, to one of a class": {
			"team-a", through(local), Scope{Class: "ours"}, registry{class: "other"}, elsewhere,
		},
		"one without a class, to one of a class": {"team-a", through(local), Scope{Class: "ours"}, registry{}, elsewhere},
		"one of our class":                       {"team-a", through(local), Scope{Class: "ours"}, registry{class: "ours"}, plan.Admitted()},
		"another operator's, whoever it serves": {
			"team-b", through(shared), Scope{}, registry{class: "other"},
			plan.Tenancy{Elsewhere: true, Verdict: plan.Admit(tenants, own, through(shared)).Verdict},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kit := NewKit(row.objects, nil, nil, time.Now)
			kit.Scope = row.scope
			got, err := kit.tenancyFor(t.Context(), row.namespace, row.model, false)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("the tenancy (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatMayStillBeDoneWhenItsTurnComes(t *testing.T) {
	t.Parallel()
	revoke, grant := plan.Revoke{ID: "one"}, plan.Grant{ID: "one"}
	for name, row := range map[string]struct {
		namespace string
		objects   registry
		steps     []plan.Step
		proven    bool
		want      bool
	}{
		"a grant":                               {"team-a", registry{}, []plan.Step{grant}, false, true},
		"a grant, for no tenant any more":       {"team-b", registry{}, []plan.Step{grant}, false, false},
		"a grant, through what goes":            {"team-a", registry{going: true}, []plan.Step{grant}, false, false},
		"a revoke":                              {"team-a", registry{}, []plan.Step{revoke}, false, true},
		"a revoke, for no tenant any more":      {"team-b", registry{}, []plan.Step{revoke}, false, false},
		"a revoke, through what waits for it":   {"team-a", registry{going: true}, []plan.Step{revoke}, false, true},
		"a revoke and a grant, through it":      {"team-a", registry{going: true}, []plan.Step{revoke, grant}, false, false},
		"a revoke, for another operator by now": {"team-a", registry{class: "other"}, []plan.Step{revoke}, false, false},
		"what is proven to go with its object":  {"team-b", registry{}, []plan.Step{revoke}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kit := NewKit(row.objects, nil, nil, time.Now)
			obj := named("db")
			obj.Namespace = row.namespace
			todo := plan.Plan{Model: modelOfSecret(obj), Steps: row.steps, Proven: row.proven}
			if got := kit.stillMay(t.Context(), obj, todo); got != row.want {
				t.Errorf("it may: %t, want %t", got, row.want)
			}
		})
	}
}

func TestAReferenceIsToTheClusterOrTheOwnNamespace(t *testing.T) {
	t.Parallel()
	for want, ref := range map[plan.ControllerKey]v1alpha1.ControllerReference{
		"default":        {Name: "default"},
		"shared":         {Kind: v1alpha1.KindClusterJujuController, Name: "shared"},
		"team-a/default": {Kind: v1alpha1.KindJujuController, Name: "default"},
		"":               {Name: "team-a/default"},
	} {
		if got := referred(ref, "team-a"); got != want {
			t.Errorf("%+v is %q, want %q", ref, got, want)
		}
	}
}

// local is what goes through a JujuController.
func local(s *v1alpha1.JujuSecret) { s.Spec.ControllerRef.Kind = v1alpha1.KindJujuController }

func TestWhatGoesThroughAControllerOfAnotherNamespaceCountsForNobody(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		a, b *v1alpha1.JujuSecret
		want bool
	}{
		"both through the cluster's":                     {madeAt(1, "team-a", "db"), madeAt(2, "team-b", "db"), true},
		"the other through its namespace's":              {madeAt(1, "team-a", "db"), madeAt(2, "team-b", "db", local), false},
		"the one through its namespace's":                {madeAt(1, "team-a", "db", local), madeAt(2, "team-b", "db"), false},
		"each through its namespace's":                   {madeAt(1, "team-a", "db", local), madeAt(2, "team-b", "db", local), false},
		"both through that of the namespace that is one": {madeAt(1, "team-a", "db", local), madeAt(2, "team-a", "other", local), true},
		"two ways in one namespace":                      {madeAt(1, "team-a", "db", local), madeAt(2, "team-a", "other"), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := trusted(row.a, row.b, modelOfSecret(row.a).Controller, modelOfSecret(row.b).Controller); got != row.want {
				t.Errorf("it counts: %t, want %t", got, row.want)
			}
		})
	}
}

func TestTheIDInAStatusIsProvenByWhoWroteIt(t *testing.T) {
	t.Parallel()
	r := new(SecretReconciler)
	r.Key = content.Key{Sealed: content.Seal([]byte("key"))}
	inModel := func(s *v1alpha1.JujuSecret) { s.Status.ModelUUID = "uuid" }
	attested := func(modify ...func(*v1alpha1.JujuSecret)) *v1alpha1.JujuSecret {
		obj := madeAt(1, "team-a", "db", has("one"), inModel)
		r.attest(obj, plan.SecretSeen{World: plan.World{Known: true}})
		for _, change := range modify {
			change(obj)
		}
		return obj
	}
	for name, row := range map[string]struct {
		obj  *v1alpha1.JujuSecret
		want bool
	}{
		"as it was written":     {attested(), true},
		"with another ID":       {attested(has("two")), false},
		"in another model":      {attested(func(s *v1alpha1.JujuSecret) { s.Status.ModelUUID = "another" }), false},
		"through another":       {attested(func(s *v1alpha1.JujuSecret) { s.Spec.ControllerRef.Name = "another" }), false},
		"of another object":     {attested(func(s *v1alpha1.JujuSecret) { s.UID = "another" }), false},
		"by a person":           {madeAt(1, "team-a", "db", has("one"), inModel), false},
		"by a person, at best":  {madeAt(1, "team-a", "db", has("one"), inModel, func(s *v1alpha1.JujuSecret) { s.Status.OwnershipProof = "x" }), false},
		"under another's proof": {madeAt(1, "team-b", "db", has("one"), inModel, func(s *v1alpha1.JujuSecret) { s.Status.OwnershipProof = attested().Status.OwnershipProof }), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := row.obj.Status.OwnershipProof == r.ownershipProof(row.obj); got != row.want {
				t.Errorf("it is proven: %t, want %t", got, row.want)
			}
		})
	}
}

func TestAnIDIsProvenOnlyWhereItWasLookedAtByWhoMay(t *testing.T) {
	t.Parallel()
	r := new(SecretReconciler)
	r.Key = content.Key{Sealed: content.Seal([]byte("key"))}
	known, no := plan.World{Known: true}, plan.Tenancy{Verdict: &plan.Verdict{Reason: v1alpha1.ReasonTenantDenied}}
	for name, row := range map[string]struct {
		seen    plan.SecretSeen
		managed bool
		want    string
	}{
		"by a tenant who looked":                    {plan.SecretSeen{World: known}, true, "new"},
		"by who is no tenant, who is to clean up":   {plan.SecretSeen{World: known, Tenancy: no}, true, "old"},
		"by a tenant who could not look":            {plan.SecretSeen{}, true, "old"},
		"by a tenant whose secret is not its own":   {plan.SecretSeen{World: known}, false, ""},
		"by nobody, of a secret that is not theirs": {plan.SecretSeen{}, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := madeAt(1, "team-a", "db", has("one"))
			obj.Status.Managed, obj.Status.OwnershipProof = row.managed, "old"
			r.attest(obj, row.seen)
			got := obj.Status.OwnershipProof
			if got == r.ownershipProof(obj) {
				got = "new"
			}
			if got != row.want {
				t.Errorf("the proof is %q, want %q", got, row.want)
			}
		})
	}
}

// The API server refuses a namespace here, and might once have been told not to.
func TestAJujuControllerReadsNothingOfAnotherNamespace(t *testing.T) {
	t.Parallel()
	elsewhere := v1alpha1.CredentialsSecretReference{Namespace: "team-b", Name: "login"}
	spec := v1alpha1.JujuControllerSpec{
		Credentials: v1alpha1.Credentials{UserPass: &v1alpha1.UserPassCredentials{SecretRef: elsewhere}},
		CACertificateFrom: &v1alpha1.CertificateSource{
			SecretRef: &v1alpha1.KeyReference{Namespace: "team-b", Name: "ca", Key: "ca.crt"},
		},
	}
	local := &v1alpha1.JujuController{Spec: spec}
	local.Namespace = "team-a"
	if got := credentialsOf(local).key; got.Namespace != "team-a" {
		t.Errorf("the credentials are read from %s", got)
	}
	if got := certificateOf(local).object; got.Namespace != "team-a" {
		t.Errorf("the certificate is read from %s", got)
	}
}
