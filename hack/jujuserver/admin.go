// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/juju/juju/api"
	"github.com/juju/juju/api/client/modelmanager"
	"github.com/juju/juju/api/client/usermanager"
	accesserrors "github.com/juju/juju/domain/access/errors"
	jujutesting "github.com/juju/juju/juju/testing"
	"github.com/juju/names/v6"
)

// qualifier is the qualifier of the suite's own model, and so of all models.
const qualifier = "prod"

// admin calls the controller's API as the juju command of an administrator
// does.
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

// setPassword replaces a user's password.
func (a *admin) setPassword(ctx context.Context, user account) error {
	conn, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := usermanager.NewClient(conn).SetPassword(ctx, user.Username, user.Password); err != nil {
		return fmt.Errorf("cannot set the password of %s: %w", user.Username, uncoded(err))
	}
	return nil
}

// addUser adds a user with access to the controller and to no model.
func (a *admin) addUser(ctx context.Context, user account) error {
	conn, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_, _, err = usermanager.NewClient(conn).AddUser(ctx, user.Username, "", user.Password)
	if err != nil {
		return fmt.Errorf("cannot add user %s: %w", user.Username, uncoded(err))
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

// grant gives a user read, write or admin access to a model. A user with higher
// access keeps it. Juju adds an external user if it does not exist.
func (a *admin) grant(ctx context.Context, username, access, uuid string) error {
	conn, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	err = uncoded(modelmanager.NewClient(conn).GrantModel(ctx, username, access, uuid))
	if err != nil && !errors.Is(err, accesserrors.PermissionAccessGreater) {
		return fmt.Errorf("cannot grant %s access to model %s to %s: %w", access, uuid, username, err)
	}
	return nil
}

// revoke revokes an access to a model and every higher access. Without read no
// access is left.
func (a *admin) revoke(ctx context.Context, username, access, uuid string) error {
	conn, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := modelmanager.NewClient(conn).RevokeModel(ctx, username, access, uuid); err != nil {
		return fmt.Errorf("cannot revoke %s access to model %s from %s: %w", access, uuid, username, uncoded(err))
	}
	return nil
}

// uncoded returns the original error for an error that Juju sends as a text
// without a code.
func uncoded(err error) error {
	if err == nil {
		return nil
	}
	for _, sent := range []error{
		accesserrors.UserNotFound, accesserrors.UserAlreadyExists, accesserrors.PermissionAccessGreater,
	} {
		if strings.Contains(err.Error(), sent.Error()) {
			return sent
		}
	}
	return err
}
