// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command histories proves on real servers that the operator keeps what is its own, and touches nothing else, whatever
// happens. It plays random histories: people apply, change and delete objects and meddle in Juju, while the operator crashes
// and loses connections at the worst moments. Many histories are played at the same time on one operator, each in
// namespaces and a Juju model of its own, so a crash that one of them wants befalls all.
//
// Each history knows what must be true of it. That is checked whenever it waits for the operator to be done, and at the end:
// nothing is lost, nothing is there twice, no stranger's secret is touched, and no revision is made that nobody asked for.
// History i has the seed SEED+i, by which its steps are drawn, so that one that fails can be played again alone.
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

// longPatience is enough on a machine that is busy with other tests, and with an operator that crashes all the time.
const longPatience = 2 * time.Minute

// atOnce is how many histories are played at the same time.
const atOnce = 25

func main() {
	n := flag.Int("n", 200, "how many histories to play")
	seed := flag.Uint64("seed", 1, "the seed of the first history; each next one has the next seed")
	patience := flag.Duration("patience", longPatience, "how long anything may take that must come true")
	verbose := flag.Bool("v", false, "print what is done in every history")
	flag.Parse()
	ctrl.SetLogger(logr.Discard()) // Of Kubernetes' client in this process, which has nothing to tell.
	if err := run(context.Background(), plays{root: ".", n: *n, seed: *seed, patience: *patience, verbose: *verbose}); err != nil {
		fmt.Fprintln(os.Stderr, "histories:", err)
		os.Exit(1)
	}
}

// run plays histories, and prints what came of them.
func run(ctx context.Context, what plays) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A reader of the output that goes away must not leave servers behind. To be told of it would not do: that is told of the
	// connections of an operator which was killed, too.
	signal.Ignore(syscall.SIGPIPE)
	total, err := play(ctx, what)
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted; everything is stopped and removed")
	case err != nil:
		return err
	}
	fmt.Println(total)
	if !total.fine() {
		return errors.New("not all is as it should be")
	}
	return nil
}

// say tells how far the program is.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
