// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command bench measures the operator on real servers: what it costs to keep secrets in Juju, in time, in requests and in
// writes. Time is never told by itself, but as a ratio to what a bare program needs on the same machine at the same time,
// which makes the same changes with as few calls as they take, and keeps nothing in sync.
//
// With -n it measures one size and prints only. Without, it measures all sizes and writes docs/benchmarks.md and
// docs/benchmarks.svg.
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

// detailed is the size at which all figures are measured; at other sizes only what depends on the size.
const detailed = 1000

func main() {
	n := flag.Int("n", 0, "measure with this many JujuSecrets, and as many JujuSecretAccesses, and print only")
	flag.Parse()
	ctrl.SetLogger(logr.Discard()) // Of Kubernetes' client in this process, which has nothing to tell.
	if err := run(context.Background(), *n); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, n int) error {
	// SIGPIPE, too: a reader of the output that goes away must not leave servers behind.
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGPIPE)
	defer stop()
	sizes := []int{100, 300, detailed, 3000}
	if n > 0 {
		sizes = []int{n}
	}
	var all results
	for _, size := range sizes {
		err := all.measure(ctx, size, n > 0 || size == detailed)
		switch {
		case ctx.Err() != nil:
			return errors.New("interrupted; everything is stopped and removed")
		case err != nil:
			return fmt.Errorf("cannot measure with %d: %w", size, err)
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

// say tells how far the program is.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
