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

	"github.com/juju-secrets/operator/controllers"
	"github.com/juju-secrets/operator/internal/juju"
	"github.com/juju-secrets/operator/internal/plan"
)

// scrape is what Prometheus gets: the value of each series, of a histogram the count of its observations.
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
			value := metric.GetCounter().GetValue() + metric.GetGauge().GetValue() + float64(metric.GetHistogram().GetSampleCount())
			values[fmt.Sprintf("%s{%s}", family.GetName(), strings.Join(labels, ","))] = value
		}
	}
	return values
}

// about are the series that have a part in their name or labels.
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

func TestEveryMetricIsExplained(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, metric := range Catalogue().All() {
		if names[metric.Name] {
			t.Errorf("%s is there twice", metric.Name)
		}
		names[metric.Name] = true
		if !regexp.MustCompile(`^jujusecrets_[a-z_]+[a-z]$`).MatchString(metric.Name) || !strings.HasSuffix(metric.Help, ".") {
			t.Errorf("%s is named or explained otherwise: %q", metric.Name, metric.Help)
		}
		if counts := strings.HasSuffix(metric.Name, "_total"); counts != (metric.Type == typeCounter) {
			t.Errorf("%s is a %s", metric.Name, metric.Type)
		}
		if (len(metric.Buckets) > 0) != (metric.Type == typeHistogram) || !slices.IsSorted(metric.Buckets) {
			t.Errorf("%s is a %s with the buckets %v", metric.Name, metric.Type, metric.Buckets)
		}
	}
	if len(names) != 14 {
		t.Errorf("there are %d metrics, and All does not have a new one", len(names))
	}
}

func TestWhatHappensIsCounted(t *testing.T) {
	t.Parallel()
	c := NewCounts()
	c.Known(local)
	c.Asked(local, juju.Request{Method: "Secrets.CreateSecrets", Code: juju.CodeOK, Items: 3, Took: time.Second})
	c.Asked(local, juju.Request{Method: "Secrets.ListSecrets", Code: juju.CodeTimeout})
	c.LoggedIn(local, nil)
	c.LoggedIn(local, &plan.Trouble{Kind: plan.CredentialsRejected})
	c.Drifted(local)
	c.Corrected(local)
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
		of("change_duration_seconds", "kind=JujuSecret"):                                             1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestWhatIsCountedOfAControllerBeginsAtZero(t *testing.T) {
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
	if len(about("drift_", before)) != 2 {
		t.Errorf("before any drift there is %v", about("drift_", before))
	}
}

// Every kind of trouble that a login can have is among the results.
func TestEveryResultOfALoginBeginsAtZero(t *testing.T) {
	t.Parallel()
	for kind := plan.Failed; kind <= plan.Refused; kind++ {
		switch kind { //nolint:exhaustive // These are of requests, or of no login.
		case plan.NotConnected, plan.NameTaken, plan.SecretNotFound, plan.ApplicationNotFound:
			continue
		}
		if !slices.Contains(Results(), string(kind.Reason())) {
			t.Errorf("%s is not among the results", kind.Reason())
		}
	}
}

func TestNothingIsLeftOfAControllerThatIsForgotten(t *testing.T) {
	t.Parallel()
	c := NewCounts()
	const other plan.ControllerKey = "default"
	all := func(key plan.ControllerKey) {
		c.Asked(key, juju.Request{Method: "Secrets.CreateSecrets", Code: juju.CodeOK, Items: 1})
		c.LoggedIn(key, nil)
		c.Drifted(key)
		c.Corrected(key)
	}
	for _, key := range []plan.ControllerKey{local, other} {
		c.Known(key)
		all(key)
	}
	before := about(string(other), scrape(t, c))
	c.Forgotten(local)
	all(local) // What was under way.
	if left := about(string(local), scrape(t, c)); len(left) > 0 {
		t.Errorf("what is left: %v", left)
	}
	if diff := cmp.Diff(before, about(string(other), scrape(t, c))); diff != "" {
		t.Errorf("the other one changed (-before +after):\n%s", diff)
	}
}

// standings are those of one controller and four objects.
func standings(leads bool) Standings {
	elected := make(chan struct{})
	if leads {
		close(elected)
	}
	return Standings{
		Leads: elected,
		Controllers: func() map[plan.ControllerKey]juju.Standing {
			return map[plan.ControllerKey]juju.Standing{local: {Connections: 2, Refused: 1, Interval: time.Minute, SnapshotAge: time.Second}}
		},
		Objects: func(_ context.Context, visit func(controllers.Counted)) error {
			visit(controllers.Counted{Kind: "JujuController", Namespace: "team-a", Name: "local", Status: metav1.ConditionTrue, Reason: "Connected"})
			visit(controllers.Counted{Kind: "JujuSecret", Namespace: "team-a", Name: "one", Status: metav1.ConditionTrue, Reason: "Synced"})
			visit(controllers.Counted{Kind: "JujuSecret", Namespace: "team-a", Name: "two", Status: metav1.ConditionTrue, Reason: "Synced"})
			visit(controllers.Counted{Kind: "JujuSecret", Namespace: "team-a", Name: "three", Status: metav1.ConditionFalse, Reason: "NameTaken"})
			return nil
		},
	}
}

func TestHowThingsStandIsToldAtAScrape(t *testing.T) {
	t.Parallel()
	want := map[string]float64{
		"jujusecrets_leading{}":                                                 1,
		"jujusecrets_juju_sessions{controller=team-a/local}":                    2,
		"jujusecrets_juju_refused_sessions{controller=team-a/local}":            1,
		"jujusecrets_snapshot_age_seconds{controller=team-a/local}":             1,
		"jujusecrets_snapshot_interval_seconds{controller=team-a/local}":        60,
		"jujusecrets_objects{kind=JujuController,reason=Connected,status=True}": 1,
		"jujusecrets_objects{kind=JujuSecret,reason=Synced,status=True}":        2,
		"jujusecrets_objects{kind=JujuSecret,reason=NameTaken,status=False}":    1,
	}
	s := standings(true)
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
}

// Else the sum over all replicas would count each object several times.
func TestAReplicaThatDoesNotLeadTellsNothingElse(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(map[string]float64{"jujusecrets_leading{}": 0}, scrape(t, standings(false))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestANumberThatIsNotKnownFailsTheScrape(t *testing.T) {
	t.Parallel()
	s := standings(true)
	s.Objects = func(context.Context, func(controllers.Counted)) error { return errors.New("the cache is closed") }
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(s)
	if _, err := registry.Gather(); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("the scrape ends with %v", err)
	}
}
