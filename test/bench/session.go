// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/juju/juju/api"
	"github.com/juju/juju/api/base"
	coresecrets "github.com/juju/juju/core/secrets"
	"github.com/juju/juju/rpc/params"
	"github.com/juju/names/v6"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/servers"
)

// session is an open connection to a model with the operator's user.
type session struct {
	model  servers.Model
	conn   api.Connection
	facade base.FacadeCaller
}

func openSession(ctx context.Context, juju *servers.Juju, model servers.Model) (*session, error) {
	conn, err := api.Open(ctx, &api.Info{
		Addrs: slices.Clone(juju.Addresses), CACert: juju.CACertificate,
		Tag: names.NewUserTag(juju.Operator.Username), Password: juju.Operator.Password,
		ModelTag: names.NewModelTag(model.UUID),
	}, api.DialOpts{DialTimeout: time.Minute, Timeout: time.Minute})
	if err != nil {
		return nil, err
	}
	_, facade := base.NewClientFacade(conn, "Secrets")
	return &session{model: model, conn: conn, facade: facade}, nil
}

func (s *session) close() { _ = s.conn.Close() }

// create creates the secrets of JujuSecrets with inline values in one request,
// and returns their IDs.
func (s *session) create(ctx context.Context, objs []*v1alpha1.JujuSecret) ([]string, error) {
	var args params.CreateSecretArgs
	for _, obj := range objs {
		name := obj.JujuName()
		args.Args = append(args.Args, params.CreateSecretArg{UpsertSecretArg: params.UpsertSecretArg{
			Label: &name, Description: &obj.Spec.Info, Content: contentOf(obj.Spec.Value),
		}})
	}
	var results params.StringResults
	if err := s.facade.FacadeCall(ctx, "CreateSecrets", args, &results); err != nil {
		return nil, err
	}
	var ids []string
	for _, result := range results.Results {
		if result.Error != nil {
			return nil, result.Error
		}
		uri, err := coresecrets.ParseURI(result.Result)
		if err != nil {
			return nil, err
		}
		ids = append(ids, uri.ID)
	}
	if len(ids) != len(objs) {
		//nolint:staticcheck // A name.
		return nil, fmt.Errorf("Juju answered for %d of %d secrets", len(ids), len(objs))
	}
	return ids, nil
}

// update sets the values of one secret.
func (s *session) update(ctx context.Context, id string, values map[string]string) error {
	args := params.UpdateUserSecretArgs{Args: []params.UpdateUserSecretArg{{
		URI: uriOf(id), UpsertSecretArg: params.UpsertSecretArg{Content: contentOf(values)},
	}}}
	var results params.ErrorResults
	if err := s.facade.FacadeCall(ctx, "UpdateSecrets", args, &results); err != nil {
		return err
	}
	return results.Combine()
}

// grant grants one secret to applications.
func (s *session) grant(ctx context.Context, id string, apps []string) error {
	var results params.ErrorResults
	args := params.GrantRevokeUserSecretArg{URI: uriOf(id), Applications: apps}
	err := s.facade.FacadeCall(ctx, "GrantSecret", args, &results)
	if err != nil {
		return err
	}
	return results.Combine()
}

// listingSize returns the size of a listing of the model without values, in
// bytes, as Juju sends it.
func (s *session) listingSize(ctx context.Context) (int, error) {
	var listed json.RawMessage
	err := s.facade.FacadeCall(ctx, "ListSecrets", params.ListSecretsArgs{}, &listed)
	return len(listed), err
}

func contentOf(values map[string]string) params.SecretContentParams {
	return params.SecretContentParams{Data: servers.Content(values).Encoded()}
}

func uriOf(id string) string { return coresecrets.SecretScheme + ":" + id }
