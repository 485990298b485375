// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/controllers"
	"github.com/juju-secrets/operator/internal/juju"
	"github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/metrics"
	"github.com/juju-secrets/operator/internal/plan"
)

// Leader election records its events with the core API.
// +kubebuilder:rbac:groups=coordination.k8s.io,resources=leases,namespace=juju-secrets,verbs=get;create;update
// +kubebuilder:rbac:groups="",resources=events,namespace=juju-secrets,verbs=create

// run runs the operator until ctx is cancelled.
func run(ctx context.Context, args []string) error {
	opts, err := parseOptions(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	case opts.version:
		_, err := fmt.Println(thisBuild())
		return err
	}
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&opts.log)))
	build := thisBuild()
	ctrl.Log.Info("Starting", "version", build.Version, "commit", build.Commit, "juju", build.Juju)
	if opts.namespace, err = ownNamespace(opts.namespace); err != nil {
		return err
	}
	opts.scope.Lease = client.ObjectKey{Namespace: opts.namespace, Name: lease(opts.scope)}
	mgr, err := newManager(opts)
	if err != nil {
		return err
	}
	if err := wire.UseProxies(); err != nil {
		return err
	}
	counts := metrics.NewCounts()
	cached := mgr.GetCache()
	pool := juju.NewPool(controllers.InUse(ctx, cached), controllers.IsAwaited(ctx, cached), counts)
	defer pool.Close()
	if err := opts.register(mgr, counts, pool); err != nil {
		return err
	}
	if err := addControllers(ctx, mgr, pool, counts, opts); err != nil {
		return err
	}
	return start(ctx, mgr)
}

// start runs the manager until ctx is cancelled, and waits for pending work.
// While the caches are not synced there is no pending work, but the manager
// would wait for the caches, possibly forever. In this case start returns at
// once.
func start(ctx context.Context, mgr manager.Manager) error {
	synced := make(chan struct{})
	err := mgr.Add(replicas(func(context.Context) error {
		close(synced)
		return nil
	}))
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case <-synced:
		return <-done
	default:
		return nil
	}
}

// replicas is a function that every replica calls when its caches are synced,
// leader or not.
type replicas func(context.Context) error

// Start implements manager.Runnable.
func (f replicas) Start(ctx context.Context) error { return f(ctx) }

// NeedLeaderElection returns false: replicas that do not lead call the function
// too.
func (replicas) NeedLeaderElection() bool { return false }

// lease returns the name of the Lease that replicas use to elect their leader.
// Operators with another scope use another Lease.
func lease(scope controllers.Scope) string {
	if len(scope.Namespaces) == 0 {
		return leaseName(scope.Class)
	}
	sum := fnv.New32a()
	// It never fails.
	_, _ = sum.Write([]byte(strings.Join(slices.Sorted(slices.Values(scope.Namespaces)), ",")))
	return fmt.Sprintf("%s.%08x", leaseName(scope.Class), sum.Sum32())
}

// leaseName returns the name of the Lease for a class.
func leaseName(class string) string {
	if class == "" {
		return "juju-secrets-operator"
	}
	return "juju-secrets-operator-" + class
}

// shutdownTimeout bounds how long pending work may take when the operator shuts
// down: a request to Juju, and the record of its result in Kubernetes. The
// termination grace period of the Deployment is longer. What is not recorded in
// time is detected after the next start, as after a crash.
const shutdownTimeout = juju.LongestCall + 10*time.Second

func newManager(opts options) (manager.Manager, error) {
	config, err := ctrl.GetConfig()
	if err != nil {
		return nil, fmt.Errorf("cannot find a Kubernetes cluster: %w", err)
	}
	// The API server's priority and fairness paces requests better than a limit
	// in the client.
	config.QPS = -1
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	shutdown := shutdownTimeout
	return ctrl.NewManager(config, ctrl.Options{
		Scheme:                        scheme,
		NewCache:                      controllers.NewCache,
		Cache:                         controllers.CacheOptions(opts.scope),
		Client:                        controllers.ClientOptions(),
		Metrics:                       opts.metrics.server(),
		HealthProbeBindAddress:        opts.probeAddress,
		LeaderElection:                opts.leaderElection,
		LeaderElectionID:              opts.scope.Lease.Name,
		LeaderElectionNamespace:       opts.scope.Lease.Namespace,
		LeaderElectionReleaseOnCancel: true,
		GracefulShutdownTimeout:       &shutdown,
	})
}

// readyTimeout bounds how long a readiness check waits for the caches. The
// default timeout of a probe is one second.
const readyTimeout = 500 * time.Millisecond

// ready returns a check that passes when the caches are synced and the operator
// is not shutting down. A ready replica reconciles, or would do so as soon as
// it is elected.
func ready(ctx context.Context, caches cache.Cache) healthz.Checker {
	return func(*http.Request) error {
		if ctx.Err() != nil {
			return errors.New("shutting down")
		}
		synced, cancel := context.WithTimeout(ctx, readyTimeout)
		defer cancel()
		if !caches.WaitForCacheSync(synced) {
			return errors.New("the caches are not synced: check the connection to the API server and the operator's roles")
		}
		return nil
	}
}

// models adapts a Pool to controllers.Models.
type models struct{ *juju.Pool }

// Announce implements controllers.Models.
func (m models) Announce(model plan.ModelRef, steps []plan.Step) controllers.Ticket {
	return m.Pool.Announce(model, steps)
}

// addControllers connects the reconcilers to Juju and to each other.
func addControllers(
	ctx context.Context, mgr manager.Manager, pool *juju.Pool, meter controllers.Meter, opts options,
) error {
	key, err := controllers.LoadKey(ctx, mgr.GetClient(), opts.namespace)
	if err != nil {
		return err
	}
	wakeups := controllers.NewWakeups(pool.Changed())
	options := controllers.Options{
		Client: mgr.GetClient(), Juju: models{pool}, Events: mgr.GetEventRecorder("juju-secrets-operator"), Now: time.Now,
		Key: key, Scope: opts.scope, InFlight: controllers.NewInFlight(), Meter: meter,
	}
	reconcilers := []interface {
		SetupWithManager(context.Context, ctrl.Manager, *controllers.Wakeups) error
	}{
		controllers.NewControllerReconciler(options, pool, true),
		controllers.NewCredentialsReconciler(options, mgr.GetCache()),
		controllers.NewSecretReconciler(options),
		controllers.NewAccessReconciler(options),
	}
	if len(opts.scope.Namespaces) == 0 {
		reconcilers = append(reconcilers, controllers.NewControllerReconciler(options, pool, false))
	}
	for _, reconciler := range reconcilers {
		if err := reconciler.SetupWithManager(ctx, mgr, wakeups); err != nil {
			return fmt.Errorf("cannot set up %T: %w", reconciler, err)
		}
	}
	return errors.Join(
		controllers.Watch(ctx, mgr.GetCache(), opts.scope),
		mgr.Add(wakeups),
		mgr.AddHealthzCheck("ping", healthz.Ping),
		mgr.AddReadyzCheck("caches", ready(ctx, mgr.GetCache())),
	)
}
