// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/plan"
)

// ResultOK is the result of a successful login. Any other result is the reason
// of the problem.
const ResultOK = "ok"

// Results returns all results of a login: the reasons of Juju's problems,
// except reasons that only occur in requests.
func Results() []string {
	ofRequests := []v1alpha1.Reason{
		v1alpha1.ReasonControllerNotReady, v1alpha1.ReasonNameTaken,
		v1alpha1.ReasonSecretNotFound, v1alpha1.ReasonApplicationNotFound,
	}
	results := []string{ResultOK}
	for _, reason := range plan.JujuReasons() {
		if !slices.Contains(ofRequests, reason) {
			results = append(results, string(reason))
		}
	}
	return results
}

// Counts counts events. It implements wire.Observer, controllers.Meter
// and prometheus.Collector. Requests that end after their controller was
// forgotten are not counted, so that no series of that controller remains.
type Counts struct {
	requests, logins                *prometheus.CounterVec
	detected, corrected, contested  *prometheus.CounterVec
	requestDuration, items, changes *prometheus.HistogramVec

	// mu is locked for writing while a controller is added or removed.
	mu    sync.RWMutex
	known map[plan.ControllerKey]bool
}

// NewCounts returns Counts without any series.
func NewCounts() *Counts {
	all := Catalogue()
	return &Counts{
		requests: all.Requests.counter(), logins: all.Logins.counter(),
		detected: all.DriftDetected.counter(), corrected: all.DriftCorrected.counter(),
		contested:       all.DriftContested.counter(),
		requestDuration: all.RequestDuration.histogram(), items: all.BatchItems.histogram(),
		changes: all.ChangeDuration.histogram(), known: map[plan.ControllerKey]bool{},
	}
}

// vec is a metric with labels, of any type.
type vec interface {
	prometheus.Collector
	DeletePartialMatch(labels prometheus.Labels) int
}

// ofControllers returns the metrics that have a series for each controller.
func (c *Counts) ofControllers() []vec {
	return []vec{c.requests, c.requestDuration, c.items, c.logins, c.detected, c.corrected, c.contested}
}

// Describe implements prometheus.Collector.
func (c *Counts) Describe(to chan<- *prometheus.Desc) {
	for _, metric := range append(c.ofControllers(), c.changes) {
		metric.Describe(to)
	}
}

// Collect implements prometheus.Collector.
func (c *Counts) Collect(to chan<- prometheus.Metric) {
	for _, metric := range append(c.ofControllers(), c.changes) {
		metric.Collect(to)
	}
}

// Known implements wire.Observer. It creates the series with known labels at 0,
// so that Prometheus sees their first increase.
func (c *Counts) Known(controller plan.ControllerKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known[controller] = true
	for _, result := range Results() {
		c.logins.WithLabelValues(string(controller), result)
	}
	c.detected.WithLabelValues(string(controller))
	c.corrected.WithLabelValues(string(controller))
	c.contested.WithLabelValues(string(controller))
}

// Forgotten implements wire.Observer.
func (c *Counts) Forgotten(controller plan.ControllerKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, controller)
	for _, metric := range c.ofControllers() {
		metric.DeletePartialMatch(prometheus.Labels{labelController: string(controller)})
	}
}

// of calls count if the controller is known.
func (c *Counts) of(controller plan.ControllerKey, count func()) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.known[controller] {
		count()
	}
}

// Asked implements wire.Observer.
func (c *Counts) Asked(controller plan.ControllerKey, request wire.Request) {
	c.of(controller, func() {
		c.requests.WithLabelValues(string(controller), request.Method, request.Code).Inc()
		c.requestDuration.WithLabelValues(string(controller), request.Method).Observe(request.Took.Seconds())
		if request.Items > 0 {
			c.items.WithLabelValues(string(controller), request.Method).Observe(float64(request.Items))
		}
	})
}

// LoggedIn implements wire.Observer.
func (c *Counts) LoggedIn(controller plan.ControllerKey, problem *plan.Problem) {
	result := ResultOK
	if problem != nil {
		result = string(problem.Reason)
	}
	c.of(controller, func() { c.logins.WithLabelValues(string(controller), result).Inc() })
}

// Drifted implements controllers.Meter.
func (c *Counts) Drifted(controller plan.ControllerKey) {
	c.of(controller, func() { c.detected.WithLabelValues(string(controller)).Inc() })
}

// Corrected implements controllers.Meter.
func (c *Counts) Corrected(controller plan.ControllerKey) {
	c.of(controller, func() { c.corrected.WithLabelValues(string(controller)).Inc() })
}

// Contested implements controllers.Meter.
func (c *Counts) Contested(controller plan.ControllerKey) {
	c.of(controller, func() { c.contested.WithLabelValues(string(controller)).Inc() })
}

// Applied implements controllers.Meter.
func (c *Counts) Applied(kind string, took time.Duration) {
	c.changes.WithLabelValues(kind).Observe(took.Seconds())
}
