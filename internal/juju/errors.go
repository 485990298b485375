// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"

	"github.com/juju/juju/api"
	"github.com/juju/juju/rpc"
	"github.com/juju/juju/rpc/params"

	"github.com/juju-secrets/operator/internal/plan"
)

// Answer is one way in which Juju refuses a request.
type Answer struct {
	// Code is the code that comes with it.
	Code string
	// Words are a part of the message, where one code stands for several things; empty for all others.
	Words string
	// Kind is what it means here.
	Kind plan.Kind
	// Meaning says so for the documentation.
	Meaning string
}

// Answers is the table of all that Juju is known to answer, in which the first row that fits counts. It is also the
// documentation: docs/reference/reasons.md prints it.
func Answers() []Answer {
	return []Answer{
		{params.CodeSecretNotFound, "", plan.SecretNotFound, "the model has no such secret, in Juju 4"},
		{params.CodeNotFound, "", plan.SecretNotFound, "the model has no such secret, in Juju 3"},
		{params.CodeModelNotFound, "", plan.ModelNotFound, "the model is gone, which the controller's list of models has to confirm"},
		{params.CodeAlreadyExists, "secret with name", plan.NameTaken, "another user secret of the model has the name"},
		{params.CodeAlreadyExists, "", plan.Busy, "two writes met in a role binding of a Kubernetes model"},
		{params.CodeUnauthorized, "", plan.PermissionDenied, "the user may not do this; at a login: wrong user name or password"},
		{params.CodeForbidden, "", plan.PermissionDenied, "the user may not do this"},
		{params.CodeAccessRequired, "", plan.PermissionDenied, "the user may not do this"},
		{params.CodeLoginExpired, "", plan.CredentialsRejected, "the login has run out"},
		{params.CodeDischargeRequired, "", plan.CredentialsRejected, "the controller wants another way of logging in"},
		{params.CodeNoCreds, "", plan.CredentialsRejected, "the login had no credentials"},
		{params.CodeSessionTokenInvalid, "", plan.CredentialsRejected, "the login has run out"},
		{params.CodeUpgradeInProgress, "", plan.Busy, "the controller is being upgraded"},
		{params.CodeMigrationInProgress, "", plan.Busy, "the model is on its way to another controller"},
		{params.CodeRedirect, "", plan.Busy, "the model has moved to another controller"},
		{params.CodeTryAgain, "", plan.Busy, "the store is busy"},
		{params.CodeNotYetAvailable, "", plan.Busy, "the controller is starting"},
		{params.CodeDeadlineExceeded, "", plan.Busy, "the controller took too long"},
		{params.CodeOperationBlocked, "", plan.Busy, "somebody blocked changes with juju disable-command"},
		{params.CodeNotValid, "", plan.Refused, "the request is invalid"},
		{params.CodeBadRequest, "", plan.Refused, "the request is invalid"},
		{params.CodeNotSupported, "", plan.Refused, "the model's secret backend cannot do this"},
		{params.CodeMethodNotAllowed, "", plan.Refused, "the controller does not allow this"},
		{params.CodeNotImplemented, "", plan.TooOld, "the controller's Juju has no user secrets"},
	}
}

// kindOf tells the kind of a trouble from the code that Juju sent with it. The words are asked only where one code stands
// for several things.
func kindOf(err error) plan.Kind {
	code := params.ErrCode(err)
	for _, row := range Answers() {
		if code == row.Code && strings.Contains(err.Error(), row.Words) {
			return row.Kind
		}
	}
	if code == "" && broken(err) {
		return plan.Unreachable
	}
	return plan.Failed
}

// broken tells that a request got no answer.
func broken(err error) bool {
	var network *net.OpError
	for _, target := range []error{
		rpc.ErrShutdown, context.DeadlineExceeded, context.Canceled, net.ErrClosed, io.EOF, io.ErrUnexpectedEOF,
	} {
		if errors.Is(err, target) {
			return true
		}
	}
	return errors.As(err, &network)
}

// trouble is the answer to one request or one item of it.
func trouble(err error) *plan.Trouble {
	if much, ok := errors.AsType[excess](err); ok {
		return &plan.Trouble{Kind: plan.Failed, Message: much.Error()}
	}
	return &plan.Trouble{Kind: kindOf(err), Message: "Juju answered: " + err.Error()}
}

// withoutEnds takes the two ends of a connection out of a message: they differ from one attempt to the next, and would make
// each one news.
func withoutEnds(message string) string {
	return regexp.MustCompile(`\S+->\S+:? ?`).ReplaceAllString(message, "")
}

// whenRefused is what to do about credentials that were refused.
const whenRefused = "correct the credentials Secret, which is tried at once; the same credentials are tried again only after some " +
	"minutes, and then more and more rarely"

// loginTrouble is why a connection could not be opened.
func (c *controller) loginTrouble(err error) *plan.Trouble {
	var (
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		hostname    x509.HostnameError
		invalid     x509.CertificateInvalidError
		redirect    *api.RedirectError
	)
	switch code := params.ErrCode(err); {
	case errors.As(err, &redirect):
		return &plan.Trouble{Kind: plan.Busy, Message: "the model has moved to another controller: name that one"}
	case errors.As(err, &invalid):
		return &plan.Trouble{Kind: plan.CertificateMismatch, Message: "the controller's certificate, or the CA certificate, " +
			"has expired or must not be used so: compare it with what juju show-controller prints under ca-cert"}
	case c.connection.CACertificate == "" && (errors.As(err, &certificate) || errors.As(err, &authority) || errors.As(err, &hostname)):
		return &plan.Trouble{Kind: plan.CertificateMismatch, Message: "no authority that this system trusts vouches for the " +
			"controller's certificate and host name: set spec.caCertificate to what juju show-controller prints under ca-cert"}
	case errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &hostname):
		return &plan.Trouble{Kind: plan.CertificateMismatch, Message: "the controller's certificate does not match the CA certificate " +
			"(spec.caCertificate or spec.caCertificateFrom): compare it with what juju show-controller prints under ca-cert"}
	case strings.Contains(err.Error(), "cert pool creation failed"):
		return &plan.Trouble{Kind: plan.CertificateMismatch, Message: "the CA certificate is not a certificate in PEM: " +
			"paste what juju show-controller prints under ca-cert"}
	case code == params.CodeNotSupported && !c.connection.ServiceAccount:
		return &plan.Trouble{Kind: plan.CredentialsRejected, Message: "the controller takes no user name and password, as JAAS " +
			"does not: use spec.credentials.clientCredentials"}
	case (code == params.CodeNotSupported || code == params.CodeNotImplemented) && c.connection.ServiceAccount:
		return &plan.Trouble{Kind: plan.CredentialsRejected, Message: "the controller takes no client credentials, as it is no " +
			"JAAS: use spec.credentials.userPass"}
	case code == params.CodeUnauthorized && c.connection.ServiceAccount:
		return &plan.Trouble{Kind: plan.CredentialsRejected, Message: "JAAS refused the client ID or the client secret: " + whenRefused}
	case code == params.CodeUnauthorized:
		return &plan.Trouble{Kind: plan.CredentialsRejected, Message: "the controller refused the user name or password: " + whenRefused}
	case code != "":
		return trouble(err)
	}
	reason := withoutEnds(err.Error())
	var network *net.OpError
	switch {
	case errors.Is(err, api.ConnectionOpenTimedOut), errors.Is(err, api.ConnectionDialTimedOut):
		reason = fmt.Sprintf("no answer within %v", dialTimeout)
	case errors.As(err, &network):
		reason = network.Err.Error()
	}
	return &plan.Trouble{Kind: plan.Unreachable, Message: "cannot connect to the controller: " + reason}
}
