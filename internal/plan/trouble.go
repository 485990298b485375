// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import "github.com/juju-secrets/operator/api/v1alpha1"

// Kind is the kind of a trouble with Juju, by who or what can end it. Package juju decides it from Juju's error codes.
type Kind int

// The kinds of trouble. The zero Kind is none of them.
const (
	// Failed: an answer that nobody foresaw.
	Failed Kind = iota + 1
	// Unreachable: no connection, or it broke: whether the request was carried out is not known.
	Unreachable
	// Busy: an upgrade or a migration is under way.
	Busy
	// NotConnected: the controller object has not been set up, or is gone.
	NotConnected
	// CredentialsRejected: the login was refused.
	CredentialsRejected
	// CertificateMismatch: the controller's certificate, or the one to check it by, is not right.
	CertificateMismatch
	// AnotherController: who answers is not the controller that is expected.
	AnotherController
	// PermissionDenied: logged in, but not allowed to do this.
	PermissionDenied
	// ModelNotFound: a login to the controller works, and it does not list the model.
	ModelNotFound
	// TooOld: the controller's Juju has no user secrets.
	TooOld
	// NameTaken: another user secret of the model has the name.
	NameTaken
	// SecretNotFound: the model has no such secret.
	SecretNotFound
	// ApplicationNotFound: the model has no such application.
	ApplicationNotFound
	// Refused: Juju calls the request invalid.
	Refused
)

// Trouble is why Juju did not give an answer, or not the one that was wanted. Message never carries a secret's value.
type Trouble struct {
	Kind    Kind
	Message string
}

// Reason is the reason that users see for a trouble of this kind.
func (k Kind) Reason() v1alpha1.Reason {
	switch k {
	case Unreachable:
		return v1alpha1.ReasonJujuUnreachable
	case Busy:
		return v1alpha1.ReasonModelBusy
	case NotConnected:
		return v1alpha1.ReasonControllerNotReady
	case CredentialsRejected:
		return v1alpha1.ReasonCredentialsRejected
	case CertificateMismatch:
		return v1alpha1.ReasonCertificateMismatch
	case AnotherController:
		return v1alpha1.ReasonControllerChanged
	case PermissionDenied:
		return v1alpha1.ReasonPermissionDenied
	case ModelNotFound:
		return v1alpha1.ReasonModelNotFound
	case TooOld:
		return v1alpha1.ReasonJujuTooOld
	case NameTaken:
		return v1alpha1.ReasonNameTaken
	case SecretNotFound:
		return v1alpha1.ReasonSecretNotFound
	case ApplicationNotFound:
		return v1alpha1.ReasonApplicationNotFound
	case Refused:
		return v1alpha1.ReasonRefused
	case Failed:
	}
	return v1alpha1.ReasonFailed
}

// Definite tells that the request is known not to have been carried out.
func (k Kind) Definite() bool {
	switch k {
	case NotConnected, CredentialsRejected, CertificateMismatch, AnotherController, PermissionDenied, ModelNotFound, TooOld, NameTaken,
		SecretNotFound, ApplicationNotFound, Refused:
		return true
	case Failed, Unreachable, Busy: // Who is busy may have begun.
	}
	return false
}

// verdict is the trouble as users see it.
func (t Trouble) verdict() Verdict { return Verdict{Reason: t.Kind.Reason(), Message: t.Message} }
