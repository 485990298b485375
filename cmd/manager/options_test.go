// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/controllers"
)

func TestScopeFlags(t *testing.T) {
	for name, row := range map[string]struct {
		args []string
		want controllers.Scope
	}{
		"default":            {nil, controllers.Scope{}},
		"one namespace":      {[]string{"--watch-namespaces=team-a"}, controllers.Scope{Namespaces: []string{"team-a"}}},
		"several namespaces": {[]string{"--watch-namespaces=a, b"}, controllers.Scope{Namespaces: []string{"a", "b"}}},
		"the flag more than once": {
			[]string{"--watch-namespaces=a", "--watch-namespaces=b"}, controllers.Scope{Namespaces: []string{"a", "b"}},
		},
		"a class":  {[]string{"--controller-class=a.example.com"}, controllers.Scope{Class: "a.example.com"}},
		"no class": {[]string{"--controller-class="}, controllers.Scope{}},
	} {
		t.Run(name, func(t *testing.T) {
			opts, err := parseOptions(row.args)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, opts.scope); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestInvalidFlagErrorNamesFlag(t *testing.T) {
	const invalid = " is not the name of a namespace"
	for name, row := range map[string]struct {
		arg  string
		want []string
	}{
		"empty namespace":        {"--watch-namespaces=", []string{"-watch-namespaces", `""` + invalid}},
		"trailing comma":         {"--watch-namespaces=team-a,", []string{"-watch-namespaces", `""` + invalid}},
		"invalid namespace":      {"--watch-namespaces=a,T", []string{"-watch-namespaces", `"T"` + invalid, "lower"}},
		"pattern":                {"--watch-namespaces=*", []string{`"*"` + invalid}},
		"class is no Lease name": {"--controller-class=Team B", []string{"-controller-class", `"Team B"`, "Lease", "lower"}},
		"unknown flag":           {"--watch-namespace=a", []string{"not defined: -watch-namespace"}},
		"invalid boolean":        {"--leader-elect=maybe", []string{"-leader-elect", `"maybe"`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseOptions([]string{row.arg})
			if err == nil {
				t.Fatalf("%s was accepted", row.arg)
			}
			for _, part := range row.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error is %q, want it to contain %q", err, part)
				}
			}
		})
	}
}

func TestLeaderElectionDefaultAndLeaseNames(t *testing.T) {
	opts, err := parseOptions(nil)
	if err != nil || !opts.leaderElection {
		t.Errorf("leader election is %t by default, error %v", opts.leaderElection, err)
	}
	one, other := controllers.Scope{Namespaces: []string{"a", "b"}}, controllers.Scope{Namespaces: []string{"a", "c"}}
	if lease(one) == lease(other) || lease(one) == lease(controllers.Scope{}) ||
		lease(one) != lease(controllers.Scope{Namespaces: []string{"b", "a"}}) {
		t.Error("the Lease does not depend on the set of namespaces")
	}
	if leaseName("") == leaseName("edge") {
		t.Error("different classes have the same Lease")
	}
}
