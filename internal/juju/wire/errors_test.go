// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/juju/juju/api"
	"github.com/juju/juju/core/network"
	"github.com/juju/juju/rpc"
	"github.com/juju/juju/rpc/params"
	"github.com/juju/names/v6"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

func answer(code, message string) error { return &params.Error{Code: code, Message: message} }

func TestReasonForFollowsErrorCode(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		err  error
		want v1alpha1.Reason
	}{
		"a missing secret of Juju 4": {
			answer("secret not found", "secret not found"), v1alpha1.ReasonSecretNotFound,
		},
		"a missing secret of Juju 3": {
			answer("not found", `secret "x" not found`), v1alpha1.ReasonSecretNotFound,
		},
		"a taken name": {
			answer("already exists", `secret with name "x" already exists`), v1alpha1.ReasonNameTaken,
		},
		"a conflict in a role binding": {
			answer("already exists", `rolebindings "x" already exists`), v1alpha1.ReasonModelUnavailable,
		},
		"no permission": {
			answer("unauthorized access", "permission denied"), v1alpha1.ReasonPermissionDenied,
		},
		"an expired login": {
			answer("login expired", "login expired"), v1alpha1.ReasonCredentialsRejected,
		},
		"an unknown model": {
			answer("model not found", `unknown model: "x"`), v1alpha1.ReasonModelNotFound,
		},
		"an upgrade": {
			answer("upgrade in progress", "upgrade in progress"), v1alpha1.ReasonModelUnavailable,
		},
		"a migration": {
			answer("model migration in progress", "x"), v1alpha1.ReasonModelUnavailable,
		},
		"a migrated model": {answer("redirection required", "x"), v1alpha1.ReasonModelMigrated},
		"a busy store":     {answer("try again", "x"), v1alpha1.ReasonModelUnavailable},
		"an invalid request": {
			answer("not valid", "empty secret value not valid"), v1alpha1.ReasonInvalidRequest,
		},
		"an old facade": {answer("not implemented", "x"), v1alpha1.ReasonUnsupportedJujuVersion},
		"an error without a code": {
			answer("", "at least one attribute to update must be specified"), v1alpha1.ReasonFailed,
		},
		"an unknown code": {answer("leadership claim denied", "x"), v1alpha1.ReasonFailed},
		"a code in a wrapped error": {
			fmt.Errorf("x: %w", answer("secret not found", "x")), v1alpha1.ReasonSecretNotFound,
		},
		"a connection that was shut down":     {fmt.Errorf("x: %w", rpc.ErrShutdown), v1alpha1.ReasonJujuUnreachable},
		"a request without an answer in time": {context.DeadlineExceeded, v1alpha1.ReasonJujuUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := ReasonFor(row.err); got != row.want {
				t.Errorf("the reason of %q is %v, want %v", row.err, got, row.want)
			}
		})
	}
}

func TestGrantProblemDistinguishesApplicationAndSecret(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		err  error
		want v1alpha1.Reason
	}{
		"no application, Juju 4": {
			answer("", `cannot change access to "secret:x" for "app": application "app" not found`),
			v1alpha1.ReasonApplicationNotFound,
		},
		"no application, Juju 3": {
			answer("not found", `cannot change access to "secret:x" for "app": saas application "app" not found`),
			v1alpha1.ReasonApplicationNotFound,
		},
		"no secret, Juju 4": {
			answer("secret not found", `cannot change access to "secret:x" for "app": secret not found`),
			v1alpha1.ReasonSecretNotFound,
		},
		"no permission":       {answer("unauthorized access", "permission denied"), v1alpha1.ReasonPermissionDenied},
		"another application": {answer("", `application "other" not found`), v1alpha1.ReasonFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := GrantProblem("app", row.err).Reason; got != row.want {
				t.Errorf("the reason of %q is %v, want %v", row.err, got, row.want)
			}
		})
	}
}

func TestConfigProblemDistinguishesApplicationAndCharm(t *testing.T) {
	t.Parallel()
	const missing = v1alpha1.ReasonApplicationNotFound
	for name, row := range map[string]struct {
		err  error
		want v1alpha1.Reason
	}{
		"no application, Juju 4":      {answer("not found", `application app not found`), missing},
		"no application, Juju 3":      {answer("not found", `application "app" not found`), missing},
		"another application":         {answer("not found", `application other not found`), v1alpha1.ReasonFailed},
		"no charm":                    {answer("not found", `charm "app" not found`), v1alpha1.ReasonFailed},
		"no such option":              {answer("not valid", `unknown option "app"`), v1alpha1.ReasonInvalidRequest},
		"no permission":               {answer("unauthorized access", "permission denied"), v1alpha1.ReasonPermissionDenied},
		"an option of the wrong type": {answer("", `option "app" expected int`), v1alpha1.ReasonFailed},
		"a busy store":                {answer("try again", "try again"), v1alpha1.ReasonModelUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ConfigProblem("app", row.err)
			if got.Reason != row.want {
				t.Errorf("the reason of %q is %v, want %v", row.err, got.Reason, row.want)
			}
			if strings.Contains(got.Message, `the model has no application "app"`) != (row.want == missing) {
				t.Errorf("the message of %q is %q", row.err, got.Message)
			}
		})
	}
}

func TestAccessProblemNamesTheCommandThatGrantsTheAccess(t *testing.T) {
	t.Parallel()
	refused := ProblemOf(answer("unauthorized access", "permission denied"))
	got := AccessProblem(refused, "operator", "write", "prod/app")
	want := plan.Problem{
		Reason: v1alpha1.ReasonPermissionDenied,
		Message: `the Juju user "operator" needs write access to model "prod/app": run juju grant operator write prod/app ` +
			"(Juju answered: permission denied)",
	}
	if *got != want {
		t.Errorf("AccessProblem returned %+v, want %+v", *got, want)
	}
}

func TestModelLoginProblemDistinguishesGoneFromForbidden(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		err  error
		want v1alpha1.Reason
		gone bool
	}{
		"a removed model":   {answer("model not found", `unknown model: "x"`), v1alpha1.ReasonModelNotFound, true},
		"a model of others": {answer("unauthorized access", "permission denied"), v1alpha1.ReasonPermissionDenied, false},
		"a wrong password": {
			answer("unauthorized access", "invalid entity name or password"), v1alpha1.ReasonCredentialsRejected, false,
		},
		"a missing secret":    {answer("not found", "x"), v1alpha1.ReasonSecretNotFound, false},
		"a refused operation": {answer("forbidden", "x"), v1alpha1.ReasonPermissionDenied, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := new(Endpoint).ModelLoginProblem(row.err); got.Reason != row.want || got.Gone != row.gone {
				t.Errorf("the problem is %+v, want the reason %s, gone: %t", got, row.want, row.gone)
			}
		})
	}
}

func TestLoginProblemNamesTheControllerOfAMigratedModel(t *testing.T) {
	t.Parallel()
	servers := func(hosts ...string) []network.MachineHostPorts {
		return []network.MachineHostPorts{network.NewMachineHostPorts(17070, hosts...)}
	}
	const cure = "set controllerRef to a controller object for the Juju controller that the model was migrated to:"
	for name, row := range map[string]struct {
		to   api.RedirectError
		want string
	}{
		"all of it": {
			api.RedirectError{
				Servers: servers("10.0.0.1", "fe80::1"), ControllerAlias: "new",
				ControllerTag: names.NewControllerTag("12345678-1234-4123-8123-123456789abc"),
			},
			` "new" (12345678-1234-4123-8123-123456789abc) at 10.0.0.1:17070, [fe80::1]:17070`,
		},
		"only addresses": {api.RedirectError{Servers: servers("10.0.0.1")}, " at 10.0.0.1:17070"},
		"many addresses": {
			api.RedirectError{Servers: servers("a", "b", "c", "d", "e")}, " at a:17070, b:17070, c:17070, and 2 more",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := new(Endpoint).ModelLoginProblem(fmt.Errorf("x: %w", &row.to))
			if got.Reason != v1alpha1.ReasonModelMigrated || got.Gone || got.Message != cure+row.want {
				t.Errorf("the problem is %+v, want the message %q", got, cure+row.want)
			}
			if want := row.to.ControllerTag.Id(); got.MigratedTo != want {
				t.Errorf("the model was migrated to %q, want %q", got.MigratedTo, want)
			}
		})
	}
}

func TestLoginProblemNamesReasonAndCure(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{
		Op: "dial", Net: "tcp", Source: &net.TCPAddr{Port: 54321}, Addr: &net.TCPAddr{Port: 17070},
		Err: errors.New("connect: connection refused"),
	}
	for name, row := range map[string]struct {
		err        error
		want       v1alpha1.Reason
		message    string
		connection *content.Connection
	}{
		"a wrong password": {
			err:     answer("unauthorized access", "invalid entity name or password"),
			want:    v1alpha1.ReasonCredentialsRejected,
			message: "user name or password: correct the credentials Secret",
		},
		"an unknown model": {err: answer("model not found", "x"), want: v1alpha1.ReasonModelNotFound},
		"an unknown authority": {
			err:  fmt.Errorf("x: %w", x509.UnknownAuthorityError{}),
			want: v1alpha1.ReasonCertificateMismatch, message: "ca-cert",
		},
		"a certificate for another host": {
			err:  x509.HostnameError{Certificate: &x509.Certificate{}, Host: "x"},
			want: v1alpha1.ReasonCertificateMismatch, message: "ca-cert",
		},
		"an invalid CA certificate": {
			err: errors.New("cert pool creation failed: x"), want: v1alpha1.ReasonCertificateMismatch, message: "PEM",
		},
		"a refused connection": {
			err: fmt.Errorf("x: %w", refused), want: v1alpha1.ReasonJujuUnreachable, message: "connection refused",
		},
		"no answer":  {err: api.ConnectionOpenTimedOut, want: v1alpha1.ReasonJujuUnreachable, message: "30s"},
		"an upgrade": {err: answer("upgrade in progress", "x"), want: v1alpha1.ReasonModelUnavailable},
		"a password for JAAS": {
			err: answer("not supported", "JIMM does not"), want: v1alpha1.ReasonCredentialsRejected,
			message: "clientCredentials",
		},
		"a wrong client secret": {
			answer("unauthorized access", "invalid client credentials: x"), v1alpha1.ReasonCredentialsRejected,
			"client secret", &content.Connection{Auth: content.ClientCredentials},
		},
		"client credentials without JAAS": {
			answer("not supported", "this version of Juju does not support login from old clients"),
			v1alpha1.ReasonCredentialsRejected, "userPass", &content.Connection{Auth: content.ClientCredentials},
		},
		"client credentials without a login method": {
			answer("not implemented", "x"), v1alpha1.ReasonCredentialsRejected, "userPass",
			&content.Connection{Auth: content.ClientCredentials},
		},
		"an unknown authority without a CA certificate": {
			x509.UnknownAuthorityError{}, v1alpha1.ReasonCertificateMismatch, "set spec.caCertificate",
			&content.Connection{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &Endpoint{Connection: content.Connection{CACertificate: "PEM"}}
			if row.connection != nil {
				c.Connection = *row.connection
			}
			got := c.LoginProblem(row.err)
			if got.Reason != row.want || !strings.Contains(got.Message, row.message) {
				t.Errorf("the problem of %q is %+v, want the reason %v and a message with %q", row.err, got, row.want,
					row.message)
			}
			if strings.Contains(got.Message, "54321") {
				t.Errorf("the message %q has a port, which differs between attempts", got.Message)
			}
		})
	}
}
