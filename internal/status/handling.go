// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// Ready is what a reason makes of the Ready condition.
type Ready int

// What a reason makes of the Ready condition.
const (
	// ReadyTrue: everything is as it should be.
	ReadyTrue Ready = iota + 1
	// ReadyFalse: it is not.
	ReadyFalse
	// ReadyKept: nobody can tell now, so Ready stays True if the spec's present generation was in sync.
	ReadyKept
	// ReadyFrozen: nobody looks, so Ready stays what it was, whatever the spec says since.
	ReadyFrozen
)

// Handling is all that follows from a reason.
type Handling struct {
	// Ready is what becomes of the Ready condition.
	Ready Ready
	// Also is the condition that is True beside it: Reconciling, Stalled, or none.
	Also string
	// Event is the type of the event that tells of the reason when it first appears; empty for none.
	Event string
	// LookAgain is the longest time until the next look, where nothing can wake the object. A new reason is looked at again
	// after a second, then after as long as the object has not been well. 0: something wakes it.
	LookAgain time.Duration
}

// Known tells whether a reason is in the table, as the reason in a status is unless a person wrote it there.
func Known(reason v1alpha1.Reason) bool {
	return reason == v1alpha1.ReasonFailed || HandlingOf(reason) != HandlingOf(v1alpha1.ReasonFailed)
}

// HandlingOf is the table of reasons: who can end a trouble decides how it is shown and when it is looked at again.
// The reasons themselves are explained in api/v1alpha1/reasons.go.
func HandlingOf(reason v1alpha1.Reason) Handling {
	const (
		reconciling = v1alpha1.ConditionReconciling
		stalled     = v1alpha1.ConditionStalled
		normal      = corev1.EventTypeNormal
		warning     = corev1.EventTypeWarning
	)
	switch reason {
	case v1alpha1.ReasonSynced, v1alpha1.ReasonConnected,
		v1alpha1.ReasonCreated, v1alpha1.ReasonAdopted, v1alpha1.ReasonUpdated, v1alpha1.ReasonCorrected, v1alpha1.ReasonRemoved, v1alpha1.ReasonLetGo, v1alpha1.ReasonModelReplaced,
		v1alpha1.ReasonGranted, v1alpha1.ReasonRevoked:
		return Handling{Ready: ReadyTrue}

	case v1alpha1.ReasonSourceNotFound, v1alpha1.ReasonControllerNotReady, v1alpha1.ReasonJujuSecretNotReady:
		return Handling{Ready: ReadyFalse, Also: reconciling, Event: normal}
	case v1alpha1.ReasonRemoving:
		return Handling{Ready: ReadyFalse, Also: reconciling}
	case v1alpha1.ReasonInUse:
		return Handling{Ready: ReadyFalse, Also: reconciling, Event: warning, LookAgain: time.Minute}
	case v1alpha1.ReasonSuspended:
		return Handling{Ready: ReadyFrozen, Event: normal}
	case v1alpha1.ReasonApplicationNotFound: // All of them are looked for together, so this is for what that misses.
		return Handling{Ready: ReadyFalse, Also: reconciling, Event: normal, LookAgain: 5 * time.Minute}
	case v1alpha1.ReasonSecretNotFound, v1alpha1.ReasonHandingOver:
		return Handling{Ready: ReadyFalse, Also: reconciling, Event: normal, LookAgain: 30 * time.Second}

	case v1alpha1.ReasonJujuUnreachable:
		return Handling{Ready: ReadyKept, Also: reconciling, Event: warning}
	case v1alpha1.ReasonModelBusy:
		return Handling{Ready: ReadyKept, Also: reconciling, Event: warning, LookAgain: 30 * time.Second}
	case v1alpha1.ReasonFailed:
		return Handling{Ready: ReadyFalse, Also: reconciling, Event: warning, LookAgain: 5 * time.Minute}

	case v1alpha1.ReasonContentInvalid, v1alpha1.ReasonTenantDenied, v1alpha1.ReasonCredentialsRejected,
		v1alpha1.ReasonCertificateMismatch, v1alpha1.ReasonControllerChanged, v1alpha1.ReasonRefused, v1alpha1.ReasonJujuTooOld, v1alpha1.ReasonDrifted,
		v1alpha1.ReasonCharmOwned:
		return Handling{Ready: ReadyFalse, Also: stalled, Event: warning}
	case v1alpha1.ReasonNameTaken, v1alpha1.ReasonConflict, v1alpha1.ReasonModelNotFound, v1alpha1.ReasonPermissionDenied:
		return Handling{Ready: ReadyFalse, Also: stalled, Event: warning, LookAgain: time.Minute}
	}
	return HandlingOf(v1alpha1.ReasonFailed)
}
