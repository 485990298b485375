// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"fmt"

	apitesting "github.com/juju/juju/apiserver/testing"
	coremodel "github.com/juju/juju/core/model"
	"github.com/juju/juju/core/permission"
	"github.com/juju/names/v6"
)

// addUser adds a user who can log in to the controller and to nothing else.
func (j *controller) addUser(ctx context.Context, name string) (account, error) {
	if !names.IsValidUserName(name) {
		return account{}, fmt.Errorf("%w: user name %q", errInvalid, name)
	}
	added := account{Username: name, Password: rand.Text()}
	return added, j.admin.addUser(ctx, added)
}

// setPassword replaces the password of any user but the administrator, whom this program is itself.
func (j *controller) setPassword(ctx context.Context, user account) error {
	if user.Username == j.admin.account.Username {
		return fmt.Errorf("%w: the password of %s stays", errNotAllowed, user.Username)
	}
	if !names.IsValidUserName(user.Username) || user.Password == "" {
		return fmt.Errorf("%w: user name %q, or no password", errInvalid, user.Username)
	}
	return j.admin.setPassword(ctx, user)
}

// grant gives a user, or an external one of any name, access to a model.
func (j *controller) grant(ctx context.Context, username, access, uuid string) error {
	if err := j.checkAccess(ctx, username, access, uuid); err != nil {
		return err
	}
	return j.admin.grant(ctx, username, access, uuid)
}

// revoke takes a user's access to a model, all of it where none is named.
func (j *controller) revoke(ctx context.Context, username, access, uuid string) error {
	if access == "" {
		access = string(permission.ReadAccess)
	}
	if err := j.checkAccess(ctx, username, access, uuid); err != nil {
		return err
	}
	return j.admin.revoke(ctx, username, access, uuid)
}

func (j *controller) checkAccess(ctx context.Context, username, access, uuid string) error {
	if !names.IsValidUser(username) {
		return fmt.Errorf("%w: user %q", errInvalid, username)
	}
	if err := permission.ValidateModelAccess(permission.Access(access)); err != nil {
		return fmt.Errorf("%w: access %q to a model", errInvalid, access)
	}
	_, err := j.models.get(ctx, coremodel.UUID(uuid))
	return err
}

// claims are what a token says: who its bearer is, and what access the bearer has to the controller and to models.
type claims struct {
	user, controller string
	// models is the access by UUID.
	models map[string]string
}

// token is what JAAS logs in with for an external user.
type token struct {
	Token string `json:"token"`
}

// issueToken returns a token as JAAS would make it. A login with a token has the access that the token claims, whatever the
// store says; lists of models come from the store, though, so the user gets the same access to the models in there.
func (j *controller) issueToken(ctx context.Context, wanted claims) (token, error) {
	if !names.IsValidUser(wanted.user) || names.NewUserTag(wanted.user).IsLocal() {
		return token{}, fmt.Errorf("%w: %q is no name of an external user", errInvalid, wanted.user)
	}
	if wanted.controller == "" {
		wanted.controller = string(permission.LoginAccess)
	}
	if err := permission.ValidateControllerAccess(permission.Access(wanted.controller)); err != nil {
		return token{}, fmt.Errorf("%w: access %q to the controller", errInvalid, wanted.controller)
	}
	access := map[string]string{controllerTag.String(): wanted.controller}
	for uuid, level := range wanted.models {
		if err := j.grant(ctx, wanted.user, level, uuid); err != nil {
			return token{}, err
		}
		access[names.NewModelTag(uuid).String()] = level
	}
	encoded, err := apitesting.NewEncodedJWT(apitesting.JWTParams{
		Controller: controllerTag.Id(), User: names.NewUserTag(wanted.user).String(), Access: access,
	})
	if err != nil {
		return token{}, fmt.Errorf("cannot make a token for %s: %w", wanted.user, err)
	}
	return token{Token: encoded}, nil
}
