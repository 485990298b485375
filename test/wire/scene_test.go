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

	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

// patience bounds every wait, on a machine that is busy with other tests.
const patience = 30 * time.Second

// juju is what all tests share.
var juju *servers.Juju

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "wire-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(dir) }()
		if juju, err = servers.StartJuju(context.Background(), dir); err != nil {
			fmt.Fprintln(os.Stderr, "cannot start the server:", err)
			return 1
		}
		code := m.Run()
		if err := juju.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "cannot stop the server in order:", err)
			return 1
		}
		return code
	}())
}

// scene is a model of a test's own, behind a Proxy of its own.
type scene struct {
	*testing.T
	ctx   context.Context
	proxy *wire.Proxy
	model servers.Model
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{T: t, ctx: t.Context()}
	var err error
	s.model, err = juju.AddModel(s.ctx, "wire-"+strings.ToLower(rand.Text()))
	s.must(err)
	s.proxy, err = wire.Start(s.ctx, juju.Addresses[0], juju.CACertificate)
	s.must(err)
	t.Cleanup(s.proxy.Close)
	return s
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// dial opens a connection through the Proxy: to the model, or to the controller.
func (s *scene) dial(model names.ModelTag) (api.Connection, error) {
	return api.Open(context.WithoutCancel(s.ctx), &api.Info{
		Addrs: []string{s.proxy.Address}, CACert: s.proxy.CACertificate,
		Tag: names.NewUserTag(juju.Operator.Username), Password: juju.Operator.Password, ModelTag: model,
	}, api.DialOpts{DialTimeout: patience, Timeout: patience})
}

// connect opens a connection to the model, until the end of the test.
func (s *scene) connect() api.Connection {
	s.Helper()
	conn, err := s.dial(names.NewModelTag(s.model.UUID))
	s.must(err)
	s.Cleanup(func() { _ = conn.Close() })
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

// exists asks the server itself, not through the Proxy.
func (s *scene) exists(name string) bool {
	s.Helper()
	found, err := juju.Secrets(s.ctx, s.model)
	s.must(err)
	for _, secret := range found {
		if secret.Name == name {
			return true
		}
	}
	return false
}

// await waits until a channel is closed.
func (s *scene) await(what string, happened <-chan struct{}) {
	s.Helper()
	select {
	case <-happened:
	case <-time.After(patience):
		s.Fatalf("waited in vain for: %s", what)
	}
}

// awaitOpen waits until so many connections of clients are open.
func (s *scene) awaitOpen(want int) {
	s.Helper()
	s.must(servers.Await(s.ctx, patience, func() (string, error) {
		if open, _ := s.proxy.Connections(); open != want {
			return fmt.Sprintf("%d connections are open, want %d", open, want), nil
		}
		return "", nil
	}))
}
