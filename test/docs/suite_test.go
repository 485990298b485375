// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs tests that the documentation is true: each link leads somewhere, each path and target that it names exists, each
// manifest is accepted by a real API server, and the commands of each page do what the page says, one after the other, with a
// Kubernetes control plane, a Juju API server, the operator, kubectl and Juju's own command line.
//
// How a page says what:
//
//   - A block of sh is run. What an exit status other than 0 ends is a failed page.
//   - A block of text that follows at once is what the reader will see. Words with a digit in them, but for whole numbers, may
//     differ, and a line of three dots stands for any lines.
//   - A block of yaml whose first line is "# NAME.yaml" is that file for the commands that follow.
//   - The comment "<!-- not run: REASON -->" in the line before a block of sh or yaml leaves it out. The paths and targets in it
//     are checked all the same.
//
// Addresses, certificates and the login juju-user in manifests are examples. The test puts its own Juju there.
package docs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"testing"

	"github.com/juju-secrets/operator/test/servers"
)

// What all pages share. Each has a Juju of its own.
var (
	kubernetes *servers.Kubernetes
	operator   *servers.Process
	dir        string
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if dir, err = os.MkdirTemp("", "docs-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
		go func() {
			<-signals
			_ = stop()
			os.Exit(1)
		}()
		code := m.Run()
		if err := stop(); err != nil {
			fmt.Fprintln(os.Stderr, "cannot stop the servers in order:", err)
			return 1
		}
		return code
	}())
}

// start starts what the pages share when a test first needs it, so that the others need no servers.
var start = sync.OnceValue(func() (err error) {
	if kubernetes, err = servers.StartKubernetes(context.Background(), root, dir); err != nil {
		return err
	}
	operator, err = kubernetes.StartOperator(dir)
	return err
})

func needServers(t *testing.T) {
	t.Helper()
	if err := start(); err != nil {
		t.Fatal("cannot start the servers: ", err)
	}
}

func stop() error {
	var errs []error
	if operator != nil {
		errs = append(errs, operator.Stop())
	}
	if kubernetes != nil {
		errs = append(errs, kubernetes.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(dir))...)
}
