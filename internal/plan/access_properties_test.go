// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// anyAccessFacts returns random facts about a JujuSecretAccess without a view,
// possible or not.
func anyAccessFacts(d *draw) plan.AccessFacts {
	facts := plan.AccessFacts{
		Applications: some(d, "app3", "app1", "app4", "app2"),
		Deleting:     d.in(3), Retain: d.in(6), Abandoned: d.in(6),
		Target:  plan.Target{Model: prodApp, Query: pick(d, plan.Query{ID: dbID}, plan.Query{Name: "db"})},
		Tenancy: anyTenancy(d),
		Record: plan.Record{
			Held: !d.in(5), Granted: some(d, "app1", "app2", "app3", "app4"), SecretID: pick(d, dbID, dbID, dbID, otherID),
			Model: prodApp,
		},
	}
	if len(facts.Record.Granted) == 0 {
		facts.Record.SecretID, facts.Record.Model = "", plan.ModelRef{}
	}
	facts.Adopt = d.in(3)
	if d.in(3) {
		_, facts.Record.Adopted = split(facts.Record.Granted, func(string) bool { return d.in(2) })
	}
	if facts.Exclusive = d.in(3); facts.Exclusive {
		facts.ExclusiveBefore = pick(d, "", "", "team-b/other")
		facts.UnlistedFor = pick(d, 0, time.Second, time.Minute, time.Minute)
	}
	if d.in(2) {
		facts.ListedByOthers = some(d, "app2", "app1", "app4", "app3")
		facts.LeavingByOthers = some(d, "app1", "app2", "app3", "app4")
	}
	if d.in(8) {
		facts.Target = plan.UnreadySecret("db", plan.ModelRef{}, false)
	}
	if d.in(2) {
		facts.WantedByOthers = some(d, "app4", "app3", "app2", "app1")
		facts.GrantedByOthers = some(d, "app2", "app4", "app3", "app1")
	}
	return facts
}

func TestAccessPlanKeepsInvariants(t *testing.T) {
	t.Parallel()
	for n := range cases {
		d := draw(n)
		facts := anyAccessFacts(&d)
		facts.View = anyView(&d, dbID, dbID, otherID)
		for _, secret := range []*plan.UserSecret{facts.View.ByID, facts.View.ByName} {
			if secret != nil {
				secret.Granted = some(&d, "app1", "app2", "app3", "app4")
			}
		}
		if d.in(4) && facts.FormerID() != "" {
			facts.Record.Model = pick(&d, prodApp, otherApp)
			former := anyListed(&d, facts.FormerID())
			facts.FormerView = plan.ModelView{Known: true, ByID: former}
			former.Granted = some(&d, "app1", "app2", "app3", "app4")
		}
		p := plan.ForAccess(facts)
		if !cmp.Equal(p, plan.ForAccess(facts), sameValues) {
			t.Fatalf("case %d: two plans for %+v", n, facts)
		}
		for _, broken := range brokenByAccess(facts, p) {
			t.Errorf("case %d: %s\nfacts %+v\nplan %+v", n, broken, facts, p)
		}
		if t.Failed() {
			return
		}
	}
}

// split divides applications into the ones outside a part and the part.
func split(apps []string, belongs func(string) bool) (others, part []string) {
	for _, app := range apps {
		if belongs(app) {
			part = append(part, app)
		} else {
			others = append(others, app)
		}
	}
	return others, part
}

// brokenByAccess returns the invariants that a plan breaks.
func brokenByAccess(facts plan.AccessFacts, p plan.Plan) []string {
	var broken []string
	require := func(what string, kept bool) {
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
	leavesFormer := facts.Former() != nil && len(p.Steps) > 0 && p.Secret == nil
	exclusive := facts.Exclusive && facts.ExclusiveBefore == "" && !facts.Deleting
	require("every plan has a condition, unless it waits for others to list a grant", p.Condition.Reason != "" ||
		exclusive && p.Wait > 0 && len(p.Steps) == 0 && p.Before.Equal(facts.Record) && p.After.Equal(facts.Record))
	require("only an exclusive access revokes unlisted grants, and only others report them", exclusive ||
		len(p.Unlisted) == 0)
	require("an exclusive access reports no other grants", !exclusive || len(p.OtherGrants) == 0)
	require("other grants exist, and no access lists them", len(p.OtherGrants) == 0 || p.Secret != nil &&
		within(p.OtherGrants, p.Secret.Granted) &&
		apart(p.OtherGrants, slices.Concat(facts.Applications, facts.ListedByOthers, facts.LeavingByOthers)))
	require("no steps without a view", facts.View.Known || len(p.Steps) == 0)
	require("without a tenancy only a deletion has steps, and only revokes",
		facts.Tenancy.Problem == nil || len(p.Steps) == 0 || facts.Deleting && p.OnlyTakesAway())
	require("no steps without a target", facts.Target.Problem == nil || len(p.Steps) == 0)
	require(
		"no steps if the grants are retained",
		!facts.Deleting || !facts.Retain && !facts.Abandoned || len(p.Steps) == 0,
	)
	require("steps are for the model of the secret", leavesFormer && p.Model == facts.Record.Model || !leavesFormer &&
		p.Model == facts.Target.Model ||
		len(p.Steps) == 0)
	require(
		"recorded grants have a model",
		len(p.After.Granted) == 0 || p.After.Model == facts.Target.Model || p.After.Equal(facts.Record),
	)
	require(
		"the finalizer stays without a deletion",
		facts.Deleting || !facts.Record.Held || p.Before.Held && p.After.Held,
	)
	require("recorded grants are sorted", slices.IsSorted(p.Before.Granted) && slices.IsSorted(p.After.Granted))
	for _, record := range []plan.Record{p.Before, p.After} {
		require("adopted grants are recorded grants, sorted", within(record.Adopted, record.Granted) &&
			slices.IsSorted(record.Adopted))
		kept, found := split(record.Adopted, func(app string) bool { return !slices.Contains(facts.Record.Adopted, app) })
		require("only listed grants that exist are adopted, and only under Adopt", len(found) == 0 || facts.Adopt &&
			p.Secret != nil && within(found, p.Secret.Granted) && within(found, facts.Applications))
		require("adopted grants stay on their secret", len(kept) == 0 || facts.Adopt ||
			record.SecretID == facts.Record.SecretID)
	}
	require("no steps without a finalizer", len(p.Steps) == 0 || p.Before.Held)
	require("recorded grants stay until the steps", !p.Before.Held || p.Secret == nil ||
		facts.Record.SecretID != p.Secret.ID || within(facts.Record.Granted, p.Before.Granted))
	looking := plan.MayLookForAccess(facts)
	require("the model is read if it may be", looking || !strings.Contains(p.Condition.Message, notRead))
	if !looking {
		unasked := facts
		unasked.View = plan.ModelView{ModelUUID: facts.View.ModelUUID}
		require("no view is needed if the model may not be read", cmp.Equal(p, plan.ForAccess(unasked), sameValues))
	}
	for i, step := range p.Steps {
		secret := facts.View.ByID
		switch {
		case leavesFormer:
			secret = facts.Former()
		case facts.Target.Query.ID == "":
			secret = facts.View.ByName
		}
		switch step := step.(type) {
		case plan.Revoke:
			require("only the target is revoked", step.ID == secret.ID)
			made, unlisted := split(step.Applications, func(app string) bool { return slices.Contains(p.Unlisted, app) })
			require("only recorded grants are revoked, and unlisted ones", len(made) == 0 ||
				within(made, facts.Record.Granted) && facts.Record.SecretID == step.ID)
			require("grants that others list are not unlisted", apart(unlisted, facts.ListedByOthers) &&
				apart(unlisted, facts.WantedByOthers))
			require("unlisted grants are not revoked on a former secret", len(unlisted) == 0 || !leavesFormer)
			require("only existing grants are revoked", within(step.Applications, secret.Granted))
			require("adopted grants stay after the tenancy", facts.Tenancy.Problem == nil ||
				apart(step.Applications, facts.Record.Adopted))
			require("grants that others want and have recorded are not revoked", !slices.ContainsFunc(step.Applications,
				func(app string) bool {
					return slices.Contains(facts.WantedByOthers, app) && slices.Contains(facts.GrantedByOthers, app)
				}))
			require(
				"desired grants are not revoked",
				facts.Deleting || leavesFormer || apart(step.Applications, facts.Applications),
			)
			require("a revoke has applications, and is the first step", len(step.Applications) > 0 && i == 0)
		case plan.Grant:
			require("only the target is granted", step.ID == secret.ID && !secret.Removing)
			require("only desired grants are made", within(step.Applications, facts.Applications) && !facts.Deleting)
			require("only missing grants are made", apart(step.Applications, secret.Granted))
			require("a grant is recorded before and after it is made", p.Before.Held && p.After.Held &&
				p.Before.SecretID == step.ID && p.After.SecretID == step.ID &&
				within(step.Applications, p.Before.Granted) && within(step.Applications, p.After.Granted))
			require("a grant has applications, and is the last step", len(step.Applications) > 0 && i == len(p.Steps)-1)
		default:
			require("only grants and revokes", false)
		}
	}
	require("in sync means all are granted", p.Condition.Reason != v1alpha1.ReasonSynced || len(p.Steps) > 0 ||
		within(facts.Applications, p.Secret.Granted))
	return broken
}

// reconcileAccess runs a reconciler for a JujuSecretAccess once.
func (j *juju) reconcileAccess(facts *plan.AccessFacts, at crash) plan.Plan {
	if facts.Deleting && facts.Target.Problem == nil { // The target is the secret in the record.
		facts.Target.Query = plan.Query{ID: facts.Record.SecretID}
	}
	if plan.MayLookForAccess(*facts) {
		facts.View = j.view(facts.Target.Query)
		facts.FormerView = plan.ModelView{}
		if id := facts.FormerID(); id != "" {
			facts.FormerView = j.view(plan.Query{ID: id})
		}
	}
	p := plan.ForAccess(*facts)
	if at == beforeTheRecord {
		return p
	}
	facts.Record = p.Before
	if at == beforeTheSteps {
		return p
	}
	outcomes := []plan.Outcome{failed(v1alpha1.ReasonJujuUnreachable), notTried}[:len(p.Steps)]
	if at != unsent {
		done := j.do(p.Steps)
		if at != unanswered {
			outcomes = done
		}
	}
	if at != afterTheSteps {
		facts.Record = plan.Settle(p, outcomes)
	}
	return p
}

// deployed returns a model with three applications and one secret, which was
// granted manually.
func deployed(granted ...string) *juju {
	secret := database(func(s *plan.UserSecret) { s.Granted = granted })
	return &juju{secrets: map[string]*plan.UserSecret{dbID: secret}, apps: []string{"app1", "app2", "app3"}}
}

func TestAccessConvergesInThreeRuns(t *testing.T) {
	t.Parallel()
	for n := range cases {
		d := draw(n)
		facts, j := anyAccessFacts(&d), anyJuju(&d)
		facts.UnlistedFor = time.Minute
		j.apps = some(&d, "app1", "app2", "app3", "app4")
		for _, secret := range j.secrets {
			secret.Granted = some(&d, j.apps...)
		}
		began := facts
		for range 3 {
			p := j.reconcileAccess(&facts, beforeTheRecord)
			if broken := brokenByAccess(facts, p); len(broken) > 0 {
				t.Fatalf("case %d: %v\nfacts %+v\nplan %+v", n, broken, facts, p)
			}
			j.reconcileAccess(&facts, atTheEnd)
			j.sweep()
		}
		last := j.reconcileAccess(&facts, beforeTheRecord)
		var waiting []plan.Step
		if secret := last.Secret; secret != nil && !facts.Deleting {
			absent := slices.DeleteFunc(slices.Clone(facts.Applications), func(app string) bool {
				return slices.Contains(j.apps, app)
			})
			if len(absent) > 0 {
				waiting = []plan.Step{plan.Grant{ID: secret.ID, Applications: absent}}
			}
		}
		if diff := cmp.Diff(waiting, last.Steps); diff != "" {
			t.Fatalf("case %d: steps left, except grants to missing applications (-want +got):\n%s\nfirst %+v\nlast %+v",
				n, diff, began, facts)
		}
		if !last.Before.Equal(facts.Record) || !last.After.Equal(facts.Record) {
			t.Fatalf("case %d: the record is not stable\nfirst %+v\nlast %+v\nplan %+v", n, began, facts, last)
		}
	}
}

func TestGrantsSurviveCrashes(t *testing.T) {
	t.Parallel()
	for _, ends := range crashesInARow(3) {
		for deletedAt := range len(ends) + 1 {
			j, facts := deployed("app2", "app9"), accessInSync()
			facts.Record = plan.Record{}
			for run, at := range append(ends, atTheEnd, atTheEnd) {
				facts.Deleting = run >= deletedAt
				if run == 2 {
					facts.Applications = []string{"app2", "app3"} // Without app1.
				}
				j.reconcileAccess(&facts, at)
				if facts.Deleting && !facts.Record.Held {
					break // The object is gone.
				}
			}
			if diff := cmp.Diff([]string{"app2", "app9"}, j.secrets[dbID].Granted); diff != "" || facts.Record.Held {
				t.Fatalf("runs ended %v, deleted at %d: record %+v, granted (-want +got):\n%s",
					ends, deletedAt, facts.Record, diff)
			}
		}
	}
}
