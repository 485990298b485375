// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command bench measures the operator on real servers: the time, the requests
// and the writes to keep secrets in Juju in sync. Times are reported only as a
// ratio to a bare program on the same machine in the same run. The bare program
// makes the same changes with as few calls as possible, and does not keep
// anything in sync.
//
// With -n it measures one size and only prints the result. Otherwise it
// measures all sizes and writes docs/benchmarks.md and docs/benchmarks.svg.
//
// With -foreign it measures a model with many secrets of others instead, in
// which objects use a few.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
)

// detailed is the size for all figures. At other sizes, only figures that
// depend on the size are measured.
const detailed = 1000

func main() {
	n := flag.Int("n", 0, "the number of JujuSecrets and of JujuSecretAccesses; only prints the result")
	foreign := flag.Int("foreign", 0, "the number of secrets of others in one model to measure; only prints the result")
	flag.Parse()
	ctrl.SetLogger(logr.Discard()) // Discard the log of the Kubernetes client in this process.
	if err := run(context.Background(), *n, *foreign); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, n, foreign int) error {
	// SIGPIPE stops the servers when the reader of the output exits.
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGPIPE)
	defer stop()
	if foreign > 0 {
		return measureForeign(ctx, foreign)
	}
	sizes := []int{100, 300, detailed, 3000}
	if n > 0 {
		sizes = []int{n}
	}
	var all results
	for _, size := range sizes {
		err := all.measure(ctx, size, n > 0 || size == detailed)
		switch {
		case ctx.Err() != nil:
			return errors.New("interrupted; all servers are stopped and removed")
		case err != nil:
			return fmt.Errorf("cannot measure %d objects: %w", size, err)
		}
	}
	if n == 0 {
		if err := all.write("docs"); err != nil {
			return err
		}
	}
	for _, f := range worst(all.figures()) {
		fmt.Println(f)
	}
	return nil
}

// progress prints a line about the progress.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
