// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"slices"
	"testing"

	"github.com/juju/juju/rpc/params"

	"github.com/juju-secrets/operator/internal/plan"
)

func TestOnlyWhatTheModelOwnsIsAUserSecret(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		owner, uri string
		id         string
		ok         bool
	}{
		"the model's":                          {"model-12345678-1234-4123-8123-123456789abc", "secret:" + dbID, dbID, true},
		"an application's, of which the ID is": {"application-app1", "secret:" + dbID, dbID, false},
		"a unit's, of which the ID is":         {"unit-app1-0", "secret:" + dbID, dbID, false},
		"somebody's whom nobody knows":         {"", "secret:" + dbID, dbID, false},
		"one with an ID that is no URI":        {"model-12345678-1234-4123-8123-123456789abc", "?", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secret, ok := userSecret(params.ListSecretResult{OwnerTag: row.owner, URI: row.uri, Label: "db", Description: "info"})
			if ok != row.ok || secret.ID != row.id || !ok && !secret.Equal(plan.UserSecret{ID: row.id}) {
				t.Errorf("it is a user secret: %t, and %+v, want %t, and of another only the ID %q", ok, secret, row.ok, row.id)
			}
		})
	}
}

func TestAGrantThatOutlivedItsApplicationIsNone(t *testing.T) {
	t.Parallel()
	secret, _ := userSecret(params.ListSecretResult{
		OwnerTag: "model-12345678-1234-4123-8123-123456789abc", URI: "secret:" + dbID,
		Access: []params.AccessInfo{
			{TargetTag: "application-app2"}, {TargetTag: "application-"}, {TargetTag: "unit-app3-0"}, {TargetTag: "application-app1"},
		},
	})
	if want := []string{"app1", "app2"}; !slices.Equal(secret.Granted, want) {
		t.Errorf("granted is %q, want %q", secret.Granted, want)
	}
}

func TestAControllerIsTooOldWithoutUserSecrets(t *testing.T) {
	t.Parallel()
	for facade, versions := range map[string]map[int]bool{
		"Secrets":     {0: true, 1: true, 2: false, 3: false},
		"Application": {0: true, 1: false, 19: false},
	} {
		for version, want := range versions {
			if got := tooOld(facade, version) != nil; got != want {
				t.Errorf("with version %d of %s it is too old: %t, want %t", version, facade, got, want)
			}
		}
	}
}
