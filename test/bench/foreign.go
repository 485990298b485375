// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/juju/juju/rpc/params"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

const (
	// used is the number of JujuSecrets in a model with secrets of others.
	used = 10
	// defaultInterval is the default interval of drift detection.
	defaultInterval = time.Minute
	// checks is how many checks of the model are measured.
	checks = 3
)

// measureForeign measures a model with n secrets of others, in which objects
// use a few, and prints the figures.
func measureForeign(ctx context.Context, n int) (err error) {
	s, err := openSite(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	figures, err := s.foreign(ctx, n)
	if err != nil {
		return fmt.Errorf("cannot measure %d secrets of others: %w", n, err)
	}
	for _, f := range figures {
		fmt.Println(f)
	}
	return nil
}

// foreign compares the checks of the model with listings of it.
func (s *site) foreign(ctx context.Context, n int) ([]figure, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	listing, err := s.fill(ctx, n)
	if err != nil {
		return nil, err
	}
	// The development server works a little in each model while it is idle.
	idle, err := spentWhile(os.Getenv("JUJUSERVER"), func() error { return pass(ctx, defaultInterval/2) })
	if err != nil {
		return nil, err
	}
	if err := s.admitOperator(ctx); err != nil {
		return nil, err
	}
	if err := s.setInterval(ctx, "null"); err != nil {
		return nil, err
	}
	secrets, accesses := manifests(used, s.model.Name)
	if err := create(ctx, s.kube.Client, secrets, accesses); err != nil {
		return nil, err
	}
	if err := s.awaitSynced(ctx, used); err != nil {
		return nil, err
	}
	if err := s.awaitLookups(ctx); err != nil {
		return nil, err
	}
	requests, err := s.requests(ctx, nil)
	if err != nil {
		return nil, err
	}
	spent, err := spentWhile(os.Getenv("JUJUSERVER"), func() error { return pass(ctx, checks*defaultInterval) })
	if err != nil {
		return nil, err
	}
	if requests, err = s.requests(ctx, requests); err != nil {
		return nil, err
	}
	each := max(0, spent/checks-2*idle)
	progress("%5d: a check of %d secrets: %.2f CPU seconds of Juju beside %.2f when it is idle, %v in %d checks", n, used,
		each.Seconds(), 2*idle.Seconds(), requests, checks)
	return []figure{
		{"foreign-cpu-ratio", each.Seconds() / listing.Seconds(), 0.1},
		{"foreign-requests-per-interval", float64(work(requests)) / checks, used + 2}, // The interval varies.
	}, nil
}

// fill adds n secrets to the model, and returns the CPU time that a listing of
// them costs Juju.
func (s *site) fill(ctx context.Context, n int) (time.Duration, error) {
	opened, err := openSession(ctx, s.juju, s.model)
	if err != nil {
		return 0, err
	}
	defer opened.close()
	var foreign []*v1alpha1.JujuSecret // They are in Juju only.
	for i := range n {
		foreign = append(foreign, gen.JujuSecret(namespace, fmt.Sprintf("foreign-%d", i), s.model.Name, gen.Value(values(i))))
	}
	for batch := range slices.Chunk(foreign, 100) {
		if _, err := opened.create(ctx, batch); err != nil {
			return 0, err
		}
	}
	if err := rest(ctx); err != nil {
		return 0, err
	}
	var listed json.RawMessage
	began := time.Now()
	spent, err := spentWhile(os.Getenv("JUJUSERVER"), func() error {
		return opened.facade.FacadeCall(ctx, "ListSecrets", params.ListSecretsArgs{}, &listed)
	})
	progress("%5d: a listing: %.1f s, %.2f CPU seconds of Juju, %d bytes", n, time.Since(began).Seconds(),
		spent.Seconds(), len(listed))
	return spent, err
}

// spentWhile returns the CPU time that a program uses during a function.
func spentWhile(program string, do func() error) (time.Duration, error) {
	before, err := cpuTime(program)
	if err == nil {
		err = do()
	}
	if err != nil {
		return 0, err
	}
	after, err := cpuTime(program)
	return after - before, err
}

// awaitLookups waits until the status shows that the operator looks up single
// secrets.
func (s *site) awaitLookups(ctx context.Context) error {
	return servers.Await(ctx, patience, func() (string, error) {
		var obj v1alpha1.ClusterJujuController
		if err := s.kube.Client.Get(ctx, client.ObjectKey{Name: controller}, &obj); err != nil {
			return "", err
		}
		for _, model := range obj.Status.Models {
			if model.CheckedBy == plan.CheckedByLookups {
				return "", nil
			}
		}
		return fmt.Sprintf("the operator lists the model: %+v", obj.Status.Models), s.alive()
	})
}
