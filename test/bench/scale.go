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

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

const (
	// models is the number of models that the objects are in. Each model has a
	// namespace of its own.
	models = 20
	mib    = 1 << 20
)

// scale holds the absolute costs of each size.
type scale struct {
	Sizes []scaleSize
	Load  []figure // beside a busy tenant
	Facts facts
}

// scaleSize holds the figures for N JujuSecrets and as many
// JujuSecretAccesses.
type scaleSize struct {
	N       int
	Figures []figure
}

// measureScale measures N JujuSecrets with as many JujuSecretAccesses in
// several models, and prints the figures. Without n it measures all sizes and
// writes docs/scale.md. Sizes whose results are in the file kept are not
// measured again.
func measureScale(ctx context.Context, n int, kept string) error {
	sizes := []int{1000, 3000, 10000}
	if n > 0 {
		sizes = []int{n}
	}
	all, err := readScale(kept)
	if err != nil {
		return err
	}
	for _, size := range sizes {
		if err := all.measure(ctx, size); err != nil {
			return failure(ctx, size, err)
		}
		if err := all.keep(kept); err != nil {
			return err
		}
	}
	if n == 0 {
		if err := all.addLoad(ctx, busyObjects, kept); err != nil {
			return err
		}
		if err := all.write("docs"); err != nil {
			return err
		}
	}
	for _, f := range append(all.of(sizes), all.Load...) {
		fmt.Println(f)
	}
	return nil
}

// of returns the figures of some sizes, with the size in their names, and
// figures that compare the largest size with the smallest.
func (r *scale) of(sizes []int) []figure {
	var all []figure
	for _, s := range r.Sizes {
		if !slices.Contains(sizes, s.N) {
			continue
		}
		for _, f := range s.Figures {
			all = append(all, figure{fmt.Sprintf("%d-%s", s.N, f.Name), f.Value, f.Limit})
		}
	}
	if len(sizes) > 1 {
		all = append(all, r.growth()...)
	}
	return all
}

// growth returns the cost of one object at the largest size, relative to the
// smallest size.
func (r *scale) growth() []figure {
	low, high := r.Sizes[0], r.Sizes[len(r.Sizes)-1]
	var all []figure
	for _, name := range []string{"apply-seconds", "apply-cpu-seconds", "settled-mib"} {
		ratio := high.value(name) / float64(high.N) * float64(low.N) / low.value(name)
		all = append(all, figure{"growth-" + name, ratio, 1.25})
	}
	return all
}

func (s scaleSize) value(name string) float64 {
	for _, f := range s.Figures {
		if f.Name == name {
			return f.Value
		}
	}
	return 0
}

// readScale reads the results that an earlier run has kept in a file, if any.
func readScale(path string) (scale, error) {
	var all scale
	if path == "" {
		return all, nil
	}
	text, err := os.ReadFile(path) //nolint:gosec // The user of the command names it.
	if errors.Is(err, os.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return all, err
	}
	return all, json.Unmarshal(text, &all)
}

// keep writes the results to a file, if there is one.
func (r *scale) keep(path string) error {
	if path == "" {
		return nil
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// measure measures one size on new servers, unless its results are known.
func (r *scale) measure(ctx context.Context, n int) (err error) {
	if slices.ContainsFunc(r.Sizes, func(s scaleSize) bool { return s.N == n }) {
		return nil
	}
	f, err := openFleet(ctx, n)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	measured := scaleSize{N: n}
	for _, phase := range []func(context.Context) ([]figure, error){f.measureApply, f.measureIdle, f.measureRestart} {
		figures, err := phase(ctx)
		if err != nil {
			return err
		}
		for _, each := range figures {
			progress("%5d: %s", n, each)
		}
		measured.Figures = append(measured.Figures, figures...)
	}
	r.Sizes = append(r.Sizes, measured)
	slices.SortFunc(r.Sizes, func(a, b scaleSize) int { return a.N - b.N })
	r.Facts, err = gatherFacts(ctx, f.site)
	return err
}

// fleet is a site with several tenants, for N JujuSecrets and as many
// JujuSecretAccesses. Each tenant has the same share of them.
type fleet struct {
	*site

	n       int
	tenants []tenant
	// settled is what the operator has resident in memory while nothing
	// changes, in bytes.
	settled float64
}

// tenant is a namespace and the only model that its objects use.
type tenant struct {
	namespace string
	model     servers.Model
}

// openFleet starts the servers, adds the tenants, and starts the operator.
func openFleet(ctx context.Context, n int) (*fleet, error) {
	s, err := openSite(ctx)
	if err != nil {
		return nil, err
	}
	f := &fleet{site: s, n: n}
	if err := f.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return f, nil
}

func (f *fleet) prepare(ctx context.Context) (err error) {
	// The default interval of drift detection.
	if err := f.setInterval(ctx, "null"); err != nil {
		return err
	}
	for i := range models {
		added := tenant{namespace: fmt.Sprintf("tenant-%d", i)}
		if added.model, err = f.juju.AddModel(ctx, added.namespace); err != nil {
			return err
		}
		ns := gen.Namespace(added.namespace, map[string]string{"tenant": "true"})
		if err := f.kube.Client.Create(ctx, ns); err != nil {
			return err
		}
		f.tenants = append(f.tenants, added)
	}
	if f.tally, err = startTally(ctx, f.kube.Client); err != nil {
		return err
	}
	return f.admitOperator(ctx)
}

// manifests returns the objects of all tenants: JujuSecrets, a
// JujuSecretAccess for two applications for each, and a Kubernetes Secret for
// every other one. The other JujuSecrets have inline values.
func (f *fleet) manifests() ([]*corev1.Secret, []*v1alpha1.JujuSecret, []*v1alpha1.JujuSecretAccess) {
	var sources []*corev1.Secret
	var secrets []*v1alpha1.JujuSecret
	var accesses []*v1alpha1.JujuSecretAccess
	for i := range f.n {
		of := f.tenants[i%models]
		name := fmt.Sprintf("secret-%d", i)
		content := gen.Value(values(i))
		if i/models%2 == 1 {
			sources = append(sources, gen.Secret(of.namespace, name, values(i)))
			content = gen.FromSecret(name)
		}
		secrets = append(secrets, gen.JujuSecret(of.namespace, name, of.model.Name, content, gen.Info("For a benchmark")))
		accesses = append(accesses, gen.Access(of.namespace, fmt.Sprintf("access-%d", i), name, "app1", "app2"))
	}
	return sources, secrets, accesses
}

// create creates the objects of all tenants, the referenced objects first.
func (f *fleet) create(ctx context.Context) error {
	sources, secrets, accesses := f.manifests()
	err := each(ctx, sources, func(ctx context.Context, obj *corev1.Secret) error {
		return f.kube.Client.Create(ctx, obj)
	})
	if err != nil {
		return err
	}
	return create(ctx, f.kube.Client, secrets, accesses)
}

// listingBytes returns the size of one listing of each model, as Juju sends it.
func (f *fleet) listingBytes(ctx context.Context) (float64, error) {
	var group errgroup.Group
	sizes := make([]int, len(f.tenants))
	for i, of := range f.tenants {
		group.Go(func() error {
			opened, err := openSession(ctx, f.juju, of.model)
			if err != nil {
				return err
			}
			defer opened.close()
			sizes[i], err = opened.listingSize(ctx)
			return err
		})
	}
	err := group.Wait()
	sum := 0
	for _, size := range sizes {
		sum += size
	}
	return float64(sum), err
}
