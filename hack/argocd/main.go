// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command argocd judges, applies and compares objects as Argo CD does, with Argo CD's own code, for tests that have no Argo CD.
// It is a program and a module of its own since Argo CD is built with other Kubernetes libraries than the operator.
//
//	argocd health  -settings argocd-cm.yaml                        objects in, their health out
//	argocd actions -settings argocd-cm.yaml [-run NAME]            an object in, its actions out, or what one makes of it
//	argocd apply   -kubeconfig FILE -sync client|server            objects in, as in a sync of an application
//	argocd diff    -settings argocd-cm.yaml -kubeconfig FILE -compare two-way|structured|server
//	                                                               manifests in, what differs in the cluster out
//	argocd decode                                                  an Application in, which has to have known fields only
//
// Objects come in as a JSON list, and answers are JSON. Nothing of an object but names of fields is shown of a difference.
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

// options are those of every command.
type options struct {
	settings, kubeconfig, run, sync, compare string
}

func main() {
	logrus.SetOutput(io.Discard) // Argo CD tells of each step that it takes.
	klog.SetOutput(io.Discard)
	klog.LogToStderr(false)
	answer, err := judge(context.Background(), os.Args[1:], os.Stdin)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(answer)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "argocd:", err)
		os.Exit(1)
	}
}

func judge(ctx context.Context, args []string, in io.Reader) (any, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("which of health, actions, apply, diff and decode?")
	}
	var o options
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.StringVar(&o.settings, "settings", "", "the ConfigMap argocd-cm")
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "how to reach the cluster")
	flags.StringVar(&o.run, "run", "", "the action to run")
	flags.StringVar(&o.sync, "sync", "client", "on which side to apply: client or server")
	flags.StringVar(&o.compare, "compare", "two-way", "how to compare: two-way, structured or server")
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
	return nil, fmt.Errorf("no command %q", args[0])
}
