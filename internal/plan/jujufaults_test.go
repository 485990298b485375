// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"strings"
	"testing"

	"github.com/juju-secrets/operator/internal/plan"
)

func TestVersionsOfJujuWithKnownFaults(t *testing.T) {
	t.Parallel()
	for jujuVersion, reports := range map[string][]string{
		"3.2.4":     nil,
		"3.3.0":     {"GHSA-5cj2-rqqf-hx9p"},
		"3.6.17":    {"GHSA-5cj2-rqqf-hx9p"},
		"3.6.18":    {"GHSA-5cj2-rqqf-hx9p", "juju/juju#21993"},
		"3.6.18.1":  {"GHSA-5cj2-rqqf-hx9p", "juju/juju#21993"},
		"3.6.19":    nil,
		"4.0.0":     nil,
		"4.0-beta7": nil,
		"4.0.10":    {"juju/juju#22485"},
		"4.0.11":    {"juju/juju#22649"},
		"4.0.12":    nil,
		"4.0.13":    {"juju/juju#22961"},
		"4.1-beta3": nil,
		"":          nil,
		"unknown":   nil,
	} {
		t.Run(jujuVersion, func(t *testing.T) {
			t.Parallel()
			message := ""
			if condition := plan.KnownFaults(jujuVersion); condition != nil {
				message = condition.Message
			}
			for _, fault := range plan.JujuFaults() {
				want := false
				for _, report := range reports {
					want = want || report == fault.Report
				}
				if got := strings.Contains(message, fault.Effect+" ("+fault.Report+")"); got != want {
					t.Errorf("%s is reported: %t, want %t: %s", fault.Report, got, want, message)
				}
			}
			if message != "" && !strings.HasPrefix(message, "Juju "+jujuVersion+" has known faults: ") {
				t.Errorf("the message does not name the version: %s", message)
			}
		})
	}
}
