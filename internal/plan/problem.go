// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"slices"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// Problem is why Juju gave no answer, or not the expected one. Package juju
// derives the reason from Juju's error codes.
type Problem struct {
	// Reason is one of JujuReasons.
	Reason v1alpha1.Reason
	// Message never contains a secret's value.
	Message string
	// Gone is true when Juju answered that the model does not exist. A list of
	// models does not prove this, because Juju lists only models that the user
	// has access to.
	Gone bool
	// MigratedTo is the UUID of the Juju controller that a model was migrated
	// to. It is empty if that is not known.
	MigratedTo string
}

// JujuReasons returns the reasons that a Problem can have.
func JujuReasons() []v1alpha1.Reason {
	return append(
		definiteReasons(), v1alpha1.ReasonFailed, v1alpha1.ReasonJujuUnreachable, v1alpha1.ReasonModelUnavailable,
	)
}

// definiteReasons returns the reasons of requests that Juju did not carry out.
// With any other reason the request may have been carried out: a controller
// that is busy may have begun.
func definiteReasons() []v1alpha1.Reason {
	return []v1alpha1.Reason{
		v1alpha1.ReasonControllerNotReady, v1alpha1.ReasonCredentialsRejected, v1alpha1.ReasonCertificateMismatch,
		v1alpha1.ReasonControllerChanged, v1alpha1.ReasonPermissionDenied, v1alpha1.ReasonModelNotFound,
		v1alpha1.ReasonModelMigrated,
		v1alpha1.ReasonUnsupportedJujuVersion, v1alpha1.ReasonNameTaken, v1alpha1.ReasonSecretNotFound,
		v1alpha1.ReasonApplicationNotFound, v1alpha1.ReasonInvalidRequest,
	}
}

// Definite reports whether the request is known not to have been carried out.
func (p Problem) Definite() bool { return slices.Contains(definiteReasons(), p.Reason) }

// condition returns the problem as users see it. A reason that Juju's answers
// cannot have becomes Failed.
func (p Problem) condition() Condition {
	if !slices.Contains(JujuReasons(), p.Reason) {
		p.Reason = v1alpha1.ReasonFailed
	}
	return Condition{Reason: p.Reason, Message: p.Message}
}
