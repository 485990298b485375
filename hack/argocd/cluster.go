// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/argoproj/argo-cd/v3/common"
	appv1 "github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/argo"
	argodiff "github.com/argoproj/argo-cd/v3/util/argo/diff"
	"github.com/argoproj/argo-cd/v3/util/argo/normalizers"
	"github.com/argoproj/gitops-engine/pkg/diff"
	"github.com/argoproj/gitops-engine/pkg/utils/kube"
	"github.com/argoproj/gitops-engine/pkg/utils/tracing"
	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubectl/pkg/util/openapi"
)

// appName is the Argo CD application that all objects belong to.
const appName = "juju-secrets"

// cluster holds Argo CD's clients of the cluster.
type cluster struct {
	kubectl *kube.KubectlCmd
	config  *rest.Config
	schema  openapi.Resources
	parser  *managedfields.GvkParser
}

func newCluster(o options) (*cluster, error) {
	config, err := clientcmd.BuildConfigFromFlags("", o.kubeconfig)
	if err != nil {
		return nil, err
	}
	c := &cluster{kubectl: &kube.KubectlCmd{Log: logr.Discard(), Tracer: tracing.NopTracer{}}, config: config}
	c.schema, c.parser, err = c.kubectl.LoadOpenAPISchema(config)
	return c, err
}

// track adds the annotation of the application to an object, as Argo CD does
// before it applies or compares.
func track(obj *unstructured.Unstructured) error {
	return argo.NewResourceTracking().SetAppInstance(
		obj, common.LabelKeyAppInstance, appName, "argocd", appv1.TrackingMethodAnnotation, "")
}

// apply applies objects as a sync does.
func apply(ctx context.Context, o options, objs []*unstructured.Unstructured) error {
	c, err := newCluster(o)
	if err != nil {
		return err
	}
	operations, cleanup, err := c.kubectl.ManageResources(c.config, c.schema)
	if err != nil {
		return err
	}
	defer cleanup()
	for _, obj := range objs {
		if err := track(obj); err != nil {
			return err
		}
		onServer := o.sync == "server"
		_, err := operations.ApplyResource(ctx, obj, cmdutil.DryRunNone, false, true, onServer, common.ArgoCDSSAManager)
		if err != nil {
			return fmt.Errorf("cannot apply %s %s: %w", obj.GetKind(), obj.GetName(), err)
		}
	}
	return nil
}

// differences returns, for each object, the paths of the fields that a sync
// would change in the cluster.
func differences(ctx context.Context, o options, targets []*unstructured.Unstructured) ([][]string, error) {
	c, err := newCluster(o)
	if err != nil {
		return nil, err
	}
	applier, cleanup, err := kube.ManageServerSideDiffDryRuns(c.config, c.schema, tracing.NopTracer{}, logr.Discard(),
		func(string) (kube.CleanupFunc, error) { return func() {}, nil })
	if err != nil {
		return nil, err
	}
	defer cleanup()
	custom, err := overrides(ctx, o.settings)
	if err != nil {
		return nil, err
	}
	config, err := argodiff.NewDiffConfigBuilder().
		WithDiffSettings(nil, custom, false, normalizers.IgnoreNormalizerOpts{}).
		WithTracking(common.LabelKeyAppInstance, string(appv1.TrackingMethodAnnotation)).
		WithNoCache().
		WithLogger(logr.Discard()).
		WithGVKParser(c.parser).
		WithManager(common.ArgoCDSSAManager).
		WithStructuredMergeDiff(o.compare == "structured").
		WithServerSideDiff(o.compare == "server").
		WithServerSideDryRunner(diff.NewK8sServerSideDryRunner(applier)).
		Build()
	if err != nil {
		return nil, err
	}
	all := [][]string{}
	for _, target := range targets {
		paths, err := c.difference(ctx, config, target)
		if err != nil {
			return nil, fmt.Errorf("cannot compare %s %s: %w", target.GetKind(), target.GetName(), err)
		}
		all = append(all, paths)
	}
	return all, nil
}

func (c *cluster) difference(
	ctx context.Context, config argodiff.DiffConfig, target *unstructured.Unstructured,
) ([]string, error) {
	if err := track(target); err != nil {
		return nil, err
	}
	live, err := c.kubectl.GetResource(ctx, c.config, target.GroupVersionKind(), target.GetName(), target.GetNamespace())
	if err != nil {
		return nil, err
	}
	result, err := argodiff.StateDiff(live, target, config)
	if err != nil || !result.Modified {
		return []string{}, err
	}
	var before, after any
	if err := json.Unmarshal(result.NormalizedLive, &before); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(result.PredictedLive, &after); err != nil {
		return nil, err
	}
	return paths("", before, after), nil
}

// paths returns the paths below a given one where two values differ.
func paths(below string, a, b any) []string {
	if reflect.DeepEqual(a, b) {
		return nil
	}
	mapA, isMap := a.(map[string]any)
	mapB, both := b.(map[string]any)
	if !isMap || !both {
		return []string{below}
	}
	keys := maps.Clone(mapA)
	maps.Copy(keys, mapB)
	var found []string
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		found = append(found, paths(below+"/"+key, mapA[key], mapB[key])...)
	}
	return found
}
