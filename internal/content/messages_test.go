// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content_test

import (
	"strings"
	"testing"

	"github.com/juju-secrets/operator/internal/content"
)

func TestInvalidKeyMessageNamesTheRule(t *testing.T) {
	t.Parallel()
	problem := content.Merge(nil, []content.Source{source("Secret db", "a.b", "x")}).Problem
	if !strings.Contains(problem, "three letters or digits") {
		t.Error(problem)
	}
}

func TestDuplicateKeyMessageNamesBothSpellings(t *testing.T) {
	t.Parallel()
	problem := content.Merge(nil, []content.Source{source("Secret db", "DB_USER", "x", "db.user", "y")}).Problem
	if !strings.Contains(problem, "DB_USER") || !strings.Contains(problem, "db.user") {
		t.Error(problem)
	}
}

func TestMissingOptionalSourcesAreMissingContent(t *testing.T) {
	t.Parallel()
	if got := content.Merge(nil, []content.Source{{Name: "Secret db", Optional: true}}); got.State != content.Missing {
		t.Errorf("state %d: %s", got.State, got.Problem)
	}
}
