// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/juju-secrets/operator/controllers"
)

// options are what the command line says.
type options struct {
	metrics        metricsOptions
	probeAddress   string
	leaderElection bool
	namespace      string
	scope          controllers.Scope
	version        bool
	log            zap.Options
}

// parseOptions reads the command line, without the program's name. The error has been printed, with the usage.
func parseOptions(args []string) (options, error) {
	var opts options
	flags := flag.NewFlagSet("manager", flag.ContinueOnError)
	opts.metrics.bind(flags)
	flags.StringVar(&opts.probeAddress, "health-probe-bind-address", ":8081",
		"The host:port on which /healthz and /readyz are served; 0 serves none.")
	flags.BoolVar(&opts.leaderElection, "leader-elect", true,
		"Let only one of several replicas work at a time. One that stops hands over at once.")
	flags.Func("watch-namespaces",
		"The namespaces to serve, with commas between them; by default all. Then the operator needs roles in these namespaces and "+
			"its own only, and sees no ClusterJujuControllers.",
		func(text string) error {
			for name := range strings.SplitSeq(text, ",") {
				name = strings.TrimSpace(name)
				if problems := validation.IsDNS1123Label(name); len(problems) > 0 {
					return fmt.Errorf("%q is not the name of a namespace: %s", name, problems[0])
				}
				opts.scope.Namespaces = append(opts.scope.Namespaces, name)
			}
			return nil
		})
	flags.Func("controller-class",
		"Serve the controller objects with this spec.controllerClass, and what goes through them; by default those without one.",
		func(class string) error {
			if problems := validation.IsDNS1123Subdomain(leaseName(class)); len(problems) > 0 {
				return fmt.Errorf("%q cannot be in the name of a Lease: %s", class, problems[0])
			}
			opts.scope.Class = class
			return nil
		})
	flags.StringVar(&opts.namespace, "namespace", "",
		"The operator's own namespace, for its key and the Lease of its leader; by default the one that its pod is in.")
	flags.BoolVar(&opts.version, "version", false, "Print the version, the commit and the version of Juju's client, and end.")
	config.RegisterFlags(flags)
	opts.log.BindFlags(flags)
	// Seconds since 1970 are for machines; the flag can bring them back.
	if err := flags.Set("zap-time-encoding", "rfc3339"); err != nil {
		return options{}, err
	}
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	return opts, opts.metrics.check()
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
