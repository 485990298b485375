// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/internal/plan"
)

// sharer is one of several JujuSecretAccesses of one secret.
type sharer struct {
	plan.AccessFacts

	// noted is true when the secret's ID is in its status, so that the others
	// find it.
	noted, gone bool
}

// reconcileShared runs a reconciler once for one of several objects, with the
// grants of the others.
func (j *juju) reconcileShared(one *sharer, all []*sharer, at crash) {
	if one.gone {
		return
	}
	one.WantedByOthers, one.GrantedByOthers = nil, nil
	for _, other := range all {
		if other == one || other.gone || !other.noted {
			continue
		}
		one.GrantedByOthers = append(one.GrantedByOthers, other.Record.Granted...)
		if !other.Deleting {
			one.WantedByOthers = append(one.WantedByOthers, other.Applications...)
		}
	}
	j.reconcileAccess(&one.AccessFacts, at)
	one.noted = one.noted || at == atTheEnd
	one.gone = one.Deleting && !one.Record.Held
}

func TestAccessesOfOneSecretConverge(t *testing.T) {
	t.Parallel()
	apps := []string{"app1", "app2", "app3"}
	for n := range cases / 4 {
		d := draw(n)
		manual := some(&d, apps...)
		j := deployed(slices.Clone(manual)...)
		all := make([]*sharer, 3)
		for i := range all {
			all[i] = &sharer{AccessFacts: accessInSync()}
			all[i].Record, all[i].Applications = plan.Record{}, some(&d, apps...)
		}
		for range 8 {
			one := pick(&d, all...)
			switch d.below(5) {
			case 0:
				one.Applications = some(&d, apps...)
			case 1:
				one.Deleting = true
			}
			j.reconcileShared(pick(&d, all...), all, crash(d.below(int(crashes))))
		}
		for _, allDeleted := range []bool{false, true} {
			for _, one := range all {
				one.Deleting = one.Deleting || allDeleted
			}
			for range 3 {
				for _, one := range all {
					j.reconcileShared(one, all, atTheEnd)
				}
			}
			want := slices.Clone(manual)
			for _, one := range all {
				if !one.Deleting {
					want = append(want, one.Applications...)
				}
			}
			slices.Sort(want)
			if diff := cmp.Diff(slices.Compact(want), j.secrets[dbID].Granted); diff != "" {
				t.Fatalf("case %d, all deleted: %t, granted manually %v, granted at last (-want +got):\n%s\n%+v\n%+v\n%+v",
					n, allDeleted, manual, diff, *all[0], *all[1], *all[2])
			}
		}
	}
}

func TestGrantOnReplacedSecretIsNotRevoked(t *testing.T) {
	t.Parallel()
	j, facts := deployed(), accessInSync()
	facts.Record, facts.Target.Query = plan.Record{}, plan.Query{Name: "db"}
	j.reconcileAccess(&facts, atTheEnd)
	// The secret is replaced manually by another secret of its name, which is
	// granted manually.
	j.secrets = map[string]*plan.UserSecret{otherID: stranger()}
	j.reconcileAccess(&facts, atTheEnd)
	facts.Deleting = true
	j.reconcileAccess(&facts, atTheEnd)
	if diff := cmp.Diff([]string{"app1", "app2"}, j.secrets[otherID].Granted); diff != "" {
		t.Errorf("manual grants (-want +got):\n%s", diff)
	}
}
