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

// anyAccessSeen draws facts about a JujuSecretAccess, whether they can be together or not, but for the world.
func anyAccessSeen(d *draw) plan.AccessSeen {
	seen := plan.AccessSeen{
		Want:     some(d, "app3", "app1", "app4", "app2"),
		Deleting: d.in(3), Retain: d.in(6), Abandoned: d.in(6),
		Target:  plan.Target{Model: prodApp, Query: pick(d, plan.Query{ID: dbID}, plan.Query{Name: "db"})},
		Tenancy: anyTenancy(d),
		Record: plan.Record{
			Held: !d.in(5), Granted: some(d, "app1", "app2", "app3", "app4"), SecretID: pick(d, dbID, dbID, dbID, otherID),
			Model: prodApp,
		},
		Proven: d.in(3),
	}
	if len(seen.Record.Granted) == 0 {
		seen.Record.SecretID, seen.Record.Model = "", plan.ModelRef{}
	}
	if d.in(8) {
		seen.Target = plan.NotReady("db")
	}
	if d.in(2) {
		seen.WantedByOthers = some(d, "app4", "app3", "app2", "app1")
		seen.GrantedByOthers = some(d, "app2", "app4", "app3", "app1")
	}
	return seen
}

func TestWhateverIsSeenOfAnAccessThePlanKeepsThePromises(t *testing.T) {
	t.Parallel()
	for n := range cases {
		d := draw(n)
		seen := anyAccessSeen(&d)
		seen.World = anyWorld(&d, dbID, dbID, otherID)
		for _, secret := range []*plan.UserSecret{seen.World.ByID, seen.World.ByName} {
			if secret != nil {
				secret.Granted = some(&d, "app1", "app2", "app3", "app4")
			}
		}
		if d.in(4) && seen.FormerID() != "" {
			seen.Record.Model = pick(&d, prodApp, otherApp)
			seen.Former = anyListed(&d, seen.FormerID())
			seen.Former.Granted = some(&d, "app1", "app2", "app3", "app4")
		}
		p := plan.ForAccess(seen)
		if !cmp.Equal(p, plan.ForAccess(seen), sameValues) {
			t.Fatalf("case %d: two plans for %+v", n, seen)
		}
		for _, broken := range brokenByAccess(seen, p) {
			t.Errorf("case %d: %s\nseen %+v\nplan %+v", n, broken, seen, p)
		}
		if t.Failed() {
			return
		}
	}
}

// brokenByAccess are the promises that a plan does not keep.
func brokenByAccess(seen plan.AccessSeen, p plan.Plan) []string {
	var broken []string
	promise := func(what string, kept bool) {
		if !kept {
			broken = append(broken, what)
		}
	}
	within := func(apps, others []string) bool {
		return !slices.ContainsFunc(apps, func(app string) bool { return !slices.Contains(others, app) })
	}
	apart := func(apps, others []string) bool {
		return !slices.ContainsFunc(apps, func(app string) bool { return slices.Contains(others, app) })
	}
	leavesFormer := seen.Former != nil && len(p.Steps) > 0 && p.Secret == nil
	promise("every plan says how things stand", p.Verdict.Reason != "")
	promise("nothing is done about what was not seen", seen.World.Known || len(p.Steps) == 0)
	promise("nothing is done for who may not", seen.Tenancy.Verdict == nil || len(p.Steps) == 0 || p.Proven)
	promise("only what goes, and is proven, outlasts its tenancy", !p.Proven || seen.Deleting && seen.Proven && p.OnlyTakesAway())
	promise("nothing is done about a secret that is not known", seen.Target.Verdict == nil || len(p.Steps) == 0)
	promise("who leaves its grants does nothing", !seen.Deleting || !seen.Retain && !seen.Abandoned || len(p.Steps) == 0)
	promise("steps go to the model of their secret", leavesFormer && p.Model == seen.Record.Model || !leavesFormer && p.Model == seen.Target.Model ||
		len(p.Steps) == 0)
	promise("what is on record has its model", len(p.After.Granted) == 0 || p.After.Model == seen.Target.Model || p.After.Equal(seen.Record))
	promise("what is not deleted keeps its finalizer", seen.Deleting || !seen.Record.Held || p.Before.Held && p.After.Held)
	promise("what is on record is sorted", slices.IsSorted(p.Before.Granted) && slices.IsSorted(p.After.Granted))
	promise("nothing is done without a finalizer", len(p.Steps) == 0 || p.Before.Held)
	promise("nothing is forgotten before the steps", !p.Before.Held || p.Secret == nil ||
		seen.Record.SecretID != p.Secret.ID || within(seen.Record.Granted, p.Before.Granted))
	looking := plan.MayLookForAccess(seen)
	promise("who looks has a reason to", looking || p.Verdict.Message != nobodyLooked)
	if !looking {
		unasked := seen
		unasked.World = plan.World{ModelUUID: seen.World.ModelUUID}
		promise("who may not look decides without", cmp.Equal(p, plan.ForAccess(unasked), sameValues))
	}
	for i, step := range p.Steps {
		secret := seen.World.ByID
		switch {
		case leavesFormer:
			secret = seen.Former
		case seen.Target.Query.ID == "":
			secret = seen.World.ByName
		}
		switch step := step.(type) {
		case plan.Revoke:
			promise("only the secret that was asked for is revoked", step.ID == secret.ID)
			promise("only what is on record is revoked", within(step.Applications, seen.Record.Granted) &&
				seen.Record.SecretID == step.ID)
			promise("only what is granted is revoked", within(step.Applications, secret.Granted))
			promise("what others want and have on record is not revoked", !slices.ContainsFunc(step.Applications,
				func(app string) bool {
					return slices.Contains(seen.WantedByOthers, app) && slices.Contains(seen.GrantedByOthers, app)
				}))
			promise("what is wanted is not revoked", seen.Deleting || leavesFormer || apart(step.Applications, seen.Want))
			promise("somebody is revoked, and first", len(step.Applications) > 0 && i == 0)
		case plan.Grant:
			promise("only the secret that was asked for is granted", step.ID == secret.ID && !secret.Removing)
			promise("only what is wanted is granted", within(step.Applications, seen.Want) && !seen.Deleting)
			promise("only what is missing is granted", apart(step.Applications, secret.Granted))
			promise("a grant is on record before it is made, and after", p.Before.Held && p.After.Held &&
				p.Before.SecretID == step.ID && p.After.SecretID == step.ID &&
				within(step.Applications, p.Before.Granted) && within(step.Applications, p.After.Granted))
			promise("somebody is granted, and last", len(step.Applications) > 0 && i == len(p.Steps)-1)
		default:
			promise("an access has no such steps", false)
		}
	}
	promise("in sync means granted", p.Verdict.Reason != v1alpha1.ReasonSynced || len(p.Steps) > 0 ||
		within(seen.Want, p.Secret.Granted))
	return broken
}

// reconcileAccess is one run of a reconciler for a JujuSecretAccess.
func (j *juju) reconcileAccess(seen *plan.AccessSeen, at crash) plan.Plan {
	if seen.Deleting && seen.Target.Verdict == nil { // Then it is about what it granted.
		seen.Target.Query = plan.Query{ID: seen.Record.SecretID}
	}
	if plan.MayLookForAccess(*seen) {
		seen.World = j.world(seen.Target.Query)
		seen.Former = j.world(plan.Query{ID: seen.FormerID()}).ByID
	}
	p := plan.ForAccess(*seen)
	if at == beforeTheRecord {
		return p
	}
	seen.Record = p.Before
	if at == beforeTheSteps {
		return p
	}
	outcomes := []plan.Outcome{failed(plan.Unreachable), notTried}[:len(p.Steps)]
	if at != unsent {
		done := j.do(p.Steps)
		if at != unanswered {
			outcomes = done
		}
	}
	if at != afterTheSteps {
		seen.Record = plan.Settle(p, outcomes)
	}
	return p
}

// deployed is a model with one secret, two applications that were granted it by hand, and one more.
func deployed(granted ...string) *juju {
	secret := database(func(s *plan.UserSecret) { s.Granted = granted })
	return &juju{secrets: map[string]*plan.UserSecret{dbID: secret}, apps: []string{"app1", "app2", "app3"}}
}

func TestAnAccessIsAsItShouldBeWithinThreeRuns(t *testing.T) {
	t.Parallel()
	for n := range cases {
		d := draw(n)
		seen, j := anyAccessSeen(&d), anyJuju(&d)
		j.apps = some(&d, "app1", "app2", "app3", "app4")
		for _, secret := range j.secrets {
			secret.Granted = some(&d, j.apps...)
		}
		began := seen
		for range 3 {
			p := j.reconcileAccess(&seen, beforeTheRecord)
			if broken := brokenByAccess(seen, p); len(broken) > 0 {
				t.Fatalf("case %d: %v\nseen %+v\nplan %+v", n, broken, seen, p)
			}
			j.reconcileAccess(&seen, atTheEnd)
			j.sweep()
		}
		last := j.reconcileAccess(&seen, beforeTheRecord)
		var waiting []plan.Step
		if secret := last.Secret; secret != nil && !seen.Deleting {
			absent := slices.DeleteFunc(slices.Clone(seen.Want), func(app string) bool {
				return slices.Contains(j.apps, app)
			})
			if len(absent) > 0 {
				waiting = []plan.Step{plan.Grant{ID: secret.ID, Applications: absent}}
			}
		}
		if diff := cmp.Diff(waiting, last.Steps); diff != "" {
			t.Fatalf("case %d: steps left but to grant whom the model does not have (-want +got):\n%s\nbegan %+v\nended %+v",
				n, diff, began, seen)
		}
		if !last.Before.Equal(seen.Record) || !last.After.Equal(seen.Record) {
			t.Fatalf("case %d: the record is not at rest\nbegan %+v\nended %+v\nplan %+v", n, began, seen, last)
		}
	}
}

func TestGrantsSurviveACrashAnywhere(t *testing.T) {
	t.Parallel()
	for _, ends := range crashesInARow(3) {
		for deletedAt := range len(ends) + 1 {
			j, seen := deployed("app2", "app9"), accessInSync()
			seen.Record = plan.Record{}
			for run, at := range append(ends, atTheEnd, atTheEnd) {
				seen.Deleting = run >= deletedAt
				if run == 2 {
					seen.Want = []string{"app2", "app3"} // And no more app1.
				}
				j.reconcileAccess(&seen, at)
				if seen.Deleting && !seen.Record.Held {
					break // The object is gone.
				}
			}
			if diff := cmp.Diff([]string{"app2", "app9"}, j.secrets[dbID].Granted); diff != "" || seen.Record.Held {
				t.Fatalf("runs ended %v, deleted at %d: record %+v, granted but for what was granted by hand (-want +got):\n%s",
					ends, deletedAt, seen.Record, diff)
			}
		}
	}
}
