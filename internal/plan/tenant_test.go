// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// asking is who asks for which model, and who is named.
type asking struct {
	tenants []v1alpha1.Tenant
	ns      plan.Namespace
	model   plan.ModelRef
}

func names(names ...string) v1alpha1.TenantNamespaces {
	return v1alpha1.TenantNamespaces{MatchNames: names}
}

func labels(labels map[string]string) v1alpha1.TenantNamespaces {
	return v1alpha1.TenantNamespaces{MatchLabels: labels}
}

// named has one entry, for the namespaces and these models.
func named(namespaces v1alpha1.TenantNamespaces, models ...string) func(*asking) {
	return func(a *asking) { a.tenants = []v1alpha1.Tenant{{Namespaces: namespaces, Models: models}} }
}

// also adds an entry.
func also(namespaces v1alpha1.TenantNamespaces, models ...string) func(*asking) {
	return func(a *asking) {
		a.tenants = append(a.tenants, v1alpha1.Tenant{Namespaces: namespaces, Models: models})
	}
}

func model(name string) func(*asking) {
	return func(a *asking) { a.model = plan.ModelRef{Controller: "default", Name: name} }
}

func byUUID(uuid string) func(*asking) {
	return func(a *asking) { a.model = plan.ModelRef{Controller: "default", UUID: uuid} }
}

func runTenantTests(t *testing.T, want plan.Tenancy, tests map[string]func(*asking)) {
	t.Helper()
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := asking{
				tenants: []v1alpha1.Tenant{{Namespaces: names("team-a"), Models: []string{"prod/app"}}},
				ns:      plan.Namespace{Name: "team-a", Labels: map[string]string{"team": "a", "tier": "gold"}},
				model:   plan.ModelRef{Controller: "default", Name: "prod/app"},
			}
			change(&a)
			if diff := cmp.Diff(want, plan.Admit(a.tenants, a.ns, a.model)); diff != "" {
				t.Errorf("Admit (-want +got):\n%s", diff)
			}
		})
	}
}

func TestATenantMayUseWhatItsEntriesName(t *testing.T) {
	t.Parallel()
	everyone := v1alpha1.TenantNamespaces{All: true}
	runTenantTests(t, plan.Admitted(), map[string]func(*asking){
		"by its name":                       func(*asking) {},
		"by one of several names":           named(names("team-b", "team-a"), "prod/app"),
		"by a label":                        named(labels(map[string]string{"team": "a"}), "prod/app"),
		"by all of several labels":          named(labels(map[string]string{"team": "a", "tier": "gold"}), "prod/app"),
		"as everyone":                       named(everyone, "prod/app"),
		"one of several models":             named(names("team-a"), "prod/other", "prod/app"),
		"every model":                       named(names("team-a"), "*"),
		"every model, also by UUID":         all(named(names("team-a"), "*"), byUUID(modelUUID)),
		"a model by its UUID":               all(named(names("team-a"), modelUUID), byUUID(modelUUID)),
		"every model of a qualifier":        named(names("team-a"), "prod/*"),
		"models that begin alike":           all(named(names("team-a"), "prod/team-a-*"), model("prod/team-a-db")),
		"models that end alike":             all(named(names("team-a"), "prod/*-db"), model("prod/team-a-db")),
		"models that are alike in parts":    all(named(names("team-a"), "prod/*-a-*"), model("prod/team-a-db")),
		"a star may stand for nothing":      named(names("team-a"), "prod/app*"),
		"a model of that name by whoever":   named(names("team-a"), "*/app"),
		"every model with a qualifier":      named(names("team-a"), "*/*"),
		"qualifiers that begin alike":       named(names("team-a"), "pr*/app"),
		"qualifiers with signs":             all(named(names("team-a"), "ann@example.com/*"), model("ann@example.com/app")),
		"another entry of the same names":   all(named(names("team-a"), "prod/other"), also(names("team-a"), "prod/app")),
		"an entry after those of others":    all(named(names("team-b"), "prod/app"), also(everyone, "prod/app")),
		"an entry before those of others":   also(names("team-b"), "prod/other"),
		"a label with an empty value":       all(named(labels(map[string]string{"x": ""}), "*"), func(a *asking) { a.ns.Labels["x"] = "" }),
		"a model that an entry names twice": named(names("team-a"), "prod/app", "prod/*"),
	})
}

func TestWhoIsNotNamedIsNoTenant(t *testing.T) {
	t.Parallel()
	want := plan.Tenancy{Verdict: &plan.Verdict{Reason: v1alpha1.ReasonTenantDenied, Message: deniedMessage}}
	runTenantTests(t, want, map[string]func(*asking){
		"if there is nobody":                              func(a *asking) { a.tenants = nil },
		"by another name":                                 named(names("team-b"), "*"),
		"by the beginning of a name":                      named(names("team", "team-a-b"), "*"),
		"by a name with a star":                           named(names("*", "team-*"), "*"),
		"by another label":                                named(labels(map[string]string{"owner": "a"}), "*"),
		"by another value of a label":                     named(labels(map[string]string{"team": "b"}), "*"),
		"by some of the labels":                           named(labels(map[string]string{"team": "a", "zone": "x"}), "*"),
		"by a label that is not there, should be empty":   named(labels(map[string]string{"x": ""}), "*"),
		"by a label that is not there, without any":       all(named(labels(map[string]string{"team": "a"}), "*"), func(a *asking) { a.ns.Labels = nil }),
		"by a name for a label":                           named(labels(map[string]string{"name": "team-a"}), "*"),
		"by an entry that selects nobody":                 named(v1alpha1.TenantNamespaces{}, "*"),
		"without a name, by an entry that selects nobody": all(named(labels(map[string]string{}), "*")),
	})
}

func TestATenantMayUseNoOtherModel(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		given func(*asking)
		model string
	}{
		"of another name":                  {model("prod/other"), "prod/other"},
		"of another qualifier":             {model("test/app"), "test/app"},
		"of a longer name":                 {model("prod/app2"), "prod/app2"},
		"of a shorter name":                {model("prod/ap"), "prod/ap"},
		"under another qualifier's name":   {model("my-prod/app"), "my-prod/app"},
		"of a name in capitals":            {model("prod/APP"), "prod/APP"},
		"a star does not cross the slash":  {all(named(names("team-a"), "p*"), model("prod/app")), "prod/app"},
		"nor from the left":                {all(named(names("team-a"), "*/app"), model("a/b/app")), "a/b/app"},
		"nor from the right":               {all(named(names("team-a"), "a/*"), model("a/b/app")), "a/b/app"},
		"a dot is a dot":                   {all(named(names("team-a"), "ann.b/app"), model("annxb/app")), "annxb/app"},
		"signs of expressions are signs":   {all(named(names("team-a"), "(prod|test)/[a-z]+"), model("prod/app")), "prod/app"},
		"so are those at the ends":         {all(named(names("team-a"), "prod/app$", "^prod/app"), model("prod/app")), "prod/app"},
		"a name without a qualifier":       {named(names("team-a"), "app"), "prod/app"},
		"the models of another entry":      {all(also(names("team-b"), "prod/b"), model("prod/b")), "prod/b"},
		"an empty pattern":                 {named(names("team-a"), ""), "prod/app"},
		"an empty pattern, asked by UUID":  {all(named(names("team-a"), ""), byUUID(modelUUID)), modelUUID},
		"no model at all":                  {named(names("team-a")), "prod/app"},
		"by UUID, if named by name":        {byUUID(modelUUID), modelUUID},
		"by UUID, under a pattern of all":  {all(named(names("team-a"), "*/*"), byUUID(modelUUID)), modelUUID},
		"by name, if named by UUID":        {named(names("team-a"), modelUUID), "prod/app"},
		"by another UUID":                  {all(named(names("team-a"), modelUUID), byUUID("f"+modelUUID[1:])), "f" + modelUUID[1:]},
		"by a UUID that a pattern matches": {all(named(names("team-a"), "6f3b*"), byUUID(modelUUID)), modelUUID},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := plan.Tenancy{Verdict: &plan.Verdict{
				Reason: v1alpha1.ReasonTenantDenied,
				Message: `ClusterJujuController "default" does not grant namespace "team-a" the model "` + test.model +
					`" in spec.tenants: ask whoever manages it for an entry`,
			}}
			runTenantTests(t, want, map[string]func(*asking){"asked": test.given})
		})
	}
}

func TestWithoutAControllerObjectNobodyCanTell(t *testing.T) {
	t.Parallel()
	want := plan.Tenancy{Verdict: &plan.Verdict{Reason: v1alpha1.ReasonControllerNotReady, Message: noControllerMessage}}
	if diff := cmp.Diff(want, plan.NoController("default")); diff != "" {
		t.Errorf("NoController (-want +got):\n%s", diff)
	}
}

// Another installation may serve what cannot be seen. Let go of, its secret would stay in Juju for ever.
func TestWhatAnotherInstallationMayHaveIsLeftToIt(t *testing.T) {
	t.Parallel()
	elsewhere, unseen := plan.Tenancy{Elsewhere: true}, plan.NotServed("default")
	held := plan.Record{Held: true}
	for name, row := range map[string]struct {
		tenancy   plan.Tenancy
		record    plan.Record
		abandoned bool
		silent    bool
	}{
		"what another serves":                            {elsewhere, held, false, true},
		"what another serves, and has nothing of":        {elsewhere, plan.Record{}, false, true},
		"what cannot be seen, and somebody holds":        {unseen, held, false, true},
		"not what cannot be seen, and nobody holds":      {unseen, plan.Record{}, false, false},
		"not what another serves, once it is abandoned":  {elsewhere, held, true, false},
		"not what cannot be seen, once it is abandoned":  {unseen, held, true, false},
		"not what is served here, and is not a tenant's": {denied(), held, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secret := plan.SecretSeen{Tenancy: row.tenancy, Record: row.record, LastID: dbID}
			secret.Want.Deleting, secret.Want.Abandoned = true, row.abandoned
			access := plan.AccessSeen{Tenancy: row.tenancy, Record: row.record, Deleting: true, Abandoned: row.abandoned}
			for kind, got := range map[string]plan.Plan{"JujuSecret": plan.ForSecret(secret), "JujuSecretAccess": plan.ForAccess(access)} {
				if got.Silent != row.silent || got.Silent && !got.After.Equal(row.record) {
					t.Errorf("the plan of a %s is %+v, want it silent: %t", kind, got, row.silent)
				}
			}
		})
	}
}
