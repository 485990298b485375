// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"crypto/rand"
	"os"
	"strings"
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/servers"
)

// operator is an operator of a test's own, which serves the controller objects of a class of its own. The one that all tests
// share leaves those alone.
type operator struct {
	*testing.T

	class, dir  string
	environment []string
	process     *servers.Process
}

// startOperator starts an operator, which runs until the scenes that are made after it are cleaned.
func startOperator(t *testing.T, environment ...string) *operator {
	t.Helper()
	o := &operator{T: t, class: "class-" + strings.ToLower(rand.Text()), dir: t.TempDir(), environment: environment}
	o.start()
	t.Cleanup(o.stop)
	return o
}

// serves makes a controller object one of the operator's.
func (o *operator) serves(c *v1alpha1.ClusterJujuController) { c.Spec.ControllerClass = o.class }

// start starts the operator again after a stop.
func (o *operator) start() {
	o.Helper()
	var err error
	if o.process, err = stack.Kubernetes.StartOperatorIn(o.environment, o.dir, "--controller-class="+o.class); err != nil {
		o.Fatal(err)
	}
}

// stop stops the operator, and searches its log for what must not be there.
func (o *operator) stop() {
	o.Helper()
	if err := o.process.Stop(); err != nil {
		o.Error(err)
	}
	log, err := os.ReadFile(o.process.Log)
	if err != nil {
		o.Error(err)
	}
	for _, what := range leaks(string(log)) {
		o.Error("LEAK: the log of an operator of the test's own contains", what)
	}
	if o.Failed() {
		o.Logf("the log of the operator of class %s:\n%s", o.class, log)
	}
}
