// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

// prng is a random number generator with a seed, so each run has the same
// cases.
type prng int

// below returns a random number below n.
func (d *prng) below(n int) int {
	*d = *d*6364136223846793005 + 1442695040888963407
	return int(*d>>33) & 0x3fffffff % n
}

// stored returns a status as stored in Kubernetes, with times in whole seconds.
func stored[T any](t *testing.T, v T) T {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var again T
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	return again
}

// walk calls each with a sequence of random plans, with any reason after any
// other.
func walk(t *testing.T, turns int, each func(d *prng, generation int64, p plan.Plan, now time.Time)) {
	t.Helper()
	d, gen, at := prng(turns), int64(1), then
	reasons := slices.Sorted(maps.Keys(allReasons(t)))
	for range turns {
		p := plan.Plan{Condition: plan.Condition{Reason: reasons[d.below(len(reasons))]}}
		if p.Condition.Reason != v1alpha1.ReasonOrphaned { // Its message is an event each time.
			p.Condition.Message = []string{"one", "two", ""}[d.below(3)]
		}
		if d.below(2) == 0 {
			p.ModelUUID = modelUUID
			p.Secret = &plan.UserSecret{
				ID: []string{dbID, otherID}[d.below(2)], Revision: d.below(3),
				Granted: []string{"app1", "app3"}[:d.below(3)],
			}
			p.Owns = []plan.Owns{plan.Own, plan.Own, plan.Adopted, plan.Observed}[d.below(4)]
		} else if d.below(3) == 0 {
			p.Owns = plan.Nothing
		}
		p.Unapplied = d.below(3) == 0
		if d.below(4) == 0 {
			gen++
		}
		at = at.Add(time.Duration(d.below(200)) * 499 * time.Millisecond)
		each(&d, gen, p, at)
	}
}

// wrong returns the rules that the next conditions violate.
func wrong(
	old, next []metav1.Condition, gen int64, p plan.Plan, reason v1alpha1.Reason, report status.Report, now time.Time,
) []string {
	var broken []string
	rule := func(what string, kept bool) {
		if !kept {
			broken = append(broken, what)
		}
	}
	handling := status.HandlingOf(reason)
	before, ready := meta.FindStatusCondition(old, readyCond), meta.FindStatusCondition(next, readyCond)
	rule("Ready always exists", ready != nil)
	rule("the only other condition is the condition of the reason", len(next) == 1 && handling.Also == "" ||
		len(next) == 2 && meta.IsStatusConditionTrue(next, handling.Also))
	for _, c := range next {
		rule("all have the same reason and message for the current generation",
			c.ObservedGeneration == gen && c.Reason == string(reason) && c.Message == ready.Message)
		last := meta.FindStatusCondition(old, c.Type)
		if last != nil && last.Status == c.Status {
			rule("an unchanged condition keeps its time", c.LastTransitionTime.Equal(&last.LastTransitionTime))
		} else {
			rule("a changed condition has the current time", c.LastTransitionTime.Time.Equal(now))
		}
	}
	rule("Ready is true or false", ready.Status == yes || ready.Status == no)
	wasTrue := before != nil && before.Status == yes && before.ObservedGeneration == gen
	unchanged := !p.Unapplied && len(p.Steps) == 0
	rule("Ready is true in sync, and in an outage after that without a change",
		(ready.Status == yes) == (handling.Ready == status.ReadyTrue ||
			handling.Ready == status.ReadyKept && wasTrue && unchanged))
	isNew := before == nil || before.Reason != string(reason)
	rule("a new reason has an event if the table has one", (len(report.Events) == 1) == (isNew && handling.Event != ""))
	longest := handling.LookAgain
	if inSync := ready.Status == yes && handling.Also != v1alpha1.ConditionReconciling; longest == 0 && !inSync {
		longest = plan.MaxResync
	}
	rule("the requeue is between a second and the limit in the table, or the resync of an object that is not in sync",
		report.LookAgain >= min(time.Second, longest) && report.LookAgain <= longest)
	return broken
}

func TestRandomSecretStatusFollowsTheRules(t *testing.T) {
	t.Parallel()
	var old v1alpha1.JujuSecretStatus
	walk(t, 400, func(_ *prng, gen int64, p plan.Plan, now time.Time) {
		before := *old.DeepCopy()
		next, report := status.NextSecret(old, gen, p, nil, now)
		again, reportAgain := status.NextSecret(old, gen, p, nil, now)
		if diff := cmp.Diff([]any{next, report, before}, []any{again, reportAgain, old}); diff != "" {
			t.Fatalf("the result is not deterministic, or the old status was changed (-first +second):\n%s", diff)
		}
		adopted := slices.DeleteFunc(slices.Clone(report.Events),
			func(e status.Event) bool { return e.Reason != v1alpha1.ReasonAdopted })
		isNew := p.Owns == plan.Adopted && (!old.Managed || old.SecretID != p.Secret.ID)
		report.Events = report.Events[len(adopted):] // The event for the adoption is first.
		broken := wrong(old.Conditions, next.Conditions, gen, p, p.Condition.Reason, report, now)
		if len(broken) > 0 || isNew != (len(adopted) == 1) {
			t.Fatalf("%v, adopted %v\nplan %+v\nold  %+v\nnext %+v\n%+v", broken, adopted, p, old, next, report)
		}
		old = stored(t, next)
		later, quiet := status.NextSecret(old, gen, p, nil, now.Add(time.Hour))
		if diff := cmp.Diff(old, later); diff != "" || len(quiet.Events) > 0 {
			t.Fatalf("an hour later without a change: events %v, status (-before +after):\n%s", quiet.Events, diff)
		}
	})
}

func TestRandomAccessStatusFollowsTheRules(t *testing.T) {
	t.Parallel()
	var old v1alpha1.JujuSecretAccessStatus
	walk(t, 400, func(d *prng, gen int64, p plan.Plan, now time.Time) {
		facts := plan.AccessFacts{Applications: [][]string{{"app1"}, {"app2", "app1"}, {"app3", "app4"}}[d.below(3)]}
		if d.below(2) == 0 {
			facts.Target.Model = plan.ModelRef{Controller: "default", Name: "prod/app"}
		} else {
			facts.Target = plan.UnreadySecret("db", plan.ModelRef{}, false)
		}
		var outcomes []plan.Outcome
		if p.Secret != nil && d.below(2) == 0 {
			// The applications are missing, so the grant never succeeds.
			apps := slices.DeleteFunc(slices.Clone(facts.Applications),
				func(app string) bool { return slices.Contains(p.Secret.Granted, app) })
			p.Steps = []plan.Step{plan.Grant{ID: p.Secret.ID, Applications: apps}}
			outcomes = []plan.Outcome{except(apps...)}
		}
		before := *old.DeepCopy()
		next, report := status.NextAccess(old, gen, facts, p, outcomes, now)
		again, reportAgain := status.NextAccess(old, gen, facts, p, outcomes, now)
		if diff := cmp.Diff([]any{next, report, before}, []any{again, reportAgain, old}); diff != "" {
			t.Fatalf("the result is not deterministic, or the old status was changed (-first +second):\n%s", diff)
		}
		reason := plan.Conclude(p, outcomes).Reason
		if broken := wrong(old.Conditions, next.Conditions, gen, p, reason, report, now); len(broken) > 0 {
			t.Fatalf("%v\nplan %+v\nold  %+v\nnext %+v\n%+v", broken, p, old, next, report)
		}
		var names []string
		for _, app := range next.Applications {
			names = append(names, app.Name)
		}
		if diff := cmp.Diff(slices.Sorted(slices.Values(facts.Applications)), names); diff != "" {
			t.Fatalf("applications (-want +got):\n%s", diff)
		}
		old = stored(t, next)
		later, quiet := status.NextAccess(old, gen, facts, p, outcomes, now.Add(time.Hour))
		if diff := cmp.Diff(old, later); diff != "" || len(quiet.Events) > 0 {
			t.Fatalf("an hour later without a change: events %v, status (-before +after):\n%s", quiet.Events, diff)
		}
	})
}
