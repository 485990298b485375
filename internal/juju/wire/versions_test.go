// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/juju/juju/rpc/params"

	"github.com/juju-secrets/operator/internal/plan"
)

const dbID = "9m4e2mr0ui3e8a215n4g"

// decoded returns an entry of Juju's listing as the operator decodes it.
func decoded(t *testing.T, listed params.ListSecretResult) (found ListedSecret) {
	t.Helper()
	text, err := json.Marshal(listed)
	if err == nil {
		err = json.Unmarshal(text, &found)
	}
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestRevisionsAreCounted(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		latest  int
		numbers []int
		gone    bool
	}{
		"the first":                  {1, []int{1}, false},
		"three, and one was removed": {4, []int{1, 2, 4}, false},
		"in another order":           {3, []int{3, 1, 2}, false},
		"without the latest":         {4, []int{1, 2, 3}, true},
		"none":                       {1, nil, true},
		"more than 65,536 values":    {20_000, many(20_000), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listed := params.ListSecretResult{
				OwnerTag: "model-12345678-1234-4123-8123-123456789abc", URI: "secret:" + dbID, LatestRevision: row.latest,
			}
			for _, number := range row.numbers {
				listed.Revisions = append(listed.Revisions, params.SecretRevision{Revision: number})
			}
			secret, _ := UserSecret(decoded(t, listed))
			if secret.Revisions != len(row.numbers) || secret.RevisionGone != row.gone {
				t.Errorf("%d revisions, the latest is gone: %t, want %d and %t",
					secret.Revisions, secret.RevisionGone, len(row.numbers), row.gone)
			}
		})
	}
}

// many returns the numbers from 1 to n.
func many(n int) (numbers []int) {
	for i := range n {
		numbers = append(numbers, i+1)
	}
	return numbers
}

func TestUserSecretIsOwnedByTheModel(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		owner, uri string
		id         string
		ok         bool
	}{
		"owned by the model":      {"model-12345678-1234-4123-8123-123456789abc", "secret:" + dbID, dbID, true},
		"owned by an application": {"application-app1", "secret:" + dbID, dbID, false},
		"owned by a unit":         {"unit-app1-0", "secret:" + dbID, dbID, false},
		"without an owner":        {"", "secret:" + dbID, dbID, false},
		"without a valid URI":     {"model-12345678-1234-4123-8123-123456789abc", "?", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listed := params.ListSecretResult{OwnerTag: row.owner, URI: row.uri, Label: "db", Description: "info"}
			secret, ok := UserSecret(decoded(t, listed))
			if ok != row.ok || secret.ID != row.id || !ok && !secret.Equal(plan.UserSecret{ID: row.id}) {
				t.Errorf("UserSecret returns %+v and %t, want %t, and only the ID %q if false", secret, ok, row.ok,
					row.id)
			}
		})
	}
}

func TestGrantToRemovedApplicationIsIgnored(t *testing.T) {
	t.Parallel()
	secret, _ := UserSecret(decoded(t, params.ListSecretResult{
		OwnerTag: "model-12345678-1234-4123-8123-123456789abc", URI: "secret:" + dbID,
		Access: []params.AccessInfo{
			{TargetTag: "application-app2"}, {TargetTag: "application-"}, {TargetTag: "unit-app3-0"},
			{TargetTag: "application-app1"},
		},
	}))
	if want := []string{"app1", "app2"}; !slices.Equal(secret.Granted, want) {
		t.Errorf("granted is %q, want %q", secret.Granted, want)
	}
}

func TestUnsupportedVersionHasNoUserSecrets(t *testing.T) {
	t.Parallel()
	for facade, versions := range map[string]map[int]bool{
		"Secrets":     {0: true, 1: true, 2: false, 3: false},
		"Application": {0: true, 1: false, 19: false},
	} {
		for version, want := range versions {
			if got := Unsupported(facade, version) != nil; got != want {
				t.Errorf("version %d of %s is unsupported: %t, want %t", version, facade, got, want)
			}
		}
	}
}
