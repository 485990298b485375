// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/juju/juju/api"
	"github.com/juju/juju/api/base"
	"github.com/juju/juju/rpc/params"
	"github.com/juju/names/v6"

	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

// patience is the time limit of every wait. The machine is busy with other
// tests.
const patience = 30 * time.Second

var shared = env.New(env.Options{Options: servers.Options{Juju: 1}})

func TestMain(m *testing.M) { os.Exit(shared.Main(m)) }

// fixture holds a model of one test, behind its own proxy.
type fixture struct {
	*env.Fixture

	proxy *wire.Proxy
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{Fixture: shared.NewFixture(t)}
	f.AddModel("wire-" + strings.ToLower(rand.Text()))
	f.proxy = f.StartProxy()
	return f
}

// dial opens a connection through the proxy to a model, or to the controller.
func (f *fixture) dial(model names.ModelTag) (api.Connection, error) {
	return dial(f.Ctx, f.proxy, model)
}

func dial(ctx context.Context, proxy *wire.Proxy, model names.ModelTag) (api.Connection, error) {
	user := shared.Juju.Operator
	return api.Open(context.WithoutCancel(ctx), &api.Info{
		Addrs: []string{proxy.Address}, CACert: proxy.CACertificate,
		Tag: names.NewUserTag(user.Username), Password: user.Password, ModelTag: model,
	}, api.DialOpts{DialTimeout: patience, Timeout: patience})
}

// connect opens a connection to the model. The end of the test closes it.
func (f *fixture) connect() api.Connection {
	f.Helper()
	conn, err := f.dial(names.NewModelTag(f.Model.UUID))
	f.Must(err)
	f.Cleanup(func() { _ = conn.Close() })
	return conn
}

func call(ctx context.Context, conn api.Connection, method string, args, result any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, facade := base.NewClientFacade(conn, "Secrets")
	return facade.FacadeCall(ctx, method, args, result)
}

func create(ctx context.Context, conn api.Connection, name, value string) error {
	var results params.StringResults
	args := params.CreateSecretArgs{Args: []params.CreateSecretArg{{UpsertSecretArg: params.UpsertSecretArg{
		Label:   &name,
		Content: params.SecretContentParams{Data: servers.Content(map[string]string{"key": value}).Encoded()},
	}}}}
	err := call(ctx, conn, "CreateSecrets", args, &results)
	if err == nil && results.Results[0].Error != nil {
		err = results.Results[0].Error
	}
	return err
}

func list(ctx context.Context, conn api.Connection) ([]params.ListSecretResult, error) {
	var listed params.ListSecretResults
	err := call(ctx, conn, "ListSecrets", params.ListSecretsArgs{}, &listed)
	return listed.Results, err
}

// exists reports whether the server has a secret. It bypasses the proxy.
func (f *fixture) exists(name string) bool {
	f.Helper()
	found, err := f.Juju.Secrets(f.Ctx, f.Model)
	f.Must(err)
	for _, secret := range found {
		if secret.Name == name {
			return true
		}
	}
	return false
}

// awaitClosed waits until a channel is closed.
func (f *fixture) awaitClosed(what string, happened <-chan struct{}) {
	f.Helper()
	select {
	case <-happened:
	case <-time.After(patience):
		f.Fatalf("timed out waiting for %s", what)
	}
}

// awaitOpen waits until exactly this number of client connections is open.
func (f *fixture) awaitOpen(want int) {
	f.Helper()
	f.Await(func() string {
		if open, _ := f.proxy.Connections(); open != want {
			return fmt.Sprintf("%d connections are open, want %d", open, want)
		}
		return ""
	})
}
