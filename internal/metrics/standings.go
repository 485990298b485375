// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/controllers"
	"github.com/juju-secrets/operator/internal/juju"
	"github.com/juju-secrets/operator/internal/plan"
)

// patience is how long a scrape waits for the cache, which has everything at once unless the operator is about to stop.
const patience = 5 * time.Second

// Standings tell at each scrape how things stand. They keep nothing, so what is gone is not told of.
type Standings struct {
	// Leads is closed once this replica leads, or works without an election. The others would tell the same again.
	Leads <-chan struct{}
	// Controllers are how the controllers stand.
	Controllers func() map[plan.ControllerKey]juju.Standing
	// Objects visits all objects.
	Objects func(ctx context.Context, visit func(controllers.Counted)) error
	// PerObject tells of each object by its name.
	PerObject bool
}

// Describe implements prometheus.Collector.
func (s Standings) Describe(to chan<- *prometheus.Desc) {
	all := Catalogue()
	for _, metric := range []Metric{all.Leading, all.Sessions, all.Refused, all.SnapshotAge, all.SnapshotInterval, all.Objects} {
		to <- metric.desc()
	}
	if s.PerObject {
		to <- all.ObjectReady.desc()
	}
}

// Collect implements prometheus.Collector.
func (s Standings) Collect(to chan<- prometheus.Metric) {
	leading := Catalogue().Leading.desc()
	select {
	case <-s.Leads:
		to <- prometheus.MustNewConstMetric(leading, prometheus.GaugeValue, 1)
	default:
		to <- prometheus.MustNewConstMetric(leading, prometheus.GaugeValue, 0) // Else nobody could tell that nobody works.
		return
	}
	s.collectControllers(to)
	s.collectObjects(to)
}

func (s Standings) collectControllers(to chan<- prometheus.Metric) {
	all := Catalogue()
	sessions, refused, age, interval := all.Sessions.desc(), all.Refused.desc(), all.SnapshotAge.desc(), all.SnapshotInterval.desc()
	for key, standing := range s.Controllers() {
		to <- prometheus.MustNewConstMetric(sessions, prometheus.GaugeValue, float64(standing.Connections), string(key))
		to <- prometheus.MustNewConstMetric(refused, prometheus.GaugeValue, float64(standing.Refused), string(key))
		to <- prometheus.MustNewConstMetric(age, prometheus.GaugeValue, standing.SnapshotAge.Seconds(), string(key))
		to <- prometheus.MustNewConstMetric(interval, prometheus.GaugeValue, standing.Interval.Seconds(), string(key))
	}
}

func (s Standings) collectObjects(to chan<- prometheus.Metric) {
	all := Catalogue()
	counts, single := all.Objects.desc(), all.ObjectReady.desc()
	ctx, cancel := context.WithTimeout(context.Background(), patience) //nolint:forbidigo // A collector is given no context.
	defer cancel()
	type class struct{ kind, status, reason string }
	numbers := map[class]int{}
	err := s.Objects(ctx, func(obj controllers.Counted) {
		numbers[class{obj.Kind, string(obj.Status), obj.Reason}]++
		if s.PerObject {
			ready := 0.0
			if obj.Status == metav1.ConditionTrue {
				ready = 1
			}
			to <- prometheus.MustNewConstMetric(single, prometheus.GaugeValue, ready, obj.Kind, obj.Namespace, obj.Name, obj.Reason)
		}
	})
	if err != nil {
		to <- prometheus.NewInvalidMetric(counts, err) // A number that is too small would look like a success.
		return
	}
	for of, number := range numbers {
		to <- prometheus.MustNewConstMetric(counts, prometheus.GaugeValue, float64(number), of.kind, of.status, of.reason)
	}
}
