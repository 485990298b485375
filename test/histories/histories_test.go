// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"testing"
)

// This is the short form of make histories.
func TestRandomHistoriesKeepOwnershipRules(t *testing.T) {
	t.Parallel()
	total, err := runHistories(t.Context(), options{root: "../..", n: 12, seed: 1, patience: longPatience})
	if err != nil {
		t.Fatal(err)
	}
	if !total.ok() || total.run != 12 {
		t.Error(total)
	}
}

// The seed makes it possible to repeat a history.
func TestSeedDeterminesSteps(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		first, again := textsOf(drawHistory(seed)), textsOf(drawHistory(seed))
		if !slices.Equal(first, again) {
			t.Fatalf("the steps of seed %d are %q, and then %q, want the same steps", seed, first, again)
		}
		if len(first) < 10 || len(first) > 30 {
			t.Errorf("seed %d has %d steps, want 10 to 30", seed, len(first))
		}
	}
}

func textsOf(d *draft) []string {
	var texts []string
	for _, step := range d.steps {
		texts = append(texts, step.text)
	}
	return texts
}
