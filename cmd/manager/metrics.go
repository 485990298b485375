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

// Who scrapes has to be known to the API server, and allowed to.
// +kubebuilder:rbac:groups=authentication.k8s.io,resources=tokenreviews,verbs=create
// +kubebuilder:rbac:groups=authorization.k8s.io,resources=subjectaccessreviews,verbs=create

// metricsOptions are what the command line says of metrics.
type metricsOptions struct {
	address, certDir  string
	secure, perObject bool
}

func (o *metricsOptions) bind(flags *flag.FlagSet) {
	flags.StringVar(&o.address, "metrics-bind-address", "0",
		"The host:port on which Prometheus metrics are served, under /metrics; 0 serves none.")
	flags.BoolVar(&o.secure, "metrics-secure", true,
		"Serve metrics over HTTPS, and only to whom the API server knows by a bearer token and allows to get /metrics. With false "+
			"they are served over HTTP to everybody.")
	flags.StringVar(&o.certDir, "metrics-cert-dir", "",
		"The directory with the certificate for metrics, in tls.crt and tls.key, which are read again when they change; by default the "+
			"operator makes a certificate that nobody vouches for.")
	flags.BoolVar(&o.perObject, "metrics-per-object", false,
		"Add a metric for each object, with its namespace and name. Their number grows with that of the objects.")
}

const certName, keyName = "tls.crt", "tls.key"

// check finds what would let metrics be served otherwise than asked for.
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

// register makes our metrics part of what is served.
func (o *options) register(mgr manager.Manager, counts *metrics.Counts, pool *juju.Pool) error {
	census := controllers.Census{Cached: mgr.GetCache(), Scope: o.scope}
	return errors.Join(
		ctrlmetrics.Registry.Register(counts),
		ctrlmetrics.Registry.Register(metrics.Standings{
			Leads: mgr.Elected(), Controllers: pool.Standings, Objects: census.Take, PerObject: o.metrics.perObject,
		}),
	)
}
