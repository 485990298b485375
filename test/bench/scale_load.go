// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

const (
	// busyObjects is the number of objects of the busy tenant on the page.
	busyObjects = 5000
	// quietName is the namespace, the controller object and the model of the
	// tenant with few changes.
	quietName = "quiet"
	// quietSecrets is the number of Secrets that change in turn. The content of
	// one secret is updated at most once a second.
	quietSecrets = 20
	// changePause is the time between two changes of the quiet tenant.
	changePause = 100 * time.Millisecond
	// fewestChanges is the number of changes in each phase, at least.
	fewestChanges = 100
	// slack is how much longer than in the idle run a change may take.
	slack = time.Second
	// silence is how long the controller of the busy tenant is silent.
	silence = time.Minute
	// sharing is the number of JujuSecrets that use one source.
	sharing = 1000
)

// addLoad adds the figures beside a busy tenant, unless they are known.
func (r *scale) addLoad(ctx context.Context, n int, kept string) (err error) {
	if len(r.Load) > 0 {
		return nil
	}
	if r.Load, err = measureLoad(ctx, n); err != nil {
		return failure(ctx, n, err)
	}
	return r.keep(kept)
}

// load is a fleet whose objects belong to a busy tenant, with a Juju controller
// of its own, beside a quiet tenant.
type load struct {
	*fleet

	busy    *servers.Juju
	opened  *session
	sources []*corev1.Secret
	objs    []*v1alpha1.JujuSecret
	// unused is a Secret that no object uses, and direct the ID of a secret in
	// Juju that no object owns.
	unused *corev1.Secret
	direct string
	round  int
	idle   time.Duration // The 99th percentile without load.
}

// measureLoad measures how long changes of a quiet tenant take while another
// tenant has n objects, half of them JujuSecrets, on new servers. The times
// beside them are of the same changes without the operator: a patch of a Secret,
// and an update on an open connection.
func measureLoad(ctx context.Context, n int) (all []figure, err error) {
	s, err := openSite(ctx)
	if err != nil {
		return nil, err
	}
	l := &load{fleet: &fleet{site: s, n: n / 2}}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := l.prepare(ctx); err != nil {
		return nil, err
	}
	for _, phase := range []struct {
		name string
		work func(context.Context) error
	}{
		{"idle", func(context.Context) error { return nil }},
		{"apply", l.apply},
		{"silent", l.silent},
		{"back", l.back},
		{"missing-model", l.missingModel},
	} {
		figures, err := l.during(ctx, phase.name, phase.work)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", phase.name, err)
		}
		all = append(all, figures...)
		for _, f := range figures {
			progress("load: %s", f)
		}
	}
	figures, err := l.sharedSource(ctx)
	for _, f := range figures {
		progress("load: %s", f)
	}
	return append(all, figures...), err
}

func (l *load) close() error {
	if l.opened != nil {
		l.opened.close()
	}
	err := l.site.close()
	if l.busy != nil {
		err = errors.Join(l.busy.Stop(), err)
	}
	return err
}

// prepare creates both tenants, and the objects of the quiet one.
func (l *load) prepare(ctx context.Context) (err error) {
	if l.busy, err = servers.StartJuju(ctx, l.dir); err != nil {
		return err
	}
	for i := range models {
		added := tenant{namespace: "busy"}
		if added.model, err = l.busy.AddModel(ctx, fmt.Sprintf("busy-%d", i)); err != nil {
			return err
		}
		l.tenants = append(l.tenants, added)
	}
	if l.model, err = l.juju.AddModel(ctx, quietName); err != nil {
		return err
	}
	tenants := map[string]string{"tenant": "true"}
	objs := []client.Object{gen.Namespace("busy", tenants), gen.Namespace(quietName, tenants)}
	for name, juju := range map[string]*servers.Juju{"busy": l.busy, quietName: l.juju} {
		objs = append(objs, gen.Credentials(name, juju.Operator.Username, juju.Operator.Password),
			gen.Controller(name, juju.Addresses[0], juju.CACertificate))
	}
	l.unused = gen.Secret(quietName, "unused", values(0))
	objs = append(objs, l.unused)
	for i := range quietSecrets {
		name := fmt.Sprintf("quiet-%d", i)
		l.sources = append(l.sources, gen.Secret(quietName, name, values(i)))
		l.objs = append(l.objs, gen.JujuSecret(quietName, name, l.model.Name, gen.FromSecret(name), gen.Through(quietName)))
		objs = append(objs, l.sources[i], l.objs[i])
	}
	for _, obj := range objs {
		if err := l.kube.Client.Create(ctx, obj); err != nil {
			return err
		}
	}
	if l.opened, err = openSession(ctx, l.juju, l.model); err != nil {
		return err
	}
	unowned := gen.JujuSecret(quietName, "unowned", l.model.Name, gen.Value(values(0))) // Only its fields are used.
	ids, err := l.opened.create(ctx, []*v1alpha1.JujuSecret{unowned})
	if err != nil {
		return err
	}
	l.direct = ids[0]
	if l.tally, err = startTally(ctx, l.kube.Client); err != nil {
		return err
	}
	if err := l.admitOperator(ctx); err != nil {
		return err
	}
	return l.awaitInSync(ctx, quietSecrets)
}

// awaitInSync waits until a number of objects are in sync.
func (l *load) awaitInSync(ctx context.Context, n int) error { return l.awaitSynced(ctx, (n+1)/2) }

// ofBusyTenant returns the objects of the busy tenant.
func (l *load) ofBusyTenant() (secrets []*v1alpha1.JujuSecret, accesses []*v1alpha1.JujuSecretAccess) {
	_, secrets, accesses = l.manifests()
	for _, obj := range secrets {
		obj.Spec.ControllerRef.Name, obj.Spec.ValueFrom = "busy", nil
		obj.Spec.Value = values(0)
	}
	return secrets, accesses
}

// apply creates the objects of the busy tenant and waits until they are in sync.
func (l *load) apply(ctx context.Context) error {
	secrets, accesses := l.ofBusyTenant()
	if err := create(ctx, l.kube.Client, secrets, accesses); err != nil {
		return err
	}
	return l.awaitInSync(ctx, 2*l.n+quietSecrets)
}

// silent makes the controller of the busy tenant silent and changes all
// JujuSecrets of the tenant.
func (l *load) silent(ctx context.Context) error {
	if err := l.busy.Freeze(); err != nil {
		return err
	}
	began := time.Now()
	secrets, _ := l.ofBusyTenant()
	err := each(ctx, secrets, func(ctx context.Context, obj *v1alpha1.JujuSecret) error {
		patch := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"info":"Changed"}}`))
		return l.kube.Client.Patch(ctx, obj, patch)
	})
	if err != nil {
		return err
	}
	return pass(ctx, silence-time.Since(began))
}

// back lets the controller of the busy tenant continue, and waits until the
// changes are made.
func (l *load) back(ctx context.Context) error {
	if err := l.busy.Thaw(); err != nil {
		return err
	}
	return l.awaitInSync(ctx, 2*l.n+quietSecrets)
}

// missingModel creates as many objects for a missing model.
func (l *load) missingModel(ctx context.Context) error {
	var secrets []*v1alpha1.JujuSecret
	for i := range 2 * l.n {
		secrets = append(secrets, gen.JujuSecret("busy", fmt.Sprintf("missing-%d", i), "prod/missing",
			gen.Value(values(i)), gen.Through("busy")))
	}
	if err := create(ctx, l.kube.Client, secrets, nil); err != nil {
		return err
	}
	return pass(ctx, silence/2)
}

// during changes the Secrets of the quiet tenant in turn while work is under
// way, and returns the quantiles of the times until Juju has answered.
func (l *load) during(ctx context.Context, name string, work func(context.Context) error) ([]figure, error) {
	ended := make(chan error, 1)
	began := time.Now()
	go func() { ended <- work(ctx) }()
	var through, bare []time.Duration
	for working := true; working || len(through) < fewestChanges; {
		select {
		case err := <-ended:
			if err != nil {
				return nil, err
			}
			progress("load: %s took %v", name, time.Since(began).Round(time.Millisecond))
			working = false
		default:
		}
		operator, direct, err := l.change(ctx)
		if err != nil {
			return nil, err
		}
		through, bare = append(through, operator), append(bare, direct)
		if err := pass(ctx, changePause); err != nil {
			return nil, err
		}
	}
	p99 := quantile(through, 0.99)
	if l.idle == 0 {
		l.idle = p99
	}
	limit := milliseconds(l.idle + slack)
	progress("load: %s: %d changes, without the operator: p50 %v, p99 %v, longest %v", name, len(through),
		quantile(bare, 0.5), quantile(bare, 0.99), slices.Max(bare))
	return []figure{
		{name + "-change-p50-ms", milliseconds(quantile(through, 0.5)), limit},
		{name + "-change-p99-ms", milliseconds(p99), limit},
		{name + "-change-max-ms", milliseconds(slices.Max(through)), limit + milliseconds(slack)},
	}, nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// change changes one Secret of the quiet tenant, and returns the time until Juju
// has answered the operator's update. Then it makes the same change without the
// operator.
func (l *load) change(ctx context.Context) (operator, direct time.Duration, err error) {
	l.round++
	source := l.sources[l.round%quietSecrets]
	answered, err := l.juju.AwaitAnswered(ctx, l.model, updateRequest, -1)
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	if err := l.patch(ctx, source); err != nil {
		return 0, 0, err
	}
	if _, err := l.juju.AwaitAnswered(ctx, l.model, updateRequest, answered); err != nil {
		return 0, 0, err
	}
	operator = time.Since(began)
	began = time.Now()
	if err := l.patch(ctx, l.unused); err != nil {
		return 0, 0, err
	}
	err = l.opened.update(ctx, l.direct, values(l.round))
	return operator, time.Since(began), err
}

// patch gives a Secret the values of the round.
func (l *load) patch(ctx context.Context, source *corev1.Secret) error {
	before := source.DeepCopy()
	source.StringData = values(l.round)
	return l.kube.Client.Patch(ctx, source, client.MergeFrom(before))
}

// sharedSource measures a change of a source that many JujuSecrets in all models
// of the busy tenant use.
func (l *load) sharedSource(ctx context.Context) ([]figure, error) {
	source := gen.Secret("busy", "shared", values(0))
	var secrets []*v1alpha1.JujuSecret
	for i := range sharing {
		secrets = append(secrets, gen.JujuSecret("busy", fmt.Sprintf("sharing-%d", i), l.tenants[i%models].model.Name,
			gen.FromSecret(source.Name), gen.Through("busy")))
	}
	if err := l.kube.Client.Create(ctx, source); err != nil {
		return nil, err
	}
	if err := create(ctx, l.kube.Client, secrets, nil); err != nil {
		return nil, err
	}
	if err := l.awaitInSync(ctx, 2*l.n+quietSecrets+sharing); err != nil {
		return nil, err
	}
	var figures []figure
	for round := 1; round <= 2; round++ { // The first update of a secret also writes its record.
		if err := l.settle(ctx, 0); err != nil {
			return nil, err
		}
		before, requests, err := l.read(ctx)
		if err != nil {
			return nil, err
		}
		began := time.Now()
		l.round++
		if err := l.patch(ctx, source); err != nil {
			return nil, err
		}
		if err := l.awaitRevisions(ctx, secrets, round+1); err != nil {
			return nil, err
		}
		took := time.Since(began)
		after, made, err := l.read(ctx)
		if err != nil {
			return nil, err
		}
		name := fmt.Sprintf("shared-source-%d-", round)
		figures = append(figures,
			figure{name + "reads", after - before, 2},
			figure{name + "updates", float64(made[updateRequest] - requests[updateRequest]), 4 * models},
			figure{name + "seconds", took.Seconds(), 10},
		)
	}
	return figures, nil
}

// read returns the objects that the operator has read from the API server, and
// the requests to the Juju controller of the busy tenant.
func (l *load) read(ctx context.Context) (reads float64, requests map[string]int, err error) {
	values, err := l.samples(ctx)
	if err != nil {
		return 0, nil, err
	}
	requests, err = l.busy.Requests(ctx, servers.Model{})
	return values.sum("rest_client_requests_total", `method="GET"`), requests, err
}

// awaitRevisions waits until all JujuSecrets report a revision.
func (l *load) awaitRevisions(ctx context.Context, secrets []*v1alpha1.JujuSecret, revision int) error {
	return each(ctx, secrets, func(ctx context.Context, obj *v1alpha1.JujuSecret) error {
		return servers.Await(ctx, patience, func() (string, error) {
			err := l.kube.Client.Get(ctx, client.ObjectKeyFromObject(obj), obj)
			if obj.Status.Revision != revision {
				return fmt.Sprintf("%s is at revision %d, want %d", obj.Name, obj.Status.Revision, revision), err
			}
			return "", err
		})
	})
}
