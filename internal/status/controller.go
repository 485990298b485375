// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// maxModels bounds the models in a status, so that the object stays small.
const maxModels = 200

// maxCertificate bounds the certificates in a status, in bytes. It equals the
// limit of the spec.
const maxCertificate = 1 << 16

// NextController returns the new status of a controller object from its plan,
// the health of the connection and the models in use. Unknown facts, for
// example after a start, stay as they were.
func NextController(
	old v1alpha1.JujuControllerStatus, spec *v1alpha1.JujuControllerSpec, generation int64, done plan.ControllerPlan,
	health plan.Health, uses []plan.ModelUse, now time.Time,
) (v1alpha1.JujuControllerStatus, Report) {
	next := old
	next.ObservedGeneration = generation
	models := modelStatuses(old.Models, health.Models, uses)
	verdict := plan.ForHealth(done.Condition, health, models)
	var report Report
	handling := HandlingOf(verdict.Reason)
	if handling.Ready == ReadyKept {
		handling.Ready = ReadyFalse // An outage does not affect secrets, but this object reports it.
	}
	next.Conditions, report = conditions(old.Conditions, generation, verdict, handling, now)
	if health.Pending {
		report.LookAgain = time.Second // The end of the login is not notified.
	}
	if health.ControllerUUID != "" {
		next.ControllerUUID, next.Version, next.User = health.ControllerUUID, health.Version, health.User
		next.CACertificate = done.CACertificate
	}
	if spec.CACertificateFrom == nil || len(next.CACertificate) > maxCertificate {
		next.CACertificate = ""
	}
	var fault []Event
	next.Conditions, fault = knownFaults(next.Conditions, next.Version, generation, now)
	report.Events = append(report.Events, fault...)
	if health.SecretsFacade != 0 {
		next.SecretsFacadeVersion = int32(health.SecretsFacade) //nolint:gosec // Facade versions are small.
	}
	reachable := old.ReachableAddresses
	if health.Reachable != nil {
		reachable = health.Reachable
	}
	next.ReachableAddresses = nil
	for _, address := range spec.Addresses {
		if slices.Contains(reachable, address) {
			next.ReachableAddresses = append(next.ReachableAddresses, address)
		}
	}
	next.Models = models[:min(len(models), maxModels)]
	return next, report
}

// knownFaults returns the conditions of a controller object, with KnownFaults
// for a version of Juju, and an event if the faults are new.
func knownFaults(
	conditions []metav1.Condition, version string, generation int64, now time.Time,
) ([]metav1.Condition, []Event) {
	faults := plan.KnownFaults(version)
	if faults == nil {
		meta.RemoveStatusCondition(&conditions, v1alpha1.ConditionKnownFaults)
		return conditions, nil
	}
	var events []Event
	message := shortened(faults.Message)
	before := meta.FindStatusCondition(conditions, v1alpha1.ConditionKnownFaults)
	if before == nil || before.Message != message {
		events = []Event{{Type: corev1.EventTypeWarning, Reason: faults.Reason, Message: message}}
	}
	meta.SetStatusCondition(&conditions, metav1.Condition{
		Type: v1alpha1.ConditionKnownFaults, Status: metav1.ConditionTrue, ObservedGeneration: generation,
		LastTransitionTime: metav1.NewTime(now), Reason: string(faults.Reason), Message: message,
	})
	return conditions, events
}

// modelStatuses returns the status of the models in use, sorted by name.
func modelStatuses(
	old []v1alpha1.ModelStatus, health map[string]plan.ModelHealth, uses []plan.ModelUse,
) []v1alpha1.ModelStatus {
	before := map[string]v1alpha1.ModelStatus{}
	for _, model := range old {
		before[model.UUID] = model
	}
	var models []v1alpha1.ModelStatus
	for _, use := range uses {
		found, last := health[use.UUID], before[use.UUID]
		next := v1alpha1.ModelStatus{
			UUID: use.UUID, Name: cmp.Or(found.Name, use.Name, last.Name), Access: cmp.Or(found.Access, last.Access),
			Objects: int32(min(use.Objects, 1<<31-1)), //nolint:gosec // It is bounded.
		}
		if next.Access != "" {
			next.CheckedBy = cmp.Or(found.CheckedBy, last.CheckedBy, plan.CheckedByListing)
		}
		models = append(models, next)
	}
	slices.SortFunc(models, func(a, b v1alpha1.ModelStatus) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.UUID, b.UUID))
	})
	return models
}
