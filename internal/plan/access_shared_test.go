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
	plan.AccessSeen

	// noted tells that the secret's ID is in its status, so that the others find it.
	noted, gone bool
}

// reconcileShared is a run for one of several objects, which sees what the others want and have.
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
			one.WantedByOthers = append(one.WantedByOthers, other.Want...)
		}
	}
	j.reconcileAccess(&one.AccessSeen, at)
	one.noted = one.noted || at == atTheEnd
	one.gone = one.Deleting && !one.Record.Held
}

func TestSeveralAccessesOfOneSecretAgree(t *testing.T) {
	t.Parallel()
	apps := []string{"app1", "app2", "app3"}
	for n := range cases / 4 {
		d := draw(n)
		byHand := some(&d, apps...)
		j := deployed(slices.Clone(byHand)...)
		all := make([]*sharer, 3)
		for i := range all {
			all[i] = &sharer{AccessSeen: accessInSync()}
			all[i].Record, all[i].Want = plan.Record{}, some(&d, apps...)
		}
		for range 8 {
			one := pick(&d, all...)
			switch d.below(5) {
			case 0:
				one.Want = some(&d, apps...)
			case 1:
				one.Deleting = true
			}
			j.reconcileShared(pick(&d, all...), all, crash(d.below(int(crashes))))
		}
		for _, everybodyGoes := range []bool{false, true} {
			for _, one := range all {
				one.Deleting = one.Deleting || everybodyGoes
			}
			for range 3 {
				for _, one := range all {
					j.reconcileShared(one, all, atTheEnd)
				}
			}
			want := slices.Clone(byHand)
			for _, one := range all {
				if !one.Deleting {
					want = append(want, one.Want...)
				}
			}
			slices.Sort(want)
			if diff := cmp.Diff(slices.Compact(want), j.secrets[dbID].Granted); diff != "" {
				t.Fatalf("case %d, everybody goes: %t, granted by hand %v, granted in the end (-want +got):\n%s\n%+v\n%+v\n%+v",
					n, everybodyGoes, byHand, diff, *all[0], *all[1], *all[2])
			}
		}
	}
}

func TestAGrantOnAnotherSecretIsNotTakenForOurs(t *testing.T) {
	t.Parallel()
	j, seen := deployed(), accessInSync()
	seen.Record, seen.Target.Query = plan.Record{}, plan.Query{Name: "db"}
	j.reconcileAccess(&seen, atTheEnd)
	// Somebody removes the secret, adds another of its name, and grants it.
	j.secrets = map[string]*plan.UserSecret{otherID: stranger()}
	j.reconcileAccess(&seen, atTheEnd)
	seen.Deleting = true
	j.reconcileAccess(&seen, atTheEnd)
	if diff := cmp.Diff([]string{"app1", "app2"}, j.secrets[otherID].Granted); diff != "" {
		t.Errorf("grants that were made by hand (-want +got):\n%s", diff)
	}
}
