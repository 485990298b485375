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

// addUser adds a user with access to the controller and to no model.
func (j *controller) addUser(ctx context.Context, name string) (account, error) {
	if !names.IsValidUserName(name) {
		return account{}, fmt.Errorf("%w: user name %q", errInvalid, name)
	}
	added := account{Username: name, Password: rand.Text()}
	return added, j.admin.addUser(ctx, added)
}

// setPassword replaces the password of any user except the administrator,
// because this program logs in as the administrator.
func (j *controller) setPassword(ctx context.Context, user account) error {
	if user.Username == j.admin.account.Username {
		return fmt.Errorf("%w: cannot change the password of %s", errNotAllowed, user.Username)
	}
	if !names.IsValidUserName(user.Username) || user.Password == "" {
		return fmt.Errorf("%w: user name %q or empty password", errInvalid, user.Username)
	}
	return j.admin.setPassword(ctx, user)
}

// grant gives a local or external user access to a model.
func (j *controller) grant(ctx context.Context, username, access, uuid string) error {
	if err := j.checkAccess(ctx, username, access, uuid); err != nil {
		return err
	}
	return j.admin.grant(ctx, username, access, uuid)
}

// revoke revokes a user's access to a model. Without an access it revokes all
// access.
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

// claims holds the claims of a token: the user, and the user's access to the
// controller and to models.
type claims struct {
	user, controller string
	// models maps UUIDs to the access.
	models map[string]string
}

// token is the token of an external user for a login as JAAS does it.
type token struct {
	Token string `json:"token"`
}

// issueToken returns a token as JAAS issues it. A login with the token has the
// access that the token claims, regardless of the store. Lists of models come
// from the store, so the user gets the same access in the store too.
func (j *controller) issueToken(ctx context.Context, wanted claims) (token, error) {
	if !names.IsValidUser(wanted.user) || names.NewUserTag(wanted.user).IsLocal() {
		return token{}, fmt.Errorf("%w: %q is not the name of an external user", errInvalid, wanted.user)
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
		return token{}, fmt.Errorf("cannot create a token for %s: %w", wanted.user, err)
	}
	return token{Token: encoded}, nil
}
