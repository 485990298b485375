// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

const shared, local plan.ControllerKey = "default", "team-a/local"

// installations returns installations with and without a class, limited to some
// namespaces or not.
func installations() (none, edge, limited, limitedEdge plan.Installation) {
	return plan.Installation{}, plan.Installation{Class: "edge"},
		plan.Installation{Limited: true}, plan.Installation{Class: "edge", Limited: true}
}

// ofClass returns a reference from the namespace team-a to a controller object
// of a class.
func ofClass(key plan.ControllerKey, class string, modify ...func(*plan.Reference)) plan.Reference {
	ref := plan.Reference{Controller: key, From: plan.Namespace{Name: "team-a"}, Exists: true, Class: class}
	if key.Namespace() == "" {
		ref.Tenants = []v1alpha1.Tenant{
			{Namespaces: v1alpha1.TenantNamespaces{MatchNames: []string{"team-a"}}, Models: []string{"prod/*"}},
		}
	}
	for _, change := range modify {
		change(&ref)
	}
	return ref
}

func missing(r *plan.Reference) { *r = plan.Reference{Controller: r.Controller, From: r.From} }

func deletingController(r *plan.Reference) { r.Deleting = true }

// listing sets what the controller lists about the model.
func listing(name, uuid string) func(*plan.Reference) {
	return func(r *plan.Reference) { r.Listed = plan.ListedModel{Known: true, Name: name, UUID: uuid} }
}
func made(r *plan.Reference) { r.Made = true }

func servedByOther(r *plan.Reference) { r.ServedBy = "other" }

func fromTeamB(r *plan.Reference) { r.From.Name = "team-b" }

func TestInstallationServesControllersOfItsClass(t *testing.T) {
	t.Parallel()
	none, edge, limited, limitedEdge := installations()
	for name, row := range map[string]struct {
		installation plan.Installation
		ref          plan.Reference
		serves       bool
		// reconciles is whether it reconciles an object with the finalizer.
		reconciles bool
	}{
		"the same class":                            {edge, ofClass(shared, "edge"), true, true},
		"no class":                                  {none, ofClass(shared, ""), true, true},
		"another class":                             {none, ofClass(shared, "edge"), false, false},
		"no class, installation has one":            {edge, ofClass(local, ""), false, false},
		"missing":                                   {edge, ofClass(shared, "", missing), true, true},
		"JujuController of another namespace":       {edge, ofClass(local, "", fromTeamB, missing), true, true},
		"not released by another installation":      {edge, ofClass(shared, "edge", servedByOther), true, false},
		"no reference":                              {limitedEdge, plan.Reference{}, true, true},
		"limited: JujuController":                   {limitedEdge, ofClass(local, "edge"), true, true},
		"limited: another class":                    {limitedEdge, ofClass(local, ""), false, false},
		"limited: missing":                          {limitedEdge, ofClass(local, "", missing), true, true},
		"limited: ClusterJujuController":            {limited, ofClass(shared, "", missing), true, false},
		"limited to a class: ClusterJujuController": {limitedEdge, ofClass(shared, "", missing), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := row.installation.Serves(row.ref); got != row.serves {
				t.Errorf("Serves returned %t, want %t", got, row.serves)
			}
			now := row.serves && (row.ref.ServedBy == row.installation.Name || row.ref.ServedBy == "")
			if got := row.installation.Reconciles(row.ref, false); got != now {
				t.Errorf("without the finalizer Reconciles returned %t, want %t", got, now)
			}
			if got := row.installation.Reconciles(row.ref, true); got != row.reconciles {
				t.Errorf("with the finalizer Reconciles returned %t, want %t", got, row.reconciles)
			}
		})
	}
}

func TestInstallationAuthorizesTenants(t *testing.T) {
	t.Parallel()
	none, edge, limited, limitedEdge := installations()
	admitted := plan.Tenancy{}
	for name, row := range map[string]struct {
		installation plan.Installation
		ref          plan.Reference
		use, cleanup plan.Tenancy
	}{
		"tenant": {none, ofClass(shared, ""), admitted, admitted},
		"no tenant": {
			none, ofClass(shared, "", fromTeamB), plan.Admit(nil, plan.Namespace{Name: "team-b"}, prodApp, plan.ListedModel{}),
			plan.Admit(nil, plan.Namespace{Name: "team-b"}, prodApp, plan.ListedModel{}),
		},
		"missing": {
			none, ofClass(shared, "", missing), plan.NoController(shared), plan.NoController(shared),
		},
		"deleting": {
			none, ofClass(shared, "", deletingController), plan.ControllerDeleting(shared), admitted,
		},
		"JujuController": {none, ofClass(local, ""), admitted, admitted},
		"JujuController, deleting": {
			none, ofClass(local, "", deletingController), plan.ControllerDeleting(local), admitted,
		},
		"deleting, object has something in Juju": {
			none, ofClass(shared, "", deletingController, made), admitted, admitted,
		},
		"JujuController, deleting, object has something in Juju": {
			none, ofClass(local, "", deletingController, made), admitted, admitted,
		},
		"deleting, object has something in Juju, no tenant": {
			none, ofClass(shared, "", deletingController, made, fromTeamB),
			plan.Admit(nil, plan.Namespace{Name: "team-b"}, prodApp, plan.ListedModel{}),
			plan.Admit(nil, plan.Namespace{Name: "team-b"}, prodApp, plan.ListedModel{}),
		},
		"missing, object has something in Juju": {
			none, ofClass(shared, "", missing, made), plan.NoController(shared), plan.NoController(shared),
		},
		"JujuController, missing": {
			none, ofClass(local, "", missing), plan.NoController(local), plan.NoController(local),
		},
		"another namespace": {
			none, ofClass(local, "", fromTeamB), plan.AnotherNamespace(local), plan.AnotherNamespace(local),
		},
		"limited: JujuController": {limited, ofClass(local, ""), admitted, admitted},
		"limited: ClusterJujuController": {
			limited, ofClass(shared, "", missing), plan.NotServed(shared), plan.NotServed(shared),
		},
		"limited to a class: ClusterJujuController": {limitedEdge, ofClass(shared, "", missing), admitted, admitted},
		"of its class": {edge, ofClass(local, "edge"), admitted, admitted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(row.use, row.installation.AuthorizeUse(row.ref, prodApp)); diff != "" {
				t.Errorf("AuthorizeUse (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(row.cleanup, row.installation.AuthorizeCleanup(row.ref, prodApp)); diff != "" {
				t.Errorf("AuthorizeCleanup (-want +got):\n%s", diff)
			}
		})
	}
}

func TestListOfModelsIsNeededOnlyForTenants(t *testing.T) {
	t.Parallel()
	byUUID := plan.ModelRef{Controller: shared, UUID: modelUUID}
	tenants := func(models ...string) func(*plan.Reference) {
		return func(r *plan.Reference) { r.Tenants[0].Models = models }
	}
	none, edge, limited, _ := installations()
	for name, row := range map[string]struct {
		installation plan.Installation
		ref          plan.Reference
		model        plan.ModelRef
		want         bool
	}{
		"a UUID, listed by name": {none, ofClass(shared, ""), byUUID, true},
		"a UUID, of its class":   {edge, ofClass(shared, "edge"), byUUID, true},
		"a UUID, the controller object is being deleted": {
			none, ofClass(shared, "", deletingController), byUUID, true,
		},
		"a UUID, listed by UUID":           {none, ofClass(shared, "", tenants(modelUUID)), byUUID, false},
		"a UUID, also listed by UUID":      {none, ofClass(shared, "", tenants("prod/*", modelUUID)), byUUID, false},
		"a UUID, another UUID is listed":   {none, ofClass(shared, "", tenants("f"+modelUUID[1:])), byUUID, false},
		"a UUID, every model":              {none, ofClass(shared, "", tenants("prod/*", "*")), byUUID, false},
		"a UUID, no tenant":                {none, ofClass(shared, "", fromTeamB), byUUID, false},
		"a UUID, another class":            {none, ofClass(shared, "edge"), byUUID, false},
		"a UUID, missing":                  {none, ofClass(shared, "", missing), byUUID, false},
		"a UUID, limited":                  {limited, ofClass(shared, "", missing), byUUID, false},
		"a UUID, JujuController":           {none, ofClass(local, ""), byUUID, false},
		"a UUID, another JujuController":   {none, ofClass(local, "", fromTeamB), byUUID, false},
		"a name, listed by UUID":           {none, ofClass(shared, "", tenants(modelUUID)), prodApp, true},
		"a name, listed by name":           {none, ofClass(shared, ""), prodApp, false},
		"a name, another name is listed":   {none, ofClass(shared, "", tenants("prod/b")), prodApp, false},
		"a name, also listed by name":      {none, ofClass(shared, "", tenants(modelUUID, "prod/*")), prodApp, false},
		"no model, listed by name":         {none, ofClass(shared, ""), plan.ModelRef{Controller: shared}, false},
		"no model, listed by name or UUID": {none, ofClass(shared, "", tenants("a/b", modelUUID)), plan.ModelRef{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := row.installation.MustIdentify(row.ref, row.model); got != row.want {
				t.Errorf("MustIdentify returned %t, want %t", got, row.want)
			}
		})
	}
}

func TestStepsBeginOnlyWhileTheTenancyLasts(t *testing.T) {
	t.Parallel()
	revoke, grant, remove := plan.Revoke{ID: dbID}, plan.Grant{ID: dbID}, plan.Remove{ID: dbID}
	for name, row := range map[string]struct {
		ref      plan.Reference
		byUUID   bool
		steps    []plan.Step
		deleting bool
		owns     plan.Owns
		want     bool
	}{
		"grant":                        {ref: ofClass(shared, ""), steps: []plan.Step{grant}, want: true},
		"grant, tenancy ended":         {ref: ofClass(shared, "", fromTeamB), steps: []plan.Step{grant}},
		"grant, controller is deleted": {ref: ofClass(shared, "", deletingController), steps: []plan.Step{grant}},
		"grant, the UUID has an allowed name": {
			ref: ofClass(shared, "", listing("prod/app", modelUUID)), byUUID: true, steps: []plan.Step{grant}, want: true,
		},
		"grant, the model of the UUID was removed": {
			ref: ofClass(shared, "", listing("", "")), byUUID: true, steps: []plan.Step{grant},
		},
		"grant, the controller is not connected": {
			ref:    ofClass(shared, "", func(r *plan.Reference) { r.Listed = unlisted() }),
			byUUID: true, steps: []plan.Step{grant},
		},
		"revoke, the model of the UUID was removed": {
			ref: ofClass(shared, "", listing("", "")), byUUID: true, steps: []plan.Step{revoke},
		},
		"deletion, the model of the UUID is not listed": {
			ref: ofClass(shared, "", listing("", "")), byUUID: true, steps: []plan.Step{revoke}, deleting: true, want: true,
		},
		"revoke":                {ref: ofClass(shared, ""), steps: []plan.Step{revoke}, want: true},
		"revoke, tenancy ended": {ref: ofClass(shared, "", fromTeamB), steps: []plan.Step{revoke}},
		"revoke, controller is deleted": {
			ref: ofClass(shared, "", deletingController), steps: []plan.Step{revoke}, want: true,
		},
		"revoke and grant, controller is deleted": {
			ref: ofClass(shared, "", deletingController), steps: []plan.Step{revoke, grant},
		},
		"grant, controller is deleted, object has something in Juju": {
			ref: ofClass(shared, "", deletingController, made), steps: []plan.Step{grant}, want: true,
		},
		"revoke, another installation serves it": {ref: ofClass(shared, "other"), steps: []plan.Step{revoke}},
		"revoke, another installation has not released it": {
			ref: ofClass(shared, "", servedByOther), steps: []plan.Step{revoke},
		},
		"deletion, tenancy ended": {
			ref: ofClass(shared, "", fromTeamB), steps: []plan.Step{revoke}, deleting: true, want: true,
		},
		"deletion of a created secret, tenancy ended": {
			ref: ofClass(shared, "", fromTeamB), steps: []plan.Step{remove}, deleting: true, owns: plan.Own, want: true,
		},
		"deletion of an adopted secret, tenancy ended": {
			ref: ofClass(shared, "", fromTeamB), steps: []plan.Step{remove}, deleting: true, owns: plan.Adopted,
		},
		"deletion with adopted grants, tenancy ended": {
			ref: ofClass(shared, "", fromTeamB), steps: []plan.Step{revoke}, deleting: true, owns: plan.Adopted,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			todo := plan.Plan{Model: prodApp, Steps: row.steps, Owns: row.owns}
			if row.byUUID {
				todo.Model = plan.ModelRef{Controller: shared, UUID: modelUUID}
			}
			if got := (plan.Installation{}).MayBegin(todo, row.ref, row.deleting); got != row.want {
				t.Errorf("MayBegin returned %t, want %t", got, row.want)
			}
		})
	}
}

func TestReferencedControllerIsInTheSameNamespace(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		kind v1alpha1.ControllerKind
		name string
		want plan.ControllerKey
	}{
		"ClusterJujuController":                {v1alpha1.KindClusterJujuController, "default", "default"},
		"default kind":                         {"", "default", "default"},
		"JujuController":                       {v1alpha1.KindJujuController, "local", "team-a/local"},
		"ClusterJujuController with namespace": {"", "team-b/local", ""},
		"JujuController with namespace":        {v1alpha1.KindJujuController, "team-b/local", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ref := v1alpha1.ControllerReference{Kind: row.kind, Name: row.name}
			if got := plan.ReferencedController(ref, "team-a"); got != row.want {
				t.Errorf("ReferencedController returned %q, want %q", got, row.want)
			}
		})
	}
}
