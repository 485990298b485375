// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/servers"
)

// admitOperator starts the operator, and waits until it is logged in to Juju
// and idle.
func (s *site) admitOperator(ctx context.Context) error {
	if err := s.startOperator(ctx); err != nil {
		return err
	}
	if err := s.awaitConnected(ctx); err != nil {
		return err
	}
	return s.settle(ctx, 1)
}

// startOver stops the operator and deletes its objects.
func (s *site) startOver(ctx context.Context, n int) error {
	if err := s.operator.Stop(); err != nil {
		return err
	}
	s.operator = nil
	return s.clear(ctx, n)
}

func (s *site) startOperator(ctx context.Context) (err error) {
	if s.metrics, err = servers.FreeAddress(ctx); err != nil {
		return err
	}
	environment, err := deployedEnvironment()
	if err != nil {
		return err
	}
	s.operator, err = s.kube.StartOperatorIn(environment, s.dir,
		"--metrics-bind-address="+s.metrics, "--metrics-secure=false")
	return err
}

// deployedEnvironment returns the environment variables of the operator's
// Deployment, such as the limit of the heap.
func deployedEnvironment() ([]string, error) {
	text, err := os.ReadFile(filepath.Join("config", "manager", "deployment.yaml"))
	if err != nil {
		return nil, err
	}
	var deployment appsv1.Deployment
	if err := yaml.UnmarshalStrict(text, &deployment); err != nil {
		return nil, err
	}
	var environment []string
	for _, variable := range deployment.Spec.Template.Spec.Containers[0].Env {
		environment = append(environment, variable.Name+"="+variable.Value)
	}
	return environment, nil
}

// awaitConnected waits until the operator reports that it is connected to Juju.
func (s *site) awaitConnected(ctx context.Context) error {
	return servers.Await(ctx, patience, func() (string, error) {
		var obj v1alpha1.ClusterJujuController
		if err := s.kube.Client.Get(ctx, client.ObjectKey{Name: controller}, &obj); err != nil {
			return "", err
		}
		if meta.IsStatusConditionTrue(obj.Status.Conditions, v1alpha1.ConditionReady) {
			return "", s.alive()
		}
		return "the operator is not connected to Juju", s.alive()
	})
}

// alive returns an error with the end of the log if the operator exited
// unexpectedly.
func (s *site) alive() error {
	if s.operator == nil {
		return nil
	}
	select {
	case <-s.operator.Ended():
	default:
		return nil
	}
	text, err := os.ReadFile(s.operator.Log)
	return errors.Join(fmt.Errorf("the operator exited unexpectedly:\n%s", text[max(0, len(text)-4000):]), err)
}
