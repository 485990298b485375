// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMetricsAreNotServedToEverybodyUnlessThatIsAskedFor(t *testing.T) {
	for name, row := range map[string]struct {
		args    []string
		address string
		secure  bool
	}{
		"by default none are":           {nil, "0", true},
		"to whom the API server lets":   {[]string{"--metrics-bind-address=:8443"}, ":8443", true},
		"to everybody, as is asked for": {[]string{"--metrics-bind-address=:8080", "--metrics-secure=false"}, ":8080", false},
		"a certificate nobody needs":    {[]string{"--metrics-secure=false", "--metrics-cert-dir=/nowhere"}, "0", false},
	} {
		t.Run(name, func(t *testing.T) {
			opts, err := parseOptions(row.args)
			if err != nil {
				t.Fatal(err)
			}
			served := opts.metrics.server()
			if served.BindAddress != row.address || served.SecureServing != row.secure || (served.FilterProvider != nil) != row.secure {
				t.Errorf("metrics are served at %s, over HTTPS: %t, to some only: %t", served.BindAddress, served.SecureServing, served.FilterProvider != nil)
			}
			if opts.metrics.perObject {
				t.Error("objects are named although nobody asked for it")
			}
		})
	}
}

// Without it the operator would make a certificate itself, which who scrapes would take for somebody else's.
func TestACertificateThatIsNotThereIsAnError(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tls.crt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := parseOptions([]string{"--metrics-cert-dir=" + dir})
	if err == nil || !strings.Contains(err.Error(), "--metrics-cert-dir has no tls.key") || strings.Contains(err.Error(), "tls.crt") {
		t.Errorf("the error is %v", err)
	}
}
