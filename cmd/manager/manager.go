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
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/controllers"
	"github.com/juju-secrets/operator/internal/juju"
	"github.com/juju-secrets/operator/internal/metrics"
)

// Leader election, which still records its events in the old API.
// +kubebuilder:rbac:groups=coordination.k8s.io,resources=leases,namespace=juju-secrets,verbs=get;create;update
// +kubebuilder:rbac:groups="",resources=events,namespace=juju-secrets,verbs=create

// run works until ctx ends.
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
	mgr, err := newManager(opts)
	if err != nil {
		return err
	}
	if err := juju.UseProxies(); err != nil {
		return err
	}
	counts := metrics.NewCounts()
	pool := juju.NewPool(controllers.InUse(ctx, mgr.GetCache()), counts)
	defer pool.Close()
	if err := opts.register(mgr, counts, pool); err != nil {
		return err
	}
	if err := addControllers(ctx, mgr, pool, counts, opts); err != nil {
		return err
	}
	return start(ctx, mgr)
}

// start lets the manager work until ctx ends, and what is under way then is finished. Before its caches are filled nothing is under
// way, and the manager would wait for that first, maybe for ever.
func start(ctx context.Context, mgr manager.Manager) error {
	filled := make(chan struct{})
	err := mgr.Add(replicas(func(context.Context) error {
		close(filled)
		return nil
	}))
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	select {
	case <-filled:
		return <-ended
	default:
		return nil
	}
}

// replicas is a function that every replica calls once its caches are filled, whether it leads or not.
type replicas func(context.Context) error

// Start calls the function.
func (f replicas) Start(ctx context.Context) error { return f(ctx) }

// NeedLeaderElection tells that those that do not lead call it, too.
func (replicas) NeedLeaderElection() bool { return false }

// lease is the name of the Lease by which replicas elect their leader. Those that serve others have another.
func lease(scope controllers.Scope) string {
	if len(scope.Namespaces) == 0 {
		return leaseName(scope.Class)
	}
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(strings.Join(slices.Sorted(slices.Values(scope.Namespaces)), ","))) // It never fails.
	return fmt.Sprintf("%s.%08x", leaseName(scope.Class), sum.Sum32())
}

// leaseName is that of a class.
func leaseName(class string) string {
	if class == "" {
		return "juju-secrets-operator"
	}
	return "juju-secrets-operator-" + class
}

// shutdownTimeout is how long what is under way may take when the operator is told to stop: a request to Juju, and then the notes
// of it in Kubernetes. The Deployment gives the Pod some more. What Kubernetes takes longer for is found out after the next start,
// as after a crash.
const shutdownTimeout = juju.LongestCall + 10*time.Second

func newManager(opts options) (manager.Manager, error) {
	config, err := ctrl.GetConfig()
	if err != nil {
		return nil, fmt.Errorf("cannot find a Kubernetes cluster: %w", err)
	}
	// The API server's own priority and fairness paces requests better than a limit on this side.
	config.QPS = -1
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	shutdown := shutdownTimeout
	return ctrl.NewManager(config, ctrl.Options{
		Scheme:                        scheme,
		Cache:                         controllers.CacheOptions(opts.scope),
		Client:                        controllers.ClientOptions(),
		Metrics:                       opts.metrics.server(),
		HealthProbeBindAddress:        opts.probeAddress,
		LeaderElection:                opts.leaderElection,
		LeaderElectionID:              lease(opts.scope),
		LeaderElectionNamespace:       opts.namespace,
		LeaderElectionReleaseOnCancel: true,
		GracefulShutdownTimeout:       &shutdown,
	})
}

// readyPatience is how long a question for readiness waits for an answer. Who asks waits no longer than a second by default.
const readyPatience = 500 * time.Millisecond

// ready tells whether the operator sees all that it has to, so that it works, or would at once should it come to lead, and has not been
// told to stop.
func ready(ctx context.Context, caches cache.Cache) healthz.Checker {
	return func(*http.Request) error {
		if ctx.Err() != nil {
			return errors.New("told to stop")
		}
		synced, cancel := context.WithTimeout(ctx, readyPatience)
		defer cancel()
		if !caches.WaitForCacheSync(synced) {
			return errors.New("the caches are not filled: see whether the API server answers, and the roles")
		}
		return nil
	}
}

// addControllers wires the reconcilers to Juju, and to each other.
func addControllers(ctx context.Context, mgr manager.Manager, pool *juju.Pool, meter controllers.Meter, opts options) error {
	key, err := controllers.LoadKey(ctx, mgr.GetClient(), opts.namespace)
	if err != nil {
		return err
	}
	wakeups := controllers.NewWakeups(pool.Changed())
	kit := func() controllers.Kit {
		kit := controllers.NewKit(mgr.GetClient(), pool, mgr.GetEventRecorder("juju-secrets-operator"), time.Now)
		kit.Key, kit.Scope, kit.Meter = key, opts.scope, meter
		return kit
	}
	reconcilers := []interface {
		SetupWithManager(context.Context, ctrl.Manager, *controllers.Wakeups) error
	}{
		&controllers.ControllerReconciler{Kit: kit(), Connections: pool, Local: true},
		&controllers.CredentialsReconciler{Kit: kit(), Metadata: mgr.GetCache()},
		&controllers.SecretReconciler{Kit: kit()},
		&controllers.AccessReconciler{Kit: kit()},
	}
	if len(opts.scope.Namespaces) == 0 {
		reconcilers = append(reconcilers, &controllers.ControllerReconciler{Kit: kit(), Connections: pool})
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
