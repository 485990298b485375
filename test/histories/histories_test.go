// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"testing"
)

// The short form of make histories.
func TestWhateverHappensNothingIsLostDoubledOrTouched(t *testing.T) {
	t.Parallel()
	total, err := play(t.Context(), plays{root: "../..", n: 12, seed: 1, patience: longPatience})
	if err != nil {
		t.Fatal(err)
	}
	if !total.fine() || total.run != 12 {
		t.Error(total)
	}
}

// Or nobody could play a history again.
func TestASeedHasTheSameStepsEachTime(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		first, again := textsOf(drawHistory(seed)), textsOf(drawHistory(seed))
		if !slices.Equal(first, again) {
			t.Fatalf("seed %d has the steps %q, and then %q", seed, first, again)
		}
		if len(first) < 10 || len(first) > 30 {
			t.Errorf("seed %d has %d steps", seed, len(first))
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
