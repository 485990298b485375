// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// Ready is the effect of a reason on the Ready condition.
type Ready int

// The effects of a reason on the Ready condition.
const (
	// ReadyTrue sets Ready to True.
	ReadyTrue Ready = iota + 1
	// ReadyFalse sets Ready to False.
	ReadyFalse
	// ReadyKept is for an unknown state. Ready stays True if the current
	// generation was in sync and its content did not change since.
	ReadyKept
)

// Handling holds the effects of a reason.
type Handling struct {
	// Ready is the effect on the Ready condition.
	Ready Ready
	// Also is the other condition that is True: Reconciling, Stalled, or none.
	Also string
	// Event is the type of the event for a new reason, empty for no event.
	Event string
	// LookAgain is the longest time until the object is requeued, for reasons
	// without an event that wakes it. The first requeue is after a second.
	// Later requeues are after as long as the problem has lasted. 0 means no
	// requeue of its own: lookAgain then decides.
	LookAgain time.Duration
	// InProgress is true when the operator completes a change without further
	// action. With any other reason the change is complete, or waits for a user or
	// for another object.
	InProgress bool
	// Woken is true when an event wakes this object. The early requeue
	// then only finds changes from before the status was written. After that,
	// the object is requeued every LookAgain.
	Woken bool
	// InJuju is true when another client can resolve the problem in Juju. A
	// requeue then lists the model, unless it was just listed.
	InJuju bool
}

// Known reports whether a reason is in the table. Other reasons in a status
// were not written by the operator.
func Known(reason v1alpha1.Reason) bool {
	return reason == v1alpha1.ReasonFailed || HandlingOf(reason) != HandlingOf(v1alpha1.ReasonFailed)
}

// HandlingOf returns the handling of a reason. It is the table of all reasons.
// Conditions and requeues depend on what can resolve the problem: the operator,
// another object, or the user. api/v1alpha1/reasons.go explains the reasons.
func HandlingOf(reason v1alpha1.Reason) Handling {
	const (
		reconciling = v1alpha1.ConditionReconciling
		stalled     = v1alpha1.ConditionStalled
		normal      = corev1.EventTypeNormal
		warning     = corev1.EventTypeWarning
	)
	switch reason {
	case v1alpha1.ReasonSynced, v1alpha1.ReasonConnected,
		v1alpha1.ReasonCreated, v1alpha1.ReasonAdopted, v1alpha1.ReasonUpdated, v1alpha1.ReasonCorrected,
		v1alpha1.ReasonRemoved, v1alpha1.ReasonOrphaned, v1alpha1.ReasonModelReplaced,
		v1alpha1.ReasonGranted, v1alpha1.ReasonRevoked, v1alpha1.ReasonConfigured, v1alpha1.ReasonFaultyJujuVersion:
		return Handling{Ready: ReadyTrue}

	case v1alpha1.ReasonSourceNotFound, v1alpha1.ReasonControllerNotReady, v1alpha1.ReasonJujuSecretNotReady:
		return Handling{Ready: ReadyFalse, Also: reconciling, Event: normal}
	case v1alpha1.ReasonRemoving: // A listing wakes it, unless its status names another model at that moment.
		return Handling{Ready: ReadyFalse, Also: reconciling, InProgress: true, LookAgain: 30 * time.Second}
	case v1alpha1.ReasonInUse:
		return Handling{Ready: ReadyFalse, Also: reconciling, Event: warning, LookAgain: time.Minute}
	case v1alpha1.ReasonSuspended:
		return Handling{Ready: ReadyFalse, Event: normal}
	case v1alpha1.ReasonApplicationNotFound: // One look for the applications of all objects wakes this one.
		return Handling{Ready: ReadyFalse, Also: reconciling, Event: normal, LookAgain: 5 * time.Minute, Woken: true}
	case v1alpha1.ReasonSecretNotFound:
		return Handling{Ready: ReadyFalse, Also: reconciling, Event: normal, LookAgain: 30 * time.Second, InJuju: true}
	case v1alpha1.ReasonTransferringGrants:
		return Handling{
			Ready: ReadyFalse, Also: reconciling, Event: normal, LookAgain: 30 * time.Second, InProgress: true, InJuju: true,
		}

	case v1alpha1.ReasonJujuUnreachable:
		return Handling{Ready: ReadyKept, Also: reconciling, Event: warning, InProgress: true}
	case v1alpha1.ReasonModelUnavailable:
		return Handling{Ready: ReadyKept, Also: reconciling, Event: warning, LookAgain: 30 * time.Second, InProgress: true}
	case v1alpha1.ReasonFailed:
		return Handling{Ready: ReadyFalse, Also: reconciling, Event: warning, LookAgain: 5 * time.Minute, InProgress: true}

	case v1alpha1.ReasonInvalidContent, v1alpha1.ReasonCredentialsRejected,
		v1alpha1.ReasonCertificateMismatch, v1alpha1.ReasonControllerChanged, v1alpha1.ReasonInvalidRequest,
		v1alpha1.ReasonUnsupportedJujuVersion, v1alpha1.ReasonDrifted, v1alpha1.ReasonCharmOwned,
		v1alpha1.ReasonControllerDeleting, v1alpha1.ReasonSecretIDNotFound, v1alpha1.ReasonModelMigrated,
		v1alpha1.ReasonConfigOptionInvalid:
		return Handling{Ready: ReadyFalse, Also: stalled, Event: warning}
	case v1alpha1.ReasonConflict, v1alpha1.ReasonConfigOptionInUse,
		v1alpha1.ReasonModelNotFound, v1alpha1.ReasonTenantDenied: // The list of models wakes these two.
		return Handling{Ready: ReadyFalse, Also: stalled, Event: warning, LookAgain: 5 * time.Minute, Woken: true}
	case v1alpha1.ReasonNameTaken:
		return Handling{Ready: ReadyFalse, Also: stalled, Event: warning, LookAgain: time.Minute, InJuju: true}
	case v1alpha1.ReasonPermissionDenied:
		return Handling{Ready: ReadyFalse, Also: stalled, Event: warning, LookAgain: time.Minute}
	}
	return HandlingOf(v1alpha1.ReasonFailed)
}
