// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command demo shows the whole operator on real servers: it starts a Kubernetes control plane, a Juju API server and the
// operator, applies config/samples, and prints what Kubernetes shows beside what Juju holds. It stays up until it is
// interrupted, or with --exit changes and removes something, checks that Juju follows, and ends. Nothing is left behind.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/juju-secrets/operator/test/servers"
)

// patience is how long the demo waits for anything to come true.
const patience = time.Minute

func main() {
	exit := flag.Bool("exit", false, "change a source and remove an object, check both in Juju, and end")
	flag.Parse()
	if err := run(context.Background(), *exit); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, exit bool) (err error) {
	// SIGPIPE, too: a reader of the output that goes away must not leave servers behind.
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGPIPE)
	defer stop()
	fmt.Println("Starting a Kubernetes API server, a Juju API server and the operator ...")
	stack, err := servers.StartStack(ctx, ".")
	if err != nil {
		return err
	}
	defer func() {
		if stopErr := stack.Stop(); stopErr != nil || ctx.Err() != nil && !exit {
			err = stopErr // An interrupt is how the demo is meant to end.
		}
		fmt.Println("Everything is stopped and removed.")
	}()
	d := &demo{stack: stack, model: stack.Juju.Models[0]}
	data, err := os.MkdirTemp("", "juju-data-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	if err := stack.Juju.WriteClient(data); err != nil {
		return err
	}
	steps := []func(context.Context) error{d.applySamples, d.awaitReady, d.show}
	if exit {
		steps = append(steps, d.update, d.remove)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return errors.Join(err, d.explain(context.WithoutCancel(ctx)))
		}
	}
	if exit {
		return nil
	}
	fmt.Printf(`
It stays up. In another terminal:

  export KUBECONFIG=%s JUJU_DATA=%s PATH=%s:%s:$PATH
  kubectl get juju -A
  juju secrets
  kubectl apply -f config/samples/update.yaml
  kubectl -n team-a get jujusecret db
  kubectl delete -f config/samples/remove.yaml

Ctrl-C stops everything and leaves nothing behind.
`, stack.Kubernetes.Kubeconfig, data, filepath.Dir(os.Getenv("KUBECTL")), filepath.Dir(os.Getenv("JUJU")))
	select {
	case <-ctx.Done():
		return nil
	case <-stack.Operator.Ended():
		return errors.Join(errors.New("the operator ended by itself"), d.explain(context.WithoutCancel(ctx)))
	}
}
