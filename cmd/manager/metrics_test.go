// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMetricsAreOffOrAuthenticatedByDefault(t *testing.T) {
	for name, row := range map[string]struct {
		args    []string
		address string
		secure  bool
	}{
		"off by default":               {nil, "0", true},
		"authenticated":                {[]string{"--metrics-bind-address=:8443"}, ":8443", true},
		"without authentication":       {[]string{"--metrics-bind-address=:8080", "--metrics-secure=false"}, ":8080", false},
		"certificate directory unused": {[]string{"--metrics-secure=false", "--metrics-cert-dir=/nowhere"}, "0", false},
	} {
		t.Run(name, func(t *testing.T) {
			opts, err := parseOptions(row.args)
			if err != nil {
				t.Fatal(err)
			}
			served := opts.metrics.server()
			authorizes := served.FilterProvider != nil
			if served.BindAddress != row.address || served.SecureServing != row.secure || authorizes != row.secure {
				t.Errorf("metrics are served at %s, over HTTPS: %t, with authorization: %t",
					served.BindAddress, served.SecureServing, authorizes)
			}
			if opts.metrics.perObject {
				t.Error("metrics for each object are on by default")
			}
		})
	}
}

// Without the check the operator would create a certificate, and a client could
// take it for another server's.
func TestMissingMetricsCertificateFails(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tls.crt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := parseOptions([]string{"--metrics-cert-dir=" + dir})
	if err == nil || !strings.Contains(err.Error(), "--metrics-cert-dir has no tls.key") ||
		strings.Contains(err.Error(), "tls.crt") {
		t.Errorf("the error is %v, want it to name tls.key only", err)
	}
}
