// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/controllers"
	"github.com/juju-secrets/operator/internal/juju"
)

// Leader election, which still records its events in the old API.
// +kubebuilder:rbac:groups=coordination.k8s.io,resources=leases,namespace=juju-secrets,verbs=get;create;update
// +kubebuilder:rbac:groups="",resources=events,namespace=juju-secrets,verbs=create;patch

// run works until ctx ends.
func run(ctx context.Context, args []string) error {
	opts, err := parseOptions(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	}
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&opts.log)))
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
	pool := juju.NewPool(controllers.InUse(ctx, mgr.GetCache()))
	defer pool.Close()
	if err := addControllers(ctx, mgr, pool, opts.namespace); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

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
	return ctrl.NewManager(config, ctrl.Options{
		Scheme:                        scheme,
		Cache:                         controllers.CacheOptions(),
		Client:                        controllers.ClientOptions(),
		Metrics:                       metricsserver.Options{BindAddress: opts.metricsAddress},
		HealthProbeBindAddress:        opts.probeAddress,
		LeaderElection:                opts.leaderElection,
		LeaderElectionID:              "juju-secrets-operator",
		LeaderElectionNamespace:       opts.namespace,
		LeaderElectionReleaseOnCancel: true,
	})
}

// addControllers wires the reconcilers to Juju, and to each other.
func addControllers(ctx context.Context, mgr manager.Manager, pool *juju.Pool, namespace string) error {
	key, err := controllers.LoadKey(ctx, mgr.GetClient(), namespace)
	if err != nil {
		return err
	}
	wakeups := controllers.NewWakeups(pool.Changed())
	kit := func() controllers.Kit {
		return controllers.NewKit(mgr.GetClient(), pool, mgr.GetEventRecorder("juju-secrets-operator"), time.Now)
	}
	reconcilers := []interface {
		SetupWithManager(context.Context, ctrl.Manager, *controllers.Wakeups) error
	}{
		&controllers.ControllerReconciler{Kit: kit(), Connections: pool},
		&controllers.CredentialsReconciler{Kit: kit(), Metadata: mgr.GetCache()},
		&controllers.SecretReconciler{Kit: kit(), Key: key},
		&controllers.AccessReconciler{Kit: kit()},
	}
	for _, reconciler := range reconcilers {
		if err := reconciler.SetupWithManager(ctx, mgr, wakeups); err != nil {
			return fmt.Errorf("cannot set up %T: %w", reconciler, err)
		}
	}
	return errors.Join(
		mgr.Add(wakeups),
		mgr.AddHealthzCheck("ping", healthz.Ping),
		mgr.AddReadyzCheck("ping", healthz.Ping),
	)
}
