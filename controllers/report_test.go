// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/status"
)

// isReady sets the Ready condition of a JujuSecret.
func isReady(conditionStatus metav1.ConditionStatus, reason v1alpha1.Reason) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) {
		meta.SetStatusCondition(&s.Status.Conditions, metav1.Condition{
			Type: v1alpha1.ConditionReady, Status: conditionStatus, Reason: string(reason), Message: "message",
		})
	}
}

func revision(n int) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) { s.Status.Revision = n }
}

func TestReportLogsEachChangeOnce(t *testing.T) {
	t.Parallel()
	const ready, notReady = metav1.ConditionTrue, metav1.ConditionFalse
	type line = map[string]any
	db := func(more line) line {
		all := line{"logger": "", "level": 0.0, "controller": "default", "model": "prod/app"}
		maps.Copy(all, more)
		return all
	}
	event := func(reason v1alpha1.Reason) status.Event {
		return status.Event{Type: corev1.EventTypeNormal, Reason: reason, Message: "message"}
	}
	deleted := named("db", has("one"), isReady(notReady, v1alpha1.ReasonRemoving))
	deleted.DeletionTimestamp = new(metav1.Now())
	withoutID := deleted.DeepCopy()
	withoutID.Status.SecretID = ""
	for name, row := range map[string]struct {
		before, after client.Object
		events        []status.Event
		want          []line
	}{
		"creation": {
			named("db"), named("db", has("one"), revision(1), isReady(ready, v1alpha1.ReasonSynced)),
			[]status.Event{event(v1alpha1.ReasonCreated)},
			[]line{db(line{
				"msg": logActed, "reason": "Created", "message": "message", "secretID": "one", "revision": 1.0,
			})},
		},
		"no change": {
			named("db", isReady(ready, v1alpha1.ReasonSynced)), named("db", isReady(ready, v1alpha1.ReasonSynced)),
			nil, nil,
		},
		"conflict with event": {
			named("db", isReady(ready, v1alpha1.ReasonSynced)),
			named("db", isReady(notReady, v1alpha1.ReasonNameTaken)),
			[]status.Event{event(v1alpha1.ReasonNameTaken)},
			[]line{db(line{"msg": logReady, "ready": "False", "reason": "NameTaken", "message": "message"})},
		},
		"update and conflict": {
			named("db", has("one")), named("db", has("one"), isReady(notReady, v1alpha1.ReasonNameTaken)),
			[]status.Event{event(v1alpha1.ReasonUpdated), event(v1alpha1.ReasonNameTaken)},
			[]line{
				db(line{"msg": logActed, "reason": "Updated", "message": "message", "secretID": "one"}),
				db(line{
					"msg": logReady, "ready": "False", "reason": "NameTaken", "message": "message", "secretID": "one",
				}),
			},
		},
		"recovered without event": {
			named("db", isReady(notReady, v1alpha1.ReasonModelUnavailable)),
			named("db", isReady(ready, v1alpha1.ReasonSynced)), nil,
			[]line{db(line{"msg": logReady, "ready": "True", "reason": "Synced", "message": "message"})},
		},
		"deletion": {
			deleted, withoutID,
			[]status.Event{event(v1alpha1.ReasonRemoved), event(v1alpha1.ReasonOrphaned)},
			[]line{
				db(line{"msg": logActed, "reason": "Removed", "message": "message", "secretID": "one"}),
				db(line{"msg": logActed, "reason": "Orphaned", "message": "message", "secretID": "one"}),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var lines []line
			log := funcr.NewJSON(func(text string) {
				var one line
				if err := json.Unmarshal([]byte(text), &one); err != nil {
					t.Error(err)
				}
				lines = append(lines, one)
			}, funcr.Options{})
			logReport(log, row.before, row.after, row.events)
			if diff := cmp.Diff(row.want, lines); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
