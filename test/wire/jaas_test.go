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

// jaas makes a scene's Proxy play JAAS for a client of the scene's own, with write access to the model.
func (s *scene) jaas() (clientID string) {
	s.Helper()
	clientID = "client-" + s.model.UUID
	token, err := juju.Token(s.ctx, clientID+"@serviceaccount", "login", map[servers.Model]string{s.model: "write"})
	s.must(err)
	s.proxy.AsJAAS(clientID, clientSecret, token)
	return clientID
}

// dialJAAS opens a connection as Juju's own client does to JAAS.
func (s *scene) dialJAAS(model names.ModelTag, clientID, secret string) (api.Connection, error) {
	conn, err := api.Open(context.WithoutCancel(s.ctx), &api.Info{
		Addrs: []string{s.proxy.Address}, CACert: s.proxy.CACertificate, ModelTag: model,
	}, api.DialOpts{
		DialTimeout: patience, Timeout: patience, LoginProvider: api.NewClientCredentialsLoginProvider(clientID, secret),
	})
	if err == nil {
		s.Cleanup(func() { _ = conn.Close() })
	}
	return conn, err
}

func TestJAASLetsItsClientIn(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	clientID := s.jaas()

	controller, err := s.dialJAAS(names.ModelTag{}, clientID, clientSecret)
	s.must(err)
	if user := controller.AuthTag().Id(); user != clientID+"@serviceaccount" {
		t.Error("the client is", user)
	}
	if uuid := controller.ControllerTag().Id(); uuid != wire.JAASControllerUUID {
		t.Error("the UUID told at the controller is", uuid)
	}
	models, err := modelmanager.NewClient(controller).ListModels(s.ctx, controller.AuthTag().Id())
	s.must(err)
	if len(models) != 1 || models[0].UUID != s.model.UUID {
		t.Errorf("the client's models are %+v", models)
	}

	conn, err := s.dialJAAS(names.NewModelTag(s.model.UUID), clientID, clientSecret)
	s.must(err)
	if uuid := conn.ControllerTag().Id(); uuid != juju.ControllerUUID {
		t.Error("the UUID told at the model is", uuid)
	}
	s.must(create(s.ctx, conn, "name", "value"))
	listed, err := list(s.ctx, conn)
	s.must(err)
	if len(listed) != 1 || listed[0].Label != "name" {
		t.Errorf("the secrets are %+v", listed)
	}
	if open, mostOpening := s.proxy.Connections(); open != 2 || mostOpening != 1 {
		t.Errorf("%d connections are open, and %d were in their opening at once, want 2 and 1", open, mostOpening)
	}
	if requests := s.proxy.Requests(); requests["Admin.LoginWithClientCredentials"] != 2 || requests["Admin.Login"] != 0 {
		t.Errorf("counted %v, want 2 logins, with client credentials", requests)
	}
}

func TestJAASRefusesOthers(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	clientID := s.jaas()
	model := names.NewModelTag(s.model.UUID)
	for name, refused := range map[string]func() (api.Connection, error){
		"another secret": func() (api.Connection, error) { return s.dialJAAS(model, clientID, "another") },
		"another client": func() (api.Connection, error) { return s.dialJAAS(names.ModelTag{}, "another", clientSecret) },
	} {
		if _, err := refused(); !params.IsCodeUnauthorized(err) {
			t.Errorf("%s: the client got: %v", name, err)
		}
	}
	if _, err := s.dial(model); params.ErrCode(err) != params.CodeNotSupported {
		t.Error("a user with a password got:", err)
	}
	received, err := juju.Requests(s.ctx, s.model)
	s.must(err)
	if received["Admin.Login"] != 0 {
		t.Errorf("the server got %v", received)
	}
}

func TestJAASTakesAnotherSecretFromNowOn(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	clientID := s.jaas()
	before, err := s.dialJAAS(names.NewModelTag(s.model.UUID), clientID, clientSecret)
	s.must(err)
	s.proxy.SetClientSecret("another")
	if _, err := s.dialJAAS(names.ModelTag{}, clientID, clientSecret); !params.IsCodeUnauthorized(err) {
		t.Error("with the old secret the client got:", err)
	}
	_, err = s.dialJAAS(names.ModelTag{}, clientID, "another")
	s.must(err)
	s.must(create(s.ctx, before, "name", "value"))
}

func TestAControllerTellsAnotherUUID(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	if uuid := s.connect().ControllerTag().Id(); uuid != juju.ControllerUUID {
		t.Error("the UUID is", uuid)
	}
	const other = "00000000-0000-4000-8000-000000000001"
	s.proxy.AsController(other)
	if uuid := s.connect().ControllerTag().Id(); uuid != other {
		t.Error("the UUID is", uuid)
	}
}

func TestAUserHasTheAccessThatWasGranted(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	user, err := juju.AddUser(s.ctx, "user-"+s.model.UUID)
	s.must(err)
	open := func(model names.ModelTag) (api.Connection, error) {
		conn, err := api.Open(context.WithoutCancel(s.ctx), &api.Info{
			Addrs: slices.Clone(juju.Addresses), CACert: juju.CACertificate,
			Tag: names.NewUserTag(user.Username), Password: user.Password, ModelTag: model,
		}, api.DialOpts{DialTimeout: patience, Timeout: patience})
		if err == nil {
			s.Cleanup(func() { _ = conn.Close() })
		}
		return conn, err
	}
	model := names.NewModelTag(s.model.UUID)
	if _, err := open(model); err == nil {
		t.Error("could log in to the model before the grant")
	}
	s.must(juju.GrantModel(s.ctx, s.model, user.Username, "read"))
	s.must(juju.GrantModel(s.ctx, s.model, user.Username, "read"))
	conn, err := open(model)
	s.must(err)
	if err := create(s.ctx, conn, "name", "value"); !params.IsCodeUnauthorized(err) {
		t.Error("with read access, creating a secret:", err)
	}
	s.must(juju.GrantModel(s.ctx, s.model, user.Username, "write"))
	s.must(create(s.ctx, conn, "name", "value"))
	s.must(juju.RevokeModel(s.ctx, s.model, user.Username, "read"))
	if _, err := open(model); err == nil {
		t.Error("could log in to the model after the revocation")
	}

	old := user
	user.Password = "another"
	s.must(juju.SetPassword(s.ctx, user.Username, user.Password))
	_, err = open(names.ModelTag{})
	s.must(err)
	user = old
	if _, err := open(names.ModelTag{}); !params.IsCodeUnauthorized(err) {
		t.Error("with the old password:", err)
	}
}
