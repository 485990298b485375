// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// adopted returns a record that marks some of its grants as adopted.
func adopted(record plan.Record, apps ...string) plan.Record {
	record.Adopted = apps
	return record
}

// adoptsGrants sets adoptionPolicy: Adopt.
func adoptsGrants(changes ...func(*plan.AccessFacts)) func(*plan.AccessFacts) {
	return func(s *plan.AccessFacts) {
		s.Adopt = true
		all(changes...)(s)
	}
}

// othersAdopted sets grants that other objects adopted.
func othersAdopted(apps ...string) func(*plan.AccessFacts) {
	return func(s *plan.AccessFacts) { s.GrantedByOthers, s.AdoptedByOthers = apps, apps }
}

func TestGrantIsAdoptedUnlessAnObjectMadeIt(t *testing.T) {
	t.Parallel()
	adopts := func(o *plan.OtherAccess) { o.Adopted = o.Recorded }
	elsewhere := func(o *plan.OtherAccess) {
		o.ServedElsewhere, o.StatusGranted, o.Recorded = true, o.Recorded, nil
	}
	for name, row := range map[string]struct {
		others []plan.OtherAccess
		want   []string
	}{
		"made":                     {[]plan.OtherAccess{otherAccess()}, nil},
		"adopted":                  {[]plan.OtherAccess{otherAccess(adopts)}, []string{"app1"}},
		"adopted, and made":        {[]plan.OtherAccess{otherAccess(adopts), otherAccess()}, nil},
		"by a status only":         {[]plan.OtherAccess{otherAccess(elsewhere)}, []string{"app1"}},
		"by a status, and by this": {[]plan.OtherAccess{otherAccess(elsewhere), otherAccess()}, nil},
	} {
		got := accessInSync().ConsiderOthers("team-a", row.others).AdoptedByOthers
		if !slices.Equal(got, row.want) {
			t.Errorf("%s: adopted by others are %v, want %v", name, got, row.want)
		}
	}
}

func TestAccessAdoptsExistingGrants(t *testing.T) {
	t.Parallel()
	both := adopted(granted("app1", "app2"), "app1", "app2")
	runAccessTests(t, map[string]accessTest{
		"all exist": {
			given: adoptsGrants(recorded(plan.Record{})),
			want:  records(both, both),
		},
		"one exists, one is missing": {
			given: adoptsGrants(recorded(plan.Record{}), inJuju("app1")),
			want: records(adopted(granted("app1", "app2"), "app1"), adopted(granted("app1", "app2"), "app1"),
				plan.Grant{ID: dbID, Applications: []string{"app2"}}),
		},
		"grants that it made stay its own": {
			given: adoptsGrants(),
		},
		"grant to an application that is not listed": {
			given: adoptsGrants(recorded(plan.Record{}), inJuju("app1", "app2", "app9")),
			want:  all(records(both, both), leavesOthers("app9")),
		},
		"grant that another JujuSecretAccess made": {
			given: adoptsGrants(recorded(plan.Record{}), func(s *plan.AccessFacts) { s.GrantedByOthers = []string{"app2"} }),
			want:  records(adopted(granted("app1", "app2"), "app1"), adopted(granted("app1", "app2"), "app1")),
		},
		"grant that another JujuSecretAccess adopted": {
			given: all(recorded(plan.Record{}), othersAdopted("app2")),
			want:  records(adopted(granted("app2"), "app2"), adopted(granted("app2"), "app2")),
		},
		"grant that another JujuSecretAccess adopted, and that this one made": {
			given: all(recorded(granted("app1", "app2")), othersAdopted("app2")),
		},
		"grant that another JujuSecretAccess adopted, and that is lost in Juju": {
			given: all(recorded(plan.Record{}), inJuju("app1"), othersAdopted("app2")),
			want:  records(granted("app2"), granted("app2"), plan.Grant{ID: dbID, Applications: []string{"app2"}}),
		},
		"grant to an application that is not listed, and that another JujuSecretAccess adopted": {
			given: all(recorded(plan.Record{}), othersAdopted("app9")),
			want:  records(granted(), granted()),
		},
		"stays adopted under Never": {
			given: recorded(both),
		},
		"manual grant beside adopted grants under Never": {
			given: all(recorded(adopted(granted("app1"), "app1"))),
			want:  records(adopted(granted("app1"), "app1"), adopted(granted("app1"), "app1")),
		},
		"leaves the list: revoked": {
			given: all(recorded(both), wants("app1")),
			want:  records(both, adopted(granted("app1"), "app1"), plan.Revoke{ID: dbID, Applications: []string{"app2"}}),
		},
		"leaves the list and another takes it over: transferred": {
			given: all(recorded(both), wants("app1"), func(s *plan.AccessFacts) { s.WantedByOthers = []string{"app2"} }),
			want:  records(both, both),
		},
		"lost in Juju and granted again: no longer adopted": {
			given: all(recorded(both), inJuju("app1")),
			want: records(adopted(granted("app1", "app2"), "app1"), adopted(granted("app1", "app2"), "app1"),
				plan.Grant{ID: dbID, Applications: []string{"app2"}}),
		},
		"on another secret of the same name: not adopted": {
			given: func(s *plan.AccessFacts) { s.Record = both; s.Record.SecretID = otherID },
			want:  records(granted(), granted()),
		},
	})
}

func TestAccessDeletionRevokesAdoptedGrants(t *testing.T) {
	t.Parallel()
	both := adopted(granted("app1", "app2"), "app1", "app2")
	const stays = ` in model "prod/app", which were not made for this object: ` + deniedMessage
	ends := func(owns plan.Owns, condition plan.Condition, apps ...string) func(*plan.Plan) {
		return func(p *plan.Plan) {
			p.After, p.Owns, p.Condition = plan.Record{}, owns, condition
			if len(apps) > 0 {
				p.Steps = []plan.Step{plan.Revoke{ID: dbID, Applications: apps}}
			}
		}
	}
	revoked := plan.Condition{Reason: v1alpha1.ReasonRevoked}
	ended := func(s *plan.AccessFacts) { s.Tenancy = denied() }
	runAccessTests(t, map[string]accessTest{
		"all adopted": {leaves(recorded(both)), ends(plan.Adopted, revoked, "app1", "app2")},
		"one adopted": {
			leaves(recorded(adopted(granted("app1", "app2"), "app2"))), ends(plan.Adopted, revoked, "app1", "app2"),
		},
		"adopted, and another wants it": {
			leaves(recorded(adopted(granted("app1", "app2"), "app2")), func(s *plan.AccessFacts) {
				s.WantedByOthers, s.GrantedByOthers = []string{"app2"}, []string{"app2"}
			}), ends(0, revoked, "app1"),
		},
		"not recorded, although the policy is Adopt": {
			leaves(adoptsGrants(recorded(granted("app1")))), ends(0, revoked, "app1"),
		},
		"Retain": {leaves(recorded(both), retaining), releases(leftGrants + ": deletionPolicy is Retain")},
		"tenancy ended: adopted grants stay": {
			leaves(recorded(both), ended, func(s *plan.AccessFacts) { s.View = plan.ModelView{} }),
			releases("left the grants of secret:" + dbID + " to app1, app2" + stays),
		},
		"tenancy ended, another takes over a grant: the adopted grant is reported afterwards": {
			leaves(recorded(adopted(granted("app1", "app2"), "app2")), ended, func(s *plan.AccessFacts) {
				s.WantedByOthers = []string{"app1"}
			}),
			func(p *plan.Plan) {
				p.Condition = plan.Condition{
					Reason:  v1alpha1.ReasonTransferringGrants,
					Message: "waiting until another JujuSecretAccess has taken over the grants to app1",
				}
			},
		},
		"tenancy ended: only the grants that it made are revoked": {
			leaves(recorded(adopted(granted("app1", "app2"), "app2")), ended),
			ends(0, plan.Condition{
				Reason: v1alpha1.ReasonOrphaned, Message: "left the grants of secret:" + dbID + " to app2" + stays,
			}, "app1"),
		},
	})
}

// An object without its record takes over its grants again, and ends as if it
// never lost the record.
func TestAccessWithoutRecordAdoptsWhatItGranted(t *testing.T) {
	t.Parallel()
	for _, deletes := range []bool{false, true} {
		j, facts := deployed("app9"), accessInSync()
		facts.Record = plan.Record{}
		j.reconcileAccess(&facts, atTheEnd)
		facts.Record, facts.Adopt = plan.Record{}, true
		for _, at := range []crash{afterTheSteps, atTheEnd} {
			if p := j.reconcileAccess(&facts, at); len(p.Steps) > 0 {
				t.Fatalf("steps of the adoption: %v", p.Steps)
			}
		}
		want := []string{"app1", "app9"}
		facts.Applications = []string{"app1"}
		if facts.Deleting = deletes; deletes {
			want = []string{"app9"}
		}
		j.reconcileAccess(&facts, atTheEnd)
		got := slices.Sorted(slices.Values(j.secrets[dbID].Granted))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("deleted %t: granted (-want +got):\n%s", deletes, diff)
		}
	}
}

func TestAdoptionPolicyDefaultsToControllerObject(t *testing.T) {
	t.Parallel()
	const never, adopt = v1alpha1.AdoptionNever, v1alpha1.AdoptionAdopt
	for _, row := range []struct {
		object, controller v1alpha1.AdoptionPolicy
		want               bool
	}{
		{"", "", false}, {"", never, false}, {"", adopt, true},
		{never, "", false}, {never, never, false}, {never, adopt, false},
		{adopt, "", true}, {adopt, never, true}, {adopt, adopt, true},
	} {
		if got := (plan.Reference{AdoptionPolicy: row.controller}).Adopts(row.object); got != row.want {
			t.Errorf("object %q, controller object %q: Adopts is %t, want %t", row.object, row.controller, got, row.want)
		}
	}
}
