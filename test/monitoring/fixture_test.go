// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package monitoring tests the metrics, the alerts and the dashboard. The
// metrics come from a real operator on real servers. promtool runs the tests of
// the alerts, and hack/promtool/selectors parses PromQL. The Makefile sets
// PROMTOOL and SELECTORS.
package monitoring

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// sentinel is part of every value that tests put into a Secret, so that any
// leak is found.
const sentinel = "never-show-this-value"

var shared = env.New(env.Options{
	Options: servers.Options{Root: env.Root, Juju: 1},
	Forbidden: func(_ *env.Environment, log string) []string {
		if strings.Contains(log, sentinel) {
			return []string{"a secret value"}
		}
		return nil
	},
})

func TestMain(m *testing.M) { os.Exit(shared.Main(m)) }

// fixture holds a tenant namespace, a model and an operator with the fixture's
// own class.
type fixture struct {
	*env.Fixture

	operator *env.Operator
	// url is the URL of the metrics. reader is a token that allows to read
	// them.
	url, reader string
}

// newFixture starts an operator.
func newFixture(t *testing.T, args ...string) *fixture {
	t.Helper()
	f := &fixture{Fixture: shared.NewTenant(t)}
	f.CleanUp = func() error { return errors.Join(f.StopOperators(), f.Clear()) }
	f.reader = f.account("reader-"+f.Namespace, env.Scraping())
	f.operator = f.startOperator(args...)
	return f
}

// startOperator starts an operator of the fixture's class. The fixture scrapes
// it from now on.
func (f *fixture) startOperator(args ...string) *env.Operator {
	f.Helper()
	address := env.FreeAddress(f.T)
	f.url = "https://" + address + "/metrics"
	return f.StartOwn("scraped", append([]string{"--metrics-bind-address=" + address}, args...)...)
}

// account creates a service account and returns its token.
func (f *fixture) account(name string, rights servers.Rights) string {
	f.Helper()
	token, err := f.Env.Account(f.Ctx, name, rights)
	f.Must(err)
	return token
}

// controller creates a JujuController with a password.
func (f *fixture) controller(name, password string) *v1alpha1.JujuController {
	f.Helper()
	f.Create(gen.Login(f.Namespace, name, f.Juju.Operator.Username, password))
	modify := func(c *v1alpha1.JujuController) { c.Spec.ControllerClass = f.Namespace }
	obj := gen.LocalController(f.Namespace, name, f.Juju.Addresses[0], f.Juju.CACertificate, modify)
	f.Create(obj)
	return obj
}

// remove deletes an object and waits until it is gone.
func (f *fixture) remove(obj client.Object) {
	f.Helper()
	f.Delete(obj)
	f.AwaitGone(obj)
}

// get requests the metrics with a token. An empty token is not sent.
func (f *fixture) get(token string) (status int, body string) { return env.Get(f.Ctx, f.url, token) }

// scrape returns the metrics as Prometheus gets them, as text and parsed.
func (f *fixture) scrape() (text string, all scraped) {
	f.Helper()
	f.Await(func() string {
		status, body := f.get(f.reader)
		if text = body; status != http.StatusOK {
			return fmt.Sprintf("the scrape returns the status %d: %s", status, body)
		}
		return ""
	})
	return text, parse(text)
}

// awaitSum waits until the samples of a metric with these labels have this sum.
func (f *fixture) awaitSum(name string, having labels, want float64) {
	f.Helper()
	f.Await(func() string {
		_, all := f.scrape()
		if got := all.sum(name, having); got != want {
			return fmt.Sprintf("%s%v is %v, want %v", name, having, got, want)
		}
		return ""
	})
}
