// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command histories verifies on real servers that the operator keeps its
// secrets and changes no other secrets. It runs random histories: users apply,
// change and delete objects, change secrets in Juju and migrate models, while
// the operator crashes and loses connections at critical moments, and objects
// lose their metadata or their status. Many histories run concurrently on one
// operator, each in its own namespaces and Juju model, so a crash in one history
// affects all of them.
//
// Each history knows its expected state. The state is checked whenever the
// history waits for the operator, and at the end: no secret or grant is lost,
// no secret exists twice, no foreign secret is changed, and no needless
// revision is created. The seed of history i is SEED+i and determines its
// steps, so that a failed history can be repeated alone.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
)

// longPatience is long enough on a machine that is busy with other tests, and
// with an operator that crashes often.
const longPatience = 2 * time.Minute

// atOnce is the number of concurrent histories.
const atOnce = 25

func main() {
	n := flag.Int("n", 200, "the number of histories")
	seed := flag.Uint64("seed", 1, "the seed of the first history; it increases by one for each history")
	patience := flag.Duration("patience", longPatience, "the timeout of every wait for a condition")
	verbose := flag.Bool("v", false, "print the steps of every history")
	flag.Parse()
	ctrl.SetLogger(logr.Discard()) // Discard the log of the Kubernetes client in this process.
	o := options{root: ".", n: *n, seed: *seed, patience: *patience, verbose: *verbose}
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "histories:", err)
		os.Exit(1)
	}
}

// run runs histories and prints the result.
func run(ctx context.Context, what options) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	// Ignore SIGPIPE, so that the servers are stopped when the reader of the
	// output exits. Handling the signal is not possible, because writes to
	// connections of a killed operator raise it too.
	signal.Ignore(syscall.SIGPIPE)
	total, err := runHistories(ctx, what)
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted; all servers are stopped and removed")
	case err != nil:
		return err
	}
	fmt.Println(total)
	if !total.ok() {
		return errors.New("the histories found faults")
	}
	return nil
}

// progress prints a line about the progress.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
