// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/juju/juju/api"
	"github.com/juju/juju/api/client/modelmanager"
	"github.com/juju/juju/api/client/usermanager"
	jujutesting "github.com/juju/juju/juju/testing"
	"github.com/juju/names/v6"
)

// qualifier is that of the suite's own model, and so of all others.
const qualifier = "prod"

// admin does what a controller's administrator does with the juju command, over the same API.
type admin struct {
	address       string
	caCertificate string
	account       account
}

func (a *admin) connect(ctx context.Context) (api.Connection, error) {
	info := &api.Info{
		Addrs:    []string{a.address},
		CACert:   a.caCertificate,
		Tag:      names.NewUserTag(a.account.Username),
		Password: a.account.Password,
	}
	conn, err := api.Open(ctx, info, api.DialOpts{Timeout: time.Minute})
	if err != nil {
		return nil, fmt.Errorf("cannot log in as %s: %w", a.account.Username, err)
	}
	return conn, nil
}

// setPassword replaces the administrator's password.
func (a *admin) setPassword(ctx context.Context, password string) error {
	conn, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := usermanager.NewClient(conn).SetPassword(ctx, a.account.Username, password); err != nil {
		return fmt.Errorf("cannot set the password of %s: %w", a.account.Username, err)
	}
	a.account.Password = password
	return nil
}

// addUser adds a user who can log in to the controller and to nothing else.
func (a *admin) addUser(ctx context.Context, user account) error {
	conn, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_, _, err = usermanager.NewClient(conn).AddUser(ctx, user.Username, "", user.Password)
	if err != nil {
		return fmt.Errorf("cannot add user %s: %w", user.Username, err)
	}
	return nil
}

// addModel creates a model and returns its UUID.
func (a *admin) addModel(ctx context.Context, name string) (string, error) {
	conn, err := a.connect(ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	created, err := modelmanager.NewClient(conn).CreateModel(ctx, name, names.NewUserTag(qualifier),
		jujutesting.DefaultCloud.Name, jujutesting.DefaultCloudRegion, jujutesting.DefaultCredentialTag, nil)
	if err != nil {
		return "", fmt.Errorf("cannot add model %s/%s: %w", qualifier, name, err)
	}
	return created.UUID, nil
}

// grantWrite gives a user write access to a model.
func (a *admin) grantWrite(ctx context.Context, username, uuid string) error {
	conn, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := modelmanager.NewClient(conn).GrantModel(ctx, username, "write", uuid); err != nil {
		return fmt.Errorf("cannot grant model %s to %s: %w", uuid, username, err)
	}
	return nil
}
