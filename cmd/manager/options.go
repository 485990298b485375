// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// options are what the command line says.
type options struct {
	metricsAddress string
	probeAddress   string
	leaderElection bool
	namespace      string
	log            zap.Options
}

// parseOptions reads the command line, without the program's name. The error has been printed, with the usage.
func parseOptions(args []string) (options, error) {
	var opts options
	flags := flag.NewFlagSet("manager", flag.ContinueOnError)
	flags.StringVar(&opts.metricsAddress, "metrics-bind-address", "0",
		"The host:port on which Prometheus metrics are served over HTTP; 0 serves none.")
	flags.StringVar(&opts.probeAddress, "health-probe-bind-address", ":8081",
		"The host:port on which /healthz and /readyz are served; 0 serves none.")
	flags.BoolVar(&opts.leaderElection, "leader-elect", false,
		"Let only one of several replicas work at a time.")
	flags.StringVar(&opts.namespace, "namespace", "",
		"The operator's own namespace, for its key and the Lease of its leader; by default the one that its pod is in.")
	config.RegisterFlags(flags)
	opts.log.BindFlags(flags)
	// Seconds since 1970 are for machines; the flag can bring them back.
	if err := flags.Set("zap-time-encoding", "rfc3339"); err != nil {
		return options{}, err
	}
	return opts, flags.Parse(args)
}

// namespaceFile is where Kubernetes tells a pod its namespace.
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// ownNamespace is the namespace that the manager runs in.
func ownNamespace(fromFlag string) (string, error) {
	if fromFlag != "" {
		return fromFlag, nil
	}
	text, err := os.ReadFile(namespaceFile)
	if err != nil {
		return "", fmt.Errorf("cannot tell the operator's own namespace outside of a pod: set --namespace: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}
