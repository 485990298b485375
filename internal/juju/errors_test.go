// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/juju/juju/api"
	"github.com/juju/juju/rpc"
	"github.com/juju/juju/rpc/params"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

func answer(code, message string) error { return &params.Error{Code: code, Message: message} }

func TestAnswersAreOfTheKindThatTheirCodeSays(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		err  error
		want plan.Kind
	}{
		"a missing secret of Juju 4":              {answer("secret not found", "secret not found"), plan.SecretNotFound},
		"a missing secret of Juju 3":              {answer("not found", `secret "x" not found`), plan.SecretNotFound},
		"a taken name":                            {answer("already exists", `secret with name "x" already exists`), plan.NameTaken},
		"a role binding that another call made":   {answer("already exists", `rolebindings "x" already exists`), plan.Busy},
		"no permission":                           {answer("unauthorized access", "permission denied"), plan.PermissionDenied},
		"a login that has run out":                {answer("login expired", "login expired"), plan.CredentialsRejected},
		"an unknown model":                        {answer("model not found", `unknown model: "x"`), plan.ModelNotFound},
		"an upgrade":                              {answer("upgrade in progress", "upgrade in progress"), plan.Busy},
		"a migration":                             {answer("model migration in progress", "x"), plan.Busy},
		"a model that has moved":                  {answer("redirection required", "x"), plan.Busy},
		"a store that is busy":                    {answer("try again", "x"), plan.Busy},
		"an invalid request":                      {answer("not valid", "empty secret value not valid"), plan.Refused},
		"a facade that is too old":                {answer("not implemented", "x"), plan.TooOld},
		"an error without a code":                 {answer("", "at least one attribute to update must be specified"), plan.Failed},
		"a code that nobody knows":                {answer("leadership claim denied", "x"), plan.Failed},
		"a code behind wrapping":                  {fmt.Errorf("x: %w", answer("secret not found", "x")), plan.SecretNotFound},
		"a connection that was shut down":         {fmt.Errorf("x: %w", rpc.ErrShutdown), plan.Unreachable},
		"a request that was not answered in time": {context.DeadlineExceeded, plan.Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := kindOf(row.err); got != row.want {
				t.Errorf("the kind of %q is %v, want %v", row.err, got, row.want)
			}
		})
	}
}

func TestAnApplicationThatIsMissingIsToldFromASecretThatIs(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		err  error
		want plan.Kind
	}{
		"no application, Juju 4": {answer("", `cannot change access to "secret:x" for "app": application "app" not found`), plan.ApplicationNotFound},
		"no application, Juju 3": {answer("not found", `cannot change access to "secret:x" for "app": saas application "app" not found`), plan.ApplicationNotFound},
		"no secret, Juju 4":      {answer("secret not found", `cannot change access to "secret:x" for "app": secret not found`), plan.SecretNotFound},
		"not ours":               {answer("unauthorized access", "permission denied"), plan.PermissionDenied},
		"another application":    {answer("", `application "other" not found`), plan.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := grantTrouble("app", row.err).Kind; got != row.want {
				t.Errorf("the kind of %q is %v, want %v", row.err, got, row.want)
			}
		})
	}
}

func TestLoginsFailForAReasonThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{
		Op: "dial", Net: "tcp", Source: &net.TCPAddr{Port: 54321}, Addr: &net.TCPAddr{Port: 17070},
		Err: errors.New("connect: connection refused"),
	}
	for name, row := range map[string]struct {
		err        error
		want       plan.Kind
		message    string
		connection *content.Connection
	}{
		"a wrong password":         {err: answer("unauthorized access", "invalid entity name or password"), want: plan.CredentialsRejected, message: "user name or password: correct the credentials Secret"},
		"an unknown model":         {err: answer("model not found", "x"), want: plan.ModelNotFound},
		"another certificate":      {err: fmt.Errorf("x: %w", x509.UnknownAuthorityError{}), want: plan.CertificateMismatch, message: "ca-cert"},
		"a certificate of another": {err: x509.HostnameError{Certificate: &x509.Certificate{}, Host: "x"}, want: plan.CertificateMismatch, message: "ca-cert"},
		"no certificate at all":    {err: errors.New("cert pool creation failed: x"), want: plan.CertificateMismatch, message: "PEM"},
		"nobody there":             {err: fmt.Errorf("x: %w", refused), want: plan.Unreachable, message: "connection refused"},
		"no answer":                {err: api.ConnectionOpenTimedOut, want: plan.Unreachable, message: "30s"},
		"an upgrade":               {err: answer("upgrade in progress", "x"), want: plan.Busy},
		"a password for JAAS":      {err: answer("not supported", "JIMM does not"), want: plan.CredentialsRejected, message: "clientCredentials"},
		"a wrong client secret": {
			answer("unauthorized access", "invalid client credentials: x"), plan.CredentialsRejected, "client secret", &content.Connection{ServiceAccount: true},
		},
		"client credentials for a controller that is no JAAS": {
			answer("not supported", "this version of Juju does not support login from old clients"), plan.CredentialsRejected, "userPass",
			&content.Connection{ServiceAccount: true},
		},
		"client credentials for a controller that has no such method": {
			answer("not implemented", "x"), plan.CredentialsRejected, "userPass", &content.Connection{ServiceAccount: true},
		},
		"a certificate that the system does not know": {
			x509.UnknownAuthorityError{}, plan.CertificateMismatch, "set spec.caCertificate", &content.Connection{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &controller{connection: content.Connection{CACertificate: "PEM"}}
			if row.connection != nil {
				c.connection = *row.connection
			}
			got := c.loginTrouble(row.err)
			if got.Kind != row.want || !strings.Contains(got.Message, row.message) {
				t.Errorf("the trouble with %q is %+v, want kind %v and a message with %q", row.err, got, row.want, row.message)
			}
			if strings.Contains(got.Message, "54321") {
				t.Errorf("the message %q has a port that differs from attempt to attempt", got.Message)
			}
		})
	}
}
