// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/juju-secrets/operator/internal/metrics"
	"github.com/juju-secrets/operator/test/env"
)

// prometheusRule holds the parts of a PrometheusRule that the tests use.
type prometheusRule struct {
	Spec struct {
		Groups []group `json:"groups"`
	} `json:"spec"`
}

type group struct {
	Name  string `json:"name"`
	Rules []rule `json:"rules"`
}

type rule struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for,omitempty"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// readRules returns the groups of alerts.
func readRules(t *testing.T) []group {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(env.Root, "config", "prometheus", "rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var object prometheusRule
	if err := yaml.Unmarshal(text, &object); err != nil {
		t.Fatal(err)
	}
	if len(object.Spec.Groups) == 0 {
		t.Fatal("there are no rules")
	}
	return object.Spec.Groups
}

// writeGroups writes rules for promtool into a folder. The file has the name
// that rules_test.yaml refers to.
func writeGroups(t *testing.T, dir string, groups []group) string {
	t.Helper()
	text, err := yaml.Marshal(map[string]any{"groups": groups})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "rules.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAlertRulesAreValid(t *testing.T) {
	t.Parallel()
	path := writeGroups(t, t.TempDir(), readRules(t))
	if out, err := promtool(t, "", "check", "rules", "--lint=all", "--lint-fatal", path); err != nil {
		t.Errorf("promtool check rules: %v\n%s", err, out)
	}
}

// cases are the test cases of rules_test.yaml.
type cases struct {
	Tests []struct {
		Name  string `json:"name"`
		Rules []struct {
			Alert  string `json:"alertname"`
			Alerts []any  `json:"exp_alerts"`
		} `json:"alert_rule_test"`
	} `json:"tests"`
}

func TestAlertsFireOnlyWhenExpected(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(env.Root, "config", "prometheus", "rules_test.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	groups := readRules(t)
	for _, group := range groups {
		for i := range group.Rules {
			group.Rules[i].Annotations = map[string]string{"summary": group.Rules[i].Annotations["summary"]}
		}
	}
	dir := t.TempDir()
	writeGroups(t, dir, groups)
	path := filepath.Join(dir, "rules_test.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil { //nolint:gosec // The path is in a temporary folder.
		t.Fatal(err)
	}
	if out, err := promtool(t, "", "test", "rules", path); err != nil {
		t.Errorf("promtool test rules: %v\n%s", err, out)
	}

	var played cases
	if err := yaml.Unmarshal(text, &played); err != nil {
		t.Fatal(err)
	}
	fires, quiet := map[string]bool{}, map[string]bool{}
	for _, test := range played.Tests {
		firing := false
		for _, one := range test.Rules {
			firing = firing || len(one.Alerts) > 0
		}
		for _, one := range test.Rules {
			fires[one.Alert] = fires[one.Alert] || firing
			quiet[one.Alert] = quiet[one.Alert] || !firing
		}
	}
	for _, group := range groups {
		for _, rule := range group.Rules {
			if !fires[rule.Alert] || !quiet[rule.Alert] {
				t.Errorf("%s: a case in which it fires: %t, a case in which it does not fire: %t",
					rule.Alert, fires[rule.Alert], quiet[rule.Alert])
			}
		}
	}
}

func TestAlertsHaveDescriptionAndRunbook(t *testing.T) {
	t.Parallel()
	const docs = "https://github.com/juju-secrets/operator/blob/main/"
	for _, group := range readRules(t) {
		for _, rule := range group.Rules {
			for _, name := range []string{"summary", "description"} {
				if text := rule.Annotations[name]; text == "" || !strings.HasSuffix(text, ".") {
					t.Errorf("%s has the %s %q, want a sentence", rule.Alert, name, text)
				}
			}
			if severity := rule.Labels["severity"]; severity != "critical" && severity != "warning" {
				t.Errorf("%s has the severity %q, want critical or warning", rule.Alert, severity)
			}
			page, anchor, _ := strings.Cut(strings.TrimPrefix(rule.Annotations["runbook_url"], docs), "#")
			text, err := os.ReadFile(filepath.Join(env.Root, page)) //nolint:gosec // The file is in this repository.
			if err != nil {
				t.Errorf("%s: the runbook does not exist: %v", rule.Alert, err)
			}
			if anchor != strings.ToLower(rule.Alert) || !bytes.Contains(text, []byte("\n### "+rule.Alert+"\n")) {
				t.Errorf("%s: %s has no section %q about the alert", rule.Alert, page, anchor)
			}
		}
	}
}

// query holds the selectors and labels that a PromQL expression uses.
type query struct {
	Selectors []struct {
		Metric string   `json:"metric"`
		Labels []string `json:"labels"`
	} `json:"selectors"`
	Labels []string `json:"labels"`
}

// parseQueries parses PromQL expressions.
func parseQueries(t *testing.T, expressions []string) []query {
	t.Helper()
	path := os.Getenv("SELECTORS")
	if path == "" {
		t.Fatal("SELECTORS is not set: run the test with make, which builds the program and sets the variable")
	}
	in, err := json.Marshal(expressions)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path) //nolint:gosec // The Makefile sets the path.
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	var found []query
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatal(err)
	}
	return found
}

// series returns the labels of every known series by name. The operator's
// series come from the code. The series of other metrics come from a scrape.
func series(t *testing.T, others scraped) map[string][]string {
	t.Helper()
	ofTarget := []string{"job", "instance", "namespace", "service", "pod"}
	known := map[string][]string{"up": ofTarget}
	for _, metric := range metrics.Catalogue().All() {
		labels := append(slices.Clone(metric.Labels), ofTarget...)
		if len(metric.Buckets) == 0 {
			known[metric.Name] = labels
			continue
		}
		known[metric.Name+"_sum"], known[metric.Name+"_count"] = labels, labels
		known[metric.Name+"_bucket"] = append(slices.Clone(labels), "le")
	}
	for _, one := range others {
		if strings.HasPrefix(one.name, "jujusecrets_") {
			continue
		}
		for label := range one.labels {
			known[one.name] = append(known[one.name], label)
		}
		known[one.name] = append(known[one.name], ofTarget...)
	}
	return known
}

// expectKnown checks that expressions use only known metrics and labels. It
// returns the used metrics.
func expectKnown(t *testing.T, expressions []string, known map[string][]string) (used map[string]bool) {
	t.Helper()
	used = map[string]bool{}
	for i, found := range parseQueries(t, expressions) {
		var all []string
		for _, selector := range found.Selectors {
			used[selector.Metric] = true
			labels, exists := known[selector.Metric]
			if !exists {
				t.Errorf("there is no metric %s: %s", selector.Metric, expressions[i])
			}
			all = append(all, labels...)
			for _, label := range selector.Labels {
				if !slices.Contains(labels, label) {
					t.Errorf("%s has no label %s: %s", selector.Metric, label, expressions[i])
				}
			}
		}
		for _, label := range found.Labels {
			if !slices.Contains(all, label) {
				t.Errorf("no metric has the label %s: %s", label, expressions[i])
			}
		}
	}
	return used
}

func TestAlertsUseKnownMetrics(t *testing.T) {
	t.Parallel()
	var expressions []string
	for _, group := range readRules(t) {
		for _, rule := range group.Rules {
			expressions = append(expressions, rule.Expr)
		}
	}
	expectKnown(t, expressions, series(t, nil))
}
