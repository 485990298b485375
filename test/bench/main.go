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
// With -scale it measures thousands of objects in several models instead, in
// absolute terms, and writes docs/scale.md and docs/scale.svg.
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
	large := flag.Bool("scale", false, "measure thousands of objects in several models")
	kept := flag.String("results", "", "with -scale, the file to read and write the results of each size, so that the "+
		"sizes can be measured in separate runs")
	loaded := flag.Int("load", 0, "the number of objects of a busy tenant beside a quiet one; only prints the result")
	flag.Parse()
	ctrl.SetLogger(logr.Discard()) // Discard the log of the Kubernetes client in this process.
	if err := run(context.Background(), *n, *large, *kept, *loaded); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, n int, large bool, kept string, loaded int) error {
	// SIGPIPE stops the servers when the reader of the output exits.
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGPIPE)
	defer stop()
	if loaded > 0 {
		var beside scale
		if err := beside.addLoad(ctx, loaded, ""); err != nil {
			return err
		}
		for _, f := range beside.Load {
			fmt.Println(f)
		}
		return nil
	}
	if large {
		return measureScale(ctx, n, kept)
	}
	return measureRatios(ctx, n)
}

// measureRatios measures the operator beside the bare program.
func measureRatios(ctx context.Context, n int) error {
	sizes := []int{100, 300, detailed, 3000}
	if n > 0 {
		sizes = []int{n}
	}
	var all results
	for _, size := range sizes {
		if err := all.measure(ctx, size, n > 0 || size == detailed); err != nil {
			return failure(ctx, size, err)
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

// failure returns the error of the measurement of one size.
func failure(ctx context.Context, size int, err error) error {
	if ctx.Err() != nil {
		return errors.New("interrupted; all servers are stopped and removed")
	}
	return fmt.Errorf("cannot measure %d objects: %w", size, err)
}

// progress prints a line about the progress.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
