// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
)

// workers is the number of concurrent requests to Kubernetes.
const workers = 16

// manifests returns n JujuSecrets and, for each, a JujuSecretAccess for two
// applications.
func manifests(n int, model string) ([]*v1alpha1.JujuSecret, []*v1alpha1.JujuSecretAccess) {
	var secrets []*v1alpha1.JujuSecret
	var accesses []*v1alpha1.JujuSecretAccess
	for i := range n {
		name := fmt.Sprintf("secret-%d", i)
		secrets = append(secrets, gen.JujuSecret(namespace, name, model, gen.Value(values(i)), gen.Info("For a benchmark")))
		accesses = append(accesses, gen.Access(namespace, fmt.Sprintf("access-%d", i), name, "app1", "app2"))
	}
	return secrets, accesses
}

// values returns the content of the i-th secret. All contents have the same
// size.
func values(i int) map[string]string {
	return map[string]string{"username": fmt.Sprintf("user-%06d", i), "password": fmt.Sprintf("%032d", i)}
}

// operatorApply measures an apply with the operator.
func (s *site) operatorApply(ctx context.Context, n int) (cost, error) {
	if err := s.admitOperator(ctx); err != nil {
		return cost{}, err
	}
	if err := s.begin(ctx); err != nil {
		return cost{}, err
	}
	return s.spend(ctx, n, func(secrets []*v1alpha1.JujuSecret, accesses []*v1alpha1.JujuSecretAccess) error {
		return create(ctx, s.kube.Client, secrets, accesses)
	})
}

// spend measures an apply from its start until n JujuSecrets and n
// JujuSecretAccesses are in sync, in the same way for both programs. Counters
// are read when the servers are idle.
func (s *site) spend(
	ctx context.Context, n int, apply func([]*v1alpha1.JujuSecret, []*v1alpha1.JujuSecretAccess) error,
) (spent cost, err error) {
	before, err := s.requests(ctx, nil)
	if err != nil {
		return cost{}, err
	}
	var eventsBefore, events eventsv1.EventList
	if err := s.kube.Client.List(ctx, &eventsBefore, client.InNamespace(namespace)); err != nil {
		return cost{}, err
	}
	secrets, accesses := manifests(n, s.model.Name)
	began := time.Now()
	if err := apply(secrets, accesses); err != nil {
		return cost{}, err
	}
	if err := s.awaitSynced(ctx, n); err != nil {
		return cost{}, err
	}
	spent.took = time.Since(began)
	if err := s.settle(ctx, 2*n); err != nil {
		return cost{}, err
	}
	if err := s.kube.Client.List(ctx, &events, client.InNamespace(namespace)); err != nil {
		return cost{}, err
	}
	spent.writes, spent.events = s.tally.most(), len(events.Items)-len(eventsBefore.Items)
	spent.requests, err = s.requests(ctx, before)
	return spent, err
}

// create creates the objects, the referenced objects first, as deployment tools
// do.
func create(
	ctx context.Context, kube client.Client, secrets []*v1alpha1.JujuSecret, accesses []*v1alpha1.JujuSecretAccess,
) error {
	err := each(ctx, secrets, func(ctx context.Context, obj *v1alpha1.JujuSecret) error { return kube.Create(ctx, obj) })
	if err != nil {
		return err
	}
	return each(ctx, accesses, func(ctx context.Context, obj *v1alpha1.JujuSecretAccess) error {
		return kube.Create(ctx, obj)
	})
}

// each calls do for all items, several at a time, roughly in the order of the
// list.
func each[T any](ctx context.Context, items []T, do func(context.Context, T) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for _, item := range items {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return do(ctx, item)
		})
	}
	return group.Wait()
}
