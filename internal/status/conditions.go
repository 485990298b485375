// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// Report holds the events and the requeue that belong to a status.
type Report struct {
	// Events are the events to log and to record.
	Events []Event
	// LookAgain is the time until the requeue, 0 for none.
	LookAgain time.Duration
}

// Event is one Kubernetes event, and one log line.
type Event struct {
	// Type is Normal or Warning. It is empty for a change that is only logged.
	Type    string
	Reason  v1alpha1.Reason
	Message string
}

// conditions returns the new conditions for a verdict, and its report. It does
// not change the old conditions.
func conditions(
	old []metav1.Condition, generation int64, verdict plan.Condition, handling Handling, now time.Time,
) ([]metav1.Condition, Report) {
	next := slices.Clone(old)
	set := func(kind string, status metav1.ConditionStatus) {
		meta.SetStatusCondition(&next, metav1.Condition{
			Type: kind, Status: status, ObservedGeneration: generation, LastTransitionTime: metav1.NewTime(now),
			Reason: string(verdict.Reason), Message: shortened(verdict.Message),
		})
	}
	before := meta.FindStatusCondition(old, v1alpha1.ConditionReady)
	ready := metav1.ConditionFalse
	switch {
	case handling.Ready == ReadyTrue:
		ready = metav1.ConditionTrue
	case handling.Ready == ReadyKept && before != nil && before.ObservedGeneration == generation:
		ready = before.Status
	}
	set(v1alpha1.ConditionReady, ready)
	for _, kind := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
		if kind == handling.Also {
			set(kind, metav1.ConditionTrue)
		} else {
			meta.RemoveStatusCondition(&next, kind)
		}
	}
	var report Report
	if handling.Event != "" && (before == nil || before.Reason != string(verdict.Reason)) {
		report.Events = []Event{{Type: handling.Event, Reason: verdict.Reason, Message: shortened(verdict.Message)}}
	}
	report.LookAgain = handling.LookAgain
	switch {
	case handling.LookAgain == 0:
	case before == nil || before.Reason != string(verdict.Reason):
		report.LookAgain = time.Second
	default:
		lasted := now.Sub(meta.FindStatusCondition(next, handling.Also).LastTransitionTime.Time)
		if !handling.Woken || lasted < newFor {
			report.LookAgain = min(max(lasted, time.Second), handling.LookAgain)
		}
	}
	return next, report
}

// handlingFor returns the handling of the verdict of a plan. Ready is kept only
// if Juju held before what the object asks for now: not if the content or the
// secret is another one, and not if a step did not succeed.
func handlingFor(verdict plan.Condition, p plan.Plan) Handling {
	handling := HandlingOf(verdict.Reason)
	if handling.Ready == ReadyKept && (p.Unapplied || len(p.Steps) > 0) {
		handling.Ready = ReadyFalse
	}
	return handling
}

// lookAgain returns the time until the next look at an object with these
// conditions: as its reason says, and at most plan.MaxResync while it is not in
// sync.
func lookAgain(conditions []metav1.Condition, after time.Duration) time.Duration {
	inSync := meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReady) &&
		!meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReconciling)
	if after > 0 || inSync {
		return after
	}
	return plan.MaxResync
}

// Awaits returns the maximum age of what is known of a model for a look at an
// object with these conditions: a bit less than the pause before the look. So
// every look lists the model, and the looks of many objects share a listing. It
// returns 0 if the object does not wait for another client of Juju.
func Awaits(conditions []metav1.Condition, now time.Time) time.Duration {
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return 0
	}
	handling := HandlingOf(v1alpha1.Reason(ready.Reason))
	since := meta.FindStatusCondition(conditions, handling.Also)
	if !handling.InJuju || since == nil {
		return 0
	}
	// An object is requeued after as long as the problem has lasted.
	pause := min(now.Sub(since.LastTransitionTime.Time)/2, handling.LookAgain)
	return max(pause-pause/10, 1)
}

// newFor is how long a reason counts as new. Condition times have a resolution
// of a second.
const newFor = 2 * time.Second

// done returns the event for a successful step.
func done(reason v1alpha1.Reason, message string) Event {
	return Event{Type: corev1.EventTypeNormal, Reason: reason, Message: shortened(message)}
}

// onlyLoggedIf returns the event without a type if the condition holds.
func onlyLoggedIf(condition bool, event Event) Event {
	if condition {
		event.Type = ""
	}
	return event
}

// maxMessage bounds messages in bytes. It is Kubernetes' limit for the note of
// an event. Conditions allow more, but longer messages are not readable.
const maxMessage = 1024

// shortened returns a message that is truncated to maxMessage.
func shortened(message string) string {
	const more = " ..."
	if len(message) <= maxMessage {
		return message
	}
	return strings.ToValidUTF8(message[:maxMessage-len(more)], "") + more
}
