// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sync/errgroup"
)

// Stack is all three parts: Kubernetes, Juju and, unless somebody else starts it, the operator. Stop ends them and removes their files.
type Stack struct {
	Kubernetes *Kubernetes
	Juju       *Juju
	Operator   *Process
	// Dir is the folder of all files.
	Dir string
}

// StartStack starts all three parts. Root is the root of the repository. The operator knows no Juju controller yet.
func StartStack(ctx context.Context, root string) (*Stack, error) {
	s, err := StartServers(ctx, root)
	if err != nil {
		return nil, err
	}
	if s.Operator, err = s.Kubernetes.StartOperator(s.Dir); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// StartServers starts Kubernetes and Juju, for who starts operators on their own.
func StartServers(ctx context.Context, root string) (*Stack, error) {
	dir, err := os.MkdirTemp("", "juju-secrets-")
	if err != nil {
		return nil, err
	}
	s := &Stack{Dir: dir}
	var parts errgroup.Group
	parts.Go(func() (err error) {
		s.Kubernetes, err = StartKubernetes(ctx, root, dir)
		return err
	})
	parts.Go(func() (err error) {
		s.Juju, err = StartJuju(ctx, dir)
		return err
	})
	if err := parts.Wait(); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// Suite is what the tests of a package do with a stack.
type Suite struct {
	// Start starts it. What it started it also returns with an error.
	Start func(ctx context.Context) (*Stack, error)
	// Run runs the tests, and returns the exit status.
	Run func() int
}

// Main starts the stack, runs the tests, and stops the stack again, also when they are interrupted. It returns the exit status.
func (suite Suite) Main() int {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	stack, err := suite.Start(context.Background())
	code := 1
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot start the servers:", err)
	}
	if stack == nil {
		return code
	}
	stack.StopWhen(signals)
	if err == nil {
		code = suite.Run()
	}
	if err := stack.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "cannot stop the servers in order:", err)
		return 1
	}
	return code
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
	return errors.Join(append(errs, os.RemoveAll(s.Dir))...)
}
