// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command image builds the operator's image without docker, podman or buildah,
// and pushes it to a registry. make image-oci, image-docker, image-push and
// release run it. It is a Go module of its own, so that the operator does not
// depend on a registry client.
//
//	image build -version V -revision R -license FILE -o TAR linux/amd64=FILE linux/arm64=FILE
//	image docker -platform linux/amd64 -o TAR OCI-TAR REFERENCE
//	image push OCI-TAR REFERENCE
//	image repack TGZ
//
// The output depends only on the input and on SOURCE_DATE_EPOCH, the
// modification time of every file, in seconds since 1970.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

// run runs the command in args.
func run(ctx context.Context, args []string, out io.Writer) error {
	commands := map[string]func(context.Context, []string, io.Writer) error{
		"build": buildCommand, "docker": dockerCommand, "push": pushCommand, "repack": repackCommand,
	}
	if len(args) == 0 || commands[args[0]] == nil {
		return errors.New("missing or unknown command: want build, docker, push or repack")
	}
	return commands[args[0]](ctx, args[1:], out)
}

// buildCommand writes the image of all platforms as one OCI layout in a tar,
// and prints its digest.
func buildCommand(_ context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("build", flag.ContinueOnError)
	release := release{}
	flags.StringVar(&release.Version, "version", "", "The version of the release.")
	flags.StringVar(&release.Revision, "revision", "", "The commit of the release.")
	license := flags.String("license", "LICENSE", "The licence file.")
	path := flags.String("o", "", "The tar to write.")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var err error
	if release.Created, err = sourceDate(); err != nil {
		return err
	}
	if release.License, err = os.ReadFile(*license); err != nil {
		return err
	}
	for _, arg := range flags.Args() {
		binary, err := parseBinary(arg)
		if err != nil {
			return err
		}
		release.Binaries = append(release.Binaries, binary)
	}
	index, err := release.index()
	if err != nil {
		return err
	}
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	if err := writeLayout(*path, index, release.Version, release.Created); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, digest)
	return err
}

// dockerCommand writes the image of one platform for docker load of any
// version.
func dockerCommand(_ context.Context, args []string, _ io.Writer) error {
	flags := flag.NewFlagSet("docker", flag.ContinueOnError)
	platform := flags.String("platform", "", "The platform, for example linux/amd64.")
	path := flags.String("o", "", "The tar to write.")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 2 {
		return errors.New("want the tar of an OCI layout and a reference")
	}
	return withLayout(flags.Arg(0), func(index v1.ImageIndex) error {
		return writeDocker(*path, index, *platform, flags.Arg(1))
	})
}

// pushCommand pushes the image of all platforms to a registry, and prints its
// name with the digest.
func pushCommand(ctx context.Context, args []string, out io.Writer) error {
	if len(args) != 2 {
		return errors.New("want the tar of an OCI layout and a reference")
	}
	return withLayout(args[0], func(index v1.ImageIndex) error {
		pushed, err := push(ctx, index, args[1])
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, pushed)
		return err
	})
}

// repackCommand makes a packaged chart reproducible: Helm writes the current
// time into it.
func repackCommand(_ context.Context, args []string, _ io.Writer) error {
	if len(args) != 1 {
		return errors.New("want the path of a tgz")
	}
	when, err := sourceDate()
	if err != nil {
		return err
	}
	return repack(args[0], when)
}

// sourceDate returns the modification time for files.
func sourceDate() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH is %q, want seconds since 1970", text)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
