// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

// tally is a Meter that counts what it records.
type tally struct {
	drifted, corrected, contested int
	applied                       []time.Duration
}

func (m *tally) Drifted(plan.ControllerKey)              { m.drifted++ }
func (m *tally) Corrected(plan.ControllerKey)            { m.corrected++ }
func (m *tally) Contested(plan.ControllerKey)            { m.contested++ }
func (m *tally) Applied(_ string, latency time.Duration) { m.applied = append(m.applied, latency) }

// metered returns a reconciler with a tally, and a function that advances its
// clock.
func metered() (r *SecretReconciler, recorded *tally, pass func(time.Duration)) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r, recorded = NewSecretReconciler(Options{Now: func() time.Time { return now }}), new(tally)
	r.Meter = recorded
	return r, recorded, func(d time.Duration) { now = now.Add(d) }
}

var (
	succeeded   = []plan.Outcome{{}}
	unreachable = []plan.Outcome{{Problem: &plan.Problem{Reason: v1alpha1.ReasonJujuUnreachable}}}
)

func updating(reason v1alpha1.Reason) plan.Plan {
	return plan.Plan{Steps: []plan.Step{plan.Update{ID: "one"}}, Condition: plan.Condition{Reason: reason}}
}

func resting(reason v1alpha1.Reason) plan.Plan {
	return plan.Plan{Condition: plan.Condition{Reason: reason}}
}

func TestLatencyEndsWhenJujuHoldsTheChange(t *testing.T) {
	t.Parallel()
	type attempt struct {
		before bool // The change is observed before the reconcile.
		during bool // It is observed during the reconcile.
		todo   plan.Plan
		done   []plan.Outcome
	}
	synced, second := updating(v1alpha1.ReasonSynced), time.Second
	for name, row := range map[string]struct {
		attempts []attempt // Each takes a second.
		want     []time.Duration
	}{
		"first attempt succeeds": {[]attempt{
			{before: true, todo: synced, done: succeeded},
		}, []time.Duration{second}},
		"no change":      {[]attempt{{todo: synced, done: succeeded}}, nil},
		"no step needed": {[]attempt{{before: true, todo: resting(v1alpha1.ReasonSynced)}}, nil},
		"Juju unreachable": {[]attempt{
			{before: true, todo: synced, done: unreachable},
			{todo: synced, done: succeeded},
		}, []time.Duration{2 * second}},
		"second change while retrying": {[]attempt{
			{before: true, todo: synced, done: unreachable},
			{before: true, todo: synced, done: succeeded},
		}, []time.Duration{2 * second}},
		"change during the reconcile": {[]attempt{
			{before: true, during: true, todo: synced, done: succeeded},
			{todo: synced, done: succeeded},
		}, []time.Duration{second, 2 * second}},
		"waited for a source": {[]attempt{
			{before: true, todo: resting(v1alpha1.ReasonSourceNotFound)},
			{before: true, todo: synced, done: succeeded},
		}, []time.Duration{second}},
		"waited for a user": {[]attempt{
			{before: true, todo: resting(v1alpha1.ReasonNameTaken)},
			{todo: synced, done: succeeded},
		}, nil},
		"several reconciles": {[]attempt{
			{before: true, todo: updating(v1alpha1.ReasonRemoving), done: succeeded},
			{todo: resting(v1alpha1.ReasonSynced)},
		}, []time.Duration{2 * second}},
		"no condition at first": {[]attempt{
			{before: true, todo: plan.Plan{}},
			{todo: synced, done: succeeded},
		}, []time.Duration{2 * second}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, recorded, pass := metered()
			obj := named("db")
			own := change{ObjectKey: client.ObjectKeyFromObject(obj)}
			for _, attempt := range row.attempts {
				if attempt.before {
					r.latency.observe(own, r.Now())
				}
				began := r.Now()
				if attempt.during {
					pass(time.Millisecond)
					r.latency.observe(own, r.Now())
					pass(-time.Millisecond)
				}
				pass(time.Second)
				r.measure(obj, kindJujuSecret, began, attempt.todo, attempt.done)
			}
			for i := range recorded.applied {
				recorded.applied[i] = recorded.applied[i].Round(10 * time.Millisecond)
			}
			inSeconds := cmp.Transformer("seconds", time.Duration.Seconds)
			if diff := cmp.Diff(row.want, recorded.applied, inSeconds); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestDeletionLatencyEndsWhenSecretIsRemoved(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		last v1alpha1.Reason
		want int
	}{
		"removed":  {v1alpha1.ReasonRemoving, 1},
		"orphaned": {v1alpha1.ReasonOrphaned, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, recorded, _ := metered()
			obj := named("db", withFinalizer)
			obj.DeletionTimestamp = new(metav1.Now())
			r.latency.observe(change{ObjectKey: client.ObjectKeyFromObject(obj)}, r.Now())
			r.measure(obj, kindJujuSecret, r.Now(), updating(v1alpha1.ReasonRemoving), succeeded)
			if len(recorded.applied) > 0 {
				t.Error("the latency was recorded while the secret was still there")
			}
			obj.Finalizers = nil
			r.measure(obj, kindJujuSecret, r.Now(), resting(row.last), nil)
			if len(recorded.applied) != row.want {
				t.Errorf("recorded %d latencies, want %d", len(recorded.applied), row.want)
			}
		})
	}
}

// reconcileDrift runs the part of a reconcile that concerns drift.
func reconcileDrift(
	r *SecretReconciler, obj *v1alpha1.JujuSecret, view plan.ModelView, todo plan.Plan, done []plan.Outcome,
) {
	next, report := status.NextSecret(obj.Status, obj.Generation, todo, done, r.Now())
	r.measureDrift(obj, plan.SecretFacts{View: view}, todo, done, report.Events)
	obj.Status = next
}

func TestDriftIsCountedOnce(t *testing.T) {
	t.Parallel()
	type attempt struct {
		todo plan.Plan
		done []plan.Outcome
	}
	twice := []plan.Outcome{{Secret: &plan.UserSecret{ID: "one"}}, {Secret: &plan.UserSecret{ID: "one"}}}
	half := []plan.Outcome{
		{Secret: &plan.UserSecret{ID: "one"}}, {Problem: &plan.Problem{Reason: v1alpha1.ReasonInvalidRequest}},
	}
	refused := []plan.Outcome{{Problem: &plan.Problem{Reason: v1alpha1.ReasonPermissionDenied}}}
	updated := []plan.Outcome{{Secret: &plan.UserSecret{ID: "one"}}}
	correcting, inSteps := updating(v1alpha1.ReasonSynced), updating(v1alpha1.ReasonSynced)
	correcting.Corrects, inSteps.Corrects = true, true
	inSteps.Steps = append(inSteps.Steps, plan.Update{ID: "one"})
	correct, refuse := attempt{correcting, updated}, attempt{correcting, refused}
	reported, inSync := attempt{todo: resting(v1alpha1.ReasonDrifted)}, attempt{todo: resting(v1alpha1.ReasonSynced)}
	outage := attempt{todo: resting(v1alpha1.ReasonJujuUnreachable)}
	for name, row := range map[string]struct {
		attempts           []attempt
		drifted, corrected int
	}{
		"corrected":                                      {[]attempt{correct}, 1, 1},
		"corrected in two steps":                         {[]attempt{{inSteps, twice}}, 1, 1},
		"corrected twice":                                {[]attempt{correct, correct}, 2, 2},
		"corrected after an outage":                      {[]attempt{outage, correct}, 1, 1},
		"corrected at the second attempt":                {[]attempt{{correcting, unreachable}, correct}, 1, 1},
		"corrected after an outage at the first attempt": {[]attempt{{correcting, unreachable}, outage, correct}, 1, 1},
		"corrected after a first step":                   {[]attempt{{inSteps, half}, {inSteps, twice}}, 1, 1},
		"correction refused":                             {[]attempt{refuse, refuse, refuse}, 1, 0},
		"correction refused, then reverted by a user":    {[]attempt{refuse, inSync, correct}, 2, 1},
		"reported":                               {[]attempt{reported, reported}, 1, 0},
		"reported, before and after an outage":   {[]attempt{reported, outage, reported}, 1, 0},
		"reported, reverted, and reported again": {[]attempt{reported, inSync, reported}, 2, 0},
		"update without drift":                   {[]attempt{{updating(v1alpha1.ReasonSynced), updated}}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, recorded, _ := metered()
			obj := named("db")
			for _, attempt := range row.attempts {
				known := attempt.todo.Condition.Reason != v1alpha1.ReasonJujuUnreachable
				reconcileDrift(r, obj, plan.ModelView{Known: known}, attempt.todo, attempt.done)
			}
			if recorded.drifted != row.drifted || recorded.corrected != row.corrected {
				t.Errorf("drifted %d, corrected %d; want %d and %d",
					recorded.drifted, recorded.corrected, row.drifted, row.corrected)
			}
		})
	}
}

// After a restart the tracker is empty, and the status already reports the
// drift.
func TestDriftIsNotCountedAgainAfterRestart(t *testing.T) {
	t.Parallel()
	r, recorded, _ := metered()
	obj := named("db", isReady(metav1.ConditionFalse, v1alpha1.ReasonDrifted))
	reconcileDrift(r, obj, plan.ModelView{Known: true}, resting(v1alpha1.ReasonDrifted), nil)
	if recorded.drifted > 0 {
		t.Errorf("drift is counted %d times, want 0", recorded.drifted)
	}
}

func TestDeletionRemovesPendingLatency(t *testing.T) {
	t.Parallel()
	r, _, _ := metered()
	key := client.ObjectKeyFromObject(named("db"))
	r.Client = cached{}
	r.latency.observe(change{ObjectKey: key}, r.Now())
	r.latency.observe(change{ObjectKey: key, drift: true}, r.Now())
	if err := r.get(t.Context(), key, new(v1alpha1.JujuSecret)); !errors.Is(err, errDeleted) {
		t.Fatalf("get returned %v, want errDeleted", err)
	}
	if len(r.latency.pending) > 0 {
		t.Errorf("still pending: %v", r.latency.pending)
	}
}

// A request to reconcile is not a change.
func TestLatencyStartsWithNewGeneration(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		before, after *v1alpha1.JujuSecret
		want          bool
	}{
		"spec":    {named("db", generation(1)), named("db", generation(2)), true},
		"status":  {named("db"), named("db", has("one")), false},
		"request": {named("db"), named("db", annotated(v1alpha1.AnnotationReconcileRequestedAt, "now")), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _, _ := metered()
			passes(t, r.ownChanges(), row.before, row.after)
			if got := len(r.latency.pending) > 0; got != row.want {
				t.Errorf("a change is pending: %t, want %t", got, row.want)
			}
		})
	}
}
