// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sync/errgroup"
)

// Stack is all three parts: Kubernetes, Juju and the operator. Stop ends them and removes their files.
type Stack struct {
	Kubernetes *Kubernetes
	Juju       *Juju
	Operator   *Process

	dir string
}

// StartStack starts all three parts. Root is the root of the repository. The operator knows no Juju controller yet.
func StartStack(ctx context.Context, root string) (*Stack, error) {
	dir, err := os.MkdirTemp("", "juju-secrets-")
	if err != nil {
		return nil, err
	}
	s := &Stack{dir: dir}
	var parts errgroup.Group
	parts.Go(func() (err error) {
		s.Kubernetes, err = StartKubernetes(ctx, root, dir)
		return err
	})
	parts.Go(func() (err error) {
		s.Juju, err = StartJuju(ctx, dir)
		return err
	})
	err = parts.Wait()
	if err == nil {
		s.Operator, err = s.Kubernetes.StartOperator(dir)
	}
	if err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// StopWhen stops everything and ends the program when it is interrupted, so that a Ctrl-C leaves nothing running.
func (s *Stack) StopWhen(signals <-chan os.Signal) {
	go func() {
		<-signals
		_ = s.Stop()
		os.Exit(1)
	}()
}

// Stop stops whatever runs, and removes every file of it.
func (s *Stack) Stop() error {
	var errs []error
	if s.Operator != nil {
		errs = append(errs, s.Operator.Stop())
	}
	if s.Juju != nil {
		errs = append(errs, s.Juju.Stop())
	}
	if s.Kubernetes != nil {
		errs = append(errs, s.Kubernetes.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}
