// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"slices"
	"testing"

	"github.com/juju/juju/rpc/params"
)

func TestOnlyWhatTheModelOwnsIsAUserSecret(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		owner, uri string
		ours       bool
	}{
		"the model's":                   {"model-12345678-1234-4123-8123-123456789abc", "secret:" + dbID, true},
		"an application's":              {"application-app1", "secret:" + dbID, false},
		"a unit's":                      {"unit-app1-0", "secret:" + dbID, false},
		"somebody's whom nobody knows":  {"", "secret:" + dbID, false},
		"one with an ID that is no URI": {"model-12345678-1234-4123-8123-123456789abc", "?", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, ours := userSecret(params.ListSecretResult{OwnerTag: row.owner, URI: row.uri}); ours != row.ours {
				t.Errorf("it is ours: %t, want %t", ours, row.ours)
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
