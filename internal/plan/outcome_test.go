// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// failed is the outcome of a step that ended in a trouble.
func failed(kind plan.Kind) plan.Outcome { return plan.Outcome{Trouble: in(kind)} }

// except is the outcome of a Grant or Revoke that failed for some applications.
func except(kinds map[string]plan.Kind) plan.Outcome {
	outcome := plan.Outcome{Applications: map[string]plan.Trouble{}}
	for app, kind := range kinds {
		outcome.Applications[app] = plan.Trouble{Kind: kind, Message: app + " failed"}
	}
	return outcome
}

var (
	succeeded = plan.Outcome{}
	notTried  = plan.Outcome{NotTried: true}
)

// endTest is a plan whose steps ended in some way, the record to leave, and the verdict.
type endTest struct {
	plan     plan.Plan
	outcomes []plan.Outcome
	record   plan.Record
	verdict  plan.Verdict
}

func runEndTests(t *testing.T, tests map[string]endTest) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := endTest{test.plan, test.outcomes, plan.Settle(test.plan, test.outcomes), plan.Conclude(test.plan, test.outcomes)}
			if diff := cmp.Diff(test, got, sameValues, cmp.AllowUnexported(endTest{})); diff != "" {
				t.Errorf("Settle and Conclude (-want +got):\n%s", diff)
			}
		})
	}
}

// told is what plans here say if all goes well.
var told = plan.Verdict{Reason: v1alpha1.ReasonSynced, Message: "told"}

// no is what is said after a trouble.
func no(reason v1alpha1.Reason) plan.Verdict {
	return plan.Verdict{Reason: reason, Message: in(0).Message}
}

func TestACreationIsWithdrawnOnlyIfItCertainlyDidNotHappen(t *testing.T) {
	t.Parallel()
	creates := plan.Plan{
		Before: creating("db", ""), After: creating("db", ""), Refused: plan.Record{Held: true}, Verdict: told,
		Steps: []plan.Step{plan.Create{Name: "db", Content: holding("hunter2")}},
	}
	prunes := creates
	prunes.Steps = append(slices.Clip(creates.Steps), plan.Update{AutoPrune: new(true)})
	created := plan.Outcome{Secret: database(firstRevision)}
	tests := map[string]endTest{
		"it happened, and so did what came after": {
			prunes, []plan.Outcome{created, created}, creating("db", ""), told,
		},
		"it happened, and what came after did not": {
			prunes, []plan.Outcome{created, failed(plan.Refused)}, creating("db", ""), no(v1alpha1.ReasonRefused),
		},
		"it was refused, so that nothing came after": {
			prunes, []plan.Outcome{failed(plan.NameTaken), notTried}, plan.Record{Held: true}, no(v1alpha1.ReasonNameTaken),
		},
		"it happened": {
			creates, []plan.Outcome{{Secret: database(firstRevision)}}, creating("db", ""), told,
		},
		"nobody tried": {
			creates, []plan.Outcome{notTried}, creating("db", ""), told,
		},
	}
	for kind, reason := range troubles() {
		record := plan.Record{Held: true}
		if kind == plan.Failed || kind == plan.Unreachable || kind == plan.Busy {
			record = creating("db", "")
		}
		tests[fmt.Sprintf("trouble: %s", reason)] = endTest{creates, []plan.Outcome{failed(kind)}, record, no(reason)}
	}
	runEndTests(t, tests)
}

func TestWhatFailedStaysOnRecord(t *testing.T) {
	t.Parallel()
	updates := plan.Plan{
		Before: creating("db", ""), After: creating("db", ""), Verdict: told, Secret: database(),
		Steps: []plan.Step{plan.Update{ID: dbID, Info: new("new")}},
	}
	removes := plan.Plan{
		Before: creating("db", ""), After: creating("db", ""), Verdict: told, Secret: database(),
		Steps: []plan.Step{plan.Remove{ID: dbID}},
	}
	revoke := plan.Revoke{ID: dbID, Applications: []string{"app1", "app2"}}
	grant := plan.Grant{ID: dbID, Applications: []string{"app3", "app4"}}
	leaves := plan.Plan{Before: granted("app1", "app2"), Verdict: told, Steps: []plan.Step{revoke}}
	changes := plan.Plan{
		Before: granted("app1", "app2", "app3", "app4"), After: granted("app3", "app4"), Verdict: told,
		Steps: []plan.Step{revoke, grant},
	}
	one := func(kind plan.Kind) plan.Outcome { return except(map[string]plan.Kind{"app2": kind}) }
	runEndTests(t, map[string]endTest{
		"nothing was to be done": {
			plan.Plan{Before: creating("db", ""), Verdict: told}, nil, plan.Record{}, told,
		},
		"an update": {
			updates, []plan.Outcome{{Secret: database()}}, updates.After, told,
		},
		"an update that failed": {
			updates, []plan.Outcome{failed(plan.NameTaken)}, updates.Before, no(v1alpha1.ReasonNameTaken),
		},
		"a removal": {
			removes, []plan.Outcome{succeeded}, removes.After, told,
		},
		"a removal that failed": {
			removes, []plan.Outcome{failed(plan.PermissionDenied)}, removes.Before, no(v1alpha1.ReasonPermissionDenied),
		},
		"the last revoke": {
			leaves, []plan.Outcome{succeeded}, plan.Record{}, told,
		},
		"the last revoke, with answers for nobody": {
			leaves, []plan.Outcome{except(nil)}, plan.Record{}, told,
		},
		"the last revoke, which nobody tried": {
			leaves, []plan.Outcome{notTried}, leaves.Before, told,
		},
		"the last revoke, which failed as a whole": {
			leaves, []plan.Outcome{failed(plan.Unreachable)}, leaves.Before, no(v1alpha1.ReasonJujuUnreachable),
		},
		"the last revoke, which failed for one": {
			leaves, []plan.Outcome{one(plan.PermissionDenied)}, leaves.Before,
			plan.Verdict{Reason: v1alpha1.ReasonPermissionDenied, Message: "app2 failed"},
		},
		"a revoke and a grant": {
			changes, []plan.Outcome{succeeded, succeeded}, changes.After, told,
		},
		"a revoke that failed, so that nothing was granted": {
			changes, []plan.Outcome{failed(plan.Busy), notTried}, changes.Before, no(v1alpha1.ReasonModelBusy),
		},
		"a revoke that failed for one": {
			changes, []plan.Outcome{one(plan.Failed), succeeded}, changes.Before,
			plan.Verdict{Reason: v1alpha1.ReasonFailed, Message: "app2 failed"},
		},
		"a grant that failed, after the revoke": {
			changes, []plan.Outcome{succeeded, failed(plan.Unreachable)}, changes.Before, no(v1alpha1.ReasonJujuUnreachable),
		},
		"a grant that failed for one, which will be tried again": {
			changes, []plan.Outcome{succeeded, except(map[string]plan.Kind{"app3": plan.ApplicationNotFound})}, changes.After,
			plan.Verdict{Reason: v1alpha1.ReasonApplicationNotFound, Message: "app3 failed"},
		},
		"the first trouble is told": {
			changes, []plan.Outcome{one(plan.Refused), failed(plan.Unreachable)}, changes.Before,
			plan.Verdict{Reason: v1alpha1.ReasonRefused, Message: "app2 failed"},
		},
	})
}

func TestAnApplicationThatIsNotThereYetIsToldLast(t *testing.T) {
	t.Parallel()
	apps := []string{"app1", "app2", "app3"}
	grants := plan.Plan{
		Before: granted(apps...), After: granted(apps...), Verdict: told,
		Steps: []plan.Step{plan.Grant{ID: dbID, Applications: apps}},
	}
	tests := map[string]struct {
		kinds  map[string]plan.Kind
		reason v1alpha1.Reason
		told   string
	}{
		"one is missing": {
			map[string]plan.Kind{"app2": plan.ApplicationNotFound},
			v1alpha1.ReasonApplicationNotFound, "app2 failed",
		},
		"all are missing": {
			map[string]plan.Kind{
				"app3": plan.ApplicationNotFound, "app1": plan.ApplicationNotFound, "app2": plan.ApplicationNotFound,
			},
			v1alpha1.ReasonApplicationNotFound, "app1 failed; app2 failed; app3 failed",
		},
		"one was refused after one that is missing": {
			map[string]plan.Kind{"app1": plan.ApplicationNotFound, "app2": plan.Refused},
			v1alpha1.ReasonRefused, "app1 failed; app2 failed",
		},
		"one was refused before one that is missing": {
			map[string]plan.Kind{"app1": plan.Refused, "app2": plan.ApplicationNotFound},
			v1alpha1.ReasonRefused, "app1 failed; app2 failed",
		},
		"two ended differently": {
			map[string]plan.Kind{"app1": plan.ApplicationNotFound, "app2": plan.PermissionDenied, "app3": plan.Refused},
			v1alpha1.ReasonPermissionDenied, "app1 failed; app2 failed; app3 failed",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 10 { // Whatever the order of the map.
				got := plan.Conclude(grants, []plan.Outcome{except(test.kinds)})
				if diff := cmp.Diff(plan.Verdict{Reason: test.reason, Message: test.told}, got); diff != "" {
					t.Fatalf("Conclude (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestRecordsAreEqualIfTheySayTheSame(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		a, b plan.Record
		want bool
	}{
		"nothing":                    {plan.Record{}, plan.Record{}, true},
		"held":                       {plan.Record{Held: true}, plan.Record{}, false},
		"the same creation":          {creating("db", dbID), creating("db", dbID), true},
		"another name":               {creating("db", dbID), creating("other", dbID), false},
		"another one is replaced":    {creating("db", dbID), creating("db", ""), false},
		"grants on another secret":   {granted("app1"), plan.Record{Held: true, SecretID: otherID, Granted: []string{"app1"}}, false},
		"no creation":                {creating("db", dbID), plan.Record{Held: true}, false},
		"with other content":         {creating("db", dbID), creating("db", dbID, "other"), false},
		"with other content too":     {creating("db", dbID), creating("db", dbID, "hunter2", "other"), false},
		"the same adoption":          {adopting(dbID), adopting(dbID), true},
		"another adoption":           {adopting(dbID), adopting(otherID), false},
		"no adoption":                {adopting(dbID), plan.Record{Held: true}, false},
		"grants in another model":    {granted("app1"), grantedIn(otherApp, "app1"), false},
		"the same grants":            {granted("app1", "app2"), granted("app1", "app2"), true},
		"a grant more":               {granted("app1", "app2"), granted("app1"), false},
		"another grant":              {granted("app1"), granted("app2"), false},
		"no grants, in whatever way": {granted(), plan.Record{Held: true, Granted: []string{}}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff([]bool{test.want, test.want}, []bool{test.a.Equal(test.b), test.b.Equal(test.a)}); diff != "" {
				t.Errorf("Equal, both ways (-want +got):\n%s", diff)
			}
		})
	}
}
