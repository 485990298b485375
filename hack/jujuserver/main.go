// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command jujuserver runs the API server of a real Juju controller, for
// development and tests of the operator. It is not distributed: it links Juju's
// server, so it is a module of its own, and its binary stays on the machine
// that built it (see README.md).
//
// The store comes from the suites of Juju's own tests, so main runs as a test.
// The program adds a listener that can stop and start over the same data
// (server.go), one open store for each model (models.go), the work of a
// controller's workers on it (workers.go), and an HTTP API for changes that
// only tests make (control.go). A parent process finds the server with the file
// that info.go describes.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"testing"

	coremodel "github.com/juju/juju/core/model"
	"github.com/juju/names/v6"
	"github.com/juju/tc"
)

func main() {
	infoPath := os.Getenv("JUJUSERVER_INFO")
	if infoPath == "" {
		fmt.Fprintln(os.Stderr, "JUJUSERVER_INFO must name the file to write the server's addresses and passwords to")
		os.Exit(2)
	}
	tag, err := chosenController(os.Getenv("JUJUSERVER_CONTROLLER_UUID"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	go func() {
		// The parent process holds the other end. When the parent exits, the
		// input ends.
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	testing.Main(
		func(_, _ string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "jujuserver", F: func(t *testing.T) { run(ctx, &tc.C{T: t}, tag, infoPath) }}},
		nil, nil,
	)
}

// chosenController returns the tag for a UUID, or for a new UUID if it is
// empty.
func chosenController(uuid string) (names.ControllerTag, error) {
	if uuid == "" {
		made, err := coremodel.NewUUID() // Any UUID will do.
		if err != nil {
			return names.ControllerTag{}, err
		}
		uuid = made.String()
	}
	if !names.IsValidController(uuid) {
		return names.ControllerTag{}, fmt.Errorf("JUJUSERVER_CONTROLLER_UUID must be a UUID, not %q", uuid)
	}
	return names.NewControllerTag(uuid), nil
}

// run serves until the context ends. It leaves nothing on disk when it returns.
func run(ctx context.Context, c *tc.C, tag names.ControllerTag, infoPath string) {
	controller := newController(c, tag)
	defer controller.stop()
	c.Assert(controller.start(c.Context()), tc.ErrorIsNil)
	control := startControl(ctx, c, controller)
	defer control.stop()

	c.Assert(writeInfo(infoPath, controller.info(control.url())), tc.ErrorIsNil)
	defer func() { c.Check(os.Remove(infoPath), tc.ErrorIsNil) }()
	<-ctx.Done()
}
