// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

const (
	// namespace contains all objects and is a tenant.
	namespace = "bench"
	// controller is the name of the controller object that all objects use.
	controller = "default"
	// patience bounds every wait of the program.
	patience = 15 * time.Minute
)

// site holds a Kubernetes API server, a Juju API server and, when it is
// started, the operator. It has one namespace.
type site struct {
	kube  *servers.Kubernetes
	juju  *servers.Juju
	model servers.Model // of the present objects
	tally *tally        // of the present objects

	models   int // number of added models
	dir      string
	operator *servers.Operator
	metrics  string // address of the operator's metrics
}

// openSite starts the servers without the operator.
func openSite(ctx context.Context) (*site, error) {
	dir, err := os.MkdirTemp("", "juju-secrets-bench-")
	if err != nil {
		return nil, err
	}
	s := &site{dir: dir}
	var parts errgroup.Group
	parts.Go(func() (err error) {
		s.kube, err = servers.StartKubernetes(ctx, ".", dir)
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

// createSharedObjects creates the objects that all measurements share, and
// waits until the servers are idle.
func (s *site) createSharedObjects(ctx context.Context) error {
	user := s.juju.Operator
	for _, obj := range []client.Object{
		gen.Namespace(namespace, map[string]string{"tenant": "true"}),
		gen.Credentials(controller, user.Username, user.Password),
		gen.Controller(controller, s.juju.Addresses[0], s.juju.CACertificate),
	} {
		if err := s.kube.Client.Create(ctx, obj); err != nil {
			return err
		}
	}
	return rest(ctx)
}

// begin adds a model for new objects, and watches the objects.
func (s *site) begin(ctx context.Context) (err error) {
	if s.tally != nil {
		s.tally.stop()
	}
	if s.tally, err = startTally(ctx, s.kube.Client); err != nil {
		return err
	}
	s.models++
	s.model, err = s.juju.AddModel(ctx, fmt.Sprintf("bench-%d", s.models))
	return err
}

// clear deletes all objects without cleanup in Juju, while no operator runs,
// and waits until the servers are idle.
func (s *site) clear(ctx context.Context, n int) error {
	secrets, accesses := manifests(n, s.model.Name)
	var objs []client.Object
	for i := range n {
		objs = append(objs, secrets[i], accesses[i])
	}
	free := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
	err := each(ctx, objs, func(ctx context.Context, obj client.Object) error {
		if err := s.kube.Client.Patch(ctx, obj, free); err != nil {
			return err
		}
		return s.kube.Client.Delete(ctx, obj)
	})
	if err != nil {
		return err
	}
	return rest(ctx)
}

// close stops all processes and removes their files.
func (s *site) close() error {
	var errs []error
	if s.tally != nil {
		s.tally.stop()
	}
	if s.operator != nil {
		errs = append(errs, s.operator.Stop())
	}
	if s.juju != nil {
		errs = append(errs, s.juju.Stop())
	}
	if s.kube != nil {
		errs = append(errs, s.kube.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// awaitSynced waits until n JujuSecrets and n JujuSecretAccesses are in sync.
func (s *site) awaitSynced(ctx context.Context, n int) error {
	timeout := time.After(patience)
	for {
		synced, changed := s.tally.synced()
		if synced >= 2*n {
			return nil
		}
		if err := errors.Join(s.tally.broken(), s.alive()); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-timeout:
			return fmt.Errorf("after %v only %d of %d objects are in sync", patience, synced, 2*n)
		}
	}
}

// requests returns the number of requests to the model since the given counts.
func (s *site) requests(ctx context.Context, since map[string]int) (map[string]int, error) {
	counts, err := s.juju.Requests(ctx, s.model)
	for method, before := range since {
		if counts[method] -= before; counts[method] == 0 {
			delete(counts, method)
		}
	}
	return counts, err
}

// pass waits for a time span.
func pass(ctx context.Context, span time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(span):
		return nil
	}
}
