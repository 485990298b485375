// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tenancy proves on the real parts that nobody gets at what is another's: one Kubernetes, two Juju controllers whose
// models have the same names, and the operator between them. What may be done is tried in every combination, and so is what may
// not; and one namespace is taken for compromised, and does all that can be done with any object in itself, its metadata and
// its status included.
package tenancy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/juju-secrets/operator/test/servers"
)

// town is what all tests share.
var town struct {
	kubernetes *servers.Kubernetes
	// one and two are the Juju servers.
	one, two *servers.Juju
	operator *servers.Process
}

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "tenancy-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
		go func() {
			<-signals
			_ = stop(dir)
			os.Exit(1)
		}()
		code := 1
		if err := start(context.Background(), dir); err != nil {
			fmt.Fprintln(os.Stderr, "cannot start the servers:", err)
		} else {
			code = m.Run()
		}
		if err := stop(dir); err != nil {
			fmt.Fprintln(os.Stderr, "cannot stop the servers in order:", err)
			return 1
		}
		return code
	}())
}

func start(ctx context.Context, dir string) error {
	var parts errgroup.Group
	parts.Go(func() (err error) {
		town.kubernetes, err = servers.StartKubernetes(ctx, "../..", dir)
		return err
	})
	parts.Go(func() (err error) {
		town.one, err = servers.StartJuju(ctx, dir)
		return err
	})
	parts.Go(func() (err error) {
		town.two, err = servers.StartJuju(ctx, dir)
		return err
	})
	err := parts.Wait()
	if err == nil {
		town.operator, err = town.kubernetes.StartOperator(dir)
	}
	return err
}

func stop(dir string) error {
	var errs []error
	if town.operator != nil {
		errs = append(errs, town.operator.Stop())
	}
	for _, juju := range []*servers.Juju{town.one, town.two} {
		if juju != nil {
			errs = append(errs, juju.Stop())
		}
	}
	if town.kubernetes != nil {
		errs = append(errs, town.kubernetes.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(dir))...)
}
