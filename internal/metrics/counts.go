// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/juju-secrets/operator/internal/juju"
	"github.com/juju-secrets/operator/internal/plan"
)

// ResultOK is the result of a login that succeeded. Every other is the reason that objects have for the trouble.
const ResultOK = "ok"

// Results are all results of a login.
func Results() []string {
	results := []string{ResultOK}
	for _, kind := range []plan.Kind{
		plan.Unreachable, plan.CredentialsRejected, plan.CertificateMismatch, plan.AnotherController, plan.ModelNotFound,
		plan.PermissionDenied, plan.Busy, plan.TooOld, plan.Refused, plan.Failed,
	} {
		results = append(results, string(kind.Reason()))
	}
	return results
}

// Counts are what is counted when it happens. Of a controller that is not known nothing is, so that none of it is left once it is
// forgotten. It is an observer for package juju, a meter for package controllers, and a collector for Prometheus.
type Counts struct {
	requests, logins, detected, corrected *prometheus.CounterVec
	requestDuration, items, changes       *prometheus.HistogramVec

	// mu is held for writing while a controller comes or goes.
	mu    sync.RWMutex
	known map[plan.ControllerKey]bool
}

// NewCounts makes Counts of nothing.
func NewCounts() *Counts {
	all := Catalogue()
	return &Counts{
		requests: all.Requests.counter(), logins: all.Logins.counter(),
		detected: all.DriftDetected.counter(), corrected: all.DriftCorrected.counter(),
		requestDuration: all.RequestDuration.histogram(), items: all.BatchItems.histogram(),
		changes: all.ChangeDuration.histogram(), known: map[plan.ControllerKey]bool{},
	}
}

// vec is any metric with labels.
type vec interface {
	prometheus.Collector
	DeletePartialMatch(labels prometheus.Labels) int
}

// ofControllers are the metrics of which each controller has its own.
func (c *Counts) ofControllers() []vec {
	return []vec{c.requests, c.requestDuration, c.items, c.logins, c.detected, c.corrected}
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

// Known implements juju.Observer. What can be said before it happens begins at 0, so that it shows as an increase unless it comes before
// the next scrape.
func (c *Counts) Known(controller plan.ControllerKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known[controller] = true
	for _, result := range Results() {
		c.logins.WithLabelValues(string(controller), result)
	}
	c.detected.WithLabelValues(string(controller))
	c.corrected.WithLabelValues(string(controller))
}

// Forgotten implements juju.Observer.
func (c *Counts) Forgotten(controller plan.ControllerKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, controller)
	for _, metric := range c.ofControllers() {
		metric.DeletePartialMatch(prometheus.Labels{labelController: string(controller)})
	}
}

// of counts something of a controller, if that is known.
func (c *Counts) of(controller plan.ControllerKey, count func()) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.known[controller] {
		count()
	}
}

// Asked implements juju.Observer.
func (c *Counts) Asked(controller plan.ControllerKey, request juju.Request) {
	c.of(controller, func() {
		c.requests.WithLabelValues(string(controller), request.Method, request.Code).Inc()
		c.requestDuration.WithLabelValues(string(controller), request.Method).Observe(request.Took.Seconds())
		if request.Items > 0 {
			c.items.WithLabelValues(string(controller), request.Method).Observe(float64(request.Items))
		}
	})
}

// LoggedIn implements juju.Observer.
func (c *Counts) LoggedIn(controller plan.ControllerKey, trouble *plan.Trouble) {
	result := ResultOK
	if trouble != nil {
		result = string(trouble.Kind.Reason())
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

// Applied implements controllers.Meter.
func (c *Counts) Applied(kind string, took time.Duration) {
	c.changes.WithLabelValues(kind).Observe(took.Seconds())
}
