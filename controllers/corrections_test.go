// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

const digest = "digest"

// correct runs the part of a reconcile that concerns the corrections of a
// JujuSecret. It returns the corrections that the decision was made with.
func correct(r *SecretReconciler, obj *v1alpha1.JujuSecret, digest string, todo plan.Plan) plan.Corrections {
	before := r.corrections.of(client.ObjectKeyFromObject(obj), versionOf(obj, digest), r.Now())
	var done []plan.Outcome
	for range todo.Steps {
		done = append(done, plan.Outcome{Secret: &plan.UserSecret{ID: "one"}})
	}
	next, report := status.NextSecret(obj.Status, obj.Generation, todo, done, r.Now())
	r.noteCorrections(obj, digest, before, todo, done, report.Events)
	obj.Status = next
	return before
}

func correctingInfo() plan.Plan {
	todo := updating(v1alpha1.ReasonSynced)
	todo.Corrects, todo.Steps = true, []plan.Step{plan.Update{ID: "one", Info: new("")}}
	return todo
}

func pausing() plan.Plan {
	todo := resting(v1alpha1.ReasonDrifted)
	todo.Wait = time.Minute
	return todo
}

func TestCorrectionsInARowEndWithAChangeByAUser(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change func(r *SecretReconciler, obj *v1alpha1.JujuSecret, digest *string)
		pass   time.Duration
		want   int
	}{
		"no change":     {func(*SecretReconciler, *v1alpha1.JujuSecret, *string) {}, time.Minute, 3},
		"generation":    {func(_ *SecretReconciler, o *v1alpha1.JujuSecret, _ *string) { o.Generation++ }, 0, 0},
		"source":        {func(_ *SecretReconciler, _ *v1alpha1.JujuSecret, d *string) { *d = "other" }, 0, 0},
		"created again": {func(_ *SecretReconciler, o *v1alpha1.JujuSecret, _ *string) { o.UID = "other" }, 0, 0},
		"deleted": {func(r *SecretReconciler, o *v1alpha1.JujuSecret, _ *string) {
			r.Client = cached{}
			if err := r.get(t.Context(), client.ObjectKeyFromObject(o), new(v1alpha1.JujuSecret)); !errors.Is(err, errDeleted) {
				t.Errorf("get returned %v, want errDeleted", err)
			}
		}, 0, 0},
		"Juju did not answer": {func(r *SecretReconciler, o *v1alpha1.JujuSecret, _ *string) {
			correct(r, o, digest, resting(v1alpha1.ReasonJujuUnreachable))
		}, 0, 3},
		"restart of the operator": {
			func(r *SecretReconciler, _ *v1alpha1.JujuSecret, _ *string) { r.corrections = newCorrectionLog() }, 0, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _, pass := metered()
			obj, content := named("db"), digest
			for range 3 {
				correct(r, obj, digest, correctingInfo())
			}
			row.change(r, obj, &content)
			pass(row.pass)
			found := r.corrections.of(client.ObjectKeyFromObject(obj), versionOf(obj, content), r.Now())
			if got := found["info"]; got.InARow != row.want || row.want > 0 && got.Ago != row.pass {
				t.Errorf("the corrections are %+v, want %d in a row, the last %s ago", found, row.want, row.pass)
			}
		})
	}
}

func TestPauseIsCountedOnceInARow(t *testing.T) {
	t.Parallel()
	r, recorded, _ := metered()
	obj := named("db")
	for round := range 3 {
		correct(r, obj, digest, correctingInfo())
		for range 4 {
			correct(r, obj, digest, pausing())
		}
		if recorded.contested != round+1 {
			t.Fatalf("after %d pauses %d are counted", round+1, recorded.contested)
		}
		found := r.corrections.of(client.ObjectKeyFromObject(obj), versionOf(obj, digest), r.Now())
		if !found["info"].Waiting {
			t.Errorf("the corrections %+v do not wait", found)
		}
	}
	correct(r, obj, digest, resting(v1alpha1.ReasonSynced))
	if found := r.corrections.of(client.ObjectKeyFromObject(obj), versionOf(obj, digest), r.Now()); found["info"].Waiting {
		t.Errorf("the corrections %+v wait although there is no drift", found)
	}
}

// Another client undoes each correction within a minute, for a day.
func TestContestForADayMakesFewCorrections(t *testing.T) {
	t.Parallel()
	r, recorded, pass := metered()
	access := &AccessReconciler{r.objectBase}
	obj := &v1alpha1.JujuSecretAccess{}
	obj.Name, obj.UID = "db", "uid"
	facts := plan.AccessFacts{
		Applications: []string{"app1"}, LastGranted: []string{"app1"},
		Target: plan.Target{Model: plan.ModelRef{Controller: "default", Name: "prod/app"}, Query: plan.Query{ID: "one"}},
		Record: plan.Record{Held: true, SecretID: "one", Granted: []string{"app1"}},
		View:   plan.ModelView{Known: true, ByID: &plan.UserSecret{ID: "one"}},
	}
	made := 0
	for range 24 * 60 {
		facts.Corrections = r.corrections.of(client.ObjectKeyFromObject(obj), versionOf(obj, "one"), r.Now())
		todo := plan.ForAccess(facts)
		var done []plan.Outcome
		for range todo.Steps {
			done = append(done, plan.Outcome{})
			made++
		}
		next, report := status.NextAccess(obj.Status, obj.Generation, facts, todo, done, r.Now())
		access.noteCorrections(obj, "one", facts.Corrections, todo, done, report.Events)
		obj.Status = next
		pass(time.Minute)
	}
	// Three without a pause, five up to half an hour, and then one an hour.
	if made < 28 || made > 32 || recorded.contested != made-2 {
		t.Errorf("%d corrections and %d pauses in a day", made, recorded.contested)
	}
}
