// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command demo shows the operator on real servers. It starts a Kubernetes
// control plane, a Juju API server and the operator, applies config/samples,
// and prints the objects in Kubernetes beside the secrets in Juju, and the
// options of charms that name a secret. It runs until it is interrupted. With
// --exit it changes a source, deletes an object, verifies both in Juju, and
// exits. It removes everything that it created.
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

// timeout bounds every wait of the demo.
const timeout = time.Minute

func main() {
	exit := flag.Bool("exit", false, "change a source, delete an object, verify both in Juju, and exit")
	flag.Parse()
	if err := run(context.Background(), *exit); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, exit bool) (err error) {
	// SIGPIPE stops the servers when the reader of the output exits.
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGPIPE)
	defer stop()
	fmt.Println("Starting a Kubernetes API server, a Juju API server and the operator ...")
	stack, err := servers.StartStack(ctx, servers.Options{
		Root: ".", APIServerOnly: exit, // Without a user, no namespace is deleted.
		Juju: 1, Operator: true,
	})
	if err != nil {
		return err
	}
	defer func() {
		if stopErr := stack.Stop(); stopErr != nil || ctx.Err() != nil && !exit {
			err = stopErr // An interrupt is the normal end of the demo.
		}
		fmt.Println("All servers are stopped, and their data is removed.")
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
The demo keeps running. Run in another terminal:

  export KUBECONFIG=%s JUJU_DATA=%s PATH=%s:%s:$PATH
  kubectl get juju -A
  juju secrets
  juju config configurable db-secret-2
  kubectl apply -f config/samples/update.yaml
  kubectl -n team-a get jujusecret db
  kubectl delete -f config/samples/remove.yaml

Press Ctrl-C to stop all servers and remove their data.
`, stack.Kubernetes.Kubeconfig, data, filepath.Dir(os.Getenv("KUBECTL")), filepath.Dir(os.Getenv("JUJU")))
	select {
	case <-ctx.Done():
		return nil
	case <-stack.Operator.Ended():
		return errors.Join(errors.New("the operator exited unexpectedly"), d.explain(context.WithoutCancel(ctx)))
	}
}
