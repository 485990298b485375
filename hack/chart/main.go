// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command chart gives the Helm chart what others are the source of: the kinds, the roles, the alerts and the dashboard, as
// copies of files in config/. Its templates read them as data, so nothing in them is taken for a template, braces included. And
// it writes the table of values in the chart's README from the comments in values.yaml. It runs at the root of the repository,
// by make generate.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const chart = "charts/juju-secrets-operator"

// copied are the files of config/ that the chart has as well, by the folder of theirs in files/.
var copied = map[string][]string{ //nolint:gochecknoglobals // A table.
	"crds":         {"config/crd/bases/*.yaml"},
	"rbac":         {"config/rbac/role.yaml"},
	"rbac/watched": {"config/rbac/watched/role.yaml"},
	"rbac/users":   {"config/rbac/users/view.yaml", "config/rbac/users/edit.yaml", "config/rbac/users/metrics_reader.yaml"},
	"prometheus":   {"config/prometheus/rules.yaml", "config/prometheus/monitor.yaml"},
	"grafana":      {"config/grafana/dashboard.json"},
}

func main() {
	if err := errors.Join(copyFiles(filepath.Join(chart, "files")), writeTable()); err != nil {
		fmt.Fprintln(os.Stderr, "chart:", err)
		os.Exit(1)
	}
}

// copyFiles makes a folder anew, so that what is gone in config/ is gone there too.
func copyFiles(target string) error {
	if err := os.RemoveAll(target); err != nil {
		return err
	}
	for folder, patterns := range copied {
		//nolint:gosec // Manifests that everybody may read.
		if err := os.MkdirAll(filepath.Join(target, folder), 0o755); err != nil {
			return err
		}
		for _, pattern := range patterns {
			if err := copyTo(filepath.Join(target, folder), pattern); err != nil {
				return err
			}
		}
	}
	return nil
}

func copyTo(folder, pattern string) error {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return errors.New("found no " + pattern)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path) //nolint:gosec // A file of this repository.
		if err != nil {
			return err
		}
		//nolint:gosec // A manifest that everybody may read.
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(path)), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
