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
)

// prometheusRule is a PrometheusRule, as far as it is of interest here.
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

// readRules are the alerts.
func readRules(t *testing.T) []group {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "config", "prometheus", "rules.yaml"))
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

// writeGroups writes rules as promtool reads them, into the folder, under the name that rules_test.yaml has for them.
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

func TestTheRulesAreValid(t *testing.T) {
	t.Parallel()
	if out, err := promtool(t, "", "check", "rules", "--lint=all", "--lint-fatal", writeGroups(t, t.TempDir(), readRules(t))); err != nil {
		t.Errorf("promtool check rules: %v\n%s", err, out)
	}
}

// cases are what rules_test.yaml plays.
type cases struct {
	Tests []struct {
		Name  string `json:"name"`
		Rules []struct {
			Alert  string `json:"alertname"`
			Alerts []any  `json:"exp_alerts"`
		} `json:"alert_rule_test"`
	} `json:"tests"`
}

func TestEachAlertFiresWhenItShouldAndOnlyThen(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "config", "prometheus", "rules_test.yaml"))
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
	if err := os.WriteFile(path, text, 0o600); err != nil { //nolint:gosec // A path of our own making.
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
				t.Errorf("%s: a case in which it fires: %t, one in which it does not: %t", rule.Alert, fires[rule.Alert], quiet[rule.Alert])
			}
		}
	}
}

func TestEachAlertSaysWhatToDo(t *testing.T) {
	t.Parallel()
	const docs = "https://github.com/juju-secrets/operator/blob/main/"
	for _, group := range readRules(t) {
		for _, rule := range group.Rules {
			for _, name := range []string{"summary", "description"} {
				if text := rule.Annotations[name]; text == "" || !strings.HasSuffix(text, ".") {
					t.Errorf("%s has the %s %q", rule.Alert, name, text)
				}
			}
			if severity := rule.Labels["severity"]; severity != "critical" && severity != "warning" {
				t.Errorf("%s has the severity %q", rule.Alert, severity)
			}
			page, anchor, _ := strings.Cut(strings.TrimPrefix(rule.Annotations["runbook_url"], docs), "#")
			text, err := os.ReadFile(filepath.Join(root, page)) //nolint:gosec // A file of this repository.
			if err != nil {
				t.Errorf("%s: the runbook is not there: %v", rule.Alert, err)
			}
			if anchor != strings.ToLower(rule.Alert) || !bytes.Contains(text, []byte("\n### "+rule.Alert+"\n")) {
				t.Errorf("%s: %s has no part %q about it", rule.Alert, page, anchor)
			}
		}
	}
}

// asked is what a PromQL expression asks for.
type asked struct {
	Selectors []struct {
		Metric string   `json:"metric"`
		Labels []string `json:"labels"`
	} `json:"selectors"`
	Labels []string `json:"labels"`
}

// takeApart says what expressions ask for.
func takeApart(t *testing.T, expressions []string) []asked {
	t.Helper()
	path := os.Getenv("SELECTORS")
	if path == "" {
		t.Fatal("SELECTORS is not set: run this through the Makefile, which builds the program and sets it")
	}
	in, err := json.Marshal(expressions)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path) //nolint:gosec // A program of our own choice.
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	var found []asked
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatal(err)
	}
	return found
}

// series are the labels of every series that can be there, by its name: ours from the code, and those of others that are scraped with
// them.
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

// expectKnown checks that expressions ask for nothing but what is there, and tells which metrics they ask for.
func expectKnown(t *testing.T, expressions []string, known map[string][]string) (used map[string]bool) {
	t.Helper()
	used = map[string]bool{}
	for i, found := range takeApart(t, expressions) {
		var all []string
		for _, selector := range found.Selectors {
			used[selector.Metric] = true
			labels, there := known[selector.Metric]
			if !there {
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
				t.Errorf("nothing has the label %s: %s", label, expressions[i])
			}
		}
	}
	return used
}

func TestTheAlertsAskForWhatThereIs(t *testing.T) {
	t.Parallel()
	var expressions []string
	for _, group := range readRules(t) {
		for _, rule := range group.Rules {
			expressions = append(expressions, rule.Expr)
		}
	}
	expectKnown(t, expressions, series(t, nil))
}
