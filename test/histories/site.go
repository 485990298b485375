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

// site is what all histories share: the servers, the operator, and the proxy through which it alone reaches Juju.
type site struct {
	kube      *servers.Kubernetes
	juju      *servers.Juju
	proxy     *wire.Proxy
	operator  *operator
	chronicle *chronicle

	dir string
}

// openSite starts the servers and the operator. Root is the root of the repository.
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
		err = s.furnish(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// furnish makes what all histories share.
func (s *site) furnish(ctx context.Context) (err error) {
	if s.proxy, err = wire.Start(ctx, s.juju.Addresses[0], s.juju.CACertificate); err != nil {
		return err
	}
	user := s.juju.Operator
	for _, obj := range []client.Object{
		gen.Credentials("default", user.Username, user.Password),
		gen.Controller("default", s.proxy.Address, s.proxy.CACertificate),
	} {
		if err := s.kube.Client.Create(ctx, obj); err != nil {
			return err
		}
	}
	if s.chronicle, err = startChronicle(ctx, s.kube.Client); err != nil {
		return err
	}
	s.operator = &operator{kube: s.kube, dir: s.dir}
	return s.operator.start()
}

// close stops whatever runs, and removes every file of it.
func (s *site) close() error {
	var errs []error
	if s.operator != nil {
		errs = append(errs, s.operator.stop())
	}
	if s.chronicle != nil {
		s.chronicle.stop()
	}
	if s.proxy != nil {
		s.proxy.Close()
	}
	if s.juju != nil {
		errs = append(errs, s.juju.Stop())
	}
	if s.kube != nil {
		errs = append(errs, s.kube.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// plays say which histories to play.
type plays struct {
	// root is the root of the repository.
	root     string
	n        int
	seed     uint64
	patience time.Duration
	verbose  bool
}

// play plays histories on servers of their own, and prints those that fail. An error is no verdict on the operator.
func play(ctx context.Context, what plays) (total score, err error) {
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
			h := newHistory(s, what.seed+uint64(i), what.patience) //nolint:gosec // It counts up.
			err := h.play(ctx)
			if err == nil && len(h.faults) > 0 {
				h.explain(context.WithoutCancel(ctx))
			}
			if what.verbose {
				say("History %d:\n  %s", h.seed, strings.Join(h.told, "\n  "))
			}
			err = errors.Join(err, h.clean(context.WithoutCancel(ctx)))
			mu.Lock()
			defer mu.Unlock()
			total.add(h.faults)
			if total.run++; total.run%10 == 0 {
				say("%d of %d played after %.0f s, with %d crashes", total.run, what.n, time.Since(began).Seconds(), s.operator.count())
			}
			if err != nil {
				return fmt.Errorf("history %d could not be played: %w", h.seed, err)
			}
			return nil
		})
	}
	if err := histories.Wait(); err != nil {
		return total, err
	}
	say("%d played in %.0f s, with %d crashes", total.run, time.Since(began).Seconds(), s.operator.count())
	return total, s.operator.complaint()
}
