// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"os"
	"slices"
	"strings"
	"sync"
)

// Operator is an operator that can be restarted after it has ended.
type Operator struct {
	// Process is the latest process.
	*Process

	start func(args ...string) (*Process, error)

	mu   sync.Mutex
	logs []string
}

// StartOperator starts the operator program in MANAGER against the control
// plane.
func (k *Kubernetes) StartOperator(dir string, args ...string) (*Operator, error) {
	return k.StartOperatorIn(nil, dir, args...)
}

// StartOperatorIn starts the operator with additional environment variables.
func (k *Kubernetes) StartOperatorIn(environment []string, dir string, args ...string) (*Operator, error) {
	args = append([]string{
		"--kubeconfig=" + k.operatorConfig, "--operator-namespace=" + OperatorNamespace,
		"--health-probe-bind-address=0", "--leader-elect=false",
	}, args...)
	o := &Operator{start: func(more ...string) (*Process, error) {
		return startProcess("MANAGER", dir, environment, slices.Concat(args, more)...)
	}}
	if err := o.Restart(); err != nil {
		return nil, err
	}
	return o, nil
}

// Restart starts the operator again, with additional arguments.
func (o *Operator) Restart(more ...string) error {
	process, err := o.start(more...)
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.Process, o.logs = process, append(o.logs, process.Log)
	return nil
}

// Logs returns the paths of the logs of all processes, the oldest first.
func (o *Operator) Logs() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.logs)
}

// Runs reports whether the operator has not ended.
func (o *Operator) Runs() bool {
	select {
	case <-o.Ended():
		return false
	default:
		return true
	}
}

// Output returns the logs of all processes.
func (o *Operator) Output() (string, error) {
	var all strings.Builder
	for _, path := range o.Logs() {
		text, err := os.ReadFile(path) //nolint:gosec // A path of this package.
		if err != nil {
			return "", err
		}
		all.Write(text)
	}
	return all.String(), nil
}
