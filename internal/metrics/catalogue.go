// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import "github.com/prometheus/client_golang/prometheus"

// The types of metrics in Prometheus.
const (
	typeCounter   = "counter"
	typeGauge     = "gauge"
	typeHistogram = "histogram"
)

// The names of labels.
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
	// labelWatched differs from the label that Prometheus adds for the namespace
	// of the scraped Service.
	labelWatched = "watched_namespace"
)

// Metric defines one metric.
type Metric struct {
	Name, Type, Help string
	Labels           []string
	// Buckets are the upper bounds of a histogram's buckets.
	Buckets []float64
	// OnRequest is true for a metric that exists only with a flag.
	OnRequest bool
}

// Metrics holds the definition of every metric.
type Metrics struct {
	Requests, RequestDuration, BatchItems Metric
	Sessions, Refused, Logins             Metric
	SnapshotAge, SnapshotInterval         Metric
	MostRevisions, ModelsLookedUp         Metric
	DriftDetected, DriftCorrected         Metric
	DriftContested                        Metric
	Objects, ChangeDuration, ObjectReady  Metric
	Leading, NamespaceServed              Metric
}

// All returns the metrics in the order of the documentation.
func (m Metrics) All() []Metric {
	return []Metric{
		m.Leading, m.NamespaceServed, m.Objects, m.ObjectReady, m.ChangeDuration, m.DriftDetected, m.DriftCorrected,
		m.DriftContested, m.SnapshotAge, m.SnapshotInterval, m.MostRevisions, m.ModelsLookedUp, m.Sessions, m.Refused,
		m.Logins, m.Requests, m.RequestDuration, m.BatchItems,
	}
}

// Catalogue returns the definition of every metric.
func Catalogue() Metrics {
	perController := []string{labelController}
	all := Metrics{
		Leading: Metric{
			Name: "jujusecrets_leading", Type: typeGauge,
			Help: "1 if this replica is the leader and reconciles objects, 0 if it is on standby.",
		},
		NamespaceServed: Metric{
			Name: "jujusecrets_namespace_served", Type: typeGauge, Labels: []string{labelWatched},
			Help: "1 if the operator serves a namespace of --watch-namespaces, 0 if the API server refuses the namespace. " +
				"Only with --watch-namespaces.",
			OnRequest: true,
		},
		Objects: Metric{
			Name: "jujusecrets_objects", Type: typeGauge, Labels: []string{labelKind, labelStatus, labelReason},
			Help: "Number of objects that this operator serves, " +
				"by kind and by status and reason of the Ready condition.",
		},
		ObjectReady: Metric{
			Name: "jujusecrets_object_ready", Type: typeGauge,
			Labels:    []string{labelKind, labelNamespace, labelName, labelReason},
			Help:      "1 if the Ready condition of an object is True, 0 otherwise. Only with --metrics-per-object.",
			OnRequest: true,
		},
		ChangeDuration: Metric{
			Name: "jujusecrets_change_duration_seconds", Type: typeHistogram, Labels: []string{labelKind},
			Help: "Time from when the operator first saw a change of an object or of a source until Juju held it. " +
				"It includes retries, but not the time that the change waits for a user or for another object.",
			Buckets: []float64{.025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600},
		},
		DriftDetected: Metric{
			Name: "jujusecrets_drift_detected_total", Type: typeCounter, Labels: perController,
			Help: "Number of times that a managed secret was changed or removed in Juju " +
				"by someone other than the operator.",
		},
		DriftCorrected: Metric{
			Name: "jujusecrets_drift_corrected_total", Type: typeCounter, Labels: perController,
			Help: "Number of times that the operator reverted a change or removal that someone else made.",
		},
		DriftContested: Metric{
			Name: "jujusecrets_drift_contested_total", Type: typeCounter, Labels: perController,
			Help: "Number of pauses between corrections of an object, because another client undid the last ones.",
		},
		SnapshotAge: Metric{
			Name: "jujusecrets_snapshot_age_seconds", Type: typeGauge, Labels: perController,
			Help: "Age of the oldest snapshot of a model in use. 0 if no model is in use, and before the first login.",
		},
		SnapshotInterval: Metric{
			Name: "jujusecrets_snapshot_interval_seconds", Type: typeGauge, Labels: perController,
			Help: "Interval between snapshots of a model: spec.driftDetection.interval of the controller object.",
		},
		MostRevisions: Metric{
			Name: "jujusecrets_most_revisions", Type: typeGauge, Labels: perController,
			Help: "Largest number of revisions that Juju keeps of one secret, of any owner, in the models in use.",
		},
	}
	all.defineJuju()
	return all
}

// defineJuju defines the metrics of connections and requests to Juju.
func (m *Metrics) defineJuju() {
	perController := []string{labelController}
	m.ModelsLookedUp = Metric{
		Name: "jujusecrets_models_looked_up", Type: typeGauge, Labels: perController,
		Help: "Number of models in use in which the operator looks up single secrets, because a listing costs more.",
	}
	m.Sessions = Metric{
		Name: "jujusecrets_juju_sessions", Type: typeGauge, Labels: perController,
		Help: "Number of open connections to a Juju controller and its models.",
	}
	m.Refused = Metric{
		Name: "jujusecrets_juju_refused_sessions", Type: typeGauge, Labels: perController,
		Help: "Number of connections to a Juju controller and its models " +
			"that are closed because credentials are refused.",
	}
	m.Logins = Metric{
		Name: "jujusecrets_juju_logins_total", Type: typeCounter, Labels: []string{labelController, labelResult},
		Help: "Number of attempts to connect and log in to a Juju controller or one of its models, by result.",
	}
	m.Requests = Metric{
		Name: "jujusecrets_juju_requests_total", Type: typeCounter,
		Labels: []string{labelController, labelMethod, labelCode},
		Help:   "Number of requests to Juju after the login, by method and by the code of the answer.",
	}
	m.RequestDuration = Metric{
		Name: "jujusecrets_juju_request_duration_seconds", Type: typeHistogram,
		Labels:  []string{labelController, labelMethod},
		Help:    "Time from a request to Juju until its answer.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 40, 120, 320},
	}
	m.BatchItems = Metric{
		Name: "jujusecrets_juju_batch_items", Type: typeHistogram,
		Labels:  []string{labelController, labelMethod},
		Help:    "Number of secrets in one request that creates, updates or removes secrets.",
		Buckets: []float64{1, 2, 5, 10, 20, 50, 100},
	}
}

// desc returns the Prometheus description of the metric.
func (m Metric) desc() *prometheus.Desc { return prometheus.NewDesc(m.Name, m.Help, m.Labels, nil) }

// counter returns a Prometheus counter for the metric.
func (m Metric) counter() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.Name, Help: m.Help}, m.Labels)
}

// histogram returns a Prometheus histogram for the metric.
func (m Metric) histogram() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: m.Name, Help: m.Help, Buckets: m.Buckets},
		m.Labels)
}
