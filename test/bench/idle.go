// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

const (
	interval  = 10 * time.Second
	intervals = 4
)

// idle measures the cost of keeping unchanged objects in sync, while the
// operator checks for drift every few seconds.
func (s *site) idle(ctx context.Context, _ int) ([]figure, error) {
	if err := s.setInterval(ctx, fmt.Sprintf("%q", interval)); err != nil {
		return nil, err
	}
	before, err := s.requests(ctx, nil)
	if err != nil {
		return nil, err
	}
	written := s.tally.total()
	if err := pass(ctx, intervals*interval); err != nil {
		return nil, err
	}
	requests, err := s.requests(ctx, before)
	if err != nil {
		return nil, err
	}
	written = s.tally.total() - written
	progress("         idle for %v: %v", intervals*interval, requests)
	return []figure{
		{"idle-requests-per-interval", float64(work(requests)) / intervals, 1},
		{"idle-writes", float64(written), 0},
	}, s.setInterval(ctx, "null")
}

// setInterval sets the interval of drift detection, in JSON, and waits until
// all objects are reconciled. The field is not in this program's types, so that
// the program can also measure an operator without the field.
func (s *site) setInterval(ctx context.Context, json string) error {
	obj := new(unstructured.Unstructured)
	obj.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("ClusterJujuController"))
	obj.SetName(controller)
	patch := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"driftDetection":{"interval":`+json+`}}}`))
	err := s.kube.Client.Patch(ctx, obj, patch)
	if err != nil && !apierrors.IsInvalid(err) && !apierrors.IsBadRequest(err) {
		return err
	}
	_, found, _ := unstructured.NestedString(obj.Object, "spec", "driftDetection", "interval")
	if !found && json != "null" {
		progress("         this operator has no interval for drift detection: %v", err)
	}
	return s.settle(ctx, 0)
}
