// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command chart copies the CRDs, roles, alerts and dashboard from config/ to
// the Helm chart. The chart's templates read the copies as data, so that braces
// in them are not evaluated as templates. The command also writes the table of
// values in the chart's README from the comments in values.yaml. make generate
// runs it at the root of the repository.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const chart = "charts/juju-secrets-operator"

// copied maps the folders below files/ to the files of config/ that are copied
// to them.
var copied = map[string][]string{ //nolint:gochecknoglobals // A table.
	"crds":         {"config/crd/bases/*.yaml"},
	"rbac":         {"config/rbac/role.yaml"},
	"rbac/watched": {"config/rbac/watched/role.yaml"},
	"rbac/users": {
		"config/rbac/users/view.yaml", "config/rbac/users/edit.yaml", "config/rbac/users/metrics_reader.yaml",
	},
	"prometheus": {"config/prometheus/rules.yaml", "config/prometheus/monitor.yaml"},
	"grafana":    {"config/grafana/dashboard.json"},
}

func main() {
	if err := errors.Join(copyFiles(filepath.Join(chart, "files")), writeTable()); err != nil {
		fmt.Fprintln(os.Stderr, "chart:", err)
		os.Exit(1)
	}
}

// copyFiles deletes a folder and creates it again, so that files deleted in
// config/ are deleted there too.
func copyFiles(target string) error {
	if err := os.RemoveAll(target); err != nil {
		return err
	}
	for folder, patterns := range copied {
		//nolint:gosec // Manifests are public.
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
		return errors.New("found no file " + pattern)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path) //nolint:gosec // A file of this repository.
		if err != nil {
			return err
		}
		//nolint:gosec // Manifests are public.
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(path)), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
