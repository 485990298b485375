// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime/debug"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBuildInformation(t *testing.T) {
	infoWith := func(settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{
			Main: debug.Module{Version: "(devel)"},
			Deps: []*debug.Module{
				{Path: "github.com/juju/names/v6", Version: "v6.0.0"}, {Path: "github.com/juju/juju", Version: "v0.1.2"},
			},
			Settings: settings,
		}
	}
	commit := debug.BuildSetting{Key: "vcs.revision", Value: "c0ffee"}
	clean := debug.BuildSetting{Key: "vcs.modified", Value: "false"}
	changed := debug.BuildSetting{Key: "vcs.modified", Value: "true"}
	for name, row := range map[string]struct {
		info              *debug.BuildInfo
		version, revision string
		want              build
	}{
		"nothing":               {nil, "", "", build{"unknown", "unknown", "unknown"}},
		"no commit":             {infoWith(changed), "", "", build{"(devel)", "unknown", "v0.1.2"}},
		"a commit":              {infoWith(commit, clean), "", "", build{"(devel)", "c0ffee", "v0.1.2"}},
		"uncommitted changes":   {infoWith(commit, changed), "", "", build{"(devel)", "c0ffee-dirty", "v0.1.2"}},
		"linker flags":          {infoWith(), "v1.2.3", "decaf", build{"v1.2.3", "decaf", "v0.1.2"}},
		"linker flags override": {infoWith(commit, changed), "v1.2.3", "decaf", build{"v1.2.3", "decaf", "v0.1.2"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := buildOf(row.info, row.version, row.revision)
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			for _, part := range []string{row.want.Version, row.want.Commit, row.want.Juju} {
				if !strings.Contains(got.String(), part) {
					t.Errorf("the output is %q, want it to contain %q", got, part)
				}
			}
		})
	}
}
