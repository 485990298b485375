// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"context"
	"slices"
	"testing"

	"github.com/juju/juju/api"
	"github.com/juju/juju/api/client/modelmanager"
	"github.com/juju/juju/rpc/params"
	"github.com/juju/names/v6"

	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

const clientSecret = "the client's secret"

// jaas makes the fixture's proxy simulate JAAS. The one client has write access
// to the model. The result is the ID of this client.
func (f *fixture) jaas() (clientID string) {
	f.Helper()
	clientID = "client-" + f.Model.UUID
	token, err := f.Juju.Token(f.Ctx, clientID+"@serviceaccount", "login", map[servers.Model]string{f.Model: "write"})
	f.Must(err)
	f.proxy.AsJAAS(clientID, clientSecret, token)
	return clientID
}

// dialJAAS opens a connection to JAAS with Juju's own client.
func (f *fixture) dialJAAS(model names.ModelTag, clientID, secret string) (api.Connection, error) {
	conn, err := api.Open(context.WithoutCancel(f.Ctx), &api.Info{
		Addrs: []string{f.proxy.Address}, CACert: f.proxy.CACertificate, ModelTag: model,
	}, api.DialOpts{
		DialTimeout: patience, Timeout: patience, LoginProvider: api.NewClientCredentialsLoginProvider(clientID, secret),
	})
	if err == nil {
		f.Cleanup(func() { _ = conn.Close() })
	}
	return conn, err
}

func TestJAASLoginSucceeds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	clientID := f.jaas()

	controller, err := f.dialJAAS(names.ModelTag{}, clientID, clientSecret)
	f.Must(err)
	if user := controller.AuthTag().Id(); user != clientID+"@serviceaccount" {
		t.Error("the client is logged in as", user)
	}
	if uuid := controller.ControllerTag().Id(); uuid != wire.JAASControllerUUID {
		t.Error("the login to the controller reports the UUID", uuid)
	}
	models, err := modelmanager.NewClient(controller).ListModels(f.Ctx, controller.AuthTag().Id())
	f.Must(err)
	if len(models) != 1 || models[0].UUID != f.Model.UUID {
		t.Errorf("the client's models are %+v", models)
	}

	conn, err := f.dialJAAS(names.NewModelTag(f.Model.UUID), clientID, clientSecret)
	f.Must(err)
	if uuid := conn.ControllerTag().Id(); uuid != f.Juju.ControllerUUID {
		t.Error("the login to the model reports the UUID", uuid)
	}
	f.Must(create(f.Ctx, conn, "name", "value"))
	listed, err := list(f.Ctx, conn)
	f.Must(err)
	if len(listed) != 1 || listed[0].Label != "name" {
		t.Errorf("the secrets are %+v", listed)
	}
	if open, mostOpening := f.proxy.Connections(); open != 2 || mostOpening != 1 {
		t.Errorf("%d connections are open, at most %d were logging in at once, want 2 and 1", open, mostOpening)
	}
	if requests := f.proxy.Requests(); requests["Admin.LoginWithClientCredentials"] != 2 || requests["Admin.Login"] != 0 {
		t.Errorf("counted %v, want 2 logins with client credentials", requests)
	}
}

func TestJAASRefusesOtherLogins(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	clientID := f.jaas()
	model := names.NewModelTag(f.Model.UUID)
	for name, refused := range map[string]func() (api.Connection, error){
		"another secret": func() (api.Connection, error) { return f.dialJAAS(model, clientID, "another") },
		"another client": func() (api.Connection, error) { return f.dialJAAS(names.ModelTag{}, "another", clientSecret) },
	} {
		if _, err := refused(); !params.IsCodeUnauthorized(err) {
			t.Errorf("%s: got error %v, want unauthorized", name, err)
		}
	}
	if _, err := f.dial(model); params.ErrCode(err) != params.CodeNotSupported {
		t.Error("error of a login with a password:", err)
	}
	received, err := f.Juju.Requests(f.Ctx, f.Model)
	f.Must(err)
	if received["Admin.Login"] != 0 {
		t.Errorf("the server received %v, want no login", received)
	}
}

func TestJAASLoginWithChangedSecret(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	clientID := f.jaas()
	before, err := f.dialJAAS(names.NewModelTag(f.Model.UUID), clientID, clientSecret)
	f.Must(err)
	f.proxy.SetClientSecret("another")
	if _, err := f.dialJAAS(names.ModelTag{}, clientID, clientSecret); !params.IsCodeUnauthorized(err) {
		t.Error("error of a login with the old secret:", err)
	}
	_, err = f.dialJAAS(names.ModelTag{}, clientID, "another")
	f.Must(err)
	f.Must(create(f.Ctx, before, "name", "value"))
}

func TestControllerReportsAnotherUUID(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if uuid := f.connect().ControllerTag().Id(); uuid != f.Juju.ControllerUUID {
		t.Error("the controller reports the UUID", uuid)
	}
	const other = "00000000-0000-4000-8000-000000000001"
	f.proxy.AsController(other)
	if uuid := f.connect().ControllerTag().Id(); uuid != other {
		t.Error("the controller reports the UUID", uuid)
	}
}

func TestUserHasGrantedModelAccess(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	user, err := f.Juju.AddUser(f.Ctx, "user-"+f.Model.UUID)
	f.Must(err)
	open := func(model names.ModelTag) (api.Connection, error) {
		conn, err := api.Open(context.WithoutCancel(f.Ctx), &api.Info{
			Addrs: slices.Clone(f.Juju.Addresses), CACert: f.Juju.CACertificate,
			Tag: names.NewUserTag(user.Username), Password: user.Password, ModelTag: model,
		}, api.DialOpts{DialTimeout: patience, Timeout: patience})
		if err == nil {
			f.Cleanup(func() { _ = conn.Close() })
		}
		return conn, err
	}
	model := names.NewModelTag(f.Model.UUID)
	if _, err := open(model); err == nil {
		t.Error("the user can log in to the model before the grant")
	}
	f.Must(f.Juju.GrantModel(f.Ctx, f.Model, user.Username, "read"))
	f.Must(f.Juju.GrantModel(f.Ctx, f.Model, user.Username, "read"))
	conn, err := open(model)
	f.Must(err)
	if err := create(f.Ctx, conn, "name", "value"); !params.IsCodeUnauthorized(err) {
		t.Error("error of creating a secret with read access:", err)
	}
	f.Must(f.Juju.GrantModel(f.Ctx, f.Model, user.Username, "write"))
	f.Must(create(f.Ctx, conn, "name", "value"))
	f.Must(f.Juju.RevokeModel(f.Ctx, f.Model, user.Username, "read"))
	if _, err := open(model); err == nil {
		t.Error("the user can log in to the model after the revocation")
	}

	old := user
	user.Password = "another"
	f.Must(f.Juju.SetPassword(f.Ctx, user.Username, user.Password))
	_, err = open(names.ModelTag{})
	f.Must(err)
	user = old
	if _, err := open(names.ModelTag{}); !params.IsCodeUnauthorized(err) {
		t.Error("error of a login with the old password:", err)
	}
}
