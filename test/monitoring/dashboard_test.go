// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/juju-secrets/operator/internal/metrics"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
)

// dashboard holds the parts of a Grafana dashboard that the tests use.
type dashboard struct {
	Templating struct {
		List []struct {
			Name       string `json:"name"`
			Definition string `json:"definition"`
		} `json:"list"`
	} `json:"templating"`
	Panels []struct {
		ID          int    `json:"id"`
		Type        string `json:"type"`
		Title       string `json:"title"`
		Description string `json:"description"`
		GridPos     struct {
			X int `json:"x"`
			W int `json:"w"`
		} `json:"gridPos"`
		Targets []struct {
			Expr string `json:"expr"`
		} `json:"targets"`
	} `json:"panels"`
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(env.Root, "config", "grafana", "dashboard.json"))
	if err != nil {
		t.Fatal(err)
	}
	var read dashboard
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

// expressions returns all PromQL expressions of a dashboard. It replaces the
// variables of Grafana.
func (d dashboard) expressions() []string {
	filled := strings.NewReplacer("$__rate_interval", "5m", "$controller", ".*")
	var all []string
	for _, panel := range d.Panels {
		for _, target := range panel.Targets {
			all = append(all, filled.Replace(target.Expr))
		}
	}
	return all
}

// absent are the metrics that the dashboard leaves out, with the reason.
var absent = map[string]string{
	"jujusecrets_object_ready":     "it exists only with --metrics-per-object, and has a series for each object",
	"jujusecrets_namespace_served": "it exists only with --watch-namespaces",
}

func TestDashboardShowsEveryMetricAndOnlyKnownOnes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.controller("local", "any")
	f.Create(gen.JujuSecret(f.Namespace, secretName, f.Model.Name, gen.Locally("local")))
	f.awaitSum("jujusecrets_objects", labels{"kind": "JujuSecret"}, 1)
	_, all := f.scrape()
	used := expectKnown(t, readDashboard(t).expressions(), series(t, all))
	for _, metric := range metrics.Catalogue().All() {
		shown := used[metric.Name] || used[metric.Name+"_bucket"] || used[metric.Name+"_sum"]
		if _, leftOut := absent[metric.Name]; shown == leftOut {
			t.Errorf("%s is shown: %t, left out intentionally: %t", metric.Name, shown, leftOut)
		}
	}
}

func TestDashboardPanelsAreDescribed(t *testing.T) {
	t.Parallel()
	read := readDashboard(t)
	ids := map[int]bool{}
	for _, panel := range read.Panels {
		if ids[panel.ID] {
			t.Errorf("two panels have the ID %d", panel.ID)
		}
		ids[panel.ID] = true
		if panel.Type != "row" && (panel.Title == "" || panel.Description == "" || len(panel.Targets) == 0) {
			t.Errorf("the panel %d %q has no title, description or target", panel.ID, panel.Title)
		}
		if panel.GridPos.X+panel.GridPos.W > 24 {
			t.Errorf("the panel %q extends beyond the right edge of the dashboard", panel.Title)
		}
	}
	defined := map[string]string{}
	for _, variable := range read.Templating.List {
		defined[variable.Name] = variable.Definition
	}
	if got := defined["controller"]; got != "label_values(jujusecrets_juju_sessions, controller)" {
		t.Errorf("the variable controller is defined as %q", got)
	}
}

// ofOurs matches a metric of the operator in an expression: its name, its
// labels and an optional range.
var ofOurs = regexp.MustCompile(`\b(jujusecrets_[a-z_]+)(?:\{[^}]*\})?(\[)?`)

// A counter is meaningful only over a range, and a gauge only as its current
// value.
func TestDashboardUsesRangesForCountersOnly(t *testing.T) {
	t.Parallel()
	gauges := map[string]bool{}
	for _, metric := range metrics.Catalogue().All() {
		gauges[metric.Name] = metric.Type == "gauge"
	}
	for _, panel := range readDashboard(t).Panels {
		for _, target := range panel.Targets {
			for _, found := range ofOurs.FindAllStringSubmatch(target.Expr, -1) {
				if grows := found[2] != ""; grows == gauges[found[1]] {
					t.Errorf("the panel %q uses %s with a range: %t", panel.Title, found[1], grows)
				}
			}
			if strings.Contains(panel.Title, "last") && !strings.Contains(target.Expr, "[") {
				t.Errorf("the panel %q has a period in its title and no range in its expression: %s",
					panel.Title, target.Expr)
			}
		}
	}
}
