// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

// site holds what all histories share: the servers, the operator, and the
// proxies between the operator and Juju.
type site struct {
	kube *servers.Kubernetes
	juju *servers.Juju
	// proxies holds one proxy for each of the controllers. All lead to the same
	// server, and a history migrates its model from one to the other.
	proxies  []*wire.Proxy
	operator *operator
	recorder *recorder

	dir string
}

// openSite starts the servers and the operator. root is the root of the
// repository.
func openSite(ctx context.Context, root string) (*site, error) {
	dir, err := os.MkdirTemp("", "juju-secrets-histories-")
	if err != nil {
		return nil, err
	}
	s := &site{dir: dir}
	var parts errgroup.Group
	parts.Go(func() (err error) {
		s.kube, err = servers.StartKubernetes(ctx, root, dir)
		return err
	})
	parts.Go(func() (err error) {
		s.juju, err = servers.StartJuju(ctx, dir)
		return err
	})
	if err = parts.Wait(); err == nil {
		err = s.createSharedObjects(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// controllers returns the names of the controller objects, by the index of their
// proxy.
func controllers() []string { return []string{"default", "second"} }

// secondUUID is the UUID of the Juju controller of the second controller object.
const secondUUID = "12345678-1234-4123-8123-123456789abc"

// createSharedObjects creates the objects that all histories share, and starts
// the proxies, the recorder and the operator.
func (s *site) createSharedObjects(ctx context.Context) (err error) {
	user := s.juju.Operator
	for i, name := range controllers() {
		proxy, err := wire.Start(ctx, s.juju.Addresses[0], s.juju.CACertificate)
		if err != nil {
			return err
		}
		s.proxies = append(s.proxies, proxy)
		if i > 0 {
			proxy.AsController(secondUUID)
		}
		for _, obj := range []client.Object{
			gen.Credentials(name, user.Username, user.Password), gen.Controller(name, proxy.Address, proxy.CACertificate),
		} {
			if err := s.kube.Client.Create(ctx, obj); err != nil {
				return err
			}
		}
	}
	if s.recorder, err = startRecorder(ctx, s.kube.Client); err != nil {
		return err
	}
	s.operator = &operator{kube: s.kube, dir: s.dir}
	return s.operator.start()
}

// close stops all processes and removes their files.
func (s *site) close() error {
	var errs []error
	if s.operator != nil {
		errs = append(errs, s.operator.stop())
	}
	if s.recorder != nil {
		s.recorder.stop()
	}
	for _, proxy := range s.proxies {
		proxy.Close()
	}
	if s.juju != nil {
		errs = append(errs, s.juju.Stop())
	}
	if s.kube != nil {
		errs = append(errs, s.kube.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// options holds the flags.
type options struct {
	// root is the root of the repository.
	root     string
	n        int
	seed     uint64
	patience time.Duration
	verbose  bool
}

// runHistories runs histories on their own servers, and prints the failed
// histories. An error is not a result of the operator.
func runHistories(ctx context.Context, what options) (total score, err error) {
	s, err := openSite(ctx, what.root)
	if err != nil {
		return total, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	began := time.Now()
	var mu sync.Mutex
	var histories errgroup.Group
	histories.SetLimit(atOnce)
	for i := range what.n {
		histories.Go(func() error {
			h := newHistory(s, what.seed+uint64(i), what.patience) //nolint:gosec // The number is not negative.
			err := h.run(ctx)
			if err == nil && len(h.faults) > 0 {
				h.explain(context.WithoutCancel(ctx))
			}
			if what.verbose {
				progress("History %d:\n  %s", h.seed, strings.Join(h.log, "\n  "))
			}
			err = errors.Join(err, h.clean(context.WithoutCancel(ctx)))
			mu.Lock()
			defer mu.Unlock()
			total.add(h.faults)
			if total.run++; total.run%10 == 0 {
				progress("%d of %d run after %.0f s, with %d crashes",
					total.run, what.n, time.Since(began).Seconds(), s.operator.count())
			}
			if err != nil {
				return fmt.Errorf("cannot run history %d: %w", h.seed, err)
			}
			return nil
		})
	}
	if err := histories.Wait(); err != nil {
		return total, err
	}
	progress("%d run in %.0f s, with %d crashes", total.run, time.Since(began).Seconds(), s.operator.count())
	return total, s.operator.failures()
}
