// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version and revision are the release and its commit. The linker sets them,
// with -X main.version=... and -X main.revision=..., where Go does not know
// them, as in an image, or must not run git.
var (
	version  string
	revision string //nolint:gochecknoglobals // The linker can set only a variable.
)

// build holds the versions that this program was built from.
type build struct{ Version, Commit, Juju string }

// thisBuild returns the build of this program.
func thisBuild() build {
	info, _ := debug.ReadBuildInfo()
	return buildOf(info, version, revision)
}

// buildOf returns the build in info, which may be nil. The linker's version and
// revision take precedence.
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

// String returns the output of --version.
func (b build) String() string {
	return fmt.Sprintf("juju-secrets-operator %s\ncommit: %s\njuju client: %s\ngo: %s %s/%s",
		b.Version, b.Commit, b.Juju, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
