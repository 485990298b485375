// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"

	"github.com/juju/juju/api"
	"github.com/juju/juju/rpc"
	"github.com/juju/juju/rpc/params"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// ErrorRow is one error of Juju.
type ErrorRow struct {
	// Code is Juju's error code.
	Code string
	// Words is a part of the message if the code has several meanings,
	// otherwise empty.
	Words string
	// Reason is the reason that the operator reports.
	Reason v1alpha1.Reason
	// Meaning is the explanation for the documentation.
	Meaning string
}

// ErrorTable returns the known errors of Juju. The first row that matches
// counts. The table is in docs/reference/reasons.md.
func ErrorTable() []ErrorRow {
	return []ErrorRow{
		{params.CodeSecretNotFound, "", v1alpha1.ReasonSecretNotFound, "the model has no such secret, in Juju 4"},
		{params.CodeNotFound, "", v1alpha1.ReasonSecretNotFound, "the model has no such secret, in Juju 3"},
		{
			params.CodeModelNotFound, "", v1alpha1.ReasonModelNotFound,
			"the model is gone, if the controller does not list it",
		},
		{
			params.CodeAlreadyExists, "secret with name", v1alpha1.ReasonNameTaken,
			"another user secret of the model has the name",
		},
		{
			params.CodeAlreadyExists, "", v1alpha1.ReasonModelUnavailable,
			"two writes conflicted in a role binding of a Kubernetes model",
		},
		{
			params.CodeUnauthorized, "", v1alpha1.ReasonPermissionDenied,
			"the user may not do this; at a login: wrong user name or password",
		},
		{params.CodeForbidden, "", v1alpha1.ReasonPermissionDenied, "the user may not do this"},
		{params.CodeAccessRequired, "", v1alpha1.ReasonPermissionDenied, "the user may not do this"},
		{params.CodeLoginExpired, "", v1alpha1.ReasonCredentialsRejected, "the login has expired"},
		{
			params.CodeDischargeRequired, "", v1alpha1.ReasonCredentialsRejected,
			"the controller requires another login method",
		},
		{params.CodeNoCreds, "", v1alpha1.ReasonCredentialsRejected, "the login had no credentials"},
		{params.CodeSessionTokenInvalid, "", v1alpha1.ReasonCredentialsRejected, "the login has expired"},
		{params.CodeUpgradeInProgress, "", v1alpha1.ReasonModelUnavailable, "the controller is being upgraded"},
		{
			params.CodeMigrationInProgress, "", v1alpha1.ReasonModelUnavailable,
			"the model is being migrated to another controller",
		},
		{params.CodeRedirect, "", v1alpha1.ReasonModelMigrated, "the model was migrated to another controller"},
		{params.CodeTryAgain, "", v1alpha1.ReasonModelUnavailable, "the store is busy"},
		{params.CodeNotYetAvailable, "", v1alpha1.ReasonModelUnavailable, "the controller is starting"},
		{params.CodeDeadlineExceeded, "", v1alpha1.ReasonModelUnavailable, "the controller took too long"},
		{
			params.CodeOperationBlocked, "", v1alpha1.ReasonModelUnavailable,
			"changes are blocked with juju disable-command",
		},
		{params.CodeNotValid, "", v1alpha1.ReasonInvalidRequest, "the request is invalid"},
		{params.CodeBadRequest, "", v1alpha1.ReasonInvalidRequest, "the request is invalid"},
		{params.CodeNotSupported, "", v1alpha1.ReasonInvalidRequest, "the model's secret backend cannot do this"},
		{params.CodeMethodNotAllowed, "", v1alpha1.ReasonInvalidRequest, "the controller does not allow this"},
		{
			params.CodeNotImplemented, "", v1alpha1.ReasonUnsupportedJujuVersion,
			"the controller's Juju version has no user secrets",
		},
	}
}

// ReasonFor returns the reason for an error of Juju by its code, and by the
// words of the message if the code has several meanings.
func ReasonFor(err error) v1alpha1.Reason {
	code := params.ErrCode(err)
	for _, row := range ErrorTable() {
		if code == row.Code && strings.Contains(err.Error(), row.Words) {
			return row.Reason
		}
	}
	if code == "" && broken(err) {
		return v1alpha1.ReasonJujuUnreachable
	}
	return v1alpha1.ReasonFailed
}

// broken reports whether a request failed without an answer.
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

// ProblemOf returns the problem for the error of a request or of one of its
// items.
func ProblemOf(err error) *plan.Problem {
	if much, ok := errors.AsType[LimitError](err); ok {
		return &plan.Problem{Reason: v1alpha1.ReasonFailed, Message: much.Error()}
	}
	return &plan.Problem{Reason: ReasonFor(err), Message: "Juju answered: " + err.Error()}
}

// AccessProblem returns the problem of a Juju user without the access to a model
// that a request needs. It names the user, the access and the model, and the
// command that grants the access.
func AccessProblem(refused *plan.Problem, user, access, model string) *plan.Problem {
	return &plan.Problem{Reason: refused.Reason, Message: fmt.Sprintf(
		"the Juju user %q needs %s access to model %q: run juju grant %s %s %s (%s)",
		user, access, model, user, access, model, refused.Message)}
}

// UserOf returns the Juju user of a connection. A controller can leave the user
// out of its answer to a login. The user is then the one of the credentials.
func (e *Endpoint) UserOf(conn api.Connection) string {
	if tag := conn.AuthTag(); tag != nil {
		return tag.Id()
	}
	return e.Connection.Username
}

// ends matches the two addresses of a connection in a message.
var ends = regexp.MustCompile(`\S+->\S+:? ?`)

// withoutEnds removes the two addresses of a connection from a message. They
// differ between attempts, and would change the status each time.
func withoutEnds(message string) string { return ends.ReplaceAllString(message, "") }

const (
	// ifRefused is the cure for refused credentials.
	ifRefused = "correct the credentials Secret; new credentials are tried immediately, the same credentials " +
		"are retried with growing pauses"
	// caCertOutput is where to find the CA certificate.
	caCertOutput = "ca-cert in the output of juju show-controller"
)

// LoginProblem returns the problem of a connection that could not be opened.
func (e *Endpoint) LoginProblem(err error) *plan.Problem {
	if moved, ok := errors.AsType[*api.RedirectError](err); ok {
		return migrated(moved)
	}
	if message := e.certificateMismatch(err); message != "" {
		return &plan.Problem{Reason: v1alpha1.ReasonCertificateMismatch, Message: message}
	}
	code := params.ErrCode(err)
	if message := e.credentialsRejected(code); message != "" {
		return &plan.Problem{Reason: v1alpha1.ReasonCredentialsRejected, Message: message}
	}
	if code != "" {
		return ProblemOf(err)
	}
	reason := withoutEnds(err.Error())
	var network *net.OpError
	switch {
	case errors.Is(err, api.ConnectionOpenTimedOut), errors.Is(err, api.ConnectionDialTimedOut):
		reason = fmt.Sprintf("no answer within %v", DialTimeout)
	case errors.As(err, &network):
		reason = network.Err.Error()
	}
	return &plan.Problem{
		Reason: v1alpha1.ReasonJujuUnreachable, Message: "cannot connect to the controller: " + reason,
	}
}

// maxListed bounds the addresses in a message.
const maxListed = 3

// migrated returns the problem with a model that is at another controller.
func migrated(to *api.RedirectError) *plan.Problem {
	controller := ""
	if to.ControllerAlias != "" {
		controller += fmt.Sprintf(" %q", to.ControllerAlias)
	}
	if uuid := to.ControllerTag.Id(); uuid != "" {
		controller += fmt.Sprintf(" (%s)", uuid)
	}
	var addresses []string
	for _, servers := range to.Servers {
		for _, server := range servers {
			addresses = append(addresses, net.JoinHostPort(server.Host(), strconv.Itoa(server.Port())))
		}
	}
	if more := len(addresses) - maxListed; more > 0 {
		addresses = append(addresses[:maxListed], fmt.Sprintf("and %d more", more))
	}
	return &plan.Problem{Reason: v1alpha1.ReasonModelMigrated, MigratedTo: to.ControllerTag.Id(), Message: fmt.Sprintf(
		"set controllerRef to a controller object for the Juju controller that the model was migrated to:%s at %s",
		controller, strings.Join(addresses, ", "))}
}

// refusedByModel are the words of Juju 3.3 to 4 for a login to an existing model
// without access. A wrong password has the same code and other words.
const refusedByModel = "permission denied"

// ModelLoginProblem returns the problem of a connection to a model that could
// not be opened.
func (e *Endpoint) ModelLoginProblem(err error) *plan.Problem {
	switch code := params.ErrCode(err); {
	case code == params.CodeUnauthorized && strings.Contains(err.Error(), refusedByModel):
		return ProblemOf(err)
	case code == params.CodeModelNotFound:
		problem := ProblemOf(err)
		problem.Gone = true
		return problem
	}
	return e.LoginProblem(err)
}

// certificateMismatch returns the message for an error of a certificate, empty
// for any other error.
func (e *Endpoint) certificateMismatch(err error) string {
	var (
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		hostname    x509.HostnameError
		invalid     x509.CertificateInvalidError
	)
	unverified := errors.As(err, &certificate) || errors.As(err, &authority) || errors.As(err, &hostname)
	switch {
	case errors.As(err, &invalid):
		return "the controller's certificate or the CA certificate has expired or is not valid for this use: " +
			"compare it with " + caCertOutput
	case unverified && e.Connection.CACertificate == "":
		return "the controller's certificate is signed by an unknown authority, or is not valid for its host name: " +
			"set spec.caCertificate to " + caCertOutput
	case unverified:
		return "the controller's certificate does not match the CA certificate (spec.caCertificate or " +
			"spec.caCertificateFrom): compare it with " + caCertOutput
	case strings.Contains(err.Error(), "cert pool creation failed"):
		return "the CA certificate is not a PEM certificate: set it to " + caCertOutput
	}
	return ""
}

// credentialsRejected returns the message for an error code of a refused login,
// empty for any other code.
func (e *Endpoint) credentialsRejected(code string) string {
	clientCredentials := e.Connection.Auth == content.ClientCredentials
	switch {
	case code == params.CodeNotSupported && e.Connection.Auth == content.UserPass:
		return "the controller accepts no user name and password, like JAAS: use spec.credentials.clientCredentials"
	case (code == params.CodeNotSupported || code == params.CodeNotImplemented) && clientCredentials:
		return "the controller is not JAAS and accepts no client credentials: use spec.credentials.userPass"
	case code == params.CodeUnauthorized && clientCredentials:
		return "JAAS refused the client ID or the client secret: " + ifRefused
	case code == params.CodeUnauthorized:
		return "the controller refused the user name or password: " + ifRefused
	}
	return ""
}
