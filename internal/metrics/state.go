// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/internal/juju"
	"github.com/juju-secrets/operator/internal/plan"
)

// collectTimeout bounds the time that a scrape waits for the cache. The cache
// answers immediately unless the operator is shutting down.
const collectTimeout = 5 * time.Second

// StateCollector is a prometheus.Collector of the current state: the leader,
// the controllers and the objects. It stores nothing, so the series of a
// deleted object disappear with the next scrape.
type StateCollector struct {
	// Elected is closed when this replica becomes the leader, or runs without
	// leader election. Other replicas would report the same state again.
	Elected <-chan struct{}
	// Controllers returns the state of each controller.
	Controllers func() map[plan.ControllerKey]juju.ControllerStats
	// Objects calls fn for each object, see ObjectCollector.
	Objects func(ctx context.Context, fn func(ObjectState)) error
	// PerObject is true when each object has a series.
	PerObject bool
	// Namespaces returns the namespaces of --watch-namespaces, and whether each
	// is served. It is nil without the flag.
	Namespaces func() map[string]bool
}

// Describe implements prometheus.Collector.
func (c StateCollector) Describe(ch chan<- *prometheus.Desc) {
	all := Catalogue()
	for _, metric := range []Metric{
		all.Leading, all.Sessions, all.Refused, all.SnapshotAge, all.SnapshotInterval, all.MostRevisions,
		all.ModelsLookedUp, all.Objects,
	} {
		ch <- metric.desc()
	}
	if c.PerObject {
		ch <- all.ObjectReady.desc()
	}
	if c.Namespaces != nil {
		ch <- all.NamespaceServed.desc()
	}
}

// Collect implements prometheus.Collector.
func (c StateCollector) Collect(ch chan<- prometheus.Metric) {
	leading := Catalogue().Leading.desc()
	select {
	case <-c.Elected:
		ch <- gauge(leading, 1)
	default:
		ch <- gauge(leading, 0) // Without this series, no alert could find that there is no leader.
		return
	}
	c.collectNamespaces(ch)
	c.collectControllers(ch)
	c.collectObjects(ch)
}

func (c StateCollector) collectNamespaces(ch chan<- prometheus.Metric) {
	if c.Namespaces == nil {
		return
	}
	for ns, served := range c.Namespaces() {
		value := 0.0
		if served {
			value = 1
		}
		ch <- gauge(Catalogue().NamespaceServed.desc(), value, ns)
	}
}

func (c StateCollector) collectControllers(ch chan<- prometheus.Metric) {
	all := Catalogue()
	sessions, refused := all.Sessions.desc(), all.Refused.desc()
	age, interval := all.SnapshotAge.desc(), all.SnapshotInterval.desc()
	revisions, lookedUp := all.MostRevisions.desc(), all.ModelsLookedUp.desc()
	for key, state := range c.Controllers() {
		ch <- gauge(sessions, float64(state.Connections), string(key))
		ch <- gauge(refused, float64(state.Refused), string(key))
		ch <- gauge(age, state.SnapshotAge.Seconds(), string(key))
		ch <- gauge(interval, state.Interval.Seconds(), string(key))
		ch <- gauge(revisions, float64(state.MostRevisions), string(key))
		ch <- gauge(lookedUp, float64(state.LookedUp), string(key))
	}
}

func (c StateCollector) collectObjects(ch chan<- prometheus.Metric) {
	all := Catalogue()
	objects, objectReady := all.Objects.desc(), all.ObjectReady.desc()
	ctx := context.Background() //nolint:forbidigo // A collector is given no context.
	ctx, cancel := context.WithTimeout(ctx, collectTimeout)
	defer cancel()
	type series struct{ kind, status, reason string }
	counts := map[series]int{}
	err := c.Objects(ctx, func(obj ObjectState) {
		counts[series{obj.Kind, string(obj.Status), obj.Reason}]++
		if c.PerObject {
			ready := 0.0
			if obj.Status == metav1.ConditionTrue {
				ready = 1
			}
			ch <- gauge(objectReady, ready, obj.Kind, obj.Namespace, obj.Name, obj.Reason)
		}
	})
	if err != nil {
		ch <- prometheus.NewInvalidMetric(objects, err) // An incomplete count would look like a success.
		return
	}
	for of, count := range counts {
		ch <- gauge(objects, float64(count), of.kind, of.status, of.reason)
	}
}

func gauge(desc *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
}
