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

// draw decides things at random, but the same things each time for the same number.
type draw int

func (d *draw) below(n int) int {
	*d = *d*6364136223846793005 + 1442695040888963407
	return int(*d>>33) & 0x3fffffff % n
}

// stored is what becomes of a status in Kubernetes, which keeps no parts of a second.
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

// walk goes through so many turns of events, with any reason following any other, and calls each with what happened.
func walk(t *testing.T, turns int, each func(d *draw, generation int64, p plan.Plan, now time.Time)) {
	t.Helper()
	d, gen, at := draw(turns), int64(1), then
	reasons := slices.Sorted(maps.Keys(allReasons(t)))
	for range turns {
		p := plan.Plan{Verdict: plan.Verdict{Reason: reasons[d.below(len(reasons))]}}
		if p.Verdict.Reason != v1alpha1.ReasonLetGo { // It is told of each time, but there is only one.
			p.Verdict.Message = []string{"one", "two", ""}[d.below(3)]
		}
		if d.below(2) == 0 {
			p.ModelUUID = modelUUID
			p.Secret = &plan.UserSecret{
				ID: []string{dbID, otherID}[d.below(2)], Revision: d.below(3), Granted: []string{"app1", "app3"}[:d.below(3)],
			}
			p.Foreign = d.below(4) == 0
			p.Adopted = !p.Foreign && d.below(3) == 0
		} else {
			p.Lost = d.below(3) == 0
		}
		if d.below(4) == 0 {
			gen++
		}
		at = at.Add(time.Duration(d.below(200)) * 499 * time.Millisecond)
		each(&d, gen, p, at)
	}
}

// wrong are the rules that conditions break, after a verdict on those before.
func wrong(old, next []metav1.Condition, gen int64, reason v1alpha1.Reason, report status.Report, now time.Time) []string {
	var broken []string
	rule := func(what string, kept bool) {
		if !kept {
			broken = append(broken, what)
		}
	}
	handling := status.HandlingOf(reason)
	before, ready := meta.FindStatusCondition(old, readyCond), meta.FindStatusCondition(next, readyCond)
	rule("Ready is always there", ready != nil)
	rule("besides Ready there is what the reason says, and nothing else", len(next) == 1 && handling.Also == "" ||
		len(next) == 2 && meta.IsStatusConditionTrue(next, handling.Also))
	for _, c := range next {
		rule("all say the same of the present generation", c.ObservedGeneration == gen && c.Reason == string(reason) &&
			c.Message == ready.Message)
		last := meta.FindStatusCondition(old, c.Type)
		if last != nil && last.Status == c.Status {
			rule("the time is that of the last change", c.LastTransitionTime.Equal(&last.LastTransitionTime))
		} else {
			rule("a change has the time of the change", c.LastTransitionTime.Time.Equal(now))
		}
	}
	rule("Ready is true or false", ready.Status == yes || ready.Status == no)
	wasTrue := before != nil && before.Status == yes && before.ObservedGeneration == gen
	wasEverTrue := before != nil && before.Status == yes
	rule("Ready is true in sync, in an outage after that, and as long as nobody looks",
		(ready.Status == yes) == (handling.Ready == status.ReadyTrue || handling.Ready == status.ReadyKept && wasTrue ||
			handling.Ready == status.ReadyFrozen && wasEverTrue))
	isNew := before == nil || before.Reason != string(reason)
	rule("a new reason is an event, if the table says so", (len(report.Events) == 1) == (isNew && handling.Event != ""))
	rule("the next look is between a second and what the table says", report.LookAgain >= min(time.Second, handling.LookAgain) &&
		report.LookAgain <= handling.LookAgain)
	return broken
}

func TestWhateverHappensToASecretItsStatusKeepsTheRules(t *testing.T) {
	t.Parallel()
	var old v1alpha1.JujuSecretStatus
	walk(t, 400, func(_ *draw, gen int64, p plan.Plan, now time.Time) {
		before := *old.DeepCopy()
		next, report := status.NextSecret(old, gen, p, nil, now)
		again, reportAgain := status.NextSecret(old, gen, p, nil, now)
		if diff := cmp.Diff([]any{next, report, before}, []any{again, reportAgain, old}); diff != "" {
			t.Fatalf("the same again, or the old status, is different (-first +second):\n%s", diff)
		}
		adopted := slices.DeleteFunc(slices.Clone(report.Events), func(e status.Event) bool { return e.Reason != v1alpha1.ReasonAdopted })
		isNew := p.Adopted && (!old.Managed || old.SecretID != p.Secret.ID)
		report.Events = report.Events[len(adopted):] // It comes first.
		if broken := wrong(old.Conditions, next.Conditions, gen, p.Verdict.Reason, report, now); len(broken) > 0 || isNew != (len(adopted) == 1) {
			t.Fatalf("%v, adopted %v\nplan %+v\nold  %+v\nnext %+v\n%+v", broken, adopted, p, old, next, report)
		}
		old = stored(t, next)
		later, quiet := status.NextSecret(old, gen, p, nil, now.Add(time.Hour))
		if diff := cmp.Diff(old, later); diff != "" || len(quiet.Events) > 0 {
			t.Fatalf("an hour later nothing is new, but there are %v, and (-before +after):\n%s", quiet.Events, diff)
		}
	})
}

func TestWhateverHappensToAnAccessItsStatusKeepsTheRules(t *testing.T) {
	t.Parallel()
	var old v1alpha1.JujuSecretAccessStatus
	walk(t, 400, func(d *draw, gen int64, p plan.Plan, now time.Time) {
		seen := plan.AccessSeen{Want: [][]string{{"app1"}, {"app2", "app1"}, {"app3", "app4"}}[d.below(3)]}
		if d.below(2) == 0 {
			seen.Target.Model = plan.ModelRef{Controller: "default", Name: "prod/app"}
		} else {
			seen.Target = plan.NotReady("db")
		}
		var outcomes []plan.Outcome
		if p.Secret != nil && d.below(2) == 0 {
			// Nobody is there to be granted, so that no time ends it.
			p.Steps = []plan.Step{plan.Grant{ID: p.Secret.ID, Applications: slices.DeleteFunc(slices.Clone(seen.Want),
				func(app string) bool { return slices.Contains(p.Secret.Granted, app) })}}
			outcomes = []plan.Outcome{except(p.Steps[0].(plan.Grant).Applications...)}
		}
		before := *old.DeepCopy()
		next, report := status.NextAccess(old, gen, seen, p, outcomes, now)
		again, reportAgain := status.NextAccess(old, gen, seen, p, outcomes, now)
		if diff := cmp.Diff([]any{next, report, before}, []any{again, reportAgain, old}); diff != "" {
			t.Fatalf("the same again, or the old status, is different (-first +second):\n%s", diff)
		}
		reason := plan.Conclude(p, outcomes).Reason
		if broken := wrong(old.Conditions, next.Conditions, gen, reason, report, now); len(broken) > 0 {
			t.Fatalf("%v\nplan %+v\nold  %+v\nnext %+v\n%+v", broken, p, old, next, report)
		}
		var names []string
		for _, app := range next.Applications {
			names = append(names, app.Name)
		}
		if diff := cmp.Diff(slices.Sorted(slices.Values(seen.Want)), names); diff != "" {
			t.Fatalf("applications (-want +got):\n%s", diff)
		}
		old = stored(t, next)
		later, quiet := status.NextAccess(old, gen, seen, p, outcomes, now.Add(time.Hour))
		if diff := cmp.Diff(old, later); diff != "" || len(quiet.Events) > 0 {
			t.Fatalf("an hour later nothing is new, but there are %v, and (-before +after):\n%s", quiet.Events, diff)
		}
	})
}
