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

// options holds the command line.
type options struct {
	metrics        metricsOptions
	probeAddress   string
	leaderElection bool
	namespace      string
	scope          controllers.Scope
	version        bool
	log            zap.Options
}

// parseOptions parses the command line, without the name of the program. It has
// printed the usage and the error when it fails.
func parseOptions(args []string) (options, error) {
	var opts options
	flags := flag.NewFlagSet("manager", flag.ContinueOnError)
	opts.metrics.bind(flags)
	flags.StringVar(&opts.probeAddress, "health-probe-bind-address", ":8081",
		"The host:port on which /healthz and /readyz are served; 0 serves none.")
	flags.BoolVar(&opts.leaderElection, "leader-elect", true,
		"Reconcile only in the replica that holds the leader Lease. A leader that shuts down releases the Lease at once.")
	flags.Func("watch-namespaces",
		"The namespaces to serve, separated by commas; by default all. With this flag the operator needs roles only in "+
			"these namespaces and its own, and does not serve ClusterJujuControllers.",
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
		"Serve the controller objects with this spec.controllerClass, and the objects that use them; by default "+
			"controller objects without a class.",
		func(class string) error {
			if problems := validation.IsDNS1123Subdomain(leaseName(class)); len(problems) > 0 {
				return fmt.Errorf("%q cannot be in the name of a Lease: %s", class, problems[0])
			}
			opts.scope.Class = class
			return nil
		})
	flags.StringVar(&opts.namespace, "operator-namespace", "",
		"The namespace of the operator, which contains its key and the leader Lease; by default the namespace of its Pod.")
	flags.BoolVar(&opts.version, "version", false,
		"Print the version, the commit and the version of the Juju client, and exit.")
	config.RegisterFlags(flags)
	opts.log.BindFlags(flags)
	// Zap's default is seconds since 1970, which people cannot read. The flag
	// can restore it.
	if err := flags.Set("zap-time-encoding", "rfc3339"); err != nil {
		return options{}, err
	}
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	return opts, opts.metrics.check()
}

// namespaceFile contains the namespace of a Pod.
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// ownNamespace returns the namespace of the manager.
func ownNamespace(fromFlag string) (string, error) {
	if fromFlag != "" {
		return fromFlag, nil
	}
	text, err := os.ReadFile(namespaceFile)
	if err != nil {
		return "", fmt.Errorf("cannot read the operator's namespace outside of a Pod: set --operator-namespace: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}
