// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// sentinel is in every value that tests put into a Secret, so that a leak of any is found. Its length is a multiple of
// three, so that it is found in base64 too, where a value begins with it.
const sentinel = "never-show-this-value"

// checkNothingLeaked searches what the operator has written, after all tests: its log, the events, and the status of what
// is left. It returns the exit status for the suite.
func checkNothingLeaked(ctx context.Context) int {
	places := map[string]string{}
	log, err := os.ReadFile(stack.Operator.Log)
	places["the operator's log"] = string(log)
	for name, list := range map[string]client.ObjectList{
		"the events":             &eventsv1.EventList{},
		"the JujuSecrets":        &v1alpha1.JujuSecretList{},
		"the JujuSecretAccesses": &v1alpha1.JujuSecretAccessList{},
		"the controller objects": &v1alpha1.ClusterJujuControllerList{},
	} {
		if err == nil {
			err = stack.Kubernetes.Client.List(ctx, list)
		}
		text, _ := json.Marshal(list)
		places[name] = string(text)
	}
	if err != nil || len(log) == 0 {
		fmt.Fprintln(os.Stderr, "cannot search for leaked values:", err)
		return 1
	}
	code := 0
	forms := []string{
		sentinel, base64.StdEncoding.EncodeToString([]byte(sentinel)),
		stack.Juju.Operator.Password, base64.StdEncoding.EncodeToString([]byte(stack.Juju.Operator.Password)),
	}
	for place, text := range places {
		for i, form := range forms {
			if strings.Contains(text, form) {
				fmt.Fprintf(os.Stderr, "LEAK: %s contains secret value %d\n", place, i)
				code = 1
			}
		}
	}
	return code
}
