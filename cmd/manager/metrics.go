// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/juju-secrets/operator/controllers"
	"github.com/juju-secrets/operator/internal/juju"
	"github.com/juju-secrets/operator/internal/metrics"
)

// Clients that scrape metrics are authenticated and authorized by the API
// server.
// +kubebuilder:rbac:groups=authentication.k8s.io,resources=tokenreviews,verbs=create
// +kubebuilder:rbac:groups=authorization.k8s.io,resources=subjectaccessreviews,verbs=create

// metricsOptions holds the flags of the metrics server.
type metricsOptions struct {
	address, certDir  string
	secure, perObject bool
}

func (o *metricsOptions) bind(flags *flag.FlagSet) {
	flags.StringVar(&o.address, "metrics-bind-address", "0",
		"The host:port that serves Prometheus metrics, under /metrics; 0 turns metrics off.")
	flags.BoolVar(&o.secure, "metrics-secure", true,
		"Serve metrics over HTTPS, and require a bearer token of a user with permission to get /metrics. With false, "+
			"metrics are served over HTTP without authentication.")
	flags.StringVar(&o.certDir, "metrics-cert-dir", "",
		"The directory that contains tls.crt and tls.key of the metrics server, which are reloaded when they change; by "+
			"default the operator creates a self-signed certificate.")
	flags.BoolVar(&o.perObject, "metrics-per-object", false,
		"Add a metric for each object, with its namespace and name. The number of series grows with the number of objects.")
}

const certName, keyName = "tls.crt", "tls.key"

// check returns an error if the certificate is missing. Otherwise the operator
// would create one.
func (o *metricsOptions) check() error {
	if o.certDir == "" || !o.secure {
		return nil
	}
	var problems []error
	for _, name := range []string{certName, keyName} {
		if _, err := os.Stat(filepath.Join(o.certDir, name)); err != nil {
			problems = append(problems, fmt.Errorf("--metrics-cert-dir has no %s: %w", name, err))
		}
	}
	return errors.Join(problems...)
}

func (o *metricsOptions) server() metricsserver.Options {
	served := metricsserver.Options{BindAddress: o.address}
	if o.secure {
		served.SecureServing = true
		served.FilterProvider = filters.WithAuthenticationAndAuthorization
		served.CertDir, served.CertName, served.KeyName = o.certDir, certName, keyName
	}
	return served
}

// register registers the operator's metrics with controller-runtime's registry.
func (o *options) register(mgr manager.Manager, counts *metrics.Counts, pool *juju.Pool) error {
	objects := metrics.ObjectCollector{
		Cache: mgr.GetCache(), Class: o.scope.Class, Limited: len(o.scope.Namespaces) > 0,
	}
	state := metrics.StateCollector{
		Elected: mgr.Elected(), Controllers: pool.Stats, Objects: objects.Collect, PerObject: o.metrics.perObject,
	}
	if namespaces, ok := mgr.GetCache().(*controllers.NamespaceCaches); ok {
		state.Namespaces = namespaces.Served
	}
	return errors.Join(ctrlmetrics.Registry.Register(counts), ctrlmetrics.Registry.Register(state))
}
