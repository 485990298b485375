// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// asking has the arguments of Admit.
type asking struct {
	tenants []v1alpha1.Tenant
	ns      plan.Namespace
	model   plan.ModelRef
	listed  plan.ListedModel
}

func names(names ...string) v1alpha1.TenantNamespaces {
	return v1alpha1.TenantNamespaces{MatchNames: names}
}

func labels(labels map[string]string) v1alpha1.TenantNamespaces {
	return v1alpha1.TenantNamespaces{MatchLabels: labels}
}

// named sets one entry, for the namespaces and these models.
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

// lists sets that the controller lists the model.
func lists(name, uuid string) func(*asking) {
	return func(a *asking) { a.listed = plan.ListedModel{Known: true, Name: name, UUID: uuid} }
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
			if diff := cmp.Diff(want.Problem, plan.Admit(a.tenants, a.ns, a.model, a.listed).Problem); diff != "" {
				t.Errorf("Admit (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTenantMayUseListedModels(t *testing.T) {
	t.Parallel()
	everyone := v1alpha1.TenantNamespaces{All: true}
	runTenantTests(t, plan.Admitted(), map[string]func(*asking){
		"by its name":                     func(*asking) {},
		"by one of several names":         named(names("team-b", "team-a"), "prod/app"),
		"by a label":                      named(labels(map[string]string{"team": "a"}), "prod/app"),
		"by all of several labels":        named(labels(map[string]string{"team": "a", "tier": "gold"}), "prod/app"),
		"all namespaces":                  named(everyone, "prod/app"),
		"one of several models":           named(names("team-a"), "prod/other", "prod/app"),
		"every model":                     named(names("team-a"), "*"),
		"every model, also by UUID":       all(named(names("team-a"), "*"), byUUID(modelUUID)),
		"a model by its UUID":             all(named(names("team-a"), modelUUID), byUUID(modelUUID)),
		"every model of a qualifier":      named(names("team-a"), "prod/*"),
		"a prefix of models":              all(named(names("team-a"), "prod/team-a-*"), model("prod/team-a-db")),
		"a suffix of models":              all(named(names("team-a"), "prod/*-db"), model("prod/team-a-db")),
		"a part of model names":           all(named(names("team-a"), "prod/*-a-*"), model("prod/team-a-db")),
		"a star that matches nothing":     named(names("team-a"), "prod/app*"),
		"a model of every qualifier":      named(names("team-a"), "*/app"),
		"every model with a qualifier":    named(names("team-a"), "*/*"),
		"a prefix of qualifiers":          named(names("team-a"), "pr*/app"),
		"special characters":              all(named(names("team-a"), "ann@example.com/*"), model("ann@example.com/app")),
		"another entry of the same names": all(named(names("team-a"), "prod/other"), also(names("team-a"), "prod/app")),
		"an entry after another one":      all(named(names("team-b"), "prod/app"), also(everyone, "prod/app")),
		"an entry before another one":     also(names("team-b"), "prod/other"),
		"a UUID, listed with the name":    all(byUUID(modelUUID), lists("prod/app", modelUUID)),
		"a UUID, listed with a name that a pattern matches": all(
			named(names("team-a"), "prod/*"), byUUID(modelUUID), lists("prod/other", modelUUID),
		),
		"a name, listed with the UUID":                  all(named(names("team-a"), modelUUID), lists("prod/app", modelUUID)),
		"a name, while the controller is not connected": func(a *asking) { a.listed = unlisted() },
		"a UUID, while the controller is not connected": all(
			named(names("team-a"), modelUUID), byUUID(modelUUID), func(a *asking) { a.listed = unlisted() },
		),
		"a label with an empty value": all(
			named(labels(map[string]string{"x": ""}), "*"), func(a *asking) { a.ns.Labels["x"] = "" },
		),
		"a model that an entry names twice": named(names("team-a"), "prod/app", "prod/*"),
	})
}

func TestUnlistedNamespaceIsDenied(t *testing.T) {
	t.Parallel()
	want := plan.Tenancy{Problem: &plan.Condition{Reason: v1alpha1.ReasonTenantDenied, Message: deniedMessage}}
	runTenantTests(t, want, map[string]func(*asking){
		"no tenants":                 func(a *asking) { a.tenants = nil },
		"another name":               named(names("team-b"), "*"),
		"a prefix of the name":       named(names("team", "team-a-b"), "*"),
		"a name with a star":         named(names("*", "team-*"), "*"),
		"another label":              named(labels(map[string]string{"owner": "a"}), "*"),
		"another label value":        named(labels(map[string]string{"team": "b"}), "*"),
		"some of the labels":         named(labels(map[string]string{"team": "a", "zone": "x"}), "*"),
		"missing label, empty value": named(labels(map[string]string{"x": ""}), "*"),
		"missing label, no labels": all(
			named(labels(map[string]string{"team": "a"}), "*"), func(a *asking) { a.ns.Labels = nil },
		),
		"the name as a label":           named(labels(map[string]string{"name": "team-a"}), "*"),
		"an entry that selects nothing": named(v1alpha1.TenantNamespaces{}, "*"),
		"an entry with empty labels":    all(named(labels(map[string]string{}), "*")),
	})
}

func TestTenantIsDeniedOtherModels(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		given func(*asking)
		model string
	}{
		"another name":                    {model("prod/other"), "prod/other"},
		"another qualifier":               {model("test/app"), "test/app"},
		"a longer name":                   {model("prod/app2"), "prod/app2"},
		"a shorter name":                  {model("prod/ap"), "prod/ap"},
		"a longer qualifier":              {model("my-prod/app"), "my-prod/app"},
		"a name in capitals":              {model("prod/APP"), "prod/APP"},
		"a star does not cross the slash": {all(named(names("team-a"), "p*"), model("prod/app")), "prod/app"},
		"nor at the beginning":            {all(named(names("team-a"), "*/app"), model("a/b/app")), "a/b/app"},
		"nor at the end":                  {all(named(names("team-a"), "a/*"), model("a/b/app")), "a/b/app"},
		"a dot is a dot":                  {all(named(names("team-a"), "ann.b/app"), model("annxb/app")), "annxb/app"},
		"no regular expressions":          {all(named(names("team-a"), "(prod|test)/[a-z]+"), model("prod/app")), "prod/app"},
		"no anchors": {
			all(named(names("team-a"), "prod/app$", "^prod/app"), model("prod/app")), "prod/app",
		},
		"a name without a qualifier":      {named(names("team-a"), "app"), "prod/app"},
		"the models of another entry":     {all(also(names("team-b"), "prod/b"), model("prod/b")), "prod/b"},
		"an empty pattern":                {named(names("team-a"), ""), "prod/app"},
		"an empty pattern, asked by UUID": {all(named(names("team-a"), ""), byUUID(modelUUID)), modelUUID},
		"no model at all":                 {named(names("team-a")), "prod/app"},
		"by name, listed by UUID":         {named(names("team-a"), modelUUID), "prod/app"},
		"by another UUID": {
			all(named(names("team-a"), modelUUID), byUUID("f"+modelUUID[1:])), "f" + modelUUID[1:],
		},
		"a UUID that a pattern matches": {all(named(names("team-a"), "6f3b*"), byUUID(modelUUID)), modelUUID},
		"a name that is not listed": {
			all(named(names("team-a"), modelUUID), lists("", "")), "prod/app",
		},
		"a name, listed with another UUID": {
			all(named(names("team-a"), modelUUID), lists("prod/app", "f"+modelUUID[1:])), "prod/app",
		},
		"a name, listed with the UUID of another entry": {
			all(also(names("team-b"), modelUUID), model("prod/b"), lists("prod/b", modelUUID)), "prod/b",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := plan.Tenancy{Problem: &plan.Condition{
				Reason: v1alpha1.ReasonTenantDenied,
				Message: `ClusterJujuController "default" does not list model "` + test.model +
					`" for namespace "team-a" in spec.tenants: correct the model, or ask its administrator for an entry`,
			}}
			runTenantTests(t, want, map[string]func(*asking){"asked": test.given})
		})
	}
}

// The answer must not show whether a model exists that the namespace may not
// use.
func TestTenantDenialIsTheSameForUncoveredAndMissingModel(t *testing.T) {
	t.Parallel()
	want := plan.Tenancy{Problem: &plan.Condition{
		Reason: v1alpha1.ReasonTenantDenied,
		Message: `ClusterJujuController "default" does not list model "` + modelUUID +
			`" for namespace "team-a" in spec.tenants: correct the model, or ask its administrator for an entry`,
	}}
	for name, patterns := range map[string]func(*asking){
		"a name":               func(*asking) {},
		"names and a UUID":     named(names("team-a"), "prod/a*", "f"+modelUUID[1:]),
		"names of two entries": also(names("team-a"), "prod/b"),
		"names of others":      also(names("team-b"), "prod/*"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runTenantTests(t, want, map[string]func(*asking){
				"not asked for": all(patterns, byUUID(modelUUID)),
				"missing":       all(patterns, byUUID(modelUUID), lists("", "")),
				"not covered":   all(patterns, byUUID(modelUUID), lists("prod/secret", modelUUID)),
			})
		})
	}
}

// unlisted is the answer while the controller is not connected.
func unlisted() plan.ListedModel {
	return plan.ListedModel{Problem: &plan.Problem{Reason: v1alpha1.ReasonJujuUnreachable, Message: "no answer"}}
}

func TestTenancyThatDependsOnTheListWaitsForTheController(t *testing.T) {
	t.Parallel()
	want := plan.Tenancy{Problem: &plan.Condition{Reason: v1alpha1.ReasonJujuUnreachable, Message: "no answer"}}
	waits := func(a *asking) { a.listed = unlisted() }
	runTenantTests(t, want, map[string]func(*asking){
		"a UUID, listed by name": all(byUUID(modelUUID), waits),
		"a name, listed by UUID": all(named(names("team-a"), modelUUID), waits),
	})
	denied := plan.Tenancy{Problem: &plan.Condition{Reason: v1alpha1.ReasonTenantDenied, Message: deniedMessage}}
	runTenantTests(t, denied, map[string]func(*asking){
		"a UUID, another namespace": all(named(names("team-b"), "prod/*"), byUUID(modelUUID), waits),
	})
}

func TestMissingControllerObjectIsReported(t *testing.T) {
	t.Parallel()
	want := plan.Tenancy{Problem: &plan.Condition{Reason: v1alpha1.ReasonControllerNotReady, Message: noControllerMessage}}
	if diff := cmp.Diff(want, plan.NoController("default")); diff != "" {
		t.Errorf("NoController (-want +got):\n%s", diff)
	}
}

// A deletion that depends on the list asks Juju why the model is not listed.
func TestTenancyIsUnlistedIfItDependsOnAModelThatIsNotListed(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		patterns []string
		listed   plan.ListedModel
		want     bool
	}{
		"entries of the other kind": {[]string{modelUUID}, plan.ListedModel{Known: true}, true},
		"listed and not covered": {
			[]string{modelUUID}, plan.ListedModel{Known: true, Name: "prod/app", UUID: "x"}, false,
		},
		"no list":                             {[]string{modelUUID}, plan.ListedModel{}, false},
		"entries of the same kind":            {[]string{"prod/b"}, plan.ListedModel{Known: true}, false},
		"covered by an entry that needs none": {[]string{"prod/app", modelUUID}, plan.ListedModel{Known: true}, false},
	} {
		tenants := []v1alpha1.Tenant{{Namespaces: names("team-a"), Models: row.patterns}}
		if got := plan.Admit(tenants, plan.Namespace{Name: "team-a"}, prodApp, row.listed).Unlisted; got != row.want {
			t.Errorf("%s: the tenancy is unlisted: %t, want %t", name, got, row.want)
		}
	}
}
