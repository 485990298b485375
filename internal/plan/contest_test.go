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

// corrected returns corrections with the same number and age for all fields.
func corrected(inARow int, ago time.Duration, fields ...string) plan.Corrections {
	corrections := plan.Corrections{}
	for _, field := range fields {
		corrections[field] = plan.Correction{InARow: inARow, Ago: ago}
	}
	return corrections
}

// waits sets the condition and the rest of a pause.
func waits(what, row, pause, cure string, rest time.Duration) func(*plan.Plan) {
	return func(p *plan.Plan) {
		reports(v1alpha1.ReasonDrifted, what+" again, after "+row+" corrections in a row: the operator pauses for "+pause+
			". Find the other client and stop it: for example, remove the secret from Terraform, or "+cure)(p)
		p.Wait = rest
	}
}

func TestPauseDoublesAfterThreeCorrectionsInARow(t *testing.T) {
	t.Parallel()
	for inARow, want := range []time.Duration{
		0, 0, 0, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute, time.Hour, time.Hour,
	} {
		for _, moment := range []struct{ ago, rest time.Duration }{
			{time.Second, want - time.Second}, {want - time.Second, time.Second}, {want, 0}, {want + time.Second, 0},
		} {
			facts := accessInSync()
			all(inJuju("app2"), func(s *plan.AccessFacts) {
				s.LastGranted, s.Corrections = []string{"app1", "app2"}, corrected(inARow, moment.ago, "app1")
			})(&facts)
			if got := plan.ForAccess(facts).Wait; got != max(0, moment.rest) {
				t.Errorf("%d in a row, the last %s ago: the rest is %s, want %s", inARow, moment.ago, got, moment.rest)
			}
		}
	}
	if got := corrected(1e6, 0, "name")["name"].Next(); got != 1e6+1 {
		t.Errorf("after many corrections in a row the next number is %d", got)
	}
}

func TestHourWithoutDriftEndsTheRow(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		last plan.Correction
		want int
	}{
		"first":                        {plan.Correction{}, 1},
		"soon after":                   {plan.Correction{InARow: 4, Ago: time.Minute}, 5},
		"an hour after":                {plan.Correction{InARow: 4, Ago: time.Hour}, 5},
		"later":                        {plan.Correction{InARow: 4, Ago: time.Hour + time.Second}, 1},
		"later, at the end of a pause": {plan.Correction{InARow: 9, Ago: time.Hour + time.Second, Waiting: true}, 10},
	} {
		if got := row.last.Next(); got != row.want {
			t.Errorf("%s: Next returned %d, want %d", name, got, row.want)
		}
	}
}

// fields returns the fields that a drift is about.
func (d drift) fields() []string {
	if _, parts, ok := strings.Cut(d.what, "changed "); ok {
		parts, _, _ = strings.Cut(parts, " of ")
		return strings.Split(parts, ", ")
	}
	return []string{"removal"}
}

func TestContestedDriftIsCorrectedAfterThePause(t *testing.T) {
	t.Parallel()
	const report = "set driftPolicy: Report"
	corrects := func(p *plan.Plan) { p.Corrects = true }
	tests := map[string]secretTest{}
	for name, drift := range drifts() {
		with := func(inARow int, ago time.Duration, fields ...string) func(*plan.SecretFacts) {
			return all(drift.seen, func(s *plan.SecretFacts) { s.Corrections = corrected(inARow, ago, fields...) })
		}
		tests[name+", third correction"] = secretTest{
			with(2, time.Second, drift.fields()...), all(drift.wants, corrects),
		}
		tests[name+", fourth correction"] = secretTest{
			with(3, time.Minute, drift.fields()...), waits(drift.what, "3", "2m0s", report, time.Minute),
		}
		tests[name+", one field of several"] = secretTest{
			with(5, time.Minute, drift.fields()[0]), waits(drift.what, "5", "8m0s", report, 7*time.Minute),
		}
		tests[name+", after the pause"] = secretTest{
			with(3, 2*time.Minute, drift.fields()...), all(drift.wants, corrects),
		}
		tests[name+", another field"] = secretTest{
			with(3, time.Minute, "auto-prune"), all(drift.wants, corrects),
		}
		tests[name+", hours later"] = secretTest{
			with(9, 2*time.Hour, drift.fields()...), all(drift.wants, corrects),
		}
		tests[name+", driftPolicy: Report"] = secretTest{
			reporting(with(3, time.Minute, drift.fields()...)), reports(v1alpha1.ReasonDrifted, drift.what+revertIt),
		}
		tests[name+", manifest changed"] = secretTest{
			all(with(3, time.Minute, drift.fields()...), func(s *plan.SecretFacts) { s.SameSpec = false }), drift.wants,
		}
	}
	runSecretTests(t, tests)
}

func TestContestedGrantIsMadeAfterThePause(t *testing.T) {
	t.Parallel()
	const cure = "remove the application from this object"
	revoked := func(inARow int, ago time.Duration, changes ...func(*plan.AccessFacts)) func(*plan.AccessFacts) {
		return all(inJuju("app2"), func(s *plan.AccessFacts) {
			s.LastGranted, s.Corrections = []string{"app1", "app2"}, corrected(inARow, ago, "app1")
			all(changes...)(s)
		})
	}
	grants := func(regrants []string, apps ...string) func(*plan.Plan) {
		return func(p *plan.Plan) {
			p.Steps, p.Regrants = []plan.Step{plan.Grant{ID: dbID, Applications: apps}}, regrants
		}
	}
	said := func(apps, row, pause string, rest time.Duration) func(*plan.Plan) {
		return func(p *plan.Plan) {
			secret := p.Secret
			waits("another client revoked secret:"+dbID+" from "+apps, row, pause, cure, rest)(p)
			p.Secret = secret
		}
	}
	failed := func(s *plan.AccessFacts) { s.LastGranted = []string{"app2"} } // During a pause the status says Failed.
	runAccessTests(t, map[string]accessTest{
		"first":           {revoked(0, 0), grants([]string{"app1"}, "app1")},
		"third":           {revoked(2, time.Second), grants([]string{"app1"}, "app1")},
		"fourth":          {revoked(3, time.Second), said("app1", "3", "2m0s", 119*time.Second)},
		"fourth, waiting": {revoked(3, time.Minute, failed), said("app1", "3", "2m0s", time.Minute)},
		"after the pause": {revoked(3, 2*time.Minute, failed), grants([]string{"app1"}, "app1")},
		"never granted": {
			revoked(0, 0, func(s *plan.AccessFacts) { s.LastGranted = nil }), grants(nil, "app1"),
		},
		"others are granted": {
			revoked(4, time.Minute, wants("app1", "app2", "app3"), func(s *plan.AccessFacts) {
				s.Record = granted("app1", "app2", "app3")
			}),
			all(said("app1", "4", "4m0s", 3*time.Minute), grants(nil, "app3")),
		},
		"several, the longest pause counts": {
			revoked(4, time.Minute, inJuju(), func(s *plan.AccessFacts) {
				s.Corrections["app2"] = plan.Correction{InARow: 6, Ago: time.Minute}
			}),
			said("app1, app2", "6", "16m0s", 15*time.Minute),
		},
		"removed from the list: revoked at once": {
			revoked(3, time.Minute, wants("app2")),
			records(granted("app1", "app2"), granted("app2")),
		},
	})
}

func TestRestoredFieldsAreTheOnesThatSucceeded(t *testing.T) {
	t.Parallel()
	update := plan.Update{ID: dbID, Name: new("db"), Content: new(holding("hunter2"))}
	grant := plan.Grant{ID: dbID, Applications: []string{"app1", "app2", "app3"}}
	done, refused := plan.Outcome{}, failed(v1alpha1.ReasonPermissionDenied)
	for name, row := range map[string]struct {
		plan     plan.Plan
		outcomes []plan.Outcome
		want     []string
	}{
		"no steps": {},
		"update":   {plan.Plan{Steps: []plan.Step{update}}, []plan.Outcome{done}, nil},
		"correction": {
			plan.Plan{Corrects: true, Steps: []plan.Step{update}}, []plan.Outcome{done}, []string{"content", "name"},
		},
		"correction in two steps": {
			plan.Plan{Corrects: true, Steps: []plan.Step{update, update}}, []plan.Outcome{done, done},
			[]string{"content", "name"},
		},
		"failed correction": {plan.Plan{Corrects: true, Steps: []plan.Step{update}}, []plan.Outcome{refused}, nil},
		"correction that was not tried": {
			plan.Plan{Corrects: true, Steps: []plan.Step{update, update}}, []plan.Outcome{refused, notTried}, nil,
		},
		"removal": {
			plan.Plan{Corrects: true, Steps: []plan.Step{plan.Create{Name: "db"}}}, []plan.Outcome{done}, []string{"removal"},
		},
		"creation": {plan.Plan{Steps: []plan.Step{plan.Create{Name: "db"}}}, []plan.Outcome{done}, nil},
		"grants": {
			plan.Plan{Regrants: []string{"app1", "app2"}, Steps: []plan.Step{grant}},
			[]plan.Outcome{{Applications: map[string]plan.Problem{"app2": {}}}}, []string{"app1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := plan.Restored(row.plan, row.outcomes)
			if diff := cmp.Diff(row.want, got); diff != "" && len(row.want)+len(got) > 0 {
				t.Errorf("Restored (-want +got):\n%s", diff)
			}
			if !slices.IsSorted(got) {
				t.Errorf("%v is not sorted", got)
			}
		})
	}
}
