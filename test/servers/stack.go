// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sync/errgroup"
)

// Stack is a Kubernetes control plane, Juju servers and an operator. Each part
// is there once it has started. Stop ends them all and removes their files.
type Stack struct {
	// Kubernetes is nil without a control plane.
	Kubernetes *Kubernetes
	// Juju is the first Juju server.
	Juju *Juju
	// More are the other Juju servers.
	More []*Juju
	// Operator is nil when the stack has none.
	Operator *Operator
	// Dir is the folder of all files.
	Dir string
}

// Options say what a stack starts.
type Options struct {
	// Root is the root of the repository. The default starts no Kubernetes.
	Root string
	// APIServerOnly leaves out kube-controller-manager, see StartAPIServer.
	APIServerOnly bool
	// Juju is the number of Juju servers.
	Juju int
	// Operator starts the operator, which knows no Juju controller yet.
	Operator bool
}

// StartStack starts a stack, or nothing if it returns an error.
func StartStack(ctx context.Context, o Options) (*Stack, error) {
	s, err := NewStack()
	if err != nil {
		return nil, err
	}
	if err := s.Start(ctx, o); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// NewStack returns a stack that has a folder and has started nothing.
func NewStack() (*Stack, error) {
	dir, err := os.MkdirTemp("", "juju-secrets-")
	return &Stack{Dir: dir}, err
}

// Start starts the servers, and then the operator. After an error, Stop ends
// the parts that have started.
func (s *Stack) Start(ctx context.Context, o Options) error {
	var parts errgroup.Group
	if o.Root != "" {
		start := StartKubernetes
		if o.APIServerOnly {
			start = StartAPIServer
		}
		parts.Go(func() (err error) {
			s.Kubernetes, err = start(ctx, o.Root, s.Dir)
			return err
		})
	}
	jujus := make([]*Juju, o.Juju)
	for i := range jujus {
		parts.Go(func() (err error) {
			jujus[i], err = StartJuju(ctx, s.Dir)
			return err
		})
	}
	err := parts.Wait()
	if len(jujus) > 0 {
		s.Juju, s.More = jujus[0], jujus[1:]
	}
	if err == nil && o.Operator {
		s.Operator, err = s.Kubernetes.StartOperator(s.Dir)
	}
	return err
}

// Stop stops whatever runs, and removes every file of it.
func (s *Stack) Stop() error {
	var errs []error
	if s.Operator != nil {
		errs = append(errs, s.Operator.Stop())
	}
	for _, juju := range append([]*Juju{s.Juju}, s.More...) {
		if juju != nil {
			errs = append(errs, juju.Stop())
		}
	}
	if s.Kubernetes != nil {
		errs = append(errs, s.Kubernetes.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(s.Dir))...)
}
