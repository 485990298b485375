// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/juju"
	"github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/plan"
)

// scrape returns the value of each series, and for a histogram the number of
// its observations.
func scrape(t *testing.T, collectors ...prometheus.Collector) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collectors...)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			var labels []string
			for _, label := range metric.GetLabel() {
				labels = append(labels, label.GetName()+"="+label.GetValue())
			}
			value := metric.GetCounter().GetValue() + metric.GetGauge().GetValue() +
				float64(metric.GetHistogram().GetSampleCount())
			values[fmt.Sprintf("%s{%s}", family.GetName(), strings.Join(labels, ","))] = value
		}
	}
	return values
}

// about returns the series with a string in their name or labels.
func about(part string, values map[string]float64) map[string]float64 {
	found := map[string]float64{}
	for series, value := range values {
		if strings.Contains(series, part) {
			found[series] = value
		}
	}
	return found
}

const local plan.ControllerKey = "team-a/local"

func TestMetricsFollowTheNamingConventions(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, metric := range Catalogue().All() {
		if names[metric.Name] {
			t.Errorf("%s is defined twice", metric.Name)
		}
		names[metric.Name] = true
		named := regexp.MustCompile(`^jujusecrets_[a-z_]+[a-z]$`).MatchString(metric.Name)
		if !named || !strings.HasSuffix(metric.Help, ".") {
			t.Errorf("%s has a wrong name or help text: %q", metric.Name, metric.Help)
		}
		if counts := strings.HasSuffix(metric.Name, "_total"); counts != (metric.Type == typeCounter) {
			t.Errorf("%s is a %s", metric.Name, metric.Type)
		}
		if (len(metric.Buckets) > 0) != (metric.Type == typeHistogram) || !slices.IsSorted(metric.Buckets) {
			t.Errorf("%s is a %s with the buckets %v", metric.Name, metric.Type, metric.Buckets)
		}
	}
	if len(names) != 18 {
		t.Errorf("there are %d metrics, want 18: add a new one to All", len(names))
	}
}

func TestEventsAreCounted(t *testing.T) {
	t.Parallel()
	c := NewCounts()
	c.Known(local)
	c.Asked(local, wire.Request{Method: "Secrets.CreateSecrets", Code: wire.CodeOK, Items: 3, Took: time.Second})
	c.Asked(local, wire.Request{Method: "Secrets.ListSecrets", Code: wire.CodeTimeout})
	c.LoggedIn(local, nil)
	c.LoggedIn(local, &plan.Problem{Reason: v1alpha1.ReasonCredentialsRejected})
	c.Drifted(local)
	c.Corrected(local)
	c.Contested(local)
	c.Applied("JujuSecret", time.Second)
	got := scrape(t, c)
	for series, value := range got {
		if value == 0 {
			delete(got, series)
		}
	}
	of := func(name, labels string) string { return "jujusecrets_" + name + "{" + labels + "}" }
	want := map[string]float64{
		of("juju_requests_total", "code=ok,controller=team-a/local,method=Secrets.CreateSecrets"):    1,
		of("juju_requests_total", "code=timeout,controller=team-a/local,method=Secrets.ListSecrets"): 1,
		of("juju_request_duration_seconds", "controller=team-a/local,method=Secrets.CreateSecrets"):  1,
		of("juju_request_duration_seconds", "controller=team-a/local,method=Secrets.ListSecrets"):    1,
		of("juju_batch_items", "controller=team-a/local,method=Secrets.CreateSecrets"):               1,
		of("juju_logins_total", "controller=team-a/local,result=ok"):                                 1,
		of("juju_logins_total", "controller=team-a/local,result=CredentialsRejected"):                1,
		of("drift_detected_total", "controller=team-a/local"):                                        1,
		of("drift_corrected_total", "controller=team-a/local"):                                       1,
		of("drift_contested_total", "controller=team-a/local"):                                       1,
		of("change_duration_seconds", "kind=JujuSecret"):                                             1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestCountersOfAControllerStartAtZero(t *testing.T) {
	t.Parallel()
	c := NewCounts()
	c.Known(local)
	before := scrape(t, c)
	for _, result := range Results() {
		series := "jujusecrets_juju_logins_total{controller=team-a/local,result=" + result + "}"
		if value, there := before[series]; !there || value != 0 {
			t.Errorf("%s is %v before any login", series, value)
		}
	}
	if len(about("drift_", before)) != 3 {
		t.Errorf("before any drift the series are %v", about("drift_", before))
	}
}

func TestForgottenControllerLeavesNoSeries(t *testing.T) {
	t.Parallel()
	c := NewCounts()
	const other plan.ControllerKey = "default"
	all := func(key plan.ControllerKey) {
		c.Asked(key, wire.Request{Method: "Secrets.CreateSecrets", Code: wire.CodeOK, Items: 1})
		c.LoggedIn(key, nil)
		c.Drifted(key)
		c.Corrected(key)
		c.Contested(key)
	}
	for _, key := range []plan.ControllerKey{local, other} {
		c.Known(key)
		all(key)
	}
	before := about(string(other), scrape(t, c))
	c.Forgotten(local)
	all(local) // Requests that were in flight.
	if left := about(string(local), scrape(t, c)); len(left) > 0 {
		t.Errorf("series that remain: %v", left)
	}
	if diff := cmp.Diff(before, about(string(other), scrape(t, c))); diff != "" {
		t.Errorf("the series of the other controller changed (-before +after):\n%s", diff)
	}
}

// stateCollector returns a collector of one controller and four objects.
func stateCollector(leads bool) StateCollector {
	elected := make(chan struct{})
	if leads {
		close(elected)
	}
	return StateCollector{
		Elected: elected,
		Controllers: func() map[plan.ControllerKey]juju.ControllerStats {
			return map[plan.ControllerKey]juju.ControllerStats{
				local: {Connections: 2, Refused: 1, Interval: time.Minute, SnapshotAge: time.Second, MostRevisions: 7, LookedUp: 1},
			}
		},
		Objects: func(_ context.Context, fn func(ObjectState)) error {
			for _, state := range []ObjectState{
				{"JujuController", "team-a", "local", metav1.ConditionTrue, "Connected"},
				{"JujuSecret", "team-a", "one", metav1.ConditionTrue, "Synced"},
				{"JujuSecret", "team-a", "two", metav1.ConditionTrue, "Synced"},
				{"JujuSecret", "team-a", "three", metav1.ConditionFalse, "NameTaken"},
			} {
				fn(state)
			}
			return nil
		},
	}
}

func TestStateIsCollectedAtEachScrape(t *testing.T) {
	t.Parallel()
	want := map[string]float64{
		"jujusecrets_leading{}":                                                 1,
		"jujusecrets_juju_sessions{controller=team-a/local}":                    2,
		"jujusecrets_juju_refused_sessions{controller=team-a/local}":            1,
		"jujusecrets_snapshot_age_seconds{controller=team-a/local}":             1,
		"jujusecrets_snapshot_interval_seconds{controller=team-a/local}":        60,
		"jujusecrets_most_revisions{controller=team-a/local}":                   7,
		"jujusecrets_models_looked_up{controller=team-a/local}":                 1,
		"jujusecrets_objects{kind=JujuController,reason=Connected,status=True}": 1,
		"jujusecrets_objects{kind=JujuSecret,reason=Synced,status=True}":        2,
		"jujusecrets_objects{kind=JujuSecret,reason=NameTaken,status=False}":    1,
	}
	s := stateCollector(true)
	if diff := cmp.Diff(want, scrape(t, s)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	s.PerObject = true
	named := about("object_ready", scrape(t, s))
	if diff := cmp.Diff(map[string]float64{
		"jujusecrets_object_ready{kind=JujuController,name=local,namespace=team-a,reason=Connected}": 1,
		"jujusecrets_object_ready{kind=JujuSecret,name=one,namespace=team-a,reason=Synced}":          1,
		"jujusecrets_object_ready{kind=JujuSecret,name=two,namespace=team-a,reason=Synced}":          1,
		"jujusecrets_object_ready{kind=JujuSecret,name=three,namespace=team-a,reason=NameTaken}":     0,
	}, named); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	s.Namespaces = func() map[string]bool { return map[string]bool{"team-a": true, "team-b": false} }
	if diff := cmp.Diff(map[string]float64{
		"jujusecrets_namespace_served{watched_namespace=team-a}": 1,
		"jujusecrets_namespace_served{watched_namespace=team-b}": 0,
	}, about("namespace_served", scrape(t, s))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Otherwise sums over all replicas would count each object several times.
func TestStandbyReplicaReportsOnlyThatItDoesNotLead(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(map[string]float64{"jujusecrets_leading{}": 0}, scrape(t, stateCollector(false))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestErrorOfTheCacheFailsTheScrape(t *testing.T) {
	t.Parallel()
	s := stateCollector(true)
	s.Objects = func(context.Context, func(ObjectState)) error { return errors.New("the cache is closed") }
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(s)
	if _, err := registry.Gather(); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("the scrape ends with %v", err)
	}
}
