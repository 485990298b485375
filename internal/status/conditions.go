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

// Report is what follows from a status besides the status itself.
type Report struct {
	// Events to record.
	Events []Event
	// LookAgain is the time until the next look; 0 for none.
	LookAgain time.Duration
}

// Event is one Kubernetes event.
type Event struct {
	// Type is Normal or Warning.
	Type    string
	Reason  v1alpha1.Reason
	Message string
}

// conditions is the new list of conditions for a verdict, with what follows from it. The old list is not changed.
func conditions(old []metav1.Condition, generation int64, verdict plan.Verdict, handling Handling, now time.Time) ([]metav1.Condition, Report) {
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
	case handling.Ready == ReadyKept && before != nil && before.ObservedGeneration == generation,
		handling.Ready == ReadyFrozen && before != nil:
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
	if handling.LookAgain > 0 {
		report.LookAgain = time.Second
		if before != nil && before.Reason == string(verdict.Reason) {
			lasted := now.Sub(meta.FindStatusCondition(next, handling.Also).LastTransitionTime.Time)
			report.LookAgain = min(max(lasted, time.Second), handling.LookAgain)
		}
	}
	return next, report
}

// done tells of something that the operator did.
func done(reason v1alpha1.Reason, message string) Event {
	return Event{Type: corev1.EventTypeNormal, Reason: reason, Message: shortened(message)}
}

// maxMessage is the most that Kubernetes takes as the note of an event, in bytes. Conditions take more, but nobody reads
// it.
const maxMessage = 1024

func shortened(message string) string {
	const more = " ..."
	if len(message) <= maxMessage {
		return message
	}
	return strings.ToValidUTF8(message[:maxMessage-len(more)], "") + more
}
