// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// tally is a Meter that remembers what it was told.
type tally struct {
	drifted, corrected int
	applied            []time.Duration
}

func (m *tally) Drifted(plan.ControllerKey)           { m.drifted++ }
func (m *tally) Corrected(plan.ControllerKey)         { m.corrected++ }
func (m *tally) Applied(_ string, took time.Duration) { m.applied = append(m.applied, took) }

// metered is a Kit with a tally and a clock.
func metered() (kit Kit, told *tally, pass func(time.Duration)) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	kit, told = NewKit(nil, nil, nil, func() time.Time { return now }), new(tally)
	kit.Meter = told
	return kit, told, func(d time.Duration) { now = now.Add(d) }
}

var (
	succeeded   = []plan.Outcome{{}}
	unreachable = []plan.Outcome{{Trouble: &plan.Trouble{Kind: plan.Unreachable}}}
)

func updating(reason v1alpha1.Reason) plan.Plan {
	return plan.Plan{Steps: []plan.Step{plan.Update{ID: "one"}}, Verdict: plan.Verdict{Reason: reason}}
}

func resting(reason v1alpha1.Reason) plan.Plan {
	return plan.Plan{Verdict: plan.Verdict{Reason: reason}}
}

func TestAChangeLastsUntilJujuHoldsIt(t *testing.T) {
	t.Parallel()
	type turn struct {
		notice bool // Before the look.
		during bool // During it.
		todo   plan.Plan
		done   []plan.Outcome
	}
	synced, silent, second := updating(v1alpha1.ReasonSynced), resting(v1alpha1.ReasonJujuSecretNotReady), time.Second
	silent.Silent = true
	for name, row := range map[string]struct {
		turns []turn // Each look takes a second.
		want  []time.Duration
	}{
		"done at once":                     {[]turn{{notice: true, todo: synced, done: succeeded}}, []time.Duration{second}},
		"nobody noticed a change":          {[]turn{{todo: synced, done: succeeded}}, nil},
		"nothing had to be done":           {[]turn{{notice: true, todo: resting(v1alpha1.ReasonSynced)}}, nil},
		"Juju was away for a while":        {[]turn{{notice: true, todo: synced, done: unreachable}, {todo: synced, done: succeeded}}, []time.Duration{2 * second}},
		"a second one while it was away":   {[]turn{{notice: true, todo: synced, done: unreachable}, {notice: true, todo: synced, done: succeeded}}, []time.Duration{2 * second}},
		"another one during the look":      {[]turn{{notice: true, during: true, todo: synced, done: succeeded}, {todo: synced, done: succeeded}}, []time.Duration{second, 2 * second}},
		"somebody was waited for":          {[]turn{{notice: true, todo: resting(v1alpha1.ReasonSourceNotFound)}, {notice: true, todo: synced, done: succeeded}}, []time.Duration{second}},
		"somebody is waited for":           {[]turn{{notice: true, todo: resting(v1alpha1.ReasonNameTaken)}, {todo: synced, done: succeeded}}, nil},
		"it was done in several goes":      {[]turn{{notice: true, todo: updating(v1alpha1.ReasonRemoving), done: succeeded}, {todo: resting(v1alpha1.ReasonSynced)}}, []time.Duration{2 * second}},
		"a word was not worth it, at last": {[]turn{{notice: true, todo: silent}, {todo: synced, done: succeeded}}, []time.Duration{2 * second}},
		"another installation had it":      {[]turn{{notice: true, todo: plan.Plan{Silent: true}}, {todo: synced, done: succeeded}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kit, told, pass := metered()
			obj := named("db")
			key := client.ObjectKeyFromObject(obj)
			for _, turn := range row.turns {
				if turn.notice {
					kit.course.notice(key, kit.Now())
				}
				began := kit.Now()
				if turn.during {
					pass(time.Millisecond)
					kit.course.notice(key, kit.Now())
					pass(-time.Millisecond)
				}
				pass(time.Second)
				kit.measure(obj, kindJujuSecret, began, turn.todo, turn.done)
			}
			for i := range told.applied {
				told.applied[i] = told.applied[i].Round(10 * time.Millisecond)
			}
			if diff := cmp.Diff(row.want, told.applied, cmp.Transformer("seconds", time.Duration.Seconds)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestADeletionIsAChangeThatJujuHoldsWhenTheSecretIsGone(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		last v1alpha1.Reason
		want int
	}{
		"it is gone":        {v1alpha1.ReasonRemoving, 1},
		"it was left there": {v1alpha1.ReasonLetGo, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kit, told, _ := metered()
			obj := named("db", held)
			obj.DeletionTimestamp = new(metav1.Now())
			kit.course.notice(client.ObjectKeyFromObject(obj), kit.Now())
			kit.measure(obj, kindJujuSecret, kit.Now(), updating(v1alpha1.ReasonRemoving), succeeded)
			if len(told.applied) > 0 {
				t.Error("it counted while the secret was still there")
			}
			obj.Finalizers = nil
			kit.measure(obj, kindJujuSecret, kit.Now(), resting(row.last), nil)
			if len(told.applied) != row.want {
				t.Errorf("it counted %d times", len(told.applied))
			}
		})
	}
}

func TestDriftIsCountedOnce(t *testing.T) {
	t.Parallel()
	correcting := updating(v1alpha1.ReasonSynced)
	correcting.Corrects = true
	type turn struct {
		todo plan.Plan
		done []plan.Outcome
	}
	for name, row := range map[string]struct {
		turns              []turn
		drifted, corrected int
	}{
		"corrected at once":                  {[]turn{{correcting, succeeded}}, 1, 1},
		"corrected twice":                    {[]turn{{correcting, succeeded}, {correcting, succeeded}}, 2, 2},
		"corrected with the second try":      {[]turn{{correcting, unreachable}, {correcting, succeeded}}, 1, 1},
		"only told, however often":           {[]turn{{resting(v1alpha1.ReasonDrifted), nil}, {resting(v1alpha1.ReasonDrifted), nil}}, 1, 0},
		"told, changed back, and told again": {[]turn{{resting(v1alpha1.ReasonDrifted), nil}, {resting(v1alpha1.ReasonSynced), nil}, {resting(v1alpha1.ReasonDrifted), nil}}, 2, 0},
		"an ordinary update":                 {[]turn{{updating(v1alpha1.ReasonSynced), succeeded}}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kit, told, _ := metered()
			for _, turn := range row.turns {
				kit.measureDrift(named("db"), plan.SecretSeen{World: plan.World{Known: true}}, turn.todo, turn.done)
			}
			if told.drifted != row.drifted || told.corrected != row.corrected {
				t.Errorf("drifted %d, corrected %d; want %d and %d", told.drifted, told.corrected, row.drifted, row.corrected)
			}
		})
	}
}

// After a start nobody remembers what was counted, but the object still tells.
func TestDriftThatIsToldAlreadyIsNotCountedAgain(t *testing.T) {
	t.Parallel()
	kit, told, _ := metered()
	obj := named("db", func(s *v1alpha1.JujuSecret) {
		s.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Reason: string(v1alpha1.ReasonDrifted)}}
	})
	kit.measureDrift(obj, plan.SecretSeen{World: plan.World{Known: true}}, resting(v1alpha1.ReasonDrifted), nil)
	if told.drifted > 0 {
		t.Errorf("it is counted %d times", told.drifted)
	}
}

func TestNothingIsRememberedOfAnObjectThatIsGone(t *testing.T) {
	t.Parallel()
	kit, _, _ := metered()
	key := client.ObjectKeyFromObject(named("db"))
	kit.Client = cached{}
	kit.course.notice(key, kit.Now())
	kit.course.drift(key, true)
	if _, err := kit.get(t.Context(), key, new(v1alpha1.JujuSecret)); err == nil {
		t.Fatal("the object is there")
	}
	if len(kit.course.changes)+len(kit.course.adrift) > 0 {
		t.Errorf("what is left: %v %v", kit.course.changes, kit.course.adrift)
	}
}

// A look at Juju that somebody asks for is no change.
func TestOnlyANewSpecIsNoticedAsAChange(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		before, after *v1alpha1.JujuSecret
		want          bool
	}{
		"a spec":    {named("db", generation(1)), named("db", generation(2)), true},
		"a status":  {named("db"), named("db", has("one")), false},
		"a request": {named("db"), named("db", annotated(v1alpha1.AnnotationReconcileRequestedAt, "now")), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kit, _, _ := metered()
			passes(t, kit.ownChanges(), row.before, row.after)
			if got := len(kit.course.changes) > 0; got != row.want {
				t.Errorf("it is noticed: %t, want %t", got, row.want)
			}
		})
	}
}
