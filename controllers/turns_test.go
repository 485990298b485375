// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import "testing"

func TestANamespaceWithItsOwnControllersLeavesTurnsToOthers(t *testing.T) {
	t.Parallel()
	var at turns
	var ends []func()
	for range turnsOfOne {
		done, standBack := at.take("team-a/juju")
		if standBack > 0 {
			t.Fatal("there is no turn, though there should be some")
		}
		ends = append(ends, done)
	}
	if _, standBack := at.take("team-a/another"); standBack < turnRetry {
		t.Errorf("one more stands back for %v, want at least %v", standBack, turnRetry)
	}
	if done, standBack := at.take("team-b/juju"); standBack > 0 {
		t.Error("another namespace has to stand back")
	} else {
		done()
	}
	for range 10 * turnsOfOne {
		if _, standBack := at.take("shared"); standBack > 0 {
			t.Fatal("who goes through a ClusterJujuController has to stand back")
		}
	}
	ends[0]()
	done, standBack := at.take("team-a/another")
	if standBack > 0 {
		t.Fatal("the turn of one that is done is not free")
	}
	done()
	for _, end := range ends[1:] {
		end()
	}
	if len(at.taken) > 0 {
		t.Errorf("the turns %v are still taken when all are done", at.taken)
	}
}
