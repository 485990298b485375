// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

const (
	rounds = 100
	// warmup is the number of rounds that are not counted.
	warmup = 5
	// updateRequest is the request that updates a secret in Juju.
	updateRequest = "Secrets.UpdateSecrets"
)

// change holds one secret that the operator changes, and one secret that is
// changed directly.
type change struct {
	*site
	*session

	source *corev1.Secret
	obj    *v1alpha1.JujuSecret
	direct string // the ID in Juju
}

// change measures the time from a change of a Kubernetes Secret until Juju has
// answered the operator's update, relative to the bare request.
func (s *site) change(ctx context.Context, n int) ([]figure, error) {
	opened, err := openSession(ctx, s.juju, s.model)
	if err != nil {
		return nil, err
	}
	defer opened.close()
	c := &change{site: s, session: opened}
	if err := c.prepare(ctx, n); err != nil {
		return nil, err
	}
	var operator, direct []time.Duration
	for round := range warmup + rounds {
		through, err := c.throughOperator(ctx, n+2+round)
		if err != nil {
			return nil, err
		}
		began := time.Now()
		if err := c.update(ctx, c.direct, values(n+2+round)); err != nil {
			return nil, err
		}
		if took := time.Since(began); round >= warmup {
			operator, direct = append(operator, through), append(direct, took)
		}
	}
	for _, of := range []struct {
		name  string
		times []time.Duration
	}{{"operator", operator}, {"direct", direct}} {
		progress("         %s: median %v, p99 %v", of.name, quantile(of.times, 0.5), quantile(of.times, 0.99))
	}
	return []figure{
		{"change-median-ratio", ratio(operator, direct, 0.5), 5},
		{"change-p99-ratio", ratio(operator, direct, 0.99), 10},
	}, nil
}

// prepare creates the two secrets, and waits until the operator is idle.
func (c *change) prepare(ctx context.Context, n int) error {
	c.source = gen.Secret(namespace, "source", values(n))
	c.obj = gen.JujuSecret(namespace, "changing", c.site.model.Name, gen.FromSecret(c.source.Name))
	kube := c.kube.Client
	if err := errors.Join(kube.Create(ctx, c.source), kube.Create(ctx, c.obj)); err != nil {
		return err
	}
	// Only its fields are used.
	direct := gen.JujuSecret(namespace, "direct", c.site.model.Name, gen.Value(values(n+1)))
	ids, err := c.create(ctx, []*v1alpha1.JujuSecret{direct})
	if err != nil {
		return err
	}
	c.direct = ids[0]
	if err := c.awaitRevision(ctx, 1); err != nil {
		return err
	}
	return c.settle(ctx, 0)
}

// throughOperator writes the i-th values to the Kubernetes Secret, and returns
// the time until Juju has answered the update. It returns when the operator has
// recorded the revision, so that the operator is idle for the next measurement.
func (c *change) throughOperator(ctx context.Context, i int) (time.Duration, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("no update of the secret reached Juju"))
	defer cancel()
	answered, err := c.juju.AwaitAnswered(ctx, c.site.model, updateRequest, -1)
	if err != nil {
		return 0, err
	}
	before := c.source.DeepCopy()
	c.source.StringData = values(i)
	revision := c.obj.Status.Revision
	began := time.Now()
	if err := c.kube.Client.Patch(ctx, c.source, client.MergeFrom(before)); err != nil {
		return 0, err
	}
	if _, err := c.juju.AwaitAnswered(ctx, c.site.model, updateRequest, answered); err != nil {
		return 0, errors.Join(err, context.Cause(ctx))
	}
	return time.Since(began), c.awaitRevision(ctx, revision+1)
}

// awaitRevision waits until the operator has recorded a revision.
func (c *change) awaitRevision(ctx context.Context, revision int) error {
	return servers.Await(ctx, time.Minute, func() (string, error) {
		err := c.kube.Client.Get(ctx, client.ObjectKeyFromObject(c.obj), c.obj)
		if c.obj.Status.Revision != revision {
			return fmt.Sprintf("the operator has recorded revision %d, want %d", c.obj.Status.Revision, revision), err
		}
		return "", err
	})
}

func ratio(a, b []time.Duration, q float64) float64 {
	return quantile(a, q).Seconds() / quantile(b, q).Seconds()
}

// quantile returns the shortest time that is not exceeded by the share q of all
// times.
func quantile(times []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[max(int(math.Ceil(q*float64(len(sorted)))), 1)-1]
}
