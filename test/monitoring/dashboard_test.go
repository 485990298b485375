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
	"github.com/juju-secrets/operator/test/gen"
)

// dashboard is a dashboard of Grafana, as far as it is of interest here.
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
	text, err := os.ReadFile(filepath.Join(root, "config", "grafana", "dashboard.json"))
	if err != nil {
		t.Fatal(err)
	}
	var read dashboard
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

// expressions are all of a dashboard, with something in the place of Grafana's variables.
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

// absent are our metrics that the dashboard leaves out on purpose.
var absent = map[string]string{
	"jujusecrets_object_ready": "it is there only with --metrics-per-object, and has a series for each object",
}

func TestTheDashboardShowsEveryMetricAndNoneThatThereIsNot(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.controller("local", "any")
	s.Create(gen.JujuSecret(s.ns, secretName, s.model.Name, gen.Locally("local")))
	s.awaitSum("jujusecrets_objects", labels{"kind": "JujuSecret"}, 1)
	_, all := s.scrape()
	used := expectKnown(t, readDashboard(t).expressions(), series(t, all))
	for _, metric := range metrics.Catalogue().All() {
		shown := used[metric.Name] || used[metric.Name+"_bucket"] || used[metric.Name+"_sum"]
		if _, leftOut := absent[metric.Name]; shown == leftOut {
			t.Errorf("%s is shown: %t, left out on purpose: %t", metric.Name, shown, leftOut)
		}
	}
}

func TestEveryPanelOfTheDashboardIsExplained(t *testing.T) {
	t.Parallel()
	read := readDashboard(t)
	ids := map[int]bool{}
	for _, panel := range read.Panels {
		if ids[panel.ID] {
			t.Errorf("two panels have the ID %d", panel.ID)
		}
		ids[panel.ID] = true
		if panel.Type != "row" && (panel.Title == "" || panel.Description == "" || len(panel.Targets) == 0) {
			t.Errorf("the panel %d %q shows or says nothing", panel.ID, panel.Title)
		}
		if panel.GridPos.X+panel.GridPos.W > 24 {
			t.Errorf("the panel %q is too far to the right", panel.Title)
		}
	}
	defined := map[string]string{}
	for _, variable := range read.Templating.List {
		defined[variable.Name] = variable.Definition
	}
	if got := defined["controller"]; got != "label_values(jujusecrets_juju_sessions, controller)" {
		t.Errorf("the variable controller is %q", got)
	}
}

// ofOurs is a metric of ours as an expression asks for it: by its name, its labels, and maybe over a time.
var ofOurs = regexp.MustCompile(`\b(jujusecrets_[a-z_]+)(?:\{[^}]*\})?(\[)?`)

// A counter says something by how much it grew over a time, and a gauge by what it is now.
func TestTheDashboardAsksForGrowthOfCountersAlone(t *testing.T) {
	t.Parallel()
	gauges := map[string]bool{}
	for _, metric := range metrics.Catalogue().All() {
		gauges[metric.Name] = metric.Type == "gauge"
	}
	for _, panel := range readDashboard(t).Panels {
		for _, target := range panel.Targets {
			for _, found := range ofOurs.FindAllStringSubmatch(target.Expr, -1) {
				if grows := found[2] != ""; grows == gauges[found[1]] {
					t.Errorf("the panel %q asks for %s over a time: %t", panel.Title, found[1], grows)
				}
			}
			if strings.Contains(panel.Title, "last") && !strings.Contains(target.Expr, "[") {
				t.Errorf("the panel %q tells how things are now: %s", panel.Title, target.Expr)
			}
		}
	}
}
