// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// What a release is called and the commit that it is built from. The linker sets them, with -X main.version=... and
// -X main.revision=..., where Go cannot know them, as in an image, or should not ask git.
var (
	version  string
	revision string //nolint:gochecknoglobals // Only such a variable can be set by the linker.
)

// build is what this program is built from.
type build struct{ Version, Commit, Juju string }

// thisBuild is what this very program is built from.
func thisBuild() build {
	info, _ := debug.ReadBuildInfo()
	return buildOf(info, version, revision)
}

// buildOf is what Go has noted in a program, which may be nothing, unless the linker was told better.
func buildOf(info *debug.BuildInfo, version, revision string) build {
	const unknown = "unknown"
	if info == nil {
		info = new(debug.BuildInfo)
	}
	var noted, changed string
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			noted = setting.Value
		case setting.Key == "vcs.modified" && setting.Value == "true":
			changed = "-dirty"
		}
	}
	if noted != "" {
		noted += changed
	}
	found := build{
		Version: cmp.Or(version, info.Main.Version, unknown), Commit: cmp.Or(revision, noted, unknown), Juju: unknown,
	}
	for _, module := range info.Deps {
		if module.Path == "github.com/juju/juju" {
			found.Juju = module.Version
		}
	}
	return found
}

// String is what --version prints.
func (b build) String() string {
	return fmt.Sprintf("juju-secrets-operator %s\ncommit: %s\njuju client: %s\ngo: %s %s/%s",
		b.Version, b.Commit, b.Juju, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
