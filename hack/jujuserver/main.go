// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command jujuserver runs the API server of a real Juju controller, for development and tests of the operator. Nothing
// of it is shipped: it links Juju's server, so it is a module of its own and its binary stays on the machine that built
// it (see README.md).
//
// The store comes from the suites of Juju's own tests, which is why main runs as a test. Around it stand a listener that
// can stop and start over the same data (server.go), one open store for each model (models.go) with what a controller's
// workers would do in it (workers.go), and an HTTP API for the things only a test wants to do to a controller
// (control.go). Parents find their way in through the file that info.go describes.
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
		// Whoever started this program holds the other end, so the end of the input is the end of the parent.
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	testing.Main(
		func(_, _ string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "jujuserver", F: func(t *testing.T) { run(ctx, &tc.C{T: t}, tag, infoPath) }}},
		nil, nil,
	)
}

// chosenController is the tag for a UUID, or for a new one where none is given.
func chosenController(uuid string) (names.ControllerTag, error) {
	if uuid == "" {
		made, err := coremodel.NewUUID() // One of the shape is like another.
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

// run serves until the context ends, and leaves nothing on disk when it returns.
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
