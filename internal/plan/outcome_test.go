// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// failed returns the outcome of a step with a problem.
func failed(kind v1alpha1.Reason) plan.Outcome { return plan.Outcome{Problem: in(kind)} }

// except returns the outcome of a Grant or Revoke that failed for some
// applications.
func except(kinds map[string]v1alpha1.Reason) plan.Outcome {
	outcome := plan.Outcome{Applications: map[string]plan.Problem{}}
	for app, kind := range kinds {
		outcome.Applications[app] = plan.Problem{Reason: kind, Message: app + " failed"}
	}
	return outcome
}

var (
	succeeded = plan.Outcome{}
	notTried  = plan.Outcome{NotTried: true}
)

// outcomeTest is a plan with the outcomes of its steps, the record to write,
// and the condition.
type outcomeTest struct {
	plan     plan.Plan
	outcomes []plan.Outcome
	record   plan.Record
	verdict  plan.Condition
}

func runOutcomeTests(t *testing.T, tests map[string]outcomeTest) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := outcomeTest{
				test.plan, test.outcomes, plan.Settle(test.plan, test.outcomes), plan.Conclude(test.plan, test.outcomes),
			}
			if diff := cmp.Diff(test, got, sameValues, cmp.AllowUnexported(outcomeTest{})); diff != "" {
				t.Errorf("Settle and Conclude (-want +got):\n%s", diff)
			}
		})
	}
}

// succeededCondition is the condition of the plans here if all steps succeed.
var succeededCondition = plan.Condition{Reason: v1alpha1.ReasonSynced, Message: "done"}

// no returns the condition after a problem.
func no(reason v1alpha1.Reason) plan.Condition {
	return plan.Condition{Reason: reason, Message: in("").Message}
}

func TestSettleDropsCreationOnlyAfterDefiniteRefusal(t *testing.T) {
	t.Parallel()
	creates := plan.Plan{
		Before: creating("db", ""), After: creating("db", ""), Refused: plan.Record{Held: true},
		Condition: succeededCondition,
		Steps:     []plan.Step{plan.Create{Name: "db", Content: holding("hunter2")}},
	}
	prunes := creates
	prunes.Steps = append(slices.Clip(creates.Steps), plan.Update{AutoPrune: new(true)})
	created := plan.Outcome{Secret: database(firstRevision)}
	tests := map[string]outcomeTest{
		"created, and updated": {
			prunes, []plan.Outcome{created, created}, creating("db", ""), succeededCondition,
		},
		"created, and not updated": {
			prunes, []plan.Outcome{created, failed(v1alpha1.ReasonInvalidRequest)}, creating("db", ""),
			no(v1alpha1.ReasonInvalidRequest),
		},
		"refused, and not updated": {
			prunes, []plan.Outcome{failed(v1alpha1.ReasonNameTaken), notTried}, plan.Record{Held: true},
			no(v1alpha1.ReasonNameTaken),
		},
		"created": {
			creates, []plan.Outcome{{Secret: database(firstRevision)}}, creating("db", ""), succeededCondition,
		},
		"not tried": {
			creates, []plan.Outcome{notTried}, creating("db", ""), succeededCondition,
		},
	}
	for kind, reason := range problemReasons() {
		record := plan.Record{Held: true}
		if kind == v1alpha1.ReasonFailed || kind == v1alpha1.ReasonJujuUnreachable ||
			kind == v1alpha1.ReasonModelUnavailable {
			record = creating("db", "")
		}
		condition := no(reason)
		if reason == v1alpha1.ReasonFailed {
			condition.Message = `cannot create the secret "db": ` + condition.Message
		}
		tests[fmt.Sprintf("problem: %s", reason)] = outcomeTest{creates, []plan.Outcome{failed(kind)}, record, condition}
	}
	runOutcomeTests(t, tests)
}

func TestSettleKeepsFailedStepsInRecord(t *testing.T) {
	t.Parallel()
	updates := plan.Plan{
		Before: creating("db", ""), After: creating("db", ""), Condition: succeededCondition, Secret: database(),
		Steps: []plan.Step{plan.Update{ID: dbID, Info: new("new")}},
	}
	removes := plan.Plan{
		Before: creating("db", ""), After: creating("db", ""), Condition: succeededCondition, Secret: database(),
		Steps: []plan.Step{plan.Remove{ID: dbID}},
	}
	revoke := plan.Revoke{ID: dbID, Applications: []string{"app1", "app2"}}
	grant := plan.Grant{ID: dbID, Applications: []string{"app3", "app4"}}
	leaves := plan.Plan{Before: granted("app1", "app2"), Condition: succeededCondition, Steps: []plan.Step{revoke}}
	changes := plan.Plan{
		Before: granted("app1", "app2", "app3", "app4"), After: granted("app3", "app4"), Condition: succeededCondition,
		Steps: []plan.Step{revoke, grant},
	}
	one := func(kind v1alpha1.Reason) plan.Outcome { return except(map[string]v1alpha1.Reason{"app2": kind}) }
	runOutcomeTests(t, map[string]outcomeTest{
		"no steps": {
			plan.Plan{Before: creating("db", ""), Condition: succeededCondition}, nil, plan.Record{}, succeededCondition,
		},
		"update": {
			updates, []plan.Outcome{{Secret: database()}}, updates.After, succeededCondition,
		},
		"failed update": {
			updates, []plan.Outcome{failed(v1alpha1.ReasonNameTaken)}, updates.Before, no(v1alpha1.ReasonNameTaken),
		},
		"removal": {
			removes, []plan.Outcome{succeeded}, removes.After, succeededCondition,
		},
		"failed removal": {
			removes, []plan.Outcome{failed(v1alpha1.ReasonPermissionDenied)}, removes.Before, no(
				v1alpha1.ReasonPermissionDenied,
			),
		},
		"last revoke": {
			leaves, []plan.Outcome{succeeded}, plan.Record{}, succeededCondition,
		},
		"last revoke, no failed application": {
			leaves, []plan.Outcome{except(nil)}, plan.Record{}, succeededCondition,
		},
		"last revoke, not tried": {
			leaves, []plan.Outcome{notTried}, leaves.Before, succeededCondition,
		},
		"last revoke, failed": {
			leaves, []plan.Outcome{failed(v1alpha1.ReasonJujuUnreachable)}, leaves.Before, no(v1alpha1.ReasonJujuUnreachable),
		},
		"last revoke, failed for one application": {
			leaves, []plan.Outcome{one(v1alpha1.ReasonPermissionDenied)}, leaves.Before,
			plan.Condition{Reason: v1alpha1.ReasonPermissionDenied, Message: "app2 failed"},
		},
		"revoke and grant": {
			changes, []plan.Outcome{succeeded, succeeded}, changes.After, succeededCondition,
		},
		"revoke failed, grant not tried": {
			changes, []plan.Outcome{failed(v1alpha1.ReasonModelUnavailable), notTried}, changes.Before, no(
				v1alpha1.ReasonModelUnavailable,
			),
		},
		"revoke failed for one application, grant succeeded": {
			changes, []plan.Outcome{one(v1alpha1.ReasonFailed), succeeded}, changes.Before,
			plan.Condition{Reason: v1alpha1.ReasonFailed, Message: "cannot revoke secret:" + dbID + " from app2: app2 failed"},
		},
		"revoke succeeded, grant failed": {
			changes, []plan.Outcome{succeeded, failed(v1alpha1.ReasonJujuUnreachable)}, changes.Before, no(
				v1alpha1.ReasonJujuUnreachable,
			),
		},
		"grant failed for one application": {
			changes, []plan.Outcome{succeeded, except(map[string]v1alpha1.Reason{"app3": v1alpha1.ReasonApplicationNotFound})},
			changes.After,
			plan.Condition{Reason: v1alpha1.ReasonApplicationNotFound, Message: "app3 failed"},
		},
		"two problems: the first is reported": {
			changes, []plan.Outcome{one(v1alpha1.ReasonInvalidRequest), failed(v1alpha1.ReasonJujuUnreachable)}, changes.Before,
			plan.Condition{Reason: v1alpha1.ReasonInvalidRequest, Message: "app2 failed"},
		},
	})
}

func TestFailedMessageNamesSecretAndApplication(t *testing.T) {
	t.Parallel()
	apps := []string{"app1", "app2"}
	for name, test := range map[string]struct {
		steps    []plan.Step
		outcomes []plan.Outcome
		want     string
	}{
		"create": {[]plan.Step{plan.Create{Name: "db"}}, nil, `cannot create the secret "db"`},
		"update": {[]plan.Step{plan.Update{ID: dbID}}, nil, "cannot update secret:" + dbID},
		"remove": {[]plan.Step{plan.Remove{ID: dbID}}, nil, "cannot remove secret:" + dbID},
		"grant": {
			[]plan.Step{plan.Grant{ID: dbID, Applications: apps}}, nil,
			"cannot grant secret:" + dbID + " to app1, app2",
		},
		"revoke": {
			[]plan.Step{plan.Revoke{ID: dbID, Applications: apps}}, nil,
			"cannot revoke secret:" + dbID + " from app1, app2",
		},
		"update of creation": {
			[]plan.Step{plan.Create{Name: "db"}, plan.Update{AutoPrune: new(true)}},
			[]plan.Outcome{{Secret: database()}, failed(v1alpha1.ReasonFailed)}, "cannot update the secret that was just " +
				"created",
		},
		"grant of one application": {
			[]plan.Step{plan.Grant{ID: dbID, Applications: apps}},
			[]plan.Outcome{except(map[string]v1alpha1.Reason{"app2": v1alpha1.ReasonFailed})}, "cannot grant secret:" + dbID +
				" to app2",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outcomes := test.outcomes
			if outcomes == nil {
				outcomes = []plan.Outcome{failed(v1alpha1.ReasonFailed)}
			}
			got := plan.Conclude(plan.Plan{Steps: test.steps}, outcomes)
			if got.Reason != v1alpha1.ReasonFailed || !strings.HasPrefix(got.Message, test.want+": ") {
				t.Errorf("Conclude returned %+v, want a message that begins with %q", got, test.want)
			}
		})
	}
}

func TestConcludeReportsApplicationNotFoundLast(t *testing.T) {
	t.Parallel()
	apps := []string{"app1", "app2", "app3"}
	grants := plan.Plan{
		Before: granted(apps...), After: granted(apps...), Condition: succeededCondition,
		Steps: []plan.Step{plan.Grant{ID: dbID, Applications: apps}},
	}
	tests := map[string]struct {
		kinds   map[string]v1alpha1.Reason
		reason  v1alpha1.Reason
		message string
	}{
		"one not found": {
			map[string]v1alpha1.Reason{"app2": v1alpha1.ReasonApplicationNotFound},
			v1alpha1.ReasonApplicationNotFound, "app2 failed",
		},
		"all not found": {
			map[string]v1alpha1.Reason{
				"app3": v1alpha1.ReasonApplicationNotFound, "app1": v1alpha1.ReasonApplicationNotFound,
				"app2": v1alpha1.ReasonApplicationNotFound,
			},
			v1alpha1.ReasonApplicationNotFound, "app1 failed; app2 failed; app3 failed",
		},
		"one not found, then one refused": {
			map[string]v1alpha1.Reason{"app1": v1alpha1.ReasonApplicationNotFound, "app2": v1alpha1.ReasonInvalidRequest},
			v1alpha1.ReasonInvalidRequest, "app1 failed; app2 failed",
		},
		"one refused, then one not found": {
			map[string]v1alpha1.Reason{"app1": v1alpha1.ReasonInvalidRequest, "app2": v1alpha1.ReasonApplicationNotFound},
			v1alpha1.ReasonInvalidRequest, "app1 failed; app2 failed",
		},
		"one not found, two refused": {
			map[string]v1alpha1.Reason{
				"app1": v1alpha1.ReasonApplicationNotFound, "app2": v1alpha1.ReasonPermissionDenied,
				"app3": v1alpha1.ReasonInvalidRequest,
			},
			v1alpha1.ReasonPermissionDenied, "app1 failed; app2 failed; app3 failed",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 10 { // The order of the map is random.
				got := plan.Conclude(grants, []plan.Outcome{except(test.kinds)})
				if diff := cmp.Diff(plan.Condition{Reason: test.reason, Message: test.message}, got); diff != "" {
					t.Fatalf("Conclude (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestRecordEqual(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		a, b plan.Record
		want bool
	}{
		"empty":                   {plan.Record{}, plan.Record{}, true},
		"held":                    {plan.Record{Held: true}, plan.Record{}, false},
		"the same creation":       {creating("db", dbID), creating("db", dbID), true},
		"another name":            {creating("db", dbID), creating("other", dbID), false},
		"replaces another secret": {creating("db", dbID), creating("db", ""), false},
		"grants on another secret": {
			granted("app1"), plan.Record{Held: true, SecretID: otherID, Granted: []string{"app1"}}, false,
		},
		"without creation":        {creating("db", dbID), plan.Record{Held: true}, false},
		"other content":           {creating("db", dbID), creating("db", dbID, "other"), false},
		"additional content":      {creating("db", dbID), creating("db", dbID, "hunter2", "other"), false},
		"the same adoption":       {adopting(dbID), adopting(dbID), true},
		"another adoption":        {adopting(dbID), adopting(otherID), false},
		"without adoption":        {adopting(dbID), plan.Record{Held: true}, false},
		"grants in another model": {granted("app1"), grantedIn(otherApp, "app1"), false},
		"the same grants":         {granted("app1", "app2"), granted("app1", "app2"), true},
		"additional grant":        {granted("app1", "app2"), granted("app1"), false},
		"another grant":           {granted("app1"), granted("app2"), false},
		"nil and empty grants":    {granted(), plan.Record{Held: true, Granted: []string{}}, true},
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

func TestUserSecretEqualComparesEveryField(t *testing.T) {
	t.Parallel()
	full := plan.UserSecret{
		ID: dbID, Name: "db", Info: "info", Revision: 1, Revisions: 1, RevisionGone: true,
		Checksum: content.Seal("sum"), Unsummed: true,
		Granted: []string{"app1"}, Removing: true,
	}
	if same := full; !full.Equal(same) {
		t.Error("Equal distinguishes equal secrets")
	}
	fields := reflect.TypeFor[plan.UserSecret]()
	for i := range fields.NumField() {
		if reflect.ValueOf(full).Field(i).IsZero() {
			t.Fatalf("the test sets no %s", fields.Field(i).Name)
		}
		other := full
		reflect.ValueOf(&other).Elem().Field(i).SetZero()
		if full.Equal(other) {
			t.Errorf("Equal does not compare %s", fields.Field(i).Name)
		}
	}
}
