// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command manager runs the Juju Secrets Operator. It parses the flags, connects
// the reconcilers of package controllers to Kubernetes, to Juju and to the
// metrics, elects a leader, serves the probes, and completes pending work when
// it shuts down. It contains no logic of the operator itself.
package main

import (
	"fmt"
	"os"

	ctrl "sigs.k8s.io/controller-runtime"
)

func main() {
	if err := run(ctrl.SetupSignalHandler(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "manager:", err)
		os.Exit(1)
	}
}
