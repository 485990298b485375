// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// otherAccess returns another access in sync, which granted the same secret to
// app1.
func otherAccess(modify ...func(*plan.OtherAccess)) plan.OtherAccess {
	other := plan.OtherAccess{
		Namespace: "team-b", Applications: []string{"app1"}, Recorded: []string{"app1"},
		Controllers: []plan.ControllerKey{"default"}, Model: prodApp, Reason: v1alpha1.ReasonSynced,
	}
	for _, change := range modify {
		change(&other)
	}
	return other
}

// grantsNothing makes an otherAccess that has granted nothing yet.
func grantsNothing(o *plan.OtherAccess) { o.Recorded = nil }

func TestOtherAccessesWantAndHaveGrants(t *testing.T) {
	t.Parallel()
	reason := func(reason v1alpha1.Reason) func(*plan.OtherAccess) {
		return func(o *plan.OtherAccess) { o.Reason = reason }
	}
	deleting := func(o *plan.OtherAccess) { o.Deleting = true }
	notAllowed := func(o *plan.OtherAccess) { o.Tenancy = denied() }
	noController := func(o *plan.OtherAccess) { o.Tenancy = plan.NoController("default") }
	elsewhere := func(o *plan.OtherAccess) { o.ServedElsewhere = true }
	inOther := func(o *plan.OtherAccess) { o.Model.Name = "prod/other" }
	reaches := func(o *plan.OtherAccess) { o.Reaches = true }
	through := func(keys ...plan.ControllerKey) func(*plan.OtherAccess) {
		return func(o *plan.OtherAccess) { o.Controllers = keys }
	}
	sameNamespace := func(o *plan.OtherAccess) { o.Namespace = "team-a" }
	sameReference := func(o *plan.OtherAccess) { o.SameReference = true }
	moves := func(f *plan.AccessFacts) { f.FormerView.ByID = stranger() }
	stays := func(*plan.AccessFacts) {}
	localTarget := func(f *plan.AccessFacts) { f.Target.Model.Controller = "team-a/own" }
	app1 := []string{"app1"}
	for name, row := range map[string]struct {
		facts           func(*plan.AccessFacts)
		other           plan.OtherAccess
		wanted, granted []string
	}{
		"in sync": {stays, otherAccess(), app1, app1},
		"in sync, wants more": {
			stays, otherAccess(func(o *plan.OtherAccess) { o.Applications = []string{"app1", "app3"} }),
			[]string{"app1", "app3"}, app1,
		},
		"removed an application": {
			stays, otherAccess(func(o *plan.OtherAccess) { o.Applications = nil }), nil, app1,
		},
		"in sync, granted nothing": {stays, otherAccess(grantsNothing), app1, nil},
		"waits for its application": {
			stays, otherAccess(grantsNothing, reason(v1alpha1.ReasonApplicationNotFound)), app1, nil,
		},
		"transfers grants": {
			stays, otherAccess(grantsNothing, reason(v1alpha1.ReasonTransferringGrants)), app1, nil,
		},
		"pauses between corrections": {
			stays, otherAccess(grantsNothing, reason(v1alpha1.ReasonDrifted)), app1, nil,
		},
		"unavailable": {
			stays, otherAccess(grantsNothing, reason(v1alpha1.ReasonJujuUnreachable)), nil, nil,
		},
		"unavailable, and granted":     {stays, otherAccess(reason(v1alpha1.ReasonJujuUnreachable)), app1, app1},
		"has no condition yet":         {stays, otherAccess(grantsNothing, reason("")), nil, nil},
		"deleted":                      {stays, otherAccess(deleting), nil, app1},
		"denied":                       {stays, otherAccess(notAllowed), nil, app1},
		"denied, granted nothing":      {stays, otherAccess(notAllowed, grantsNothing), nil, nil},
		"without its controller":       {stays, otherAccess(noController), app1, app1},
		"in another model":             {stays, otherAccess(inOther, grantsNothing), nil, nil},
		"in another model that has it": {stays, otherAccess(inOther, grantsNothing, reaches), app1, nil},
		"granted in another model":     {stays, otherAccess(inOther), app1, app1},
		"served by another installation": {
			stays, otherAccess(elsewhere, grantsNothing, func(o *plan.OtherAccess) { o.StatusGranted = []string{"app2"} }), app1,
			[]string{"app2"},
		},
		"a status without a record": {
			stays, otherAccess(grantsNothing, func(o *plan.OtherAccess) { o.StatusGranted = []string{"app2"} }), app1, nil,
		},
		"through another JujuController":      {stays, otherAccess(through("team-b/own")), nil, nil},
		"through another JujuController once": {stays, otherAccess(through("default", "team-b/own")), nil, nil},
		"same namespace, its JujuController":  {stays, otherAccess(sameNamespace, through("team-a/own")), app1, app1},
		"to one through a JujuController":     {localTarget, otherAccess(), nil, nil},
		"with the same reference":             {stays, otherAccess(sameNamespace, sameReference), app1, app1},
		"same reference, both move":           {moves, otherAccess(sameNamespace, sameReference), nil, app1},
		"another reference, one moves":        {moves, otherAccess(sameNamespace), app1, app1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := accessInSync()
			row.facts(&facts)
			got := facts.ConsiderOthers("team-a", []plan.OtherAccess{row.other})
			want := [][]string{row.wanted, row.granted}
			if diff := cmp.Diff(want, [][]string{got.WantedByOthers, got.GrantedByOthers}, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("wanted and granted by others (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOtherAccessesAddUp(t *testing.T) {
	t.Parallel()
	second := otherAccess(func(o *plan.OtherAccess) { o.Applications, o.Recorded = []string{"app2"}, []string{"app2"} })
	got := accessInSync().ConsiderOthers("team-a", []plan.OtherAccess{otherAccess(), second})
	want := [][]string{{"app1", "app2"}, {"app1", "app2"}}
	if diff := cmp.Diff(want, [][]string{got.WantedByOthers, got.GrantedByOthers}); diff != "" {
		t.Errorf("wanted and granted by others (-want +got):\n%s", diff)
	}
}

func TestSharedSecretIsTheFormerSecretDuringAMove(t *testing.T) {
	t.Parallel()
	facts := accessInSync()
	if facts.SharedSecret().ID != dbID || facts.SharedModel() != prodApp {
		t.Errorf("it shares %s in %s", facts.SharedSecret().ID, facts.SharedModel())
	}
	facts.FormerView.ByID, facts.Record = stranger(), grantedIn(otherApp, "app1")
	if facts.SharedSecret().ID != otherID || facts.SharedModel() != otherApp {
		t.Errorf("while it moves it shares %s in %s", facts.SharedSecret().ID, facts.SharedModel())
	}
	facts.FormerView.ByID, facts.View.ByID = nil, nil
	if facts.SharedSecret() != nil {
		t.Errorf("without a secret it shares %s", facts.SharedSecret().ID)
	}
}

func TestOtherAccessIsLookedUpOnlyInAnotherModelWithoutGrants(t *testing.T) {
	t.Parallel()
	another := func(o *plan.OtherAccess) { o.Recorded, o.Model.Name = nil, "prod/other" }
	for name, row := range map[string]struct {
		other plan.OtherAccess
		want  bool
	}{
		"in another model":          {otherAccess(another), true},
		"in the same model":         {otherAccess(grantsNothing), false},
		"in another model, granted": {otherAccess(func(o *plan.OtherAccess) { o.Model.Name = "prod/other" }), false},
		"in another model, denied": {
			otherAccess(another, func(o *plan.OtherAccess) { o.Tenancy = denied() }), false,
		},
		"in another model, elsewhere": {
			otherAccess(another, func(o *plan.OtherAccess) { o.ServedElsewhere = true }), false,
		},
		"in another model, JujuController": {
			otherAccess(another, func(o *plan.OtherAccess) { o.Model.Controller = "team-b/own" }), false,
		},
		"in another model, unavailable": {
			otherAccess(another, func(o *plan.OtherAccess) { o.Tenancy = plan.ControllerDeleting("default") }), true,
		},
	} {
		if got := accessInSync().MustReach(row.other); got != row.want {
			t.Errorf("%s: it must be reached: %t, want %t", name, got, row.want)
		}
	}
}

func TestGrantsAreUnsettledUntilWantedAndGranted(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		wanted, granted []string
		deleting        bool
		want            []string
	}{
		"nothing":                 {nil, nil, false, nil},
		"wanted, and not granted": {[]string{"a"}, nil, false, []string{"a"}},
		"granted as wanted":       {[]string{"a", "b"}, []string{"a", "b"}, false, nil},
		"no longer wanted":        {nil, []string{"a"}, false, []string{"a"}},
		"some of each":            {[]string{"a", "b"}, []string{"b", "c"}, false, []string{"a", "c"}},
		"deleted":                 {[]string{"a", "b"}, []string{"b"}, true, []string{"b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := plan.UnsettledGrants(row.wanted, row.granted, row.deleting)
			if diff := cmp.Diff(row.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("unsettled (-want +got):\n%s", diff)
			}
		})
	}
}
