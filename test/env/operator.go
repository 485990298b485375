// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package env

import (
	"errors"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/servers"
)

// Operator is an operator of one fixture.
type Operator struct {
	*servers.Operator

	// Name is the name of the operator in the output of the test.
	Name string
	// Class is the operator's controller class. It is empty unless StartOwn or
	// StartOwnIn started the operator.
	Class string

	f *Fixture
}

// StartOperator starts an operator. The clean-up of the fixture stops it.
func (f *Fixture) StartOperator(name string, args ...string) *Operator {
	f.Helper()
	return f.StartOperatorIn(nil, name, args...)
}

// StartOperatorIn starts an operator with additional environment variables.
func (f *Fixture) StartOperatorIn(environment []string, name string, args ...string) *Operator {
	f.Helper()
	o, err := f.TryStartOperatorIn(environment, name, args...)
	f.Must(err)
	return o
}

// TryStartOperatorIn starts an operator, or returns an error.
func (f *Fixture) TryStartOperatorIn(environment []string, name string, args ...string) (*Operator, error) {
	process, err := f.Env.Kubernetes.StartOperatorIn(environment, f.Dir, args...)
	if err != nil {
		return nil, err
	}
	o := &Operator{process, name, "", f}
	f.operators = append(f.operators, o)
	return o, nil
}

// StartOwn starts an operator with a controller class named after the fixture's
// namespace, so that no other operator serves its controller objects.
func (f *Fixture) StartOwn(name string, args ...string) *Operator {
	f.Helper()
	return f.StartOwnIn(nil, name, args...)
}

// StartOwnIn starts an operator of the fixture's own class with more
// environment variables.
func (f *Fixture) StartOwnIn(environment []string, name string, args ...string) *Operator {
	f.Helper()
	o := f.StartOperatorIn(environment, name, append([]string{"--controller-class=" + f.Namespace}, args...)...)
	o.Class = f.Namespace
	return o
}

// Serves puts a ClusterJujuController into the operator's class.
func (o *Operator) Serves(c *v1alpha1.ClusterJujuController) { c.Spec.ControllerClass = o.Class }

// MustStop stops the operator. An error fails the test.
func (o *Operator) MustStop() {
	o.f.Helper()
	o.f.Must(o.Stop())
}

// MustRestart starts the operator again.
func (o *Operator) MustRestart(more ...string) {
	o.f.Helper()
	o.f.Must(o.Restart(more...))
}

// Log returns what the operator has logged since it first started.
func (o *Operator) Log() string {
	o.f.Helper()
	text, err := o.Output()
	o.f.Must(err)
	return text
}

// KillOperators kills the fixture's running operators.
func (f *Fixture) KillOperators() {
	for _, o := range f.operators {
		if o.Runs() {
			_ = o.Kill() // It may have ended meanwhile.
		}
	}
}

// StopOperators stops the fixture's running operators.
func (f *Fixture) StopOperators() error {
	var errs []error
	for _, o := range f.operators {
		if o.Runs() {
			errs = append(errs, o.Stop())
		}
	}
	return errors.Join(errs...)
}

// endOperators stops the fixture's operators and searches their logs.
func (f *Fixture) endOperators() {
	if err := f.StopOperators(); err != nil {
		f.Error(err)
	}
	for _, o := range f.operators {
		o.searchLog()
	}
}

// searchLog searches the log of the operator, and prints it when the test has
// failed.
func (o *Operator) searchLog() {
	text, err := o.Output()
	if err != nil {
		o.f.Error(err)
	}
	for _, found := range o.f.Env.forbidden(text) {
		o.f.Errorf("the log of the operator %s contains %s", o.Name, found)
	}
	if o.f.Failed() {
		o.f.Logf("the log of the operator %s:\n%s", o.Name, text)
	}
}
