// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/controllers"
)

func TestOptionsSayWhatIsServed(t *testing.T) {
	for name, row := range map[string]struct {
		args []string
		want controllers.Scope
	}{
		"everything of no class":  {nil, controllers.Scope{}},
		"one namespace":           {[]string{"--watch-namespaces=team-a"}, controllers.Scope{Namespaces: []string{"team-a"}}},
		"several namespaces":      {[]string{"--watch-namespaces=team-a, team-b"}, controllers.Scope{Namespaces: []string{"team-a", "team-b"}}},
		"the flag more than once": {[]string{"--watch-namespaces=a", "--watch-namespaces=b"}, controllers.Scope{Namespaces: []string{"a", "b"}}},
		"a class":                 {[]string{"--controller-class=edge.example.com"}, controllers.Scope{Class: "edge.example.com"}},
		"no class":                {[]string{"--controller-class="}, controllers.Scope{}},
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

func TestABadValueIsNamedWithItsFlag(t *testing.T) {
	for name, row := range map[string]struct {
		arg  string
		want []string
	}{
		"no namespace":                  {"--watch-namespaces=", []string{"-watch-namespaces", `"" is not the name of a namespace`}},
		"a comma too many":              {"--watch-namespaces=team-a,", []string{"-watch-namespaces", `"" is not the name of a namespace`}},
		"what is no name":               {"--watch-namespaces=team-a,Team_B", []string{"-watch-namespaces", `"Team_B" is not the name of a namespace`, "lower"}},
		"a pattern":                     {"--watch-namespaces=*", []string{`"*" is not the name of a namespace`}},
		"a class that names no Lease":   {"--controller-class=Team B", []string{"-controller-class", `"Team B"`, "Lease", "lower"}},
		"a flag that there is not":      {"--watch-namespace=a", []string{"not defined: -watch-namespace"}},
		"a value that is neither of it": {"--leader-elect=maybe", []string{"-leader-elect", `"maybe"`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseOptions([]string{row.arg})
			if err == nil {
				t.Fatalf("%s was accepted", row.arg)
			}
			for _, part := range row.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error is %q, want it to have %q", err, part)
				}
			}
		})
	}
}

func TestOneOfSeveralReplicasLeadsUnlessTold(t *testing.T) {
	opts, err := parseOptions(nil)
	if err != nil || !opts.leaderElection {
		t.Errorf("leader election is %v, %v", opts.leaderElection, err)
	}
	one, other := controllers.Scope{Namespaces: []string{"a", "b"}}, controllers.Scope{Namespaces: []string{"a", "c"}}
	if lease(one) == lease(other) || lease(one) == lease(controllers.Scope{}) ||
		lease(one) != lease(controllers.Scope{Namespaces: []string{"b", "a"}}) {
		t.Error("operators for different namespaces share a Lease, or those for the same do not")
	}
	if leaseName("") == leaseName("edge") {
		t.Error("two classes have the same Lease")
	}
}
