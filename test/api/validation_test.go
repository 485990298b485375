// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package api tests the rules that manifests must keep, on a real Kubernetes API server: every rule has a row that
// passes and one that shows what a person is told.
package api

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

var kubernetes *servers.Kubernetes

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "juju-secrets-api-")
		if err == nil {
			defer func() { _ = os.RemoveAll(dir) }()
			kubernetes, err = servers.StartKubernetes(context.Background(), "../..", dir)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "cannot start the servers:", err)
			return 1
		}
		defer func() { _ = kubernetes.Stop() }()
		return m.Run()
	}())
}

// row is one manifest: refused with a message that has all of these parts, or accepted if there are none.
type row[T client.Object] struct {
	change func(T)
	refuse []string
}

func check[T client.Object](t *testing.T, base func() T, rows map[string]row[T]) {
	t.Helper()
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := base()
			row.change(obj)
			expect(t, kubernetes.Client.Create(t.Context(), obj, client.DryRunAll), row.refuse)
		})
	}
}

func expect(t *testing.T, err error, refuse []string) {
	t.Helper()
	switch {
	case len(refuse) == 0 && err != nil:
		t.Errorf("refused: %v", err)
	case len(refuse) > 0 && err == nil:
		t.Errorf("accepted, want it refused with %q", refuse)
	}
	for _, part := range refuse {
		if err != nil && !strings.Contains(err.Error(), part) {
			t.Errorf("refused with %q, want it to say %q", err, part)
		}
	}
}

const (
	modelUUID = "12345678-1234-4123-8123-123456789abc"
	secretID  = "d3v2mvifkevkaa8tdmqg"
	keyRule   = "lower-case letters, digits and single hyphens"
)

func TestJujuSecretRules(t *testing.T) {
	t.Parallel()
	base := func() *v1alpha1.JujuSecret { return gen.JujuSecret("default", "db-login", "prod/test") }
	check(t, base, map[string]row[*v1alpha1.JujuSecret]{
		"the simplest":             {func(*v1alpha1.JujuSecret) {}, nil},
		"a model by UUID":          {func(s *v1alpha1.JujuSecret) { s.Spec.Model, s.Spec.ModelUUID = "", modelUUID }, nil},
		"a model of a Juju 3 user": {func(s *v1alpha1.JujuSecret) { s.Spec.Model = "bob@canonical.com/test" }, nil},
		"both model and UUID":      {func(s *v1alpha1.JujuSecret) { s.Spec.ModelUUID = modelUUID }, []string{"exactly one of model"}},
		"neither model nor UUID":   {func(s *v1alpha1.JujuSecret) { s.Spec.Model = "" }, []string{"exactly one of model"}},
		"a model without qualifier": {
			func(s *v1alpha1.JujuSecret) { s.Spec.Model = "test" }, []string{"spec.model", "qualifier/name", "prod/db"},
		},
		"a UUID that is none": {
			func(s *v1alpha1.JujuSecret) { s.Spec.Model, s.Spec.ModelUUID = "", "test" }, []string{"juju show-model"},
		},
		"a name in Juju's spelling": {gen.Named("db-password-2"), nil},
		"a name with an underscore": {gen.Named("db_password"), []string{keyRule, "db-password"}},
		"a name that looks like an ID": {
			gen.Named(secretID), []string{"looks like a Juju secret ID"},
		},
		"metadata.name with a dot and no name": {
			func(s *v1alpha1.JujuSecret) { s.Name = "db.login" }, []string{"metadata.name", "spec.name", keyRule},
		},
		"metadata.name with a dot and a name": {
			func(s *v1alpha1.JujuSecret) { s.Name, s.Spec.Name = "db.login", "db-login" }, nil,
		},
		"metadata.name that looks like an ID": {
			func(s *v1alpha1.JujuSecret) { s.Name = secretID }, []string{"metadata.name looks like a Juju secret ID"},
		},
		"no value at all": {func(s *v1alpha1.JujuSecret) { s.Spec.Value = nil }, []string{"a secret needs a value", "Observe"}},
		"a value without keys": {
			func(s *v1alpha1.JujuSecret) { s.Spec.Value = map[string]string{}; s.Spec.ValueFrom = nil },
			[]string{"a secret needs a value"},
		},
		"a key outside Juju's rule": {gen.Value(map[string]string{"DB_PASSWORD": "x"}), []string{keyRule, "db-password"}},
		"a key that is too short":   {gen.Value(map[string]string{"ab": "x"}), []string{keyRule}},
		"an empty value of a key":   {gen.Value(map[string]string{"key": ""}), nil},
		"a Secret, whole":           {gen.FromSecret("db"), nil},
		"a Secret, some keys":       {gen.FromSecret("db", v1alpha1.KeyToKey{Key: "A"}, v1alpha1.KeyToKey{Key: "B", As: "bee"}), nil},
		"a ConfigMap":               {gen.FromConfigMap("db"), nil},
		"a key renamed outside Juju's rule": {
			gen.FromSecret("db", v1alpha1.KeyToKey{Key: "A", As: "B_C"}), []string{"write as in", keyRule},
		},
		"a source that is two": {func(s *v1alpha1.JujuSecret) {
			gen.FromSecret("db")(s)
			s.Spec.ValueFrom[0].ConfigMapRef = &v1alpha1.SourceReference{Name: "db"}
		}, []string{"exactly one of secretRef and configMapRef"}},
		"a source that is none": {func(s *v1alpha1.JujuSecret) {
			s.Spec.ValueFrom = []v1alpha1.ValueSource{{}}
		}, []string{"exactly one of secretRef and configMapRef"}},
		"a policy that is none": {
			func(s *v1alpha1.JujuSecret) { s.Spec.DeletionPolicy = "Orphan" }, []string{"Orphan", "Delete", "Retain"},
		},
		"a reference": {func(s *v1alpha1.JujuSecret) { gen.Observed(s); s.Spec.Value = nil }, nil},
		"a reference to a name with an underscore": {func(s *v1alpha1.JujuSecret) {
			gen.Observed(s)
			s.Spec.Value, s.Spec.Name = nil, "their_secret"
		}, nil},
		"adopted by name": {gen.Adopting, nil},
		"adopted by ID":   {func(s *v1alpha1.JujuSecret) { gen.Adopting(s); gen.ByID(secretID)(s) }, nil},
		"adopted by ID under another name": {func(s *v1alpha1.JujuSecret) {
			gen.Adopting(s)
			gen.ByID(secretID)(s)
			gen.Named("db-password")(s)
		}, nil},
		"by ID, whatever metadata.name": {func(s *v1alpha1.JujuSecret) {
			gen.Adopting(s)
			gen.ByID(secretID)(s)
			s.Name = "db.login"
		}, nil},
		"an ID without adoption":     {gen.ByID(secretID), []string{"id names a secret that is there already", "Observe", "Adopt"}},
		"an ID that is a URI":        {func(s *v1alpha1.JujuSecret) { gen.Adopting(s); gen.ByID("secret:" + secretID)(s) }, []string{"spec.id"}},
		"an ID that is a name":       {func(s *v1alpha1.JujuSecret) { gen.Adopting(s); gen.ByID("db-password")(s) }, []string{"without secret: before them"}},
		"no adoption policy we know": {func(s *v1alpha1.JujuSecret) { s.Spec.AdoptionPolicy = "Always" }, []string{"adoptionPolicy", "Never", "Adopt"}},
		"suspended":                  {gen.Suspended, nil},
		"pruned":                     {gen.Pruned, nil},
		"a reference by ID":          {func(s *v1alpha1.JujuSecret) { gen.Observed(s); gen.ByID(secretID)(s); s.Spec.Value = nil }, nil},
		"a reference by ID and name": {func(s *v1alpha1.JujuSecret) {
			gen.Observed(s)
			gen.ByID(secretID)(s)
			gen.Named("x")(s)
			s.Spec.Value = nil
		}, []string{"remove name or id"}},
		"a reference that is adopted": {func(s *v1alpha1.JujuSecret) { gen.Observed(s); gen.Adopting(s); s.Spec.Value = nil }, []string{"Observe writes nothing", "adoptionPolicy"}},
		"a reference that is pruned":  {func(s *v1alpha1.JujuSecret) { gen.Observed(s); gen.Pruned(s); s.Spec.Value = nil }, []string{"Observe writes nothing", "autoPrune"}},
		"a suspended reference":       {func(s *v1alpha1.JujuSecret) { gen.Observed(s); gen.Suspended(s); s.Spec.Value = nil }, nil},
		"a drift policy":              {gen.Reporting, nil},
		"no drift policy we know":     {func(s *v1alpha1.JujuSecret) { s.Spec.DriftPolicy = "Ignore" }, []string{"driftPolicy", "Correct", "Report"}},
		"a reference with a drift policy": {
			func(s *v1alpha1.JujuSecret) { gen.Observed(s); gen.Reporting(s); s.Spec.Value = nil },
			[]string{"Observe writes nothing", "driftPolicy"},
		},
		"a reference with a value": {gen.Observed, []string{"Observe writes nothing", "remove value"}},
		"a reference with info": {func(s *v1alpha1.JujuSecret) {
			gen.Observed(s)
			s.Spec.Value, s.Spec.Info = nil, "x"
		}, []string{"Observe writes nothing"}},
		"a reference with a deletion policy": {func(s *v1alpha1.JujuSecret) {
			gen.Observed(s)
			gen.Retained(s)
			s.Spec.Value = nil
		}, []string{"Observe writes nothing"}},
	})
}

func TestJujuSecretAccessRules(t *testing.T) {
	t.Parallel()
	base := func() *v1alpha1.JujuSecretAccess { return gen.Access("default", "db", "db-login", "app1") }
	direct := func(change func(*v1alpha1.UserSecretReference)) func(*v1alpha1.JujuSecretAccess) {
		return func(a *v1alpha1.JujuSecretAccess) {
			ref := v1alpha1.UserSecretReference{Model: "prod/test", ID: secretID}
			ref.ControllerRef.Name = "default"
			change(&ref)
			a.Spec.SecretRef, a.Spec.Secret = nil, &ref
		}
	}
	check(t, base, map[string]row[*v1alpha1.JujuSecretAccess]{
		"by JujuSecret": {func(*v1alpha1.JujuSecretAccess) {}, nil},
		"by ID":         {direct(func(*v1alpha1.UserSecretReference) {}), nil},
		"by name":       {direct(func(r *v1alpha1.UserSecretReference) { r.ID, r.Name = "", "their_secret" }), nil},
		"in a model by UUID": {
			direct(func(r *v1alpha1.UserSecretReference) { r.Model, r.ModelUUID = "", modelUUID }), nil,
		},
		"by nothing": {func(a *v1alpha1.JujuSecretAccess) { a.Spec.SecretRef = nil }, []string{"exactly one of secretRef"}},
		"by both": {func(a *v1alpha1.JujuSecretAccess) {
			ref := a.Spec.SecretRef
			direct(func(*v1alpha1.UserSecretReference) {})(a)
			a.Spec.SecretRef = ref
		}, []string{"exactly one of secretRef"}},
		"by ID and name": {
			direct(func(r *v1alpha1.UserSecretReference) { r.Name = "x" }), []string{"exactly one of id and name"},
		},
		"by a URI": {
			direct(func(r *v1alpha1.UserSecretReference) { r.ID = "secret:abc" }), []string{"without secret: before them"},
		},
		"in no model": {
			direct(func(r *v1alpha1.UserSecretReference) { r.Model = "" }), []string{"exactly one of model"},
		},
		"in a model without qualifier": {
			direct(func(r *v1alpha1.UserSecretReference) { r.Model = "test" }), []string{"qualifier/name"},
		},
		"for nobody": {
			func(a *v1alpha1.JujuSecretAccess) { a.Spec.Applications = nil }, []string{"spec.applications"},
		},
		"for one twice": {
			func(a *v1alpha1.JujuSecretAccess) { a.Spec.Applications = gen.Applications("app1", "app1") }, []string{"Duplicate"},
		},
		"for a unit": {
			func(a *v1alpha1.JujuSecretAccess) { a.Spec.Applications = gen.Applications("app1/0") }, []string{"without a unit number"},
		},
		"retained": {func(a *v1alpha1.JujuSecretAccess) { a.Spec.DeletionPolicy = v1alpha1.GrantsRetain }, nil},
		"no deletion policy we know": {
			func(a *v1alpha1.JujuSecretAccess) { a.Spec.DeletionPolicy = "Delete" }, []string{"deletionPolicy", "Revoke", "Retain"},
		},
		"for an application with hyphens": {
			func(a *v1alpha1.JujuSecretAccess) { a.Spec.Applications = gen.Applications("postgresql-k8s") }, nil,
		},
	})
}

// A key of another namespace's JujuController is refused with the same words, whether there is one or not.
func TestAControllerOfAnotherNamespaceCannotBeNamed(t *testing.T) {
	t.Parallel()
	by := func(how func(string) func(*v1alpha1.JujuSecret), name string) row[*v1alpha1.JujuSecret] {
		return row[*v1alpha1.JujuSecret]{how(name), []string{"spec.controllerRef.name", "of a JujuController of this namespace"}}
	}
	check(t, func() *v1alpha1.JujuSecret { return gen.JujuSecret("default", "db-login", "prod/test") }, map[string]row[*v1alpha1.JujuSecret]{
		"by its namespace": by(gen.Locally, "team-a/juju"),
		"by its key":       by(gen.Through, "team-a/juju"),
	})
	access := gen.DirectAccess("default", "db-login", v1alpha1.UserSecretReference{Model: "prod/test", Name: "db-login"}, "app1")
	access.Spec.Secret.ControllerRef.Name = "team-a/juju"
	expect(t, kubernetes.Client.Create(t.Context(), access, client.DryRunAll), []string{"controllerRef.name"})
}

func TestWhatCannotChange(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]row[*v1alpha1.JujuSecret]{
		"the name can":       {gen.Named("another-name"), nil},
		"the model":          {func(s *v1alpha1.JujuSecret) { s.Spec.Model = "prod/other" }, []string{"model cannot be changed", "create another"}},
		"the way to name it": {func(s *v1alpha1.JujuSecret) { s.Spec.Model, s.Spec.ModelUUID = "", modelUUID }, []string{"model cannot be changed"}},
		"the controller":     {gen.Through("other"), []string{"controller cannot be changed", "create another"}},
		"its kind":           {gen.Locally("default"), []string{"controller cannot be changed", "create another"}},
		"the policies can":   {func(s *v1alpha1.JujuSecret) { gen.Adopting(s); gen.Retained(s); gen.Suspended(s); gen.Pruned(s) }, nil},
		"another id":         {func(s *v1alpha1.JujuSecret) { gen.Adopting(s); gen.ByID(secretID)(s) }, []string{"ID cannot be changed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := gen.JujuSecret("default", "unchanging-"+strings.ReplaceAll(name, " ", "-"), "prod/test")
			expect(t, kubernetes.Client.Create(t.Context(), obj), nil)
			row.change(obj)
			expect(t, kubernetes.Client.Update(t.Context(), obj), row.refuse)
		})
	}
	for name, row := range map[string]row[*v1alpha1.JujuSecretAccess]{
		"the applications can": {func(a *v1alpha1.JujuSecretAccess) { a.Spec.Applications = gen.Applications("app2") }, nil},
		"the secret":           {func(a *v1alpha1.JujuSecretAccess) { a.Spec.SecretRef.Name = "other" }, []string{"secret cannot be changed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := gen.Access("default", "unchanging-"+strings.ReplaceAll(name, " ", "-"), "db-login", "app1")
			expect(t, kubernetes.Client.Create(t.Context(), obj), nil)
			row.change(obj)
			expect(t, kubernetes.Client.Update(t.Context(), obj), row.refuse)
		})
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	obj := gen.JujuSecret("default", "defaults", "prod/test")
	obj.Spec.ControllerRef = v1alpha1.ControllerReference{}
	expect(t, kubernetes.Client.Create(t.Context(), obj, client.DryRunAll), nil)
	want := v1alpha1.ControllerReference{Kind: v1alpha1.KindClusterJujuController, Name: "default"}
	if obj.Spec.ControllerRef != want || obj.Spec.ManagementPolicy != v1alpha1.ManagementManage {
		t.Errorf("the defaults are %+v and %q, want the controller default and Manage", obj.Spec.ControllerRef, obj.Spec.ManagementPolicy)
	}
	controller := gen.Controller("default", "10.0.0.5:17070", "-----BEGIN CERTIFICATE-----\n...")
	controller.Spec.DriftDetection = v1alpha1.DriftDetection{}
	expect(t, kubernetes.Client.Create(t.Context(), controller, client.DryRunAll), nil)
	if got := controller.Spec.DriftDetection.Interval.Duration; got != time.Minute {
		t.Errorf("the default interval is %v, want a minute", got)
	}
}
