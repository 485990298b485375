// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import "github.com/prometheus/client_golang/prometheus"

// The types of metrics, as Prometheus calls them.
const (
	typeCounter   = "counter"
	typeGauge     = "gauge"
	typeHistogram = "histogram"
)

// The labels.
const (
	labelController = "controller"
	labelMethod     = "method"
	labelCode       = "code"
	labelResult     = "result"
	labelKind       = "kind"
	labelStatus     = "status"
	labelReason     = "reason"
	labelNamespace  = "namespace"
	labelName       = "name"
)

// Metric is one metric.
type Metric struct {
	Name, Type, Help string
	Labels           []string
	// Buckets are those of a histogram.
	Buckets []float64
	// OnRequest tells that there is none of it unless --metrics-per-object is set.
	OnRequest bool
}

// Metrics are all metrics.
type Metrics struct {
	Requests, RequestDuration, BatchItems Metric
	Sessions, Refused, Logins             Metric
	SnapshotAge, SnapshotInterval         Metric
	DriftDetected, DriftCorrected         Metric
	Objects, ChangeDuration, ObjectReady  Metric
	Leading                               Metric
}

// All are the metrics in the order of the documentation.
func (m Metrics) All() []Metric {
	return []Metric{
		m.Leading, m.Objects, m.ObjectReady, m.ChangeDuration, m.DriftDetected, m.DriftCorrected, m.SnapshotAge, m.SnapshotInterval,
		m.Sessions, m.Refused, m.Logins, m.Requests, m.RequestDuration, m.BatchItems,
	}
}

// Catalogue has every metric.
func Catalogue() Metrics {
	return Metrics{
		Leading: Metric{Name: "jujusecrets_leading", Type: typeGauge, Help: "Whether this replica leads, and so works (1), or not (0)."},
		Objects: Metric{
			Name: "jujusecrets_objects", Type: typeGauge, Labels: []string{labelKind, labelStatus, labelReason},
			Help: "Objects that this operator serves, by kind and by the status and reason of their Ready condition.",
		},
		ObjectReady: Metric{
			Name: "jujusecrets_object_ready", Type: typeGauge, Labels: []string{labelKind, labelNamespace, labelName, labelReason},
			Help:      "Whether the Ready condition of an object is True (1) or not (0). Only with --metrics-per-object.",
			OnRequest: true,
		},
		ChangeDuration: Metric{
			Name: "jujusecrets_change_duration_seconds", Type: typeHistogram, Labels: []string{labelKind},
			Help: "From when the operator noticed a change of an object or of its source until Juju held it, with all waiting and " +
				"retries but those for somebody else.",
			Buckets: []float64{.025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600},
		},
		DriftDetected: Metric{
			Name: "jujusecrets_drift_detected_total", Type: typeCounter, Labels: []string{labelController},
			Help: "Secrets that were found to be changed or removed by somebody else.",
		},
		DriftCorrected: Metric{
			Name: "jujusecrets_drift_corrected_total", Type: typeCounter, Labels: []string{labelController},
			Help: "Secrets that somebody else had changed or removed, and that were made what the manifest says again.",
		},
		SnapshotAge: Metric{
			Name: "jujusecrets_snapshot_age_seconds", Type: typeGauge, Labels: []string{labelController},
			Help: "Age of the oldest of the last listings of the models in use. 0 while none is known, as before the first login.",
		},
		SnapshotInterval: Metric{
			Name: "jujusecrets_snapshot_interval_seconds", Type: typeGauge, Labels: []string{labelController},
			Help: "How often each model is listed, as spec.driftDetection.interval of the controller object says.",
		},
		Sessions: Metric{
			Name: "jujusecrets_juju_sessions", Type: typeGauge, Labels: []string{labelController},
			Help: "Open connections to a Juju controller and its models.",
		},
		Refused: Metric{
			Name: "jujusecrets_juju_refused_sessions", Type: typeGauge, Labels: []string{labelController},
			Help: "Connections to a Juju controller and its models that cannot be opened, since the credentials are refused.",
		},
		Logins: Metric{
			Name: "jujusecrets_juju_logins_total", Type: typeCounter, Labels: []string{labelController, labelResult},
			Help: "Attempts to connect and log in to a Juju controller or one of its models, by how they ended.",
		},
		Requests: Metric{
			Name: "jujusecrets_juju_requests_total", Type: typeCounter, Labels: []string{labelController, labelMethod, labelCode},
			Help: "Requests to Juju after the login, by how they ended.",
		},
		RequestDuration: Metric{
			Name: "jujusecrets_juju_request_duration_seconds", Type: typeHistogram, Labels: []string{labelController, labelMethod},
			Help:    "How long Juju took to answer a request.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 40, 120, 320},
		},
		BatchItems: Metric{
			Name: "jujusecrets_juju_batch_items", Type: typeHistogram, Labels: []string{labelController, labelMethod},
			Help:    "Secrets in one request that creates, updates or removes them.",
			Buckets: []float64{1, 2, 5, 10, 20, 50, 100},
		},
	}
}

func (m Metric) desc() *prometheus.Desc { return prometheus.NewDesc(m.Name, m.Help, m.Labels, nil) }

func (m Metric) counter() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.Name, Help: m.Help}, m.Labels)
}

func (m Metric) histogram() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: m.Name, Help: m.Help, Buckets: m.Buckets}, m.Labels)
}
