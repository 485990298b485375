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

// kindOf tells the kind of a trouble from the code that Juju sent with it. The words are asked only where Juju sends no
// code, or the same code for two things.
func kindOf(err error) plan.Kind {
	switch params.ErrCode(err) {
	case params.CodeNotFound, params.CodeSecretNotFound:
		return plan.SecretNotFound
	case params.CodeModelNotFound:
		return plan.ModelNotFound
	case params.CodeAlreadyExists:
		// On Kubernetes models, concurrent writes meet in role bindings with the same code.
		if strings.Contains(err.Error(), "secret with name") {
			return plan.NameTaken
		}
		return plan.Busy
	case params.CodeUnauthorized, params.CodeForbidden, params.CodeAccessRequired:
		return plan.PermissionDenied
	case params.CodeLoginExpired, params.CodeDischargeRequired, params.CodeNoCreds, params.CodeSessionTokenInvalid:
		return plan.CredentialsRejected
	case params.CodeUpgradeInProgress, params.CodeMigrationInProgress, params.CodeTryAgain, params.CodeRedirect,
		params.CodeNotYetAvailable, params.CodeDeadlineExceeded, params.CodeOperationBlocked:
		return plan.Busy
	case params.CodeNotValid, params.CodeBadRequest, params.CodeNotSupported, params.CodeMethodNotAllowed:
		return plan.Refused
	case params.CodeNotImplemented:
		return plan.TooOld
	case "":
		if broken(err) {
			return plan.Unreachable
		}
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
	return &plan.Trouble{Kind: kindOf(err), Message: "Juju answered: " + err.Error()}
}

// withoutEnds takes the two ends of a connection out of a message: they differ from one attempt to the next, and would make
// each one news.
func withoutEnds(message string) string {
	return regexp.MustCompile(`\S+->\S+:? ?`).ReplaceAllString(message, "")
}

// loginTrouble is why a connection could not be opened.
func loginTrouble(err error) *plan.Trouble {
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
		return &plan.Trouble{Kind: plan.CertificateMismatch, Message: "the controller's certificate, or spec.caCertificate, " +
			"has expired or must not be used so: compare it with what juju show-controller prints under ca-cert"}
	case errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &hostname):
		return &plan.Trouble{Kind: plan.CertificateMismatch, Message: "the controller's certificate does not match " +
			"spec.caCertificate: compare it with what juju show-controller prints under ca-cert"}
	case strings.Contains(err.Error(), "cert pool creation failed"):
		return &plan.Trouble{Kind: plan.CertificateMismatch, Message: "spec.caCertificate is not a certificate in PEM: " +
			"paste what juju show-controller prints under ca-cert"}
	case code == params.CodeUnauthorized:
		return &plan.Trouble{Kind: plan.CredentialsRejected, Message: "the controller refused the user name or password: " +
			"correct the credentials Secret"}
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
