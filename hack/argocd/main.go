// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command argocd evaluates, applies and compares objects with Argo CD's own
// code, for tests that run without Argo CD. It is a program and a module of its
// own because Argo CD requires other versions of the Kubernetes libraries than
// the operator.
//
//	argocd health  -settings argocd-cm.yaml                   objects in, their health out
//	argocd actions -settings argocd-cm.yaml [-run NAME]       an object in, its actions or the changed object out
//	argocd apply   -kubeconfig FILE -sync client|server       objects in, applied as in a sync
//	argocd diff    -settings argocd-cm.yaml -kubeconfig FILE -compare two-way|structured|server
//	                                                          manifests in, differing fields of the cluster out
//	argocd decode                                             an Application in, fails on unknown fields
//
// Objects are read as a JSON list, and answers are written as JSON. A
// difference contains names of fields only, no values.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/sirupsen/logrus"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/klog/v2"
)

// options holds the flags of all commands.
type options struct {
	settings, kubeconfig, run, sync, compare string
}

func main() {
	logrus.SetOutput(io.Discard) // Argo CD logs each step.
	klog.SetOutput(io.Discard)
	klog.LogToStderr(false)
	answer, err := runCommand(context.Background(), os.Args[1:], os.Stdin)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(answer)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "argocd:", err)
		os.Exit(1)
	}
}

func runCommand(ctx context.Context, args []string, in io.Reader) (any, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("missing command: want health, actions, apply, diff or decode")
	}
	var o options
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.StringVar(&o.settings, "settings", "", "the ConfigMap argocd-cm")
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "the kubeconfig of the cluster")
	flags.StringVar(&o.run, "run", "", "the action to run")
	flags.StringVar(&o.sync, "sync", "client", "the side that applies: client or server")
	flags.StringVar(&o.compare, "compare", "two-way", "the kind of comparison: two-way, structured or server")
	if err := flags.Parse(args[1:]); err != nil {
		return nil, err
	}
	if args[0] == "decode" {
		return decode(in)
	}
	var objs []*unstructured.Unstructured
	if err := json.NewDecoder(in).Decode(&objs); err != nil {
		return nil, fmt.Errorf("cannot read the objects: %w", err)
	}
	switch args[0] {
	case "health":
		return healthOf(ctx, o, objs)
	case "actions":
		return actionsOf(ctx, o, objs)
	case "apply":
		return nil, apply(ctx, o, objs)
	case "diff":
		return differences(ctx, o, objs)
	}
	return nil, fmt.Errorf("unknown command %q", args[0])
}
