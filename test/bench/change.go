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
	// warmup is how many rounds are not counted.
	warmup = 5
	// updateRequest is the request that brings a change to Juju.
	updateRequest = "Secrets.UpdateSecrets"
)

// change is one secret that the operator changes, and one beside it that is changed directly.
type change struct {
	*site
	*session

	source *corev1.Secret
	obj    *v1alpha1.JujuSecret
	direct string // the ID in Juju
}

// change measures how long it takes from a change of a Kubernetes Secret until Juju has answered the operator, against the
// bare request.
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
		say("         %s: median %v, p99 %v", of.name, quantile(of.times, 0.5), quantile(of.times, 0.99))
	}
	return []figure{
		{"change-median-ratio", ratio(operator, direct, 0.5), 5},
		{"change-p99-ratio", ratio(operator, direct, 0.99), 10},
	}, nil
}

// prepare makes the two secrets, and waits until the operator is at rest.
func (c *change) prepare(ctx context.Context, n int) error {
	c.source = gen.Secret(namespace, "source", values(n))
	c.obj = gen.JujuSecret(namespace, "changing", c.site.model.Name, gen.FromSecret(c.source.Name))
	kube := c.kube.Client
	if err := errors.Join(kube.Create(ctx, c.source), kube.Create(ctx, c.obj)); err != nil {
		return err
	}
	direct := gen.JujuSecret(namespace, "direct", c.site.model.Name, gen.Value(values(n+1))) // For its fields alone.
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

// throughOperator gives the Kubernetes Secret the i-th values, and returns the time until Juju had answered the update.
// The operator has noted it then, so that it is at rest for what is measured next.
func (c *change) throughOperator(ctx context.Context, i int) (time.Duration, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("no update of the secret came to Juju"))
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

// awaitRevision waits until the operator has noted a revision.
func (c *change) awaitRevision(ctx context.Context, revision int) error {
	return servers.Await(ctx, time.Minute, func() (string, error) {
		err := c.kube.Client.Get(ctx, client.ObjectKeyFromObject(c.obj), c.obj)
		if c.obj.Status.Revision != revision {
			return fmt.Sprintf("the operator has noted revision %d, not %d", c.obj.Status.Revision, revision), err
		}
		return "", err
	})
}

func ratio(a, b []time.Duration, q float64) float64 {
	return quantile(a, q).Seconds() / quantile(b, q).Seconds()
}

// quantile is the shortest time that this share of all times does not exceed.
func quantile(times []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[max(int(math.Ceil(q*float64(len(sorted)))), 1)-1]
}
